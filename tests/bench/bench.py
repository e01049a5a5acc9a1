"""What the benchmarks share: servers started and stopped, medians, and an agent that is ready to receive."""

import base64
import hashlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = ROOT / "build" / "bin"
MIB = 1 << 20


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def median(measure, runs):
    return statistics.median(measure() for _ in range(runs))


def status_kib(pid, member):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(member + ":"):
            return int(line.split()[1])
    raise KeyError(member)


@contextmanager
def scratch():
    """A directory in memory, so that no disk is measured."""
    path = Path(tempfile.mkdtemp(prefix="cocos-bench-", dir="/dev/shm"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def started(command, env, log):
    with open(log, "wb") as sink:
        process = subprocess.Popen(
            [str(part) for part in command],
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def await_true(what, check, seconds=60):
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise TimeoutError(what)
        time.sleep(0.02)


def run(*command, **options):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, **options)


def curl_speed(*arguments):
    """Bytes a second of one transfer, as curl counts them."""
    form = "%{http_code} %{size_upload} %{size_download} %{time_total}"
    answer = run("curl", "-sk", "-o", "/dev/null", "-w", form, *arguments).stdout.decode().split()
    if answer[0] not in ("200", "201"):
        raise RuntimeError(f"answer {answer[0]} for {arguments[-1]}")
    return max(int(answer[1]), int(answer[2])) / float(answer[3])


class Agent:
    """An agent on this host with one party that plays every role."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        for name in ("share/in", "share/out", "state"):
            (folder / name).mkdir(parents=True)
        config = {
            "version": 1,
            "vm_id": "00000000-0000-4000-8000-000000000000",
            "boot_nonce": base64.b64encode(bytes(32)).decode(),
            "grpc": True,
        }
        (folder / "share/in/config.json").write_text(json.dumps(config))
        run(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=bench", "-days", "2", "-keyout", folder / "key.pem", "-out", folder / "crt.pem",
        )  # fmt: skip
        self.public = run("openssl", "pkey", "-in", folder / "key.pem", "-pubout").stdout.decode()
        self.auth = ["--cert", folder / "crt.pem", "--key", folder / "key.pem"]

    @contextmanager
    def running(self, **more):
        env = {
            "COCOS_AGENT_LISTEN": f"127.0.0.1:{self.port}",
            "COCOS_AGENT_SHARE": str(self.folder / "share"),
            "COCOS_AGENT_STATE_DIR": str(self.folder / "state"),
            "COCOS_AGENT_PLATFORM": "none",
            **more,
        }
        with started([BIN / "cocos-agent"], env, self.folder / "agent.log") as process:
            await_true("the agent", lambda: self.state() is not None)
            self.pid = process.pid
            yield self

    def state(self):
        answer = subprocess.run(["curl", "-sk", self.url + "/v1/state"], capture_output=True)
        return json.loads(answer.stdout)["state"] if answer.returncode == 0 else None

    def send(self, method, path, *more):
        return run("curl", "-skf", *map(str, self.auth), "-X", method, *map(str, more), self.url + path).stdout

    def begin(self, algorithm, datasets, memory_mib=512, **more):
        """Sets a manifest and uploads the algorithm; datasets: file name -> SHA3-256 in hex."""
        party = {"key": self.public}
        manifest = {
            "id": "bench",
            "owner": party,
            "algorithm": {
                "type": "python",
                "sha3_256": hashlib.sha3_256(algorithm).hexdigest(),
                "provider": party,
            },
            "datasets": [
                {"filename": name, "sha3_256": digest, "provider": party} for name, digest in datasets.items()
            ],
            "result_consumers": [party],
            "run": {"start": "auto", "timeout": "10m", "memory_mib": memory_mib, "network": "none"},
            **more,
        }
        (self.folder / "manifest.json").write_text(json.dumps(manifest))
        (self.folder / "algorithm").write_bytes(algorithm)
        self.send("PUT", "/v1/computation", "-H", "Content-Type: application/json",
                  "--data-binary", f"@{self.folder}/manifest.json")  # fmt: skip
        self.send("PUT", "/v1/algorithm", "-H", "Content-Type: application/octet-stream",
                  "-T", self.folder / "algorithm")  # fmt: skip

    def end(self):
        self.send("DELETE", "/v1/computation")
