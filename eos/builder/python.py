"""Python as a part of its own: interpreter, library as bytecode, extension modules and their libraries.

The library is compiled by the packaged interpreter itself and goes in without its sources: an emulated CPU
would compile them at each start, and they would cost memory that the computation wants."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from builder import BuildError, elf
from builder.libraries import LOADER, matches

PACKAGES = ("libpython3.11-minimal", "libpython3.11-stdlib", "python3.11-minimal")
VERSION = "python3.11"
LIBRARY = f"usr/lib/{VERSION}"

# One process, one order, no random hashes: the same sources give the same bytes.
COMPILE = """
import os, py_compile, sys
root = sys.argv[1]
for folder, folders, files in sorted(os.walk(root)):
    for name in sorted(files):
        if name.endswith(".py"):
            path = os.path.join(folder, name)
            py_compile.compile(path, cfile=path + "c", dfile="/" + os.path.relpath(path, sys.argv[2]),
                               doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
            os.unlink(path)
"""


def add(archive, trees, libraries, leave_out, have):
    """Puts the part into archive; have: sonames already in the image. Returns the packages it took from."""
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder)
        taken = _copy_library(stage, trees, leave_out)
        interpreter = trees["python3.11-minimal"] / "usr/bin" / VERSION
        _compile(stage, interpreter, libraries)
        roots = {VERSION: interpreter.read_bytes()}
        for path in sorted(stage.rglob("*")):
            if path.is_file():
                data = path.read_bytes()
                archive.file(str(path.relative_to(stage)), data, 0o755 if elf.is_elf(data) else 0o644)
                if elf.is_elf(data):
                    roots[path.name] = data

    archive.file(f"usr/bin/{VERSION}", roots[VERSION], 0o755)
    archive.link("usr/bin/python3", VERSION)
    found = libraries.closure(roots)
    libraries.place(archive, {name: found[name] for name in found if name not in have})
    return taken | {package for name, (package, _) in found.items() if name not in have}


def _copy_library(stage, trees, leave_out):
    taken = set()
    for package in PACKAGES:
        library = trees[package] / LIBRARY
        for path in sorted(library.rglob("*")):
            name = str(path.relative_to(library))
            if path.is_dir() or path.is_symlink() or matches(name, leave_out):
                continue
            taken.add(package)
            to = stage / LIBRARY / name
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, to)
    return taken | {"python3.11-minimal"}


def _compile(stage, interpreter, libraries):
    """Runs the packaged interpreter with the packaged libraries; the build machine needs no Python of its."""
    loader = libraries.find(LOADER, "Python")[1]
    roots = {VERSION: interpreter.read_bytes()}
    with tempfile.TemporaryDirectory() as folder:
        for soname, (_, data) in libraries.closure(roots).items():
            Path(folder, soname).write_bytes(data)
        command = [str(loader), "--library-path", folder, str(interpreter), "-S", "-c", COMPILE,
                   str(stage / LIBRARY), str(stage)]
        environment = {"PYTHONHOME": str(stage / "usr"), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1",
                       "PATH": os.defpath, "LC_ALL": "C.UTF-8"}
        done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        raise BuildError(f"compiling Python's library: {done.stderr.strip()}")
