"""Fixtures for every test here. Each program under test has its own module of them."""

pytest_plugins = ["cli_support", "agent_support", "manager_support", "gateway_support"]
