"""Secure Boot: one signed program on a disk, and the variables in which its keys are enrolled.

Every tool is a package: ukify joins kernel, initrd and command line behind systemd's stub, sbsign signs the
result, mtools puts it on a disk, virt-fw-vars enrols the keys. The keys are an input like the packages: made once,
kept in a folder, and the same keys give the same bytes. Of PK and KEK the private halves are thrown away when their
certificates are made, so that nobody enrols anything else."""

import base64
import hashlib
import json
import os
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

from builder import BuildError, record

FIRMWARE = "OVMF_CODE.secboot.fd"
EMPTY_VARIABLES = "OVMF_VARS.fd"
OWNER = "6b1f6a5e-0c27-4f7c-9d5b-2f0a6e7d3c11"  # who enrolled the keys: us
ROLES = ("PK", "KEK", "db")
SIGNER = "db"
VALID_DAYS = 36500  # firmware does not look at the clock
PYTHON = "/usr/bin/python3"
ROOM = 2 * record.MIB  # on the disk, beside the program
SECTOR, HEADS, TRACK = 512, 16, 32


def _run(command, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise BuildError(f"{Path(command[0]).name}: {(done.stderr or done.stdout).strip()}")


class Keys:
    """PK, KEK and db: certificates, and the private key of the last."""

    def __init__(self, folder):
        self.folder = Path(folder)
        if not self.private.exists():
            self._make()

    @property
    def private(self):
        return self.folder / f"{SIGNER}.key"

    def certificate(self, role):
        return self.folder / f"{role}.pem"

    def digest(self):
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.certificate(SIGNER).read_text())).hexdigest()

    def _make(self):
        """The signer's private key comes last: while it is missing, nothing is there."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.folder) as half:
            for role in ROLES:
                _run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", VALID_DAYS,
                      "-subj", f"/CN=EOS {role}", "-keyout", f"{half}/{role}.key", "-out", f"{half}/{role}.pem"])
                os.replace(f"{half}/{role}.pem", self.certificate(role))
            os.replace(f"{half}/{SIGNER}.key", self.private)


class SecureBoot:
    """Makes the files of an image. own: trees of packages of this machine's release, which run here; newer: of
    the kernel's release, which are Python or end up in the image."""

    def __init__(self, own, newer, firmware, keys, mtime):
        self.keys = keys
        self.firmware = (firmware / FIRMWARE).read_bytes()
        self.tools = {name: own[package] / "usr/bin" / name for name, package in
                      (("sbsign", "sbsigntool"), ("mtools", "mtools"))}
        self.clock = own["libfaketime"] / "usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
        self.ukify = newer["systemd-ukify"] / "usr/bin/ukify"
        self.stub = newer["systemd-boot-efi"] / "usr/lib/systemd/boot/efi/linuxx64.efi.stub"
        self.environment = {
            "PATH": os.defpath, "LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": ":".join(str(tree / "usr/lib/python3/dist-packages") for tree in newer.values()),
            "SOURCE_DATE_EPOCH": str(mtime), "MTOOLS_SKIP_CHECK": "1"}
        self.variables, self.content = self._enrol(firmware / EMPTY_VARIABLES)

    def make(self, kernel, initrd, cmdline):
        """({file name: bytes}, the member of the release record)"""
        with tempfile.TemporaryDirectory() as work:
            program = self._sign(Path(work), kernel, initrd, cmdline)
            disk = self._write_disk(Path(work), program)
        files = {FIRMWARE: self.firmware, "secboot.vars.fd": self.variables, "secboot.img": disk}
        made = {member: record.file_record(name, files[name])
                for member, name in zip(("firmware", "variables", "disk"), files)}
        made |= {"program_at": disk.index(program), "program_bytes": len(program),
                 "certificate_sha256": self.keys.digest()}
        made |= {role.lower(): base64.b64encode(self.content[role]).decode() for role in (*ROLES, "dbx")}
        return files, made

    def _enrol(self, empty):
        """The variable store, and what the variables hold."""
        with tempfile.TemporaryDirectory() as work:
            store, listed = Path(work, "store"), Path(work, "listed")
            command = [PYTHON, "-m", "virt.firmware.vars"]
            _run([*command, "-i", empty, "-o", store, "--secure-boot", "--set-pk", OWNER, self.keys.certificate("PK"),
                  "--add-kek", OWNER, self.keys.certificate("KEK"), "--add-db", OWNER, self.keys.certificate("db")],
                 env=self.environment)
            _run([*command, "-i", store, "--output-json", listed], env=self.environment)
            content = {variable["name"]: bytes.fromhex(variable["data"])
                       for variable in json.loads(listed.read_text())["variables"]}
            return store.read_bytes(), content

    def _sign(self, work, kernel, initrd, cmdline):
        for name, data in (("vmlinuz", kernel.image), ("initrd", initrd)):
            (work / name).write_bytes(data)
        # No os-release: the stub would pack it into an initrd of its own, and the kernel would measure that.
        _run([PYTHON, self.ukify, "build", "--linux", work / "vmlinuz", "--initrd", work / "initrd", "--cmdline",
              cmdline, "--uname", kernel.release, "--os-release", "", "--stub", self.stub, "--output",
              work / "unsigned"], env=self.environment)
        return self.sign(work / "unsigned", work / "signed")

    def sign(self, program, to):
        """A signature says when it was made; here that is the time of every file in the image."""
        stopped = {"LD_PRELOAD": str(self.clock), "FAKETIME": self.environment["SOURCE_DATE_EPOCH"], "FAKETIME_FMT": "%s"}
        _run([self.tools["sbsign"], "--key", self.keys.private, "--cert", self.keys.certificate(SIGNER), "--output", to,
              program], env={**self.environment, **stopped})
        return Path(to).read_bytes()

    def _write_disk(self, work, program):
        """FAT without partitions, the program where firmware looks for one."""
        image = work / "disk"
        (work / "program").write_bytes(program)
        sectors = -(-(len(program) + ROOM) // record.MIB) * record.MIB // SECTOR
        image.write_bytes(bytes(sectors * SECTOR))
        for command in (["mformat", "-T", sectors, "-h", HEADS, "-s", TRACK, "-N", "0", "-v", "EOS", "::"],
                        ["mmd", "::/EFI", "::/EFI/BOOT"], ["mcopy", work / "program", "::/EFI/BOOT/BOOTX64.EFI"]):
            _run([self.tools["mtools"], "-c", command[0], "-i", image, *command[1:]], env=self.environment)
        return image.read_bytes()
