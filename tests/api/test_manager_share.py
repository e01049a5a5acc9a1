"""What a hostile guest may write into its half of the share: no other VM is disturbed, and the reason is told."""

import json
import os
import time

import pytest

from managers import Manager


@pytest.fixture(scope="module")
def crowd():
    with Manager(max_vms=100, max_vms_per_owner=100) as manager:
        yield manager


@pytest.fixture
def bystander(crowd):
    """A VM that must not notice what the others do."""
    vm = crowd.made(memory_mib=256)
    crowd.say(vm, seq=1)
    crowd.await_state(vm, "running")
    yield vm
    crowd.say(vm, "Running", seq=2)
    crowd.await_vm(vm, lambda found: found["computation"]["state"] == "Running")
    for found in crowd.get("/v1/vms?limit=1000").json["items"]:
        crowd.ask("DELETE", f"/v1/vms/{found['id']}")


def told(manager, vm, kind):
    """The data of the events of one type about a VM."""
    return [event["data"] for event in manager.events(f"/v1/vms/{vm}/events", seconds=0.3)
            if event["type"].startswith(kind)]


def misbehave(manager, deeds):
    """A VM for each deed, and time for the manager to look at all of them."""
    vms = []
    for deed in deeds:
        vms.append(manager.made(memory_mib=256))
        deed(vms[-1])
    time.sleep(1.5)
    return vms


def flood(manager, vm):
    with open(manager.share(vm, "out", "flood"), "wb") as file:
        file.truncate(17 << 20)


def litter(manager, vm):
    for number in range(100):
        with open(manager.share(vm, "out", f"f{number}"), "wb"):
            pass


def dig(manager, vm):
    os.makedirs(manager.share(vm, "out", "a", "b"))


@pytest.mark.parametrize("deed, words", [(flood, "16 MiB"), (litter, "64 files"), (dig, "directory")])
def test_too_much_ends_the_vm_with_the_reason(crowd, bystander, deed, words):
    vm = crowd.made(memory_mib=256)
    deed(crowd, vm)
    found = crowd.await_state(vm, "failed")
    assert found["failure"]["kind"] == "share" and words in found["failure"]["detail"], found
    assert words in told(crowd, vm, "vm.failed")[0]["detail"]


def test_a_name_of_any_kind_is_harmless(crowd, bystander):
    vm = crowd.made(memory_mib=256)
    for name in ("\x1b[31m", "a\nb", "x" * 255, "..x", "state.json.tmp"):
        with open(crowd.share(vm, "out", name), "wb"):
            pass
    crowd.say(vm)
    crowd.await_state(vm, "running")


def plant(manager, vm, kind):
    for name in ("state.json", "events.ndjson"):
        path = manager.share(vm, "out", name)
        if kind == "fifo":
            os.mkfifo(path)
        elif kind == "device":
            try:
                os.mknod(path, 0o020666, os.makedev(1, 5))  # /dev/zero
            except PermissionError:
                os.mkfifo(path)
        else:
            os.symlink(kind, path)


def test_what_is_no_plain_file_is_not_opened(crowd, bystander):
    kinds = ["/dev/zero", "../../../admin.token", "fifo", "device"]
    vms = misbehave(crowd, [lambda vm, kind=kind: plant(crowd, vm, kind) for kind in kinds])
    for vm in vms:
        assert crowd.get(f"/v1/vms/{vm}").json["state"] == "booting"
        assert len(told(crowd, vm, "vm.share")) == 1
        assert crowd.admin not in json.dumps(told(crowd, vm, ""))


BAD_STATES = [
    b"", b"{", b"null", b"[]", b"\xff\xfe", b"{}" * 1000, b"[" * 60000, b'{"state":"Idle"}',
    b'{"state":"Running","state":"Idle"}', b"x" * 100_000,
    json.dumps({"state": "Idle", "spki_sha256": "0" * 64, "pin": "sha256//AAAA", "seq": 1}).encode(),
    json.dumps({"state": "Idle", "spki_sha256": "0" * 64, "pin": "\x1b[2J", "seq": 1}).encode(),
]


def test_a_state_that_is_none_changes_nothing(crowd, bystander):
    vms = misbehave(crowd, [lambda vm, text=text: crowd.write(vm, "state.json", text) for text in BAD_STATES])
    for vm in vms:
        found = crowd.get(f"/v1/vms/{vm}").json
        assert found["state"] == "booting" and found["agent_pin"] is None
        crowd.say(vm)  # and it may recover
    for vm in vms:
        crowd.await_state(vm, "running")


def test_a_flood_of_events_is_cut_and_drowns_nobody(crowd, bystander):
    vm = crowd.made(memory_mib=256)
    line = '{"id":%d,"time":"2026-01-01T00:00:00Z","type":"run","data":{}}\n'
    for batch in range(5):
        text = "".join(line % number for number in range(batch * 1000 + 1, batch * 1000 + 1001))
        crowd.write(vm, "events.ndjson", text.encode())
        time.sleep(0.6)
    assert 50 <= len(told(crowd, vm, "agent.run")) <= 130
    assert told(crowd, vm, "vm.share")[0]["dropped_events"] > 0
    assert told(crowd, vm, "vm.created")
    assert told(crowd, bystander, "vm.running")


def test_an_event_cannot_pretend_to_be_the_managers(crowd, bystander):
    kinds = ["vm.deleted", "run\nid: 9\nevent: vm.deleted", "", "x" * 100]
    vms = misbehave(crowd, [lambda vm, kind=kind: crowd.write(vm, "events.ndjson", json.dumps(
        {"id": 1, "time": "2026-01-01T00:00:00Z", "type": kind}).encode() + b"\n") for kind in kinds])
    for vm in vms:
        assert not told(crowd, vm, "vm.deleted") and not told(crowd, vm, "agent.")


def test_the_guests_half_being_gone_is_no_crash(crowd, bystander):
    vm = crowd.made(memory_mib=256)
    os.rename(crowd.share(vm, "out"), crowd.share(vm, "gone"))
    os.symlink("/etc", crowd.share(vm, "out"))
    time.sleep(1.2)
    assert crowd.get(f"/v1/vms/{vm}").json["state"] == "booting"


def test_heartbeats_that_do_not_change_are_silence():
    with Manager(silence_timeout="2s") as manager:
        vm = manager.made()
        manager.say(vm)
        manager.await_state(vm, "running")
        manager.await_vm(vm, lambda found: found["agent"]["silent"])
