"""A computation server that does what none may: the gateway hangs up, says why, and comes back."""

import os
import socket
import struct
import threading

import pytest

from gateways import Gateway, memory_of

HEADERS, RST, SETTINGS, PUSH, PING, GOAWAY, CONTINUATION, DATA = 1, 3, 4, 5, 6, 7, 9, 0
END_STREAM, ACK, END_HEADERS = 1, 1, 4
OK = b"\x88"  # :status 200


def frame(kind, flags, stream, body=b""):
    return struct.pack(">I", len(body))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + body


def header(name, value):
    """A field of HPACK that needs no table."""
    name, value = name.encode(), value.encode()
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


GRPC = OK + header("content-type", "application/grpc")
HELLO = frame(SETTINGS, 0, 0)
ANSWER = HELLO + frame(HEADERS, END_HEADERS, 1, GRPC)


def message(length, flag=0):
    return bytes([flag]) + struct.pack(">I", length)


CASES = {
    "no HTTP/2": (b"SSH-2.0-nobody\r\n" * 10, "connection broke"),
    "another protocol's answer": (HELLO + frame(HEADERS, END_HEADERS, 1, b"\x8d" + header("content-type", "text/html")),
                                  "no gRPC there: it answers with status 404, 'text/html'"),
    "no type": (HELLO + frame(HEADERS, END_HEADERS, 1, OK), "no gRPC there"),
    "a status": (HELLO + frame(HEADERS, END_HEADERS | END_STREAM, 1, GRPC + header("grpc-status", "16") +
                               header("grpc-message", "who%20are%0ayou")), "status 16, who are.*x0ayou"),
    "a status whose words are ill encoded": (HELLO + frame(HEADERS, END_HEADERS | END_STREAM, 1, GRPC +
                                             header("grpc-status", "7") + header("grpc-message", "%zz%e2%4%")),
                                             "status 7, %zz.*%4%"),
    "a status that is none": (HELLO + frame(HEADERS, END_HEADERS | END_STREAM, 1, GRPC + header("grpc-status", "seven")),
                              "without a status|status"),
    "metadata that is no base64": (HELLO + frame(HEADERS, END_HEADERS, 1, GRPC + header("x-bin", "!!!")),
                                   "says nothing any more"),
    "no status": (ANSWER + frame(DATA, END_STREAM, 1), "without a status"),
    "a goaway": (HELLO + frame(GOAWAY, 0, 0, struct.pack(">II", 0, 11) + b"too_many_pings"), "too_many_pings"),
    "a reset": (HELLO + frame(RST, 0, 1, struct.pack(">I", 7)), "REFUSED_STREAM|without a status"),
    "a message of 4 GiB": (ANSWER + frame(DATA, 0, 1, message(0xFFFFFFFF)), "a message of 4294967295 bytes"),
    "a message just over": (ANSWER + frame(DATA, 0, 1, message((4 << 20) + 1)), "a message of 4194305 bytes"),
    "a compressed one": (ANSWER + frame(DATA, 0, 1, message(1, 1) + b"x"), "compressed"),
    "compression": (HELLO + frame(HEADERS, END_HEADERS, 1, GRPC + header("grpc-encoding", "gzip")), "compresses"),
    "a message cut short": (ANSWER + frame(DATA, END_STREAM, 1, message(10) + b"x"), "without a status"),
    "a stream of its own": (HELLO + frame(PUSH, END_HEADERS, 1, struct.pack(">I", 2) + b"\x82\x84\x86"),
                            "says nothing any more"),
    "more than the window": (ANSWER + b"".join(frame(DATA, 0, 1, bytes(16384)) for _ in range(64)),
                             "connection broke|trying again"),
    "endless headers": (HELLO + frame(HEADERS, 0, 1, GRPC) + b"".join(
        frame(CONTINUATION, 0, 1, header("x" * 100, "y" * 120) * 60) for _ in range(40)), "connection broke"),
    "headers over the ceiling": (HELLO + frame(HEADERS, 0, 1, GRPC + header("x" * 100, "y" * 120) * 60) + frame(
        CONTINUATION, END_HEADERS, 1, header("x" * 100, "y" * 120) * 20), "connection broke"),
    "interim answers without end": (HELLO + frame(HEADERS, END_HEADERS, 1, header(":status", "100")) * 5000,
                                    "says nothing any more"),
    "empty continuations without end": (HELLO + frame(HEADERS, 0, 1, GRPC) + frame(CONTINUATION, 0, 1) * 200_000,
                                        "connection broke"),
    "empty data without end": (ANSWER + frame(DATA, 0, 1) * 200_000, "says nothing any more"),
    "a window that overflows": (HELLO + frame(8, 0, 0, struct.pack(">I", 0x7fffffff)), "connection broke"),
    "settings without end": (frame(SETTINGS, 0, 0) * 200_000, "connection broke"),
    "pings without end": (HELLO + frame(PING, 0, 0, bytes(8)) * 200_000, "connection broke"),
    "a foreign stream": (HELLO + frame(HEADERS, END_HEADERS, 7, GRPC), "connection broke"),
}


def await_request(stream):
    """Passes over what a client says until it has opened its stream."""
    stream.read(24)
    kind = None
    while kind != HEADERS:
        head = stream.read(9)
        if len(head) < 9:
            return
        kind = head[3]
        stream.read(int.from_bytes(head[:3], "big"))


class Hostile:
    """Says the same to everyone, reads little, hangs up."""

    def __init__(self, words, patience=3.0):
        self.words, self.patience, self.visitors = words, patience, 0
        self.changed = threading.Condition()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                visitor, _ = self.listener.accept()
            except OSError:
                return
            with self.changed:
                self.visitors += 1
                self.changed.notify_all()
            visitor.settimeout(self.patience)
            try:
                if self.words.startswith(HELLO):
                    visitor.sendall(HELLO)
                    await_request(visitor.makefile("rb"))
                visitor.sendall(self.words.removeprefix(HELLO))
                while visitor.recv(65536):
                    pass
            except OSError:
                pass
            visitor.close()

    def await_visitors(self, count):
        with self.changed:
            assert self.changed.wait_for(lambda: self.visitors >= count, 30), self.visitors


@pytest.mark.parametrize("case", CASES)
def test_what_no_server_may_do_ends_the_connection_and_nothing_else(case):
    words, why = CASES[case]
    server = Hostile(words)
    with Gateway("--agent", "unix:/none", "--cvms-url", f"http://127.0.0.1:{server.port}",
                 "--cvms-retry", "50ms", "--cvms-quiet", "2s", tls=False) as gateway:
        gateway.await_log(f"computation server: .*({why}).*trying again")
        server.await_visitors(3)
        assert gateway.process.poll() is None
        if "asan" not in os.environ.get("BIN_DIR", ""):
            assert memory_of(gateway.process) < 64 << 20
    server.listener.close()


@pytest.mark.parametrize("words, why", [(HELLO, "says nothing any more"), (ANSWER, "says nothing any more")])
def test_a_server_that_falls_silent_is_given_up(words, why):
    server = Hostile(words, patience=30)
    with Gateway("--agent", "unix:/none", "--cvms-url", f"http://127.0.0.1:{server.port}",
                 "--cvms-retry", "50ms", "--cvms-quiet", "300ms", tls=False) as gateway:
        gateway.await_log(why)
        server.await_visitors(2)
    server.listener.close()
