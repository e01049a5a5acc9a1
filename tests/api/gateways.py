"""A real gateway, and how a client of gRPC that is not ours (grpcio) speaks to it."""

import base64
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import grpc

from agents import BIN, Agent, Computation
from parties import FOLDER, Party, openssl

CHUNK = 1 << 20


# --- the few messages there are, encoded by hand: nothing of what is tested is used to test it ---

def varint(number):
    out = b""
    while number >= 0x80:
        out, number = out + bytes([number & 0x7F | 0x80]), number >> 7
    return out + bytes([number])


def field(number, value):
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def all_fields_of(message):
    """[(number, bytes or int)] of a message."""
    def take():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at, value, shift = at + 1, value | (byte & 0x7F) << shift, shift + 7
            if byte < 0x80:
                return value
    at, out = 0, []
    while at < len(message):
        tag, value = take(), take()
        assert tag & 7 in (0, 2)
        if tag & 7 == 2:
            value, at = message[at:at + value], at + value
        out.append((tag >> 3, value))
    return out


def fields_of(message):
    """The same of one whose fields are all of bytes."""
    out = all_fields_of(message)
    assert all(isinstance(value, bytes) for _, value in out)
    return out


def role_signature(party, role):
    """As older clients make it: over the name of the role."""
    path = os.path.join(FOLDER, f"{party.name}-{party.kind}-{role}")
    with open(path, "w", encoding="utf-8") as file:
        file.write(role)
    if party.kind == "ed25519":
        signature = openssl("pkeyutl", "-sign", "-inkey", party.key_file, "-rawin", "-in", path)
    else:
        signature = openssl("dgst", "-sha256", "-sign", party.key_file, path)
    return base64.b64encode(signature).decode()


def memory_of(process):
    """The most that it had, in bytes."""
    with open(f"/proc/{process.pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmHWM")) * 1024


class Gateway:
    """Started with the object, stopped with the context."""

    def __init__(self, *arguments, tls=True, identity=None, client=None):
        self.folder = tempfile.mkdtemp(prefix="cocos-gateway-")
        self.tls = tls
        self.client = client  # whose certificate is shown where nobody else's is
        self.log_path = os.path.join(self.folder, "log")
        command = [os.path.join(BIN, "cocos-gateway"), "--listen", "127.0.0.1:0", *arguments]
        if tls and identity:
            self.identity = identity
            command += ["--certificate", identity.certificate_file, "--key", identity.key_file]
        elif tls:
            self.identity = Party("gateway")
            self.identity.certificate_file = os.path.join(self.folder, "certificate.pem")
            openssl("req", "-x509", "-new", "-key", self.identity.key_file, "-subj", "/CN=gateway", "-days", "2",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-out", self.identity.certificate_file)
            command += ["--certificate", self.identity.certificate_file, "--key", self.identity.key_file]
        else:
            command += ["--plaintext"]
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.port = int(self.await_log(r"listening on .*, port (\d+),").group(1))

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def await_log(self, pattern, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = re.search(pattern, self.log())
            if found:
                return found
            assert self.process.poll() is None, self.log()
            time.sleep(0.02)
        raise AssertionError(f"no '{pattern}' in: {self.log()}")

    def channel(self, party=None):
        party = party or self.client
        target = f"127.0.0.1:{self.port}"
        options = [("grpc.max_receive_message_length", 8 << 20), ("grpc.max_send_message_length", 64 << 20)]
        if not self.tls:
            return grpc.insecure_channel(target, options)
        def read(path):
            with open(path, "rb") as file:
                return file.read()
        credentials = grpc.ssl_channel_credentials(
            read(self.identity.certificate_file),
            read(party.key_file) if party else None, read(party.certificate_file) if party else None)
        return grpc.secure_channel(target, credentials, options)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=60) == 0, self.log()[-4000:]

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.stop()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            if kind is not None:
                print(self.log()[-2000:])
            shutil.rmtree(self.folder, ignore_errors=True)


class Client:
    """What existing clients do at the agent's door."""

    def __init__(self, channel):
        self.channel = channel

    def _method(self, shape, path):
        return getattr(self.channel, shape)(path, request_serializer=bytes, response_deserializer=bytes)

    def health(self, name="agent", timeout=60):
        return self._method("unary_unary", "/grpc.health.v1.Health/Check")(field(1, name), timeout=timeout)

    def algo(self, messages, metadata, timeout=60):
        call = self._method("stream_unary", "/agent.AgentService/Algo")
        return call(iter(messages), metadata=metadata, timeout=timeout)

    def data(self, messages, metadata, timeout=60):
        call = self._method("stream_unary", "/agent.AgentService/Data")
        return call(iter(messages), metadata=metadata, timeout=timeout)

    def result(self, metadata, timeout=60):
        call = self._method("unary_stream", "/agent.AgentService/Result")(b"", metadata=metadata, timeout=timeout)
        headers = dict(call.initial_metadata())
        return headers, list(call)


def signed(party, role, *more):
    return [("user-id", role), ("signature", role_signature(party, role)), *more]


def algorithm_messages(work, requirements=None):
    messages = [field(2, requirements)] if requirements else []
    return messages + [field(1, work.algorithm[at:at + CHUNK]) for at in range(0, len(work.algorithm), CHUNK)]


def dataset_messages(name, data, chunk=CHUNK):
    return [field(1, data[at:at + chunk]) + field(2, name) for at in range(0, len(data), chunk)]


class LegacyComputation(Computation):
    """One whose manifest lets older clients in."""

    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.manifest["legacy"] = {"signatures": True, "attestation": False}


def agent_with_door(**environment):
    folder = tempfile.mkdtemp(prefix="cocos-door-")
    agent = Agent(COCOS_AGENT_LOCAL_SOCKET=os.path.join(folder, "agent.sock"), **environment)
    agent.door = "unix:" + os.path.join(folder, "agent.sock")
    agent.door_folder = folder
    return agent
