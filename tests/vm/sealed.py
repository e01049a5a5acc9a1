"""A computation in a real VM as its parties drive it, by cocos-cli alone: everything attested, uploads and result
sealed, the receipt verified; then its end, after which the machine shows it no more, and a second one, which shows."""

import json
import sys
import zipfile

from conftest import ROOT
from guests import compile_algorithm

sys.path.insert(0, str(ROOT / "tests" / "api"))

from cli_support import Cli  # noqa: E402

COPY = """
#include <stdio.h>
int main(void)
{
    FILE *from = fopen("datasets/a.csv", "rb"), *to = fopen("results/copy", "wb");
    int byte;
    while ((byte = getc(from)) != EOF)
        putc(byte, to);
    return fclose(to);
}
"""
PARTIES = ("owner", "coder", "hospital", "reader")
AGREED = ("--manifest", "m.json")


def make_client(folder, vm, policy):
    """Keys of all parties, and what they agree to; the policy is the manager's, and takes no second computation."""
    folder.mkdir()
    cli = Cli(folder)
    for party in PARTIES:
        cli("keys", "-k", "ecdsa", "--name", party)
    compile_algorithm(folder, "copy", COPY)
    cli.write("a.csv", bytes(range(256)) * 4000)
    cli.write("policy.json", json.dumps({**policy, "max_manifests": 1}))
    cli.env.update(COCOS_AGENT_URL=vm["agent_url"], COCOS_POLICY=str(cli.path("policy.json")))
    return cli


def create(cli, name):
    return cli("manifest", "create", "--owner", "owner-public.pem", "-a", "copy", "--provider", "coder-public.pem",
               "-d", "a.csv:hospital-public.pem", "-c", "reader-public.pem", "--seal", "--start", "manual",
               "--memory", "128", "--name", name, "-o", "m.json").out.strip()


def compute(cli):
    cli("algo", "copy", "coder-private.pem", "-a", "bin", "--seal", *AGREED)
    cli("data", "a.csv", "hospital-private.pem", "--seal", *AGREED)
    cli("run", "owner-private.pem", *AGREED)
    cli("receipt", "get", "reader-private.pem", *AGREED, "-o", "receipt.json", "--evidence", "evidence.json")
    cli("result", "reader-private.pem", *AGREED, "-f", "result.zip")
    with zipfile.ZipFile(cli.path("result.zip")) as archive:
        assert archive.read("copy") == cli.path("a.csv").read_bytes()
    cli("receipt", "verify", "receipt.json", "--evidence", "evidence.json", "--result", "result.zip")
    said = json.loads(cli.path("receipt.json").read_text())
    assert said["result"]["sealed_sha256"] and said["exit"]["kind"] == "done", said


def run_of(cli, code=0):
    """What the machine shows of its run, by the registers of its TPM."""
    nonce = "22" * 32
    cli("attestation", "get", "--nonce", nonce, "--out", "now.json", "--insecure-no-attestation")
    judged = cli("attestation", "validate", "now.json", "--nonce", nonce, "--policy", "policy.json", "--json",
                 code=code).json
    return judged["claims"]["vtpm"]["run"], {finding["id"] for finding in judged["findings"]
                                             if finding["severity"] == "error"}


def check(folder, vm, policy):
    cli = make_client(folder, vm, policy)
    first = create(cli, "first")
    cli("manifest", "send", "m.json", "owner-private.pem")
    compute(cli)
    cli("stop", "owner-private.pem")
    run, _ = run_of(cli)
    assert run["ended_sha256"] == first and run["manifests"] == 1 and "manifest_sha256" not in run
    late = cli("data", "a.csv", "hospital-private.pem", *AGREED, code=5)
    assert f"the computation of {first} has ended" in late.err and "dice.computation" in late.err

    second = create(cli, "second")
    cli("manifest", "send", "m.json", "owner-private.pem")
    run, refused = run_of(cli, code=5)
    assert (run["manifest_sha256"], run["manifests"]) == (second, 2) and refused == {"run.manifests"}, refused
    assert "run.manifests" in cli("algo", "copy", "coder-private.pem", "-a", "bin", *AGREED, code=5).err
