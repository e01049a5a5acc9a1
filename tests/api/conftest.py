"""Fixtures for every test here. Each program under test has its own module of them."""

import os


pytest_plugins = ["cli_support", "agent_support", "manager_support", "gateway_support"]


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: counts what is left on the machine, or takes all that it has")


def pytest_collection_modifyitems(items):
    """The gateway's files take longest and wait most: begun first, they leave nobody waiting at the end."""
    items.sort(key=lambda item: not os.path.basename(item.fspath).startswith("test_gateway"))
