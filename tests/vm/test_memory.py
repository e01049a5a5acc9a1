"""When an algorithm takes all the memory of its VM, it goes, and the agent stays and says why."""

import json
import re

from guests import GuestAgent, compile_algorithm

from agents import Computation

EATER = """
#include <stdlib.h>
#include <string.h>
int main(void)
{
    for (;;) {
        char *block = malloc(1 << 20);
        if (block != NULL)
            memset(block, 1, 1 << 20);
    }
}
"""


def test_an_algorithm_that_takes_all_memory_goes_and_the_agent_stays(manager, tmp_path):
    vm = manager.create(name="greedy", memory_mib=512)
    manager.await_state(vm["id"], "running", 300)
    agent = GuestAgent(manager.vm(vm["id"]))

    work = Computation(compile_algorithm(tmp_path, "eater", EATER), kind="native", memory_mib=513, timeout="5m")
    answer = agent.ask("PUT", "/v1/computation", work.owner, json.dumps(work.manifest))
    assert answer.status == 422 and answer.json["errors"][0]["pointer"] == "/run/memory_mib", answer
    whole = int(re.search(r"the (\d+) MiB that this machine has", answer.json["detail"]).group(1))
    assert 400 < whole < 512

    # All of it: the machine's memory ends before the run's limit is met.
    work = Computation(work.algorithm, kind="native", memory_mib=whole, timeout="5m")
    state = work.run(agent, seconds=240)
    assert state["state"] == "Failed", state
    # Had the process that serves gone with it, or instead of it, this would be a crash.
    assert (state["failure"]["kind"], state["failure"]["limit"]) == ("memory", f"{whole} MiB"), state
    work.wipe(agent)
    assert agent.state()["state"] == "ReceivingManifest"
