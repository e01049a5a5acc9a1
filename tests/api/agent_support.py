"""Fixtures for the tests of the agent."""

import os

import pytest

from agents import BIN, Agent

# What a sanitizer finds in a server ends it, and the test that talks to it fails.
os.environ.setdefault("ASAN_OPTIONS", "abort_on_error=1")
os.environ.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")


def pytest_collection_modifyitems(items):
    """Without the program its tests are skipped, and say so."""
    if os.access(os.path.join(BIN, "cocos-agent"), os.X_OK):
        return
    for item in items:
        if os.path.basename(item.fspath).startswith("test_agent"):
            item.add_marker(pytest.mark.skip(reason=f"SKIP: no cocos-agent in '{BIN}'"))


@pytest.fixture
def agent():
    with Agent() as running:
        yield running
