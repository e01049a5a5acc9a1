"""The checks can fail: each finds the faults that are planted in a small tree."""
import importlib
import os
import shutil
import tempfile

from source import Tree

LAYERS = """lib/base | - | @posix
lib/json | lib/base | @posix jansson.h
lib/empty | - | @posix
services/a | lib/* | @posix
services/a/vm | lib/base | @posix libvirt/*
"""

GOOD = {"LAYERS": LAYERS.replace("lib/empty | - | @posix\n", ""),
        "lib/base/x.h": "", "lib/json/json.h": "", "services/a/a.h": "",
        "services/a/main.c": '#include "lib/json/json.h"\n#include "services/a/vm/vm.h"\n',
        "services/a/vm/vm.h": "#include <libvirt/libvirt.h>\n#include <stdio.h>\n"}

LONG = "static int f(void)\n{\n" + "    g();\n" * 59 + "}\n"
MANY = "static int f(int a, int b[2], int (*c)(int, int), int d, int e, int f, int g)\n{\n}\n"

# check, the file that is added or replaced, its text, and what must be said (None: nothing).
CASES = [
    ("layers", "lib/base/x.h", "", None),
    ("layers", "lib/base/y.c", "#include <jansson.h>\n", "<jansson.h> is not for 'lib/base'"),
    ("layers", "lib/base/y.c", "  # include <openssl/evp.h>\n", "<openssl/evp.h> is not for"),
    ("layers", "lib/base/y.c", '#include "lib/json/json.h"\n', '"lib/json/json.h" is not for'),
    ("layers", "lib/json/y.c", '#include "json.h"\n', "is not a path from the root"),
    ("layers", "lib/json/y.c", '#include "services/a/a.h"\n', '"services/a/a.h" is not for'),
    ("layers", "services/a/vm/y.c", '#include "services/a/a.h"\n', "is not for 'services/a/vm'"),
    ("layers", "services/a/y.c", "#include <libvirt/libvirt.h>\n", "is not for 'services/a'"),
    ("layers", "lib/new/y.c", "", "lies in no room"),
    ("layers", "LAYERS", GOOD["LAYERS"] + "cli | lib/nowhere | @posix\n", "no room 'lib/nowhere'"),
    ("layers", "LAYERS", GOOD["LAYERS"] + "cli | lib/base\n", "expected 'room | rooms | headers'"),
    ("layers", "lib/empty/readme", "", None),
    ("lengths", "lib/base/y.c", LONG.replace("    g();\n", "", 2), None),
    ("lengths", "lib/base/y.c", LONG, "f() has 62 lines"),
    ("lengths", "lib/base/y.c", "\n" * 401, "401 lines"),
    ("lengths", "tests/unit/y.c", "\n" * 600, None),
    ("lengths", "tests/unit/y.c", "\n" * 601, "601 lines"),
    ("lengths", "lib/base/y.c", MANY, "f() has 7 parameters"),
    ("calls", "lib/base/y.c", "/* strcpy(a) */ char *a = \"strcpy(b)\"; my_strcpy(a); a.time(b);\n", None),
    ("calls", "lib/base/y.c", "    strcpy (a, b);\n", "y.c:1: strcpy() is banned"),
    ("calls", "tests/unit/y.c", "\n\n    system(a);\n", "y.c:3: system() is banned"),
    ("calls", "tests/unit/y.c", "memcmp(a, b, 1); getenv(a); printf(a); strcpy(a, b);\n", None),
    ("calls", "lib/base/y.c", "memcmp(a, b, 1);\n", None),
    ("calls", "lib/json/y.c", "memcmp(a, b, 1);\n", "memcmp() is banned"),
    ("calls", "lib/json/y.c", "getenv(a);\n", "getenv() is banned"),
    ("calls", "services/a/y.c", "getenv(a);\n", None),
    ("calls", "services/a/y.c", "time(a);\n", "time() is banned"),
    ("calls", "services/a/y.c", "clock_now();\n", None),
    ("calls", "lib/json/y.c", "clock_now();\n", "clock_now() is banned"),
    ("calls", "tests/shape/exceptions", "calls | lib/base/x.h | gets | why\n", "nothing needs"),
    ("twins", "lib/base/y.c", "", "has no tests/unit/base/test_y.c"),
    ("twins", "tests/unit/base/test_y.c", "", None),
    ("format", "lib/base/y.c", "int  f(void);\n", "y.c:1: clang-format would change it"),
    ("format", "lib/base/y.c", "int f(void);\n", None),
]


def plant(root, files):
    for path, text in files.items():
        os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as f:
            f.write(text)


def run_case(tree, name, path, text, wanted):
    with tempfile.TemporaryDirectory() as root:
        shutil.copy(os.path.join(tree.root, ".clang-format"), root)
        plant(root, {**GOOD, path: text})
        planted = Tree(root)
        said = importlib.import_module(name).check(planted) + planted.stale_exceptions(name)
    if wanted is None and said:
        return [f"tests/shape/{name}.py: finds a fault in a sound {path}: {said[0]}"]
    if wanted is not None and not any(wanted in fault for fault in said):
        return [f"tests/shape/{name}.py: does not say '{wanted}' of {path} but {said}"]
    return []


def check(tree):
    return [fault for case in CASES for fault in run_case(tree, *case)]
