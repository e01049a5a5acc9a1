"""Shared libraries: found in the guest's packages only, never on the build machine."""

import fnmatch
from pathlib import Path

from builder import BuildError, elf

FOLDER = "usr/lib/x86_64-linux-gnu"
LOADER = "ld-linux-x86-64.so.2"


class Libraries:
    def __init__(self, trees, loaded_by_name):
        """trees: {package name: folder of its files}. loaded_by_name: {soname: the soname it comes along with}."""
        self.loaded_by_name = loaded_by_name
        self.files = {}
        for name, tree in sorted(trees.items()):
            for folder in ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"):
                for path in sorted(Path(tree, folder).glob("*.so*")):
                    self.files.setdefault(path.name, (name, path))

    def find(self, soname, wanted_by):
        if soname not in self.files:
            raise BuildError(f"{wanted_by} needs {soname}, which no package of the section [guest] in "
                             f"deploy/packages/list holds")
        package, path = self.files[soname]
        return package, path.resolve()

    def closure(self, roots):
        """{soname: (package, bytes)} of all that the files in roots {name: bytes} need in turn."""
        found, todo = {}, [(name, soname) for name, data in roots.items() for soname in elf.needed(data)]
        while todo:
            wanted_by, soname = todo.pop(0)
            if soname in found:
                continue
            package, path = self.find(soname, wanted_by)
            data = path.read_bytes()
            found[soname] = (package, data)
            todo += [(soname, next_one) for next_one in elf.needed(data)]
            todo += [(soname, other) for other, along in self.loaded_by_name.items() if along == soname]
        return found

    def place(self, archive, found):
        for soname, (_, data) in sorted(found.items()):
            where = "usr/lib64" if soname == LOADER else FOLDER
            archive.file(f"{where}/{soname}", data, 0o755)


def matches(path, patterns):
    """True when path or one of its parent folders matches one of the patterns."""
    parts = path.split("/")
    heads = ["/".join(parts[:i]) for i in range(1, len(parts) + 1)]
    return any(fnmatch.fnmatchcase(head, pattern) for head in heads for pattern in patterns)
