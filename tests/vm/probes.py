"""Guests that quote their registers and do nothing else: images of them, and what they said."""

import hashlib
import subprocess
import sys

from conftest import BIN, ROOT, await_true

sys.path.insert(0, str(ROOT / "eos"))
sys.dont_write_bytecode = True

from builder import record  # noqa: E402
from builder.archive import Archive  # noqa: E402

CHALLENGE = b"a challenge of 32 bytes, no more"  # as probe.c has it
EOS = ROOT / "build/eos/eos-base"


def compile_probe(folder):
    program = folder / "probe"
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-static", "-o", program, ROOT / "tests/vm/probe.c"],
                   check=True)
    return program.read_bytes()


def make_image(images, name, cmdline, probe, ballast):
    """An image with the kernel and firmware of EOS, whose initrd is the probe and so many bytes."""
    archive = Archive(0)
    archive.file("init", probe, 0o755)
    archive.file("ballast", b"\xa5" * ballast)
    folder = images / name
    folder.mkdir(parents=True)
    parts = {"kernel": ("vmlinuz", (EOS / "vmlinuz").read_bytes()), "initrd": ("initrd", archive.encode()),
             "firmware": ("OVMF_CODE.fd", (EOS / "OVMF_CODE.fd").read_bytes())}
    made = {"version": 1, "name": name, "eos_version": "probe", "debug": True,
            **{part: record.file_record(file, data) for part, (file, data) in parts.items()},
            "cmdline": {"text": cmdline, "sha256": hashlib.sha256(cmdline.encode()).hexdigest()},
            "min_memory_mib": 256, "default_memory_mib": 512}
    for file, data in parts.values():
        (folder / file).write_bytes(data)
    made["reference"] = record.reference_values(BIN / "cocos-cli", folder, made)
    (folder / "image.json").write_bytes(record.encode(made))


def await_words(manager, identity, seconds=300):
    """What the guest said on its console: {name: bytes}."""
    def said():
        lines = [line.split(" ") for line in manager.ask("GET", f"/v1/vms/{identity}/console").splitlines()]
        return lines if lines and lines[-1][0].endswith("end") else None
    words = {}
    for name, *rest in await_true(f"the words of VM {identity}", said, seconds):
        # The firmware's last escapes may stand in front of the first word.
        for known in ("key", "statement", "signature", "tcg", "ima"):
            if name.endswith(known) and len(rest) == 1:
                words[known] = words.get(known, b"") + bytes.fromhex(rest[0])
    return words
