"""How a run can go wrong, and what the parties are told about it; and what it cannot reach."""

import os
import subprocess
import time

import pytest

from agents import Agent, Computation, sha3


def cgroup(agent):
    return agent.state()["sandbox"]["cgroup"]


def children_of():
    """{pid: pids of its children} of this machine."""
    out = subprocess.run(["ps", "-eo", "pid=,ppid="], stdout=subprocess.PIPE, check=True).stdout
    children = {}
    for line in out.decode().splitlines():
        pid, parent = map(int, line.split())
        children.setdefault(parent, []).append(pid)
    return children


def servers_of(agent):
    """The pids of the processes that serve: one, and for a moment the one before."""
    return children_of().get(agent.process.pid, [])


def processes_of(agent):
    """The pids of everything below the agent's own: the keeper, and the processes that serve."""
    children = children_of()
    found, waiting = [], list(children.get(agent.process.pid, []))
    while waiting:
        for pid in children.get(waiting.pop(), []):
            found.append(pid)
            waiting.append(pid)
    return found


def failure(agent, text, **options):
    work = Computation(text, **options)
    state = work.run(agent)
    assert state["state"] == "Failed", state
    assert processes_of(agent) == []
    return state["failure"]


def test_an_exit_code_is_told(agent):
    told = failure(agent, "raise SystemExit(42)")
    assert told == {"kind": "exit", "exit_code": 42, "signal": None, "limit": None,
                    "detail": "the algorithm ended with exit code 42"}


def test_a_signal_is_told(agent):
    told = failure(agent, "import os; os.kill(os.getpid(), 11)")
    assert (told["kind"], told["signal"], told["exit_code"]) == ("signal", 11, None)


def test_a_timeout_ends_what_ignores_every_signal(agent):
    begin = time.monotonic()
    told = failure(agent, "import signal, time, os\n"
                          "for s in range(1, 64):\n"
                          "    try: signal.signal(s, signal.SIG_IGN)\n"
                          "    except (OSError, ValueError): pass\n"
                          "if os.fork() == 0: os.setsid()\n"
                          "while True: time.sleep(1)\n", timeout="2s")
    assert (told["kind"], told["limit"]) == ("timeout", "2s")
    assert time.monotonic() - begin < 60


def test_memory_is_bounded(agent):
    told = failure(agent, "x = bytearray(1 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1\n")
    if cgroup(agent) == "none":
        assert told["kind"] == "exit"  # the program was refused memory, and said so
    else:
        assert (told["kind"], told["limit"]) == ("memory", "128 MiB")


def test_a_full_disk_is_told(agent):
    told = failure(agent, "f = open('results/x', 'wb')\nwhile True: f.write(bytes(1 << 20))\n")
    assert (told["kind"], told["limit"]) == ("disk", "96 MiB")


def test_a_million_files_are_no_way_round(agent):
    told = failure(agent, "for i in range(10000000): open(f'results/{i}', 'w').close()\n")
    assert told["kind"] == "disk"


@pytest.mark.alone
def test_a_fork_bomb_is_bounded(agent):
    told = failure(agent, "import os, time\n"
                          "while True:\n"
                          "    if os.fork() == 0: time.sleep(60); os._exit(0)\n", memory_mib=1024)
    assert told["kind"] in ("processes", "exit")
    if cgroup(agent) != "none":
        assert (told["kind"], told["limit"]) == ("processes", "256")


@pytest.mark.alone
def test_a_fork_bomb_that_hides_its_errors_meets_the_timeout(agent):
    told = failure(agent, "import os\n"
                          "while True:\n"
                          "    try: os.fork()\n"
                          "    except OSError: pass\n", timeout="3s", memory_mib=2048)
    assert told["kind"] in ("timeout", "memory"), told
    assert agent.ask("GET", "/healthz").status == 200


def test_ten_gigabytes_of_output_neither_block_nor_fill(agent):
    work = Computation("import os\nb = bytes(1 << 20)\nfor i in range(10240): os.write(1, b)\n"
                       "print('end')", timeout="10m")
    state = work.run(agent, seconds=400)
    assert state["state"] == "ConsumingResults", state
    text = work.log(agent)
    assert len(text) < 101_000 and text.endswith("end\n")
    assert text.startswith("[1073")  # so many bytes before are not kept
    servers = servers_of(agent)
    assert servers
    for pid in [agent.process.pid, *servers]:
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            status = dict(line.split(":", 1) for line in file)
        assert int(status["VmHWM"].split()[0]) < 400_000  # a sanitizer's own needs included


def pipe_ends(pid, inode=None):
    """{descriptor: pipe} of a process, or those that are one pipe."""
    links = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            links[name] = os.readlink(f"/proc/{pid}/fd/{name}")
        except OSError:
            pass
    return {name: link for name, link in links.items()
            if link.startswith("pipe:") and inode in (None, link)}


def test_the_agent_never_blocks_on_what_the_algorithm_says(agent):
    """An algorithm that reads its own output back, as it can where the agent is an ordinary user, may
    take a byte away between our looking and our reading; the stop and the timeout come all the same."""
    work = Computation("import time; print('x', flush=True); time.sleep(600)").set(agent)
    work.send_algorithm(agent)
    agent.await_state("Running")
    end = time.monotonic() + 60
    while work.log(agent) == "":
        assert time.monotonic() < end
    said = next(ends["1"] for ends in map(pipe_ends, reversed(processes_of(agent))) if "1" in ends)
    ours = [(pid, fd) for pid in servers_of(agent) for fd in pipe_ends(pid, said)]
    assert len(ours) == 1, ours
    with open("/proc/%d/fdinfo/%s" % ours[0], encoding="ascii") as file:
        flags = int(dict(line.split(":", 1) for line in file)["flags"], 8)
    assert flags & os.O_NONBLOCK and not flags & os.O_WRONLY
    work.wipe(agent)


def test_nobody_named_means_nothing_kept(agent):
    work = Computation("print('secret')", log_bytes=0)
    work.run(agent)
    assert work.log(agent) == ""


def test_errors_of_the_algorithm_are_in_the_log_only(agent):
    work = Computation("raise ValueError('secret ' + '42')")
    state = work.run(agent)
    assert "secret 42" in work.log(agent)
    assert "secret" not in str(state) and "secret 42" not in agent.log()


def test_a_stop_ends_everything(agent):
    work = Computation("import signal, time, os\n"
                       "for s in range(1, 64):\n"
                       "    try: signal.signal(s, signal.SIG_IGN)\n"
                       "    except (OSError, ValueError): pass\n"
                       "for i in range(5):\n"
                       "    if os.fork() == 0: os.setsid()\n"
                       "open('results/x', 'w').write('x')\n"
                       "while True: time.sleep(1)\n")
    work.send(agent)
    end = time.monotonic() + 60
    while len(processes_of(agent)) < 20:
        assert time.monotonic() < end
    begin, running = time.monotonic(), set(processes_of(agent))
    work.wipe(agent)
    assert time.monotonic() - begin < 60
    assert not running & set(processes_of(agent))  # the next one may be looking at what the machine can do
    assert agent.state()["state"] == "ReceivingManifest"
    files = [name for _, _, names in os.walk(agent.state_dir) for name in names]
    assert files == [".lock"]


def test_sigterm_during_a_run_ends_the_agent_and_the_run():
    with Agent() as agent:
        Computation("import time; time.sleep(600)").send(agent)
        end = time.monotonic() + 60
        while len(processes_of(agent)) < 3:
            assert time.monotonic() < end
        running = processes_of(agent)
        agent.stop()
        for pid in running:
            assert not os.path.exists(f"/proc/{pid}")


def test_an_agent_that_is_killed_takes_the_run_with_it():
    with Agent() as agent:
        Computation("import time; time.sleep(600)").send(agent)
        end = time.monotonic() + 60
        while len(processes_of(agent)) < 3:
            assert time.monotonic() < end
        running = processes_of(agent)
        agent.process.kill()
        agent.process.wait()
        end = time.monotonic() + 60
        while any(os.path.exists(f"/proc/{pid}") for pid in running):
            assert time.monotonic() < end
        agent.start()  # and the next one finds nothing of it
        assert agent.state()["state"] == "ReceivingManifest"
        assert [name for _, _, names in os.walk(agent.state_dir) for name in names] == [".lock"]


# --- kinds ---

C_PROGRAM = """
#include <stdio.h>
int main(int argc, char **argv)
{
    FILE *out = fopen("results/out", "w");
    fprintf(out, "%d %s", argc, argv[1]);
    return fclose(out);
}
"""


def compile_c(tmp_path, text):
    source, program = tmp_path / "x.c", tmp_path / "x"
    source.write_text(text)
    subprocess.run(["gcc", "-o", program, source], check=True)
    return program.read_bytes()


def test_a_native_program_runs(agent, tmp_path):
    from test_agent_computation import unzip
    work = Computation(compile_c(tmp_path, C_PROGRAM), kind="native")
    work.manifest["algorithm"]["args"] = ["an argument; $(touch x)"]
    assert work.run(agent)["state"] == "ConsumingResults"
    assert unzip(work.result(agent).body) == {"out": b"2 an argument; $(touch x)"}


def test_a_native_program_that_is_none(agent):
    told = failure(agent, "not a program", kind="native")
    assert told["kind"] == "start" and "Exec format error" in told["detail"]


def test_a_script_with_its_interpreter_is_native(agent):
    work = Computation("#!/bin/sh\necho hello from sh\n", kind="native")
    assert work.run(agent)["state"] == "ConsumingResults"
    assert work.log(agent) == "hello from sh\n"


def test_a_zip_application_brings_its_modules(agent, tmp_path):
    import io
    import zipfile
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("__main__.py", "import part; print(part.ANSWER)")
        archive.writestr("part.py", "ANSWER = 42")
    work = Computation(data.getvalue())
    assert work.run(agent)["state"] == "ConsumingResults"
    assert work.log(agent) == "42\n"


def test_requirements_that_the_image_has_not_fail_the_run(agent):
    requirements = b"# comment\n\nno-such-package==1.0\nother>=2\n--index-url http://x\n"
    work = Computation("pass")
    work.manifest["algorithm"]["requirements_sha3_256"] = sha3(requirements)
    work.set(agent)
    answer = agent.ask("PUT", "/v1/algorithm/requirements", work.provider, requirements)
    assert answer.status == 201
    work.send_algorithm(agent)
    told = agent.await_state("Failed")["failure"]
    assert told["kind"] == "requirements" and "3 of the requirements" in told["detail"]
    assert "no-such-package" not in str(told)
    assert "requirement 'no-such-package==1.0' is not in this image" in work.log(agent)


# --- what it cannot reach: the sandbox from inside, through the real agent ---

PROBE = """
import os, socket, ctypes
libc = ctypes.CDLL(None, use_errno=True)
def tries(name, f):
    try: print(name, 'POSSIBLE', f())
    except OSError: pass
def call(f, *a):
    if f(*a) == -1: raise OSError(ctypes.get_errno(), 'x')
for pid in range(1, 400):
    if pid not in (os.getpid(),):
        tries(f'read memory of {pid}', lambda: open(f'/proc/{pid}/mem').fileno())
        if pid > 1: tries(f'signal {pid}', lambda: os.kill(pid, 9))
os.kill(1, 9)  # is taken and does nothing: we are still here
for path in ('/etc/x', '/usr/x', '/work/x', '/work/algorithm', '/work/datasets/a', '/work/datasets/x'):
    tries('write ' + path, lambda: open(path, 'a'))
for path in (STATE, '/root', '/home', '/run', '/var', '/sys', '/proc/sys', '/sys/fs/cgroup', '/boot'):
    tries('list ' + path, lambda: os.listdir(path))
for path in ('/proc/1/root', '/proc/1/cwd', '/proc/1/fd', '/proc/1/environ', '/proc/1/maps'):
    tries('look at ' + path, lambda: os.listdir(path) if path.endswith('fd') else open(path).read())
tries('dial the agent', lambda: socket.create_connection(('127.0.0.1', PORT), 2))
tries('dial out', lambda: socket.create_connection(('192.0.2.1', 80), 2))
tries('abstract sockets outside', lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW))
tries('mount', lambda: call(libc.mount, b'x', b'/tmp', b'tmpfs', 0, 0))
tries('setuid', lambda: os.setuid(0))
tries('ptrace', lambda: call(libc.ptrace, 16, 1, 0, 0))
tries('unshare', lambda: call(libc.unshare, 0x10000000))
print('names', sorted(os.listdir('/')), os.getuid(), socket.gethostname())
"""


@pytest.mark.parametrize("user", [None, 65534], ids=["as we are", "as an ordinary user"])
def test_nothing_outside_can_be_reached(user):
    if user is not None and os.geteuid() != 0:
        pytest.skip("SKIP: we are an ordinary user already")
    with Agent(user=user) as agent:
        probe = PROBE.replace("STATE", repr(agent.state_dir)).replace("PORT", str(agent.port))
        work = Computation(probe, {"a": "x"})
        state = work.run(agent)
        assert state["state"] == "ConsumingResults", (state, work.log(agent))
        assert "POSSIBLE" not in work.log(agent), work.log(agent)
        names = work.log(agent)
        for present in ("'dev'", "'etc'", "'proc'", "'tmp'", "'usr'", "'work'", "1000 cocos"):
            assert present in names
        assert "'root'" not in names and "'home'" not in names


@pytest.mark.alone
def test_nothing_stays_behind_in_the_machine():
    def groups():
        out = subprocess.run(["find", "/sys/fs/cgroup", "-name", "cocos-[0-9]*"],
                             stdout=subprocess.PIPE, check=False).stdout
        return out.decode().split()

    def mounts():
        with open("/proc/mounts", encoding="ascii") as file:
            return [line for line in file if "cocos" in line]

    with Agent() as agent:
        work = Computation("open('results/x', 'w')")
        work.run(agent)
        end = time.monotonic() + 60  # a process that waits looks first at what the machine can do
        while groups() != [] or mounts() != []:
            assert time.monotonic() < end, (groups(), mounts())
            time.sleep(0.05)
        folder = agent.state_dir
        agent.stop()
        assert os.listdir(folder) == []
