"""Requests that are signed instead of coming with a client certificate (RFC 9421)."""

import json
import time

import pytest

from agents import Agent, Computation, Signed


@pytest.fixture(scope="module")
def waiting():
    """A computation that waits for its algorithm; reading the manifest is what is asked."""
    with Agent() as agent:
        Computation("pass", {"a": "x"}).set(agent)
        yield agent


@pytest.fixture
def channel(waiting):
    with Signed(waiting) as connection:
        yield connection


WORK = Computation("pass", {"a": "x"})


def read(channel, party=Computation.owner, **change):
    return channel.ask(party, "GET", "/v1/computation", change.pop("computation", WORK.sha256), **change)


def test_every_kind_of_key_signs(channel):
    for party in (WORK.owner, WORK.provider, WORK.data, WORK.consumer):
        answer = read(channel, party)
        assert answer.status == 200, (party.kind, answer)
        assert answer.json == WORK.manifest
    assert read(channel, WORK.stranger).status == 403


def test_a_query_is_covered(channel):
    assert channel.ask(WORK.owner, "GET", "/v1/computation?a=b", WORK.sha256).status == 200
    headers_for_other = channel.ask(WORK.owner, "GET", "/v1/computation?a=b", WORK.sha256, query="a=c")
    assert headers_for_other.status == 401


def test_a_request_is_good_once(channel):
    assert read(channel, nonce="once").status == 200
    answer = read(channel, nonce="once")
    assert answer.status == 401 and "nonce" in answer.json["detail"]
    assert read(channel, WORK.data, nonce="once").status == 200  # another's nonce is another nonce


def test_a_nonce_of_a_bad_signature_is_not_spent(channel):
    assert read(channel, nonce="mine", exporter="0" * 64).status == 401
    assert read(channel, WORK.stranger, nonce="mine", keyid=WORK.owner.identity).status == 401
    assert read(channel, nonce="mine").status == 200


def test_a_nonce_is_spent_when_who_asks_is_proven_and_not_before(channel):
    """What fails later for another reason has spent it: the same request is not to be tried until
    it succeeds."""
    assert channel.ask(WORK.data, "DELETE", "/v1/computation", WORK.sha256, nonce="role").status == 403
    answer = channel.ask(WORK.data, "DELETE", "/v1/computation", WORK.sha256, nonce="role")
    assert answer.status == 401 and "nonce" in answer.json["detail"]
    assert channel.ask(WORK.consumer, "GET", "/v1/result", WORK.sha256, nonce="time").status == 409
    assert channel.ask(WORK.consumer, "GET", "/v1/result", WORK.sha256, nonce="time").status == 401


def test_times_are_checked(channel):
    now = int(time.time())
    for created, expires in ((now - 400, now - 100), (now + 200, now + 300), (now, now + 301),
                             (now, now - 1), (now - 200, now + 200)):
        answer = read(channel, created=created, expires=expires)
        assert answer.status == 401, (created - now, expires - now, answer)
    assert read(channel, created=now - 50, expires=now + 240).status == 200


@pytest.mark.parametrize("change", [
    {"exporter": "1" * 64},
    {"exporter": ""},
    {"computation": "2" * 64},
    {"Cocos-Channel": "1" * 64},
    {"Cocos-Computation": "2" * 64},
    {"tag": "other"},
    {"alg": "ed25519"},
    {"alg": "none"},
    pytest.param({"keyid": Computation.data.identity}, id="the key of another"),
    {"covered": ["@method", "@path", "@query", "cocos-computation"]},
    {"covered": ["@method", "@path", "cocos-computation", "cocos-channel"]},
    {"covered": ["@path", "@query", "cocos-computation", "cocos-channel"]},
    {"Signature": "cocos=:AAAA:"},
    {"Signature": "nonsense"},
    {"Signature-Input": "cocos=()"},
    {"Signature-Input": "x" * 3000},
], ids=str)
def test_what_is_not_right_is_not_proven(channel, change):
    answer = read(channel, **change)
    assert answer.status == 401, answer


def test_a_signature_is_worth_nothing_on_another_connection(waiting):
    with Signed(waiting) as first, Signed(waiting) as second:
        assert first.channel != second.channel
        assert read(second, exporter=first.channel).status == 401
        assert read(second).status == 200


def test_a_method_is_not_another(channel):
    from parties import signature_headers
    headers = signature_headers(WORK.owner, "GET", "/v1/computation", channel.channel, WORK.sha256)
    assert channel.send("DELETE", "/v1/computation", headers).status == 401


def test_a_signature_beside_a_certificate_decides(waiting):
    answer = waiting.ask("GET", "/v1/computation", WORK.owner, headers={"Signature": "cocos=:AA==:"})
    assert answer.status == 401


def test_parties_compute_by_signatures_alone(agent):
    work = Computation("open('results/x', 'w').write(open('datasets/a').read())", {"a": "x"},
                       start="manual")
    text = json.dumps(work.manifest, indent=1).encode()
    with Signed(agent) as channel:
        answer = channel.ask(work.owner, "PUT", "/v1/computation", "0" * 64, text)
        assert answer.status == 401 and work.sha256 in answer.json["detail"]
        answer = channel.ask(work.stranger, "PUT", "/v1/computation", work.sha256, text)
        assert answer.status == 403
        answer = channel.ask(work.stranger, "PUT", "/v1/computation", work.sha256, text,
                             keyid=work.owner.identity)
        assert answer.status == 401
        answer = channel.ask(work.owner, "PUT", "/v1/computation", work.sha256, text)
        assert answer.status == 201, answer
    with Signed(agent) as channel:
        for party, path, body in ((work.provider, "/v1/algorithm", work.algorithm),
                                  (work.data, "/v1/datasets/a", b"x")):
            assert channel.ask(party, "HEAD", path, work.sha256).status == 200
            answer = channel.ask(party, "PUT", path, work.sha256, body)
            assert answer.status == 201, answer
        assert channel.ask(work.provider, "POST", "/v1/run", work.sha256).status == 202
        agent.await_state("ConsumingResults")
        assert channel.ask(work.consumer, "GET", "/v1/result", work.sha256).status == 200
        agent.await_state("Complete")
        assert channel.ask(work.owner, "DELETE", "/v1/computation", work.sha256).status == 204


def test_a_replayed_manifest_is_refused(agent):
    work = Computation("pass")
    text = json.dumps(work.manifest).encode()
    with Signed(agent) as channel:
        assert channel.ask(work.owner, "PUT", "/v1/computation", work.sha256, text,
                           nonce="n").status == 201
    work.wipe(agent)
    with Signed(agent) as other:
        assert other.ask(work.owner, "PUT", "/v1/computation", work.sha256, text, nonce="n",
                         exporter=channel.channel).status == 401


def test_a_manifest_that_cannot_be_set_spends_no_nonce(agent):
    """Whoever may not set a computation now must not take places in the set of nonces: strangers
    sign with keys that they name themselves."""
    first, second = Computation("pass"), Computation("pass # another")
    first.set(agent)
    text = json.dumps(second.manifest).encode()
    with Signed(agent) as channel:
        for _ in range(2):
            answer = channel.ask(second.owner, "PUT", "/v1/computation", second.sha256, text, nonce="n")
            assert answer.status == 409, answer
    first.wipe(agent)
    with Signed(agent) as channel:
        assert channel.ask(second.owner, "PUT", "/v1/computation", second.sha256, text,
                           nonce="n").status == 201


def test_a_body_that_was_changed_leaves_nothing(agent):
    work = Computation("pass", {"a": "x"})
    work.set(agent)
    with Signed(agent) as channel:
        answer = channel.ask(work.provider, "PUT", "/v1/algorithm", work.sha256, b"other",
                             sent_body=work.algorithm + b" ")
        assert answer.status == 422 and "Content-Digest" in answer.json["detail"]
    with Signed(agent) as channel:
        # The digest is the body's, but the signature covers another one.
        answer = channel.ask(work.provider, "PUT", "/v1/algorithm", work.sha256, b"other",
                             sent_body=work.algorithm, **{
                                 "Content-Digest": digest_of(work.algorithm)})
        assert answer.status == 401
    assert agent.state()["awaiting"]["algorithm"]
    work.send_algorithm(agent)


def digest_of(body):
    import base64
    import hashlib
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def test_a_digest_counts_with_a_certificate_too(agent):
    work = Computation("pass").set(agent)
    answer = agent.ask("PUT", "/v1/algorithm", work.provider, work.algorithm,
                       {"Content-Digest": digest_of(b"other")})
    assert answer.status == 422
    answer = agent.ask("PUT", "/v1/algorithm", work.provider, work.algorithm,
                       {"Content-Digest": digest_of(work.algorithm)})
    assert answer.status == 201
