"""The share: what the host puts in, hostile or not, and what the agent puts out."""

import base64
import hashlib
import json
import os
import re
import struct
import subprocess
import time
import zlib

import pytest

from agents import BIN, Agent, Computation
from parties import openssl

NONCE = base64.b64encode(bytes(32)).decode()
CONFIG = {"version": 1, "vm_id": "vm-1", "boot_nonce": NONCE}


@pytest.fixture
def share(tmp_path):
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    return tmp_path


def put(share, name, content):
    text = content if isinstance(content, (str, bytes)) else json.dumps(content)
    (share / "in" / name).write_bytes(text.encode() if isinstance(text, str) else text)


def out_state(share):
    return json.loads((share / "out" / "state.json").read_text())


def await_out(share, test, seconds=60):
    end = time.monotonic() + seconds
    while True:
        try:
            state = out_state(share)
            if test(state):
                return state
        except FileNotFoundError:
            state = None
        assert time.monotonic() < end, state
        time.sleep(0.02)


def test_state_goes_out_as_it_is_asked_for(share):
    put(share, "config.json", CONFIG)
    with Agent(share=str(share)) as agent:
        state = await_out(share, lambda state: state["state"] == "ReceivingManifest")
        asked = agent.state()
        assert {name: state[name] for name in asked} == asked
        assert set(state) - set(asked) == {"time", "seq", "pin"}

        der = agent.raw().getpeercert(True)
        spki = openssl("pkey", "-pubin", "-outform", "DER", stdin=openssl(
            "x509", "-inform", "DER", "-noout", "-pubkey", stdin=der))
        digest = hashlib.sha256(spki).digest()
        assert state["spki_sha256"] == digest.hex()
        assert state["pin"] == "sha256//" + base64.b64encode(digest).decode()


def lines_of(share):
    """How many events have come: they are written by themselves, the state as well."""
    return (share / "out" / "events.ndjson").read_text().count("\n")


def test_every_change_goes_out_with_its_events(share):
    with Agent(share=str(share)) as agent:
        work = Computation("open('results/x', 'w')", {"a": "x"})
        work.run(agent)
        work.result(agent)
        await_out(share, lambda state: state["state"] == "Complete" and lines_of(share) >= 12)
        events = [json.loads(line) for line in
                  (share / "out" / "events.ndjson").read_text().splitlines()]
        assert [event["id"] for event in events] == list(range(1, len(events) + 1))
        assert [event["type"] for event in events] == [
            "state", "manifest", "state", "algorithm", "state", "dataset", "state", "run", "result",
            "state", "fetched", "state"]
        assert {event["subject"] for event in events[1:]} == {"test-1"}
        assert events[-1]["data"] == {"from": "ConsumingResults", "to": "Complete"}
        told = [event["data"] for event in events if event["type"] in ("algorithm", "dataset", "result")]
        assert not re.search("[0-9a-f]{40}", json.dumps(told)), "a digest would confirm a guess"
        work.wipe(agent)
        await_out(share, lambda state: state["state"] == "ReceivingManifest")


def igvm(page):
    """An IGVM file for SEV-SNP with one page of zeros there."""
    headers = struct.pack("<IIIBBHQ", 1, 16, 1, 0, 2, 1, 0) + struct.pack("<IIQIIII", 0x302, 24, page, 1, 0, 0, 0)

    def fixed(checksum):
        return b"IGVM" + struct.pack("<IIIII", 1, 24, len(headers), 24 + len(headers) + 8, checksum)
    return fixed(zlib.crc32(fixed(0) + headers)) + headers + bytes(8)


def measured(share):
    path = share / "in" / "launch.igvm"
    out = subprocess.run([os.path.join(BIN, "cocos-cli"), "igvmmeasure", path], capture_output=True, text=True, check=True)
    return out.stdout.split()[-1].lower()


def test_an_igvm_file_that_this_machine_was_made_from_is_no_news(share):
    put(share, "config.json", CONFIG)
    put(share, "launch.igvm", igvm(0x1000))
    with Agent(share=str(share), COCOS_AGENT_PLATFORM="sim", COCOS_AGENT_SIM_MEASUREMENT=measured(share)):
        await_out(share, lambda state: state["state"] == "ReceivingManifest")


@pytest.mark.parametrize("file, platform, says", [
    (igvm(0x2000), "sim", "was not made from it"), (b"IGVM", "sim", "igvm"), (b"", "sim", "igvm"),
    (igvm(0x1000), "none", "nothing here says")], ids=["another", "cut", "empty", "no report"])
def test_an_igvm_file_that_this_machine_was_not_made_from_ends_it(share, file, platform, says):
    put(share, "config.json", CONFIG)
    put(share, "launch.igvm", igvm(0x1000))
    launched = measured(share)
    put(share, "launch.igvm", file)
    with Agent(share=str(share), COCOS_AGENT_PLATFORM=platform, COCOS_AGENT_SIM_MEASUREMENT=launched) as agent:
        state = await_out(share, lambda state: state["state"] == "Failed")
        assert state["failure"]["kind"] == "launch" and says in state["failure"]["detail"], state
        answer = agent.ask("PUT", "/v1/computation", Computation.owner, json.dumps(Computation("x = 1").manifest))
        assert answer.status == 409 and agent.state()["state"] == "Failed"


def test_the_heart_beats(share):
    with Agent(share=str(share)):
        first = await_out(share, lambda state: True)
        await_out(share, lambda state: state["seq"] >= first["seq"] + 2, seconds=30)


def test_a_manifest_from_the_share_is_set(share):
    work = Computation("pass")
    put(share, "manifest.json", work.manifest)
    with Agent(share=str(share)) as agent:
        state = agent.state()
        assert state["state"] == "ReceivingAlgorithm" and state["manifest_sha256"] == work.sha256
        work.send_algorithm(agent)
        agent.await_state("ConsumingResults")


def test_only_the_owner_whom_the_share_names_sets_a_computation(share):
    put(share, "config.json", {**CONFIG, "owner_key": Computation.data.pem})
    work = Computation("pass")
    with Agent(share=str(share)) as agent:
        text = json.dumps(work.manifest)
        assert agent.ask("PUT", "/v1/computation", work.owner, text).status == 403
        assert agent.ask("PUT", "/v1/computation", work.data, text).status == 403  # not its owner
        work.manifest["owner"]["key"] = Computation.data.pem
        text = json.dumps(work.manifest)
        assert agent.ask("PUT", "/v1/computation", work.owner, text).status == 403
        assert agent.ask("PUT", "/v1/computation", work.data, text).status == 201


def test_that_owner_may_sign(share):
    from agents import Signed
    put(share, "config.json", {**CONFIG, "owner_key": Computation.data.pem})
    work = Computation("pass")
    work.manifest["owner"]["key"] = Computation.data.pem
    text = json.dumps(work.manifest).encode()
    with Agent(share=str(share)) as agent, Signed(agent) as channel:
        ask = lambda party, **change: channel.ask(  # noqa: E731
            party, "PUT", "/v1/computation", work.sha256, text, **change).status
        assert ask(work.data) == 201
    with Agent(share=str(share)) as agent, Signed(agent) as channel:
        assert ask(work.owner) == 403


BAD_CONFIGS = {
    "no JSON": "{",
    "empty": "",
    "an array": "[]",
    "a member that is not known": {**CONFIG, "x": 1},
    "members twice": '{"version":1,"version":1,"vm_id":"a","boot_nonce":"%s"}' % NONCE,
    "another version": {**CONFIG, "version": 2},
    "a short nonce": {**CONFIG, "boot_nonce": "AAAA"},
    "a missing member": {"version": 1},
    "no key": {**CONFIG, "owner_key": "no key"},
    "a private key": {**CONFIG, "owner_key": open(Computation.owner.key_file).read()},
    "too deep": "[" * 1000 + "]" * 1000,
    "too large": json.dumps({**CONFIG, "cvms_url": "x" * 100_000}),
    "no UTF-8": b'{"version":1,"vm_id":"\xff"}',
    "a NUL": b'{"version":1,"vm_id":"a\\u0000b","boot_nonce":"' + NONCE.encode() + b'"}',
}


@pytest.mark.parametrize("name", BAD_CONFIGS)
def test_a_bad_config_is_said_and_nothing_is_begun(share, name):
    put(share, "config.json", BAD_CONFIGS[name])
    with Agent(share=str(share)) as agent:
        state = agent.state()
        assert state["state"] == "Failed" and state["failure"]["kind"] == "config", state
        await_out(share, lambda out: out["state"] == "Failed")
        assert agent.ask("GET", "/readyz").status == 503
        work = Computation("pass")
        answer = agent.ask("PUT", "/v1/computation", work.owner, json.dumps(work.manifest))
        assert answer.status == 409


@pytest.mark.parametrize("content", [
    "{", {"id": "x"}, " " * (4 << 20) + "{}",
    {**Computation("x").manifest, "run": {"memory_mib": 16 << 20}},
    {**Computation("x").manifest, "run": {"network": {"allow": ["a:1"]}}},
], ids=["no JSON", "no manifest", "too large", "too much memory", "not available"])
def test_a_bad_manifest_is_said(share, content):
    put(share, "manifest.json", content)
    with Agent(share=str(share)) as agent:
        state = agent.state()
        assert state["state"] == "Failed" and state["failure"]["kind"] == "manifest", state
        assert agent.ask("GET", "/v1/result", Computation.consumer).status == 409


def test_a_manifest_of_another_owner_than_the_shares_is_refused(share):
    put(share, "config.json", {**CONFIG, "owner_key": Computation.data.pem})
    put(share, "manifest.json", Computation("x").manifest)
    with Agent(share=str(share)) as agent:
        assert agent.state()["failure"]["kind"] == "manifest"


@pytest.mark.parametrize("make", [
    lambda path: os.symlink("/etc/passwd", path), lambda path: os.mkfifo(path),
    lambda path: os.mkdir(path), lambda path: os.symlink(path, path),
], ids=["a link", "a pipe", "a directory", "a loop"])
@pytest.mark.parametrize("name", ["config.json", "manifest.json"])
def test_what_is_no_file_is_not_read(share, name, make):
    make(str(share / "in" / name))
    with Agent(share=str(share)) as agent:
        assert agent.state()["failure"]["kind"] == name.split(".", maxsplit=1)[0]
        assert "root:" not in agent.log()


def test_devices_are_not_read(share):
    if os.geteuid() != 0:
        pytest.skip("SKIP: no right to make devices")
    os.mknod(share / "in" / "config.json", 0o020666, os.makedev(1, 5))
    with Agent(share=str(share)) as agent:
        assert agent.state()["failure"]["kind"] == "config"


def test_an_absent_in_is_fine_and_a_link_for_it_is_not(tmp_path):
    (tmp_path / "out").mkdir()
    with Agent(share=str(tmp_path)) as agent:
        assert agent.state()["state"] == "ReceivingManifest"
    os.symlink("/etc", tmp_path / "in")
    with Agent(share=str(tmp_path)) as agent:
        assert agent.state()["failure"]["kind"] == "config"


def test_traps_in_out_are_replaced_not_followed(share):
    victim = share / "victim"
    victim.write_text("precious")
    os.symlink(victim, share / "out" / "state.json")
    os.mkfifo(share / "out" / "events.ndjson")
    with Agent(share=str(share)):
        end = time.monotonic() + 60
        while (share / "out" / "state.json").is_symlink():
            assert time.monotonic() < end
        await_out(share, lambda state: state["state"] == "ReceivingManifest")
    assert victim.read_text() == "precious"
    assert not (share / "out" / "state.json").is_symlink()
    assert (share / "out" / "events.ndjson").is_file()


def test_an_out_that_takes_nothing_stops_nobody(share):
    os.mkdir(share / "out" / "state.json")
    with Agent(share=str(share)) as agent:
        agent.await_log("the share: ")
        work = Computation("pass")
        assert work.run(agent)["state"] == "ConsumingResults"
        os.rmdir(share / "out" / "state.json")
        await_out(share, lambda state: state["state"] == "ConsumingResults")


def test_a_flood_beside_it_does_not_matter(share):
    put(share, "config.json", CONFIG)
    for i in range(3000):
        (share / "in" / f"x{i}").touch()
        (share / "out" / f"x{i}").touch()
    with Agent(share=str(share)) as agent:
        await_out(share, lambda state: state["state"] == "ReceivingManifest")
        assert agent.state()["state"] == "ReceivingManifest"


def test_the_share_is_read_once(share):
    put(share, "config.json", CONFIG)
    with Agent(share=str(share)) as agent:
        put(share, "config.json", {**CONFIG, "owner_key": Computation.data.pem})
        put(share, "manifest.json", Computation("x").manifest)
        Computation("pass").set(agent)
