"""Secure Boot with real VMs: what the image's key signed runs and shows it; nothing else starts."""

import hashlib
import json
import os
import re
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from conftest import ROOT, Manager, Refused, await_true

EOS = ROOT / "build/eos/eos-base"
CACHE = Path(os.environ.get("EOS_CACHE", ROOT / "build/cache"))


def tool(package, name):
    return next(CACHE.glob(f"trees/{package}_*/usr/bin/{name}"))


def certificate_entry(program):
    """Where the PE header says where the signatures are."""
    (pe,) = struct.unpack_from("<I", program, 0x3C)
    return pe + 24 + 112 + 4 * 8


def unsigned(program, _):
    at = certificate_entry(program)
    (end,) = struct.unpack_from("<I", program, at)
    return program[:at] + bytes(8) + program[at + 8:end]


def foreign(program, work):
    """The same program, signed with a key that says the same of itself."""
    (work / "unsigned").write_bytes(unsigned(program, work))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-subj", "/CN=EOS db",
                    "-keyout", work / "key", "-out", work / "pem"], check=True, capture_output=True)
    subprocess.run([tool("sbsigntool", "sbsign"), "--key", work / "key", "--cert", work / "pem", "--output",
                    work / "signed", work / "unsigned"], check=True, capture_output=True)
    return (work / "signed").read_bytes()


def changed(program, _):
    """One letter of the command line."""
    at = program.index(b"lockdown=confidentiality")
    return program[:at] + b"l" + b"0" + program[at + 2:]


CHANGES = {"unsigned": unsigned, "foreign": foreign, "changed": changed}


@pytest.fixture
def images(tmp_path):
    """Images whose records fit their files, as whoever swaps the files would make them."""
    images = ROOT / "build/vm-tests/secure-boot-images"
    shutil.rmtree(images, ignore_errors=True)
    for name, change in CHANGES.items():
        shutil.copytree(EOS, images / name, copy_function=shutil.copy)
        made = json.loads((images / name / "image.json").read_text())
        boot = made["secure_boot"]
        disk = images / name / boot["disk"]["file"]
        at, size = boot["program_at"], boot["program_bytes"]
        (tmp_path / "program").write_bytes(change(disk.read_bytes()[at:at + size], tmp_path))
        subprocess.run([tool("mtools", "mtools"), "-c", "mcopy", "-o", "-i", disk, tmp_path / "program",
                        "::/EFI/BOOT/BOOTX64.EFI"], check=True, env={**os.environ, "MTOOLS_SKIP_CHECK": "1"})
        boot["disk"]["sha256"] = hashlib.sha256(disk.read_bytes()).hexdigest()
        (images / name / "image.json").write_text(json.dumps({**made, "name": name, "debug": True}))
    return images


def test_signed_kernel_runs_and_quotes_the_keys_that_let_it():
    with Manager(ROOT / "build/vm-tests/secure-boot").running() as manager:
        made = json.loads((EOS / "image.json").read_text())
        with pytest.raises(Refused, match="needs") as refused:
            manager.create(secure_boot=True, memory_mib=made["min_memory_mib"])
        least = int(re.search(r"needs (\d+) MiB", str(refused.value))[1])
        vms = [manager.create(secure_boot=True, memory_mib=memory, cpus=cpus)["id"]
               for memory, cpus in ((least, 1), (2816, 2))]
        plain = manager.create()["id"]
        for vm in vms:
            told = manager.await_state(vm, "running", 300)
            assert told["secure_boot"] is True and told["attestation"] == "accepted", told
            verdict = manager.ask("GET", f"/v1/vms/{vm}/attestation")["verdict"]
            assert verdict["claims"]["vtpm"]["boot"]["secure_boot"] == "on", verdict["claims"]

        policies = [manager.ask("GET", f"/v1/vms/{vm}/attestation-policy") for vm in (*vms, plain)]
        registers = [policy["vtpm"]["pcrs"]["sha256"] for policy in policies]
        everything = {str(index) for index in range(15)}
        assert set(registers[0]) == set(registers[1]) == everything - {"10"}  # in 10 are the modules, of the initrd
        assert set(registers[2]) == everything
        assert registers[0]["7"] == registers[1]["7"] != registers[2]["7"]


def test_what_another_key_signed_or_none_does_not_start(images):
    with Manager(ROOT / "build/vm-tests/secure-boot-refused", images=images).running() as manager:
        for name in CHANGES:
            vm = manager.create(image=name, secure_boot=True)["id"]

            def refused():
                seen = manager.vm(vm)
                return seen if seen["state"] == "failed" else None
            failure = await_true(f"the firmware to refuse '{name}'", refused, 120)["failure"]
            assert failure["kind"] == "boot" and "Access Denied" in failure["detail"], failure
            assert "Access Denied" in manager.ask("GET", f"/v1/vms/{vm}/console")
            manager.remove(vm)
