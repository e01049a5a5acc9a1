"""A second client that is not ours: grpc-js, with messages from our .proto files. tests/node/install gets it."""

import hashlib
import io
import json
import os
import random
import subprocess
import time
import zipfile
from pathlib import Path

import pytest

from agents import Computation
from gateways import Client, Gateway, LegacyComputation, agent_with_door, field, fields_of, role_signature
from managers import Manager
from parties import Party

ROOT = Path(__file__).resolve().parent.parent.parent
LARGE_MIB = int(os.environ.get("LARGE_MIB", "1024"))  # less for who is in a hurry
COPY = "import shutil\nshutil.copy('datasets/a', 'results/a')\n"


@pytest.fixture(scope="module", autouse=True)
def packages():
    done = subprocess.run([ROOT / "tests/node/install"], capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"SKIP: no grpc-js: {done.stderr.strip()}")


class Node:
    def __init__(self, gateway, party=None, certificate=None):
        self.options = {"target": f"localhost:{gateway.port}"}
        if gateway.tls:
            self.options |= {"target": f"127.0.0.1:{gateway.port}", "ca": gateway.identity.certificate_file}
        if party:
            self.options |= {"key": party.key_file, "certificate": certificate or party.certificate_file}

    def __call__(self, action, **options):
        done = subprocess.run(["node", ROOT / "tests/node/client.js", action, json.dumps(self.options | options)],
                              capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


def signed(party, role, *more):
    return [["signature", role_signature(party, role)], *more]


def algorithm(work):
    return {"text": work.algorithm.decode(), "metadata": signed(work.provider, "algorithm-provider",
                                                                ["algo_type", "python"])}


@pytest.fixture(params=["plaintext", "tls", "mtls"])
def node(request, door):
    client = Party("node")
    more = ["--client-ca", client.certificate_file] if request.param == "mtls" else []
    with Gateway("--agent", door.door, *more, tls=request.param != "plaintext") as gateway:
        yield Node(gateway, client if request.param == "mtls" else None)


@pytest.fixture
def plain(door):
    with Gateway("--agent", door.door, tls=False) as gateway:
        yield Node(gateway)


def test_every_method_of_the_agent(node, door, tmp_path):
    data = random.randbytes(3_000_000)
    (tmp_path / "a").write_bytes(data)
    work = LegacyComputation(COPY, {"a": data}).set(door)
    assert node("health", service="agent") == {"status": "SERVING"}
    assert node("health", service="else")["code"] == "NOT_FOUND"
    assert node("algo", **algorithm(work)) == {}
    assert node("data", file=str(tmp_path / "a"), name="a", metadata=signed(work.data, "data-provider")) == {}
    door.await_state("ConsumingResults")
    got = node("result", metadata=signed(work.consumer, "consumer"))
    assert got["bytes"] == got["size"] and got["largest"] == 1 << 20
    assert door.state()["state"] == "Complete"
    whole = work.result(door).body
    assert hashlib.sha256(whole).hexdigest() == got["sha256"]
    assert zipfile.ZipFile(io.BytesIO(whole)).read("a") == data
    assert node("token")["code"] == "UNIMPLEMENTED"
    assert node("ima")["code"] in ("NOT_FOUND", "UNIMPLEMENTED")  # no list, or no TPM that it could lead to
    assert node("attestation", nonce="00" * 32, type=1)["code"] == "UNIMPLEMENTED"  # this machine has no platform


def test_without_its_certificate_mtls_has_no_client(door):
    with Gateway("--agent", door.door, "--client-ca", Party("node").certificate_file) as gateway:
        assert Node(gateway)("health", service="agent", seconds=5)["code"] in ("UNAVAILABLE", "DEADLINE_EXCEEDED")


def test_refusals_come_before_the_body_is_read(plain, door, tmp_path):
    (tmp_path / "block").write_bytes(bytes(1 << 20))
    work = LegacyComputation(COPY, {"a": "x"}).set(door)
    begin = time.monotonic()
    answer = plain("algo", file=str(tmp_path / "block"), times=100_000,
                   metadata=signed(work.stranger, "algorithm-provider", ["algo_type", "bin"]))
    assert answer["code"] == "UNAUTHENTICATED" and "algorithm-provider" in answer["details"]
    assert time.monotonic() - begin < 60
    assert plain("algo", text="x")["code"] == "UNAUTHENTICATED"


def test_deadlines_and_cancellation_leave_nothing(plain, door, tmp_path):
    data = random.randbytes(2 << 20)
    (tmp_path / "a").write_bytes(data[:1 << 20])
    (tmp_path / "whole").write_bytes(data)
    work = LegacyComputation(COPY, {"a": data}).set(door)
    plain("algo", **algorithm(work))
    half = {"file": str(tmp_path / "a"), "name": "a", "metadata": signed(work.data, "data-provider")}
    assert plain("stuck", seconds=2, **half)["code"] == "DEADLINE_EXCEEDED"
    assert plain("stuck", cancel_after=1, **half)["code"] == "CANCELLED"
    assert door.state()["awaiting"]["datasets"] == ["a"]
    end = time.monotonic() + 60
    while (answer := plain("data", **half | {"file": str(tmp_path / "whole")})) != {}:
        assert answer["code"] == "FAILED_PRECONDITION" and time.monotonic() < end, answer  # not heard of it yet
    door.await_state("ConsumingResults")


def test_a_message_over_the_limit_is_refused(plain, door, tmp_path):
    (tmp_path / "block").write_bytes(bytes(5 << 20))
    work = LegacyComputation(COPY, {"a": "x"}).set(door)
    answer = plain("algo", file=str(tmp_path / "block"), metadata=algorithm(work)["metadata"])
    assert answer["code"] == "RESOURCE_EXHAUSTED" and "4194304" in answer["details"]


def test_a_slow_reader_gets_everything_and_costs_nothing(door):
    work = LegacyComputation("open('results/a', 'wb').write(bytes(8 << 20))\n", {"a": "x"}).send(door)
    door.await_state("ConsumingResults")
    with Gateway("--agent", door.door, tls=False) as gateway:
        begin = time.monotonic()
        got = Node(gateway)("result", slow=0.3, metadata=signed(work.consumer, "consumer"))
        assert got["bytes"] == got["size"] > 8 << 20 and time.monotonic() - begin > 2
        assert door.state()["state"] == "Complete"


def test_two_hundred_streams_at_once(plain, door, tmp_path):
    data = random.randbytes(50_000)
    (tmp_path / "part").write_bytes(data)
    names = [f"part-{i}" for i in range(200)]
    work = LegacyComputation("open('results/a', 'w')\n", {name: data for name in names}).set(door)
    plain("algo", **algorithm(work))
    answer = plain("many", names=names, file=str(tmp_path / "part"), metadata=signed(work.data, "data-provider"))
    assert answer == {"OK": 200}
    door.await_state("ConsumingResults")


def grpcio_sends(client, block, name, metadata):
    messages = (field(1, block) + field(2, name) for _ in range(LARGE_MIB))
    client.data(messages, metadata, timeout=500)


def grpcio_fetches(client, metadata):
    """(what the header says, what came)"""
    call = client.channel.unary_stream(
        "/agent.AgentService/Result", request_serializer=bytes,
        response_deserializer=lambda message: sum(len(value) for _, value in fields_of(message)))
    answer = call(b"", metadata=metadata, timeout=500)
    came = sum(answer)
    return int(dict(answer.initial_metadata())["file-size"]), came


def test_much_goes_both_ways(tmp_path):
    """A gibibyte, by either client that is not ours."""
    block = random.randbytes(1 << 20)
    (tmp_path / "block").write_bytes(block)
    digest = hashlib.sha3_256()
    for _ in range(LARGE_MIB):
        digest.update(block)
    with agent_with_door() as agent, Gateway("--agent", agent.door) as gateway:
        node, grpcio = Node(gateway), Client(gateway.channel())
        work = LegacyComputation(COPY, {"a": "x", "b": "x"}, memory_mib=128 + 2 * LARGE_MIB, timeout="5m")
        for dataset in work.manifest["datasets"]:
            dataset["sha3_256"] = digest.hexdigest()
        work.set(agent)
        assert node("algo", **algorithm(work)) == {}
        assert node("data", file=str(tmp_path / "block"), times=LARGE_MIB, name="a", seconds=500,
                    metadata=signed(work.data, "data-provider")) == {}
        grpcio_sends(grpcio, block, "b", [tuple(pair) for pair in signed(work.data, "data-provider")])
        assert agent.await_state("ConsumingResults", "Failed", seconds=200)["state"] == "ConsumingResults"
        got = node("result", seconds=500, metadata=signed(work.consumer, "consumer"))
        assert got["bytes"] == got["size"] > LARGE_MIB << 20
        assert agent.state()["state"] == "Complete"
        size, came = grpcio_fetches(grpcio, [tuple(pair) for pair in signed(work.consumer, "consumer")])
        assert size == came == got["size"]
    os.rmdir(agent.door_folder)


def test_the_agents_own_operations(door):
    work = Computation(COPY, {"a": "x"})
    with Gateway("--agent", door.door) as gateway:
        owner, nobody = Node(gateway, work.owner), Node(gateway)
        request = {"manifest": json.dumps(work.manifest)}
        assert nobody("cocos", method="SetComputation", request=request)["code"] == "UNAUTHENTICATED"
        assert owner("cocos", method="SetComputation", request=request)["manifest_sha256"] == work.sha256
        assert nobody("cocos", method="State")["state"] == "ReceivingAlgorithm"
        assert owner("cocos", method="Run")["code"] == "FAILED_PRECONDITION"
        assert owner("cocos", method="Stop") == {}
        assert nobody("cocos", method="State")["state"] == "ReceivingManifest"


def test_every_method_of_the_manager(tmp_path):
    party = Party("node-operator")
    with Manager() as manager:
        tokens = tmp_path / "tokens"
        tokens.write_text(f"{party.identity} {manager.token('one', 'operator')}\n")
        os.chmod(tokens, 0o600)
        with Gateway("--manager", f"https://127.0.0.1:{manager.port}", "--manager-ca",
                     os.path.join(manager.state, "ca.pem"), "--tokens", str(tokens)) as gateway:
            node = Node(gateway, party)
            assert Node(gateway)("manager", method="CreateVm")["code"] == "UNAUTHENTICATED"
            vm = node("manager", method="CreateVm", request={"ttl": "1h0m0s"})
            assert int(vm["forwarded_port"]) > 1024
            assert node("manager", method="CVMInfo", request={"id": vm["cvm_id"]})["id"] == vm["cvm_id"]
            assert node("manager", method="AttestationPolicy", request={"id": vm["cvm_id"]})["info"]
            assert node("manager", method="RemoveVm", request={"cvm_id": vm["cvm_id"]}) == {}
            assert node("manager", method="CVMInfo", request={"id": vm["cvm_id"]})["code"] == "NOT_FOUND"
