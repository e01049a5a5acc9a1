"""A real manager on libvirt's test driver, which only pretends to run VMs: the test says what the agents in
them would say. Every answer is compared with openapi/manager.yaml."""

import base64
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse

import jsonschema

from ports import free_ports

BIN = os.environ.get("BIN_DIR", "build/bin")
PROGRAM = os.path.join(BIN, "cocos-manager")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SPKI = hashlib.sha256(b"a key").digest()
PIN = "sha256//" + base64.b64encode(SPKI).decode()


class Document:
    """The OpenAPI document, and what of it was seen."""

    def __init__(self, name="manager.yaml"):
        text = subprocess.run([os.path.join(ROOT, "openapi", "embed"),
                               os.path.join(ROOT, "openapi", name), "--json"],
                              check=True, capture_output=True).stdout
        self.whole = json.loads(text)
        self.seen = set()

    def resolve(self, node):
        while "$ref" in node:
            steps = node["$ref"].split("/")[1:]
            node = self.whole
            for step in steps:
                node = node[step]
        return node

    def operation(self, method, path):
        """The operation for a request, or None."""
        for pattern, item in self.whole["paths"].items():
            parts, wanted = path.split("/"), pattern.split("/")
            if len(parts) == len(wanted) and all(
                    part == want or (want.startswith("{") and part) for part, want in zip(parts, wanted)):
                return item.get(method.lower())
        return None

    def check(self, method, path, answer):
        operation = self.operation(method, path)
        if operation is None:
            assert answer.status in (404, 405), f"{method} {path} is not in the document: {answer}"
            return
        listed = operation["responses"].get(str(answer.status))
        assert listed is not None, f"{operation['operationId']} does not list {answer}"
        self.seen.add((operation["operationId"], answer.status))
        listed = self.resolve(listed)
        for name, header in listed.get("headers", {}).items():
            header = self.resolve(header)
            if name in ("X-Request-Id", "Location"):
                assert name.lower() in answer.headers, f"no {name} in {answer}"
        if not answer.body or "content" not in listed:
            return
        media = answer.headers["content-type"].split(";")[0]
        assert media in listed["content"], f"{operation['operationId']} does not list {media}"
        if media.endswith("json"):
            schema = {"components": self.whole["components"], **listed["content"][media]["schema"]}
            jsonschema.Draft202012Validator(schema).validate(answer.json)


DOCUMENT = Document()


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def pointers(self):
        return [error["pointer"] for error in self.json.get("errors", [])]

    def __repr__(self):
        return f"<{self.status} {self.body[:600]!r}>"


def reference_values():
    """Those of shapes that the tests ask for, and of no others."""
    return {"pcrs": {"1": "11" * 32, "11": "00" * 32},
            "shapes": [{"memory_mib": 512, "cpus": cpus, "pcrs": {"0": ["22" * 32, "33" * 32], "4": f"{cpus:064x}"}}
                       for cpus in (1, 2)]}


def make_image(images, name, debug=False, **changes):
    """An image of a few bytes with a record that fits."""
    folder = os.path.join(images, name)
    os.makedirs(folder)

    def file(part):
        text = f"{part} of {name}".encode()
        with open(os.path.join(folder, part), "wb") as out:
            out.write(text)
        return {"file": part, "sha256": hashlib.sha256(text).hexdigest(), "bytes": len(text)}

    record = {"version": 1, "name": name, "eos_version": "0.1", "debug": debug, "python": False,
              "grpc": True,
              "kernel": file("vmlinuz"), "initrd": file("initrd"), "firmware": file("firmware.fd"),
              "cmdline": {"text": "quiet", "sha256": hashlib.sha256(b"quiet").hexdigest()},
              "min_memory_mib": 256, "default_memory_mib": 512, "packages": [],
              "reference": reference_values(), **changes}
    if record["reference"] is None:
        del record["reference"]
    with open(os.path.join(folder, "image.json"), "w", encoding="utf-8") as out:
        json.dump(record, out)


def environment_of(folder, **more):
    return {"PATH": os.environ["PATH"], "HOME": folder,
            "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", ""),
            "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", ""),
            "COCOS_MANAGER_STATE_DIR": os.path.join(folder, "state"),
            "COCOS_MANAGER_IMAGE_DIR": os.path.join(folder, "images"),
            "COCOS_MANAGER_LIBVIRT_URI": "test:///default",
            "COCOS_MANAGER_ACCEL": "tcg",
            "COCOS_MANAGER_VERIFIER": "none",  # nobody boots here who could prove anything
            **{f"COCOS_MANAGER_{name.upper()}": str(value) for name, value in more.items()}}


class Manager:
    """Started with the object, stopped with the context; what a sanitizer finds fails the test."""

    def __init__(self, ready=True, **settings):
        self.folder = tempfile.mkdtemp(prefix="cocos-manager-")
        self.settings, self.ready = settings, ready
        self.state = os.path.join(self.folder, "state")
        self.images = os.path.join(self.folder, "images")
        make_image(self.images, "eos")
        make_image(self.images, "eos-debug", debug=True)
        self.start()

    def start(self):
        self.port = free_ports()
        settings = {"listen": f"127.0.0.1:{self.port}", **self.settings}
        settings["listen"] = settings["listen"].replace("PORT", str(self.port))
        self.log_path = os.path.join(self.folder, "log")
        self.out_path = os.path.join(self.folder, "out")
        with open(self.log_path, "ab") as log, open(self.out_path, "wb") as out:
            self.process = subprocess.Popen([PROGRAM], env=environment_of(self.folder, **settings),
                                            stdin=subprocess.DEVNULL, stdout=out, stderr=log)
        until = time.monotonic() + 60
        while True:
            assert self.process.poll() is None, self.log()
            try:
                if self.get("/readyz", token=None).status == 200 or not self.ready:
                    break
            except (OSError, http.client.HTTPException):
                pass
            assert time.monotonic() < until, self.log()
            time.sleep(0.05)
        with open(os.path.join(self.state, "admin.token"), encoding="utf-8") as file:
            self.admin = file.read().strip()

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(timeout=60)
        assert how != signal.SIGTERM or code == 0, f"exit {code}: {self.log()[-4000:]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.stop()
            assert "ERROR: " not in self.log() and "runtime error" not in self.log(), self.log()[-4000:]
        finally:
            if self.process.poll() is None:
                self.process.kill()
            shutil.rmtree(self.folder)

    def token(self, name, role, owner=None):
        words = [PROGRAM, "token", "add", name, role] + ([owner] if owner else [])
        done = subprocess.run(words, env=environment_of(self.folder), capture_output=True, check=True,
                              text=True)
        return done.stdout.strip()

    def connect(self):
        context = ssl.create_default_context(cafile=os.path.join(self.state, "ca.pem"))
        return http.client.HTTPSConnection("localhost", self.port, context=context, timeout=60)

    def ask(self, method, path, body=None, token="", headers=None):
        """One request, its answer checked against the document. token: "" the admin's, None none."""
        connection = self.connect()
        headers = dict(headers or {})
        if token is not None:
            headers.setdefault("Authorization", "Bearer " + (token or self.admin))
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        try:
            connection.connect()
            try:
                connection.request(method, path, body, headers)
            except (ssl.SSLEOFError, ConnectionError):
                pass  # a body that is refused early: the answer came before its end
            response = connection.getresponse()
            answer = Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()
        DOCUMENT.check(method, urllib.parse.urlsplit(path).path, answer)
        return answer

    def get(self, path, **options):
        return self.ask("GET", path, **options)

    def create(self, token="", headers=None, **spec):
        return self.ask("POST", "/v1/vms", spec, token=token, headers=headers)

    def made(self, token="", **spec):
        """The id of a VM that was made."""
        answer = self.create(token=token, **spec)
        assert answer.status == 201, answer
        return answer.json["id"]

    def share(self, vm, *names):
        return os.path.join(self.state, "vms", vm, *names)

    def say(self, vm, state="ReceivingManifest", seq=1, **more):
        """What the agent of a VM writes into the share."""
        said = {"state": state, "computation_id": None, "manifest_sha256": None,
                "awaiting": {"algorithm": False, "requirements": False, "datasets": [], "run": False},
                "platform": "vtpm", "spki_sha256": SPKI.hex(), "pin": PIN, "seq": seq,
                "time": "2026-01-01T00:00:00Z", **more}
        self.write(vm, "state.json", json.dumps(said).encode())

    def write(self, vm, name, data):
        path = self.share(vm, "out", name)
        with open(path + ".part", "wb") as file:
            file.write(data)
        os.rename(path + ".part", path)

    def await_vm(self, vm, condition, seconds=60, token=""):
        """Waits until a VM is as wanted, and returns it; condition(None) is asked when it is gone."""
        until = time.monotonic() + seconds
        while True:
            answer = self.get(f"/v1/vms/{vm}", token=token)
            found = answer.json if answer.status == 200 else None
            if condition(found):
                return found
            assert time.monotonic() < until, f"still {found}"
            time.sleep(0.1)

    def await_state(self, vm, state, **options):
        return self.await_vm(vm, lambda found: found is not None and found["state"] == state, **options)

    def remove(self, vm, token=""):
        answer = self.ask("DELETE", f"/v1/vms/{vm}", token=token)
        assert answer.status == 202, answer
        self.await_vm(vm, lambda found: found is None)

    def events(self, path="/v1/events", after=None, token="", seconds=2.0, until=None):
        """The events of a stream: until one of a type or about a VM comes, or until none comes for some
        seconds."""
        connection = self.connect()
        headers = {"Authorization": "Bearer " + (token or self.admin)}
        if after is not None:
            headers["Last-Event-ID"] = str(after)
        connection.request("GET", path, None, headers)
        response = connection.getresponse()
        found, lines = [], []
        if response.status != 200:
            return response.status
        assert response.getheader("Content-Type").startswith("text/event-stream")
        connection.sock.settimeout(60 if until else seconds)
        try:
            while not (until and found and until in (found[-1]["type"], found[-1]["subject"])):
                line = response.readline()
                if not line:
                    break
                if line.strip():
                    lines.append(line.decode().rstrip("\n"))
                    continue
                data = [part[6:] for part in lines if part.startswith("data: ")]
                if data:
                    event = json.loads(data[0])
                    assert f"id: {event['id']}" in lines and f"event: {event['type']}" in lines
                    found.append(event)
                lines = []
        except (TimeoutError, socket.timeout):
            pass
        finally:
            connection.close()
        return found
