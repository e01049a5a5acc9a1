"""What arrives: whole, as pinned, once, and nothing of it otherwise."""

import io
import os
import subprocess
import threading
import time
import zipfile

import pytest

from agents import Agent, Computation, sha3

READ = "import os\nfor d, _, f in sorted(os.walk('datasets')):\n  for n in sorted(f): print(d, n)"


def left_over(agent):
    """Files that arrived or are arriving."""
    return sorted(os.path.join(folder, name)
                  for folder, _, names in os.walk(agent.state_dir) for name in names
                  if name != ".lock")


def start_upload(agent, work, path, announced, sent, party=None):
    raw = agent.raw(party or work.data)
    raw.sendall(f"PUT {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/octet-stream\r\n"
                f"Content-Length: {announced}\r\n\r\n".encode() + sent)
    return raw


def await_nothing(agent, seconds=60):
    end = time.monotonic() + seconds
    while left_over(agent):
        assert time.monotonic() < end, left_over(agent)
        time.sleep(0.05)


def test_what_is_not_pinned_is_refused_with_both_digests(agent):
    work = Computation("pass", {"a": "x"}).set(agent)
    answer = agent.ask("PUT", "/v1/algorithm", work.provider, b"changed")
    assert answer.status == 422
    assert sha3(work.algorithm) in answer.json["detail"] and sha3(b"changed") in answer.json["detail"]
    assert left_over(agent) == []
    work.send_algorithm(agent)
    answer = agent.ask("PUT", "/v1/datasets/a", work.data, b"")
    assert answer.status == 422 and sha3(b"") in answer.json["detail"]
    assert [os.path.basename(path) for path in left_over(agent)] == ["algorithm"]


def test_an_empty_dataset_and_a_large_one(agent):
    work = Computation("import os; print([os.path.getsize('datasets/' + n) for n in 'ab'])",
                       {"a": b"", "b": os.urandom(5_000_000)})
    work.run(agent)
    assert work.log(agent) == "[0, 5000000]\n"


def test_a_chunked_body_is_a_body(agent):
    work = Computation("pass").set(agent)
    connection = agent.connect(work.provider)
    connection.request("PUT", "/v1/algorithm", body=iter([b"pa", b"ss"]), encode_chunked=True,
                       headers={"Content-Type": "application/octet-stream",
                                "Transfer-Encoding": "chunked"})
    assert connection.getresponse().status == 201


def test_another_media_type_is_refused(agent):
    work = Computation("pass").set(agent)
    for kind in ("text/plain", "application/json", "multipart/form-data"):
        answer = agent.ask("PUT", "/v1/algorithm", work.provider, b"pass", {"Content-Type": kind})
        assert answer.status == 415, kind
    answer = agent.ask("PUT", "/v1/computation", work.owner, "{}",
                       {"Content-Type": "application/octet-stream"})
    assert answer.status == 415


def test_uploads_in_parts_are_not_available_yet(agent):
    work = Computation("pass").set(agent)
    for part in ("?0", "0", ""):
        answer = agent.ask("PUT", "/v1/algorithm", work.provider, work.algorithm,
                           {"Upload-Complete": part})
        assert answer.status == 422 and "not available yet" in answer.json["detail"], part
    answer = agent.ask("PUT", "/v1/algorithm", work.provider, work.algorithm,
                       {"Upload-Complete": "?1"})
    assert answer.status == 201


def test_two_at_once_and_one_cut_in_the_middle(agent):
    data = os.urandom(2_000_000)
    work = Computation(READ, {"a": data}).set(agent).send_algorithm(agent)
    first = start_upload(agent, work, "/v1/datasets/a", len(data), data[:1_000_000])
    end = time.monotonic() + 60
    while agent.ask("HEAD", "/v1/datasets/a", work.data).status != 409:
        assert time.monotonic() < end
    answer = agent.ask("PUT", "/v1/datasets/a", work.data, data)
    assert answer.status == 409 and "another request" in answer.json["detail"]

    first.close()
    end = time.monotonic() + 60
    while agent.ask("HEAD", "/v1/datasets/a", work.data).status != 200:
        assert time.monotonic() < end
    assert [os.path.basename(path) for path in left_over(agent)] == ["algorithm"]
    work.send_data(agent)
    agent.await_state("ConsumingResults")
    assert work.log(agent) == "datasets a\n"


def test_a_half_closed_upload_leaves_nothing(agent):
    work = Computation("pass", {"a": "x" * 1000}).set(agent).send_algorithm(agent)
    raw = start_upload(agent, work, "/v1/datasets/a", 1000, b"x" * 500)
    raw.unwrap()
    raw.close()
    end = time.monotonic() + 60
    while agent.ask("HEAD", "/v1/datasets/a", work.data).status != 200:
        assert time.monotonic() < end
    assert [os.path.basename(path) for path in left_over(agent)] == ["algorithm"]


@pytest.mark.parametrize("length", ["-1", "1e3", "0x10", "99999999999999999999999", "1, 2", "", "+5"])
def test_a_wrong_content_length_is_refused(agent, length):
    work = Computation("pass").set(agent)
    with agent.raw(work.provider) as raw:
        raw.sendall(f"PUT /v1/algorithm HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n"
                    "Content-Type: application/octet-stream\r\n\r\npass".encode())
        raw.settimeout(15)
        head = raw.recv(100)
    assert head.startswith(b"HTTP/1.1 4") or head == b"", head
    assert agent.state()["awaiting"]["algorithm"]


def test_a_shorter_body_than_announced_waits_and_a_longer_one_is_cut_off(agent):
    work = Computation("pass", {"a": "x"}).set(agent)
    with agent.raw(work.provider) as raw:
        raw.sendall(b"PUT /v1/algorithm HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n"
                    b"Content-Type: application/octet-stream\r\n\r\npassGARBAGE HTTP/1.1\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 201")
    assert agent.state()["state"] == "ReceivingData"


def test_more_than_the_largest_body_is_refused_before_it_comes(agent):
    work = Computation("pass").set(agent)
    for path, limit in (("/v1/algorithm", 16 << 30), ("/v1/computation", 4 << 20)):
        raw = agent.raw(work.provider if "algorithm" in path else work.owner)
        kind = "octet-stream" if "algorithm" in path else "json"
        raw.sendall(f"PUT {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {limit + 1}\r\n"
                    f"Content-Type: application/{kind}\r\n\r\n".encode())
        assert raw.recv(100).startswith(b"HTTP/1.1 413"), path
        raw.close()


def test_slow_clients_are_cut(agent):
    """One byte of a header, and one of a body, a second: neither may hold a place for long."""
    work = Computation("pass", {"a": "x" * 1000}).set(agent).send_algorithm(agent)
    ends = {}

    def drip(name, raw, text):
        begin = time.monotonic()
        try:
            for byte in text:
                raw.sendall(bytes([byte]))
                raw.settimeout(1)
                try:
                    if raw.recv(100) == b"":
                        break
                except TimeoutError:
                    continue
                break
        except OSError:
            pass
        ends[name] = time.monotonic() - begin

    header = threading.Thread(target=drip, args=("header", agent.raw(work.data),
                                                 b"GET /v1/state HTTP/1.1\r\nHost: " + b"a" * 60))
    body = threading.Thread(target=drip, args=(
        "body", start_upload(agent, work, "/v1/datasets/a", 1000, b""), b"x" * 60))
    header.start(), body.start()
    time.sleep(1)
    assert agent.state()["state"] == "ReceivingData"  # others are served meanwhile
    header.join(), body.join()
    assert ends["header"] < 50 and ends["body"] < 55, ends
    end = time.monotonic() + 60
    while agent.ask("HEAD", "/v1/datasets/a", work.data).status != 200:
        assert time.monotonic() < end



@pytest.mark.parametrize("name", ["..", ".", "a/b", "../x", "", "x" * 256, "a\x00b", "a\nb", "\x7f",
                                  "a\tb"])
def test_names_that_are_no_file_names_are_refused_in_a_manifest(agent, name):
    import json
    work = Computation("pass", {"a": "x"})
    work.manifest["datasets"][0]["filename"] = name
    answer = agent.ask("PUT", "/v1/computation", work.owner, json.dumps(work.manifest))
    assert answer.status in (400, 422), answer
    if answer.status == 422:
        assert answer.json["errors"][0]["pointer"] == "/datasets/0/filename"


@pytest.mark.parametrize("path", ["..%2f..%2fetc%2fpasswd", "a%00", "x" * 300, "%ff", "a%2", "%",
                                  "a/../b", "..", "a%0ab"])
def test_paths_that_name_no_dataset_are_not_found(agent, path):
    work = Computation("pass", {"a": "x"}).set(agent).send_algorithm(agent)
    for method, body in (("PUT", b"x"), ("HEAD", None)):
        answer = agent.ask(method, "/v1/datasets/" + path, work.data, body)
        assert answer.status in (400, 404), answer
    assert [os.path.basename(file) for file in left_over(agent)] == ["algorithm"]


@pytest.mark.parametrize("name", ["-rf", ".hidden", "a b", "ümlaut.csv", "x" * 255, "a\\b", "a'b\"c",
                                  "100%", "con?x=1#y"])
def test_unusual_names_are_names(agent, name):
    work = Computation("import os; print(ascii(os.listdir('datasets')))", {name: "x"})
    if len(name.encode()) <= 255:
        work.run(agent)
        assert work.log(agent) == ascii([name]) + "\n"


# --- archives ---

def archive(entries):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in entries:
            file.writestr(name, data)
    return out.getvalue()


def test_an_archive_becomes_a_directory(agent):
    data = archive([("a.txt", "A"), ("deep/er/b.txt", "B")])
    work = Computation(READ, {"tree": data})
    work.manifest["datasets"][0]["decompress"] = True
    work.run(agent)
    assert work.log(agent) == "datasets/tree a.txt\ndatasets/tree/deep/er b.txt\n"


@pytest.mark.parametrize("entries", [
    [("../outside", "x")], [("/etc/passwd", "x")], [("a", "x"), ("a", "y")], [("a/../../b", "x")],
], ids=str)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_that_reaches_outside_leaves_nothing(agent, entries):
    data = archive(entries)
    work = Computation(READ, {"tree": data})
    work.manifest["datasets"][0]["decompress"] = True
    work.set(agent).send_algorithm(agent)
    answer = agent.ask("PUT", "/v1/datasets/tree", work.data, data)
    assert answer.status == 422, answer
    assert [os.path.basename(path) for path in left_over(agent)] == ["algorithm"]
    assert agent.state()["awaiting"]["datasets"] == ["tree"]


def test_what_is_no_archive_is_said(agent):
    work = Computation(READ, {"tree": "no archive"})
    work.manifest["datasets"][0]["decompress"] = True
    work.set(agent).send_algorithm(agent)
    answer = agent.ask("PUT", "/v1/datasets/tree", work.data, b"no archive")
    assert answer.status == 422 and "tree" in answer.json["detail"]


# --- a full disk ---

@pytest.fixture
def small_disk(tmp_path):
    if os.geteuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=8m,mode=700", "tmpfs", str(tmp_path)]).returncode:
        pytest.skip("SKIP: no right to mount a small disk")
    yield str(tmp_path)
    subprocess.run(["umount", str(tmp_path)], check=True)


def test_a_full_disk_is_said_and_leaves_nothing(small_disk):
    with Agent(state_dir=small_disk) as agent:
        data = os.urandom(12_000_000)
        work = Computation("pass", {"a": data, "b": "y"}).set(agent).send_algorithm(agent)
        raw = start_upload(agent, work, "/v1/datasets/a", len(data), b"")
        assert raw.recv(100).startswith(b"HTTP/1.1 507")  # announced: refused at once
        raw.close()
        connection = agent.connect(work.data)
        try:
            connection.request("PUT", "/v1/datasets/a", body=iter([data]), encode_chunked=True,
                               headers={"Content-Type": "application/octet-stream",
                                        "Transfer-Encoding": "chunked"})
            assert connection.getresponse().status == 507
        except OSError:
            pass  # the answer came before everything was sent
        connection.close()
        end = time.monotonic() + 60
        while agent.ask("HEAD", "/v1/datasets/a", work.data).status != 200:
            assert time.monotonic() < end
        assert [os.path.basename(path) for path in left_over(agent)] == ["algorithm"]
        assert agent.ask("PUT", "/v1/datasets/b", work.data, b"y").status == 201


def test_a_result_that_finds_no_room_fails_the_run(small_disk):
    with Agent(state_dir=small_disk) as agent:
        work = Computation("open('results/x', 'wb').write(bytes(20 << 20))")
        state = work.run(agent)
        assert state["state"] == "Failed" and state["failure"]["kind"] == "disk", state
        assert [os.path.basename(path) for path in left_over(agent)] == ["algorithm"]
        work.wipe(agent)
