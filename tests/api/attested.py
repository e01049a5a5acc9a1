"""A client of the older attested TLS, written after its bytes: frames before HTTP/2, an exported authenticator in the
form of RFC 9261, and a relay of bytes through which grpcio speaks on that very connection."""

import base64
import hashlib
import hmac
import json
import os
import select
import socket
import struct
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from OpenSSL import SSL

REQUEST, AUTHENTICATOR = 1, 2
SIGNATURES, EVIDENCE = 0x000D, 0xFF00
P256 = 0x0403
HASHES = {"TLS_AES_128_GCM_SHA256": "sha256", "TLS_CHACHA20_POLY1305_SHA256": "sha256", "TLS_AES_256_GCM_SHA384": "sha384"}


def extension(kind, data):
    return struct.pack(">HH", kind, len(data)) + data


def request_message(context, extensions=None):
    if extensions is None:
        extensions = extension(SIGNATURES, struct.pack(">HH", 2, P256)) + extension(EVIDENCE, b"")
    body = bytes([len(context)]) + context + struct.pack(">H", len(extensions)) + extensions
    return b"\x11" + len(body).to_bytes(3, "big") + body


def frame(payload, kind=REQUEST):
    return bytes([kind]) + struct.pack(">I", len(payload)) + payload


assert request_message(bytes(32)).hex() == "1100002f20" + "00" * 32 + "000c000d000400020403ff000000"  # as published


class Refused(Exception):
    """The server ended the connection, or went on with HTTP/2, instead of an answer."""


class Attested:
    """A connection, attested once by attest(), and good for HTTP/2 then."""

    def __init__(self, port, cipher=None, version=SSL.TLS1_3_VERSION, timeout=60):
        context = SSL.Context(SSL.TLS_CLIENT_METHOD)
        context.set_min_proto_version(version)
        context.set_max_proto_version(version)
        if cipher:
            assert SSL._lib.SSL_CTX_set_ciphersuites(context._context, cipher.encode()) == 1
        context.set_alpn_protos([b"h2"])
        self.plain = socket.create_connection(("127.0.0.1", port), timeout=timeout)
        self.plain.settimeout(None)
        self.timeout = timeout
        self.tls = SSL.Connection(context, self.plain)
        self.tls.set_connect_state()
        self.tls.do_handshake()
        assert self.tls.get_alpn_proto_negotiated() == b"h2"
        self.hash = HASHES.get(self.tls.get_cipher_name())

    def export(self, label, size, context=b""):
        return self.tls.export_keying_material(label, size, context)

    def digest(self, *parts):
        return hashlib.new(self.hash, b"".join(parts)).digest()

    def take(self, size):
        data = b""
        while len(data) < size:
            if not self.tls.pending() and not select.select([self.plain], [], [], self.timeout)[0]:
                raise TimeoutError
            try:
                data += self.tls.recv(size - len(data))
            except (SSL.ZeroReturnError, SSL.SysCallError, SSL.Error) as error:
                raise Refused(str(error)) from error
        return data

    def read_frame(self):
        kind, size = struct.unpack(">BI", self.take(5))
        if kind != AUTHENTICATOR:
            raise Refused("it speaks HTTP/2")
        assert size < 16 << 20
        return self.take(size)

    def attest(self, context=None):
        """Asks, and checks everything that this protocol's client checks, and the binding, which it does not. Leaves
        the evidence, and what it must be over."""
        context = os.urandom(32) if context is None else context
        request = request_message(context)
        self.tls.sendall(frame(request))
        self.check(request, context, self.read_frame())
        return self

    def check(self, request, context, payload):
        messages, at = [], 0
        while at < len(payload):
            size = 4 + int.from_bytes(payload[at + 1:at + 4], "big")
            messages.append(payload[at:at + size])
            at += size
        assert at == len(payload) and [message[0] for message in messages] == [11, 15, 20]
        certificate, verify, finished = messages
        size = hashlib.new(self.hash).digest_size
        handshake = self.export(b"EXPORTER-server authenticator handshake context", size)
        self.read_certificate(certificate[4:], context)
        self.check_signature(verify[4:], self.digest(handshake, request, certificate))
        key = self.export(b"EXPORTER-server authenticator finished key", size)
        assert finished[4:] == hmac.new(key, self.digest(handshake, request, certificate, verify), self.hash).digest()
        self.check_binder(context)

    def read_certificate(self, body, context):
        assert body[0] == len(context) and body[1:1 + len(context)] == context
        at = 1 + len(context)
        assert int.from_bytes(body[at:at + 3], "big") == len(body) - at - 3
        at += 3
        self.chain, self.documents = [], []
        while at < len(body):
            size = int.from_bytes(body[at:at + 3], "big")
            self.chain.append(x509.load_der_x509_certificate(body[at + 3:at + 3 + size]))
            at += 3 + size
            size, = struct.unpack_from(">H", body, at)
            self.read_extensions(body[at + 2:at + 2 + size], len(self.chain) == 1)
            at += 2 + size
        assert at == len(body)
        shown = self.tls.get_peer_certificate().to_cryptography()
        assert self.chain[0] == shown, "the certificate of the handshake"

    def read_extensions(self, data, leaf):
        if not leaf:
            assert data == b""
            return
        kind, size, inner = struct.unpack_from(">HHH", data)
        assert kind == EVIDENCE and size == inner + 2 == len(data) - 4
        self.document = json.loads(data[6:])

    def check_signature(self, body, transcript):
        scheme, size = struct.unpack_from(">HH", body)
        assert scheme == P256 and size == len(body) - 4
        self.chain[0].public_key().verify(body[4:], b" " * 64 + b"Exported Authenticator\0" + transcript,
                                          ec.ECDSA(hashes.SHA256()))

    def check_binder(self, context):
        spki = self.chain[0].public_key().public_bytes(serialization.Encoding.DER,
                                                       serialization.PublicFormat.SubjectPublicKeyInfo)
        exported = self.export(b"Attestation", 32, context)
        binding, binder = self.digest(spki, exported), self.document["binder"]
        assert self.document["version"] == 1 and self.document["media_type"] == "application/eat+cwt"
        assert binder["exporter_label"] == "Attestation"
        assert base64.b64decode(binder["aik_pub_hash"]) == self.digest(spki)
        assert base64.b64decode(binder["binding"]) == binding
        self.evidence = base64.b64decode(self.document["evidence"])
        self.report_data = hashlib.sha512(binding).digest()
        self.nonce = hashlib.sha256(exported).digest()

    def relay(self):
        """The port of a plain listener: what one client says there goes over this connection."""
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.pump, args=(listener,), daemon=True).start()
        return listener.getsockname()[1]

    def pump(self, listener):
        with listener, listener.accept()[0] as client:
            try:
                while True:
                    ready = [self.plain] if self.tls.pending() else select.select([client, self.plain], [], [])[0]
                    if client in ready:
                        data = client.recv(1 << 16)
                        if not data:
                            return
                        self.tls.sendall(data)
                    if self.plain in ready:
                        client.sendall(self.tls.recv(1 << 16))
            except (SSL.Error, OSError):
                return

    def close(self):
        self.plain.close()
