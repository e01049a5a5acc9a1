"""A computation server by grpcio, which is not ours, drives the agent of a real VM: from run request to stop, over the one
address that the guest reaches, with an absence in between, and once more by the same stream."""

import pytest
from conftest import Refused, await_true
from guests import GuestAgent, compile_algorithm
from test_gateway import COPY, channel_to

from agents import Computation
from gateways import Client, algorithm_messages, dataset_messages, signed
from parties import Party, openssl
from servers import Server, run_request

WHOLE = ["ReceivingAlgorithm/InProgress", "ReceivingData/InProgress", "Running/Starting", "Running/InProgress",
         "Running/Completed", "ConsumingResults/Ready", "Complete/Completed", "Stopped/Stopped"]
HELLO = COPY.replace("int byte;", 'int byte; puts("hello from within"); fflush(stdout);')


def certified():
    party = Party("cvms")
    openssl("req", "-x509", "-new", "-key", party.key_file, "-subj", "/CN=cvms", "-days", "2",
            "-addext", "subjectAltName=DNS:localhost", "-out", party.certificate_file)
    with open(party.certificate_file, encoding="ascii") as file:
        return party, file.read()


def upload_and_fetch(vm, agent, work):
    client = Client(channel_to(vm, agent))
    client.algo(algorithm_messages(work), signed(work.provider, "algorithm-provider", ("algo_type", "bin")))
    client.data(dataset_messages("a", work.datasets["a"]), signed(work.data, "data-provider"))
    agent.await_state("ConsumingResults", seconds=300)
    client.result(signed(work.consumer, "consumer"))
    agent.await_state("Complete")


@pytest.mark.manager(COCOS_MANAGER_CVMS_SERVERS="*")
def test_a_computation_server_drives_a_vm_from_run_request_to_stop(manager, tmp_path):
    identity, authority = certified()
    work = Computation(compile_algorithm(tmp_path, "hello", HELLO), {"a": b"x" * 100_000}, kind="native")
    with Server(identity) as server:
        vm = manager.create(name="driven", image="eos", grpc=True, cvms_url=f"https://localhost:{server.port}",
                            cvms_ca=authority)
        visit = server.await_visit(seconds=240)
        assert visit.metadata["job-id"] == vm["id"]
        manager.await_state(vm["id"], "running", 180)
        agent = GuestAgent(manager.vm(vm["id"]))
        server.run_in_pieces(run_request(work, kind="bin"))
        assert server.await_word("run")["error"] == ""
        server.stop()
        upload_and_fetch(manager.vm(vm["id"]), agent, work)
        visits = len(server.visits)
        server.start()
        server.await_visit(visits + 1, seconds=300)
        server.await_word("event", type="Complete", seconds=300)
        server.await_word("log", message="hello from within")
        visits = len(server.visits)
        server.stop_computation()
        assert server.await_word("stop")["message"] == ""
        steps = server.steps("c-1")
        assert [step for at, step in enumerate(steps) if step not in steps[:at]] == WHOLE
        await_true("the agent to be free", lambda: agent.state()["state"] == "ReceivingManifest", 30)
        server.run(run_request(work, "c-2", kind="bin"))
        assert server.await_word("run", computation="c-2", seconds=300)["error"] == ""
        upload_and_fetch(manager.vm(vm["id"]), agent, work)
        server.await_word("event", computation="c-2", type="Complete", seconds=300)
        server.await_word("log", computation="c-2", message="hello from within")
        server.stop_computation("c-2")
        assert server.await_word("stop", computation="c-2")["message"] == ""
        assert server.steps("c-2") == WHOLE
        assert len(server.visits) == visits  # one stream for both


def test_a_host_connects_vms_only_to_servers_that_it_was_told(manager):
    with pytest.raises(Refused) as refused:
        manager.create(name="none", image="eos", grpc=True, cvms_url="http://localhost:7001")
    assert refused.value.status == 422 and "cvms_servers" in refused.value.problem["detail"]
