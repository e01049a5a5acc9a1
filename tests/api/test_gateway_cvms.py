"""A computation server of the older kind, by grpcio, and the gateway that dials out to it."""

import os
import re
import signal
import time

import pytest

from agents import Computation
from gateways import Client, Gateway, agent_with_door, algorithm_messages, dataset_messages, field, signed
from parties import Party, openssl
from servers import Server, run_request, their_digest
from test_agent_identity import workers
from test_agent_share import CONFIG, put, share  # noqa: F401

COPY = "import shutil\nprint('hello from within')\nshutil.copy('datasets/a', 'results/a')\n"
RUN = ["ReceivingAlgorithm/InProgress", "ReceivingData/InProgress", "Running/Starting", "Running/InProgress",
       "Running/Completed", "ConsumingResults/Ready"]
WHOLE = RUN + ["Complete/Completed", "Stopped/Stopped"]


def linked(door, server, *arguments):
    return Gateway("--agent", door.door, "--cvms-url", f"http://127.0.0.1:{server.port}", "--cvms-retry", "200ms",
                   *arguments)


def send_all(client, work):
    client.algo(algorithm_messages(work), signed(work.provider, "algorithm-provider", ("algo_type", "python")))
    for name, data in work.datasets.items():
        client.data(dataset_messages(name, data), signed(work.data, "data-provider", ("decompress", "false")))


def send_all_by(door, work):
    with Gateway("--agent", door.door) as gateway:
        send_all(Client(gateway.channel()), work)
    door.await_state("ConsumingResults")


def fetch(client, work):
    return client.result(signed(work.consumer, "consumer"))


def test_a_computation_from_run_request_to_stop_and_another_one(door):
    work = Computation(COPY, {"a": "x" * 1000})
    with Server() as server, linked(door, server, "--cvms-job", "vm-7") as gateway:
        visit = server.await_visit()
        assert visit.metadata["job-id"] == "vm-7" and "connection-type" not in visit.metadata
        server.await_word("evidence")
        client = Client(gateway.channel())
        for turn, ident in enumerate(["c-1", "c-2"], 1):
            if turn == 1:
                server.run_in_pieces(run_request(work, ident), ident, size=100)
            else:
                server.run(run_request(work, ident))
            assert server.await_word("run", computation=ident)["error"] == ""
            server.ask_state("q")
            assert server.await_word("state", id="q", count=turn)["state"] == "ReceivingAlgorithm"
            send_all(client, work)
            server.await_word("event", computation=ident, type="ConsumingResults")
            server.await_word("log", computation=ident, message="hello from within")
            assert any(their_digest(work, ident) in line for line in server.lines())
            fetch(client, work)
            server.await_word("event", computation=ident, type="Complete")
            server.stop_computation(ident)
            assert server.await_word("stop", computation=ident)["message"] == ""
            assert server.steps(ident) == WHOLE
        assert door.state()["state"] == "ReceivingManifest"
        assert len(server.visits) == 1


def test_a_server_that_is_away_is_told_everything_when_it_comes_back(door):
    work = Computation(COPY, {"a": "x"})
    with Server() as server, linked(door, server) as gateway:
        server.await_visit()
        server.run(run_request(work))
        server.await_word("run")
        server.stop()
        client = Client(gateway.channel())
        send_all(client, work)
        door.await_state("ConsumingResults")
        fetch(client, work)
        door.await_state("Complete")
        time.sleep(4)  # of pauses of 0.2 s at most: ten minutes of those of half a minute that are the default
        assert gateway.log().count("connect: Connection refused") == 1
        server.start()
        server.await_visit(2)
        server.await_word("event", type="Complete")
        server.await_word("log", message="hello from within")
        server.stop_computation()
        server.await_word("stop")
        steps = server.steps("c-1")
        assert [step for at, step in enumerate(steps) if step not in steps[:at]] == WHOLE


TALK = """
for number in range(20000):
    print(f"line {number:05} " + "." * 80, flush=False)
open('results/a', 'w')
"""


def test_an_absence_that_fills_the_spool_costs_the_oldest_lines_and_no_event(door):
    work = Computation(TALK, {"a": "x"})
    with Server() as server, linked(door, server, "--cvms-spool-mib", "1", "--cvms-log-kib", "8192") as gateway:
        server.await_visit()
        server.run(run_request(work))
        server.await_word("run")
        server.stop()
        client = Client(gateway.channel())
        send_all(client, work)
        door.await_state("ConsumingResults")
        fetch(client, work)
        door.await_state("Complete")
        time.sleep(1)
        server.start()
        server.await_visit(2)
        server.await_word("event", type="Complete")
        server.stop_computation()
        server.await_word("stop")
        steps = server.steps("c-1")
        assert [step for at, step in enumerate(steps) if step not in steps[:at]] == WHOLE
        said = [line for line in server.lines() if line.startswith("line ")]
        heard = sorted(set(said))
        lost = [int(found.group(1)) for line in server.lines()
                if (found := re.fullmatch(r"(\d+) lines of logs are lost: the spool was full", line))]
        # The newest are there without a gap; whatever is missing was counted, lines of ours included.
        assert 1000 < len(heard) < 20000 and heard[-1].startswith("line 19999 ")
        assert int(heard[0].split()[1]) == 20000 - len(heard)
        assert 20000 - len(heard) <= sum(lost) <= 20000 - len(heard) + 20
        assert not any("events are lost" in line or "answers are lost" in line for line in server.lines())


def test_a_gateway_that_is_killed_goes_on_where_another_began(door):
    work, owner = Computation(COPY, {"a": "x"}), Party("cvms-owner")
    with Server() as server:
        with linked(door, server, "--cvms-owner-key", owner.key_file) as gateway:
            server.await_visit()
            server.run(run_request(work))
            server.await_word("run")
            gateway.process.kill()
            gateway.process.wait()
            gateway.stop = lambda: None
        send_all_by(door, work)
        with linked(door, server, "--cvms-owner-key", owner.key_file):
            server.await_visit(2)
            server.await_word("event", type="ConsumingResults")
            server.run(run_request(work))
            assert server.await_word("run", count=2)["error"] == ""
            server.stop_computation()
            assert server.await_word("stop")["message"] == ""
            assert server.steps("c-1")[-len(RUN) - 1:] == RUN + ["Stopped/Stopped"]


def test_a_gateway_that_ends_answers_the_order_that_is_under_way(door):
    with Server() as server, linked(door, server) as gateway:
        server.await_visit()
        server.run(run_request(Computation(COPY, {"a": "x"})))
        server.await_word("run")
        process = max(workers(door))
        os.kill(process, signal.SIGSTOP)
        server.stop_computation()
        time.sleep(0.5)  # the order is with the gateway, which waits for the agent
        gateway.process.terminate()
        time.sleep(0.5)
        os.kill(process, signal.SIGCONT)
        assert server.await_word("stop", seconds=60)["message"] == ""
        assert server.steps("c-1")[-1] == "Stopped/Stopped"


def test_the_key_that_owns_orders_outlives_the_process_that_opens_the_door(share):  # noqa: F811
    put(share, "config.json", {**CONFIG, "grpc": True, "cvms_url": "https://cvms:7001", "cvms_via": "10.0.2.100:7001",
                               "cvms_ca": "-----BEGIN\n"})
    with agent_with_door(share=str(share)) as agent:
        def read(name):
            with open(os.path.join(agent.door_folder, name), encoding="ascii") as file:
                return file.read()
        names = ("cvms.key", "gateway.conf", "cvms.pem", "gateway.key")
        before = [read(name) for name in names]
        assert before[0].startswith("-----BEGIN PRIVATE KEY-----\n") and before[2] == "-----BEGIN\n"
        assert before[1] == (f"cvms_url = https://cvms:7001\ncvms_via = 10.0.2.100:7001\n"
                             f"cvms_ca = {agent.door_folder}/cvms.pem\n"
                             f"cvms_owner_key = {agent.door_folder}/cvms.key\ncvms_job = vm-1\n")
        Computation("pass").set(agent)
        after = [read(name) for name in names]
        assert after[:3] == before[:3] and after[3] != before[3]
        assert before[0] not in agent.log()


def test_each_refusal_is_told(door):
    work = Computation(COPY, {"a": "x"})
    with Server() as server, linked(door, server) as gateway:
        server.await_visit()
        refusals = [
            (run_request(work, "r-1", hash=b"short"), "hash: expected 32 bytes"),
            (run_request(work, "r-2", key=b"no key"), "/algorithm/user_key"),
            (run_request(work, "r-3", kind="perl"), "algo_type 'perl'"),
            (run_request(work, "r-4", kind="wasm"), "wasm"),
            (run_request(work, "r-5", algorithm=field(6, b"\x10\x01")), "kbs"),
            (field(1, "r-6"), "no algorithm"),
            (run_request(work, "r-7") + field(4, b"") * 300, "datasets"),
            (run_request(work, "x" * 70), "id"),
        ]
        for request, why in refusals:
            server.run(request)
            ident = request[2:request[1] + 2].decode()
            assert why in server.await_word("run", computation=ident)["error"]
        server.run_in_pieces(b"\xff\xff\xff", "r-8")
        assert "ComputationRunReq" in server.await_word("run", computation="r-8")["error"]
        server.run_in_pieces(run_request(work, "other"), "r-9")
        assert "another id" in server.await_word("run", computation="r-9")["error"]
        server.run_in_pieces(bytes(5 << 20), "r-10")
        assert "run request" in server.await_word("run", computation="r-10")["error"]
        server.run(run_request(work, "good"))
        assert server.await_word("run", computation="good")["error"] == ""
        server.run(run_request(work, "late"))
        assert "ReceivingAlgorithm" in server.await_word("run", computation="late")["error"]
        server.run(run_request(work, "good"))  # whoever lost the answer asks again
        assert server.await_word("run", computation="good", count=2)["error"] == ""
        server.stop_computation("late")
        assert "'good'" in server.await_word("stop", computation="late")["message"]
        server.say(b"\x82\x06\x00")  # a kind of message that nobody knows
        server.await_word("log", message="a message of the server is of a kind that is not known here")
        server.say(b"\xff")
        server.stop_computation("good")
        assert server.await_word("stop", computation="good")["message"] == ""
        server.stop_computation("good")
        assert "no computation" in server.await_word("stop", computation="good", count=2)["message"]
        assert len(server.visits) == 1


def test_a_server_may_ask_to_come_back_later_and_hears_what_happened_meanwhile(door):
    work = Computation("raise SystemExit(3)\n", {"a": "x"})
    with Server() as server, linked(door, server) as gateway:
        server.await_visit()
        server.run(run_request(work))
        server.await_word("run")
        server.disconnect()
        server.await_visit(2)
        send_all(Client(gateway.channel()), work)
        failed = server.await_word("event", type="Failed")
        assert "exit" in failed["details"]
        assert server.steps("c-1")[-2:] == ["Running/Failed", "Failed/Failed"]


@pytest.mark.parametrize("said, allowed", [((), True), ((("cocos-legacy-signatures", "false"),), False)])
def test_a_server_says_whether_roles_may_be_signed(door, said, allowed):
    work = Computation(COPY, {"a": "x"})
    with Server(headers=said) as server, linked(door, server) as gateway:
        server.await_visit()
        server.run(run_request(work))
        server.await_word("run")
        shown = door.ask("GET", "/v1/computation", work.provider).json
        assert shown["legacy"]["signatures"] is allowed
        assert shown["algorithm"]["type"] == "python" and shown["name"] == "a <name>"


def certified(name, subject, authority=None):
    """A key whose certificate is by an authority, or by itself, which then is one."""
    party = Party(name)
    if authority is None:
        openssl("req", "-x509", "-new", "-key", party.key_file, "-subj", f"/CN={subject}", "-days", "2",
                "-addext", "subjectAltName=DNS:localhost", "-out", party.certificate_file)
    return party


def test_tls_shows_who_both_are(door):
    work = Computation(COPY, {"a": "x"})
    ours, theirs = certified("cvms-client", "vm"), certified("cvms-server", "server")
    with Server(theirs, ours.certificate_file) as server:
        shown = ("--cvms-certificate", ours.certificate_file, "--cvms-key", ours.key_file)
        url = ("--cvms-url", f"https://localhost:{server.port}", "--cvms-ca", theirs.certificate_file)
        with linked(door, server, *url, *shown) as gateway:
            server.await_visit()
            server.run(run_request(work))
            assert server.await_word("run")["error"] == ""
            assert "connected to the computation server localhost" in gateway.log()


@pytest.mark.parametrize("name, why", [("localhost", "self-signed certificate"), ("127.0.0.1", "mismatch")])
def test_a_server_that_is_another_is_not_spoken_to(door, name, why):
    theirs, stranger = certified("cvms-server", "server"), certified("cvms-other", "other")
    with Server(theirs) as server:
        ca = stranger if name == "localhost" else theirs
        url = ("--cvms-url", f"https://{name}:{server.port}", "--cvms-ca", ca.certificate_file)
        with linked(door, server, *url) as gateway:
            assert why in gateway.await_log("computation server: .*trying again").group(0)
            assert server.visits == []


@pytest.mark.parametrize("arguments, why", [
    (("--cvms-url", "nowhere"), "expected https://HOST:PORT"),
    (("--cvms-url", "127.0.0.1:7001", "--cvms-key", "k"), "go together"),
    (("--cvms-url", "127.0.0.1:7001", "--cvms-ca", "/nowhere"), "/nowhere"),
])
def test_settings_that_are_wrong_are_refused(arguments, why):
    import os
    import subprocess
    from agents import BIN
    done = subprocess.run([os.path.join(BIN, "cocos-gateway"), "--agent", "unix:/none", "--listen", "127.0.0.1:0",
                           *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2 and why in done.stderr
