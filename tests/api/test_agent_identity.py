"""Who the agent is: keys that belong to one process and one manifest, and what becomes of them."""

import base64
import json
import os
import signal
import subprocess
import time

import pytest

from agents import BIN, Agent, Computation, manifest_hash
from test_agent_share import CONFIG, await_out, put, share  # noqa: F401


def workers(agent):
    """The processes that serve, by their number."""
    listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(agent.process.pid)], capture_output=True,
                            text=True, check=False).stdout
    return {int(line.split()[0]) for line in listed.splitlines() if "cocos-worker" in line}


def key_of(agent):
    return agent.state()["spki_sha256"]


def await_gone(pid, seconds=60):
    end = time.monotonic() + seconds
    while os.path.exists(f"/proc/{pid}"):
        assert time.monotonic() < end, f"{pid} is still there"
        time.sleep(0.02)


def test_nobody_else_starts_the_process_that_serves():
    program = os.path.join(BIN, "cocos-worker")
    for arguments in ([], ["--help"], ["--of-the-keeper"]):
        ran = subprocess.run([program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=20,
                             check=False, close_fds=True)
        assert ran.returncode not in (0, -signal.SIGSEGV, -signal.SIGABRT), ran


def test_each_computation_has_a_process_and_keys_of_its_own(agent):
    keys, processes = [key_of(agent)], [workers(agent)]
    for _ in range(2):
        work = Computation("open('results/x', 'w')", {"a": "x"})  # the same manifest twice
        assert work.run(agent)["state"] == "ConsumingResults"
        keys.append(key_of(agent))
        processes.append(workers(agent))
        assert work.result(agent).status == 200
        work.wipe(agent)
        keys.append(key_of(agent))
        processes.append(workers(agent))
    assert len(set(keys)) == 5, keys
    newest = [max(pids) for pids in processes]
    assert newest == sorted(set(newest)), processes
    for pid in newest[:-1]:
        await_gone(pid)
    assert workers(agent) == {newest[-1]}


def test_connections_from_before_tell_the_state_and_nothing_else(agent):
    work = Computation("pass", {"a": "x"})
    by = {"owner": work.owner, "provider": work.provider, "nobody": None}
    before = {name: agent.connect(party) for name, party in by.items()}
    for connection in before.values():
        assert agent.ask("GET", "/v1/state", connection=connection).json["state"] == "ReceivingManifest"
    work.set(agent)
    now = agent.state()
    told = agent.ask("GET", "/v1/state", connection=before["nobody"]).json
    assert told == now and told["state"] == "ReceivingAlgorithm"
    for name, method, path, body in (("provider", "PUT", "/v1/algorithm", work.algorithm),
                                     ("owner", "DELETE", "/v1/computation", None)):
        answer = agent.ask(method, path, body=body, connection=before[name])
        assert answer.status == 409 and "connect again" in answer.json["detail"], answer
    nonce = json.dumps({"nonce": base64.b64encode(bytes(32)).decode()})
    answer = agent.ask("POST", "/v1/attestation", body=nonce, headers={"Content-Type": "application/json"},
                       connection=before["nobody"])
    assert answer.status == 409 and "connect again" in answer.json["detail"], answer
    assert agent.state() == now


def test_whoever_sets_a_manifest_is_told_to_connect_again(agent):
    work = Computation("pass")
    answer = agent.ask("PUT", "/v1/computation", work.owner, json.dumps(work.manifest))
    assert answer.status == 201 and answer.headers["connection"].lower() == "close"
    answer = agent.ask("DELETE", "/v1/computation", work.owner)
    assert answer.status == 204 and answer.headers["connection"].lower() == "close"


def test_one_manifest_of_many_at_once_is_set(agent):
    from concurrent.futures import ThreadPoolExecutor
    works = [Computation(f"print({i})") for i in range(6)]
    with ThreadPoolExecutor(len(works)) as pool:
        answers = list(pool.map(lambda work: agent.ask("PUT", "/v1/computation", work.owner,
                                                       json.dumps(work.manifest)).status, works))
    assert sorted(answers) == [201] + [409] * 5
    assert agent.state()["manifest_sha256"] == works[answers.index(201)].sha256


def test_a_process_that_dies_with_its_computation_is_a_failure(share):  # noqa: F811
    with Agent(share=str(share)) as agent:
        work = Computation("import time; time.sleep(60)", {"a": "secret"})
        work.send(agent)
        agent.await_state("Running")
        key, pid = key_of(agent), max(workers(agent))
        os.kill(pid, signal.SIGKILL)
        state = agent.await_state("Failed", seconds=60)
        assert state["failure"]["kind"] == "crash" and "signal 9" in state["failure"]["detail"]
        assert state["manifest_sha256"] == work.sha256 and state["spki_sha256"] != key
        await_out(share, lambda out: out["state"] == "Failed" and out["spki_sha256"] == state["spki_sha256"])
        assert not [name for _, _, names in os.walk(agent.state_dir) for name in names if name != ".lock"]
        other = Computation("pass")
        assert agent.ask("PUT", "/v1/computation", other.owner, json.dumps(other.manifest)).status == 409
        assert work.result(agent).json["detail"]
        work.wipe(agent)
        assert other.run(agent)["state"] == "ConsumingResults"


def test_a_process_that_dies_while_it_waits_is_started_again(agent):
    first = max(workers(agent))
    os.kill(first, signal.SIGKILL)
    end = time.monotonic() + 60
    while True:
        try:
            assert agent.state()["state"] == "ReceivingManifest"
            break
        except OSError:
            assert time.monotonic() < end
            time.sleep(0.05)
    assert max(workers(agent)) != first
    assert Computation("open('results/x', 'w')").run(agent)["state"] == "ConsumingResults"


def test_everything_goes_with_the_keeper():
    agent = Agent()
    try:
        work = Computation("import time; time.sleep(60)", {"a": "x"})
        work.send(agent)
        agent.await_state("Running")
        pids = workers(agent)
        agent.process.kill()
        agent.process.wait()
        for pid in pids:
            await_gone(pid)
        left = subprocess.run(["ps", "-eo", "args="], capture_output=True, text=True, check=True).stdout
        assert agent.state_dir not in left
    finally:
        agent.process.kill()
        subprocess.run(["rm", "-rf", agent.folder], check=True)


def test_secrets_are_in_no_argument_and_no_environment(agent):
    for pid in workers(agent):
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            assert file.read() == b"cocos-worker\0--of-the-keeper\0"
        with open(f"/proc/{pid}/environ", "rb") as file:
            names = {entry.partition(b"=")[0] for entry in file.read().split(b"\0") if entry}
        assert names <= {b"ASAN_OPTIONS", b"UBSAN_OPTIONS", b"LSAN_OPTIONS"}, names


@pytest.fixture
def sim(share):  # noqa: F811
    put(share, "config.json", CONFIG)
    with Agent(share=str(share), COCOS_AGENT_PLATFORM="sim") as running:
        yield running


def chain_of(bundle):
    return next(base64.b64decode(item["data"]) for item in bundle["items"] if item["type"] == "dice")


def events(bundle):
    """What the run log says was measured."""
    log = base64.b64decode(bundle["logs"]["cel"]).decode()
    return [json.loads(line)["content"]["event"] for line in log.splitlines()]


def test_evidence_of_each_key_goes_to_the_manager(sim, share):  # noqa: F811
    def shown():
        evidence = json.loads((share / "out" / "evidence.json").read_text())
        return base64.b64decode(evidence["transcript"]), evidence

    def await_key():
        key = bytes.fromhex(sim.state()["spki_sha256"])
        end = time.monotonic() + 60
        while key not in shown()[0]:
            assert time.monotonic() < end, "no evidence of the present key"
            time.sleep(0.02)
        pin = "sha256//" + base64.b64encode(key).decode()
        await_out(share, lambda out: out["pin"] == pin)
        return chain_of(shown()[1])

    work = Computation("open('results/x', 'w')")
    chains = [await_key()]
    work.set(sim)
    chains.append(await_key())
    assert bytes.fromhex(work.sha256) in shown()[0]
    assert bytes.fromhex(work.sha256) in chains[1] and bytes.fromhex(work.sha256) not in chains[0]
    work.wipe(sim)
    chains.append(await_key())
    assert bytes.fromhex(work.sha256) not in chains[2]
    assert bytes.fromhex(work.sha256) not in shown()[0] and events(shown()[1]) == ["config", "manifest", "end"]
    assert len(set(chains)) == 3


def test_what_died_is_ended_before_another_process_is_certified(sim, share):  # noqa: F811
    def shown(count):
        """What is measured once the present key's evidence is there."""
        await_out(share, lambda out: out["spki_sha256"] == sim.state()["spki_sha256"])
        end = time.monotonic() + 10
        while True:
            evidence = json.loads((share / "out" / "evidence.json").read_text())
            if len(events(evidence)) == count:
                return evidence
            assert time.monotonic() < end, events(evidence)
            time.sleep(0.02)

    work = Computation("import time; time.sleep(60)", {"a": "secret"})
    work.send(sim)
    sim.await_state("Running")
    os.kill(max(workers(sim)), signal.SIGKILL)
    sim.await_state("Failed", seconds=20)
    evidence = shown(3)
    assert events(evidence) == ["config", "manifest", "end"]
    assert bytes.fromhex(work.sha256) not in base64.b64decode(evidence["transcript"])
    work.wipe(sim)  # what said that it failed was no computation, and ends none
    other = Computation("pass")
    other.set(sim)
    evidence = shown(4)
    assert events(evidence) == ["config", "manifest", "end", "manifest"]
    assert bytes.fromhex(other.sha256) in base64.b64decode(evidence["transcript"])


def test_a_manifest_of_the_share_has_evidence_of_its_own_process_alone(share):  # noqa: F811
    work = Computation("pass")
    put(share, "config.json", CONFIG)
    put(share, "manifest.json", work.manifest)
    with Agent(share=str(share), COCOS_AGENT_PLATFORM="sim") as agent:
        state = agent.state()
        assert state["manifest_sha256"] == manifest_hash(work.manifest)
        assert len(agent.log().split(" serves; pin ")) == 2, agent.log()
