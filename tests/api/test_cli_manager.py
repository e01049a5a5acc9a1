"""cocos-cli against a manager: what it sends, what it shows, and what it says when things go wrong."""

import hashlib
import json
import re
import signal
import stat

import pytest
from OpenSSL import SSL

import corim_grammar
from cli_support import await_asked
from fake_parts import FakeManager
from https_service import Answer, make_certificate, pem_of, problem
from managers import Manager


def test_create_vm_prints_the_id_alone(cli, fake_manager):
    done = cli("create-vm", "--name", "demo", "--cpus", "2", "--memory", "1024", "--ttl", "1h30m0s")
    assert done.out == "vm-1\n"
    body = fake_manager.requests[-1].json()
    assert body == {"platform": "auto", "cpus": 2, "memory_mib": 1024, "name": "demo", "ttl": "1h30m"}
    assert len(fake_manager.requests[-1].headers["idempotency-key"]) == 36


def test_create_vm_waits_and_tells_where_the_agent_is(cli, fake_manager):
    fake_manager.agent_url, fake_manager.agent_pin = "https://127.0.0.1:1", "sha256//x"
    done = cli("create-vm", "--wait")
    assert done.out == "vm-1\n"
    assert all(state in done.err for state in ("provisioning", "booting", "running"))
    assert "agent at https://127.0.0.1:1, pin sha256//x" in done.err
    assert cli("create-vm", "--wait", "--json").json["state"] == "running"


def test_create_vm_sends_manifest_and_owner_key(parties, fake_manager):
    parties("create-vm", "--manifest", "manifest.json", "--owner-key", "owner-private.pem", "--image", "eos-base",
            "--platform", "vm", "--server-url", "https://cvms:7001", "--server-ca",
            "owner-public.pem", "--log-level", "debug", "--secure-boot",
            "--gpu", "0000:41:00.0", "--gpu", "0000:42:00.0")
    body = fake_manager.requests[-1].json()
    assert body["manifest"] == json.loads(parties.path("manifest.json").read_text())
    assert body["owner_key"] == parties.path("owner-public.pem").read_text()
    assert body["gpus"] == ["0000:41:00.0", "0000:42:00.0"]
    assert body["cvms_ca"] == body["owner_key"]
    assert (body["image"], body["cvms_url"], body["log_level"], body["secure_boot"]) == (
        "eos-base", "https://cvms:7001", "debug", True)


def test_create_vm_says_why_a_vm_failed(cli, fake_manager):
    fake_manager.states = ["provisioning", "booting", "failed"]
    done = cli("create-vm", "--wait", code=1)
    assert "VM 'vm-1'" in done.err and "boot: the kernel panicked" in done.err
    assert done.out == ""


def test_create_vm_gives_up_waiting(cli, fake_manager):
    fake_manager.states = ["provisioning", "booting"]
    assert "still 'booting'" in cli("create-vm", "--wait", "--timeout", "1s", code=3).err


def test_create_vm_asks_again_with_the_same_key_when_the_answer_got_lost(cli, fake_manager):
    fake_manager.lose_answers = 1
    done = cli("create-vm")
    assert done.out == "vm-1\n"
    assert "the answer got lost" in done.err
    keys = [request.headers["idempotency-key"] for request in fake_manager.requests]
    assert len(keys) == 2 and keys[0] == keys[1]
    assert len(fake_manager.vms) == 1


def test_create_vm_shows_the_member_that_is_wrong(cli, fake_manager):
    fake_manager.create = lambda request: problem(422, "invalid-input", "cpus: 9 is over the limit of 4",
                                             [{"pointer": "/cpus", "detail": "over the limit"}])
    assert "manager: cpus: 9 is over the limit of 4, at /cpus" in cli("create-vm", "--cpus", "9", code=1).err


def test_create_vm_says_what_platform_the_host_lacks(cli, fake_manager):
    fake_manager.create = lambda request: problem(422, "not-available", "snp: no /dev/sev; enable SEV-SNP in the BIOS")
    assert "enable SEV-SNP" in cli("create-vm", "--platform", "snp", code=2).err


def test_remove_vm_waits_until_it_is_gone(cli, fake_manager):
    cli("create-vm")
    assert cli("remove-vm", "vm-1", "--json").json == {"id": "vm-1", "removed": True}
    assert fake_manager.requests[-1].method == "GET"
    assert "there is no VM 'vm-1'" in cli("remove-vm", "vm-1", code=1).err


def test_vms_are_found_by_name_when_only_one_has_it(cli, fake_manager):
    cli("create-vm", "--name", "demo")
    assert cli("vm-info", "demo", "--json").json["id"] == "vm-1"
    cli("create-vm", "--name", "demo")
    assert "more than one VM" in cli("vm-info", "demo", code=2).err


def test_list_vms_reads_every_page(cli, fake_manager):
    for number in range(250):
        fake_manager.vms[f"vm-{number}"] = {"key": None, "vm": fake_manager.vm(f"vm-{number}", {"name": f"n{number}"})}
    assert len(cli("list-vms", "--json").json["items"]) == 250
    assert len(cli("list-vms", "--limit", "120", "--json").json["items"]) == 120
    lines = cli("list-vms").out.splitlines()
    assert len(lines) == 251 and lines[0].split() == [
        "ID", "NAME", "STATE", "COMPUTATION", "PLATFORM", "IMAGE", "AGE", "EXPIRES"]
    assert cli("list-vms", "--state", "failed").out == ""


def test_text_from_the_manager_cannot_play_with_the_terminal(cli, fake_manager):
    fake_manager.vms["vm-1"] = {"key": None, "vm": fake_manager.vm("vm-1", {"name": "\x1b[2Jboo\n"})}
    done = cli("list-vms")
    assert "\x1b" not in done.out and "\\x1b[2Jboo\\x0a" in done.out
    cli("vm-info", "vm-1")
    fake_manager.events = some_events(1)
    fake_manager.events[0].update(type="vm.\x1b[2J", subject="\x9b31m", data={"x": "\x1b[0m\x9b"})
    assert not any(sign in cli("events").out for sign in "\x1b\x9b")
    fake_manager.create = lambda request: problem(500, "internal", "\x1b]0;title\x07 broken")
    assert "\x1b" not in cli("create-vm", code=1).err


def test_images_and_host(cli, fake_manager):
    text = cli("images").out
    assert "8.0 MiB" in text and "no kernel" in text
    assert cli("images", "--json").json["items"][0]["name"] == "eos"
    assert "accelerator.kind" in cli("host").out
    assert cli("host", "--json").json["versions"] == {"qemu": "7.2"}


# --- who answers, who asks ---

def test_nobody_there_is_exit_3(cli, fake_manager):
    fake_manager.close()
    done = cli("list-vms", code=3)
    assert fake_manager.url in done.err and "hint:" in done.err


def test_a_silent_server_is_exit_3(cli, fake_manager):
    cli.env["COCOS_MANAGER_URL"] = f"https://127.0.0.1:{fake_manager.port}"
    fake_manager.handle = lambda request: None
    assert "closed without an answer" in cli("list-vms", code=3).err


def test_another_ca_is_exit_5(cli, fake_manager):
    cli.write("ca.pem", pem_of(FakeManager().ca))
    assert cli("list-vms", code=5).out == ""
    assert fake_manager.requests == []


def test_no_ca_means_the_roots_of_the_machine(cli, fake_manager):
    del cli.env["COCOS_MANAGER_CA"]
    cli("list-vms", code=5)
    assert fake_manager.requests == []


def test_a_certificate_for_another_name_is_exit_5(cli, fake_manager):
    fake_manager.certificate = make_certificate(fake_manager.key, "service", fake_manager.ca, fake_manager.ca_key,
                                                host="127.0.0.9")
    assert "not trusted" in cli("list-vms", code=5).err
    assert fake_manager.requests == []


@pytest.mark.parametrize("text, code", [("no pem", 1), (None, 2)])
def test_a_ca_that_cannot_be_read(cli, fake_manager, text, code):
    if text is None:
        cli.path("ca.pem").unlink()
    else:
        cli.write("ca.pem", text)
    assert "CA" in cli("list-vms", code=code).err


def test_a_wrong_token_is_exit_4(cli, fake_manager):
    cli.env["COCOS_MANAGER_TOKEN"] = "wrong"
    assert "login" in cli("list-vms", code=4).err


def test_tls_1_2_is_refused(cli, fake_manager):
    fake_manager.min_version = SSL.TLS1_2_VERSION
    cli("list-vms", code=3)
    assert fake_manager.requests == []


def test_a_proxy_in_the_environment_is_not_used(cli, fake_manager):
    cli.env.update(https_proxy="http://127.0.0.1:1", HTTPS_PROXY="http://127.0.0.1:1", ALL_PROXY="socks5://127.0.0.1:1")
    cli("list-vms")


def test_a_redirect_is_not_followed(cli, fake_manager):
    other = FakeManager()
    fake_manager.handle = lambda request: Answer(302, b"", {"Location": other.url + "/v1/vms"})
    cli("list-vms", code=1)
    assert other.requests == []


@pytest.mark.parametrize("answer, code", [
    (Answer(200, b"{", {"Content-Type": "application/json"}), 1),
    (Answer(200, b'{"items": []}', {"Content-Type": "application/json"}, cut=5), 3),
    (Answer(500, b"<html>oops</html>", {"Content-Type": "text/html"}), 1),
    (Answer(503, b""), 3),
    (Answer(raw=b"SSH-2.0-OpenSSH\r\n"), 3),
    (Answer(raw=b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 400000 + b"\r\n\r\n"), 1),
])
def test_answers_that_make_no_sense(cli, fake_manager, answer, code):
    fake_manager.handle = lambda request: answer
    assert cli("list-vms", code=code).err.startswith("error: ")


def test_verbose_says_which_requests_are_made(cli, fake_manager):
    assert f"GET {fake_manager.url}/v1/host: 200, request request-1" in cli("host", "-v").err


# --- login ---

@pytest.fixture
def logged_out(cli, fake_manager):
    """A manager that only its state directory names."""
    for name in list(cli.env):
        if name.startswith("COCOS_"):
            del cli.env[name]
    return fake_manager


def test_login_writes_a_profile_that_works(cli, logged_out):
    done = cli("login", ".", "--url", logged_out.url)
    profile = cli.path("home/.config/cocos/default.conf")
    assert done.out.strip() == str(profile)
    assert stat.S_IMODE(profile.stat().st_mode) == 0o600
    assert cli("list-vms", "--json").json == {"items": []}
    cli.path("ca.pem").unlink()  # the profile has a copy
    cli("list-vms")


def test_login_writes_a_second_profile(cli, logged_out):
    cli("login", ".", "--url", logged_out.url, "--profile", "lab")
    assert "which manager?" in cli("list-vms", code=2).err
    cli("list-vms", "--profile", "lab")
    cli.env["COCOS_PROFILE"] = "lab"
    cli("list-vms")


def test_login_refuses_a_token_that_the_manager_refuses(cli, logged_out):
    cli.write("admin.token", "stale\n")
    cli("login", ".", "--url", logged_out.url, code=4)
    assert not cli.path("home/.config").exists()


def test_login_to_a_manager_that_is_not_up_yet(cli, logged_out):
    logged_out.close()
    done = cli("login", ".", "--url", logged_out.url, "--json")
    assert done.json["answered"] is False and "written all the same" in done.err


def test_flag_wins_over_environment_wins_over_profile(cli, logged_out):
    cli.write("home/.config/cocos/default.conf",
              f"# a comment\n\nmanager_url = https://127.0.0.1:1\nmanager-ca={cli.path('ca.pem')}\nmanager_token = x\n")
    cli("list-vms", code=3)
    cli.env["COCOS_MANAGER_URL"] = logged_out.url
    cli("list-vms", code=4)
    cli("list-vms", "--manager-token", logged_out.token)


@pytest.mark.parametrize("text, says", [("nonsense\n", "line 1"), ("\nmanager_uri = x\n", "line 2: unknown key"),
                                        ("a\0b", "not a text file")])
def test_a_broken_profile_says_where(cli, text, says):
    cli.write("home/.config/cocos/default.conf", text)
    assert says in cli("list-vms", code=2).err
    cli("checksum", "home/.config/cocos/default.conf")  # which needs no profile


# --- events ---

def some_events(count):
    return [{"id": number, "time": "2026-11-23T04:00:00Z", "type": "vm.booting", "subject": "vm-1",
             "data": {"n": number}} for number in range(1, count + 1)]


def test_events_are_shown_and_come_to_an_end(cli, fake_manager):
    fake_manager.events = some_events(3)
    assert len(cli("events").out.splitlines()) == 3
    assert [json.loads(line)["id"] for line in cli("events", "--json").out.splitlines()] == [1, 2, 3]
    assert [json.loads(line)["id"] for line in cli("events", "--after", "2", "--json").out.splitlines()] == [3]
    cli("create-vm")
    cli("events", "vm-1")
    assert fake_manager.requests[-1].path == "/v1/vms/vm-1/events"


def test_events_follow_across_a_broken_connection(cli, fake_manager):
    fake_manager.events = some_events(2)
    process = cli.start("events", "--follow", "--json")
    try:
        lines = [process.stdout.readline() for _ in range(2)]
        fake_manager.events = some_events(4)
        lines += [process.stdout.readline() for _ in range(2)]
        assert [json.loads(line)["id"] for line in lines] == [1, 2, 3, 4]
    finally:
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"trying again" in err
    assert fake_manager.requests[-1].headers["last-event-id"] in ("2", "4")


def test_an_event_that_is_no_json_is_an_error(cli, fake_manager):
    fake_manager.stream = lambda request: Answer(200, b"id: 1\ndata: {\n\n", {"Content-Type": "text/event-stream"})
    assert "event '1'" in cli("events", code=1).err


def test_interrupted_while_waiting_is_exit_130(cli, fake_manager):
    fake_manager.states = ["provisioning", "booting"]
    process = cli.start("create-vm", "--wait")
    await_asked(fake_manager, "GET", "/v1/vms/vm-1", 2)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"interrupted" in err



def test_the_line_that_the_first_start_prints_logs_in(cli):
    with Manager() as manager:
        with open(manager.out_path, encoding="utf-8") as file:
            words = re.search(r"^ *cocos-cli (login .*)$", file.read(), re.M).group(1).split()
        cli(*words, "--url", f"https://127.0.0.1:{manager.port}")
        cli("list-vms")


# --- what a VM must show ---

SNP = {"version": 1, "waive": ["min_tcb"], "platforms": ["snp"],
       "snp": {"measurement": ["ab" * 48], "host_data": "cd" * 32}}


def digest_of(policy):
    return hashlib.sha256(json.dumps(policy, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def test_policy_is_fetched_and_its_digest_told(cli, fake_manager):
    fake_manager.policy = SNP
    cli("create-vm", "--name", "demo")
    done = cli("policy", "download", "demo")
    assert json.loads(done.out) == SNP and f"sha256 {digest_of(SNP)}" in done.err
    assert fake_manager.requests[-1].path == "/v1/vms/vm-1/attestation-policy"
    assert cli("policy", "download", "vm-1", "--json").json == {"sha256": digest_of(SNP), "policy": SNP}
    assert cli("policy", "download", "vm-1", "-o", "p.json").out == ""
    assert cli("policy", "show", "p.json").json == SNP


def test_policy_is_fetched_as_a_corim_signed_or_not(cli, fake_manager):
    fake_manager.policy = SNP
    cli("create-vm")
    cli("policy", "download", "vm-1", "--corim", "-o", "p.corim")
    corim_grammar.check(cli.path("p.corim").read_bytes())
    shown = cli("policy", "show", "p.corim").json
    assert shown["snp"] == {"measurement": ["ab" * 48], "host_data": ["cd" * 32]} and shown["waive"] == ["min_tcb"]
    cli("keys", "-k", "ecdsa", "--name", "owner")
    cli("policy", "download", "vm-1", "--corim", "--signing-key", "owner-private.pem", "-o", "s.corim")
    cli("policy", "verify", "s.corim", "--key", "owner-public.pem")
    assert "--corim" in cli("policy", "download", "vm-1", "--signing-key", "owner-private.pem", code=2).err


def test_policy_that_there_is_not_or_that_is_none_is_refused(cli, fake_manager):
    cli("create-vm")
    assert "no reference values" in cli("policy", "download", "vm-1", code=7).err
    assert "vm-9" in cli("policy", "download", "vm-9", code=1).err
    fake_manager.policy = {"version": 1, "snp": {"measurement": "no digest"}}
    done = cli("policy", "download", "vm-1", "-o", "p.json", code=5)
    assert "the manager's policy" in done.err and not cli.path("p.json").exists()
    fake_manager.policy = Answer(200, b"noise", {"Content-Type": "text/plain"})
    cli("policy", "download", "vm-1", code=3)
