"""The program itself: settings, start and end, what it serves beside computations."""

import json
import os
import pathlib
import socket
import ssl
import subprocess
import threading
import time

import pytest

from agents import BIN, Agent, Computation

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.path.join(BIN, "cocos-agent")


def call(*arguments, **environment):
    return subprocess.run([PROGRAM, *arguments], env={"PATH": os.environ["PATH"], **environment},
                          capture_output=True, text=True, timeout=60, check=False)


def test_help_and_version():
    done = call("--help")
    assert done.returncode == 0 and "COCOS_AGENT_LISTEN" in done.stdout and done.stderr == ""
    done = call("--version")
    assert done.returncode == 0 and (ROOT / "VERSION").read_text().strip() in done.stdout


@pytest.mark.parametrize("setting,value", [
    ("COCOS_AGENT_PLATFORM", "toaster"), ("COCOS_AGENT_LISTEN", "nowhere"),
    ("COCOS_AGENT_LISTEN", "127.0.0.1:70000"), ("COCOS_AGENT_LISTEN", "")])
def test_a_bad_setting_is_said(tmp_path, setting, value):
    done = call(COCOS_AGENT_STATE_DIR=str(tmp_path / "s"), **{setting: value})
    assert done.returncode == 2, done
    assert done.stderr.strip().splitlines()[-1].startswith("cocos-agent: "), done.stderr


def test_a_platform_that_is_not_there_is_said(tmp_path):
    if os.path.exists("/dev/tdx_guest"):
        pytest.skip("SKIP: this is a TDX guest")
    done = call(COCOS_AGENT_STATE_DIR=str(tmp_path / "s"), COCOS_AGENT_PLATFORM="tdx")
    assert done.returncode == 2 and "platform tdx: " in done.stderr


@pytest.mark.parametrize("platform", ["sim", "none"])
def test_the_platform_is_told(platform):
    with Agent(COCOS_AGENT_PLATFORM=platform) as agent:
        assert agent.state()["platform"] == platform


def test_one_agent_a_directory_and_one_a_port():
    with Agent() as agent:
        done = call(COCOS_AGENT_STATE_DIR=agent.state_dir, COCOS_AGENT_LISTEN="127.0.0.1:0")
        assert done.returncode == 7 and "another agent" in done.stderr
        done = call(COCOS_AGENT_STATE_DIR=agent.folder + "/other",
                    COCOS_AGENT_LISTEN=f"127.0.0.1:{agent.port}")
        assert done.returncode == 1 and "in use" in done.stderr, done
        assert agent.state()["state"] == "ReceivingManifest"


def test_a_directory_that_cannot_be_made_is_said():
    done = call(COCOS_AGENT_STATE_DIR="/proc/x", COCOS_AGENT_LISTEN="127.0.0.1:0")
    assert done.returncode == 1 and "/proc/x" in done.stderr


def test_what_an_earlier_life_left_is_removed(tmp_path):
    old = tmp_path / "cocos-worker-1-0"
    for name in ("datasets", "incoming", "sandbox"):
        (old / name).mkdir(parents=True)
        (old / name / "old").write_text("secret")
    (old / "algorithm").write_text("secret")
    os.symlink("/etc/passwd", old / "result.zip")
    os.symlink("/etc", tmp_path / "cocos-worker-1-1")
    (tmp_path / "another's").write_text("stays")
    with Agent(state_dir=str(tmp_path)) as agent:
        left = [name for _, _, names in os.walk(tmp_path) for name in names]
        assert sorted(left) == [".lock", "another's"]
        assert os.path.exists("/etc/passwd")
        agent.stop()
        assert os.listdir(tmp_path) == ["another's"]


def test_the_state_directory_is_private():
    with Agent() as agent:
        assert os.stat(agent.state_dir).st_mode & 0o777 == 0o700


def test_tls_is_new_and_the_key_is_fresh():
    with Agent() as agent:
        first = agent.state()["spki_sha256"]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, OSError)):
            context.wrap_socket(socket.create_connection(("127.0.0.1", agent.port)))
        assert agent.raw().version() == "TLSv1.3"
    with Agent() as agent:
        assert agent.state()["spki_sha256"] != first


def test_errors_of_http(agent):
    assert agent.ask("GET", "/").status == 404
    assert agent.ask("GET", "/v1/nothing").status == 404
    answer = agent.ask("POST", "/v1/state")
    assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD"
    answer = agent.ask("PATCH", "/v1/datasets/a")
    assert answer.status == 405
    assert set(answer.headers["allow"].replace(" ", "").split(",")) == {"HEAD", "PUT"}
    answer = agent.ask("GET", "/v1/state", headers={"X-Request-Id": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1" or len(answer.headers["x-request-id"]) == 36


@pytest.mark.parametrize("text,status", [
    ("", 400), ("{", 400), ("[" * 100_000, 400), ('{"a":1}{"a":1}', 400), ("null", 422), ("[]", 422),
    ('{"id":"a","id":"a"}', 422), ("\xff\xfe", 400), ('{"id":1}', 422), ('{"x":{}}', 422),
    ('{"a":' * 33 + "1" + "}" * 33, 400), ('{"id":"a\\u0000"}', 400), ("1e999", 422)])
def test_manifests_that_are_none(agent, text, status):
    answer = agent.ask("PUT", "/v1/computation", Computation.owner, text.encode("latin-1"))
    assert answer.status in ({status} if text != "1e999" else {400, 422}), answer
    assert answer.json["type"].startswith("urn:cocos:problem:")


@pytest.mark.parametrize("pointer,change", [
    ("/algorithm/type", lambda m: m["algorithm"].update(type="wasm")),
    ("/algorithm/type", lambda m: m["algorithm"].update(type="oci")),
    ("/datasets/0/source", lambda m: m["datasets"][0].update(source={"url": "https://x"})),
    ("/run/network", lambda m: m["run"].update(network={"allow": ["a:1"]})),
])
def test_what_is_not_available_yet_says_so(agent, pointer, change):
    work = Computation("pass", {"a": "x"})
    change(work.manifest)
    answer = agent.ask("PUT", "/v1/computation", work.owner, json.dumps(work.manifest))
    assert answer.status == 422 and answer.json["type"] == "urn:cocos:problem:not-available"
    assert "not available yet" in answer.json["detail"]
    assert answer.json["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize("pointer,change", [
    ("/id", lambda m: m.update(id="")),
    ("/id", lambda m: m.update(id="a b")),
    ("/id", lambda m: m.update(id="x" * 65)),
    ("/owner", lambda m: m.pop("owner")),
    ("/owner/key", lambda m: m.update(owner={"key": "x"})),
    ("/owner/mail", lambda m: m["owner"].update(mail="a@b")),
    ("/algorithm/sha3_256", lambda m: m["algorithm"].update(sha3_256="00")),
    ("/algorithm/sha3_256", lambda m: m["algorithm"].update(sha3_256="A" * 64)),
    ("/algorithm/args/0", lambda m: m["algorithm"].update(args=[1])),
    ("/algorithm/args", lambda m: m["algorithm"].update(args=["x"] * 257)),
    ("/datasets/1/filename", lambda m: m.update(datasets=m["datasets"] * 2)),
    ("/datasets", lambda m: m.update(datasets=[{**m["datasets"][0], "filename": str(i)}
                                               for i in range(257)])),
    ("/result_consumers", lambda m: m.update(result_consumers=[])),
    ("/result_consumers/1/key", lambda m: m.update(result_consumers=m["result_consumers"] * 2)),
    ("/run/timeout", lambda m: m["run"].update(timeout="0s")),
    ("/run/timeout", lambda m: m["run"].update(timeout="1")),
    ("/run/memory_mib", lambda m: m["run"].update(memory_mib=1)),
    ("/run/memory_mib", lambda m: m["run"].update(memory_mib="512")),
    ("/run/memory_mib", lambda m: m["run"].update(memory_mib=64.5)),
    ("/run/memory_mib", lambda m: m["run"].update(memory_mib=16 << 20)),  # more than the machine has
    ("/run/network", lambda m: m["run"].update(network="all")),
    ("/run/start", lambda m: m["run"].update(start="later")),
    ("/logs/max_bytes", lambda m: m["logs"].update(max_bytes=1 << 40)),
])
def test_what_is_wrong_in_a_manifest_is_pointed_at(agent, pointer, change):
    work = Computation("pass", {"a": "x"})
    change(work.manifest)
    answer = agent.ask("PUT", "/v1/computation", work.owner, json.dumps(work.manifest))
    assert answer.status == 422, answer
    assert answer.json["errors"][0]["pointer"] == pointer, answer


def test_large_headers_and_bodies(agent):
    with agent.raw() as raw:
        try:
            raw.sendall(b"GET /v1/state HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n")
            head = raw.recv(100)
        except OSError:
            head = b""
    assert head == b"" or head.startswith(b"HTTP/1.1 4")
    connection = agent.connect(Computation.owner)
    try:
        connection.request("PUT", "/v1/computation", body=b"[" * 100_000_000,
                           headers={"Content-Type": "application/json"})
        assert connection.getresponse().status == 413
    except OSError:
        pass  # refused before it was sent
    connection.close()
    assert agent.ask("GET", "/healthz").json == {"status": "ok"}


def test_manifests_are_one_whatever_their_spelling(agent):
    work = Computation("pass", {"ä€😀.csv": "x"})
    work.manifest["description"] = "tab\tquote\"slash/\\ ünïcödé 😀 \u20ac"
    text = json.dumps(dict(reversed(list(work.manifest.items()))), indent=4, ensure_ascii=True)
    answer = agent.ask("PUT", "/v1/computation", work.owner, text)
    assert answer.status == 201 and answer.json["manifest_sha256"] == work.sha256
    answer = agent.ask("GET", "/v1/computation", work.data)
    assert answer.json == work.manifest and answer.headers["cocos-computation"] == work.sha256


# --- documents and figures ---

def test_the_document_is_served_and_says_what_is_served(agent):
    served = agent.ask("GET", "/openapi.json").json
    made = subprocess.run([ROOT / "openapi" / "embed", ROOT / "openapi" / "agent.yaml", "--json"],
                          stdout=subprocess.PIPE, check=True).stdout
    assert served == json.loads(made) and served["openapi"].startswith("3.1")
    rows = [line.split("(", 1)[1].split(",")[:3] for line in
            (ROOT / "lib/api/agent_ops.h").read_text().splitlines() if line.startswith("OP(")]
    operations = {(name.strip(), method.strip().lower(), path.strip().strip('"'))
                  for name, method, path in rows}
    assert operations == {(operation["operationId"], method, path)
                          for path, methods in served["paths"].items()
                          for method, operation in methods.items() if method != "parameters"}


def test_every_answer_is_in_the_document(agent):
    """A few of everything; the statuses that come are the statuses that are promised."""
    document = agent.ask("GET", "/openapi.json").json
    work = Computation("open('results/x', 'w')", {"a": "x"})
    seen = []

    def ask(method, path, party=None, body=None, template=None, **more):
        answer = agent.ask(method, path, party, body, **more)
        promised = document["paths"][template or path][method.lower()]["responses"]
        assert str(answer.status) in promised, (method, path, answer)
        content = promised[str(answer.status)]
        if "$ref" in content:
            content = document["components"]["responses"][content["$ref"].rsplit("/", 1)[1]]
        kind = answer.headers.get("content-type", "").split(";")[0]
        assert method == "HEAD" or answer.status in (204, 304) or \
            kind in [name.split(";")[0] for name in content.get("content", {})], (path, answer)
        seen.append((method, path, answer.status))

    template = "/v1/datasets/{filename}"
    for path in ("/healthz", "/readyz", "/metrics", "/openapi.json", "/v1/state"):
        ask("GET", path)
        ask("GET", path, body=b"x")
    ask("PUT", "/v1/computation", work.owner, b"{")
    ask("PUT", "/v1/computation", work.owner, b"{}")
    ask("PUT", "/v1/computation", work.owner, json.dumps(work.manifest))
    ask("PUT", "/v1/computation", work.owner, json.dumps(work.manifest))
    for party in (None, work.stranger, work.owner, work.provider, work.data, work.consumer):
        ask("GET", "/v1/computation", party)
        ask("HEAD", "/v1/algorithm", party)
        ask("HEAD", "/v1/algorithm/requirements", party)
        ask("PUT", "/v1/algorithm", party, b"x")
        ask("PUT", "/v1/algorithm/requirements", party, b"x")
        ask("HEAD", "/v1/datasets/a", party, template=template)
        ask("PUT", "/v1/datasets/b", party, b"x", template=template)
        ask("POST", "/v1/run", party)
        ask("GET", "/v1/result", party)
        ask("GET", "/v1/logs", party)
    work.send_algorithm(agent).send_data(agent)
    agent.await_state("ConsumingResults")
    ask("GET", "/v1/result", work.consumer, headers={"Range": "bytes=0-1"})
    ask("GET", "/v1/result", work.consumer, headers={"Range": "bytes=99999-"})
    ask("GET", "/v1/result", work.consumer)
    ask("DELETE", "/v1/computation", work.stranger)
    ask("DELETE", "/v1/computation", work.owner)
    assert {status for _, _, status in seen} >= {200, 201, 204, 206, 400, 401, 403, 404, 409, 413,
                                                 416, 422}


def test_figures(agent):
    work = Computation("pass")
    work.run(agent)
    text = agent.ask("GET", "/metrics").body.decode()
    assert 'cocos_agent_state{state="ConsumingResults"} 1' in text
    assert 'cocos_agent_state{state="Running"} 0' in text
    assert 'cocos_agent_received_bytes_total{asset="algorithm"} 4' in text


# --- events ---

def listen(agent, party, after=None):
    """A stream of events: yields each as a dict."""
    headers = {} if after is None else {"Last-Event-ID": str(after)}
    connection = agent.connect(party, timeout=60)
    connection.request("GET", "/v1/events", headers=headers)
    answer = connection.getresponse()
    assert answer.status == 200 and answer.getheader("content-type").startswith("text/event-stream")
    event = {}
    while line := answer.readline():
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "data":
            event = json.loads(value)
        if name == "" and event:
            yield event
            event = {}


def test_events_come_as_they_happen_and_end_with_the_computation(agent):
    earlier = Computation("pass")
    earlier.set(agent)
    earlier.wipe(agent)
    work = Computation("pass", {"a": "x"}).set(agent)
    got = []

    def gather():
        got.extend(listen(agent, work.data))

    thread = threading.Thread(target=gather)
    thread.start()
    end = time.monotonic() + 60
    while len(got) < 2:
        assert time.monotonic() < end
        time.sleep(0.01)
    assert [event["type"] for event in got] == ["manifest", "state"]  # nothing of the earlier one
    work.send_algorithm(agent).send_data(agent)
    agent.await_state("ConsumingResults")
    work.wipe(agent)
    thread.join(timeout=60)
    assert not thread.is_alive()
    types = [event["type"] for event in got]
    assert types == ["manifest", "state", "algorithm", "state", "dataset", "state", "run", "result",
                     "state", "stopped", "state"]
    assert got[-1]["data"]["to"] == "ReceivingManifest"


def test_events_of_a_later_computation_are_not_for_the_parties_of_an_earlier_one(agent):
    earlier = Computation("pass", {"a": "x"}).set(agent)
    got = []
    thread = threading.Thread(target=lambda: got.extend(listen(agent, earlier.data)))
    thread.start()
    end = time.monotonic() + 60
    while len(got) < 2:
        assert time.monotonic() < end
        time.sleep(0.01)
    earlier.wipe(agent)
    later = Computation("pass")  # with the same id, without that party
    later.set(agent)
    thread.join(timeout=60)
    assert not thread.is_alive()
    assert {event["type"] for event in got[2:]} <= {"stopped", "state"}
    for path in ("/v1/events", "/v1/logs", "/v1/result", "/v1/computation"):
        assert agent.ask("GET", path, earlier.data).status == 403, path
    stream = listen(agent, later.owner, after=1)  # from long before it
    assert next(stream)["data"]["manifest_sha256"] == later.sha256


def test_events_resume(agent):
    work = Computation("pass")
    work.run(agent)
    stream = listen(agent, work.owner)
    first = [next(stream) for _ in range(4)]
    again = listen(agent, work.owner, after=first[1]["id"])
    assert [next(again) for _ in range(2)] == first[2:]
