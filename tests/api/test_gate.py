"""The gate from end to end but for the VM: a real manager and its confined verifier, and a real agent
with a TPM that boots nothing, on the share of a VM that libvirt only pretends."""

import base64
import json
import os
import shutil
import time

import pytest

from agents import BIN, Agent, Computation
from managers import Manager, make_image
from tpms import Tpm

CLI = os.path.realpath(os.path.join(BIN, "cocos-cli"))
ZEROS = {str(index): "00" * 32 for index in range(10)}


def reference(**changed):
    """What a TPM shows into which nobody measured."""
    return {"pcrs": {}, "shapes": [{"memory_mib": 512, "cpus": 1, "pcrs": {**ZEROS, **changed}}]}


@pytest.fixture
def tpm():
    with Tpm() as running:
        yield running


def boot(manager, tpm, image):
    """A VM of the image, with an agent that speaks from its share."""
    vm = manager.made(image=image, cpus=1, memory_mib=512)
    return vm, Agent(share=manager.share(vm), COCOS_AGENT_PLATFORM="vtpm", COCOS_AGENT_TPM=tpm.tcti)


def told(manager, vm):
    return [event["type"] for event in manager.events(f"/v1/vms/{vm}/events")]


def test_a_machine_that_booted_as_foreseen_is_running(tpm):
    with Manager(verifier=CLI) as manager:
        make_image(manager.images, "good", reference=reference())
        vm, agent = boot(manager, tpm, "good")
        with agent:
            found = manager.await_state(vm, "running", seconds=60)
            assert found["attestation"] == "accepted"
            answer = manager.get(f"/v1/vms/{vm}/attestation").json
            assert answer["attestation"] == "accepted" and answer["reason"] is None
            assert answer["verdict"]["crypto"] == "pass"
            assert "tpm.ak.emulated" in [finding["id"] for finding in answer["verdict"]["findings"]]
            types = told(manager, vm)
            assert types.index("vm.attesting") < types.index("vm.attestation") < types.index("vm.running")


def test_a_machine_that_booted_something_else_is_not(tpm):
    with Manager(verifier=CLI) as manager:
        make_image(manager.images, "other", reference=reference(**{"4": "11" * 32}))
        vm, agent = boot(manager, tpm, "other")
        with agent:
            found = manager.await_state(vm, "failed", seconds=60)
            assert found["attestation"] == "rejected"
            assert found["failure"]["kind"] == "attestation"
            assert found["failure"]["detail"].startswith("tpm.pcr: ")
            assert "11" * 32 in found["failure"]["detail"]
            answer = manager.get(f"/v1/vms/{vm}/attestation").json
            assert ["4 (sha256)" in f["what"] for f in answer["verdict"]["findings"] if f["id"] == "tpm.pcr"] == [True]
            assert "vm.running" not in told(manager, vm)


def test_a_guest_that_was_told_something_else_is_found(tpm):
    """Whoever stands between manager and guest changes what the guest is told: it measured what it got."""
    with Manager(verifier=CLI) as manager:
        make_image(manager.images, "good", reference=reference())
        vm = manager.made(image="good", cpus=1, memory_mib=512)
        path = manager.share(vm, "in", "config.json")
        config = json.loads(open(path, encoding="utf-8").read())
        copy = os.path.join(manager.folder, "copy")
        os.makedirs(os.path.join(copy, "in"))
        os.makedirs(os.path.join(copy, "out"))
        with open(os.path.join(copy, "in", "config.json"), "w", encoding="utf-8") as file:
            json.dump({**config, "log_level": "debug"}, file)
        with Agent(share=copy, COCOS_AGENT_PLATFORM="vtpm", COCOS_AGENT_TPM=tpm.tcti):
            until = time.monotonic() + 60
            while not all(os.path.exists(os.path.join(copy, "out", name)) for name in ("evidence.json", "state.json")):
                assert time.monotonic() < until
                time.sleep(0.05)
            for name in ("evidence.json", "state.json"):
                shutil.copy(os.path.join(copy, "out", name), manager.share(vm, "out", name))
            found = manager.await_state(vm, "failed", seconds=60)
            assert found["failure"]["detail"].startswith("run.config: ")


def test_the_key_of_a_computation_is_told_once_its_evidence_is_accepted(tpm):
    """The agent takes another key with each manifest."""
    with Manager(verifier=CLI) as manager:
        make_image(manager.images, "good", reference=reference())
        vm, agent = boot(manager, tpm, "good")
        with agent:
            before = manager.await_state(vm, "running", seconds=60)["agent_pin"]
            work = Computation("pass", {})
            work.set(agent)
            pins = {before, None}

            def settled(found):
                pins.add(found["agent_pin"])
                return found["state"] == "running" and found["agent_pin"] != before

            found = manager.await_vm(vm, settled)
            assert found["attestation"] == "accepted" and len(pins) == 3
            verdict = manager.get(f"/v1/vms/{vm}/attestation").json["verdict"]
            server = base64.b64encode(bytes.fromhex(verdict["claims"]["transcript"]["server"])).decode()
            assert found["agent_pin"] == "sha256//" + server
            assert told(manager, vm).count("vm.running") == 2


def test_old_evidence_is_no_evidence(tpm):
    """What another start of the machine said has another nonce."""
    with Manager(verifier=CLI) as manager:
        make_image(manager.images, "good", reference=reference())
        first, agent = boot(manager, tpm, "good")
        with agent:
            manager.await_state(first, "running", seconds=60)
            second = manager.made(image="good", cpus=1, memory_mib=512)
            for name in ("evidence.json", "state.json"):
                shutil.copy(manager.share(first, "out", name), manager.share(second, "out", name))
            found = manager.await_state(second, "failed", seconds=60)
            assert found["failure"]["detail"].startswith("transcript.challenge: ")
