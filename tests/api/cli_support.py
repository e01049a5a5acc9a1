"""What the tests of cocos-cli share: running it in a home of its own, and the two fakes it talks to."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "fakes"))

from fake_parts import FakeAgent, FakeManager  # noqa: E402
from https_service import pem_of  # noqa: E402

BIN = pathlib.Path(os.environ.get("BIN_DIR", ROOT / "build" / "asan" / "bin"))
INSECURE = "--insecure-no-attestation"


def await_asked(fake, method, path, times):
    """Until a fake was asked that often from now on."""
    def asked():
        return sum((request.method, request.path) == (method, path) for request in list(fake.requests))

    wanted, end = asked() + times, time.monotonic() + 60
    while asked() < wanted:
        assert time.monotonic() < end, [(request.method, request.path) for request in fake.requests]
        time.sleep(0.02)


class Done:
    """How a call ended."""

    def __init__(self, process):
        self.code = process.returncode
        self.out = process.stdout.decode()
        self.err = process.stderr.decode()

    @property
    def json(self):
        return json.loads(self.out)

    def __repr__(self):
        return f"exit {self.code}\n--- stdout\n{self.out}--- stderr\n{self.err}"


class Cli:
    """cocos-cli with an empty home, in an empty directory, with nothing in its environment but PATH."""

    def __init__(self, directory):
        self.directory = directory
        self.env = {"PATH": os.environ["PATH"], "HOME": str(directory / "home"),
                    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0:exitcode=99"}
        (directory / "home").mkdir()

    def start(self, *args, **more):
        return subprocess.Popen([str(BIN / "cocos-cli"), *map(str, args)], cwd=self.directory, env=self.env,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def __call__(self, *args, code=0, stdin=None):
        process = subprocess.run([str(BIN / "cocos-cli"), *map(str, args)], cwd=self.directory, env=self.env,
                                 input=stdin, capture_output=True, timeout=60)
        done = Done(process)
        assert "Sanitizer" not in done.err and "runtime error:" not in done.err, done
        assert code is None or done.code == code, done
        return done

    def path(self, name):
        return self.directory / name

    def write(self, name, content):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


@pytest.fixture
def fake_manager(cli):
    """A manager that the client's environment names."""
    service = FakeManager()
    cli.write("ca.pem", pem_of(service.ca))
    cli.write("admin.token", service.token + "\n")
    cli.env.update(COCOS_MANAGER_URL=service.url, COCOS_MANAGER_CA=str(cli.path("ca.pem")),
                   COCOS_MANAGER_TOKEN=service.token)
    yield service
    service.close()


@pytest.fixture
def fake_agent(cli):
    """An agent that the client's environment names."""
    service = FakeAgent()
    cli.env.update(COCOS_AGENT_URL=service.url, COCOS_AGENT_PIN=service.pin)
    yield service
    service.close()


PARTIES = ("owner", "coder", "data", "reader")


def make_parties(cli):
    for name in PARTIES:
        cli("keys", "-k", "ed25519", "--name", name)
    cli.write("fit.py", "print('fit')\n")
    cli.write("iris.csv", "5.1,3.5,1.4,0.2\n" * 1000)
    cli("manifest", "create", "--id", "iris-1", "--owner", "owner-public.pem", "--algorithm", "fit.py",
        "--args=--epochs", "--args", "3", "--provider", "coder-public.pem", "--dataset", "iris.csv:data-public.pem",
        "--consumer", "reader-public.pem", "--start", "manual", "-o", "manifest.json")


@pytest.fixture(scope="session")
def party_files(tmp_path_factory):
    """Made once, since every test wants its own copy."""
    cli = Cli(tmp_path_factory.mktemp("parties"))
    make_parties(cli)
    return cli.directory


@pytest.fixture
def parties(cli, party_files):
    """Keys of four parties, an algorithm, a dataset, and the manifest about them."""
    shutil.copytree(party_files, cli.directory, dirs_exist_ok=True)
    return cli


def pytest_collection_modifyitems(items):
    """Without the program its tests are skipped, and say so."""
    if os.access(BIN / "cocos-cli", os.X_OK):
        return
    for item in items:
        if os.path.basename(item.fspath).startswith("test_cli"):
            item.add_marker(pytest.mark.skip(reason=f"SKIP: no cocos-cli in '{BIN}'"))
