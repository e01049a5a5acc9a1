"""cocos-cli against an agent that does what a test wants, above all the wrong things."""

import base64
import hashlib
import json
import os
import signal
import struct
import subprocess
import threading
import time

import pytest
from cryptography.hazmat.primitives import serialization

from cli_support import BIN, INSECURE, await_asked
from fake_parts import FakeAgent
from https_service import Answer, pin_of, problem, verify_signature

IDENTITY_COMMANDS = [["manifest", "send", "manifest.json", "owner-private.pem"],
                     ["algo", "fit.py", "coder-private.pem"],
                     ["data", "iris.csv", "data-private.pem"], ["run", "owner-private.pem"],
                     ["result", "reader-private.pem"], ["logs", "reader-private.pem"]]


def public_key(cli, name):
    return serialization.load_pem_public_key(cli.path(f"{name}-public.pem").read_bytes())


def identity(cli, name):
    spki = public_key(cli, name).public_bytes(serialization.Encoding.DER,
                                              serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


@pytest.fixture
def started(parties, fake_agent):
    """An agent that has the manifest."""
    parties("manifest", "send", "manifest.json", "owner-private.pem", INSECURE)
    return fake_agent


@pytest.fixture
def loaded(parties, started):
    """An agent that has everything and waits for `run`."""
    parties("algo", "fit.py", "coder-private.pem", INSECURE)
    parties("data", "iris.csv", "data-private.pem", INSECURE)
    return started


# --- evidence ---

@pytest.mark.parametrize("command", IDENTITY_COMMANDS, ids=lambda command: command[0])
def test_nothing_is_sent_without_evidence(parties, fake_agent, command):
    done = parties(*command, code=5)
    assert "--insecure-no-attestation" in done.err
    assert fake_agent.requests == [] and fake_agent.connections == 0


@pytest.mark.parametrize("command", IDENTITY_COMMANDS[:1] + IDENTITY_COMMANDS[1:3], ids=lambda command: command[0])
def test_going_on_without_evidence_is_said_every_time(parties, started, command):
    if command[0] == "manifest":
        started.manifest = None
    if command[0] == "data":
        parties("algo", "fit.py", "coder-private.pem", INSECURE)
    assert "warning: --insecure-no-attestation" in parties(*command, INSECURE).err


@pytest.mark.parametrize("command", IDENTITY_COMMANDS[1:5], ids=lambda command: command[0])
def test_another_manifest_than_agreed_is_exit_5(parties, started, command):
    before = len(started.requests)
    other = parties("manifest", "create", "--owner", "owner-public.pem", "-a", "fit.py", "-c", "reader-public.pem",
                    "-o", "other.json").out.strip()
    for wanted in ("other.json", other, other.upper()):
        done = parties(*command, INSECURE, "--manifest", wanted, code=5)
        assert other in done.err and "nothing was sent" in done.err
    parties.env["COCOS_MANIFEST"] = "other.json"
    parties(*command, INSECURE, code=5)
    assert {request.path for request in started.requests[before:]} == {"/v1/state"}


def test_the_agreed_manifest_is_accepted_in_any_spelling(parties, started):
    manifest = json.loads(parties.path("manifest.json").read_text())
    parties.write("spelled.json", json.dumps(dict(reversed(manifest.items())), indent=9))
    parties("algo", "fit.py", "coder-private.pem", INSECURE, "--manifest", "spelled.json")


def test_without_a_pin_the_key_is_said_to_be_unchecked(cli, fake_agent):
    del cli.env["COCOS_AGENT_PIN"]
    assert fake_agent.pin in cli("state").err
    cli.env["COCOS_AGENT_PIN"] = fake_agent.pin
    assert cli("state").err == ""


def test_another_key_than_pinned_is_exit_5(parties, fake_agent):
    parties.env["COCOS_AGENT_PIN"] = FakeAgent().pin
    done = parties("manifest", "send", "manifest.json", "owner-private.pem", INSECURE, code=5)
    assert "not the pinned one" in done.err
    assert fake_agent.requests == []


def test_the_agent_of_a_vm_is_asked_of_the_manager(parties, fake_agent, fake_manager):
    for name in ("COCOS_AGENT_URL", "COCOS_AGENT_PIN"):
        del parties.env[name]
    fake_manager.agent_url, fake_manager.agent_pin = fake_agent.url, fake_agent.pin
    parties("create-vm", "--name", "demo")
    assert "has not answered yet" in parties("state", "--vm", "vm-1", code=7).err
    parties("vm-info", "vm-1")
    parties("state", "--vm", "demo")
    fake_manager.agent_pin = pin_of(fake_manager.key.public_key())
    parties("state", "--vm", "vm-1", code=5)


def test_an_agent_whose_evidence_the_manager_judges_is_waited_for(parties, fake_agent, fake_manager):
    for name in ("COCOS_AGENT_URL", "COCOS_AGENT_PIN"):
        del parties.env[name]
    fake_manager.agent_url, fake_manager.agent_pin = fake_agent.url, fake_agent.pin
    fake_manager.states = ["provisioning", "attesting", "running"]
    parties("create-vm", "--name", "demo")
    parties("state", "--vm", "vm-1")


def test_a_manager_that_is_a_moment_behind_is_asked_again(parties, fake_agent, fake_manager):
    """The agent has just taken another key."""
    for name in ("COCOS_AGENT_URL", "COCOS_AGENT_PIN"):
        del parties.env[name]
    fake_manager.agent_url, fake_manager.agent_pin = fake_agent.url, FakeAgent().pin
    fake_manager.states = ["provisioning", "running"]
    parties("create-vm", "--name", "demo")
    threading.Timer(0.8, setattr, (fake_manager, "agent_pin", fake_agent.pin)).start()
    parties("state", "--vm", "vm-1")


# --- who asks ---

def test_a_key_goes_into_the_handshake(parties, started):
    assert started.requests[-1].peer == identity(parties, "owner")
    assert "signature" not in started.requests[-1].headers


@pytest.mark.parametrize("kind", ["rsa", "ecdsa", "ecdsa-p384", "ed25519"])
def test_every_kind_of_key_can_do_both(parties, fake_agent, kind):
    parties("keys", "-k", kind, "-n", "own")
    parties("manifest", "create", "--owner", "own-public.pem", "-a", "fit.py", "-c", "own-public.pem", "-o", "m.json")
    parties("manifest", "send", "m.json", "own-private.pem", INSECURE)
    assert fake_agent.requests[-1].peer == identity(parties, "own")
    parties("algo", "fit.py", "own-private.pem", INSECURE, "--auth", "signature")
    request = fake_agent.requests[-1]
    assert request.peer is None
    parameters = verify_signature(request, public_key(parties, "own"))
    assert parameters["keyid"] == identity(parties, "own")
    assert parameters["tag"] == "cocos"
    assert int(parameters["expires"]) - int(parameters["created"]) <= 300
    assert request.headers["cocos-computation"] == fake_agent.digest()
    nonces = {verify_signature(request, public_key(parties, "own"))["nonce"]
              for request in fake_agent.requests if "signature" in request.headers}
    assert len(nonces) == 2  # HEAD and PUT


def test_a_signature_is_made_anew_when_the_connection_was_opened_anew(parties, started):
    """The agent hangs up after every state: the exporter that was bound is gone when HEAD is due."""
    hang_ups = []

    def state_and_hang_up(request):
        if len(hang_ups) < 2:
            hang_ups.append(request.exporter())
            return Answer(200, started.state_document(), close=True, headers={"Connection": None})
        return Answer(200, started.state_document())

    started.answers[("GET", "/v1/state")] = state_and_hang_up
    parties("algo", "fit.py", "coder-private.pem", INSECURE, "--auth", "signature")
    signed = [request for request in started.requests if "signature" in request.headers]
    assert len(signed) == 2 and len(hang_ups) == 2
    for request in signed:
        verify_signature(request, public_key(parties, "coder"))
        assert request.exporter() not in hang_ups


def test_a_connection_that_never_stays_is_exit_3(parties, started):
    started.answers[("GET", "/v1/state")] = lambda request: Answer(
        200, started.state_document(), close=True, headers={"Connection": None})
    parties("algo", "fit.py", "coder-private.pem", INSECURE, "--auth", "signature", code=3)
    assert not any("signature" in request.headers for request in started.requests)


@pytest.mark.parametrize("content, code, says", [
    (None, 2, "No such file"), ("no key", 1, "key 'k.pem'"),
    ("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n"
     "-----END PUBLIC KEY-----\n", 1, "key 'k.pem'")])
def test_a_key_that_cannot_be_used(cli, fake_agent, content, code, says):
    if content is not None:
        cli.write("k.pem", content)
    assert says in cli("stop", "k.pem", code=code).err
    assert fake_agent.requests == []


def test_a_key_that_others_may_read_is_said(parties, started):
    os.chmod(parties.path("owner-private.pem"), 0o644)
    assert "chmod 600" in parties("stop", "owner-private.pem").err


def test_the_key_may_be_a_setting(parties, started):
    parties.env["COCOS_KEY"] = "coder-private.pem"
    parties("algo", "fit.py", INSECURE)
    assert started.requests[-1].peer == identity(parties, "coder")
    parties("data", "iris.csv", "--key", "data-private.pem", INSECURE)
    assert started.requests[-1].peer == identity(parties, "data")


def test_refused_is_exit_4(parties, started):
    for status, slug in ((401, "unauthenticated"), (403, "forbidden")):
        started.answers[("HEAD", "/v1/algorithm")] = lambda request: Answer(status)
        before = started.body_bytes
        parties("algo", "fit.py", "coder-private.pem", INSECURE, code=4)
        started.answers[("HEAD", "/v1/algorithm")] = lambda request: Answer(200)
        started.answers[("PUT", "/v1/algorithm")] = lambda request: problem(status, slug, "no")
        assert before == started.body_bytes  # asked first, so nothing went up
        parties("algo", "fit.py", "coder-private.pem", INSECURE, code=4)


# --- uploads ---

def test_a_directory_goes_up_as_its_zip(parties, fake_agent):
    parties.write("set/a.txt", "hello\n")
    parties.write("set/sub/b.txt", "x")
    parties("manifest", "create", "--owner", "owner-public.pem", "-a", "fit.py", "-d", "set:data-public.pem", "-c",
            "reader-public.pem", "-o", "m.json")
    parties("manifest", "send", "m.json", "owner-private.pem", INSECURE)
    parties("algo", "fit.py", "owner-private.pem", INSECURE)
    parties.env["TMPDIR"] = str(parties.path("home"))
    done = parties("data", "set/", "data-private.pem", INSECURE, "-d", "--json")
    assert done.json["sent"] == [{"name": "set", "bytes": 277}]
    assert hashlib.sha3_256(fake_agent.assets["set"]).hexdigest() == (
        "377d09a5652db1962f04b3f3f1ff4556e28b6b355fbf3f624727fa850b543258")
    assert os.listdir(parties.path("home")) == []


def test_a_large_dataset_streams(parties, fake_agent):
    parties.write("big.bin", os.urandom(1 << 20) * 24)
    parties("manifest", "create", "--owner", "owner-public.pem", "-a", "fit.py", "-d", "big.bin:data-public.pem", "-c",
            "reader-public.pem", "-o", "m.json")
    parties("manifest", "send", "m.json", "owner-private.pem", INSECURE)
    parties("algo", "fit.py", "owner-private.pem", INSECURE)
    parties("data", "big.bin", "data-private.pem", INSECURE, "--auth", "signature")
    verify_signature(fake_agent.requests[-1], public_key(parties, "data"))
    assert len(fake_agent.assets["big.bin"]) == 24 << 20


def test_names_are_encoded_in_the_path(parties, fake_agent):
    name = "Ünïcode & 100%?.csv"
    parties.write(name, "x")
    parties("manifest", "create", "--owner", "owner-public.pem", "-a", "fit.py", "-d", f"{name}:data-public.pem", "-c",
            "reader-public.pem", "-o", "m.json")
    parties("manifest", "send", "m.json", "owner-private.pem", INSECURE)
    parties("algo", "fit.py", "owner-private.pem", INSECURE)
    parties("data", name, "data-private.pem", INSECURE, "--auth", "signature", code=1)  # the fake decodes nothing
    assert fake_agent.requests[-1].path == "/v1/datasets/%C3%9Cn%C3%AFcode%20%26%20100%25%3F.csv"


def test_changed_data_is_told_with_both_digests(parties, started):
    parties("algo", "fit.py", "coder-private.pem", INSECURE)
    parties.write("iris.csv", "changed")
    done = parties("data", "iris.csv", "data-private.pem", INSECURE, code=1)
    assert hashlib.sha3_256(b"changed").hexdigest() in done.err
    assert "dataset 'iris.csv': agent:" in done.err


def test_what_the_manifest_does_not_declare(parties, started):
    parties("algo", "fit.py", "coder-private.pem", INSECURE)
    assert "declares nothing of that name" in parties("data", "fit.py", "data-private.pem", INSECURE, code=1).err


def test_wrong_state_is_exit_7(parties, started):
    parties("algo", "fit.py", "coder-private.pem", INSECURE)
    assert "ReceivingData" in parties("algo", "fit.py", "coder-private.pem", INSECURE, code=7).err
    started.manifest = None
    assert "no manifest yet" in parties("data", "iris.csv", "data-private.pem", INSECURE, code=7).err


def test_flags_that_disagree_with_the_manifest(parties, started):
    for flags in (["-a", "bin"], ["--args", "x"], ["--args=--epochs", "--args", "4"]):
        parties("algo", "fit.py", "coder-private.pem", INSECURE, *flags, code=2)
    assert started.assets == {}
    parties("algo", "fit.py", "coder-private.pem", INSECURE, "-a", "python", "--args=--epochs", "--args", "3",
            "--python-runtime", "python3")
    parties("data", "iris.csv", "data-private.pem", INSECURE, "-d", code=2)


def test_an_upload_refused_half_way_says_why(parties, fake_agent):
    parties.write("big.bin", bytes(8 << 20))
    parties("manifest", "create", "--owner", "owner-public.pem", "-a", "fit.py", "-d", "big.bin:data-public.pem", "-c",
            "reader-public.pem", "-o", "m.json")
    parties("manifest", "send", "m.json", "owner-private.pem", INSECURE)
    parties("algo", "fit.py", "owner-private.pem", INSECURE)
    fake_agent.wants_body = lambda method, target, headers: problem(507, "no-space", "no space left in the VM")
    done = parties("data", "big.bin", "data-private.pem", INSECURE, code=1)
    assert "no space left in the VM" in done.err
    assert fake_agent.body_bytes < 8 << 20


def test_a_connection_cut_while_uploading_is_exit_3(parties, started):
    parties("algo", "fit.py", "coder-private.pem", INSECURE)
    started.answers[("PUT", "/v1/datasets/iris.csv")] = lambda request: None
    parties("data", "iris.csv", "data-private.pem", INSECURE, code=3)


def test_an_agent_that_is_none(cli, fake_agent):
    for answer in (Answer(200, {"items": []}), Answer(200, b"hello"), Answer(204)):
        fake_agent.handle = lambda request: answer
        assert "no agent" in cli("state", code=3).err


# --- run and wait ---

def test_run_starts_waits_and_says_how_it_ended(parties, loaded):
    assert parties("run", "owner-private.pem", INSECURE).out == "ConsumingResults\n"
    assert [r.path for r in loaded.requests].count("/v1/run") == 1
    assert parties("run", "owner-private.pem", INSECURE, "--json").json["state"] == "ConsumingResults"
    assert [r.path for r in loaded.requests].count("/v1/run") == 1


def test_run_of_a_computation_that_fails_is_exit_6(parties, loaded):
    loaded.run_state = "Failed"
    loaded.failure = {"kind": "exit", "exit_code": 3, "signal": None, "limit": None}
    assert "exit, exit code 3" in parties("run", "owner-private.pem", INSECURE, code=6).err
    assert parties("wait", code=6)
    assert "failed (exit)" in parties("result", "reader-private.pem", INSECURE, code=6).err
    assert not parties.path("results.zip").exists()


def test_run_before_everything_is_there_is_exit_7(parties, started):
    parties("algo", "fit.py", "coder-private.pem", INSECURE)
    assert "dataset iris.csv" in parties("run", "owner-private.pem", INSECURE, code=7).err


def test_run_when_somebody_else_was_faster(parties, loaded):
    def other_was_faster(request):
        loaded.state = "ConsumingResults"
        return problem(409, "wrong-state", "it runs already")

    loaded.answers[("POST", "/v1/run")] = other_was_faster
    parties("run", "owner-private.pem", INSECURE)


def test_run_under_auto_only_waits(parties, fake_agent):
    parties("manifest", "create", "--owner", "owner-public.pem", "-a", "fit.py", "-c", "reader-public.pem",
            "-o", "m.json")
    parties("manifest", "send", "m.json", "owner-private.pem", INSECURE)
    process = parties.start("run", "owner-private.pem", INSECURE)
    await_asked(fake_agent, "GET", "/v1/state", 2)  # so the first answer was read
    parties("algo", "fit.py", "owner-private.pem", INSECURE)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0 and out == b"ConsumingResults\n"
    assert b"waiting for the algorithm" in err
    assert not any(request.path == "/v1/run" for request in fake_agent.requests)


def test_run_may_come_back_at_once(parties, loaded):
    loaded.run_state = "Running"
    assert parties("run", "owner-private.pem", INSECURE, "--no-wait").out == "Running\n"
    assert "still 'Running'" in parties("wait", "--timeout", "1s", code=3).err
    assert parties("wait", "Running").out == "Running\n"


def test_wait_survives_a_short_absence(parties, loaded):
    absences = [None, None]

    def absent(request):
        if absences:
            return absences.pop()
        loaded.state = "Complete"
        return Answer(200, loaded.state_document())

    process = parties.start("wait")
    await_asked(loaded, "GET", "/v1/state", 2)
    loaded.answers[("GET", "/v1/state")] = absent
    assert process.wait(timeout=60) == 0
    process.communicate()


def test_stop_forgets_the_computation(parties, started):
    assert parties("stop", "owner-private.pem").out == "ReceivingManifest\n"
    assert started.manifest is None


def test_state_tells_what_is_awaited(parties, started):
    assert "waiting for:      the algorithm, dataset iris.csv\n" in parties("state").out
    assert parties("state", "--json").json["awaiting"]["datasets"] == ["iris.csv"]


# --- the result ---

@pytest.fixture
def finished(parties, loaded):
    parties("run", "owner-private.pem", INSECURE)
    loaded.result = os.urandom(3 << 20)
    return loaded


def test_result_is_written_whole_and_its_path_printed(parties, finished):
    done = parties("result", "reader-private.pem", INSECURE, "-o", "a/b", "-f", "fit.zip")
    assert done.out == str(parties.path("a/b/fit.zip")) + "\n"
    assert parties.path("a/b/fit.zip").read_bytes() == finished.result
    assert os.listdir(parties.path("a/b")) == ["fit.zip"]


def test_result_replaces_an_older_one_only_when_it_is_whole(parties, finished):
    parties.write("results.zip", "older")
    finished.answers[("GET", "/v1/result")] = lambda request: Answer(200, finished.result, cut=1 << 20)
    parties("result", "reader-private.pem", INSECURE, code=3)
    assert parties.path("results.zip").read_text() == "older"
    finished.answers.clear()
    assert parties("result", "reader-private.pem", INSECURE, "--json").json["bytes"] == 3 << 20
    assert parties.path("results.zip").read_bytes() == finished.result
    assert not any(name.endswith(".part") for name in os.listdir(parties.directory))


def test_a_damaged_result_is_not_taken(parties, finished):
    finished.answers[("GET", "/v1/result")] = lambda request: Answer(
        200, finished.result, {"ETag": '"' + hashlib.sha256(b"other").hexdigest() + '"'})
    assert "damaged" in parties("result", "reader-private.pem", INSECURE, code=3).err
    assert not parties.path("results.zip").exists()


def test_an_interrupted_download_leaves_nothing(parties, finished):
    def stall(request):
        request.connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3145728\r\n\r\n" + finished.result[:1 << 20])
        time.sleep(30)

    finished.answers[("GET", "/v1/result")] = stall
    process = parties.start("result", "reader-private.pem", INSECURE, "-o", "out")
    deadline = time.time() + 10
    while time.time() < deadline and not any(
            path.stat().st_size for path in parties.directory.glob("out/.*.part")):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert os.listdir(parties.path("out")) == []


@pytest.mark.parametrize("flags", [["-f", "a/b"], ["-f", ".."], ["-o", "fit.py"], ["-o", "/proc/nowhere"]])
def test_result_into_a_place_that_cannot_be(parties, finished, flags):
    parties("result", "reader-private.pem", INSECURE, *flags, code=2)
    assert finished.state == "ConsumingResults"


def test_no_result_yet_is_exit_7(parties, loaded):
    assert "no result in ReceivingData" in parties("result", "reader-private.pem", INSECURE, code=7).err
    assert not parties.path("results.zip").exists()


def test_a_full_disk_says_so(parties, finished):
    """The result does not fit: file size limits stand in for a full disk."""
    script = f"ulimit -f 64; trap '' XFSZ; exec {BIN}/cocos-cli result reader-private.pem {INSECURE}"
    done = subprocess.run(["sh", "-c", script],
                          cwd=parties.directory, env=parties.env, capture_output=True)
    assert done.returncode == 1, done
    assert b"results.zip" in done.stderr
    assert os.listdir(parties.directory).count("results.zip") == 0
    assert not any(name.endswith(".part") for name in os.listdir(parties.directory))


def test_logs_come_as_they_are(parties, finished):
    assert parties("logs", "reader-private.pem", INSECURE).out == "hello from the algorithm\n"
    assert parties("logs", "reader-private.pem", INSECURE, "--json").json == {"logs": "hello from the algorithm\n"}


def test_logs_cannot_play_with_the_terminal(parties, finished):
    finished.answers[("GET", "/v1/logs")] = lambda request: Answer(200, b"a\tb\n\x1b[2J\x07\xff\n")
    ours, theirs = os.openpty()
    done = subprocess.run([str(BIN / "cocos-cli"), "logs", "reader-private.pem", INSECURE], cwd=parties.directory,
                          env=parties.env, stdout=theirs, stderr=subprocess.PIPE)
    shown = os.read(ours, 1000)
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 0 and shown == b"a\tb\r\n\\x1b[2J\\x07\\xff\r\n"


def test_standard_output_that_is_full_is_an_error(cli, fake_agent):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([str(BIN / "cocos-cli"), "state"], cwd=cli.directory, env=cli.env, stdout=full,
                              stderr=subprocess.PIPE)
    assert done.returncode == 1 and b"standard output" in done.stderr


# --- what the kernel measured ---

def ima_list(*names):
    """A list in the kernel's binary form, and PCR 10 of the SHA-256 bank after each entry."""
    data, registers = b"", [bytes(32)]
    for name in names:
        digest = b"sha256:\0" + hashlib.sha256(name.encode()).digest()
        entry = b"".join(struct.pack("<I", len(field)) + field for field in (digest, name.encode() + b"\0"))
        data += (struct.pack("<I", 10) + hashlib.sha1(entry).digest() + struct.pack("<I", 6) + b"ima-ng" +
                 struct.pack("<I", len(entry)) + entry)
        registers.append(hashlib.sha256(registers[-1] + hashlib.sha256(entry).digest()).digest())
    return data, [register.hex() for register in registers]


def ima_answer(data, register=None):
    return {"log": base64.b64encode(data).decode(), **({"pcr10": register} if register else {})}


def test_measurements_of_the_kernel_are_fetched_and_compared_with_the_register(cli, fake_agent):
    data, registers = ima_list("boot_aggregate", "/usr/bin/cocos-agent", "/later")
    fake_agent.ima = ima_answer(data, registers[2])
    done = cli("ima-measurements")
    assert done.out == "ima_measurements\n" and "2 entries" in done.err and "as the agent says" in done.err
    assert cli.path("ima_measurements").read_bytes() == data
    told = cli("ima-measurements", "list", "--json").json
    assert told == {"path": "list", "entries": 2, "violations": 0, "pcr10": registers[2], "word": "agent",
                    "verified": False}
    assert cli("ima", "replay", "list", "--json").json["pcr10"] == registers[3]
    fake_agent.ima = ima_answer(data)
    assert cli("ima-measurements", "list", "--json").json["word"] == "nobody"


def test_measurements_that_lead_to_another_register_are_refused(cli, fake_agent):
    data, registers = ima_list("boot_aggregate")
    fake_agent.ima = ima_answer(data, "11" * 32)
    assert "not verified" in cli("ima-measurements", code=5).err
    fake_agent.ima = ima_answer(data[:-3], registers[1])
    cli("ima-measurements", code=5)
    fake_agent.ima = ima_answer(b"no list at all, and long enough to be one")
    cli("ima-measurements", code=5)
    fake_agent.ima = {"log": "not base64!"}
    cli("ima-measurements", code=3)
    fake_agent.ima = None
    assert "no list" in cli("ima-measurements", code=1).err
    cli("ima-measurements", "no/such/folder/x", code=1)
