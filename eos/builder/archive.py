"""The initramfs: cpio archives (newc) whose bytes depend on their content alone.

Order, owner, times, modes and inode numbers are ours; what the build machine's file system says of a
file does not count. An image is several archives behind one another; the kernel unpacks them in turn."""

import functools
import os
import stat
import subprocess

from builder import BuildError

TRAILER = "TRAILER!!!"


class Archive:
    def __init__(self, mtime, inherited=()):
        """inherited: folders that an earlier archive of the same image makes already."""
        self.mtime = mtime
        self.entries = {}
        self.inherited = set(inherited)

    def folder(self, path, mode=0o755):
        path = path.strip("/")
        if path and path not in self.inherited and path not in self.entries:
            self._parents(path)
            self.entries[path] = (stat.S_IFDIR | mode, b"")

    def file(self, path, data, mode=0o644):
        self._add(path, stat.S_IFREG | mode, data)

    def link(self, path, target):
        self._add(path, stat.S_IFLNK | 0o777, target.encode())

    def _add(self, path, mode, data):
        path = path.strip("/")
        if self.entries.get(path, (mode, data)) != (mode, data):
            raise BuildError(f"two different files want to be /{path}")
        self._parents(path)
        self.entries[path] = (mode, data)

    def _parents(self, path):
        self.folder(os.path.dirname(path))

    def folders(self):
        return self.inherited | {path for path, (mode, _) in self.entries.items() if stat.S_ISDIR(mode)}

    def unpacked_bytes(self):
        """What the kernel's tmpfs holds afterwards: whole pages."""
        return sum(-len(data) % 4096 + len(data) for _, data in self.entries.values())

    def encode(self):
        """Folders first, so that a half-unpacked image still has its mount points."""
        folders = sorted(path for path, (mode, _) in self.entries.items() if stat.S_ISDIR(mode))
        others = [path for path in self.entries if path not in set(folders)]
        out = bytearray()
        for inode, path in enumerate(folders + others, start=1):
            mode, data = self.entries[path]
            out += self._record(inode, path, mode, data)
        out += self._record(0, TRAILER, 0, b"")
        return bytes(out + bytes(-len(out) % 512))

    def _record(self, inode, path, mode, data):
        name = path.encode() + b"\0"
        links = 2 if stat.S_ISDIR(mode) else 1
        mtime = self.mtime if mode else 0
        fields = (inode, mode, 0, 0, links, mtime, len(data), 0, 0, 0, 0, len(name), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name
        return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


@functools.cache  # what is in both images is packed once
def compress(data):
    """Zstandard: on an emulated CPU the firmware's hashing of the image costs more a byte than unpacking it
    does, so smaller is also faster. Level 12 packs in seconds; 19 would save a tenth and take ten times as
    long."""
    done = subprocess.run(["zstd", "-12", "--no-check", "-c"], input=data, capture_output=True)
    if done.returncode != 0:
        raise BuildError(f"zstd: {done.stderr.decode().strip()}")
    return done.stdout
