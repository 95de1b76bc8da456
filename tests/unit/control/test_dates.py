"""What ends, gathered from the router itself: known before anybody has set it up."""

import asyncio
import platform
from datetime import UTC, datetime, timedelta

from appliance.control.dates import due
from appliance.control.feed_gate import GateFeed
from appliance.control.firmware import support_end
from appliance.control.translate import OWN_PAGE


def test_the_page_and_the_system_of_a_fresh_router() -> None:
    ends = datetime.now(UTC) + timedelta(days=300)
    told = {one["name"]: one for one in asyncio.run(due(None, GateFeed(), None, ((OWN_PAGE, ends),)))["dates"]}
    own = told.pop(OWN_PAGE)
    assert (own["on"], own["state"]) == (f"{ends:%Y-%m-%dT%H:%M:%SZ}", "ok")
    # What these tests run on is what routers run on, and its makers have said until when they mend it.
    running = platform.freedesktop_os_release()
    system, until = support_end() or ("", ends)
    assert system == f"{running['NAME']} {running['VERSION_ID']}"
    (firmware,) = told.values()
    assert (firmware["name"], firmware["on"]) == (f"firmware:{system}", f"{until:%Y-%m-%dT%H:%M:%SZ}")
    assert system in firmware["title"]["ja"]
