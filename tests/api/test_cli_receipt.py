"""Receipts of real agents: fetched, and judged by cocos-cli and by a verifier that shares nothing with it."""

import copy
import hashlib
import json
import platform
import random
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization

import receipt_verifier
from test_cli_attested import sim, vtpm, vtpm_policy  # noqa: F401
from test_cli_real import create

HOW = ["--manifest", "m.json"]
VERIFY = ["receipt", "verify", "receipt.json", "--evidence", "evidence.json"]


def compute(cli, algorithm=None, code=0):
    """A computation to its end; its receipt and evidence are in the client's directory."""
    if algorithm is not None:
        cli.write("count.py", algorithm)
    create(cli, "--args", "x")
    cli("manifest", "send", "m.json", "owner-private.pem")
    cli("algo", "count.py", "coder-private.pem", *HOW)
    cli("data", "iris.csv", "data-private.pem", *HOW)
    cli("run", "owner-private.pem", *HOW, code=code)
    cli("receipt", "get", "data-private.pem", *HOW, "-o", "receipt.json", "--evidence", "evidence.json")
    return json.loads(cli.path("receipt.json").read_text())


def read(cli):
    root = serialization.load_pem_public_key(json.loads(cli.path("policy.json").read_text())["sim"]["root"].encode())
    return cli.path("receipt.json").read_bytes(), cli.path("evidence.json").read_bytes(), root


@pytest.fixture
def receipt(sim):  # noqa: F811
    cli, agent = sim
    said = compute(cli)
    cli("result", "reader-private.pem", *HOW, "-f", "r.zip")
    return cli, agent, said


# --- what it says ---

def test_a_receipt_says_what_ran_over_what(receipt):
    cli, agent, said = receipt
    manifest = json.loads(cli.path("m.json").read_text())
    result = cli.path("r.zip").read_bytes()
    with open("/usr/bin/python3", "rb") as program:
        python = hashlib.sha256(program.read()).hexdigest()
    assert said["manifest_sha256"] == agent.state()["manifest_sha256"]
    assert said["algorithm"] == {"type": "python", "sha3_256": manifest["algorithm"]["sha3_256"], "args": ["x"]}
    assert said["datasets"] == [{name: manifest["datasets"][0][name] for name in ("filename", "sha3_256")}]
    version = subprocess.run(["/usr/bin/python3", "--version"], capture_output=True, text=True).stdout.split()[1]
    assert said["runtime"] == {"name": "python", "version": version, "digest": python}
    assert said["sandbox"] == {"profile": agent.state()["sandbox"]["profile"],
                               "cgroup": agent.state()["sandbox"]["cgroup"] != "none"}
    assert said["result"] == {"sha256": hashlib.sha256(result).hexdigest(), "sealed_sha256": None, "bytes": len(result)}
    assert said["exit"] == {"kind": "done", "code": 0}
    assert said["started_at"] <= said["ended_at"]
    assert said["evidence_sha256"] == hashlib.sha256(cli.path("evidence.json").read_bytes()).hexdigest()


def test_both_verifiers_accept_it_and_the_result(receipt):
    cli, _, said = receipt
    done = cli(*VERIFY, "--result", "r.zip")
    assert "accepted" in done.out and said["result"]["sha256"] in done.out
    assert cli(*VERIFY, "--json").json["claims"]["receipt"] == {k: v for k, v in said.items() if k != "cose"}
    text, evidence, root = read(cli)
    assert receipt_verifier.verify(text, evidence, root, cli.path("r.zip").read_bytes())["exit"]["kind"] == "done"


def test_a_run_that_failed_has_one_too(sim):  # noqa: F811
    cli, _ = sim
    said = compute(cli, "import sys; sys.exit(3)", code=6)
    assert said["exit"] == {"kind": "exit", "code": 3}
    assert said["result"] == {"sha256": None, "sealed_sha256": None, "bytes": 0}
    cli(*VERIFY)
    receipt_verifier.verify(*read(cli))


def test_a_native_program_names_the_kernel(sim):  # noqa: F811
    cli, _ = sim
    cli.write("run.sh", "#!/bin/sh\necho 1 > results/x\n")
    create(cli, "-t", "native", algorithm="run.sh")
    cli("manifest", "send", "m.json", "owner-private.pem")
    cli("algo", "run.sh", "coder-private.pem", *HOW)
    cli("data", "iris.csv", "data-private.pem", *HOW)
    cli("run", "owner-private.pem", *HOW)
    said = cli("receipt", "get", "owner-private.pem", *HOW).json
    assert said["runtime"] == {"name": "native", "version": platform.release(), "digest": None}


def test_a_tpm_that_the_policy_takes_for_good_vouches_for_one(vtpm):  # noqa: F811
    """Nobody can challenge a TPM afterwards: a policy for receipts takes it as it is, or names its key."""
    cli, _, root = vtpm
    vtpm_policy(cli)
    cli.env["COCOS_POLICY"] = str(cli.path("policy.json"))
    compute(cli)
    cli(*VERIFY)
    vtpm_policy(cli, emulated=False, ek_roots=[root])
    assert "tpm." in cli(*VERIFY, code=5).out


# --- what is refused ---

def test_there_is_none_before_the_end_and_for_others(sim, tmp_path):  # noqa: F811
    cli, _ = sim
    create(cli)
    cli("manifest", "send", "m.json", "owner-private.pem")
    assert "made when the run has ended" in cli("receipt", "get", "owner-private.pem", code=7).err
    cli("keys", "--name", "stranger")
    cli("receipt", "get", "stranger-private.pem", code=4)


def test_a_verifier_wants_evidence_and_policy(receipt):
    cli, _, _ = receipt
    cli("receipt", "verify", "receipt.json", "--policy", "policy.json", code=2)
    cli.env.pop("COCOS_POLICY")
    cli(*VERIFY, code=2)
    cli(*VERIFY, "--policy", "none.json", code=2)


def test_evidence_of_another_moment_is_refused(receipt):
    cli, _, _ = receipt
    cli("attestation", "get", "--out", "evidence.json")
    assert "receipt.evidence" in cli(*VERIFY, code=5).err + cli(*VERIFY, code=5).out
    with pytest.raises(ValueError):
        receipt_verifier.verify(*read(cli))


def test_another_root_is_refused(receipt):
    cli, _, _ = receipt
    cli.write("other.json", json.dumps({"version": 1, "sim": {"root": cli.path("owner-public.pem").read_text()}}))
    cli(*VERIFY, "--policy", "other.json", code=5)


def test_another_result_is_refused(receipt):
    cli, _, _ = receipt
    cli.write("r.zip", cli.path("r.zip").read_bytes() + b"\0")
    assert "receipt.result" in cli(*VERIFY, "--result", "r.zip", code=5).out
    text, evidence, root = read(cli)
    with pytest.raises(ValueError):
        receipt_verifier.verify(text, evidence, root, cli.path("r.zip").read_bytes())


def changes(value):
    """Every way to change one leaf, or to leave one member out."""
    if isinstance(value, dict):
        for key in value:
            yield {k: v for k, v in value.items() if k != key}
            for other in changes(value[key]):
                yield {**value, key: other}
    elif isinstance(value, list):
        yield value + value[:1] if value else ["x"]
        for at, item in enumerate(value):
            for other in changes(item):
                yield value[:at] + [other] + value[at + 1:]
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str):
        yield ("B" if value[0] == "A" else "A") + value[1:]
        yield None
    else:
        yield "0" * 64


def test_every_changed_member_is_refused_by_both(receipt):
    cli, _, said = receipt
    _, evidence, root = read(cli)
    tried = 0
    for changed in changes(copy.deepcopy(said)):
        text = json.dumps(changed)
        with pytest.raises(ValueError):
            receipt_verifier.verify(text, evidence, root)
        if tried % 4 == 0:  # a process each; all of them are tried in the unit test
            cli.write("receipt.json", text)
            cli(*VERIFY, code=5)
        tried += 1
    assert tried > 70


def test_ten_thousand_flipped_bits_are_refused(receipt):
    cli, _, _ = receipt
    text, evidence, root = read(cli)
    chance = random.Random(7)
    for _ in range(10000):
        bit = chance.randrange(8 * len(text))
        flipped = bytearray(text)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(ValueError):
            receipt_verifier.verify(bytes(flipped), evidence, root)
    receipt_verifier.verify(text, evidence, root)
