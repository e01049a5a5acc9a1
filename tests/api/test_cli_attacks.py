"""cocos-cli between a genuine agent and somebody who has its evidence, its answers or its wire: whatever
is tried, nothing secret is sent."""

import base64
import hashlib
import json
import socket
import threading
import time

import pytest

from agents import Agent
from cli_support import INSECURE
from fake_parts import FakeAgent
from https_service import SSL, Answer
from test_cli_attested import SEND, create, requests, sim, vtpm, vtpm_policy  # noqa: F401

ATTEST = "/v1/attestation"
SECRET = b"name,salary\n" + b"".join(b"person-%05d,%d\n" % (number, number * 7) for number in range(20000))


def pieces(data):
    """Enough of it that some of them are in whatever part of it was sent."""
    return [data[at:at + 32] for at in range(0, len(data) - 32, len(data) // 64)]


class Impostor(FakeAgent):
    """Says of itself what it is told to, with a certificate of its own, and takes all that comes."""

    def __init__(self, give):
        super().__init__()
        self.give = give

    def handle(self, request):
        if request.path == ATTEST:
            return Answer(200, self.give(request.json()))
        if request.method in ("PUT", "POST"):
            return Answer(201)
        return super().handle(request)

    def assert_got_nothing(self):
        assert {request.path for request in self.requests} <= {ATTEST, "/v1/state"}, self.requests
        for request in self.requests:
            assert request.path == ATTEST or not request.body
            assert len(request.body) < 1000 and not any(piece in request.body for piece in pieces(SECRET))


def evidence(agent, body):
    answer = agent.ask("POST", ATTEST, body=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status == 200, answer
    return answer.json


@pytest.fixture
def ready(sim):  # noqa: F811
    """A client that is about to upload to a genuine agent with its manifest."""
    cli, agent = sim
    cli.path("iris.csv").write_bytes(SECRET)
    create(cli)
    cli(*SEND)
    cli("algo", "count.py", "coder-private.pem")
    return cli, agent


def upload(cli, port, code):
    return cli("data", "iris.csv", "data-private.pem", "--agent-url", f"https://127.0.0.1:{port}", code=code)


def b64(data):
    return base64.b64encode(data).decode()


def with_server(bundle, key):
    """The same evidence, with another server's key written into its transcript."""
    text = json.dumps(bundle)
    for value in {bundle.get("transcript")} | {item.get("transcript") for item in bundle["items"]}:
        if value:
            raw = base64.b64decode(value)
            text = text.replace(value, b64(raw[:-40] + key + raw[-8:]))
    return json.loads(text)


LIES = {
    "of the connection between relay and agent": lambda agent, body: evidence(agent, body),
    "of an older question": lambda agent, body: evidence(agent, {"nonce": b64(bytes(32))}),
    "of another key than the one that signed": lambda agent, body: with_server(evidence(agent, body), bytes(32)),
    "of nothing": lambda agent, body: {**evidence(agent, body), "items": []},
    "the client's own words": lambda agent, body: body,
    "no evidence": lambda agent, body: {},
}


@pytest.mark.parametrize("lie", LIES)
def test_evidence_that_is_not_of_this_connection_is_refused(ready, lie):
    cli, agent = ready
    impostor = Impostor(lambda body: LIES[lie](agent, body))
    done = upload(cli, impostor.port, None)
    impostor.close()
    assert done.code in (3, 5, 6), done
    impostor.assert_got_nothing()
    assert [request.path for request in impostor.requests].count(ATTEST) == 1


def test_an_impostor_takes_what_it_is_sent_without_proof(ready):
    """Else it were no wonder that it gets nothing."""
    cli, agent = ready
    impostor = Impostor(lambda body: evidence(agent, body))
    impostor.manifest, impostor.state = json.loads(cli.path("m.json").read_text()), "ReceivingData"
    impostor.assets["algorithm"] = b""
    del cli.env["COCOS_POLICY"]
    cli("data", "iris.csv", "data-private.pem", "--agent-url", impostor.url, INSECURE)
    impostor.close()
    assert any(piece in request.body for request in impostor.requests for piece in pieces(SECRET))


def test_evidence_of_the_boot_is_none_of_a_connection(ready, tmp_path):
    """The same machine, another label: the agent put it into the share for its manager."""
    cli, agent = ready
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "in/config.json").write_text(json.dumps(
        {"version": 1, "vm_id": "vm-1", "boot_nonce": b64(bytes(32)), "log_level": "debug"}))
    with Agent(share=str(tmp_path), **agent.settings):
        until = time.monotonic() + 60
        while not (tmp_path / "out/evidence.json").exists():
            assert time.monotonic() < until
            time.sleep(0.05)
        boot = json.loads((tmp_path / "out/evidence.json").read_text())
    impostor = Impostor(lambda _: boot)
    done = upload(cli, impostor.port, 5)
    impostor.close()
    assert "transcript.channel" in done.err
    impostor.assert_got_nothing()


def test_older_tls_is_refused(ready):
    cli, agent = ready

    class Old(Impostor):
        min_version = SSL.TLS1_2_VERSION

    old = Old(lambda body: evidence(agent, body))
    done = upload(cli, old.port, None)
    old.close()
    assert done.code != 0 and old.requests == [], done


# --- a wire that is cut ---

class Wire:
    """Passes bytes on to a genuine agent until the client has sent so many, and cuts then; whoever comes
    again is led to somebody else."""

    def __init__(self, first, limit, then):
        self.first, self.limit, self.then = first, limit, then
        self.sent, self.count = 0, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                near, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            first = self.count == 1
            far = socket.create_connection(("127.0.0.1", self.first if first else self.then))
            threading.Thread(target=self.pump, args=(far, near, None), daemon=True).start()
            threading.Thread(target=self.pump, args=(near, far, self.limit if first else None), daemon=True).start()

    def pump(self, source, sink, limit):
        passed = 0
        try:
            while data := source.recv(4096):
                passed += len(data)
                if limit is not None and passed > limit:
                    break
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.listener.close()


# Within the handshake, before the question, before the upload, in the middle of it: whatever the sizes are, some of
# these lie behind the verdict.
CUTS = (300, 1500, 2500, 3500, 4500, 6000, 50_000, 150_000)


def test_a_connection_that_is_opened_again_is_attested_again_or_gets_nothing(ready):
    cli, agent = ready
    reopened = 0
    for cut in CUTS:
        impostor = Impostor(lambda body: evidence(agent, body))
        wire = Wire(agent.port, cut, impostor.port)
        done = upload(cli, wire.port, None)
        wire.close()
        impostor.close()
        assert done.code != 0, (cut, done)
        impostor.assert_got_nothing()
        assert impostor.body_bytes < 1000, (cut, impostor.requests)
        reopened += wire.count > 1
    assert reopened > 0
    assert agent.state()["awaiting"]["datasets"] == ["iris.csv"]
    until = time.monotonic() + 60
    while upload(cli, agent.port, None).code != 0:  # the agent may still have to notice the last cut
        assert time.monotonic() < until
        time.sleep(0.1)


def test_a_connection_that_is_cut_is_attested_again_with_the_same_agent(ready):
    cli, agent = ready
    before = requests(agent).count(("POST", ATTEST))
    wire = Wire(agent.port, 150_000, agent.port)
    done = upload(cli, wire.port, None)
    wire.close()
    asked = requests(agent)[before:]
    uploads = [place for place, entry in enumerate(asked) if entry[0] == "PUT"]
    if done.code == 0:
        assert wire.count > 1 and asked.count(("POST", ATTEST)) >= 2, (asked, uploads)
    assert agent.state()["awaiting"]["datasets"] == ([] if done.code == 0 else ["iris.csv"])


# --- a machine that has run something before ---

def test_what_waits_after_a_computation_cannot_pass_for_it(vtpm):  # noqa: F811
    cli, agent, _ = vtpm
    how = vtpm_policy(cli)
    manifest = create(cli)
    cli(*SEND, *how)
    nonce = "11" * 32
    get = ("attestation", "get", "--nonce", nonce, "--out", "evidence.json", *how)
    judge = ("attestation", "validate", "evidence.json", "--nonce", nonce, *how, "--json")
    cli(*get)
    claims = cli(*judge, "--manifest", "m.json").json["claims"]
    assert claims["transcript"]["manifest"] == claims["vtpm"]["run"]["manifest_sha256"] == manifest
    cli("stop", "owner-private.pem", *how)
    # With its end the machine shows no manifest any more, and who asks for that one is told why.
    before = requests(agent)
    done = cli("algo", "fit.py", "coder-private.pem", "--manifest", "m.json", *how, code=5)
    assert "run.manifest" in done.err and f"the computation of {manifest} has ended" in done.err
    assert "dice.computation" in done.err and "no computation's" in done.err
    assert ("PUT", "/v1/algorithm") not in requests(agent)[len(before):]
    cli(*get)
    claims = cli(*judge).json["claims"]
    assert "manifest" not in claims["transcript"]
    run = claims["vtpm"]["run"]
    assert (run["manifests"], run["ended_sha256"]) == (1, manifest) and "manifest_sha256" not in run
    refused = cli(*judge, "--manifest", "m.json", code=5).json
    assert {"run.manifest", "dice.computation"} <= {finding["id"] for finding in refused["findings"]}
    assert refused["crypto"] == "pass"


def test_a_key_is_the_computations_or_nothing_is_sent(vtpm):  # noqa: F811
    """Evidence that is genuine, whole and of the right machine, but does not say whose the key is."""
    cli, _, _ = vtpm
    how = vtpm_policy(cli)
    create(cli)
    cli(*SEND, *how)
    nonce = "11" * 32
    for kinds, insecure, code in (("vtpm", [INSECURE], 5), ("vtpm", how, 0), ("all", how, 0)):
        cli("attestation", "get", kinds, "--nonce", nonce, "--out", "evidence.json", *insecure)
        judged = cli("attestation", "validate", "evidence.json", "--nonce", nonce, *how, "--manifest", "m.json",
                     "--json", code=code).json
        errors = [finding for finding in judged["findings"] if finding["severity"] == "error"]
        assert [finding["id"] for finding in errors] == ["dice.computation"] * (code == 5), errors
        assert code == 0 or "no DICE chain" in errors[0]["got"]


def test_a_second_computation_is_seen(vtpm):  # noqa: F811
    cli, agent, _ = vtpm
    how = vtpm_policy(cli)
    measured = [hashlib.sha256(b"{}").hexdigest(), create(cli)]
    cli(*SEND, *how)
    cli("stop", "owner-private.pem", *how)
    measured.append(hashlib.sha256(b"cocos/end/1" + bytes.fromhex(measured[1])).hexdigest())
    cli.write("count.py", "pass\n")
    measured.append(create(cli))
    # One manifest has been set, and so far the machine is as good as new; with the next it is not.
    cli(*SEND, *how)
    before = requests(agent)
    done = cli("algo", "count.py", "coder-private.pem", "--manifest", "m.json", *how, code=5)
    assert "run.manifests" in done.err and "at most 1" in done.err
    assert ("PUT", "/v1/algorithm") not in requests(agent)[len(before):]
    policy = json.loads(cli.path("policy.json").read_text())
    cli.write("two.json", json.dumps({**policy, "max_manifests": 2}))
    cli("algo", "count.py", "coder-private.pem", "--manifest", "m.json", "--policy", "two.json")
    nonce = "11" * 32
    cli("attestation", "get", "--nonce", nonce, "--out", "evidence.json", "--policy", "two.json")
    claims = cli("attestation", "validate", "evidence.json", "--nonce", nonce, "--policy", "two.json",
                 "--json").json["claims"]
    pcr = bytes(32)
    for digest in measured:
        pcr = hashlib.sha256(pcr + bytes.fromhex(digest)).digest()
    assert pcr.hex() in json.dumps(claims)
