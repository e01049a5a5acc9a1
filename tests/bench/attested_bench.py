"""What proof costs: an attested connection beside its TPM's own time, and uploads that are attested, or sealed too,
beside plain ones."""

import json
import os
import socket
import statistics
import sys
import threading
import time

from agent_bench import NOTHING, make_file
from bench import BIN, MIB, ROOT, Agent, run, scratch

sys.path.insert(0, str(ROOT / "tests" / "api"))
from ports import free_ports  # noqa: E402
from tpms import Tpm  # noqa: E402

SIZE = 1024 * MIB
UPLOADS = 5
CONNECTS = 21


class Cli:
    """cocos-cli as the one party of a bench agent."""

    def __init__(self, agent, policy, *more):
        self.agent, self.more = agent, [*more, "--agent-url", agent.url, "--key", agent.folder / "key.pem"]
        path = agent.folder / "policy.json"
        path.write_text(json.dumps({"version": 1, "max_manifests": 1000, **policy}))
        self.proof = {True: ["--policy", path], False: ["--insecure-no-attestation"]}

    def seconds(self, *words, attested=True):
        """How long a call takes."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.agent.folder)}
        begun = time.perf_counter()
        run(BIN / "cocos-cli", *words, *self.more, *self.proof[attested], env=environment)
        return time.perf_counter() - begun


# --- connecting ---

class Meter:
    """Stands between an agent and its TPM, and counts the time for which the TPM is working."""

    def __init__(self, tpm):
        self.busy, self.ports = 0.0, [int(tpm.tcti.rsplit("=", 1)[1]) + i for i in range(2)]
        first = free_ports(2)
        self.listeners = [socket.create_server(("127.0.0.1", first + i)) for i in range(2)]
        self.tcti = f"swtpm:host=127.0.0.1,port={first}"
        for listener, port in zip(self.listeners, self.ports):
            threading.Thread(target=self.serve, args=(listener, port), daemon=True).start()

    def serve(self, listener, port):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.pass_on, args=(near, port), daemon=True).start()

    def pass_on(self, near, port):
        far = socket.create_connection(("127.0.0.1", port))
        for end in (near, far):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while command := near.recv(65536):
            begun = time.perf_counter()
            far.sendall(command)
            answer = far.recv(65536)
            self.busy += time.perf_counter() - begun
            if not answer:
                break
            near.sendall(answer)
        near.close()
        far.close()

    def close(self):
        for listener in self.listeners:
            listener.close()


def connect():
    with scratch() as folder, Tpm() as tpm:
        meter = Meter(tpm)
        root, issuer = tpm.root()
        (folder / "issuer.pem").write_text(issuer)
        policy = {"waive": ["pei"], "vtpm": {"pcrs": {"sha256": {"4": "00" * 32}}, "emulated": True, "ek_roots": [root]}}
        with Agent(folder).running(COCOS_AGENT_PLATFORM="vtpm", COCOS_AGENT_TPM=meter.tcti) as agent:
            cli = Cli(agent, policy, "--chain", folder / "issuer.pem")
            times, tpms, starts = [], [], []
            for _ in range(CONNECTS):
                before = meter.busy
                times.append(cli.seconds("state"))
                tpms.append(meter.busy - before)
                begun = time.perf_counter()
                run(BIN / "cocos-cli", "version")
                starts.append(time.perf_counter() - begun)
        meter.close()
    # The shortest ones: whatever else the machine does can only make them longer.
    own = min(total - tpm - start for total, tpm, start in zip(times, tpms, starts)) * 1e3
    tpm = statistics.median(tpms) * 1e3
    return [("attested connect without its TPM's time (quote, credential)", f"{own:.1f} ms (TPM: {tpm:.0f} ms)", "<= 15 ms")]


# --- sending ---

def upload():
    ways = {"plain": ([], False), "attested": ([], True), "sealed": (["--seal"], True)}
    with scratch() as folder:
        run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384", "-out", folder / "sim.key")
        root = run("openssl", "pkey", "-in", folder / "sim.key", "-pubout").stdout.decode()
        digest = make_file(folder / "big.bin", SIZE)
        settings = {"COCOS_AGENT_PLATFORM": "sim", "COCOS_AGENT_SIM_KEY": str(folder / "sim.key")}
        with Agent(folder).running(**settings) as agent:
            cli = Cli(agent, {"sim": {"root": root}})
            seconds = {way: [] for way in ways}
            for _ in range(UPLOADS):
                for way, (words, attested) in ways.items():
                    agent.begin(NOTHING, {"big.bin": digest, "never": "00" * 32})
                    seconds[way].append(cli.seconds("data", folder / "big.bin", *words, attested=attested))
                    agent.end()
    plain, attested, sealed = (min(seconds[way]) for way in ways)  # others can only make them longer
    speed = SIZE / 1e6
    return [
        ("upload of 1 GiB, attested / plain TLS", f"{plain / attested:.2f} ({speed / attested:.0f} MB/s)", ">= 0.95"),
        ("  and sealed too / plain TLS", f"{plain / sealed:.2f} ({speed / sealed:.0f} MB/s)", ">= 0.75"),
    ]
