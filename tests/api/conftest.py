import os
import sys

import pytest

sys.path.insert(0, os.path.dirname(__file__))

from agents import Agent  # noqa: E402


@pytest.fixture
def agent():
    with Agent() as running:
        yield running
