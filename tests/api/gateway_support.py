"""Fixtures for the tests of the gateway."""

import os
import shutil

import pytest

from agents import BIN


def pytest_collection_modifyitems(items):
    """Without the program its tests are skipped, and say so."""
    if os.access(os.path.join(BIN, "cocos-gateway"), os.X_OK):
        return
    for item in items:
        if os.path.basename(item.fspath).startswith("test_gateway"):
            item.add_marker(pytest.mark.skip(reason=f"SKIP: no cocos-gateway in '{BIN}'"))


@pytest.fixture
def door():
    """An agent that a gateway can reach."""
    from gateways import agent_with_door

    agent = agent_with_door()
    with agent:
        yield agent
    assert os.listdir(agent.door_folder) == []  # no socket is left
    shutil.rmtree(agent.door_folder)


@pytest.fixture(params=["plaintext", "tls", "mtls"])
def gateway(request, door):
    from gateways import Gateway
    from parties import Party

    client = Party("grpcio") if request.param == "mtls" else None
    more = ["--client-ca", client.certificate_file] if client else []
    with Gateway("--agent", door.door, *more, tls=request.param != "plaintext", client=client) as running:
        yield running
