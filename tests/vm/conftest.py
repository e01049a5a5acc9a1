"""A manager of its own with real VMs, and an audit that nothing of them stays."""

import contextlib
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests" / "api"))
from ports import free_ports  # noqa: E402

BIN = Path(os.environ.get("BIN_DIR", ROOT / "build" / "bin"))
URI = os.environ.get("COCOS_MANAGER_LIBVIRT_URI", "qemu:///system")


class Refused(Exception):
    def __init__(self, status, problem):
        super().__init__(f"{status}: {problem}")
        self.status, self.problem = status, problem


def await_true(what, check, seconds):
    end = time.monotonic() + seconds
    while True:
        found = check()
        if found:
            return found
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(0.2)


class Manager:
    """cocos-manager with its state under build/; may be killed and started again."""

    def __init__(self, folder, images=ROOT / "build" / "eos", **settings):
        self.folder, self.images, self.settings = folder, images, settings
        self.state = folder / "state"
        self.state.mkdir(parents=True)
        for path in (folder, self.state):
            path.chmod(0o711)
        self.port = None
        self.start()

    def start(self):
        environment = {
            **os.environ,
            "COCOS_MANAGER_LISTEN": f"127.0.0.1:{self.port or free_ports()}",
            "COCOS_MANAGER_STATE_DIR": str(self.state),
            "COCOS_MANAGER_IMAGE_DIR": str(self.images),
            "COCOS_MANAGER_LIBVIRT_URI": URI,
            **self.settings,
        }
        self.port = int(environment["COCOS_MANAGER_LISTEN"].rsplit(":", 1)[1])
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([BIN / "cocos-manager"], env=environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        await_true("the manager", self.is_ready, 60)

    def is_ready(self):
        try:
            return self.ask("GET", "/readyz") is not None
        except OSError:
            assert self.process.poll() is None, (self.folder / "log").read_text()[-2000:]
            return False

    def kill(self, number=signal.SIGKILL):
        self.process.send_signal(number)
        self.process.wait(60)

    def ask(self, method, path, body=None, headers=None):
        context = ssl.create_default_context(cafile=str(self.state / "ca.pem"))
        token = (self.state / "admin.token").read_text().strip()
        request = urllib.request.Request(
            f"https://127.0.0.1:{self.port}{path}", method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, context=context, timeout=60) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(error.code, json.loads(error.read())) from None
        return json.loads(text) if text[:1] in (b"{", b"[") else text.decode()

    @contextlib.contextmanager
    def running(self):
        """Ends it afterwards, and every VM with it."""
        yield self
        if self.process.poll() is not None:
            self.start()
        for vm in self.ask("GET", "/v1/vms")["items"]:
            self.remove(vm["id"])
        self.kill(signal.SIGTERM)
        assert self.process.returncode == 0

    def create(self, **spec):
        return self.ask("POST", "/v1/vms", {"image": "eos-base", "platform": "vm", "cpus": 1, **spec})

    def vm(self, identity):
        return self.ask("GET", f"/v1/vms/{identity}")

    def await_state(self, identity, wanted, seconds=300):
        def check():
            vm = self.vm(identity)
            assert vm["state"] == wanted or vm["state"] != "failed", vm
            return vm if vm["state"] == wanted else None
        return await_true(f"VM {identity} to be {wanted}", check, seconds)

    def remove(self, identity):
        self.ask("DELETE", f"/v1/vms/{identity}")

        def gone():
            try:
                self.vm(identity)
            except Refused as refused:
                return refused.status == 404
            return False
        await_true(f"VM {identity} to be gone", gone, 60)


def qemu_pid(identity):
    """The QEMU process of a VM, found by the VM's id in its arguments."""
    found = subprocess.run(["pgrep", "-f", f"qemu-system.*{identity}"], capture_output=True, text=True)
    pids = [int(pid) for pid in found.stdout.split()]
    assert len(pids) == 1, pids
    return pids[0]


def traces(identity):
    """Everything on this host that still bears a VM's id: processes, domains, files."""
    processes = subprocess.run(["pgrep", "-fa", identity], capture_output=True, text=True).stdout
    domains = [line for line in subprocess.run(["virsh", "-q", "-c", URI, "list", "--all", "--name"],
                                               capture_output=True, text=True).stdout.splitlines()
               if identity in line]
    places = ["/var/lib/libvirt", "/var/log/libvirt", "/var/log/swtpm", "/run/libvirt", str(ROOT / "build" / "vm-tests")]
    files = subprocess.run(["find", *[place for place in places if os.path.exists(place)], "-name", f"*{identity}*"],
                           capture_output=True, text=True).stdout
    return processes.strip(), domains, files.strip()


def pytest_configure(config):
    config.addinivalue_line("markers", "manager(**settings): what the manager of the test is told")


@pytest.fixture
def manager(request):
    folder = ROOT / "build" / "vm-tests" / request.node.name
    marker = request.node.get_closest_marker("manager")  # further settings
    with Manager(folder, **(marker.kwargs if marker else {})).running() as running:
        yield running
