"""A peer of HTTP/2 that is scripted frame by frame, so that it can do what no library does."""

import socket

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1


def frame(kind, flags, stream, payload=b""):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def literal(name, value):
    """A header field as HPACK writes it without any table (RFC 7541, 6.2.2)."""
    def text(raw):
        raw = raw if isinstance(raw, bytes) else raw.encode()
        if len(raw) < 127:
            return bytes([len(raw)]) + raw
        out, left = b"\x7f", len(raw) - 127
        while left >= 128:
            out, left = out + bytes([left & 127 | 128]), left >> 7
        return out + bytes([left]) + raw
    return b"\x00" + text(name) + text(value)


def head(path="/grpc.health.v1.Health/Check", method="POST", content_type="application/grpc", **more):
    fields = {":method": method, ":scheme": "http", ":path": path, ":authority": "t", "te": "trailers"}
    if content_type:
        fields["content-type"] = content_type
    fields.update({name.replace("_", "-"): value for name, value in more.items()})
    return b"".join(literal(name, value) for name, value in fields.items())


class Peer:
    """A connection to write frames to, and to read them from."""

    def __init__(self, gateway, hello=True):
        self.socket = socket.create_connection(("127.0.0.1", gateway.port), timeout=60)
        self.buffer = b""
        if hello:
            self.say(PREFACE + frame(SETTINGS, 0, 0))

    def say(self, data):
        self.socket.sendall(data)

    def frames(self):
        while True:
            while len(self.buffer) >= 9 and len(self.buffer) >= 9 + int.from_bytes(self.buffer[:3], "big"):
                length = int.from_bytes(self.buffer[:3], "big")
                kind, flags = self.buffer[3], self.buffer[4]
                stream = int.from_bytes(self.buffer[5:9], "big")
                payload, self.buffer = self.buffer[9:9 + length], self.buffer[9 + length:]
                yield kind, flags, stream, payload
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError:
                return
            if not more:
                return
            self.buffer += more

    def await_frame(self, wanted, stream=None):
        for kind, flags, at, payload in self.frames():
            if kind == wanted and (stream is None or at == stream):
                return flags, payload
        return None

    def is_closed(self):
        return all(kind != HEADERS for kind, *_ in self.frames())

    def close(self):
        self.socket.close()
