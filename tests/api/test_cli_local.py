"""What cocos-cli does without anybody at the other end."""

import base64
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from cli_support import ROOT

COMMANDS = ["create-vm", "remove-vm", "list-vms", "vm-info", "images", "host", "algo", "data", "run", "result",
            "stop", "state", "wait", "events", "logs", "manifest create", "manifest show", "manifest hash",
            "manifest send", "keys", "checksum", "attestation get", "attestation validate", "attestation explain",
            "evidence show", "receipt get", "receipt verify", "ca-bundle", "eventlog replay", "ima replay",
             "ima-measurements", "policy download", "igvmmeasure", "sevsnpmeasure",
            "sevsnpmeasure parse-metadata", "measure", "login", "doctor", "completion", "help", "version"]
LATER = ["create-vm --aws-region eu",
         "create-vm --client-key f", "completion powershell", "algo f k --python-runtime pypy"]


# --- usage ---

@pytest.mark.parametrize("args, says", [
    ([], ""),
    (["nonsense"], "unknown command 'nonsense'"),
    (["chcksum"], "did you mean 'checksum'?"),
    (["manifest", "hsah", "x"], "did you mean 'manifest hash'?"),
    (["manifest"], "manifest create"),
    (["keys", "--nope"], "unknown flag '--nope'"),
    (["keys", "--key-typ", "rsa"], "did you mean '--key-type'?"),
    (["keys", "-k", "dsa"], "expected one of rsa, ecdsa"),
    (["keys", "extra"], "takes no arguments"),
    (["keys", "-k"], "needs a value"),
    (["keys", "--json=yes"], "takes no value"),
    (["keys", "--name", "../up"], "cannot be part of a file name"),
    (["checksum"], "'checksum' needs PATH"),
    (["checksum", "a", "b"], "'b' too many"),
    (["checksum", "missing"], "No such file"),
    (["checksum", "/dev/null"], "neither a regular file nor a directory"),
    (["create-vm", "--cpus", "0"], "from 1 to 1024"),
    (["create-vm", "--cpus", "-1"], "from 1 to 1024"),
    (["create-vm", "--ttl", "soon"], "expected a duration"),
    (["create-vm"], "which manager?"),
    (["list-vms", "--state", "weird"], "expected one of provisioning"),
    (["state"], "which agent?"),
    (["state", "--agent-url", "http://127.0.0.1:1"], "is not an address"),
    (["state", "--agent-url", "https://u:p@127.0.0.1:1"], "is not an address"),
    (["state", "--agent-url", "https://127.0.0.1:1/x"], "is not an address"),
    (["state", "--agent-url", "https://127.0.0.1:1", "--agent-pin", "sha256//short"], "is not a pin"),
    (["wait", "Failed", "--agent-url", "https://127.0.0.1:1"], "no state that can be waited for"),
    (["stop", "--agent-url", "https://127.0.0.1:1"], "whose key?"),
    (["completion", "tcsh"], "expected bash, zsh or fish"),
    (["help", "nothing"], "there is no command"),
    (["login", "/nowhere"], "open '/nowhere/ca.pem'"),
    (["state", "--profile", "missing"], "profile"),
    (["state", "--profile", "../x"], "cannot be the name of a profile"),
    (["manifest", "create"], "--owner is missing"),
    (["manifest", "create", "--owner", "o"], "--algorithm is missing"),
    (["manifest", "create", "--owner", "o", "--algorithm", "a"], "--consumer is missing"),
])
def test_wrong_usage_is_exit_2_and_says_what_is_right(cli, args, says):
    done = cli(*args, code=2)
    assert says in done.err
    assert done.out == ""


@pytest.mark.parametrize("line", LATER)
def test_what_comes_later_says_so(cli, line):
    cli.write("f", "x")
    done = cli(*line.split(), code=2)
    assert "not available" in done.err or "python3 and nothing else" in done.err or "which agent" in done.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_and_a_man_page(cli, command):
    text = cli(*command.split(), "--help").out
    assert f"Usage: cocos-cli {command}" in text
    assert "--json" in text
    assert max(map(len, text.splitlines())) <= 110
    assert cli("help", *command.split()).out == text
    page = cli(*command.split(), "--man").out
    assert page.startswith(f".TH COCOS-CLI-{command.upper().replace(' ', '-')} 1 ")


@pytest.mark.parametrize("command, says", [
    ("sevsnpmeasure", "snp, snp:svsm, seves, sev or snp:ovmf-hash"),
    ("sevsnpmeasure", "QEMU, ec2, ec2-old or gce"),
    ("igvmmeasure", "snp, sev, seves or tdx"),
    ("eventlog replay", "sha256, sha384 or sha1"),
    ("attestation validate", "bundle or sim"),
])
def test_what_may_be_chosen_stands_in_the_help_and_the_man_page(cli, command, says):
    for how in ("--help", "--man"):
        assert says in " ".join(cli(*command.split(), how).out.replace("\\-", "-").split())


def test_help_lists_every_command_and_is_what_help_says(cli):
    text = cli("--help").out
    for command in COMMANDS:
        assert f"\n  {command} " in text
    assert cli("help").out == text


def test_version(cli):
    version = (ROOT / "VERSION").read_text().strip()
    assert cli("--version").out == f"cocos-cli {version}\n"
    assert cli("version").out == f"cocos-cli {version}\n"
    assert cli("version", "--json").json == {"name": "cocos-cli", "version": version}


def test_flags_may_stand_anywhere_and_end_at_two_dashes(cli):
    cli.write("-odd", "x")
    assert cli("--json", "checksum", "--", "-odd").json["path"] == "-odd"
    assert cli("checksum", "-b", "./-odd", "--json").json["path"] == "./-odd"
    assert cli("checksum", "-mb", cli.write("m.json", "{}")).out.endswith("=\n")


def test_documentation_is_what_the_program_prints(cli):
    assert (ROOT / "docs" / "cli.md").read_text() == cli("--markdown").out


# --- man pages and completions ---

@pytest.mark.parametrize("words", [[], *[c.split() for c in COMMANDS]])
def test_man_pages_render_without_a_warning(cli, words):
    if shutil.which("man") is None:
        pytest.skip("SKIP: no man here, so man pages are not rendered")
    page = cli.write("page.1", cli(*words, "--man").out)
    done = subprocess.run(["man", "--warnings", "-l", str(page)], capture_output=True,
                          env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MAN_KEEP_FORMATTING": ""})
    assert done.returncode == 0
    assert done.stderr == b""
    assert b"EXIT STATUS" in done.stdout


def complete(cli, line):
    """What bash offers for a command line that ends at the cursor."""
    script = cli.write("completion.bash", cli("completion", "bash").out)
    words = line.split(" ")
    quoted = " ".join(f"'{word}'" for word in words)
    done = subprocess.run(
        ["bash", "-euc", f"source {script}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _cocos_cli; "
                         'printf "%s\\n" "${COMPREPLY[@]}"'],
        capture_output=True, cwd=cli.directory)
    assert done.stderr == b"", done.stderr
    return done.stdout.decode().split()


def test_bash_completes_commands_flags_values_and_files(cli):
    assert complete(cli, "cocos-cli che") == ["checksum"]
    assert complete(cli, "cocos-cli manifest s") == ["show", "send"]
    assert complete(cli, "cocos-cli keys --key") == ["--key-type"]
    assert complete(cli, "cocos-cli keys --key-type ed") == ["ed25519"]
    cli.write("iris.csv", "x")
    assert complete(cli, "cocos-cli data ir") == ["iris.csv"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_completions_load_where_the_shell_is_there(cli, shell):
    script = cli("completion", shell).out
    assert all(command.split()[-1] in script for command in COMMANDS)
    try:
        done = subprocess.run([shell, "-n"], input=script.encode(), capture_output=True)
    except FileNotFoundError:
        pytest.skip(f"SKIP: no {shell} here, so its completion is not loaded")
    assert done.returncode == 0 and done.stderr == b""


# --- keys ---

@pytest.mark.parametrize("kind, expected, size", [
    (None, rsa.RSAPrivateKey, 3072), ("rsa", rsa.RSAPrivateKey, 3072), ("ecdsa", ec.EllipticCurvePrivateKey, 256),
    ("ecdsa-p384", ec.EllipticCurvePrivateKey, 384), ("ed25519", ed25519.Ed25519PrivateKey, None)])
def test_keys_are_pkcs8_and_others_can_read_them(cli, kind, expected, size):
    done = cli("keys", *(["-k", kind] if kind else []), "--json")
    private_pem = cli.path("private.pem").read_bytes()
    assert private_pem.startswith(b"-----BEGIN PRIVATE KEY-----")
    key = serialization.load_pem_private_key(private_pem, None)
    assert isinstance(key, expected)
    assert size in (None, getattr(key, "key_size", None))
    public = serialization.load_pem_public_key(cli.path("public.pem").read_bytes())
    spki = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert spki == key.public_key().public_bytes(serialization.Encoding.DER,
                                                 serialization.PublicFormat.SubjectPublicKeyInfo)
    assert done.json["identity"] == hashlib.sha256(spki).hexdigest()
    assert stat.S_IMODE(cli.path("private.pem").stat().st_mode) == 0o600


def test_keys_are_never_overwritten(cli):
    cli.write("private.pem", "precious")
    assert "not overwritten" in cli("keys", "-k", "ed25519", code=1).err
    assert cli.path("private.pem").read_text() == "precious"
    assert not cli.path("public.pem").exists()
    cli.path("private.pem").rename(cli.path("other.pem"))
    cli.write("public.pem", "precious too")
    assert "not overwritten" in cli("keys", "-k", "ed25519", code=1).err
    assert cli.path("public.pem").read_text() == "precious too"
    assert not cli.path("private.pem").exists()


def test_keys_with_a_name_and_a_place(cli):
    done = cli("keys", "-k", "ed25519", "-n", "alice", "-o", "a/b")
    assert done.out == "a/b/alice-private.pem\na/b/alice-public.pem\n"
    assert cli.path("a/b/alice-public.pem").exists()


# --- checksum ---

def test_checksum_of_a_file(cli):
    cli.write("iris.csv", "data")
    digest = hashlib.sha3_256(b"data")
    assert cli("checksum", "iris.csv").out == digest.hexdigest() + "\n"
    assert cli("checksum", "-b", "iris.csv").out == base64.b64encode(digest.digest()).decode() + "\n"
    assert cli("checksum", "iris.csv", "--json").json == {
        "path": "iris.csv", "sha3_256": digest.hexdigest(), "base64": base64.b64encode(digest.digest()).decode()}


def test_checksum_of_a_directory_is_that_of_its_zip(cli):
    cli.write("d/a.txt", "hello\n")
    cli.write("d/sub/b.txt", "x")
    os.chmod(cli.path("d/a.txt"), 0o600)
    cli.env["TZ"] = "America/New_York"
    expected = "377d09a5652db1962f04b3f3f1ff4556e28b6b355fbf3f624727fa850b543258"
    assert cli("checksum", "d").out == expected + "\n"
    assert cli("checksum", "d/").out == expected + "\n"


def test_checksum_of_a_manifest_does_not_depend_on_its_spelling(cli):
    cli.write("a.json", '{"b": 1, "a": "\\u0041"}')
    cli.write("b.json", '{ "a":"A",\n"b":1 }')
    assert cli("checksum", "-m", "a.json").out == cli("checksum", "-m", "b.json").out
    assert cli("checksum", "-m", "a.json").out == hashlib.sha3_256(b'{"a":"A","b":1}').hexdigest() + "\n"
    assert cli("manifest", "hash", "a.json").out == hashlib.sha256(b'{"a":"A","b":1}').hexdigest() + "\n"


def test_checksum_of_an_older_manifest_is_the_one_it_always_had(cli):
    cli.write("m.json", json.dumps({
        "result_consumers": [{"user_key": "BwgJ"}], "name": "a<b & c", "id": "1", "description": "d",
        "datasets": [{"filename": "iris.csv", "hash": list(range(32)), "user_key": "AQID", "decompress": True}],
        "algorithm": {"algo_args": ["--a", "1"], "hash": [255] * 32, "user_key": "BAUG", "algo_type": "python"}}))
    assert cli("checksum", "-m", "m.json").out == "3fb99aa37e621061dc6fc3ea14029e7d37e5e79c819e64350d4da186672c4304\n"


@pytest.mark.parametrize("text", ["", "{", "[1,2", '{"a":1,"a":2}', '{"a":1.5}', "\xff"])
def test_checksum_of_a_manifest_that_is_none(cli, text):
    cli.write("m.json", text.encode("latin-1"))
    assert "m.json" in cli("checksum", "-m", "m.json", code=1).err


# --- manifest ---

def test_manifest_create_writes_every_member(parties):
    manifest = json.loads(parties.path("manifest.json").read_text())
    assert set(manifest) == {"id", "name", "description", "owner", "algorithm", "datasets", "result_consumers",
                             "run", "logs", "legacy"}
    assert manifest["algorithm"]["type"] == "python"
    assert manifest["algorithm"]["args"] == ["--epochs", "3"]
    assert manifest["algorithm"]["sha3_256"] == hashlib.sha3_256(b"print('fit')\n").hexdigest()
    assert manifest["algorithm"]["requirements_sha3_256"] is None
    assert manifest["datasets"][0]["filename"] == "iris.csv"
    assert manifest["owner"]["key"] == parties.path("owner-public.pem").read_text()
    assert manifest["run"] == {"start": "manual", "timeout": "10m", "memory_mib": 512, "network": "none"}
    canonical = json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()
    assert parties("manifest", "hash", "manifest.json").out.strip() == hashlib.sha256(canonical).hexdigest()


def test_manifest_create_takes_private_keys_directories_and_limits(parties):
    parties.write("set/x.csv", "1")
    done = parties("manifest", "create", "--owner", "owner-private.pem", "-a", "fit.py", "-t", "bin", "-d",
                   "set/:data-private.pem", "-c", "reader-public.pem", "-c", "owner-public.pem", "--timeout", "90s",
                   "--memory", "64", "--logs-to", "coder-public.pem", "--name", "n", "--description", "two\nlines")
    manifest = json.loads(done.out)
    assert "PRIVATE" not in done.out
    assert manifest["algorithm"]["type"] == "native"
    assert manifest["algorithm"]["provider"] == manifest["owner"]
    assert manifest["datasets"][0]["filename"] == "set" and manifest["datasets"][0]["decompress"] is True
    assert manifest["run"]["timeout"] == "1m30s" and manifest["run"]["memory_mib"] == 64
    assert len(manifest["logs"]["to"]) == 1 and manifest["logs"]["max_bytes"] == 65536
    assert re.fullmatch(r"[0-9a-f-]{36}", manifest["id"])
    assert "manifest_sha256 " in done.err


@pytest.mark.parametrize("extra, code, says", [
    (["-d", "iris.csv"], 2, "expected PATH:KEY"),
    (["-d", "missing:data-public.pem"], 2, "No such file"),
    (["-d", "iris.csv:missing.pem"], 2, "No such file"),
    (["-d", "iris.csv:fit.py"], 1, "holds no public key"),
    (["-d", "iris.csv:data-public.pem", "-d", "iris.csv:data-public.pem"], 1, "iris.csv"),
    (["--owner", "iris.csv"], 1, "holds no public key"),
    (["-t", "wasm"], 2, "wasm"),
])
def test_manifest_create_refuses(parties, extra, code, says):
    done = parties("manifest", "create", "--owner", "owner-public.pem", "-a", "fit.py", "-c", "reader-public.pem",
                   "-o", "new.json", *extra, code=code)
    assert says in done.err
    assert not parties.path("new.json").exists()


def test_manifest_show_says_who_does_what(parties):
    text = parties("manifest", "show", "manifest.json").out
    for words in ("owner", "algorithm provider", "data provider", "result consumer", "iris.csv", "start manual",
                  "--epochs"):
        assert words in text
    assert parties("manifest", "show", "manifest.json", "--json").json["id"] == "iris-1"


def test_manifest_show_points_at_what_is_wrong(parties):
    manifest = json.loads(parties.path("manifest.json").read_text())
    manifest["datasets"][0]["sha3_256"] = "beef"
    parties.write("bad.json", json.dumps(manifest))
    assert "/datasets/0/sha3_256" in parties("manifest", "show", "bad.json", code=1).err


# --- doctor ---

def test_doctor_tells_what_to_do(cli):
    process = cli.start("doctor", "--json", "--image-dir", "nowhere", "--port-range", "7-3")
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    document = json.loads(out)
    checks = {check["name"]: check for check in document["checks"]}
    assert document["ok"] is False
    assert set(checks) >= {"kvm", "memory", "qemu", "firmware", "swtpm", "libvirt", "ports", "images", "manager"}
    assert checks["images"]["result"] == "fail" and "make eos" in checks["images"]["remedy"]
    assert checks["ports"]["result"] == "fail"
    assert checks["manager"]["result"] == "warn"
    for check in checks.values():
        assert set(check) == {"name", "result", "found", "remedy"}
        assert (check["remedy"] is None) == (check["result"] == "ok")


def test_doctor_asks_the_manager_that_is_known(cli, fake_manager):
    process = cli.start("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(process.communicate(timeout=60)[0])["checks"]}
    assert checks["manager"]["result"] == "ok"
