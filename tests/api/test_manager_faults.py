"""Clients that are slow, break off or send what is no request: none makes a VM, none holds up another."""

import json
import os
import resource
import socket
import threading
import time

import pytest

from managers import Manager


@pytest.fixture
def raw(shared):
    """A TLS connection over which anything may be said."""
    connection = shared.connect()
    connection.connect()
    with connection.sock as sock:
        yield sock


def head_of(manager, length, method="POST", path="/v1/vms"):
    return (f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {manager.admin}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n").encode()


def nothing_was_made(manager):
    vms = os.path.join(manager.state, "vms")
    return manager.get("/v1/vms").json["items"] == [] and os.listdir(vms) == []


def drip(sock, text, ends, name):
    """One byte a second, until the other end has enough."""
    begun = time.monotonic()
    sock.settimeout(1)
    try:
        for byte in text:
            sock.sendall(bytes([byte]))
            try:
                if sock.recv(100) == b"":
                    break
            except (TimeoutError, socket.timeout):
                continue
            break
    except OSError:
        pass
    ends[name] = time.monotonic() - begun


def test_slow_clients_are_cut_and_hold_up_nobody(shared):
    ends = {}
    header, body = shared.connect(), shared.connect()
    header.connect(), body.connect()
    body.sock.sendall(head_of(shared, 1000))
    threads = [threading.Thread(target=drip, args=(header.sock, b"GET /v1/vms HTTP/1.1\r\nX: " + b"a" * 60, ends, "header")),
               threading.Thread(target=drip, args=(body.sock, b'{"name": "' + b"x" * 60, ends, "body"))]
    for thread in threads:
        thread.start()
    time.sleep(1)
    begun = time.monotonic()
    assert shared.get("/v1/vms").status == 200
    assert time.monotonic() - begun < 30
    for thread in threads:
        thread.join()
    assert ends["header"] < 50 and ends["body"] < 55, ends
    assert nothing_was_made(shared)


def test_headers_without_end_are_refused(shared, raw):
    try:
        raw.sendall(b"GET /v1/vms HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n")
        head = raw.recv(100)
    except OSError:
        head = b""
    assert head == b"" or head.startswith(b"HTTP/1.1 4"), head
    assert shared.get("/healthz").status == 200


def test_a_hundred_megabytes_are_refused_before_they_come(shared, raw):
    raw.sendall(head_of(shared, 100_000_000))
    assert raw.recv(100).startswith(b"HTTP/1.1 413")
    assert nothing_was_made(shared)


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "99999999999999999999999", "1, 2", "", "+5"])
def test_a_wrong_length_is_refused(shared, raw, length):
    raw.sendall(head_of(shared, length) + b"{}")
    raw.settimeout(15)
    head = raw.recv(100)
    assert head.startswith(b"HTTP/1.1 4") or head == b"", head
    assert nothing_was_made(shared)


@pytest.mark.parametrize("how", ["half-closed", "cut"])
def test_a_body_that_ends_early_makes_nothing(shared, raw, how):
    body = b'{"name": "half", "memory_mib": 256}'
    raw.sendall(head_of(shared, len(body)) + body[:len(body) // 2])
    if how == "half-closed":
        raw.settimeout(0.2)
        try:
            raw.unwrap()
        except OSError:
            pass
    raw.close()
    time.sleep(0.5)
    assert nothing_was_made(shared)


def test_a_member_that_is_there_twice_is_pointed_at(shared):
    answer = shared.ask("POST", "/v1/vms", b'{"cpus": 1, "name": "a", "cpus": 2}')
    assert answer.status == 422 and answer.pointers == ["/cpus"], answer
    answer = shared.ask("POST", "/v1/vms", b'{"manifest": {"run": {"start": "auto", "start": "manual"}}}')
    assert answer.status == 422 and answer.pointers == ["/manifest/run/start"], answer


@pytest.mark.parametrize("depth", [33, 10_000])
def test_what_is_nested_too_deep_is_refused(shared, depth):
    body = json.dumps({"manifest": 0}).replace("0", "[" * depth + "]" * depth)
    assert shared.ask("POST", "/v1/vms", body.encode()).status in (400, 422)
    assert nothing_was_made(shared)


def test_a_share_that_is_a_thousand_directories_deep_goes_like_any_other():
    """Also when the manager may open fewer files than that."""
    with Manager() as manager:
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.prlimit(manager.process.pid, resource.RLIMIT_NOFILE, (256, most))
        vm = manager.made(memory_mib=256)
        below = os.open(manager.share(vm, "out"), os.O_RDONLY)
        for _ in range(1000):
            os.mkdir("d", dir_fd=below)
            deeper = os.open("d", os.O_RDONLY, dir_fd=below)
            os.close(below)
            below = deeper
        os.close(below)
        assert "directory" in manager.await_state(vm, "failed")["failure"]["detail"]
        manager.remove(vm)
        assert nothing_was_made(manager)
