"""Clients that keep the gateway waiting: each is borne for a while and then ended, and nobody is taken to have what he
has not got."""

import threading
import time

import grpc
import pytest

from gateways import Client, Gateway, LegacyComputation, dataset_messages, field, signed
from peers import (ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS,
                   WINDOW_UPDATE, Peer, frame, head)

PATIENCE = 2


@pytest.fixture
def hasty(door):
    with Gateway("--agent", door.door, "--patience", f"{PATIENCE}s", tls=False) as gateway:
        yield gateway
        Client(gateway.channel()).health()


def test_a_head_that_trickles_ends_its_connection(hasty):
    peers = [Peer(hasty) for _ in range(2)]
    peers[0].say((100).to_bytes(3, "big") + bytes([HEADERS, END_HEADERS]) + (1).to_bytes(4, "big"))
    peers[1].say(frame(HEADERS, 0, 1, head()))
    begin = time.monotonic()
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        while time.monotonic() - begin < 60:
            peers[0].say(b"\0")
            peers[1].say(frame(CONTINUATION, 0, 1, b""))
            time.sleep(1)
    assert 8 < time.monotonic() - begin < 60
    assert all(peer.is_closed() for peer in peers)


@pytest.mark.parametrize("piece", [b"", b"x" * 50], ids=["silence", "a trickle"])
def test_an_upload_that_stalls_is_ended_and_leaves_nothing(door, hasty, piece):
    work = LegacyComputation("pass\n", {"a": bytes(100_000)}).set(door).send_algorithm(door)
    stop, client = threading.Event(), Client(hasty.channel())

    def slowly():
        yield field(1, b"x") + field(2, "a")
        while not stop.wait(0.25):
            if piece:
                yield field(1, piece)

    begin = time.monotonic()
    with pytest.raises(grpc.RpcError) as caught:
        client.data(slowly(), signed(work.data, "data-provider"), timeout=None)
    stop.set()
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED, caught.value
    assert "1 KiB a second" in caught.value.details() and time.monotonic() - begin < 60
    end = time.monotonic() + 60
    while True:  # the name is free again once the agent has heard of it
        try:
            client.data(dataset_messages("a", work.datasets["a"]), signed(work.data, "data-provider"))
            break
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.FAILED_PRECONDITION and time.monotonic() < end, error
            time.sleep(0.1)
    door.await_state("ConsumingResults")


@pytest.fixture
def result(door):
    """A result of some size, ready for its consumer."""
    work = LegacyComputation("import os\nopen('results/a', 'wb').write(os.urandom(1_000_000))\n", {"a": "x"})
    work.send(door)
    door.await_state("ConsumingResults")
    metadata = signed(work.consumer, "consumer")
    yield dict(metadata)["signature"]
    assert door.state()["state"] == "ConsumingResults"  # whoever did not get it has not fetched it
    with Gateway("--agent", door.door, tls=False) as gateway:
        Client(gateway.channel()).result(metadata)
        assert door.state()["state"] == "Complete"  # and whoever has, has: at once


def ask_result(peer, signature):
    fields = head("/agent.AgentService/Result", signature=signature)
    peer.say(frame(HEADERS, END_HEADERS, 1, fields) + frame(DATA, END_STREAM, 1, b"\0\0\0\0\0"))


def settings(window):
    return PREFACE + frame(SETTINGS, 0, 0, b"\0\4" + window.to_bytes(4, "big")) + \
        frame(WINDOW_UPDATE, 0, 0, (1 << 30).to_bytes(4, "big"))


@pytest.mark.parametrize("opens", [0, 100], ids=["never", "too little"])
def test_a_window_that_never_opens_ends_its_stream(hasty, result, opens):
    peer = Peer(hasty, hello=False)
    peer.say(settings(0))
    ask_result(peer, result)
    begin, stop = time.monotonic(), threading.Event()

    def open_a_little():
        while not stop.wait(0.25):
            peer.say(frame(WINDOW_UPDATE, 0, 1, opens.to_bytes(4, "big")))

    opener = threading.Thread(target=open_a_little)
    if opens:
        opener.start()
    _, reason = peer.await_frame(RST_STREAM, 1)
    assert int.from_bytes(reason, "big") == 8 and PATIENCE * 0.9 < time.monotonic() - begin < 60
    stop.set()
    hasty.await_log(r"Result: (1|4) in")
    peer.close()


def test_a_peer_that_reads_nothing_is_cut(hasty, result):
    peer = Peer(hasty, hello=False)
    peer.socket.setsockopt(6, 10, 4096)  # TCP_WINDOW_CLAMP: its kernel takes little, and it nothing
    peer.say(settings(1 << 30))
    for stream in range(1, 20, 2):
        fields = head("/agent.AgentService/Result", signature=result)
        peer.say(frame(HEADERS, END_HEADERS, stream, fields) + frame(DATA, END_STREAM, stream, b"\0\0\0\0\0"))
    hasty.await_log(r"Result: (1|4) in \d+ ms", 20)
    peer.close()


def test_what_no_ping_vouches_for_is_not_fetched(hasty, result):
    peer = Peer(hasty, hello=False)
    peer.say(settings(1 << 30))
    ask_result(peer, result)
    got, pinged = 0, False
    for kind, flags, stream, payload in peer.frames():
        got += len(payload) if kind == DATA else 0
        pinged = pinged or (kind == PING and not flags & ACK and got > 1_000_000)
        if kind == HEADERS and flags & END_STREAM:
            break
    assert got > 1_000_000 and pinged  # all of it came, and it was asked for
    hasty.await_log(r"Result: 4 in \d+ ms: the client answers no PING")
    peer.close()


def test_a_ping_that_comes_back_makes_it_fetched(door, hasty):
    work = LegacyComputation("open('results/a', 'w').write('x')\n", {"a": "x"}).send(door)
    door.await_state("ConsumingResults")
    peer = Peer(hasty, hello=False)
    peer.say(settings(1 << 30))
    ask_result(peer, dict(signed(work.consumer, "consumer"))["signature"])
    flags, payload = peer.await_frame(PING)
    assert not flags & ACK and door.state()["state"] == "ConsumingResults"
    peer.say(frame(PING, ACK, 0, payload))
    assert peer.await_frame(HEADERS, 1)[0] & END_STREAM
    assert door.state()["state"] == "Complete"
    peer.close()
