"""What breaks VMs and managers from outside: everything is found again, nothing is left over."""

import os
import signal
import socket
import subprocess
import time

import pytest

from conftest import Refused, await_true, qemu_pid, traces


def agent_port(vm):
    return int(vm["agent_url"].rsplit(":", 1)[1])


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def test_killed_qemu_is_told_within_ten_seconds_and_disturbs_nobody(manager):
    vm, other = manager.create(name="victim"), manager.create(name="bystander")
    manager.await_state(vm["id"], "running", 300)
    manager.await_state(other["id"], "running", 300)
    port = agent_port(manager.vm(vm["id"]))
    assert not port_is_free(port)

    os.kill(qemu_pid(vm["id"]), signal.SIGKILL)
    killed = time.monotonic()
    failed = await_true("the failure", lambda: manager.vm(vm["id"])["state"] == "failed" and manager.vm(vm["id"]), 10)
    assert time.monotonic() - killed < 10
    assert failed["failure"]["kind"] and failed["failure"]["detail"]
    assert port_is_free(port)
    assert manager.vm(other["id"])["state"] == "running"

    manager.remove(vm["id"])
    assert traces(vm["id"]) == ("", [], "")
    assert manager.vm(other["id"])["state"] == "running"


def test_killed_manager_finds_its_vms_again(manager):
    vm = manager.create(name="kept", ttl="2h")
    manager.await_state(vm["id"], "running", 300)
    before = manager.vm(vm["id"])

    manager.kill()
    manager.start()
    after = manager.await_state(vm["id"], "running", 120)
    for member in ("id", "name", "owner", "image", "created_at", "expires_at", "agent_url", "agent_pin"):
        assert after[member] == before[member], member
    manager.remove(vm["id"])
    assert traces(vm["id"]) == ("", [], "")


def test_manager_killed_during_create_leaves_nothing_half_made(manager):
    for pause in (0.0, 0.1, 0.3, 0.8):
        command = ["curl", "-sk", "-m", "20", "-H", "Content-Type: application/json",
                   "-H", "Authorization: Bearer " + (manager.state / "admin.token").read_text().strip(),
                   "-d", '{"image": "eos-base", "platform": "vm", "cpus": 1, "memory_mib": 512}',
                   f"https://127.0.0.1:{manager.port}/v1/vms"]
        asking = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        time.sleep(pause)
        manager.kill()
        asking.wait(30)
        manager.start()

        def settled():
            states = [vm["state"] for vm in manager.ask("GET", "/v1/vms")["items"]]
            return all(state in ("booting", "attesting", "running", "failed") for state in states)
        await_true("half-made VMs to be finished or removed", settled, 60)
        for vm in manager.ask("GET", "/v1/vms")["items"]:
            manager.remove(vm["id"])
            assert traces(vm["id"]) == ("", [], "")
        assert not any((manager.state / "vms").glob("*")) if (manager.state / "vms").exists() else True


def test_ttl_ends_a_vm_also_across_a_restart(manager):
    for ttl in (45, 120, 300):  # a machine with much to do boots no VM in the first of them
        vm = manager.create(name="brief", ttl=f"{ttl}s")
        states = "running", "expired"
        if await_true("it to run", lambda: manager.vm(vm["id"])["state"] in states and manager.vm(vm["id"]),
                      300)["state"] == "running":
            break
        manager.remove(vm["id"])
    manager.kill()
    manager.start()

    def over():
        items = manager.ask("GET", "/v1/vms")["items"]
        return not items or items[0]["state"] in ("expired", "stopped")
    await_true("the end of its time", over, ttl + 60)


def test_metrics_of_a_vm_grow_and_release_images_have_no_console(manager):
    vm = manager.create(name="measured")
    manager.await_state(vm["id"], "running", 300)
    first = manager.ask("GET", f"/v1/vms/{vm['id']}/metrics")
    assert first["cpu"]["time_ns"] > 0
    await_true("them to grow", lambda: manager.ask("GET", f"/v1/vms/{vm['id']}/metrics")["cpu"]["time_ns"] >
               first["cpu"]["time_ns"], 60)
    with pytest.raises(Refused) as refused:
        manager.ask("GET", f"/v1/vms/{vm['id']}/console")
    assert refused.value.status in (404, 409, 422)
