"""Sealed uploads and results, with real agents: what TLS carries is not enough to read them."""

import json
import re
import zipfile

import pytest

from agents import Computation
from cli_support import INSECURE
from parties import openssl
from test_cli_attested import sim  # noqa: F401
from test_cli_real import create

HOW = ["--manifest", "m.json"]


def sent(agent):
    """Method, path and status of what the agent has answered."""
    lines = [json.loads(line) for line in agent.log().splitlines() if line.startswith("{")]
    return [(line["method"], line["path"], line["status"]) for line in lines if line.get("msg") == "request"]


class Holder:
    """A key of cocos-cli's, with a certificate for a client of the test's own."""

    def __init__(self, cli, name):
        self.key_file, self.certificate_file = cli.path(f"{name}-private.pem"), cli.path(f"{name}.crt")
        openssl("req", "-x509", "-new", "-key", str(self.key_file), "-out", str(self.certificate_file), "-subj", "/CN=x",
                "-days", "2")


@pytest.fixture
def waiting(sim):  # noqa: F811
    """A client and an agent that waits for the algorithm."""
    cli, agent = sim
    cli("keys", "-k", "ecdsa", "--name", "sealed")
    create(cli, "-c", "sealed-public.pem")
    manifest = json.loads(cli.path("m.json").read_text())
    manifest["result_consumers"][1]["seal"] = True
    cli.write("m.json", json.dumps(manifest))
    cli("manifest", "send", "m.json", "owner-private.pem")
    return cli, agent


def compute(cli, *how):
    cli("algo", "count.py", "coder-private.pem", "--seal", *HOW, *how)
    cli("data", "iris.csv", "data-private.pem", "--seal", *HOW, *how)
    cli("run", "owner-private.pem", *HOW, *how)


@pytest.mark.parametrize("auth", ["certificate", "signature"])
def test_what_is_sealed_arrives_as_it_was(waiting, auth):
    cli, agent = waiting
    compute(cli, "--auth", auth)
    path = cli("result", "reader-private.pem", *HOW, "--auth", auth, "-f", "plain.zip").out.strip()
    with zipfile.ZipFile(path) as archive:
        assert archive.read("x") == cli.path("iris.csv").read_bytes()[:3]
    cli("result", "sealed-private.pem", *HOW, "--auth", auth, "-f", "opened.zip")
    assert cli.path("plain.zip").read_bytes() == cli.path("opened.zip").read_bytes()
    assert agent.state()["state"] == "Complete"


def test_the_receipt_knows_the_sealed_result(waiting):
    cli, agent = waiting
    compute(cli)
    cli("receipt", "get", "sealed-private.pem", *HOW, "-o", "receipt.json", "--evidence", "evidence.json")
    cli("result", "sealed-private.pem", *HOW, "-f", "opened.zip")
    verify = ["receipt", "verify", "receipt.json", "--evidence", "evidence.json", "--result"]
    cli(*verify, "opened.zip")
    reader = Holder(cli, "sealed")
    answer = agent.ask("GET", "/v1/result", reader)
    assert answer.headers["content-encoding"] == "cocos-seal" and answer.body.startswith(b"cocoseal")
    assert b"PK\x03\x04" not in answer.body
    cli.write("sealed.bin", answer.body)
    cli(*verify, "sealed.bin")
    said = json.loads(cli.path("receipt.json").read_text())["result"]
    assert said["sealed_sha256"] == answer.headers["etag"].strip('"')
    part = agent.ask("GET", "/v1/result", reader, headers={"Range": "bytes=8-15"})
    assert part.status == 206 and part.body == answer.body[8:16]


def test_a_result_that_comes_open_against_the_manifest_is_not_taken(parties, fake_agent):
    parties("keys", "-k", "ecdsa", "--name", "sealed")
    parties("manifest", "create", "--owner", "owner-public.pem", "-a", "fit.py", "-c", "sealed-public.pem", "--seal",
            "-o", "m.json")
    parties("manifest", "send", "m.json", "owner-private.pem", INSECURE)
    parties("algo", "fit.py", "owner-private.pem", INSECURE)
    done = parties("result", "sealed-private.pem", INSECURE, code=1)
    assert "not sealed" in done.err and not parties.path("results.zip").exists()
    fake_agent.state, fake_agent.result = "ConsumingResults", b"cocoseal\x01"
    parties("result", "sealed-private.pem", INSECURE, code=5)  # cut within its header
    assert not parties.path("results.zip").exists()


def test_nothing_is_sealed_without_evidence(waiting):
    cli, agent = waiting
    del cli.env["COCOS_POLICY"]
    done = cli("algo", "count.py", "coder-private.pem", "--seal", "--insecure-no-attestation", code=5)
    assert "nothing was sent" in done.err
    assert not any(method == "PUT" and path == "/v1/algorithm" for method, path, _ in sent(agent))


def test_a_consumer_of_another_kind_of_key_is_refused_with_a_reason(parties, agent):
    done = parties("manifest", "create", "--owner", "owner-public.pem", "-a", "fit.py", "-c", "reader-public.pem",
                   "--seal", code=1)  # Ed25519
    assert "/result_consumers/0/key" in done.err and "p256" in done.err
    work = Computation("pass")  # the consumer's key is RSA
    work.manifest["result_consumers"][0]["seal"] = True
    answer = agent.ask("PUT", "/v1/computation", Computation.owner, json.dumps(work.manifest))
    assert answer.status == 422 and answer.json["errors"][0]["pointer"] == "/result_consumers/0/key"
    assert "p256" in answer.json["errors"][0]["detail"]


# --- the agent alone ---

def test_the_agent_says_what_is_wrong_with_a_body(agent):
    work = Computation("pass", {"a": "x"})
    work.set(agent)
    put = ("PUT", "/v1/algorithm", Computation.provider)
    assert agent.ask(*put, b"\x1f\x8b", {"Content-Encoding": "gzip"}).status == 415
    answer = agent.ask(*put, b"pass", {"Content-Encoding": "cocos-seal"})
    assert answer.status == 422 and "header" in answer.json["detail"]
    answer = agent.ask(*put, b"x" * 300, {"Content-Encoding": "cocos-seal"})
    assert answer.status == 422 and "not sealed" in answer.json["detail"]
    assert agent.ask("PUT", "/v1/computation", Computation.owner, b"{}",
                     {"Content-Type": "application/json", "Content-Encoding": "cocos-seal"}).status == 415
    assert agent.state()["awaiting"]["algorithm"] is True
    assert agent.ask("PUT", "/v1/algorithm", Computation.provider, b"pass", {"Content-Encoding": "identity"}).status == 201
    work.wipe(agent)


def test_there_is_a_key_only_with_a_computation(agent):
    assert agent.ask("GET", "/v1/seal-key").status == 409
    work = Computation("pass").set(agent)
    assert re.fullmatch(r"[A-Za-z0-9+/]+=*", agent.ask("GET", "/v1/seal-key").json["chain"])
    work.wipe(agent)
    assert agent.ask("GET", "/v1/seal-key").status == 409
