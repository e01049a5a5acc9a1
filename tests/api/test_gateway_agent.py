"""The agent's door: existing clients upload and fetch as they always did."""

import hashlib
import io
import json
import os
import shutil
import socket
import threading
import time
import zipfile

import grpc
import pytest

from gateways import (Client, Gateway, LegacyComputation, agent_with_door, algorithm_messages, dataset_messages, field,
                      fields_of, signed)
from agents import Computation, sha3
from parties import Party
from test_agent_evidence import Bundle
from tpms import Tpm

COPY = "import shutil\nshutil.copy('datasets/a', 'results/a')\n"


def refused(call, code):
    with pytest.raises(grpc.RpcError) as caught:
        call()
    assert caught.value.code() == code, caught.value
    return caught.value.details()


def send_all(client, work):
    client.algo(algorithm_messages(work), signed(work.provider, "algorithm-provider", ("algo_type", "python")))
    for name, data in work.datasets.items():
        client.data(dataset_messages(name, data), signed(work.data, "data-provider", ("decompress", "false")))


def test_a_computation_from_upload_to_result(door, gateway):
    data = os.urandom(5_000_000)
    work = LegacyComputation(COPY, {"a": data}).set(door)
    client = Client(gateway.channel())
    client.health()
    send_all(client, work)
    door.await_state("ConsumingResults")
    headers, messages = client.result(signed(work.consumer, "consumer"))
    parts = [fields_of(message) for message in messages]
    assert all(len(part) == 1 and part[0][0] == 1 for part in parts)
    sizes = [len(part[0][1]) for part in parts]
    assert all(size == 1 << 20 for size in sizes[:-1]) and 0 < sizes[-1] <= 1 << 20
    archive = b"".join(part[0][1] for part in parts)
    assert int(headers["file-size"]) == len(archive)
    assert zipfile.ZipFile(io.BytesIO(archive)).read("a") == data
    door.await_state("Complete")


def test_every_kind_of_key_signs_a_role(door):
    with Gateway("--agent", door.door) as gateway:
        client = Client(gateway.channel())
        for kind in ("rsa", "p256", "p384", "ed25519"):
            party = Party("all", kind)
            work = LegacyComputation(COPY, {"a": "x"}, consumers=[party])
            work.provider = work.data = party
            work.manifest["algorithm"]["provider"]["key"] = party.pem
            work.manifest["datasets"][0]["provider"]["key"] = party.pem
            work.set(door)
            send_all(client, work)
            door.await_state("ConsumingResults")
            assert client.result(signed(party, "consumer"))[1]
            work.wipe(door)


def test_a_role_counts_only_where_the_manifest_says_so(door, gateway):
    work = Computation(COPY, {"a": "x"}).set(door)
    client = Client(gateway.channel())
    said = refused(lambda: send_all(client, work), grpc.StatusCode.UNAUTHENTICATED)
    assert "legacy.signatures" in said


def test_a_role_counts_only_from_the_local_socket(door):
    work = LegacyComputation(COPY, {"a": "x"}).set(door)
    signature = dict(signed(work.provider, "algorithm-provider"))["signature"]
    answer = door.ask("PUT", "/v1/algorithm", None, work.algorithm, {"Cocos-Legacy-Signature": signature})
    assert answer.status == 401 and "gateway" in answer.json["detail"]


def test_who_may_not_is_told_before_the_body(door, gateway):
    work = LegacyComputation(COPY, {"a": "x"}).set(door)
    client = Client(gateway.channel())
    endless = (field(1, bytes(1 << 20)) for _ in range(10_000))
    details = refused(lambda: client.algo(endless, signed(work.stranger, "algorithm-provider", ("algo_type", "bin"))),
                      grpc.StatusCode.UNAUTHENTICATED)
    assert "algorithm-provider" in details
    for metadata in ([], [("algo_type", "bin")], signed(work.provider, "consumer", ("algo_type", "bin")),
                     signed(work.provider, "algorithm-provider", ("algo_type", "bin")) * 2,
                     [("signature", "???"), ("algo_type", "bin")]):
        refused(lambda m=metadata: client.algo([], m), grpc.StatusCode.UNAUTHENTICATED)


def test_who_has_nothing_to_send_is_told_before_his_first_message(door, gateway):
    client = Client(gateway.channel())
    work = LegacyComputation(COPY, {"a": "x"})
    stop = threading.Event()

    def silence():
        stop.wait(30)
        yield from ()

    refused(lambda: client.data(silence(), signed(work.data, "data-provider")), grpc.StatusCode.FAILED_PRECONDITION)
    work.set(door)
    begin = time.monotonic()
    details = refused(lambda: client.data(silence(), signed(work.stranger, "data-provider")),
                      grpc.StatusCode.UNAUTHENTICATED)
    assert "data-provider" in details and time.monotonic() - begin < 25
    stop.set()


def test_requirements_come_with_the_algorithm_also_when_a_first_call_was_cut(door, gateway):
    requirements = b"# nothing\n"
    work = LegacyComputation(COPY, {"a": "x"})
    work.manifest["algorithm"]["requirements_sha3_256"] = sha3(requirements)
    work.set(door)
    client = Client(gateway.channel())
    metadata = signed(work.provider, "algorithm-provider", ("algo_type", "python"))
    assert "come before" in refused(lambda: client.algo(algorithm_messages(work), metadata),
                                    grpc.StatusCode.FAILED_PRECONDITION)
    refused(lambda: client.algo(algorithm_messages(work, b"other"), metadata), grpc.StatusCode.INVALID_ARGUMENT)
    refused(lambda: client.algo([field(2, requirements), field(1, b"not it")], metadata),
            grpc.StatusCode.INVALID_ARGUMENT)
    assert not door.state()["awaiting"]["requirements"] and door.state()["awaiting"]["algorithm"]
    client.algo(algorithm_messages(work, requirements), metadata)
    client.data(dataset_messages("a", work.datasets["a"]), signed(work.data, "data-provider"))
    door.await_state("ConsumingResults")


def test_what_is_missing_is_named(door, gateway):
    work = LegacyComputation(COPY, {"a": "x"}).set(door)
    client = Client(gateway.channel())
    provider = signed(work.provider, "algorithm-provider")
    assert "algo_type" in refused(lambda: client.algo([], provider), grpc.StatusCode.INVALID_ARGUMENT)
    typed = provider + [("algo_type", "python")]
    assert "no algorithm" in refused(lambda: client.algo([], typed), grpc.StatusCode.INVALID_ARGUMENT)
    assert "algo_type" in refused(lambda: client.algo([], provider + [("algo_type", "fortran")]),
                                  grpc.StatusCode.INVALID_ARGUMENT)
    client.algo(algorithm_messages(work), typed)
    data = signed(work.data, "data-provider")
    assert "filename" in refused(lambda: client.data([field(1, b"x")], data), grpc.StatusCode.INVALID_ARGUMENT)
    assert "no dataset" in refused(lambda: client.data([field(2, "a")], data), grpc.StatusCode.INVALID_ARGUMENT)
    refused(lambda: client.data([field(1, b"x") + field(2, "b")], data), grpc.StatusCode.NOT_FOUND)
    refused(lambda: client.data([field(1, b"x") + field(2, "a" * 300)], data), grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert "changes" in refused(lambda: client.data([field(1, b"x") + field(2, "a"), field(2, "b")], data),
                                grpc.StatusCode.INVALID_ARGUMENT)
    refused(lambda: client.data([field(1, b"y") + field(2, "a")], data), grpc.StatusCode.INVALID_ARGUMENT)
    assert door.state()["awaiting"]["datasets"] == ["a"]
    client.data([field(1, b"") + field(2, ""), field(1, b"x") + field(2, "a")], data)
    door.await_state("ConsumingResults")


def test_the_order_of_things_is_the_agents(door, gateway):
    client = Client(gateway.channel())
    work = LegacyComputation(COPY, {"a": "x"})
    early = signed(work.data, "data-provider")
    refused(lambda: client.data([field(1, b"x") + field(2, "a")], early), grpc.StatusCode.FAILED_PRECONDITION)
    work.set(door)
    refused(lambda: client.data([field(1, b"x") + field(2, "a")], early), grpc.StatusCode.FAILED_PRECONDITION)
    refused(lambda: client.result(signed(work.consumer, "consumer")), grpc.StatusCode.FAILED_PRECONDITION)


def test_a_cancelled_upload_leaves_nothing(door, gateway):
    work = LegacyComputation(COPY, {"a": os.urandom(8 << 20)}).set(door)
    client = Client(gateway.channel())
    client.algo(algorithm_messages(work), signed(work.provider, "algorithm-provider", ("algo_type", "python")))
    held = threading.Event()

    def half():
        yield from dataset_messages("a", work.datasets["a"][:4 << 20])
        held.wait(20)

    call = client.channel.stream_unary("/agent.AgentService/Data", request_serializer=bytes,
                                       response_deserializer=bytes)
    future = call.future(half(), metadata=signed(work.data, "data-provider"))
    time.sleep(1)
    future.cancel()
    held.set()
    gateway.await_log("AgentService/Data: 1 in")
    end = time.monotonic() + 60
    while True:  # the name is free again once the agent has heard of it
        try:
            client.data(dataset_messages("a", work.datasets["a"]), signed(work.data, "data-provider"))
            break
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.FAILED_PRECONDITION and time.monotonic() < end, error
            time.sleep(0.1)
    door.await_state("ConsumingResults")


def test_a_deadline_ends_a_call(door, gateway):
    work = LegacyComputation(COPY, {"a": "x"}).set(door)
    client = Client(gateway.channel())
    stop = threading.Event()

    def slowly():
        yield field(1, b"#")
        stop.wait(30)

    begin = time.monotonic()
    refused(lambda: client.algo(slowly(), signed(work.provider, "algorithm-provider", ("algo_type", "python")),
                                timeout=2), grpc.StatusCode.DEADLINE_EXCEEDED)
    assert time.monotonic() - begin < 25
    stop.set()


def test_a_message_over_the_limit_is_refused(door, gateway):
    work = LegacyComputation(COPY, {"a": "x"}).set(door)
    details = refused(lambda: Client(gateway.channel()).algo(
        [field(1, bytes(5 << 20))], signed(work.provider, "algorithm-provider", ("algo_type", "python"))),
        grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert "4194304" in details


def test_an_agent_that_is_not_there_is_told(tmp_path):
    with Gateway("--agent", f"unix:{tmp_path}/none.sock") as gateway:
        refused(lambda: Client(gateway.channel()).result([("signature", "AAAA")]), grpc.StatusCode.UNAVAILABLE)


@pytest.mark.parametrize("size", [20_000, 100_000])
def test_a_result_that_is_dropped_unread_at_the_local_socket_was_not_fetched(door, size):
    work = LegacyComputation(f"open('results/a', 'wb').write(bytes({size}))\n", {"a": "x"}).send(door)
    door.await_state("ConsumingResults")
    for _ in range(4):
        plain = socket.socket(socket.AF_UNIX)
        plain.connect(door.door[len("unix:"):])
        client = door.context(work.consumer).wrap_socket(plain)
        client.sendall(b"GET /v1/result HTTP/1.1\r\nHost: t\r\n\r\n")
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        time.sleep(0.1)  # all of it is on its way
        client.close()
        time.sleep(0.5)
        assert door.state()["state"] == "ConsumingResults"


def test_two_hundred_slow_uploads_at_once_and_nobody_is_refused(door):
    names = [f"part-{i}" for i in range(200)]
    work = LegacyComputation("import os\nopen('results/n', 'w').write(str(len(os.listdir('datasets'))))\n",
                             {name: os.urandom(300_000) for name in names}).set(door)
    with Gateway("--agent", door.door) as gateway:
        client = Client(gateway.channel())
        client.algo(algorithm_messages(work), signed(work.provider, "algorithm-provider", ("algo_type", "python")))
        metadata = signed(work.data, "data-provider")
        call = client.channel.stream_unary("/agent.AgentService/Data", request_serializer=bytes,
                                           response_deserializer=bytes)
        begun, all_begun = [], threading.Event()

        def slowly(name):
            messages = dataset_messages(name, work.datasets[name], 100_000)
            yield messages[0]
            begun.append(name)
            all_begun.wait(60)  # all of them are under way
            yield from messages[1:]

        futures = [call.future(slowly(name), metadata=metadata) for name in names]
        end = time.monotonic() + 60
        while len(begun) < len(names):
            assert time.monotonic() < end, len(begun)
            time.sleep(0.1)
        all_begun.set()
        for future in futures:
            future.result(60)
        door.await_state("ConsumingResults")


def attestation(channel, request):
    call = channel.unary_stream("/agent.AgentService/Attestation", request_serializer=bytes,
                                response_deserializer=bytes)(request, timeout=60)
    headers = dict(call.initial_metadata())
    return headers, b"".join(content for message in call for _, content in fields_of(message))


def test_evidence_answers_the_clients_nonce_and_names_the_agents_key():
    tee, vtpm = os.urandom(64), os.urandom(32)
    with Tpm() as tpm, agent_with_door(COCOS_AGENT_PLATFORM="vtpm", COCOS_AGENT_TPM=tpm.tcti) as agent, \
            Gateway("--agent", agent.door) as gateway:
        channel = gateway.channel()
        for request, nonce in ((field(2, vtpm) + b"\x18\x01", vtpm),
                               (field(1, tee) + field(2, vtpm) + b"\x18\x01", hashlib.sha256(tee + vtpm).digest()),
                               (field(1, tee) + b"\x18\x01", hashlib.sha256(tee).digest())):
            headers, text = attestation(channel, request)
            bundle = Bundle(json.loads(text))
            assert int(headers["file-size"]) == len(text) and set(bundle.items) == {"vtpm"}
            assert bundle.fields["nonce"] == nonce
            assert bundle.fields["server"].hex() == agent.state()["spki_sha256"]
            assert hashlib.sha256(bundle.report_data).digest() in bundle.items["vtpm"]
        for request, code in ((b"\x18\x00", grpc.StatusCode.UNIMPLEMENTED), (b"\x18\x02", grpc.StatusCode.UNIMPLEMENTED),
                              (b"\x18\x03", grpc.StatusCode.UNIMPLEMENTED), (b"\x18\x05", grpc.StatusCode.INVALID_ARGUMENT),
                              (field(1, bytes(65)), grpc.StatusCode.INVALID_ARGUMENT),
                              (field(2, bytes(33)), grpc.StatusCode.INVALID_ARGUMENT)):
            refused(lambda request=request: attestation(channel, request), code)
    shutil.rmtree(agent.door_folder)


def test_what_this_machine_has_not_is_said(door, gateway):
    channel = gateway.channel()
    refused(lambda: attestation(channel, field(2, bytes(32)) + b"\x18\x01"), grpc.StatusCode.UNIMPLEMENTED)
    call = channel.unary_unary("/agent.AgentService/AzureAttestationToken", request_serializer=bytes,
                               response_deserializer=bytes)
    refused(lambda: call(b"", timeout=60), grpc.StatusCode.UNIMPLEMENTED)
