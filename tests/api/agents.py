"""A real agent in a directory of its own, and how to talk to it."""

import hashlib
import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse

from parties import Party, signature_headers

BIN = os.environ.get("BIN_DIR", "build/bin")


def sha3(data):
    return hashlib.sha3_256(data).hexdigest()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:600]!r}>"


class Agent:
    """Started with the object, stopped with the context; nothing of it may be left then."""

    def __init__(self, share=None, state_dir=None, user=None, **environment):
        self.folder = tempfile.mkdtemp(prefix="cocos-agent-")
        self.state_dir = state_dir or os.path.join(self.folder, "state")
        self.share, self.user, self.environment = share, user, environment
        if user is not None:
            os.chown(self.folder, user, user)
        self.start()

    def start(self):
        environment = {"PATH": os.environ["PATH"], "COCOS_AGENT_LISTEN": "127.0.0.1:0",
                       "COCOS_AGENT_STATE_DIR": self.state_dir,
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
                       "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", ""), **self.environment}
        if self.share is not None:
            environment["COCOS_AGENT_SHARE"] = self.share
        self.log_path = os.path.join(self.folder, "log")
        options = {} if self.user is None else {"user": self.user, "group": self.user,
                                                "extra_groups": []}
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen([os.path.join(BIN, "cocos-agent")], env=environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            **options)
        self.port = int(self.await_log(r"listening on .*, port (\d+);").group(1))

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

    def stop(self):
        """Ends it as a service manager would; it must end well and soon."""
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

    # --- asking ---

    def context(self, party=None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        if party is not None:
            context.load_cert_chain(party.certificate_file, party.key_file)
        return context

    def connect(self, party=None, timeout=60):
        return http.client.HTTPSConnection("127.0.0.1", self.port, context=self.context(party),
                                           timeout=timeout)

    def raw(self, party=None, timeout=60):
        """A TLS connection to write bytes to."""
        plain = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        return self.context(party).wrap_socket(plain)

    def ask(self, method, path, party=None, body=None, headers=None, connection=None):
        headers = dict(headers or {})
        if body is not None and not any(name.lower() == "content-type" for name in headers):
            is_json = path == "/v1/computation"
            headers["Content-Type"] = "application/json" if is_json else "application/octet-stream"
        own = connection or self.connect(party)
        try:
            own.request(method, path, body=body, headers=headers)
            answer = own.getresponse()
            return Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            if connection is None:
                own.close()

    def state(self):
        return self.ask("GET", "/v1/state").json

    def await_state(self, *wanted, seconds=60):
        end = time.monotonic() + seconds
        while True:
            state = self.state()
            if state["state"] in wanted:
                return state
            assert time.monotonic() < end, state
            time.sleep(0.03)


class Signed:
    """A connection without a client certificate, whose exporter is known, for signed requests:
    openssl s_client, which prints it."""

    def __init__(self, agent):
        self.process = subprocess.Popen(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{agent.port}", "-tls1_3",
             "-keymatexport", "EXPORTER-Channel-Binding", "-keymatexportlen", "32", "-ign_eof"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        text = b""
        while b"Verify return code" not in text or not text.endswith(b"---\n"):
            line = self.process.stdout.readline()
            assert line, text
            text += line
        self.channel = re.search(rb"Keying material: ([0-9A-F]{64})", text).group(1).decode().lower()

    def send(self, method, path, headers, body=None):
        lines = [f"{method} {path} HTTP/1.1", "Host: agent"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body is not None:
            kind = "json" if path == "/v1/computation" else "octet-stream"
            lines += [f"Content-Type: application/{kind}", f"Content-Length: {len(body)}"]
        self.process.stdin.write("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))
        self.process.stdin.flush()
        return self.read(method)

    def read(self, method):
        status, headers = None, []
        while True:
            line = self.process.stdout.readline()
            assert line, "the connection was closed"
            if status is None:
                found = re.match(rb"HTTP/1\.1 (\d+)", line)
                status = int(found.group(1)) if found else None
            elif line == b"\r\n":
                break
            else:
                name, _, value = line.decode().strip().partition(": ")
                headers.append((name, value))
        length = int(dict((n.lower(), v) for n, v in headers).get("content-length", 0))
        body = self.process.stdout.read(length) if method != "HEAD" else b""
        return Answer(status, headers, body)

    def ask(self, party, method, path, computation, body=None, **change):
        """A correctly signed request, but for what is to be changed."""
        path, _, query = path.partition("?")
        change.setdefault("query", query)
        sent = change.pop("sent_body", body)
        channel = change.pop("exporter", self.channel)
        headers = signature_headers(party, method, path, channel, computation, body, **change)
        return self.send(method, path + ("?" + query if query else ""), headers, sent)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


def canonical(document):
    """RFC 8785, as far as manifests go: no real numbers, no characters beyond the BMP in keys."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def manifest_hash(document):
    return hashlib.sha256(canonical(document)).hexdigest()


class Computation:
    """Four parties and a manifest; each is made once and used by many tests."""

    owner, provider, data, consumer, reader, stranger = (
        Party("owner"), Party("provider", "ed25519"), Party("data", "p384"),
        Party("consumer", "rsa"), Party("reader"), Party("stranger"))

    def __init__(self, algorithm, datasets=None, kind="python", start="auto", consumers=None,
                 log_bytes=100000, **run):
        self.algorithm = algorithm.encode() if isinstance(algorithm, str) else algorithm
        self.datasets = {name: data.encode() if isinstance(data, str) else data
                         for name, data in (datasets or {}).items()}
        self.manifest = {
            "id": "test-1",
            "owner": {"key": self.owner.pem},
            "algorithm": {"type": kind, "sha3_256": sha3(self.algorithm),
                          "provider": {"key": self.provider.pem}},
            "datasets": [{"filename": name, "sha3_256": sha3(data),
                          "provider": {"key": self.data.pem}}
                         for name, data in self.datasets.items()],
            "result_consumers": [{"key": party.pem} for party in consumers or [self.consumer]],
            "run": {"start": start, "timeout": "60s", "memory_mib": 128, **run},
            "logs": {"to": [{"key": self.consumer.pem}], "max_bytes": log_bytes},
        }

    @property
    def sha256(self):
        return manifest_hash(self.manifest)

    def set(self, agent):
        answer = agent.ask("PUT", "/v1/computation", self.owner, json.dumps(self.manifest))
        assert answer.status == 201, answer
        assert answer.json["manifest_sha256"] == self.sha256
        return self

    def send_algorithm(self, agent):
        answer = agent.ask("PUT", "/v1/algorithm", self.provider, self.algorithm)
        assert answer.status == 201, answer
        return self

    def send_data(self, agent):
        for name, data in self.datasets.items():
            path = "/v1/datasets/" + urllib.parse.quote(name, safe="")
            answer = agent.ask("PUT", path, self.data, data)
            assert answer.status == 201, answer
        return self

    def send(self, agent):
        return self.set(agent).send_algorithm(agent).send_data(agent)

    def wipe(self, agent):
        answer = agent.ask("DELETE", "/v1/computation", self.owner)
        assert answer.status == 204, answer

    def run(self, agent, seconds=60):
        """Sends everything and waits for the end of the run."""
        self.send(agent)
        return agent.await_state("ConsumingResults", "Failed", seconds=seconds)

    def result(self, agent, party=None):
        return agent.ask("GET", "/v1/result", party or self.consumer)

    def log(self, agent):
        return agent.ask("GET", "/v1/logs", self.consumer).body.decode()
