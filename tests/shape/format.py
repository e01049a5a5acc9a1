"""clang-format agrees with every file."""
import os
import re
import subprocess


def check(tree):
    paths = [file.path for file in tree.files]
    if not paths:
        return []
    done = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *paths], cwd=tree.root,
                          stderr=subprocess.PIPE, text=True)
    places = re.findall(r"^(\S+:\d+):\d+: error:", done.stderr, re.MULTILINE)
    faults = [f"{place}: clang-format would change it (make format)" for place in dict.fromkeys(places)]
    return faults or ([done.stderr] if done.returncode else [])
