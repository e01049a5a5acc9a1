"""cocos-cli with the real agent: both ways to say who asks, and a computation from end to end."""

import base64
import hashlib
import json
import zipfile

import pytest

from cli_support import INSECURE

ALGORITHM = """import os, sys
rows = open("datasets/iris.csv").read().split()
inside = sorted(os.listdir("datasets/set")) if os.path.isdir("datasets/set") else []
print("rows", len(rows))
with open("results/count.txt", "w") as out:
    out.write(f"{len(rows)} {sys.argv[1:]} {inside}")
"""


class Real:
    """The client, and the key that a real agent has when a command begins: each computation has its own."""

    def __init__(self, cli, agent):
        self.cli, self.agent = cli, agent

    def __call__(self, *args, **options):
        digest = bytes.fromhex(self.agent.state()["spki_sha256"])
        self.cli.env.update(COCOS_AGENT_URL=f"https://127.0.0.1:{self.agent.port}",
                            COCOS_AGENT_PIN="sha256//" + base64.b64encode(digest).decode())
        return self.cli(*args, **options)

    def __getattr__(self, name):
        return getattr(self.cli, name)


@pytest.fixture
def real(parties, agent):
    """The client, with a real agent in its environment, and files for it to compute with."""
    parties.write("count.py", ALGORITHM)
    parties.write("set/one.txt", "1")
    parties.write("set/sub/two.txt", "2")
    return Real(parties, agent)


def create(cli, *more, algorithm="count.py"):
    return cli("manifest", "create", "--owner", "owner-public.pem", "-a", algorithm, "--provider",
               "coder-public.pem", "-d", "iris.csv:data-public.pem", "-c", "reader-public.pem", "--logs-to",
               "coder-public.pem", "-o", "m.json", *more).out.strip()


@pytest.mark.parametrize("auth", ["certificate", "signature"])
def test_a_computation_from_end_to_end(real, auth):
    how = [INSECURE, "--auth", auth, "--manifest", "m.json"]
    digest = create(real, "-d", "set:data-public.pem", "--args", "x", "--start", "manual", "--memory", "256")
    assert real("manifest", "send", "m.json", "owner-private.pem", INSECURE, "--auth", auth).out.strip() == digest
    assert real("manifest", "show", "--key", "reader-private.pem", "--auth", auth).out.splitlines()[1].endswith(digest)
    real("algo", "count.py", "coder-private.pem", *how, "-a", "python", "--args", "x")
    real("data", "set", "data-private.pem", *how, "-d")
    assert "dataset iris.csv" in real("run", "owner-private.pem", *how, code=7).err
    real("data", "iris.csv", "data-private.pem", *how)
    assert real("run", "coder-private.pem", *how).out == "ConsumingResults\n"
    assert real("logs", "coder-private.pem", *how).out == "rows 1000\n"
    path = real("result", "reader-private.pem", *how, "-o", "out").out.strip()
    with zipfile.ZipFile(path) as archive:
        assert archive.read("count.txt") == b"1000 ['x'] ['one.txt', 'sub']"
    assert real("state", "--json").json["state"] == "Complete"
    events = [json.loads(line) for line in
              real("events", "--agent", "--key", "owner-private.pem", "--auth", auth, "--json").out.splitlines()]
    assert [event["id"] for event in events] == list(range(events[0]["id"], events[-1]["id"] + 1))
    assert "fetched" in {event["type"] for event in events}
    assert real("stop", "owner-private.pem", "--auth", auth).out == "ReceivingManifest\n"


def test_roles_are_refused_with_exit_4(real):
    real("keys", "-k", "ed25519", "-n", "stranger")
    create(real)
    how = [INSECURE]
    real("manifest", "send", "m.json", "stranger-private.pem", *how, code=4)
    real("manifest", "send", "m.json", "owner-private.pem", *how)
    for command in (["algo", "count.py"], ["stop"], ["result"], ["logs"], ["run"]):
        for auth in ("certificate", "signature"):
            flags = [] if command == ["stop"] else how
            real(*command, "stranger-private.pem", *flags, "--auth", auth, code=4)


def test_a_changed_dataset_is_refused_with_both_digests(real):
    create(real)
    real("manifest", "send", "m.json", "owner-private.pem", INSECURE)
    real("algo", "count.py", "coder-private.pem", INSECURE)
    pinned = hashlib.sha3_256(real.path("iris.csv").read_bytes()).hexdigest()
    real.write("iris.csv", "changed")
    err = real("data", "iris.csv", "data-private.pem", INSECURE, code=1).err
    assert pinned in err and hashlib.sha3_256(b"changed").hexdigest() in err


def test_a_failed_computation_says_how(real):
    real.write("fail.py", "import sys\nsys.exit(3)\n")
    create(real, algorithm="fail.py")
    real("manifest", "send", "m.json", "owner-private.pem", INSECURE)
    real("algo", "fail.py", "coder-private.pem", INSECURE)
    real("data", "iris.csv", "data-private.pem", INSECURE)
    assert "exit code 3" in real("run", "owner-private.pem", INSECURE, code=6).err
    real("result", "reader-private.pem", INSECURE, code=6)
    assert "Failed" in real("state").out


def test_requirements_go_up_before_the_algorithm(real):
    real.write("requirements.txt", "# none\n")
    create(real, "-r", "requirements.txt")
    real("manifest", "send", "m.json", "owner-private.pem", INSECURE)
    assert "something else comes first" in real("algo", "count.py", "coder-private.pem", INSECURE, code=7).err
    sent = real("algo", "count.py", "coder-private.pem", "-r", "requirements.txt", INSECURE, "--json").json["sent"]
    assert [entry["name"] for entry in sent] == ["requirements.txt", "count.py"]


def test_a_file_name_of_any_letters(real):
    name = "Ünï code & 100%?.csv"
    real.write(name, "x")
    real("manifest", "create", "--owner", "owner-public.pem", "-a", "count.py", "-d", f"{name}:data-public.pem", "-c",
         "reader-public.pem", "-o", "m.json", "--start", "manual")
    real("manifest", "send", "m.json", "owner-private.pem", INSECURE)
    real("algo", "count.py", "owner-private.pem", INSECURE)
    real("data", name, "data-private.pem", INSECURE, "--auth", "signature")
    assert real("state", "--json").json["awaiting"]["run"] is True


def test_an_empty_dataset_can_be_signed(real):
    real.write("empty.csv", "")
    real("manifest", "create", "--owner", "owner-public.pem", "-a", "count.py", "-d", "empty.csv:data-public.pem", "-c",
         "reader-public.pem", "-o", "m.json", "--start", "manual")
    real("manifest", "send", "m.json", "owner-private.pem", INSECURE)
    real("algo", "count.py", "owner-private.pem", INSECURE)
    real("data", "empty.csv", "data-private.pem", INSECURE, "--auth", "signature")
    assert real("state", "--json").json["awaiting"]["datasets"] == []


# --- with the real manager ---

@pytest.fixture
def operator(parties, fresh):
    """The client, logged in to a real manager."""
    parties("login", fresh.state, "--url", f"https://127.0.0.1:{fresh.port}")
    return parties


def test_login_writes_what_the_manager_takes(operator, fresh):
    assert operator("host", "--json").json["accelerator"]["name"] == "tcg"
    assert {image["name"] for image in operator("images", "--json").json["items"]} == {"eos", "eos-debug"}
    assert "eos-debug" in operator("images").out
    operator("list-vms", "--manager-token", "wrong", code=4)
    viewer = fresh.token("looker", "viewer")
    operator("list-vms", "--manager-token", viewer)
    operator("create-vm", "--manager-token", viewer, code=4)


def test_a_vm_from_its_creation_to_its_end(operator, fresh):
    vm = operator("create-vm", "--name", "demo", "--platform", "vm", "--ttl", "1h", "--manifest", "manifest.json",
                  "--owner-key", "owner-public.pem").out.strip()
    waiting = operator.start("create-vm", "--name", "second", "--wait")
    fresh.await_state(vm, "booting")
    assert "its agent has not answered yet" in operator("state", "--vm", "demo", code=7).err
    fresh.say(vm)
    fresh.await_state(vm, "running")
    assert vm in operator("list-vms", "--state", "running").out
    shown = operator("vm-info", "demo", "--json").json
    assert shown["id"] == vm and shown["agent_url"].startswith("https://")
    second = next(item["id"] for item in operator("list-vms", "--json").json["items"] if item["name"] == "second")
    fresh.await_state(second, "booting")
    fresh.say(second)
    out, err = waiting.communicate(timeout=60)
    assert out.decode().strip() == second and waiting.returncode == 0, err
    types = [json.loads(line)["type"] for line in operator("events", vm, "--json").out.splitlines()]
    assert types[:2] == ["vm.created", "vm.booting"] and "vm.running" in types
    following = operator.start("events", "--follow", second, "--json")
    assert json.loads(following.stdout.readline())["type"] == "vm.created"
    operator("remove-vm", "demo")
    operator("remove-vm", second)
    out, err = following.communicate(timeout=60)
    assert following.returncode == 0 and b"gone" in err
    assert json.loads(out.splitlines()[-1])["type"] == "vm.deleted"
    assert operator("list-vms", "--json").json["items"] == []
    operator("vm-info", vm, code=1)


def test_what_the_manager_refuses_is_told_with_its_member(operator):
    assert "/cpus" in operator("create-vm", "--cpus", "1000", code=1).err
    assert "image" in operator("create-vm", "--image", "nowhere", code=1).err
    assert "snp" in operator("create-vm", "--platform", "snp", code=2).err.lower()
