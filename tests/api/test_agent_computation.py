"""A computation from the manifest to its end, with client certificates."""

import io
import zipfile

from agents import Computation

SUM = """
import sys
total = sum(int(x) for name in sys.argv[1:] for x in open('datasets/' + name))
open('results/total.txt', 'w').write(f'{total}\\n')
print('the total is', total)
"""


def unzip(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_three_parties_compute(agent):
    work = Computation(SUM, {"a.txt": "1\n2\n", "b c.txt": "39\n"})
    work.manifest["algorithm"]["args"] = ["a.txt", "b c.txt"]

    state = agent.state()
    assert state["state"] == "ReceivingManifest" and state["computation_id"] is None
    work.set(agent)
    state = agent.state()
    assert state["state"] == "ReceivingAlgorithm" and state["manifest_sha256"] == work.sha256
    assert state["awaiting"] == {"algorithm": True, "requirements": False,
                                 "datasets": ["a.txt", "b c.txt"], "run": False}
    work.send_algorithm(agent)
    assert agent.state()["state"] == "ReceivingData"
    work.send_data(agent)
    agent.await_state("ConsumingResults")

    answer = work.result(agent)
    assert answer.status == 200 and answer.headers["content-type"] == "application/zip"
    assert unzip(answer.body) == {"total.txt": b"42\n"}
    assert work.log(agent) == "the total is 42\n"
    agent.await_state("Complete")
    assert work.result(agent).body == answer.body

    work.wipe(agent)
    assert agent.state()["state"] == "ReceivingManifest"
