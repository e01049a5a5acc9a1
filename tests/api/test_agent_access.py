"""Who may do what: every row of the contract's table for the agent, with client certificates."""

import json

import pytest

from agents import Agent, Computation

ANYONE = ["owner", "provider", "data", "consumer", "reader", "stranger", None]
PARTICIPANTS = ["owner", "provider", "data", "consumer", "reader"]

# method, path, body, who gets past the roles
ROWS = [
    ("GET", "/healthz", None, ANYONE),
    ("GET", "/readyz", None, ANYONE),
    ("GET", "/metrics", None, ANYONE),
    ("GET", "/openapi.json", None, ANYONE),
    ("GET", "/v1/state", None, ANYONE),
    ("GET", "/v1/ima", None, ANYONE),
    ("GET", "/v1/computation", None, PARTICIPANTS),
    ("HEAD", "/v1/algorithm", None, ["provider"]),
    ("PUT", "/v1/algorithm", b"not it", ["provider"]),
    ("HEAD", "/v1/algorithm/requirements", None, ["provider"]),
    ("PUT", "/v1/algorithm/requirements", b"not it", ["provider"]),
    ("HEAD", "/v1/datasets/a", None, ["data"]),
    ("PUT", "/v1/datasets/a", b"not it", ["data"]),
    ("POST", "/v1/run", None, ["owner", "provider"]),
    ("GET", "/v1/result", None, ["consumer"]),
    ("GET", "/v1/seal-key", None, ANYONE),
    ("GET", "/v1/receipt", None, PARTICIPANTS),
    ("GET", "/v1/receipt/evidence", None, PARTICIPANTS),
    ("GET", "/v1/logs", None, ["reader"]),
    ("GET", "/v1/events", None, PARTICIPANTS),
    ("DELETE", "/v1/computation", None, ["owner"]),
]


def party(name):
    return getattr(Computation, name) if name else None


@pytest.fixture(scope="module")
def waiting():
    """An agent with a computation in ReceivingAlgorithm, where nothing that is asked moves it."""
    with Agent() as agent:
        work = Computation("pass", {"a": "x"}, start="manual")
        work.manifest["algorithm"]["requirements_sha3_256"] = "0" * 64
        work.manifest["logs"]["to"] = [{"key": Computation.reader.pem}]
        work.set(agent)
        yield agent


@pytest.mark.parametrize("method,path,body,allowed", ROWS,
                         ids=[f"{row[0]} {row[1]}" for row in ROWS])
def test_roles(waiting, method, path, body, allowed):
    for name in ANYONE:
        if method == "DELETE" and name in allowed:
            continue  # test_agent_computation.py does it
        if path == "/v1/events" and name in allowed:
            connection = waiting.connect(party(name))
            connection.request(method, path)
            status = connection.getresponse().status
            connection.close()
        else:
            status = waiting.ask(method, path, party(name), body).status
        if name in allowed:
            assert status not in (401, 403), (name, status)
        else:
            assert status == (401 if name is None else 403), (name, status)


def test_refusals_are_problem_documents(waiting):
    answer = waiting.ask("GET", "/v1/computation", Computation.stranger)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["type"] == "urn:cocos:problem:forbidden"
    assert answer.json["instance"] == answer.headers["x-request-id"]
    answer = waiting.ask("GET", "/v1/computation")
    assert answer.status == 401 and "www-authenticate" in answer.headers


def test_who_means_another_computation_sends_nothing_to_this_one(agent):
    work = Computation("pass", {"a": "x"})
    meant = {"Cocos-Computation": work.sha256}
    work.manifest["description"] = "what the owner set meanwhile"
    work.set(agent).send_algorithm(agent)
    answer = agent.ask("PUT", "/v1/datasets/a", work.data, b"x", meant)
    assert answer.status == 409 and work.sha256 in answer.json["detail"]
    assert agent.ask("PUT", "/v1/datasets/a", work.stranger, b"x", meant).status == 403
    assert agent.state()["awaiting"]["datasets"] == ["a"]
    answer = agent.ask("PUT", "/v1/datasets/a", work.data, b"x", {"Cocos-Computation": work.sha256})
    assert answer.status == 201


def test_a_provider_of_one_dataset_may_not_send_another(agent):
    work = Computation("pass", {"a": "x", "b": "y"})
    work.manifest["datasets"][1]["provider"]["key"] = Computation.stranger.pem
    work.set(agent).send_algorithm(agent)
    assert agent.ask("HEAD", "/v1/datasets/b", Computation.data).status == 403
    assert agent.ask("PUT", "/v1/datasets/b", Computation.data, b"y").status == 403
    assert agent.ask("PUT", "/v1/datasets/b", Computation.stranger, b"y").status == 201
    assert agent.ask("PUT", "/v1/datasets/a", Computation.stranger, b"x").status == 403


def test_undeclared_datasets_are_not_found_by_those_who_take_part(agent):
    Computation("pass", {"a": "x"}).set(agent).send_algorithm(agent)
    for method, body in (("HEAD", None), ("PUT", b"x")):
        for name in ("b", "A", "a%2Fb", "..%2Fa", "%2e%2e"):
            path = "/v1/datasets/" + name
            assert agent.ask(method, path, Computation.data, body).status == 404, name
    assert agent.ask("HEAD", "/v1/datasets/b", Computation.stranger).status == 403


def test_only_the_owner_whom_the_manifest_names_sets_it(agent):
    work = Computation("pass")
    for who in (Computation.provider, Computation.stranger):
        answer = agent.ask("PUT", "/v1/computation", who, json.dumps(work.manifest))
        assert answer.status == 403, answer
    assert agent.ask("PUT", "/v1/computation", None, json.dumps(work.manifest)).status == 401
    assert agent.state()["state"] == "ReceivingManifest"
    work.set(agent)


def test_without_a_computation_everything_else_is_a_matter_of_state(agent):
    for method, path, body, allowed in ROWS:
        if allowed is ANYONE:
            continue
        answer = agent.ask(method, path, Computation.owner, body)
        assert answer.status == 409, (method, path, answer)
        assert agent.ask(method, path, None, body).status == 401


def test_keys_of_every_kind_are_identities(agent):
    from parties import Party

    for kind in ("p256", "p384", "ed25519", "rsa"):
        owner = Party("kind", kind)
        work = Computation("pass")
        work.manifest["owner"]["key"] = owner.pem
        assert agent.ask("PUT", "/v1/computation", owner, json.dumps(work.manifest)).status == 201
        assert agent.ask("DELETE", "/v1/computation", owner).status == 204


def test_what_is_wrong_in_several_ways_is_told_in_order(agent):
    """404 405 401 403 415 413 400 422 409: the first that holds, whatever else is wrong."""
    work = Computation("pass", {"a": "x"}).set(agent)
    text, huge = {"Content-Type": "text/plain"}, {"Content-Length": str(1 << 62)}
    other = json.dumps({**work.manifest, "more": 1})
    for status, method, path, party, body, headers in (
            (404, "PATCH", "/v1/nothing", None, b"x", text),
            (405, "PATCH", "/v1/algorithm", None, b"x", text),
            (401, "PUT", "/v1/algorithm", None, b"x", text),
            (403, "PUT", "/v1/algorithm", work.stranger, b"x", text),
            (415, "PUT", "/v1/algorithm", work.provider, b"x", {**text, **huge}),
            (413, "PUT", "/v1/algorithm", work.provider, b"x", huge),
            (415, "PUT", "/v1/computation", work.owner, b"{", text),
            (400, "PUT", "/v1/computation", work.owner, b"{", {}),
            (422, "PUT", "/v1/computation", work.owner, other, {}),
            (409, "PUT", "/v1/computation", work.owner, json.dumps(work.manifest), {}),
            (409, "PUT", "/v1/datasets/a", work.data, b"y", {})):  # before the algorithm
        answer = agent.ask(method, path, party, body, headers)
        assert answer.status == status, (method, path, status, answer)
