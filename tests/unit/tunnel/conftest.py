from tests.isolation import pytest_runtest_protocol

__all__ = ["pytest_runtest_protocol"]
