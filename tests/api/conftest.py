"""Fixtures for every test here."""

pytest_plugins = ["cli_support"]
