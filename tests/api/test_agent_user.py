"""Who the processes of the agent are to the machine: the one that serves is nobody, and whoever has
taken it over can reach neither the keeper nor what is the keeper's."""

import io
import json
import os
import pathlib
import signal
import stat
import subprocess
import sys
import tempfile
import time
import zipfile

import pytest

from agents import Agent, Computation
from test_agent_identity import await_gone, workers

SLEEP = "import time; time.sleep(60)"

# A process that is what the one that serves is, with every capability of its namespace on top (a hole
# in the program gives less), tries what it must not be able to do. Prints what it could.
PROBE = """
import ctypes, json, os, signal, sys
of, keeper, other, paths, become = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)

def call(function, *arguments):
    if function(*arguments) == -1:
        raise OSError(ctypes.get_errno(), "call")

if become:
    uid = os.stat(f"/proc/{of}/ns").st_uid
    status = open(f"/proc/{of}/status").read().split("Uid:")[1].split()
    call(libc.setns, os.open(f"/proc/{of}/ns/user", os.O_RDONLY), 0x10000000)
    os.setgroups([]); os.setresgid(*[int(status[0])] * 3); os.setresuid(*[int(status[0])] * 3)
    assert "00000000c0" not in open("/proc/self/status").read()  # it has them all

def remote(pid):
    room = ctypes.create_string_buffer(8)
    class Part(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
    near = Part(ctypes.cast(room, ctypes.c_void_p), 8)
    far = Part(int(open(f"/proc/{pid}/maps").readline().split("-")[0], 16), 8)
    call(libc.process_vm_readv, pid, ctypes.byref(near), 1, ctypes.byref(far), 1, 0)

tries = {}
for pid in (keeper, other):
    for name in ("mem", "environ", "maps", "auxv", "syscall"):
        tries[f"open {name} of {pid}"] = lambda pid=pid, name=name: os.open(f"/proc/{pid}/{name}", os.O_RDONLY)
    for name in ("exe", "cwd", "root", "ns/mnt", "fd/0"):
        tries[f"follow {name} of {pid}"] = lambda pid=pid, name=name: os.stat(f"/proc/{pid}/{name}")
    tries[f"list fd of {pid}"] = lambda pid=pid: os.listdir(f"/proc/{pid}/fd")
    tries[f"raise the oom score of {pid}"] = lambda pid=pid: open(f"/proc/{pid}/oom_score_adj", "w")
    tries[f"attach to {pid}"] = lambda pid=pid: call(libc.ptrace, 0x4206, pid, 0, 0)
    tries[f"read memory of {pid}"] = lambda pid=pid: remote(pid)
    tries[f"signal {pid}"] = lambda pid=pid: os.kill(pid, 0)
    tries[f"take a descriptor of {pid}"] = lambda pid=pid: call(
        libc.syscall, 438, libc.syscall(434, pid, 0), 0, 0)
for path in paths:
    for name, flags in (("read", os.O_RDONLY), ("write", os.O_WRONLY)):
        tries[f"{name} {path}"] = lambda path=path, flags=flags: os.open(path, flags | os.O_NONBLOCK)

possible = []
for name, attempt in tries.items():
    try:
        attempt()
        possible.append(name)
    except OSError:
        pass
os.kill(of, 0) if become else None  # its own process it may signal: it is who we think
print(json.dumps(possible))
"""

DEVICES = ("/dev/tpm0", "/dev/tpmrm0", "/dev/sev-guest", "/dev/tdx_guest", "/dev/mem", "/dev/kmsg")

if os.geteuid() != 0:
    pytestmark = pytest.mark.skip(reason="SKIP: an ordinary user can be nobody else")


def status_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def user_of(pid):
    """The one user and group that a process is."""
    status = status_of(pid)
    ids = set(status["Uid"].split() + status["Gid"].split())
    assert len(ids) == 1 and status["Groups"].strip() == "", status
    return int(ids.pop())


def descendants(pid):
    listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    below = [int(word) for word in listed.stdout.split()]
    return below + [found for child in below for found in descendants(child)]


def try_all(worker, keeper, other, paths, become=True):
    done = subprocess.run([sys.executable, "-c", PROBE, json.dumps([worker, keeper, other, paths, become])],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_process_that_serves_may_nothing(agent):
    Computation(SLEEP, {"a": "x"}).send(agent)
    agent.await_state("Running")
    status = status_of(max(workers(agent)))
    assert status["NoNewPrivs"] == "1"
    may = 1 << 6 | 1 << 7  # CAP_SETGID and CAP_SETUID
    for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[name], 16) == may, status
    user = user_of(max(workers(agent)))
    assert user >= 1 << 28
    with open(f"/proc/{max(workers(agent))}/uid_map", encoding="ascii") as file:  # over two users alone
        assert [line.split() for line in file] == [[str(id), str(id), "1"] for id in (user, user + 1)]
    assert (os.readlink(f"/proc/{max(workers(agent))}/ns/user")
            != os.readlink(f"/proc/{agent.process.pid}/ns/user"))


def may_nothing(pid):
    status = status_of(pid)
    return int(status["CapEff"], 16) == 0 and status["NoNewPrivs"] == "1"


def test_the_algorithm_is_somebody_else_again(agent):
    Computation(SLEEP, {"a": "x"}).send(agent)
    agent.await_state("Running")
    worker = max(workers(agent))
    end = time.monotonic() + 20
    while True:
        users = {}
        for pid in descendants(worker):
            try:
                users.setdefault(user_of(pid), []).append(pid)
            except OSError:
                pass
        inside = users.get(user_of(worker) + 1, [])
        if len(inside) == 2 and all(may_nothing(pid) for pid in inside):  # its init and itself
            break
        assert time.monotonic() < end, users
        time.sleep(0.05)
    assert set(users) == {user_of(worker), user_of(worker) + 1}  # the launcher, and those inside


def test_each_process_is_another_user(agent):
    users = [user_of(max(workers(agent)))]
    for _ in range(2):
        work = Computation("pass").set(agent)
        users.append(user_of(max(workers(agent))))
        work.wipe(agent)
        users.append(user_of(max(workers(agent))))
    assert len(set(users)) == 5


@pytest.fixture
def place():
    """A directory that is not below one where only root goes."""
    with tempfile.TemporaryDirectory(prefix="cocos-place-", dir="/tmp") as path:
        yield pathlib.Path(path)


@pytest.fixture
def device(place):
    """What a TPM is: a device that is root's."""
    path = place / "tpm"
    try:
        os.mknod(path, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        os.close(os.open(path, os.O_RDWR))
    except OSError:
        path.unlink(missing_ok=True)
        path.write_text("secret")
        path.chmod(0o600)
    os.chmod(place, 0o755)
    return str(path)


def only_place(agent):
    """The directory of the process that serves, once that of the one before is gone."""
    end = time.monotonic() + 60
    while len(names := os.listdir(agent.state_dir)) != 1:
        assert time.monotonic() < end, names
        time.sleep(0.05)
    return os.path.join(agent.state_dir, names[0])


def test_who_takes_it_over_reaches_nothing_of_the_keeper(device):
    with Agent() as agent, Agent() as other:
        for directory in (agent.folder, other.folder):
            os.chmod(directory, 0o755)  # the way there is open
        work = Computation(SLEEP, {"a": "secret"})
        work.send(agent)
        agent.await_state("Running")
        Computation(SLEEP, {"a": "secret"}).send(other)
        other.await_state("Running")
        places = [only_place(running) for running in (agent, other)]
        paths = [device, agent.state_dir, *places, os.path.join(places[-1], "datasets", "a"),
                 *filter(os.path.exists, [*DEVICES, "/sys/kernel/config"])]
        worker = max(workers(agent))
        keeper, another = agent.process.pid, max(workers(other))
        writes = [f"write {path}" for path in ("/dev/kmsg", "/sys/kernel/config")]
        could = try_all(worker, keeper, another, paths)
        assert [name for name in could if name not in ("read /dev/kmsg", "read /sys/kernel/config")] == [], could
        assert not set(writes) & set(could)
        by_root = try_all(worker, keeper, another, paths, become=False)  # what is tried can be done at all
        for name in ("attach to", "open mem of", "read memory of", "signal", "list fd of", "take a descriptor of"):
            assert f"{name} {keeper}" in by_root and f"{name} {another}" in by_root, by_root
        assert f"write {device}" in by_root and f"read {places[-1]}" in by_root


# Becomes a user of the namespace of process PID, and stays. It does not share in what this program's libraries do at a
# fork: who has threads may not change his namespace.
STRAY = """
import ctypes, os, sys
pid, user = int(sys.argv[1]), int(sys.argv[2])
assert ctypes.CDLL(None).setns(os.open(f"/proc/{pid}/ns/user", os.O_RDONLY), 0x10000000) == 0
os.setgroups([])
os.setresgid(user, user, user)
os.setresuid(user, user, user)
os.setsid()
print("there", flush=True)
os.execvp("sleep", ["sleep", "300"])
"""


def test_nothing_that_it_started_outlives_it(agent):
    worker = max(workers(agent))
    uid, strays = user_of(worker), []
    try:
        for user in (uid, uid + 1):
            strays.append(subprocess.Popen([sys.executable, "-c", STRAY, str(worker), str(user)], stdout=subprocess.PIPE))
            assert strays[-1].stdout.readline() == b"there\n"
        work = Computation("pass").set(agent)
        await_gone(worker)
        for stray in strays:
            assert stray.wait(timeout=60) == -signal.SIGKILL
        assert work.send_algorithm(agent) is not None
    finally:
        for stray in strays:
            stray.kill()
            stray.wait()
            stray.stdout.close()


def test_the_keeper_stays_in_memory(agent):
    if int(status_of(os.getpid())["CapEff"], 16) >> 14 & 1 == 0:
        pytest.skip("SKIP: no right to lock memory")
    with open(f"/proc/{agent.process.pid}/maps", encoding="utf-8") as file:
        if "libasan" in file.read():
            pytest.skip("SKIP: the sanitizer locks nothing")
    assert int(status_of(agent.process.pid)["VmLck"].split()[0]) > 0


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o2755])
def test_the_door_needs_a_directory_for_itself(tmp_path, mode):
    os.chmod(tmp_path, mode)
    environment = {**os.environ, "COCOS_AGENT_LISTEN": "127.0.0.1:0", "COCOS_AGENT_PLATFORM": "none",
                   "COCOS_AGENT_STATE_DIR": str(tmp_path / "state"),
                   "COCOS_AGENT_LOCAL_SOCKET": str(tmp_path / "agent.sock")}
    done = subprocess.run([os.path.join(os.environ["BIN_DIR"], "cocos-agent")], env=environment, timeout=30,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "directory for itself" in done.stderr, done
    assert os.stat(tmp_path).st_uid == 0


@pytest.mark.parametrize("mode", [0o700, 0o2750])
def test_the_door_is_given_and_taken_back(place, mode):
    os.chown(place, 0, 4242)
    os.chmod(place, mode)
    with Agent(COCOS_AGENT_LOCAL_SOCKET=str(place / "agent.sock")) as agent:
        for _ in range(2):
            owner = user_of(max(workers(agent)))
            assert os.stat(place).st_uid == owner and os.stat(place).st_mode & 0o7777 == mode
            made = os.stat(place / "agent.sock")
            assert made.st_uid == owner and made.st_gid == (4242 if mode & 0o2000 else owner)
            assert made.st_mode & 0o777 == (0o660 if mode & 0o2000 else 0o600)
            work = Computation("pass").set(agent)
            assert os.stat(place).st_uid == user_of(max(workers(agent))) != owner
            work.wipe(agent)
    assert os.stat(place).st_uid == 0 and os.listdir(place) == []


def test_what_the_algorithm_alone_may_read_is_packed(agent):
    work = Computation("import os\n"
                       "os.umask(0o077)\n"
                       "os.mkdir('results/inner')\n"
                       "open('results/inner/x', 'w').write('private')\n")
    assert work.run(agent)["state"] == "ConsumingResults"
    with zipfile.ZipFile(io.BytesIO(work.result(agent).body)) as packed:
        assert packed.read("inner/x") == b"private"
