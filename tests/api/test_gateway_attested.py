"""The older attested TLS at the agent's door: what its client checks, what it should check, and who gets nothing."""

import os
import shutil
import socket
import struct
import subprocess
import threading
import time

import grpc
import pytest
from OpenSSL import SSL

from attested import EVIDENCE, P256, SIGNATURES, Attested, Refused, extension, frame, request_message
from agents import BIN
from gateways import Client, Gateway, LegacyComputation, agent_with_door, algorithm_messages, dataset_messages, signed
from parties import openssl
from test_gateway_evidence import COPY, Token
from tpms import Tpm


@pytest.fixture(scope="module")
def machine():
    with Tpm() as tpm, agent_with_door(COCOS_AGENT_PLATFORM="vtpm", COCOS_AGENT_TPM=tpm.tcti) as agent, \
            Gateway("--agent", agent.door, "--attested-tls") as gateway:
        agent.gateway = gateway
        yield agent
    shutil.rmtree(agent.door_folder)


@pytest.fixture
def allowed(machine):
    work = LegacyComputation(COPY, {"a": "some data"})
    work.manifest["legacy"]["attestation"] = True
    work.set(machine)
    yield work
    work.wipe(machine)


def plain_client(machine, work):
    client = Client(machine.gateway.channel())
    client.health()
    return client


def test_a_computation_over_an_attested_connection(machine, allowed):
    connection = Attested(machine.gateway.port).attest()
    token = Token(connection.evidence)
    token.check(connection.report_data, connection.nonce)  # what the TPM signed is over this very connection
    assert token.fields["manifest"].hex() == allowed.sha256
    channel = grpc.insecure_channel(f"127.0.0.1:{connection.relay()}")
    client = Client(channel)
    client.health()
    client.algo(algorithm_messages(allowed), signed(allowed.provider, "algorithm-provider", ("algo_type", "python")))
    client.data(dataset_messages("a", allowed.datasets["a"]), signed(allowed.data, "data-provider"))
    machine.await_state("ConsumingResults")
    assert client.result(signed(allowed.consumer, "consumer"))[1]
    channel.close()
    assert "legacy.attestation" in machine.log()


@pytest.mark.parametrize("cipher", ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])
def test_every_cipher_suite_has_its_hash(machine, allowed, cipher):
    for context in (os.urandom(32), b"", b"c" * 255):
        connection = Attested(machine.gateway.port, cipher=cipher).attest(context)
        Token(connection.evidence).check(connection.report_data, connection.nonce)
        connection.close()


def test_the_evidence_of_one_connection_is_over_no_other(machine, allowed):
    context = os.urandom(32)
    one, other = (Attested(machine.gateway.port).attest(context) for _ in range(2))
    with pytest.raises(AssertionError):
        Token(one.evidence).check(other.report_data, other.nonce)


def test_where_the_manifest_does_not_say_so_there_is_none(machine):
    work = LegacyComputation(COPY, {"a": "x"})
    for setting in (None, work):
        if setting:
            setting.set(machine)
        with pytest.raises(Refused):
            Attested(machine.gateway.port).attest()
        machine.gateway.await_log("attested TLS: .*legacy.attestation")
        plain_client(machine, work)  # who does not ask is served as ever
    work.wipe(machine)


def test_the_door_is_closed_unless_it_is_asked_for(allowed, machine):
    with Gateway("--agent", machine.door) as gateway:
        with pytest.raises(Refused):
            Attested(gateway.port).attest()
        Client(gateway.channel()).health()


GOOD = extension(SIGNATURES, struct.pack(">HH", 2, P256)) + extension(EVIDENCE, b"")


@pytest.mark.parametrize("words", [
    b"\0" + frame(request_message(bytes(32)))[1:],  # a type that is none
    frame(request_message(bytes(32)), 2),  # an authenticator of the client's
    b"\x01\x00\xff\xff\xff",  # too long
    b"\x01\x00\x00\x00\x00",  # empty
    frame(b"\x0b" + request_message(bytes(32))[1:]),  # another message
    frame(request_message(bytes(32))[:-1]), frame(request_message(bytes(32)) + b"\0"),
    frame(request_message(bytes(32), b"")), frame(request_message(bytes(32), extension(EVIDENCE, b""))),
    frame(request_message(bytes(32), GOOD[:8])), frame(request_message(bytes(32), GOOD[:-1])),
    frame(request_message(bytes(32), GOOD + extension(EVIDENCE, b""))),
    frame(request_message(bytes(32), extension(EVIDENCE, b"x") + GOOD[:8])),
    frame(request_message(bytes(32), extension(SIGNATURES, struct.pack(">HH", 2, 0x0804)) + extension(EVIDENCE, b""))),
    frame(request_message(bytes(32), extension(SIGNATURES, b"\0\3\4\3\0") + extension(EVIDENCE, b""))),
], ids=lambda words: words[:6].hex() + "-" + str(len(words)))
def test_what_is_no_request_ends_the_connection_and_no_other(machine, allowed, words):
    connection = Attested(machine.gateway.port)
    connection.tls.sendall(words)
    with pytest.raises(Refused):
        connection.read_frame()
    plain_client(machine, allowed)


def test_other_extensions_and_schemes_do_no_harm(machine, allowed):
    request = request_message(b"ctx", extension(0x1234, b"?") + extension(
        SIGNATURES, struct.pack(">HHHH", 6, 0x0804, P256, 0x0807)) + extension(EVIDENCE, b""))
    connection = Attested(machine.gateway.port)
    for byte in frame(request):  # and neither does haste
        connection.tls.sendall(bytes([byte]))
    connection.check(request, b"ctx", connection.read_frame())
    Token(connection.evidence).check(connection.report_data, connection.nonce)


def test_attested_tls_is_tls_1_3(machine, allowed):
    connection = Attested(machine.gateway.port, version=SSL.TLS1_2_VERSION)
    connection.tls.sendall(frame(request_message(bytes(32))))
    with pytest.raises(Refused):
        connection.read_frame()


def test_http2_may_follow_at_once(machine, allowed):
    request = request_message(b"c")
    connection = Attested(machine.gateway.port)
    connection.tls.sendall(frame(request) + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
    connection.check(request, b"c", connection.read_frame())
    assert connection.take(9)[3] == 4  # SETTINGS
    connection.close()


def test_who_is_silent_or_leaves_keeps_nobody_waiting(machine, allowed):
    silent = [socket.create_connection(("127.0.0.1", machine.gateway.port)) for _ in range(20)]
    half = [Attested(machine.gateway.port) for _ in range(5)]
    for connection in half:
        connection.tls.sendall(b"\x01\x00")
    gone = [Attested(machine.gateway.port) for _ in range(5)]
    for connection in gone:
        connection.tls.sendall(frame(request_message(bytes(32))))
        connection.close()
    begin = time.monotonic()
    plain_client(machine, allowed)
    end = time.monotonic() + 30
    while True:  # at most eight are answered at once, those that left among them
        try:
            Attested(machine.gateway.port).attest()
            break
        except Refused:
            assert time.monotonic() < end
            time.sleep(0.2)
    assert time.monotonic() - begin < 30
    for connection in silent:
        connection.close()


def test_many_at_once_are_answered_or_turned_away(machine, allowed):
    good, refused, lock = [], [], threading.Lock()

    def one():
        try:
            connection = Attested(machine.gateway.port).attest()
            Token(connection.evidence).check(connection.report_data, connection.nonce)
            outcome = good
        except Refused:
            outcome = refused
        with lock:
            outcome.append(1)

    threads = [threading.Thread(target=one) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(good) + len(refused) == 24 and len(good) >= 4
    plain_client(machine, allowed)


def test_its_clients_know_one_kind_of_key_only(machine, tmp_path):
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "crt.pem")
    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", "/CN=g", "-out", certificate)
    for arguments, words in ((["--certificate", certificate, "--key", key], b"P-256"), (["--plaintext"], b"TLS")):
        done = subprocess.run([os.path.join(BIN, "cocos-gateway"), "--listen", "127.0.0.1:0", "--agent", machine.door,
                               "--attested-tls", *arguments], capture_output=True, timeout=20, check=False)
        assert done.returncode == 2 and words in done.stderr, done
