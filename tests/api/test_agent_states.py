"""What is possible when."""

import json

from agents import Computation


def statuses(agent, work):
    """Everything that is refused by state, asked by those who may; nothing of it moves on."""
    return {
        "algorithm": agent.ask("HEAD", "/v1/algorithm", work.provider).status,
        "requirements": agent.ask("HEAD", "/v1/algorithm/requirements", work.provider).status,
        "dataset": agent.ask("HEAD", "/v1/datasets/a", work.data).status,
        "run": agent.ask("POST", "/v1/run", work.provider).status,
        "result": agent.ask("GET", "/v1/result", work.consumer).status,
    }


def test_each_thing_has_its_time(agent):
    work = Computation("open('results/x', 'w')", {"a": "x"}, start="manual")
    requirements = b"# nothing\n"
    from agents import sha3
    work.manifest["algorithm"]["requirements_sha3_256"] = sha3(requirements)
    nothing = dict(algorithm=409, requirements=409, dataset=409, run=409, result=409)

    work.set(agent)
    assert statuses(agent, work) == {**nothing, "requirements": 200}
    assert agent.state()["awaiting"] == {"algorithm": True, "requirements": True,
                                         "datasets": ["a"], "run": False}
    answer = agent.ask("PUT", "/v1/algorithm", work.provider, work.algorithm)
    assert answer.status == 409 and "requirements" in answer.json["detail"]
    assert agent.ask("PUT", "/v1/datasets/a", work.data, b"x").status == 409

    path = "/v1/algorithm/requirements"
    assert agent.ask("PUT", path, work.provider, requirements).status == 201
    assert agent.ask("PUT", path, work.provider, requirements).status == 409
    assert statuses(agent, work) == {**nothing, "algorithm": 200}

    work.send_algorithm(agent)
    assert agent.ask("PUT", "/v1/algorithm", work.provider, work.algorithm).status == 409
    assert statuses(agent, work) == {**nothing, "dataset": 200}

    work.send_data(agent)
    assert agent.ask("PUT", "/v1/datasets/a", work.data, b"x").status == 409
    state = agent.state()
    assert state["state"] == "ReceivingData"
    assert state["awaiting"] == {"algorithm": False, "requirements": False, "datasets": [],
                                 "run": True}

    assert agent.ask("PUT", "/v1/computation", work.owner, json.dumps(work.manifest)).status == 409
    answer = agent.ask("POST", "/v1/run", work.owner)
    assert answer.status == 202
    agent.await_state("ConsumingResults")
    assert statuses(agent, work) == {**nothing, "result": 200}
    agent.await_state("Complete")
    assert statuses(agent, work) == {**nothing, "result": 200}
    work.wipe(agent)
    assert agent.ask("GET", "/v1/computation", work.owner).status == 409


def test_under_auto_there_is_no_run_to_start(agent):
    work = Computation("import time; time.sleep(1)")
    work.set(agent)
    assert agent.ask("POST", "/v1/run", work.owner).status == 409
    work.send_algorithm(agent)
    assert agent.state()["state"] == "Running"  # no dataset is declared
    assert agent.ask("POST", "/v1/run", work.owner).status == 409
    assert agent.ask("GET", "/v1/result", work.consumer).status == 409
    agent.await_state("ConsumingResults")


def test_requirements_that_are_not_declared_are_not_found(agent):
    work = Computation("pass").set(agent)
    for method, body in (("HEAD", None), ("PUT", b"x")):
        answer = agent.ask(method, "/v1/algorithm/requirements", work.provider, body)
        assert answer.status == 404


def test_the_computation_can_be_ended_in_every_state(agent):
    steps = [lambda work: None, lambda work: work.send_algorithm(agent),
             lambda work: work.send_data(agent),
             lambda work: agent.ask("POST", "/v1/run", work.owner),
             lambda work: agent.await_state("ConsumingResults"),
             lambda work: work.result(agent)]
    for count in range(1, len(steps) + 1):
        work = Computation("open('results/x', 'w')", {"a": "x"}, start="manual").set(agent)
        for step in steps[:count]:
            step(work)
        work.wipe(agent)
        state = agent.state()
        assert state["state"] == "ReceivingManifest" and state["manifest_sha256"] is None


def test_a_second_computation_begins_afresh(agent):
    first = Computation("open('results/secret', 'w').write('first')", {"a": "x"})
    first.run(agent)
    first.result(agent)
    first.wipe(agent)
    second = Computation("import os; print(sorted(os.listdir('datasets')), os.listdir('results'))",
                         {"b": "y"})
    second.run(agent)
    assert second.log(agent) == "['b'] []\n"
