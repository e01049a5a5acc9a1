"""A small HTTPS server whose every answer a test decides: TLS 1.3, a client certificate of any issuer
asked for and taken, the exporter at hand. What the real programs do is tested with the real programs;
this one is for what they do not do on purpose: break off, lie, stall, answer nonsense."""

import base64
import datetime
import hashlib
import io
import ipaddress
import json
import socket
import threading

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto


def spki_of(public_key):
    return public_key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def pin_of(public_key):
    return "sha256//" + base64.b64encode(hashlib.sha256(spki_of(public_key)).digest()).decode()


def make_certificate(key, name, issuer=None, issuer_key=None, ca=False, host="127.0.0.1"):
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.utcnow()
    builder = (
        x509.CertificateBuilder().subject_name(subject)
        .issuer_name(issuer.subject if issuer else subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(
            [x509.IPAddress(ipaddress.ip_address(host))]), False))
    return builder.sign(issuer_key or key, hashes.SHA256())


def pem_of(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)


class TlsFile(io.RawIOBase):
    """A TLS connection as a file, so that requests can be read line by line."""

    def __init__(self, connection):
        self.connection = connection

    def readable(self):
        return True

    def readinto(self, into):
        try:
            data = self.connection.recv(len(into))
        except (SSL.ZeroReturnError, SSL.SysCallError):
            return 0
        into[:len(data)] = data
        return len(data)


class Request:
    def __init__(self, method, target, headers, body, connection):
        self.method, self.target, self.headers, self.body = method, target, headers, body
        self.path, _, self.query = target.partition("?")
        self.connection = connection
        certificate = connection.get_peer_certificate()
        self.peer = None
        if certificate:
            self.peer = hashlib.sha256(spki_of(certificate.get_pubkey().to_cryptography_key())).hexdigest()

    def exporter(self):
        return self.connection.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"").hex()

    def json(self):
        return json.loads(self.body)


class Answer:
    """What goes back. cut: close after so many bytes of the body. raw: exactly these bytes."""

    def __init__(self, status=200, body=None, headers=None, cut=None, raw=None, close=False):
        self.status, self.headers, self.cut, self.raw, self.close = status, headers or {}, cut, raw, close
        if isinstance(body, (dict, list)):
            self.body = json.dumps(body).encode()
            self.headers.setdefault("Content-Type", "application/json")
        else:
            self.body = body or b""


def problem(status, slug, detail, errors=None):
    document = {"type": "urn:cocos:problem:" + slug, "title": slug, "status": status, "detail": detail,
                "instance": "request-1"}
    if errors:
        document["errors"] = errors
    return Answer(status, json.dumps(document).encode(), {"Content-Type": "application/problem+json"})


class HttpsService:
    """Serves on a free port of 127.0.0.1. handle(request) is to be overridden. requests: all that came."""

    min_version = SSL.TLS1_3_VERSION

    def __init__(self):
        self.ca_key = ec.generate_private_key(ec.SECP256R1())
        self.ca = make_certificate(self.ca_key, "test CA", ca=True)
        self.requests = []
        self.connections = 0
        self.body_bytes = 0
        self.lock = threading.Lock()
        self.new_key()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.url = f"https://127.0.0.1:{self.port}"
        self.stopped = False
        threading.Thread(target=self.accept, daemon=True).start()

    def new_key(self):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = make_certificate(self.key, "service", self.ca, self.ca_key)
        self.pin = pin_of(self.key.public_key())

    def close(self):
        self.stopped = True
        self.socket.close()

    def context(self):
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_min_proto_version(self.min_version)
        if self.min_version != SSL.TLS1_3_VERSION:
            context.set_max_proto_version(self.min_version)
        context.use_privatekey(crypto.PKey.from_cryptography_key(self.key))
        context.use_certificate(crypto.X509.from_cryptography(self.certificate))
        context.set_verify(SSL.VERIFY_PEER, lambda *_: True)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        return context

    def accept(self):
        while not self.stopped:
            try:
                plain, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        connection = SSL.Connection(self.context(), plain)
        connection.set_accept_state()
        try:
            connection.do_handshake()
            with self.lock:
                self.connections += 1
            file = io.BufferedReader(TlsFile(connection), 1 << 16)
            while not self.stopped and self.serve_one(connection, file):
                pass
        except (SSL.Error, OSError, ValueError):
            pass
        finally:
            try:
                connection.shutdown()
            except (SSL.Error, OSError):
                pass
            plain.close()

    def wants_body(self, method, target, headers):
        """None to read the body, or an Answer that refuses it before its first byte."""
        return None

    def read_body(self, connection, file, headers):
        pieces = []
        left = int(headers.get("content-length", 0))
        if headers.get("expect", "").lower() == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while left > 0:
            piece = file.read(min(left, 1 << 16))
            if not piece:
                raise ValueError("cut")
            self.body_bytes += len(piece)
            pieces.append(piece)
            left -= len(piece)
        return b"".join(pieces)

    def serve_one(self, connection, file):
        line = file.readline()
        if not line:
            return False
        method, target, _ = line.decode("latin-1").split(" ")
        headers = {}
        while (line := file.readline().strip()):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.strip().lower()] = value.strip()
        refusal = self.wants_body(method, target, headers) if "content-length" in headers else None
        if refusal:
            refusal.close = True
            self.send(connection, method, refusal)
            return False
        request = Request(method, target, headers, self.read_body(connection, file, headers), connection)
        with self.lock:
            self.requests.append(request)
        return self.send(connection, method, self.handle(request))

    def send(self, connection, method, answer):
        if answer is None:
            return False
        if answer.raw is not None:
            connection.sendall(answer.raw)
            return False
        headers = {"Content-Length": str(len(answer.body)), "X-Request-Id": "request-1", **answer.headers}
        if answer.close:
            headers["Connection"] = "close"
        head = f"HTTP/1.1 {answer.status} Status\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in headers.items() if value is not None)
        body = b"" if method == "HEAD" else answer.body
        connection.sendall(head.encode() + b"\r\n" + body[:answer.cut])
        return answer.cut is None and not answer.close

    def handle(self, request):
        return problem(404, "not-found", "nothing here")


# --- RFC 9421, read back by somebody else's code --------------------------------------------------

def verify_signature(request, public_key):
    """Rebuilds the signature base from the request alone and verifies it; raises when it does not fit.
    Returns the parameters."""
    label, _, value = request.headers["signature-input"].partition("=")
    assert label == "cocos"
    listed, _, parameters = value.partition(")")
    names = [name.strip('"') for name in listed.lstrip("(").split()]
    lines = []
    for name in names:
        component = {"@method": request.method, "@path": request.path,
                     "@query": "?" + request.query}.get(name)
        if component is None:
            component = request.headers[name]
        lines.append(f'"{name}": {component}')
    lines.append(f'"@signature-params": {listed}){parameters}')
    base = "\n".join(lines).encode()
    signature = base64.b64decode(request.headers["signature"].partition("=:")[2].rstrip(":"))
    if isinstance(public_key, ed25519.Ed25519PublicKey):
        public_key.verify(signature, base)
    elif isinstance(public_key, rsa.RSAPublicKey):
        public_key.verify(signature, base, padding.PSS(padding.MGF1(hashes.SHA512()), 64), hashes.SHA512())
    else:
        size = len(signature) // 2
        der = utils.encode_dss_signature(int.from_bytes(signature[:size], "big"),
                                         int.from_bytes(signature[size:], "big"))
        public_key.verify(der, base, ec.ECDSA(hashes.SHA256() if size == 32 else hashes.SHA384()))
    if request.body:
        digest = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
        assert request.headers["content-digest"] == f"sha-256=:{digest}:"
        assert "content-digest" in names
    assert request.headers["cocos-channel"] == request.exporter()
    result = dict(part.partition("=")[::2] for part in parameters.strip(";").split(";"))
    return {key: text.strip('"') for key, text in result.items()}
