"""The kernel's package: its image, and the modules that the guest needs in the order of their loading."""

import lzma
import re
from pathlib import Path

from builder import BuildError, elf

METAPACKAGE = "linux-image-amd64"
IMAGE = re.compile(r"linux-image-(\d\S*-amd64)")


class Kernel:
    def __init__(self, suite):
        suite.fetch([METAPACKAGE])
        names = [name for name in suite.depends(METAPACKAGE) if IMAGE.fullmatch(name)]
        if len(names) != 1:
            raise BuildError(f"{METAPACKAGE} of '{suite.codename}' does not name one kernel")
        self.package = suite.fetch(names)[names[0]]
        self.release = IMAGE.fullmatch(names[0])[1]
        tree = suite.unpack(self.package)
        self.image = (tree / "boot" / f"vmlinuz-{self.release}").read_bytes()
        self.modules = next(path for path in (tree / "usr/lib/modules" / self.release,
                                              tree / "lib/modules" / self.release) if path.exists())
        self.files = {_name_of(path): path for path in sorted(self.modules.rglob("*.ko*"))}
        self.builtin = {_name_of(Path(line)) for line in
                        (self.modules / "modules.builtin").read_text().splitlines()}
        self.config = (tree / "boot" / f"config-{self.release}").read_text()

    def has(self, option):
        """True when the kernel was configured with the option, built in or as a module."""
        return re.search(rf"^CONFIG_{option}=[ym]$", self.config, re.M) is not None

    def load_order(self, need, attempt):
        """[(word, file name, bytes)]: every module behind those it depends on."""
        ordered = {}
        for name in need:
            self._visit(name, "need", ordered)
        for name in attempt:
            if _plain(name) in self.files or _plain(name) in self.builtin:
                self._visit(name, "try", ordered)
        return [(word, name + ".ko", data) for name, (word, data) in ordered.items()]

    def _visit(self, name, word, ordered):
        name = _plain(name)
        if name in ordered or name in self.builtin:
            return
        if name not in self.files:
            raise BuildError(f"kernel {self.release} has no module {name}")
        path = self.files[name]
        data = path.read_bytes()
        if path.suffix == ".xz":
            data = lzma.decompress(data)
        for below in elf.module_info(data, "depends"):
            for dependency in filter(None, below.split(",")):
                self._visit(dependency, word, ordered)
        ordered[name] = (word, data)


def _plain(name):
    return name.replace("-", "_")


def _name_of(path):
    return _plain(path.name.split(".ko")[0])
