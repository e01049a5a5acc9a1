"""How the manager starts: its files, its settings, its address."""

import os
import signal
import socket
import ssl
import stat
import subprocess

import pytest

from managers import PROGRAM, Manager, environment_of
from ports import free_ports

FILES = ["ca.pem", "server.pem", "server.key", "admin.token"]


def run(folder, *words, **settings):
    settings.setdefault("listen", f"127.0.0.1:{free_ports()}")
    return subprocess.run([PROGRAM, *words], env=environment_of(str(folder), **settings),
                          capture_output=True, text=True, timeout=60, check=False)


def test_the_first_start_makes_files_for_the_owner_only_and_says_how_to_use_them(fresh):
    for name in FILES:
        mode = os.stat(os.path.join(fresh.state, name)).st_mode
        assert stat.S_IMODE(mode) == 0o600, name
    with open(fresh.out_path, encoding="utf-8") as file:
        said = file.read()
    assert all(name in said for name in FILES)
    assert f"cocos-cli login {fresh.state} --url https://localhost:{fresh.port}" in said
    assert "curl --cacert" in said and f"--state-dir {fresh.state}" in said
    assert fresh.admin not in said and fresh.admin not in fresh.log()
    assert not os.path.exists(os.path.join(fresh.state, "ca.key"))


def test_a_second_start_keeps_everything_and_says_nothing(fresh):
    before = {name: open(os.path.join(fresh.state, name), "rb").read() for name in FILES}
    fresh.stop()
    fresh.start()
    assert before == {name: open(os.path.join(fresh.state, name), "rb").read() for name in FILES}
    assert os.path.getsize(fresh.out_path) == 0


def test_the_certificate_names_this_host(fresh):
    for name in ("localhost", "127.0.0.1", socket.gethostname()):
        context = ssl.create_default_context(cafile=os.path.join(fresh.state, "ca.pem"))
        with socket.create_connection(("127.0.0.1", fresh.port)) as raw:
            with context.wrap_socket(raw, server_hostname=name) as tls:
                assert tls.version() == "TLSv1.3"


def test_tls_1_2_is_refused(fresh):
    context = ssl.create_default_context(cafile=os.path.join(fresh.state, "ca.pem"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with socket.create_connection(("127.0.0.1", fresh.port)) as raw:
        with pytest.raises((ssl.SSLError, OSError)):
            context.wrap_socket(raw, server_hostname="localhost")


def test_two_managers_do_not_share_a_directory(fresh):
    done = run(fresh.folder)
    assert done.returncode == 2
    assert "another manager uses it" in done.stderr


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_zero(fresh, signal_number):
    fresh.process.send_signal(signal_number)
    assert fresh.process.wait(timeout=60) == 0


@pytest.mark.parametrize("settings, words", [
    ({"port_range": "1-2"}, "COCOS_MANAGER_PORT_RANGE"),
    ({"port_range": "30000"}, "FIRST-LAST"),
    ({"max_vms": "0"}, "COCOS_MANAGER_MAX_VMS"),
    ({"max_vms": "many"}, "COCOS_MANAGER_MAX_VMS"),
    ({"accel": "warp"}, "COCOS_MANAGER_ACCEL"),
    ({"boot_timeout": "soon"}, "COCOS_MANAGER_BOOT_TIMEOUT"),
    ({"boot_timeout": "0s"}, "COCOS_MANAGER_BOOT_TIMEOUT"),
    ({"listen": "127.0.0.1"}, "127.0.0.1"),
    ({"listen": "127.0.0.1:99999"}, "99999"),
    ({"state_dir": "/proc/nothing/here"}, "COCOS_MANAGER_STATE_DIR"),
    ({"state_dir": "/etc/hostname"}, "COCOS_MANAGER_STATE_DIR"),
    ({"log_level": "loud"}, "COCOS_MANAGER_LOG_LEVEL"),
    ({"numa_node": "1023"}, "COCOS_MANAGER_NUMA_NODE"),
    ({"numa_node": "../0"}, "COCOS_MANAGER_NUMA_NODE"),
    ({"hugepages": "some"}, "COCOS_MANAGER_HUGEPAGES"),
])
def test_a_bad_setting_is_named_and_ends_it_with_two(tmp_path, settings, words):
    done = run(tmp_path, **settings)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert done.stderr.count("\n") == 1


def test_an_unknown_flag_ends_it_with_two(tmp_path):
    assert run(tmp_path, "--no-such-flag").returncode == 2


def test_help_and_version_are_answered(tmp_path):
    done = run(tmp_path, "--help")
    assert done.returncode == 0
    assert "--port-range" in done.stdout
    assert "COCOS_MANAGER_PORT_RANGE" in run(tmp_path, "--man").stdout
    assert "token add" in run(tmp_path, "--man").stdout
    assert run(tmp_path, "--version").stdout.startswith("cocos-manager ")
    assert not os.path.exists(tmp_path / "state")


@pytest.mark.parametrize("address", ["0.0.0.0", "[::]"])
def test_without_other_credentials_it_serves_on_loopback_only(tmp_path, address):
    done = run(tmp_path, listen=f"{address}:{free_ports()}")
    assert done.returncode == 2
    assert "token add" in done.stderr and "127.0.0.1" in done.stderr


def test_with_a_token_it_serves_to_the_outside(fresh):
    fresh.token("alice", "operator")
    fresh.stop()
    fresh.settings["listen"] = "0.0.0.0:PORT"
    fresh.start()
    assert fresh.get("/healthz", token=None).status == 200


def test_an_address_in_use_is_said(fresh, tmp_path):
    done = run(tmp_path, listen=f"127.0.0.1:{fresh.port}")
    assert done.returncode == 1
    assert "in use" in done.stderr


def test_half_a_set_of_files_is_for_a_person_to_sort_out(fresh):
    fresh.stop()
    os.unlink(os.path.join(fresh.state, "server.key"))
    done = run(fresh.folder)
    assert done.returncode == 2
    assert "server.key" in done.stderr
    assert not os.path.exists(os.path.join(fresh.state, "server.key"))


def test_tokens_are_added_listed_and_taken_away(fresh):
    token = fresh.token("alice-watch", "viewer", "alice")
    assert token.startswith("cocos_")
    assert "alice-watch viewer alice" in run(fresh.folder, "token", "list").stdout
    assert fresh.get("/v1/vms", token=token).status == 200
    assert run(fresh.folder, "token", "remove", "alice-watch").returncode == 0
    assert fresh.get("/v1/vms", token=token).status == 401
    assert run(fresh.folder, "token", "remove", "alice-watch").returncode == 1
    assert run(fresh.folder, "token", "add", "x", "king").returncode != 0
    assert run(fresh.folder, "token", "add").returncode == 2
    assert run(fresh.folder, "token", "frobnicate", "x").returncode == 2


def test_without_libvirt_it_serves_and_says_what_to_do():
    with Manager(ready=False, libvirt_uri="qemu:///system?socket=/nonexistent") as manager:
        answer = manager.get("/readyz", token=None)
        assert answer.status == 503 and "libvirtd -d" in answer.json["detail"]
        assert manager.get("/healthz", token=None).status == 200
        assert manager.get("/v1/vms").status == 503
        assert manager.create().status == 503
        host = manager.get("/v1/host").json
        assert host["libvirt"]["available"] is False and "libvirtd -d" in host["libvirt"]["reason"]


@pytest.mark.skipif(os.geteuid() != 0, reason="SKIP: it runs as nobody where the manager is root")
def test_a_verifier_that_only_root_may_run_is_told(tmp_path):
    verifier = tmp_path / "cocos-cli"
    verifier.write_text("#!/bin/sh\n")
    verifier.chmod(0o750)
    done = subprocess.run([PROGRAM], env=environment_of(str(tmp_path), listen="127.0.0.1:0", verifier=str(verifier)),
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2 and "chmod o+rx" in done.stderr, done


def test_a_verifier_is_there_or_is_said_to_be_none(tmp_path):
    for verifier in ("/no/verifier", str(tmp_path)[:-1] + "-missing"):
        done = subprocess.run([PROGRAM], env=environment_of(str(tmp_path), listen="127.0.0.1:0", verifier=verifier),
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and verifier in done.stderr and "none" in done.stderr, done
