"""For every test: the marker ``isolated`` works everywhere (pytest asks this hook once for all folders)."""

from tests.isolation import pytest_runtest_protocol

__all__ = ["pytest_runtest_protocol"]
