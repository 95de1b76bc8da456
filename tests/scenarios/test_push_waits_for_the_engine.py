"""Both tunnels are away when a terminal asks for its push channel: it gets it when they are back, without asking again.

The real client asks less and less often, in the end every ten minutes, and so long nothing would be printed.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.lab import addresses, observe
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import assert_refused

pytestmark = pytest.mark.namespaces

GATE = addresses.RECEIPT_GATE_HOST


def of_push(world: World) -> tuple[str, str | None] | None:
    """Cause and root of the light, which is there only while a terminal has a push channel, or waits for one."""
    lights = observe.status(world)["lights"]
    return next(((light["cause"], light["root"]) for light in lights if light["name"] == "push"), None)


def test_push_waits_for_the_engine(clinic: World) -> None:
    client = clinic.client("reception", GATE)
    client.login()
    for number in addresses.CONCENTRATORS:
        clinic.cut_tunnel(number)
    with ThreadPoolExecutor(1) as thread:
        asking = thread.submit(client.subscribe)
        # Who calls hears at once that there is nobody; who waits for calls goes on waiting.
        assert_refused(client)
        assert not asking.done()
        until(lambda: of_push(clinic) == ("push.waiting", "tunnel"), "a light tells that nothing would be printed")
        for number in addresses.CONCENTRATORS:
            clinic.mend_tunnel(number)
        with asking.result() as subscription, observe.Session(clinic, GATE):
            assert subscription.connection.ping().wait(20)
            until(lambda: of_push(clinic) == ("push.ok", None), "the light tells that the engine answers")
