"""What we predict from files is what the TPMs of real VMs quote."""

import hashlib
import json
import subprocess

import pytest

from conftest import BIN, ROOT, Manager
from probes import CHALLENGE, await_words, compile_probe, make_image

COMMAND_LINES = ("quiet loglevel=0 panic=-1", "quiet loglevel=0 panic=-1 ipv6.disable=1 lockdown=confidentiality")
BALLAST = (4096, 3_000_000)
# Both command lines, initrds and numbers of vCPUs, and memory below and above the size from which on the kernel is
# told the same: (image, memory_mib, cpus). An image is its command line and its initrd.
BOOTS = (("probe-00", 256, 1), ("probe-11", 768, 2), ("probe-01", 2816, 1), ("probe-10", 512, 2))
PREDICTED = {str(index) for index in range(15)}


def judge(folder, policy):
    (folder / "policy.json").write_text(json.dumps(policy))
    done = subprocess.run(
        [BIN / "cocos-cli", "attestation", "validate", folder / "statement", "--signature", folder / "signature",
         "--key", folder / "key", "--event-log", folder / "tcg", "--ima-log", folder / "ima",
         "--policy", folder / "policy.json", "--nonce", CHALLENGE.hex(), "--json"], capture_output=True, text=True)
    return json.loads(done.stdout)


def errors(verdict):
    return [finding["id"] for finding in verdict["findings"] if finding["severity"] == "error"]


@pytest.fixture(scope="module")
def images():
    folder = ROOT / "build/vm-tests/probes"
    (folder / "images").mkdir(parents=True)
    for path in (folder, folder / "images"):
        path.chmod(0o755)
    probe = compile_probe(folder)
    for line, cmdline in enumerate(COMMAND_LINES):
        for initrd, ballast in enumerate(BALLAST):
            make_image(folder / "images", f"probe-{line}{initrd}", cmdline, probe, ballast)
    return folder / "images"


@pytest.fixture
def manager(request, images):
    folder = ROOT / "build/vm-tests" / request.node.name
    with Manager(folder, images).running() as running:
        yield running


def test_prediction_is_what_the_tpm_quotes(manager, images, tmp_path):
    for number, (image, memory, cpus) in enumerate(BOOTS):
        vm = manager.create(image=image, memory_mib=memory, cpus=cpus)
        policy = manager.ask("GET", f"/v1/vms/{vm['id']}/attestation-policy")
        words = await_words(manager, vm["id"])
        manager.remove(vm["id"])
        for name, data in words.items():
            (tmp_path / name).write_bytes(data)

        assert set(policy["vtpm"]["pcrs"]["sha256"]) == PREDICTED, image
        verdict = judge(tmp_path, policy)
        assert verdict["policy"] == "pass" and errors(verdict) == ["tpm.ak.unbound"], (image, memory, cpus, verdict)

        # The key was made in front of our eyes; whoever knows that, names it.
        policy["vtpm"]["ak_sha256"] = hashlib.sha256(words["key"]).hexdigest()
        assert judge(tmp_path, policy)["result"] == "accepted"
        if number == 0:
            each_register_counts(tmp_path, policy)
            recorded_is_computed(tmp_path, images / image, memory, cpus)


def each_register_counts(folder, policy):
    for index in PREDICTED:
        other = json.loads(json.dumps(policy))
        other["vtpm"]["pcrs"]["sha256"][index] = "5a" * 32
        assert errors(judge(folder, other)) == ["tpm.pcr"], index


def recorded_is_computed(folder, image, memory, cpus):
    done = subprocess.run([BIN / "cocos-cli", "measure", "--image", image / "image.json", "--memory", str(memory),
                           "--cpus", str(cpus), "--record", folder / "tcg"], capture_output=True, text=True, check=True)
    before, after = json.loads((image / "image.json").read_text()), json.loads(done.stdout)

    def shape(record):
        return next(shape for shape in record["reference"]["shapes"]
                    if (shape["memory_mib"], shape["cpus"]) == (memory, cpus))
    assert shape(after) == shape(before)
