"""What we predict from files is what the TPMs of real VMs quote."""

import base64
import hashlib
import json
import ssl
import subprocess
import urllib.request

import pytest

from conftest import BIN, ROOT, Manager
from probes import CHALLENGE, await_words, compile_probe, make_image

COMMAND_LINES = ("quiet loglevel=0 panic=-1", "quiet loglevel=0 panic=-1 ipv6.disable=1 lockdown=confidentiality")
BALLAST = (4096, 3_000_000)
# Both command lines, initrds and numbers of vCPUs, and memory below and above the size from which on the kernel is
# told the same: (image, memory_mib, cpus). An image is its command line and its initrd.
BOOTS = (("probe-00", 256, 1), ("probe-11", 768, 2), ("probe-01", 2816, 1), ("probe-10", 512, 2))
PREDICTED = {str(index) for index in range(15)}


def judge(folder, policy, *evidence):
    (folder / "policy.json").write_text(json.dumps(policy))
    done = subprocess.run([BIN / "cocos-cli", "attestation", "validate", *evidence, "--policy", "policy.json", "--json"],
                          cwd=folder, capture_output=True, text=True)
    return json.loads(done.stdout)


def judge_probe(folder, policy):
    return judge(folder, policy, "statement", "--signature", "signature", "--key", "key", "--event-log", "tcg",
                 "--ima-log", "ima", "--nonce", CHALLENGE.hex())


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
        verdict = judge_probe(tmp_path, policy)
        assert verdict["result"] == "accepted", (image, memory, cpus, verdict)
        if number == 0:
            each_register_counts(tmp_path, policy)
            recorded_is_computed(tmp_path, images / image, memory, cpus)


def test_guest_image_quotes_what_its_release_record_says(tmp_path):
    """The agent's own evidence, and register 15 from the configuration that its host gave it."""
    with Manager(ROOT / "build/vm-tests/guest-image").running() as manager:
        vm = manager.create(memory_mib=512, cpus=2)
        vm = manager.await_state(vm["id"], "running", 300)
        policy = manager.ask("GET", f"/v1/vms/{vm['id']}/attestation-policy")
        config = manager.state / "vms" / vm["id"] / "in/config.json"
        done = subprocess.run([BIN / "cocos-cli", "measure", "--image", manager.images / "eos-base/image.json",
                               "--memory", "512", "--cpus", "2", "--config", config, "--policy"],
                              capture_output=True, text=True, check=True)
        own = json.loads(done.stdout)
        bundle = ask_agent(vm["agent_url"], bytes(range(32)))

    quoted = next(item for item in bundle["items"] if item["type"] == "vtpm")
    (tmp_path / "quote").write_bytes(base64.b64decode(quoted["data"]))
    for name, log in bundle["logs"].items():
        (tmp_path / name).write_bytes(base64.b64decode(log or ""))
    statement = hashlib.sha256(hashlib.sha512(base64.b64decode(bundle["transcript"])).digest()).hexdigest()
    for demanded in (policy, own):
        verdict = judge(tmp_path, demanded, "quote", "--format", "tpm-pb", "--nonce", statement)
        assert verdict["result"] == "accepted", verdict
    registers = own["vtpm"]["pcrs"]["sha256"]
    assert registers.pop("15") and registers == policy["vtpm"]["pcrs"]["sha256"]


def ask_agent(url, nonce):
    request = urllib.request.Request(f"{url}/v1/attestation", method="POST",
                                     data=json.dumps({"nonce": base64.b64encode(nonce).decode()}).encode(),
                                     headers={"Content-Type": "application/json"})
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with urllib.request.urlopen(request, context=context, timeout=60) as answer:
        return json.loads(answer.read())


def each_register_counts(folder, policy):
    for index in PREDICTED:
        other = json.loads(json.dumps(policy))
        other["vtpm"]["pcrs"]["sha256"][index] = "5a" * 32
        found = errors(judge_probe(folder, other))
        assert [error for error in found if error != "tpm.pcr.event"] == ["tpm.pcr"], (index, found)


def recorded_is_computed(folder, image, memory, cpus):
    done = subprocess.run([BIN / "cocos-cli", "measure", "--image", image / "image.json", "--memory", str(memory),
                           "--cpus", str(cpus), "--record", folder / "tcg"], capture_output=True, text=True, check=True)
    before, after = json.loads((image / "image.json").read_text()), json.loads(done.stdout)

    def shape(record):
        return next(shape for shape in record["reference"]["shapes"]
                    if (shape["memory_mib"], shape["cpus"]) == (memory, cpus))
    assert shape(after) == shape(before)
