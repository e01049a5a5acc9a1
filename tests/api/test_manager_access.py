"""Who may ask the manager for what, and in which order it says no."""

import json
import time

import pytest

from managers import DOCUMENT, Manager

VIEWER_GETS = ["/metrics", "/v1/host", "/v1/images", "/v1/vms"]


@pytest.fixture(scope="module")
def tokens(shared):
    return {"viewer": shared.token("vera", "viewer", "alice"), "alice": shared.token("alice", "operator"),
            "bob": shared.token("bob", "operator")}


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/openapi.json"])
def test_anyone_may_ask_whether_it_lives(shared, path):
    assert shared.get(path, token=None).status == 200


@pytest.mark.parametrize("path", VIEWER_GETS + ["/v1/vms/x", "/v1/vms/x/events", "/v1/events"])
def test_without_a_token_nothing_else_is_told(shared, path):
    answer = shared.get(path, token=None)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer x", "Basic YTpi", "bearer  x",
                                    "Bearer " + "x" * 5000])
def test_what_is_no_token_lets_nobody_in(shared, header):
    assert shared.get("/v1/vms", token=None, headers={"Authorization": header}).status == 401


def test_a_viewer_reads_and_changes_nothing(shared, tokens):
    for path in VIEWER_GETS:
        assert shared.get(path, token=tokens["viewer"]).status == 200, path
    answer = shared.create(token=tokens["viewer"])
    assert answer.status == 403 and "operator" in answer.json["detail"]
    assert shared.ask("DELETE", "/v1/vms/x", token=tokens["viewer"]).status == 403
    assert shared.get("/v1/vms/x/console", token=tokens["viewer"]).status == 403


def test_anothers_vm_is_not_found_whatever_is_asked(shared, tokens):
    vm = shared.made(token=tokens["alice"], image="eos-debug")
    try:
        for path in ("", "/events", "/metrics", "/console"):
            answer = shared.get(f"/v1/vms/{vm}{path}", token=tokens["bob"])
            assert answer.status == 404, path
            other = shared.get(f"/v1/vms/00000000-0000-4000-8000-000000000000{path}", token=tokens["bob"])
            assert answer.json["title"] == other.json["title"]
        assert shared.ask("DELETE", f"/v1/vms/{vm}", token=tokens["bob"]).status == 404
        assert shared.get("/v1/vms", token=tokens["bob"]).json["items"] == []
        assert shared.get(f"/v1/vms/{vm}", token=tokens["alice"]).status == 200
        assert shared.get(f"/v1/vms/{vm}", token=tokens["viewer"]).status == 200  # the same owner's
        assert shared.get(f"/v1/vms/{vm}").status == 200  # the administrator
    finally:
        shared.remove(vm)


def test_anothers_events_are_not_told(shared, tokens):
    vm = shared.made(token=tokens["alice"])
    shared.remove(vm)
    told = shared.events(token=tokens["bob"], seconds=0.7)
    assert vm not in [event["subject"] for event in told]
    assert vm in [event["subject"] for event in shared.events(token=tokens["alice"], until=vm)]
    assert vm in [event["subject"] for event in shared.events(until=vm)]


def test_refusals_come_in_their_order(shared, tokens):
    big = json.dumps({"name": "x" * 2_000_000}).encode()
    assert shared.ask("POST", "/v1/nothing", big, token=None).status == 404
    answer = shared.ask("PUT", "/v1/vms", {}, token=None)
    assert answer.status == 405
    assert set(answer.headers["allow"].replace(" ", "").split(",")) >= {"GET", "POST"}
    assert shared.ask("POST", "/v1/vms", big, token=None).status == 401
    assert shared.ask("POST", "/v1/vms", big, token=tokens["viewer"]).status == 403
    assert shared.ask("POST", "/v1/vms", big, headers={"Content-Type": "text/plain"}).status == 415
    assert shared.ask("POST", "/v1/vms", big).status == 413
    assert shared.ask("POST", "/v1/vms", b"{").status == 400
    assert shared.ask("POST", "/v1/vms", b'{"cpus": 1, "cpus": 1}').status == 422


def test_every_answer_has_an_id_that_the_log_knows(shared):
    answer = shared.get("/v1/vms/none")
    assert answer.json["instance"] == answer.headers["x-request-id"]
    until = time.monotonic() + 60
    while answer.headers["x-request-id"] not in shared.log():  # written when the answer is on its way
        assert time.monotonic() < until
        time.sleep(0.05)


def test_origins_are_told_only_when_allowed(shared):
    assert "access-control-allow-origin" not in shared.get(
        "/v1/vms", headers={"Origin": "https://evil.example"}).headers
    with Manager(cors_origins="https://good.example") as manager:
        good = manager.get("/v1/vms", headers={"Origin": "https://good.example"})
        assert good.headers["access-control-allow-origin"] == "https://good.example"
        assert "access-control-allow-origin" not in manager.get(
            "/v1/vms", headers={"Origin": "https://evil.example"}).headers


def test_the_document_served_is_the_document(shared):
    served = shared.get("/openapi.json", token=None).json
    assert served == DOCUMENT.whole


def test_the_document_lists_what_is_served_and_nothing_else(shared):
    """Each listed operation is routed (not 404 or 405 for its path), each table row is listed."""
    rows = set()
    with open("lib/api/manager_ops.h", encoding="utf-8") as file:
        for line in file:
            if line.startswith("OP("):
                name, method, path = [part.strip().strip('"') for part in line[3:].split(",")[:3]]
                rows.add((name, method, path))
    listed = {(operation["operationId"], method.upper(), path)
              for path, item in DOCUMENT.whole["paths"].items()
              for method, operation in item.items() if method != "parameters"}
    assert rows == listed
    for _, method, path in rows:
        answer = shared.ask(method, path.replace("{id}", "none"), token=None)
        assert answer.status in (200, 401), (method, path, answer)
