"""The manager: how soon an agent answers, how fast a long list is told, how much memory it takes."""

import contextlib
import http.client
import json
import os
import ssl
import statistics
import subprocess
import time
import uuid

from bench import BIN, ROOT, await_true, free_port, scratch, started, status_kib

MANAGER_ID = "11111111-2222-4333-8444-555555555555"
LISTS = 200
BOOTS = 3


class Manager:
    """A manager with its state in a folder, asked over one connection."""

    def __init__(self, folder, **settings):
        self.folder, self.state = folder, folder / "state"
        self.state.mkdir(exist_ok=True)
        for path in (folder, self.state):
            path.chmod(0o711)
        self.port = free_port()
        self.settings = {"COCOS_MANAGER_LISTEN": f"127.0.0.1:{self.port}",
                         "COCOS_MANAGER_STATE_DIR": str(self.state),
                         "COCOS_MANAGER_IMAGE_DIR": str(ROOT / "build" / "eos"), **settings}

    @contextlib.contextmanager
    def running(self):
        with started([BIN / "cocos-manager"], self.settings, self.folder / "manager.log") as process:
            self.pid = process.pid
            await_true("the manager", self.is_ready)
            yield self

    def is_ready(self):
        try:
            context = ssl.create_default_context(cafile=str(self.state / "ca.pem"))
            self.connection = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=60)
            return self.ask("GET", "/readyz")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def ask(self, method, path, body=None):
        status, text = self.fetch(method, path, body)
        return status, json.loads(text) if text else None

    def fetch(self, method, path, body=None):
        """The answer's bytes: what a client makes of them is not the manager's time."""
        token = (self.state / "admin.token").read_text().strip()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self.connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def domain(number):
    """A definition with a VM's record, as the manager leaves it when a VM ended."""
    identity, now = str(uuid.uuid4()), int(time.time())
    record = {"id": identity, "manager": MANAGER_ID, "name": f"vm-{number}", "owner": "admin", "image": "eos",
              "platform": "vm", "phase": "failed", "cpus": 1, "memory_mib": 512, "port": 20000, "debug": 0,
              "created_at": now - 2000 + number, "expires_at": 0, "ended_at": now, "boot_id": "",
              "deadline_ms": 0, "failure_kind": "killed", "failure_detail": "its QEMU crashed",
              "idempotency_key": "", "body_sha256": "00", "nonce": "00" * 32}
    fields = "".join(f"<{key}>{value}</{key}>" for key, value in record.items())
    return (f"<domain type='test' xmlns:t='http://libvirt.org/schemas/domain/test/1.0'><name>cocos-{identity}</name>"
            f"<uuid>{identity}</uuid><metadata><cocos:vm xmlns:cocos='urn:cocos:vm:1'>{fields}</cocos:vm></metadata>"
            "<memory unit='MiB'>512</memory><vcpu>1</vcpu><os><type arch='x86_64'>hvm</type></os>"
            "<t:runstate>5</t:runstate></domain>")


def list_vms():
    """GET /v1/vms with 1,000 domains of libvirt's own test driver."""
    with scratch() as folder:
        host = ("<cpu><mhz>1</mhz><model>x</model><active>1</active><nodes>1</nodes><sockets>1</sockets>"
                "<cores>1</cores><threads>1</threads></cpu><memory>8192000</memory>")
        (folder / "node.xml").write_text(f"<node>{host}{''.join(map(domain, range(1000)))}</node>")
        manager = Manager(folder, COCOS_MANAGER_LIBVIRT_URI=f"test://{folder}/node.xml")
        (manager.state / "manager.id").write_text(MANAGER_ID)
        rows = []
        with manager.running():
            for path, what in (("/v1/vms", "a page of 100"), ("/v1/vms?limit=1000", "all")):
                times = []
                for _ in range(LISTS):
                    begun = time.perf_counter()
                    status, text = manager.fetch("GET", path)
                    times.append((time.perf_counter() - begun) * 1000)
                    assert status == 200 and len(json.loads(text)["items"]) in (100, 1000)
                rows.append((f"GET /v1/vms with 1,000 domains, {what}: p50", f"{statistics.median(times):.1f} ms",
                             "<= 10 ms"))
    return rows


def memory():
    """Resident memory with 10 VMs that talk, on the test driver, whose VMs are part of the process."""
    with scratch() as folder:
        manager = Manager(folder, COCOS_MANAGER_LIBVIRT_URI="test:///default")
        with manager.running():
            for _ in range(10):
                status, _ = manager.ask("POST", "/v1/vms", {"image": "eos-base", "memory_mib": 256})
                assert status == 201
            for _ in range(100):
                manager.ask("GET", "/v1/vms")
            resident = status_kib(manager.pid, "VmRSS") / 1024
    return [("manager: resident with 10 VMs", f"{resident:.1f} MiB", "<= 24 MiB")]


def answers(url, pin):
    done = subprocess.run(["curl", "-sk", "--pinnedpubkey", pin, "-m", "5", url + "/v1/state"], capture_output=True)
    return done.returncode == 0


def evidence_kib(manager, vm):
    """The size of what the machine proves itself with: its quote, its logs from the firmware on, its chain."""
    _, found = manager.ask("GET", f"/v1/vms/{vm['id']}")
    path = manager.folder / "evidence.json"
    subprocess.run([BIN / "cocos-cli", "attestation", "get", "--insecure-no-attestation", "--agent-url", found["agent_url"],
                    "--agent-pin", found["agent_pin"], "-o", path], check=True, capture_output=True)
    assert json.loads(path.read_text())["logs"]["tcg"], "no event log"
    return path.stat().st_size / 1024


def boot_once(manager, image):
    """Seconds to the agent's first answer, and the size of its evidence."""
    begun = time.monotonic()
    status, vm = manager.ask("POST", "/v1/vms", {"image": image, "platform": "vm", "cpus": 1})
    assert status == 201, vm

    def is_up():
        _, found = manager.ask("GET", f"/v1/vms/{vm['id']}")
        assert found["state"] != "failed", found
        return found["agent_pin"] and answers(found["agent_url"], found["agent_pin"])

    try:
        await_true("the agent", is_up, 180)
        return time.monotonic() - begun, evidence_kib(manager, vm)
    finally:
        manager.ask("DELETE", f"/v1/vms/{vm['id']}")
        await_true("the VM to be gone", lambda: manager.ask("GET", f"/v1/vms/{vm['id']}")[0] == 404, 60)


def boot():
    """From the request to the agent's first answer: emulated CPU, 1 vCPU, UEFI and TPM."""
    uri = "qemu:///system" if os.geteuid() == 0 else "qemu:///session"
    if subprocess.run(["virsh", "-q", "-c", uri, "version"], capture_output=True).returncode != 0:
        return [("create request to agent's answer", f"no libvirt at {uri}", "<= 15 s / <= 25 s")]
    rows = []
    folder = ROOT / "build" / "bench"
    folder.mkdir(exist_ok=True)
    manager = Manager(folder, COCOS_MANAGER_LIBVIRT_URI=uri, COCOS_MANAGER_ACCEL="tcg")
    with manager.running():
        for image, limit in (("eos-base", 15), ("eos", 25)):
            seconds, sizes = zip(*(boot_once(manager, image) for _ in range(BOOTS)))
            rows.append((f"create request to agent's answer, {image}", f"{statistics.median(seconds):.1f} s",
                         f"<= {limit} s"))
            rows.append((f"  its evidence with the event log, {image}", f"{max(sizes):.0f} KiB", "<= 64 KiB"))
    return rows
