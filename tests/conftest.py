"""For every test: the marker ``isolated`` works everywhere (pytest asks this hook once for all folders).

How fast this machine makes an example says nothing about the product.
"""

from hypothesis import HealthCheck, settings

from tests.isolation import pytest_runtest_protocol

__all__ = ["pytest_runtest_protocol"]

settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")
