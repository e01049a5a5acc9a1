"""The gate with real VMs: what booted is what the release record foresees, or it never runs, and the
finding says which event of the boot is another.

Initrd and agent are changed as an attacker would: after the manager has looked at the files, before
QEMU opens them. The command line is in the record itself, so there the record is changed, and its
reference values are those of before."""

import hashlib
import json
import shutil
import threading

import pytest

import sealed
from conftest import BIN, ROOT, Manager, await_true

IMAGES = ROOT / "build" / "eos"


def archive(path, data):
    """A cpio archive that the kernel unpacks over what it has: one program."""
    def entry(name, mode, content):
        fields = (1, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name) + 1, 0)
        head = "070701" + "".join(f"{field:08x}" for field in fields) + name + "\0"
        head = head.encode() + bytes(-len(head) % 4)
        return head + content + bytes(-len(content) % 4)

    return entry(path, 0o100755, data) + entry("TRAILER!!!", 0, b"")


def changed_initrd(data):
    return data + bytes(4)  # what the kernel unpacks is the same


def changed_agent(data):
    """One byte of a text that the agent never prints here."""
    agent = (BIN / "cocos-agent").read_bytes()
    assert agent.count(b"SIMULATED platform") == 1
    agent = agent.replace(b"SIMULATED platform", b"SIMULATEd platform")
    return data + bytes(-len(data) % 4) + archive("usr/bin/cocos-agent", agent)


SWAPS = {"initrd": changed_initrd, "agent": changed_agent}
EVENTS = {"cmdline": "PCR 9: event 'kernel command line'", "initrd": "PCR 9: event 'initrd'",
          "agent": "PCR 9: event 'initrd'"}


def make_image(images, name):
    folder = images / name
    shutil.copytree(IMAGES / "eos-base", folder, copy_function=shutil.copy)  # not the notes of libvirt about its use
    record = json.loads((folder / "image.json").read_text())
    record["name"] = name
    if name == "cmdline":
        text = record["cmdline"]["text"].replace("quiet", "quiex", 1)
        record["cmdline"] = {"text": text, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    (folder / "image.json").write_text(json.dumps(record))
    if name in SWAPS:
        (folder / "swapped").write_bytes(SWAPS[name]((folder / "initrd").read_bytes()))


class Swap(threading.Thread):
    """Puts the changed initrd in place once the manager makes the VM's directory, which it does after it
    has looked at the image."""

    def __init__(self, manager, folder):
        super().__init__(daemon=True)
        self.vms, self.folder, self.done = manager.state / "vms", folder, False
        self.start()

    def run(self):
        while not any(self.vms.iterdir()):
            pass
        (self.folder / "swapped").rename(self.folder / "initrd")
        self.done = True


def boot(manager, images, name):
    """Makes the VM and waits until it is settled; also every state that it was seen in."""
    swap = Swap(manager, images / name) if name in SWAPS else None
    vm = manager.create(image=name, memory_mib=512)["id"]
    assert swap is None or swap.done
    seen = set()

    def settled():
        seen.add(manager.vm(vm)["state"])
        return seen & {"running", "failed"}

    await_true("it to be settled", settled, 200)
    return manager.vm(vm), seen


@pytest.mark.parametrize("name", ["nothing", *EVENTS])
def test_a_machine_that_booted_something_else_never_runs(name):
    folder = ROOT / "build" / "vm-tests" / f"attested-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    images = folder / "images"  # where the VMs' user may look
    with Manager(folder, images=images).running() as manager:
        make_image(images, name)
        vm, seen = boot(manager, images, name)
        verdict = manager.ask("GET", f"/v1/vms/{vm['id']}/attestation")["verdict"]
        if name == "nothing":
            assert vm["state"] == "running" and vm["attestation"] == "accepted", vm
            policy = manager.ask("GET", f"/v1/vms/{vm['id']}/attestation-policy")
            sealed.check(folder / "parties", vm, policy)
            return
        assert "running" not in seen and vm["agent_pin"] is None
        assert vm["attestation"] == "rejected" and vm["failure"]["kind"] == "attestation", vm
        assert vm["failure"]["detail"].startswith("tpm.pcr.event: " + EVENTS[name]), vm
        whats = [finding["what"] for finding in verdict["findings"] if finding["id"] == "tpm.pcr"]
        assert any("9 (sha256)" in what for what in whats), whats
