"""One gateway beside one agent whose processes come and go, each with a key of its own: the gateway lives on, and shows a
client the certificate of the one whom it speaks to."""

import os
import signal
import time
import types

import grpc
import pytest

from agents import Computation
from gateways import Client, Gateway, LegacyComputation, algorithm_messages, dataset_messages, field, signed
from servers import Server, run_request
from test_gateway_cvms import COPY, send_all

UNAVAILABLE = grpc.StatusCode.UNAVAILABLE


class Beside(Gateway):
    """With what the agent lays beside its socket, as in a VM."""

    def __init__(self, door, *arguments):
        files = types.SimpleNamespace(certificate_file=os.path.join(door.door_folder, "gateway.pem"),
                                      key_file=os.path.join(door.door_folder, "gateway.key"))
        super().__init__("--agent", door.door, "--agent-pin", "chain", *arguments, identity=files)
        self.door, self.renewals = door, 0

    def hear_of_the_next_process(self):
        """What process 1 of a VM does when the socket is there again."""
        end = time.monotonic() + 20
        while not os.path.exists(self.door.door[len("unix:"):]):
            assert time.monotonic() < end
            time.sleep(0.02)
        self.renewals += 1
        self.process.send_signal(signal.SIGHUP)
        while self.log().count("the certificate was read anew") < self.renewals:
            assert time.monotonic() < end, self.log()
            time.sleep(0.02)

    def state(self, channel):
        call = channel.unary_unary("/cocos.v1.ComputationService/State", request_serializer=bytes,
                                   response_deserializer=bytes)
        return call(b"", timeout=20)


@pytest.fixture
def beside(door):
    with Beside(door) as gateway:
        yield gateway


def fails(code, ask):
    with pytest.raises(grpc.RpcError) as caught:
        ask()
    assert caught.value.code() == code, caught.value
    return caught.value.details()


def test_a_connection_leads_to_the_process_that_it_was_made_for_or_nowhere(door, beside):
    before = beside.channel()
    assert b"ReceivingManifest" in beside.state(before)
    Computation("pass").set(door)
    assert "connect again" in fails(UNAVAILABLE, lambda: beside.state(before))
    late = beside.channel()  # of one who connects before the gateway has heard of it
    fails(UNAVAILABLE, lambda: beside.state(late))
    beside.hear_of_the_next_process()
    after = beside.channel()
    assert b"ReceivingAlgorithm" in beside.state(after)
    # Who knows the agent by the former key has to verify the next one first.
    fails(UNAVAILABLE, lambda: Client(before).health())
    assert b"ReceivingAlgorithm" in beside.state(after)


def test_what_is_under_way_ends_by_itself_when_a_certificate_is_renewed(door, beside):
    work = LegacyComputation(COPY, {"a": "x" * 3_000_000}).set(door)
    beside.hear_of_the_next_process()
    client = Client(beside.channel())
    client.algo(algorithm_messages(work), signed(work.provider, "algorithm-provider", ("algo_type", "python")))
    watch = client.channel.unary_stream("/grpc.health.v1.Health/Watch", request_serializer=bytes,
                                        response_deserializer=bytes)(field(1, "agent"))
    assert next(watch) == b"\x08\x01"

    def messages():
        first, *rest = dataset_messages("a", work.datasets["a"])
        yield first
        time.sleep(1)
        beside.hear_of_the_next_process()  # of the same one: the files are the same, the connection is old
        time.sleep(1)
        yield from rest

    client.data(messages(), signed(work.data, "data-provider"))
    door.await_state("ConsumingResults")
    watch.cancel()
    assert client.result(signed(work.consumer, "consumer"))[1]  # by a connection that was made meanwhile
    assert beside.process.poll() is None


def test_a_certificate_that_cannot_be_read_leaves_the_one_before(door, beside, tmp_path):
    channel = beside.channel()
    beside.state(channel)
    path = os.path.join(door.door_folder, "gateway.key")
    os.rename(path, tmp_path / "key")
    beside.process.send_signal(signal.SIGHUP)
    beside.await_log("the certificate stays as it was: .*gateway.key")
    assert b"ReceivingManifest" in beside.state(channel)
    assert b"ReceivingManifest" in beside.state(beside.channel())
    os.rename(tmp_path / "key", path)


def test_a_computation_server_hears_of_one_computation_after_the_other_by_one_stream(door):
    work = Computation(COPY, {"a": "x"})
    with Server() as server:
        with Beside(door, "--cvms-url", f"http://127.0.0.1:{server.port}", "--cvms-retry", "200ms") as gateway:
            server.await_visit()
            for ident in ("c-1", "c-2", "c-3"):
                server.run(run_request(work, ident))
                assert server.await_word("run", computation=ident)["error"] == ""
                gateway.hear_of_the_next_process()
                send_all(Client(gateway.channel()), work)
                server.await_word("event", computation=ident, type="ConsumingResults")
                server.await_word("log", computation=ident, message="hello from within")
                server.stop_computation(ident)
                assert server.await_word("stop", computation=ident)["message"] == ""
                gateway.hear_of_the_next_process()
            assert len(server.visits) == 1


def test_an_agent_that_vouches_for_nothing_is_not_spoken_to(door):
    with Gateway("--agent", door.door, "--agent-pin", "chain") as gateway:  # a certificate that nobody else signed
        call = gateway.channel().unary_unary("/cocos.v1.ComputationService/State", request_serializer=bytes,
                                             response_deserializer=bytes)
        with pytest.raises(grpc.RpcError) as caught:
            call(b"", timeout=20)
        assert "no agent's certificate" in caught.value.details()
