"""The manager's door: existing clients make and remove VMs, each in its own name."""

import os
import signal
import time

import grpc
import pytest

from gateways import Gateway, field, fields_of
from managers import Manager
from parties import Party


def call(gateway, party, method, message, timeout=60):
    path = "/manager.ManagerService/" + method
    return gateway.channel(party).unary_unary(path, request_serializer=bytes, response_deserializer=bytes)(
        message, timeout=timeout)


def refused(code, *arguments):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments)
    assert caught.value.code() == code, caught.value
    return caught.value.details()


@pytest.fixture
def world(tmp_path):
    """A manager, a gateway to it, and two clients whose keys it knows."""
    one, two = Party("client-one"), Party("client-two", "p384")
    with Manager() as manager:
        tokens = tmp_path / "tokens"
        tokens.write_text(f"# clients\n{one.identity} {manager.token('one', 'operator')}\n"
                          f"{two.identity} {manager.token('two', 'operator')}\n")
        os.chmod(tokens, 0o600)
        with Gateway("--manager", f"https://127.0.0.1:{manager.port}", "--manager-ca",
                     os.path.join(manager.state, "ca.pem"), "--tokens", str(tokens)) as gateway:
            yield manager, gateway, one, two


def test_a_vm_from_creation_to_removal(world):
    manager, gateway, one, two = world
    answer = dict(fields_of(call(gateway, one, "CreateVm", field(7, "1h0m0s"))))
    vm_id = answer[2].decode()
    assert 1024 < int(answer[1]) < 65536
    vm = manager.get(f"/v1/vms/{vm_id}").json
    assert vm["owner"] == "one" and vm["expires_at"] is not None
    assert vm["grpc_url"] == f"https://127.0.0.1:{answer[1].decode()}" != vm["agent_url"]

    info = call(gateway, one, "CVMInfo", field(1, vm_id))
    assert info.startswith(field(1, vm_id)) and b"\x18\x01" in info  # cpu_num 1
    refused(grpc.StatusCode.NOT_FOUND, gateway, two, "CVMInfo", field(1, vm_id))
    refused(grpc.StatusCode.NOT_FOUND, gateway, two, "RemoveVm", field(1, vm_id))

    policy = dict(fields_of(call(gateway, one, "AttestationPolicy", field(1, vm_id))))
    assert policy[2].decode() == vm_id
    assert policy[1] == manager.get(f"/v1/vms/{vm_id}/attestation-policy",
                                    headers={"Accept": "application/corim+cbor"}).body
    refused(grpc.StatusCode.NOT_FOUND, gateway, two, "AttestationPolicy", field(1, vm_id))

    assert call(gateway, one, "RemoveVm", field(1, vm_id)) == b""
    assert manager.get(f"/v1/vms/{vm_id}").status == 404
    refused(grpc.StatusCode.NOT_FOUND, gateway, one, "RemoveVm", field(1, vm_id))


def test_a_client_that_goes_leaves_no_vm_that_it_does_not_know(world):
    manager, gateway, one, _ = world
    manager.process.send_signal(signal.SIGSTOP)  # it has not answered yet when the client goes
    refused(grpc.StatusCode.DEADLINE_EXCEEDED, gateway, one, "CreateVm", b"", 1)
    manager.process.send_signal(signal.SIGCONT)
    gateway.await_log("before VM .* was made")
    until = time.monotonic() + 60
    while manager.get("/v1/vms").json["items"]:
        assert time.monotonic() < until, gateway.log()
        time.sleep(0.1)


def test_without_a_key_that_is_known_there_is_nothing(world):
    _, gateway, _, _ = world
    assert "certificate" in refused(grpc.StatusCode.UNAUTHENTICATED, gateway, None, "CreateVm", b"")
    stranger = Party("client-three")
    assert stranger.identity in refused(grpc.StatusCode.PERMISSION_DENIED, gateway, stranger, "CreateVm", b"")


def test_what_cannot_be_done_is_said(world):
    manager, gateway, one, _ = world
    assert "ttl" in refused(grpc.StatusCode.INVALID_ARGUMENT, gateway, one, "CreateVm", field(7, "soon"))
    refused(grpc.StatusCode.INVALID_ARGUMENT, gateway, one, "CreateVm", field(1, "shouting"))
    for number, name in ((3, "agent_cvm_client_key"), (4, "agent_cvm_client_cert"), (6, "agent_cvm_ca_url"),
                         (8, "agent_certs_token"), (9, "aws_access_key_id"), (10, "aws_secret_access_key"),
                         (11, "aws_endpoint_url"), (12, "aws_region"), (13, "aa_kbs_params")):
        said = refused(grpc.StatusCode.UNIMPLEMENTED, gateway, one, "CreateVm", field(number, "AKIA-1234"))
        assert said.startswith(f"{name} is not taken: ") and said.endswith("; leave it out") and "AKIA" not in said
    for request in (field(5, "cvms:7001"), field(5, "cvms:7001") + field(2, "authorities")):
        assert "'cvms:7001'; add it" in refused(grpc.StatusCode.UNIMPLEMENTED, gateway, one, "CreateVm", request)
    assert "PEM" in refused(grpc.StatusCode.INVALID_ARGUMENT, gateway, one, "CreateVm", field(2, b"\xff"))
    refused(grpc.StatusCode.INVALID_ARGUMENT, gateway, one, "CreateVm", b"\xff")
    assert manager.get("/v1/vms").json["items"] == []
    refused(grpc.StatusCode.NOT_FOUND, gateway, one, "CVMInfo", field(1, "../../v1/host"))
