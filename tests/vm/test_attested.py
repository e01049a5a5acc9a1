"""The gate with real VMs: what booted is what the release record foresees, or it never runs.

A record whose digests fit the changed files but whose reference values are those of the files of
before: as if somebody had changed them after the manager looked."""

import hashlib
import json
import shutil

import pytest

from conftest import ROOT, Manager, await_true

IMAGES = ROOT / "build" / "eos"


def change_initrd(folder, record):
    data = (folder / "initrd").read_bytes() + bytes(4)  # what the kernel unpacks is the same
    (folder / "initrd").write_bytes(data)
    record["initrd"].update(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))


def change_cmdline(_, record):
    text = record["cmdline"]["text"] + " x"
    record["cmdline"] = {"text": text, "sha256": hashlib.sha256(text.encode()).hexdigest()}


CHANGES = {"initrd": change_initrd, "cmdline": change_cmdline, "nothing": lambda folder, record: None}


@pytest.fixture
def images():
    images = ROOT / "build" / "vm-tests" / "changed-images"  # where the VMs' user may look
    shutil.rmtree(images, ignore_errors=True)
    for name, change in CHANGES.items():
        folder = images / name
        shutil.copytree(IMAGES / "eos-base", folder)
        record = json.loads((folder / "image.json").read_text())
        record["name"] = name
        change(folder, record)
        (folder / "image.json").write_text(json.dumps(record))
    return images


def test_a_machine_that_booted_something_else_never_runs(images):
    folder = ROOT / "build" / "vm-tests" / "attested"
    shutil.rmtree(folder, ignore_errors=True)
    with Manager(folder, images=images).running() as manager:
        vms = {name: manager.create(image=name, name=name)["id"] for name in CHANGES}
        seen = {name: set() for name in CHANGES}

        def settled():
            for name, vm in vms.items():
                seen[name].add(manager.vm(vm)["state"])
            return all(seen[name] & {"running", "failed"} for name in CHANGES)

        await_true("all of them to be settled", settled, 400)
        assert "running" in seen["nothing"] and "running" not in seen["initrd"] | seen["cmdline"]
        assert manager.vm(vms["nothing"])["attestation"] == "accepted"
        for name in ("initrd", "cmdline"):
            vm = manager.vm(vms[name])
            assert vm["attestation"] == "rejected" and vm["failure"]["kind"] == "attestation", vm
            verdict = manager.ask("GET", f"/v1/vms/{vms[name]}/attestation")["verdict"]
            whats = [finding["what"] for finding in verdict["findings"] if finding["id"] == "tpm.pcr"]
            assert any("9 (sha256)" in what for what in whats), whats
