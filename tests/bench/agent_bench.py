"""The agent on this host: throughput against SHA3-256 and nginx, and memory."""

import hashlib
import os
import statistics
import time
from pathlib import Path

from bench import MIB, Agent, await_true, curl_speed, free_port, median, run, scratch, started, status_kib

SIZE = 1024 * MIB
LARGE = 4096 * MIB
RUNS = 3
UPLOADS = 5  # three parties on the cores of one machine: more noise, more runs

NOTHING = b"pass\n"
WRITE_RESULT = b"""
import sys
block = bytes(1 << 20)
with open("results/big.bin", "wb") as file:
    for _ in range(int(sys.argv[1]) if len(sys.argv) > 1 else %d):
        file.write(block)
"""

NGINX = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log; worker_processes 1;
events {{}}
http {{
    access_log off; sendfile on;
    client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
    uwsgi_temp_path {folder}; scgi_temp_path {folder};
    server {{
        listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.3;
        ssl_certificate {folder}/crt.pem; ssl_certificate_key {folder}/key.pem;
        root {folder};
    }}
}}
"""


def make_file(path, size):
    """Bytes that repeat every MiB, and their SHA3-256."""
    block, digest = os.urandom(MIB), hashlib.sha3_256()
    with open(path, "wb") as file:
        for _ in range(size // MIB):
            file.write(block)
            digest.update(block)
    return digest.hexdigest()


def sha3_speed():
    """What SHA3-256 reaches when nothing else is to be done: the bytes are in the processor's cache."""
    block, digest = os.urandom(256 * 1024), hashlib.sha3_256()
    start = time.perf_counter()
    for _ in range(SIZE // len(block)):
        digest.update(block)
    return SIZE / (time.perf_counter() - start)


def upload_speed(agent, path, digest):
    agent.begin(NOTHING, {"big.bin": digest, "never": "00" * 32})
    speed = curl_speed(*map(str, agent.auth), "-H", "Content-Type: application/octet-stream", "-T", str(path),
                       agent.url + "/v1/datasets/big.bin")  # fmt: skip
    agent.end()
    return speed


def upload():
    with scratch() as folder, Agent(folder).running() as agent:
        digest = make_file(folder / "big.bin", SIZE)
        limits, speeds = [sha3_speed()], []
        for _ in range(UPLOADS):
            speeds.append(upload_speed(agent, folder / "big.bin", digest))
            limits.append(sha3_speed())
    speed = statistics.median(speeds)
    ratio = speed / statistics.median(limits)
    return [("upload of 1 GiB over TLS, pinned / SHA3-256 alone", f"{ratio:.2f} ({speed / 1e6:.0f} MB/s)", ">= 0.8")]


def await_result(agent):
    await_true("the result", lambda: agent.state() in ("ConsumingResults", "Failed"), 300)
    if agent.state() == "Failed":
        raise RuntimeError("the computation failed")


def make_result(agent, size):
    agent.begin(WRITE_RESULT % (size // MIB), {}, memory_mib=size // MIB * 2 + 512)
    await_result(agent)


def download():
    with scratch() as folder, Agent(folder).running() as agent:
        make_result(agent, SIZE)
        port = free_port()
        agent.send("GET", "/v1/result", "-o", folder / "result.zip")
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port))
        with started(["nginx", "-c", folder / "nginx.conf"], {}, folder / "nginx.out"):
            peer_url = f"https://127.0.0.1:{port}/result.zip"
            await_true("nginx", lambda: os.path.exists(folder / "nginx.pid"))
            time.sleep(0.3)
            ratios, speeds = [], []
            for _ in range(RUNS):
                peer = curl_speed(peer_url)
                own = curl_speed(*map(str, agent.auth), agent.url + "/v1/result")
                ratios.append(own / peer)
                speeds.append(own)
    ratio, speed = sorted(ratios)[RUNS // 2], sorted(speeds)[RUNS // 2]
    return [("download of 1 GiB over TLS / nginx", f"{ratio:.2f} ({speed / 1e6:.0f} MB/s)", ">= 0.8")]


def server_of(agent):
    """The pid of the process that serves: of the keeper's two, for a moment, the newer."""
    return int(Path(f"/proc/{agent.pid}/task/{agent.pid}/children").read_text().split()[-1])


def both_kib(agent, member):
    return status_kib(agent.pid, member) + status_kib(server_of(agent), member)


def memory():
    with scratch() as folder, Agent(folder).running() as agent:
        digest = make_file(folder / "big.bin", LARGE)
        before = both_kib(agent, "VmRSS")
        upload_speed(agent, folder / "big.bin", digest)
        uploaded = both_kib(agent, "VmHWM") - before
        os.unlink(folder / "big.bin")
        make_result(agent, LARGE)
        curl_speed(*map(str, agent.auth), agent.url + "/v1/result")
        fetched = both_kib(agent, "VmHWM") - before
    return [
        ("agent's memory growth over a 4 GiB upload", f"{uploaded / 1024:.1f} MiB", "<= 16 MiB"),
        ("  and a 4 GiB result packed and fetched", f"{fetched / 1024:.1f} MiB", "<= 16 MiB"),
    ]


def idle():
    with scratch() as folder, Agent(folder).running() as agent:
        agent.state()
        keeper = median(lambda: status_kib(agent.pid, "VmRSS"), 3)
        server = median(lambda: status_kib(server_of(agent), "VmRSS"), 3)
    return [("agent, idle: its keeper, resident", f"{keeper / 1024:.1f} MiB", "<= 8 MiB"),
            ("  and the process that serves", f"{server / 1024:.1f} MiB", "<= 12 MiB")]
