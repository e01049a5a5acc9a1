"""Reflection, and the agent's own operations over gRPC. The client knows no .proto file: it learns the messages from the
server, with the protobuf library, and speaks them with grpcio."""

import json
import threading

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from agents import Computation
from gateways import Client, Gateway, algorithm_messages, field, fields_of, signed

COPY = "import shutil\nshutil.copy('datasets/a', 'results/a')\n"
SERVICES = {"agent.AgentService", "cocos.v1.ComputationService", "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"}


def ask_reflection(channel, version, *requests):
    """The answers, each {field number: bytes}."""
    call = channel.stream_stream(f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
                                 request_serializer=bytes, response_deserializer=bytes)
    return [dict(fields_of(answer)) for answer in call(iter(requests), timeout=60)]


class Server:
    """A server's services, as it describes them itself."""

    def __init__(self, channel, version="v1"):
        self.channel, self.pool = channel, descriptor_pool.DescriptorPool()
        self.version, self.loaded = version, set()
        answer, = ask_reflection(channel, version, field(7, ""))
        self.services = {dict(fields_of(one))[1].decode() for number, one in fields_of(answer[6]) if number == 1}

    def load(self, request):
        answer, = ask_reflection(self.channel, self.version, request)
        file = descriptor_pb2.FileDescriptorProto.FromString(dict(fields_of(answer[4]))[1])
        if file.name not in self.loaded:
            self.loaded.add(file.name)
            for name in file.dependency:
                self.load(field(3, name))
            self.pool.Add(file)
        return file

    def method(self, service, name):
        """(call, request class): ready to be called with the request's members."""
        self.load(field(4, service))
        method = self.pool.FindServiceByName(service).methods_by_name[name]
        request, response = (message_factory.MessageFactory(self.pool).GetPrototype(kind)
                             for kind in (method.input_type, method.output_type))
        shape = "unary_stream" if method.containing_service.full_name.startswith("cocos") and name == "Events" \
            else "unary_unary"
        call = getattr(self.channel, shape)(f"/{service}/{name}", request_serializer=request.SerializeToString,
                                            response_deserializer=response.FromString)
        return lambda timeout=30, **members: call(request(**members), timeout=timeout)

    def __getattr__(self, name):
        return self.method("cocos.v1.ComputationService", name)


@pytest.fixture
def secure(door):
    with Gateway("--agent", door.door) as gateway:
        yield gateway


def refused(code, call, **members):
    with pytest.raises(grpc.RpcError) as caught:
        call(**members)
    assert caught.value.code() == code, caught.value
    return caught.value.details()


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_a_server_describes_itself(secure, version):
    server = Server(secure.channel(), version)
    assert server.services == SERVICES
    for service in SERVICES:
        assert server.load(field(4, service)).service[0].method
    assert server.load(field(4, "agent.AgentService.Algo")).name == "agent.proto"
    assert server.load(field(4, "grpc.health.v1.HealthCheckResponse.ServingStatus")).name == "health.proto"
    assert server.load(field(3, "google/protobuf/empty.proto")).package == "google.protobuf"
    answers = ask_reflection(secure.channel(), version, field(4, "agent"), field(4, "agent.Algo"), field(4, ""),
                             field(3, "other.proto"), field(6, "agent.AlgoRequest"), field(4, "agent.AgentServices"))
    assert len(answers) == 6 and all(set(answer) >= {7} and 4 not in answer for answer in answers)


def test_what_is_no_request_of_reflection_ends_its_call(secure):
    with pytest.raises(grpc.RpcError) as caught:
        ask_reflection(secure.channel(), "v1", field(7, ""), b"\xff\xff")
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT


def test_those_who_talk_without_end_leave_room_for_calls(secure):
    channel, stop = secure.channel(), threading.Event()

    def silence():
        yield field(7, "")
        stop.wait(30)

    call = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                 request_serializer=bytes, response_deserializer=bytes)
    talks = [call(silence()) for _ in range(16)]
    assert all(next(talk) for talk in talks)
    with pytest.raises(grpc.RpcError) as caught:
        next(call(silence()))
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    Client(channel).health()
    stop.set()
    for talk in talks:
        talk.cancel()


def test_health_as_it_is_described(secure):
    check = Server(secure.channel()).method("grpc.health.v1.Health", "Check")
    assert check(service="agent").status == 1


def test_a_computation_from_manifest_to_receipt(door, secure):
    work = Computation(COPY, {"a": "x" * 1000}, start="manual")
    owner, stranger, nobody = (Server(secure.channel(party)) for party in (work.owner, work.stranger, None))
    consumer = Server(secure.channel(work.consumer))
    manifest = json.dumps(work.manifest)

    assert nobody.State().state == "ReceivingManifest"
    assert "certificate" in refused(grpc.StatusCode.UNAUTHENTICATED, nobody.SetComputation, manifest=manifest)
    refused(grpc.StatusCode.PERMISSION_DENIED, stranger.SetComputation, manifest=manifest)
    refused(grpc.StatusCode.INVALID_ARGUMENT, owner.SetComputation, manifest="{}")
    refused(grpc.StatusCode.INVALID_ARGUMENT, owner.SetComputation, manifest="")
    answer = owner.SetComputation(manifest=manifest)
    assert (answer.computation_id, answer.manifest_sha256) == ("test-1", work.sha256)
    refused(grpc.StatusCode.FAILED_PRECONDITION, owner.SetComputation, manifest=manifest)

    state = nobody.State()
    assert (state.state, state.computation_id, state.manifest_sha256) == ("ReceivingAlgorithm", "test-1", work.sha256)
    assert json.loads(state.document) == door.state() and state.spki_sha256 == door.state()["spki_sha256"]

    seen, ended = [], threading.Event()

    def listen():
        for event in consumer.Events(timeout=60):
            seen.append(event)
        ended.set()

    listener = threading.Thread(target=listen)
    listener.start()
    work.send_algorithm(door).send_data(door)
    refused(grpc.StatusCode.PERMISSION_DENIED, stranger.Run)
    assert "another computation" in refused(grpc.StatusCode.FAILED_PRECONDITION, owner.Run, computation="00" * 32)
    refused(grpc.StatusCode.INVALID_ARGUMENT, owner.Run, computation="no digest")
    refused(grpc.StatusCode.FAILED_PRECONDITION, consumer.Receipt)
    owner.Run(computation=work.sha256)
    door.await_state("ConsumingResults")
    receipt = json.loads(consumer.Receipt(computation=work.sha256).document)
    assert receipt["manifest_sha256"] == work.sha256 and receipt["cose"]
    refused(grpc.StatusCode.PERMISSION_DENIED, stranger.Receipt)
    refused(grpc.StatusCode.PERMISSION_DENIED, stranger.Events().__next__)

    refused(grpc.StatusCode.PERMISSION_DENIED, consumer.Stop)
    owner.Stop(computation=work.sha256)
    assert ended.wait(20) and nobody.State().state == "ReceivingManifest"
    listener.join()
    assert [event.id for event in seen] == sorted({event.id for event in seen})
    told = [(event.type, json.loads(event.document)) for event in seen]
    assert {"algorithm", "dataset", "run", "state"} <= {kind for kind, _ in told}
    assert all(document["type"] == kind for kind, document in told)


def test_events_go_on_behind_the_one_that_was_seen(door, secure):
    work = Computation(COPY, {"a": "x"}).send(door)
    door.await_state("ConsumingResults")
    consumer = Server(secure.channel(work.consumer))
    stream = consumer.Events(timeout=20)
    first, second = next(stream), next(stream)
    stream.cancel()
    assert next(consumer.Events(timeout=20, after=first.id)) == second


def test_a_key_that_another_program_vouches_for_says_nothing(door):
    work = Computation(COPY, {"a": "x"})
    answer = door.ask("PUT", "/v1/computation", None, json.dumps(work.manifest),
                      {"Cocos-Caller": work.owner.identity})
    assert answer.status == 401 and "gateway" in answer.json["detail"]


def test_older_names_and_new_ones_go_together(door, secure):
    work = Computation(COPY, {"a": "x"})
    work.manifest["legacy"] = {"signatures": True}
    Server(secure.channel(work.owner)).SetComputation(manifest=json.dumps(work.manifest))
    Client(secure.channel()).algo(algorithm_messages(work),
                                  signed(work.provider, "algorithm-provider", ("algo_type", "python")))
    assert door.state()["state"] == "ReceivingData"
