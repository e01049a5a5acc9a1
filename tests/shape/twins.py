"""Every module of lib/ has its unit test: lib/ROOM/.../MODULE.c is tested by tests/unit/ROOM/.../test_MODULE.c
or by a test of the room that includes the module's own header, or the header whose part it is: the first that
it includes."""

import re


def check(tree):
    tests = [file for file in tree.files if file.path.startswith("tests/unit/")]
    paths = {test.path for test in tests}
    faults = []
    for file in tree.files:
        parts = file.path.split("/")
        if parts[0] != "lib" or not file.path.endswith(".c"):
            continue
        room = "tests/unit/" + parts[1] + "/"
        first = re.search(r'^#include ("lib/[^"]+")', file.text, re.M)
        headers = {f'"{file.path[:-2]}.h"', first.group(1) if first else ""} - {""}
        twin = "/".join(["tests/unit", *parts[1:-1], "test_" + parts[-1]])
        flat = room + "test_" + parts[-1]
        included = any(
            test.path.startswith(room) and header in test.text for test in tests for header in headers)
        if not paths & {twin, flat} and not included and not tree.excepted("twins", file.path, "test"):
            faults.append(f"{file.path}:1: has no {twin}")
    return faults
