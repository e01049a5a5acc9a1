"""Peers of HTTP/2 that send without end, or what unpacks to much more than it is: their connection ends or is borne, memory
stays bounded, and the others are served."""

import os
import random
import threading
import time

import pytest

from gateways import Client, Gateway, memory_of
from peers import (CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS,
                   WINDOW_UPDATE, Peer, frame, head, literal)

NOWHERE = "unix:/nowhere/agent.sock"
WATCH, ALGO = "/grpc.health.v1.Health/Watch", "/agent.AgentService/Algo"
OPEN = frame(HEADERS, END_HEADERS, 1, head(ALGO, signature="AAAA", algo_type="bin"))
IN_ASAN = "asan" in os.environ.get("BIN_DIR", "") or "tsan" in os.environ.get("BIN_DIR", "")


def indexed(name, value):
    """A field that goes into the peer's table (RFC 7541, 6.2.1)."""
    return b"\x40" + literal(name, value)[1:]


BOMB = indexed("x-bomb", "y" * 3900)
AGAIN = b"\xbe" * 12000  # entry 62: the newest of the table, 12000 times

# What is said at first, and what again and again; every stream of the second has the number that takes the place of S.
FLOODS = {
    "settings": (b"", lambda s: frame(SETTINGS, 0, 0, b"\0\3\0\0\0\x64") * 100),
    "pings": (b"", lambda s: frame(PING, 0, 0, b"12345678") * 100),
    "empty data": (OPEN, lambda s: frame(DATA, 0, 1) * 100),
    "padding alone": (OPEN, lambda s: frame(DATA, 8, 1, b"\xff" + bytes(255)) * 10),
    "windows of one byte": (OPEN, lambda s: frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\1") * 100),
    "priorities": (b"", lambda s: frame(2, 0, s, b"\0\0\0\0\x10") * 100),
    "kinds of frames that nobody knows": (b"", lambda s: frame(0xEE, 0, 0, b"x" * 100) * 100),
    "bodies that are longer than their heads say": (b"", lambda s: frame(HEADERS, END_HEADERS, s, head(
        WATCH, content_length="1")) + frame(DATA, 0, s, b"\0\0")),
    "streams that we are made to reset": (b"", lambda s: frame(HEADERS, END_HEADERS, s, head(WATCH)) +
                                          frame(WINDOW_UPDATE, 0, s, b"\x7f\xff\xff\xff")),
    "bodies of requests that have ended": (b"", lambda s: frame(HEADERS, END_HEADERS | END_STREAM, s, head()) +
                                           frame(DATA, 0, s, b"x")),
    "trailers in the middle": (b"", lambda s: frame(HEADERS, END_HEADERS, s, head(ALGO)) +
                               frame(HEADERS, END_HEADERS, s, literal("x", "y"))),
    "header bombs": (frame(HEADERS, END_HEADERS | END_STREAM, 1, head() + BOMB),
                     lambda s: frame(HEADERS, END_HEADERS | END_STREAM, s, head() + AGAIN)),
    "empty continuations": (frame(HEADERS, 0, 1, head()), lambda s: frame(CONTINUATION, 0, 1) * 100),
    "noise": (b"", lambda s: frame(random.choice(range(10)), random.choice(range(64)), random.choice([0, 1, s]),
                                   random.randbytes(random.choice([0, 4, 5, 8, 64])))),
}


@pytest.mark.parametrize("reads", [True, False], ids=["reading", "deaf"])
@pytest.mark.parametrize("case", FLOODS)
def test_a_flood_ends_its_connection_or_is_borne_and_others_are_served(case, reads):
    first, again = FLOODS[case]
    with Gateway("--agent", NOWHERE, tls=False) as gateway:
        peer = Peer(gateway)
        peer.say(first)
        peer.socket.settimeout(1)
        end, slowest = time.monotonic() + 1.5, 0
        threads = [threading.Thread(target=pour, args=(peer, again, end))]
        if reads:
            threads.append(threading.Thread(target=drink, args=(peer, end)))
        for thread in threads:
            thread.start()
        while time.monotonic() < end:
            begin = time.monotonic()
            Client(gateway.channel()).health(timeout=10)
            slowest = max(slowest, time.monotonic() - begin)
        for thread in threads:
            thread.join()
        peer.close()
        Client(gateway.channel()).health(timeout=10)
        if not IN_ASAN:
            assert slowest < 3
            assert memory_of(gateway.process) < 64 << 20


def pour(peer, again, end):
    stream = 3
    try:
        while time.monotonic() < end:
            peer.say(again(stream))
            stream += 2
    except OSError:  # the gateway hung up, or takes nothing more
        pass


def drink(peer, end):
    try:
        while time.monotonic() < end and peer.socket.recv(65536):
            pass
    except OSError:
        pass


def test_a_window_that_overflows_ends_its_connection():
    with Gateway("--agent", NOWHERE, tls=False) as gateway:
        peer = Peer(gateway)
        peer.say(frame(WINDOW_UPDATE, 0, 0, b"\x7f\xff\xff\xff"))
        assert peer.await_frame(GOAWAY)
        peer = Peer(gateway, hello=False)
        peer.say(PREFACE + frame(SETTINGS, 0, 0, b"\0\4\xff\xff\xff\xff"))  # no window may be that large from the start
        assert peer.await_frame(GOAWAY)


def answer(peer, stream, fields):
    """How a small call ended: the whole of its last header block, as bytes."""
    peer.say(frame(HEADERS, END_HEADERS, stream, fields) + frame(DATA, END_STREAM, stream, b"\0\0\0\0\0"))
    for kind, flags, at, payload in peer.frames():
        if at == stream and kind == RST_STREAM:
            return b"reset"
        if at == stream and kind == HEADERS and flags & END_STREAM:
            return payload
    raise AssertionError("the connection ended")


def test_metadata_that_is_wrong_is_refused_or_means_nothing():
    with Gateway("--agent", NOWHERE, tls=False) as gateway:
        peer, stream = Peer(gateway), 1
        whole = answer(peer, stream, head())
        for timeout in ("", "1", "S", "-1S", "1 S", "1S ", "123456789S", "1e3S", "0x1S", "9" * 1000, "1s", "1SS", "\u0661S"):
            stream += 2
            said = answer(peer, stream, head(grpc_timeout=timeout))
            assert said == b"reset" or len(said) > len(whole), timeout  # with a reason
        for timeout in ("99999999H", "1M"):
            stream += 2
            assert len(answer(peer, stream, head(grpc_timeout=timeout))) <= len(whole), timeout
        for value in ("%", "%zz", "!!!", "=" * 100, b"\xff\xfe", "AAA", "A" * 8000):
            stream += 2
            assert answer(peer, stream, head(x_bin=value, grpc_message=value))  # nobody reads it
        peer.close()
