"""The gateway's HTTP/2: what peers may do to it, and what it survives. The peer is scripted byte by byte."""

import os
import re
import socket
import ssl
import subprocess
import threading
import time

import grpc
import pytest

from gateways import Client, Gateway, field
from peers import (CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PREFACE, RST_STREAM, SETTINGS,
                   WINDOW_UPDATE, Peer, frame, head, literal)

NOWHERE = "unix:/nowhere/agent.sock"


@pytest.fixture
def plain():
    with Gateway("--agent", NOWHERE, tls=False) as gateway:
        yield gateway
        Client(gateway.channel()).health()  # whatever a test did, others are served


def rounds(peer, stream, fields, body=b"\0\0\0\0\0"):
    """One request; its whole answer as bytes (the header blocks as HPACK left them)."""
    peer.say(frame(HEADERS, END_HEADERS, stream, fields) + frame(DATA, END_STREAM, stream, body))
    out = b""
    for kind, flags, at, payload in peer.frames():
        if at != stream:
            continue
        out += payload
        if kind == RST_STREAM or flags & END_STREAM:
            return out
    raise AssertionError("the connection ended")


def test_what_is_no_grpc_gets_an_answer_of_http(plain):
    peer = Peer(plain)
    for stream, fields in ((1, head(method="GET")), (3, head(content_type="text/plain")),
                           (5, head(content_type=None))):
        assert rounds(peer, stream, fields)  # answered, and the connection goes on
    peer.close()


@pytest.mark.parametrize("connections, streams", [(8, 50), (1, 200)])
def test_twenty_thousand_calls_by_a_load_generator(plain, tmp_path, connections, streams):
    body = tmp_path / "body"
    body.write_bytes(b"\0\0\0\0\0")
    out = subprocess.run(
        ["h2load", "-n", "20000", "-c", str(connections), "-m", str(streams), "-d", str(body), "-H", "content-type: application/grpc",
         "-H", "te: trailers", f"http://127.0.0.1:{plain.port}/grpc.health.v1.Health/Check"],
        stdout=subprocess.PIPE, check=True, text=True, timeout=600).stdout
    assert re.search(r"20000 succeeded, 0 failed, 0 errored", out), out
    end = time.monotonic() + 20
    while len(os.listdir(f"/proc/{plain.process.pid}/task")) > 16:  # threads end with the calls that they were for
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("bytes_", [
    b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\x16\x03\x01" + b"\0" * 100, PREFACE[:-1] + b"x",
    PREFACE + frame(DATA, 0, 0), PREFACE + frame(SETTINGS, 0, 0, b"\0"),
    PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, END_HEADERS, 2, b"\x82"),
    PREFACE + frame(SETTINGS, 0, 0) + frame(CONTINUATION, END_HEADERS, 1, b"\x82"),
    PREFACE + frame(SETTINGS, 0, 0) + frame(HEADERS, END_HEADERS, 1, b"\xff\xff\xff\xff\xff\xff"),
    PREFACE + b"\xff\xff\xff\x00\x00\x00\x00\x00\x01", PREFACE + frame(WINDOW_UPDATE, 0, 0, b"\0\0\0\0"),
], ids=range(10))
def test_what_is_no_http2_ends_its_connection(plain, bytes_):
    peer = Peer(plain, hello=False)
    peer.say(bytes_)
    assert peer.is_closed()


def test_header_lists_have_a_ceiling(plain):
    peer = Peer(plain)
    block = head() + b"".join(literal(f"x-{i}", "y" * 1000) for i in range(17))
    peer.say(frame(HEADERS, 0, 1, block[:16000]) + frame(CONTINUATION, END_HEADERS, 1, block[16000:]))
    assert peer.await_frame(RST_STREAM, 1)
    assert b"\x00" in rounds(peer, 3, head())
    peer.close()


def test_an_endless_header_list_ends_its_connection(plain):
    peer = Peer(plain)
    peer.say(frame(HEADERS, 0, 1, head()))
    try:
        for i in range(1000):
            peer.say(frame(CONTINUATION, 0, 1, literal(f"x-{i}", "y" * 8000)))
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert peer.is_closed()


def test_streams_that_are_reset_at_once_end_their_connection(plain):
    peer = Peer(plain)
    try:
        for i in range(5000):
            stream = 2 * i + 1
            peer.say(frame(HEADERS, END_HEADERS, stream, head()) +
                     frame(RST_STREAM, 0, stream, (8).to_bytes(4, "big")))
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert peer.await_frame(GOAWAY)


def test_more_than_the_window_ends_the_stream_or_the_connection(plain):
    peer = Peer(plain)
    peer.say(frame(HEADERS, END_HEADERS, 1, head("/agent.AgentService/Algo", signature="AAAA", algo_type="bin")))
    try:
        for _ in range(400):
            peer.say(frame(DATA, 0, 1, bytes(16384)))
    except (BrokenPipeError, ConnectionResetError):
        pass
    assert any(kind in (RST_STREAM, GOAWAY) for kind, *_ in peer.frames())
    peer.close()


def test_more_streams_than_may_be_are_refused(plain):
    peer = Peer(plain)
    for i in range(300):
        peer.say(frame(HEADERS, END_HEADERS, 2 * i + 1, head("/grpc.health.v1.Health/Watch")))
    assert any(kind in (RST_STREAM, GOAWAY) for kind, *_ in peer.frames())
    peer.close()


def test_a_peer_that_only_speaks_cannot_make_answers_pile_up(plain):
    peer = Peer(plain, hello=False)
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.say(PREFACE + frame(SETTINGS, 0, 0))  # the server's settings are never acknowledged
    fields = head("/grpc.health.v1.Health/Watch")
    with pytest.raises((BrokenPipeError, ConnectionResetError)):
        for begin in range(0, 1_000_000, 1000):
            peer.say(b"".join(frame(HEADERS, END_HEADERS, 2 * i + 1, fields) for i in range(begin, begin + 1000)))
    peer.close()


def test_a_silent_peer_is_cut_and_does_not_hold_the_others(plain):
    silent = [Peer(plain, hello=False) for _ in range(20)]
    begin = time.monotonic()
    for _ in range(20):
        Client(plain.channel()).health()
    assert time.monotonic() - begin < 10
    assert all(peer.is_closed() for peer in silent)
    assert 8 < time.monotonic() - begin < 60


def test_connections_that_rest_make_room_for_others(plain):
    peers = [Peer(plain) for _ in range(256)]
    for peer in peers:
        assert rounds(peer, 1, head())
    Client(plain.channel()).health()
    assert rounds(peers[-1], 3, head())  # the oldest goes first
    for peer in peers:
        peer.close()


def test_deadlines_and_encodings_are_checked(plain):
    peer = Peer(plain)
    for stream, more in ((1, {"grpc_timeout": "soon"}), (3, {"grpc_encoding": "gzip"})):
        assert rounds(peer, stream, head(**more))  # refused, and the connection goes on
    peer.close()
    call = plain.channel().unary_unary("/grpc.health.v1.Health/Check", request_serializer=bytes,
                                       response_deserializer=bytes)
    with pytest.raises(grpc.RpcError) as caught:
        call(field(1, "agent"), compression=grpc.Compression.Gzip)
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_watching_health_ends_with_the_server():
    with Gateway("--agent", NOWHERE, tls=False) as gateway:
        watch = gateway.channel().unary_stream("/grpc.health.v1.Health/Watch", request_serializer=bytes,
                                               response_deserializer=bytes)(field(1, "agent"))
        assert next(watch) == b"\x08\x01"
        stopper = threading.Thread(target=gateway.stop)
        stopper.start()
        assert next(watch) == b"\x08\x02"
        with pytest.raises(grpc.RpcError) as caught:
            next(watch)
        assert caught.value.code() == grpc.StatusCode.UNAVAILABLE
        stopper.join()


def test_those_who_watch_leave_room_for_calls(plain):
    channel = plain.channel()
    watch = channel.unary_stream("/grpc.health.v1.Health/Watch", request_serializer=bytes,
                                 response_deserializer=bytes)
    watches = [watch(field(1, "agent")) for _ in range(64)]
    assert all(next(one) == b"\x08\x01" for one in watches)
    with pytest.raises(grpc.RpcError) as caught:
        next(watch(field(1, "agent")))
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    Client(channel).health()
    for one in watches:
        one.cancel()


def test_a_message_of_a_small_call_is_small(plain):
    with pytest.raises(grpc.RpcError) as caught:
        Client(plain.channel()).health("x" * 100_000)
    assert caught.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED


def test_tls_wants_h2_and_proves_keys():
    with Gateway("--agent", NOWHERE) as gateway:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        for protocols in (["http/1.1"], ["h2"]):
            context.set_alpn_protocols(protocols)
            plain_socket = socket.create_connection(("127.0.0.1", gateway.port), timeout=20)
            if protocols == ["h2"]:
                with context.wrap_socket(plain_socket) as tls:
                    assert tls.selected_alpn_protocol() == "h2"
            else:
                with pytest.raises(ssl.SSLError):
                    context.wrap_socket(plain_socket)


def test_settings_that_do_not_go_together_are_refused(tmp_path):
    def start(*arguments):
        return subprocess.run([os.path.join(os.environ.get("BIN_DIR", "build/bin"), "cocos-gateway"), *arguments],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=20)
    for arguments, said in (
            ([], "nothing to serve"), (["--agent", NOWHERE, "--certificate", "x"], "go together"),
            (["--agent", NOWHERE, "--certificate", "/nowhere", "--key", "/nowhere"], "/nowhere"),
            (["--agent", NOWHERE, "--plaintext", "--client-ca", "x"], "plaintext"),
            (["--manager", "https://127.0.0.1:1"], "--tokens"), (["--agent", "tcp:1"], "unix:PATH"),
            (["--manager", "http://127.0.0.1:1", "--tokens", "x"], "https://HOST:PORT"),
            (["--agent", NOWHERE, "--listen", "localhost"], "no address")):
        answer = start(*arguments)
        assert answer.returncode == 2 and said in answer.stderr, (arguments, answer)
