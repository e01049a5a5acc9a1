"""In the real guest, seen from its console (of a debug image): the process that serves is nobody, and
nobody can open what is the keeper's."""

import importlib.machinery
import importlib.util
import os
import re
import socket
import subprocess
import time

import pytest
from conftest import ROOT

from guests import compile_algorithm

from agents import Agent, Computation

_loader = importlib.machinery.SourceFileLoader("boot", str(ROOT / "tests/eos/boot"))
boot = importlib.util.module_from_spec(importlib.util.spec_from_loader("boot", _loader))
_loader.exec_module(boot)

BOOT_S = 120
DEVICES = ("/dev/tpm0", "/dev/tpmrm0", "/dev/kmsg", "/dev/ttyS0", "/dev/mem")
OTHERS = ("/run/cocos/share/out/state.json", "/run/cocos/share/out/new", "/run/cocos/state/new", "/run/cocos/door/new",
          "/sys/kernel/config/new", "/sys/fs/cgroup/cgroup.procs", "/proc/sys/kernel/hostname")
SLEEPER = "#include <unistd.h>\nint main(void) { for (;;) pause(); }\n"


class Guest(boot.Machine, Agent):
    """A debug image whose console can be typed on."""

    def _arguments(self):
        words = super()._arguments()
        at = words.index("-serial")
        words[at:at + 2] = ["-chardev", f"socket,id=line,path={self.folder}/line,server=on,wait=off",
                            "-serial", "chardev:line"]
        return words

    def __exit__(self, *_):
        boot.Machine.__exit__(self)

    def open_console(self):
        self.wait_for((self.folder / "line").exists, 20)
        self.line = socket.socket(socket.AF_UNIX)
        self.line.connect(f"{self.folder}/line")
        self.said = ""
        self.await_words(lambda said: "built-in shell" in said, BOOT_S)

    def await_words(self, have, seconds=30):
        end = time.monotonic() + seconds
        while not have(self.said):
            self.line.settimeout(max(0.1, end - time.monotonic()))
            assert time.monotonic() < end, self.said[-3000:]
            self.said += self.line.recv(65536).decode(errors="replace").replace("\r", "")
        return self.said

    def type(self, command):
        """What a command says, on one line of the console. Its end is not a word of the echo."""
        self.said = ""
        self.line.sendall(f"echo 'be''gin'; {command}; echo 'e''nd'\n".encode())
        self.await_words(lambda said: "\nend\n" in said)
        return self.said.split("\nbegin\n", 1)[1].split("\nend\n")[0]


@pytest.fixture(scope="module")
def image():
    built = ROOT / "build/eos/eos-base-debug"
    subprocess.run([ROOT / "eos/build"], env={**os.environ, "EOS_DEBUG": "1"}, check=True, stdout=subprocess.DEVNULL)
    return built


def status_of(guest, pid):
    return dict(line.split(":\t", 1) for line in guest.type(f"cat /proc/{pid}/status").splitlines() if ":\t" in line)


def pids_of(guest, word):
    said = guest.type(f"grep -l '^Name:.{word}$' /proc/[0-9]*/status")
    return [int(pid) for pid in re.findall(r"/proc/(\d+)/status", said)]


def tries(uid, keeper):
    """Shell: says each thing that this user can do and should not."""
    paths = " ".join(DEVICES + OTHERS + (f"/proc/{keeper}/mem", f"/proc/{keeper}/oom_score_adj"))
    secret = " ".join(DEVICES[:2] + tuple(f"/proc/{keeper}/{name}" for name in ("mem", "environ", "maps", "auxv")))
    script = (f"for p in {paths}; do (: >>$p) 2>/dev/null && echo WRITES $p; done; "
              f"for p in {secret} /run/cocos/state/*/algorithm; do (: <$p) 2>/dev/null && echo READS $p; done; "
              f"ls /proc/{keeper}/fd /run/cocos/state >/dev/null 2>&1 && echo LISTS; "
              f"kill -0 {keeper} 2>/dev/null && echo SIGNALS; id -u 2>/dev/null; echo tried")
    return f"nsenter -G {uid} -S {uid} sh -c '{script}'"


def test_the_process_that_serves_is_nobody_in_the_guest(image, tmp_path):
    with Guest(image) as guest:
        guest.open_console()
        guest.wait_for(guest.answers, BOOT_S)
        work = Computation(compile_algorithm(tmp_path, "sleeper", SLEEPER), kind="native")
        work.send(guest)
        assert guest.await_state("Running", "Failed")["state"] == "Running"

        keeper, = pids_of(guest, "cocos-agent")
        statuses = [status_of(guest, pid) for pid in pids_of(guest, "cocos-worker")]
        users = {int(status["Uid"].split()[0]) for status in statuses}
        worker = max(users)  # the one before may still be there, as somebody else
        assert worker >= 0x70000000, statuses
        for status in statuses:
            assert len(set(status["Uid"].split() + status["Gid"].split())) == 1 and not status["Groups"].strip()
            assert (status["NoNewPrivs"], int(status["CapEff"], 16), int(status["CapBnd"], 16)) == ("1", 0xC0, 0xC0)
        algorithm, = (status_of(guest, pid) for pid in pids_of(guest, "algorithm"))
        assert int(algorithm["Uid"].split()[0]) == worker + 1 and int(algorithm["CapBnd"], 16) == 0
        assert status_of(guest, keeper)["Uid"].split()[0] == "0"

        said = guest.type(tries(worker, keeper))
        assert said.splitlines() == [str(worker), "tried"], said
        said = guest.type(tries(0, keeper))  # what is tried can be done, by root
        for word in ("WRITES /dev/tpmrm0", "WRITES /run/cocos/share/out/new", "LISTS", "SIGNALS",
                     f"READS /proc/{keeper}/environ"):
            assert word in said, said
        work.wipe(guest)
        assert {int(status_of(guest, pid)["Uid"].split()[0]) for pid in pids_of(guest, "cocos-worker")[-1:]} != {worker}
