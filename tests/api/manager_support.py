"""Fixtures for the tests of the manager."""

import os

import pytest

from managers import PROGRAM, Manager

os.environ.setdefault("ASAN_OPTIONS", "abort_on_error=1")


def pytest_collection_modifyitems(items):
    """Without the program its tests are skipped, and say so."""
    if os.access(PROGRAM, os.X_OK):
        return
    for item in items:
        if os.path.basename(item.fspath).startswith("test_manager"):
            item.add_marker(pytest.mark.skip(reason=f"SKIP: no '{PROGRAM}'"))


@pytest.fixture(scope="module")
def shared():
    """One manager for all tests of a module that leave it as they found it."""
    with Manager() as running:
        yield running


@pytest.fixture
def fresh():
    """A manager for one test alone."""
    with Manager() as running:
        yield running
