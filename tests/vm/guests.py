"""The agent of a VM, asked as any other agent is."""

import subprocess
from pathlib import Path

from agents import Agent  # whose folder conftest.py names


class GuestAgent(Agent):
    """Started by somebody else."""

    def __init__(self, vm):
        self.port = int(vm["agent_url"].rsplit(":", 1)[1])


def compile_algorithm(folder, name, source):
    """A program that needs nothing of the guest."""
    program = folder / name
    Path(f"{program}.c").write_text(source)
    subprocess.run(["gcc", "-O1", "-static", "-o", program, f"{program}.c"], check=True)
    return program.read_bytes()
