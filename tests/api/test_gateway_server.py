"""The try-out computation server: its front, and a gateway that dials in to it."""

import http.client
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import tempfile
import time

import pytest

from agents import BIN, Computation
from gateways import Client, Gateway, algorithm_messages, dataset_messages, signed
from managers import Answer, Document
from servers import their_digest, their_manifest

COPY = "import shutil\nprint('hello')\nshutil.copy('datasets/a', 'results/a')\n"
DOCUMENT = Document("cvms_server.yaml")


class TryOut:
    """Started with the object, stopped with the context."""

    def __init__(self, *arguments):
        self.folder = tempfile.mkdtemp(prefix="cocos-try-out-")
        self.log_path = os.path.join(self.folder, "log")
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [os.path.join(BIN, "cocos-gateway"), "cvms-server", "--listen", "127.0.0.1:0",
                 "--front", "127.0.0.1:0", "--plaintext", *arguments],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.port = int(self.await_log(r"listening on .*, port (\d+),").group(1))
        self.front = int(self.await_log(r"front: https://.*, port (\d+)").group(1))
        self.token = self.await_log(r"token: ([0-9a-f]{64})").group(1)

    def await_log(self, pattern, seconds=60):
        end = time.monotonic() + seconds
        while True:
            with open(self.log_path, encoding="utf-8") as file:
                text = file.read()
            found = re.search(pattern, text)
            if found:
                return found
            assert time.monotonic() < end and self.process.poll() is None, text
            time.sleep(0.02)

    def connect(self):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.front, context=context, timeout=60)

    def ask(self, method, path, body=None, token=None):
        connection = self.connect()
        headers = {"Authorization": f"Bearer {token or self.token}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        got = connection.getresponse()
        answer = Answer(got.status, got.getheaders(), got.read())
        connection.close()
        DOCUMENT.check(method, path.partition("?")[0], answer)
        return answer

    def await_event(self, agent, kind, **members):
        """Reads the stream from its begin until there is such an event."""
        connection = self.connect()
        connection.request("GET", f"/v1/agents/{agent}/events", headers={"Authorization": f"Bearer {self.token}"})
        answer = connection.getresponse()
        assert answer.status == 200
        end = time.monotonic() + 60
        while time.monotonic() < end:
            line = answer.readline().decode().strip()
            if line.startswith("data: "):
                event = json.loads(line[6:])
                if event["type"] == kind and all(event["data"].get(name) == value for name, value in members.items()):
                    connection.close()
                    return event["data"]
        raise AssertionError(f"no {kind} {members}")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.process.send_signal(signal.SIGTERM)
        try:
            assert self.process.wait(timeout=60) == 0
        finally:
            if kind is not None:
                with open(self.log_path, encoding="utf-8") as file:
                    print(file.read()[-3000:])
            shutil.rmtree(self.folder, ignore_errors=True)


def await_agent(server, name):
    end = time.monotonic() + 60
    while server.ask("GET", f"/v1/agents/{name}").status != 200:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_computation_by_way_of_the_front(door):
    work = Computation(COPY, {"a": "x"})
    with TryOut() as server, Gateway("--agent", door.door, "--cvms-url", f"http://127.0.0.1:{server.port}",
                                     "--cvms-retry", "200ms", "--cvms-job", "vm-7") as gateway:
        await_agent(server, "vm-7")
        listed = server.ask("GET", "/v1/agents").json["items"]
        assert [(agent["id"], agent["connected"], agent["state"]) for agent in listed] == [("vm-7", True, None)]
        ordered = server.ask("PUT", "/v1/agents/vm-7/computation", their_manifest(work))
        assert ordered.status == 202
        assert ordered.json == {"computation_id": "c-1", "sha3_256": their_digest(work)}
        assert server.await_event("vm-7", "run", computation_id="c-1")["error"] == ""
        assert server.ask("GET", "/v1/agents/vm-7/state").json["state"] == "ReceivingAlgorithm"
        client = Client(gateway.channel())
        client.algo(algorithm_messages(work), signed(work.provider, "algorithm-provider", ("algo_type", "python")))
        client.data(dataset_messages("a", b"x"), signed(work.data, "data-provider"))
        server.await_event("vm-7", "event", event_type="ConsumingResults", status="Ready")
        server.await_event("vm-7", "log", message="hello")
        assert server.ask("DELETE", "/v1/agents/vm-7/computation?computation=c-1").status == 202
        assert server.await_event("vm-7", "stop", computation_id="c-1")["message"] == ""
        assert door.state()["state"] == "ReceivingManifest"


def test_a_machine_that_left_stays_known(door):
    with TryOut() as server:
        with Gateway("--agent", door.door, "--cvms-url", f"http://127.0.0.1:{server.port}"):
            await_agent(server, "agent-1")
        agent = server.ask("GET", "/v1/agents/agent-1").json
        assert not agent["connected"] and agent["last_event"] >= 1
        for method, path, body in (("PUT", "computation", {"id": "x"}), ("DELETE", "computation", None),
                                   ("GET", "state", None)):
            assert server.ask(method, f"/v1/agents/agent-1/{path}", body).status == 503
            assert server.ask(method, f"/v1/agents/none/{path}", body).status == 404


@pytest.mark.parametrize("manifest", [{}, {"id": ""}, {"id": 7}, {"id": "x", "algorithm": {"hash": [1]}},
                                      {"id": "x", "result_consumers": [{"user_key": "not base64"}]}])
def test_a_manifest_that_is_none_is_refused(door, manifest):
    with TryOut() as server, Gateway("--agent", door.door, "--cvms-url", f"http://127.0.0.1:{server.port}"):
        await_agent(server, "agent-1")
        assert server.ask("PUT", "/v1/agents/agent-1/computation", manifest).status == 422


def test_the_front_wants_its_token_and_serves_its_document():
    with TryOut() as server:
        assert server.ask("GET", "/v1/agents", token="0" * 64).status == 401
        assert server.ask("GET", "/v1/agents", token=server.token[:-1]).status == 401
        assert server.ask("GET", "/v1/agents").json == {"items": []}
        assert server.ask("GET", "/openapi.json").json == DOCUMENT.whole
        assert server.ask("GET", "/healthz").status == 200


def test_it_says_what_it_is_not():
    done = subprocess.run([os.path.join(BIN, "cocos-gateway"), "cvms-server", "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "not for production" in done.stdout and "--front" in done.stdout
    assert "usage: cocos-gateway cvms-server" in done.stdout


def test_the_document_lists_what_is_served_and_nothing_else():
    with open("lib/api/cvms_ops.h", encoding="utf-8") as file:
        rows = {tuple(part.strip().strip('"') for part in line[3:].split(",")[:3]) for line in file
                if line.startswith("OP(")}
    listed = {(operation["operationId"], method.upper(), path)
              for path, item in DOCUMENT.whole["paths"].items() for method, operation in item.items()}
    assert listed == rows
