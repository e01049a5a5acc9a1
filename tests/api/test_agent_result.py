"""The result: for its consumers, in pieces if they like, and Complete when all have every byte."""

import os
import threading

import pytest

from agents import Computation
from parties import Party
from test_agent_computation import unzip

WRITE = "open('results/x', 'wb').write(open('datasets/a', 'rb').read())"


def ranged(agent, work, value, **headers):
    return agent.ask("GET", "/v1/result", work.consumer, headers={"Range": value, **headers})


def test_pieces_make_a_whole(agent):
    work = Computation(WRITE, {"a": os.urandom(300_000)})
    work.run(agent)
    whole_size = None
    pieces = []
    at = 0
    while whole_size is None or at < whole_size:
        answer = ranged(agent, work, f"bytes={at}-{at + 99_999}")
        assert answer.status == 206
        first, whole = answer.headers["content-range"].split("/")
        assert first == f"bytes {at}-{at + len(answer.body) - 1}"
        whole_size = int(whole)
        if at + 100_000 < whole_size:
            assert agent.state()["state"] == "ConsumingResults"
        pieces.append(answer.body)
        at += len(answer.body)
    agent.await_state("Complete")
    assert unzip(b"".join(pieces)) == {"x": work.datasets["a"]}


def test_the_same_piece_twice_is_not_the_whole(agent):
    work = Computation(WRITE, {"a": b"x" * 1000})
    work.run(agent)
    for value in ("bytes=0-499", "bytes=0-499", "bytes=600-", "bytes=-600", "bytes=400-500"):
        assert ranged(agent, work, value).status == 206
    assert agent.state()["state"] == "ConsumingResults"
    assert ranged(agent, work, "bytes=501-599").status == 206
    agent.await_state("Complete")


def test_tags_and_bad_ranges(agent):
    work = Computation(WRITE, {"a": b"x" * 1000})
    work.run(agent)
    assert ranged(agent, work, "bytes=99999-").status == 416
    answer = agent.ask("HEAD", "/v1/result", work.consumer)
    assert answer.status == 200 and int(answer.headers["content-length"]) > 1000
    assert agent.state()["state"] == "ConsumingResults"  # asking is not fetching
    tag = work.result(agent).headers["etag"]
    assert ranged(agent, work, "lines=1-2").status == 200  # another unit is no range
    answer = agent.ask("GET", "/v1/result", work.consumer, headers={"If-None-Match": tag})
    assert answer.status == 304 and answer.body == b""
    assert ranged(agent, work, "bytes=0-9", **{"If-Range": tag}).status == 206
    assert ranged(agent, work, "bytes=0-9", **{"If-Range": '"other"'}).status == 200


def test_a_download_that_is_cut_is_not_fetched(agent):
    work = Computation(WRITE, {"a": os.urandom(30_000_000)})
    work.run(agent)
    raw = agent.raw(work.consumer)
    raw.sendall(b"GET /v1/result HTTP/1.1\r\nHost: a\r\n\r\n")
    raw.recv(10_000)
    raw.close()
    assert agent.state()["state"] == "ConsumingResults"
    work.result(agent)
    agent.await_state("Complete")


def test_every_consumer_counts(agent):
    consumers = [Computation.consumer, Party("second"), Party("third", "ed25519")]
    work = Computation(WRITE, {"a": b"x"}, consumers=consumers)
    work.run(agent)
    for party in consumers[:2] + [consumers[0]]:
        assert work.result(agent, party).status == 200
    assert agent.state()["state"] == "ConsumingResults"
    assert work.result(agent, consumers[2]).status == 200
    agent.await_state("Complete")


def test_consumers_at_once(agent):
    consumers = [Party(f"consumer-{i}") for i in range(8)]
    data = os.urandom(3_000_000)
    work = Computation(WRITE, {"a": data}, consumers=consumers)
    work.run(agent)
    answers = []
    threads = [threading.Thread(target=lambda p=party: answers.append(work.result(agent, p)))
               for party in consumers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({answer.body for answer in answers}) == 1 and unzip(answers[0].body) == {"x": data}
    agent.await_state("Complete")


def test_the_same_results_are_the_same_bytes(agent):
    text = ("import os\nfor n in ('b', 'a/c', 'a/b', 'ä'):\n"
            "    os.makedirs(os.path.dirname('results/' + n), exist_ok=True)\n"
            "    open('results/' + n, 'w').write(n)\n")
    results = []
    for _ in range(2):
        work = Computation(text)
        work.run(agent)
        results.append(work.result(agent).body)
        work.wipe(agent)
    assert results[0] == results[1]
    assert sorted(unzip(results[0])) == ["a/b", "a/c", "b", "ä"]


def test_links_and_special_files_are_not_packed(agent):
    work = Computation("import os\nos.symlink('/etc/passwd', 'results/link')\n"
                       "os.symlink('/', 'results/root')\nos.mkfifo('results/pipe')\n"
                       "open('results/x', 'w').write('x')\nos.mkdir('results/empty')\n"
                       "os.link('results/x', 'results/again')\n"
                       "open('results/dark', 'w').write('d'); os.chmod('results/dark', 0)\n")
    work.run(agent)
    assert unzip(work.result(agent).body) == {"x": b"x", "again": b"x", "dark": b"d"}


def test_no_results_are_a_result(agent):
    work = Computation("pass")
    work.run(agent)
    assert unzip(work.result(agent).body) == {}
    agent.await_state("Complete")


def test_a_wipe_cuts_a_download(agent):
    work = Computation(WRITE, {"a": os.urandom(30_000_000)})
    work.run(agent)
    raw = agent.raw(work.consumer)
    raw.sendall(b"GET /v1/result HTTP/1.1\r\nHost: a\r\n\r\n")
    got = len(raw.recv(10_000))
    work.wipe(agent)
    try:
        while block := raw.recv(1 << 20):
            got += len(block)
    except OSError:
        pass
    assert got < 30_000_000
    assert agent.state()["state"] == "ReceivingManifest"


@pytest.mark.parametrize("text,kind", [("raise SystemExit(3)", "exit"), ("1/0", "exit"),
                                       ("import os; os.abort()", "signal")])
def test_a_failed_run_has_no_result_but_a_reason(agent, text, kind):
    work = Computation(text)
    assert work.run(agent)["failure"]["kind"] == kind
    answer = work.result(agent)
    assert answer.status == 409 and answer.json["type"] == "urn:cocos:problem:computation-failed"
    assert kind in answer.json["detail"]
