"""A vendor types the wrong gateway: the router notices by itself, says why, and is back before anybody has to act."""

from __future__ import annotations

import pytest

from tests.lab import addresses, observe
from tests.lab.router import SITE
from tests.lab.world import World
from tests.scenarios.steps import MODES, history

pytestmark = [pytest.mark.namespaces, pytest.mark.long]

WRONG = f"""kind = "static"
address = "{addresses.LINE_DHCP_LAST}/28"
gateway = "{addresses.LINE_DHCP_FIRST}"
dns = ["{addresses.INTERNET_DNS.ip}"]
"""


def test_trial_fails_its_check(clinic: World) -> None:
    router = clinic.router
    router.machine.write("/etc/sekisho/site.toml", SITE.replace('kind = "dhcp"\n', WRONG))
    tried = router.sekisho("--lang", "en", "site", "apply", "--confirm-within", "60", check=False, timeout=180)
    assert (tried.returncode, "Word: " in tried.stdout) == (1, True), tried.stderr
    assert tried.stderr.startswith("It was undone: what was green before did not come back.")
    assert history(clinic)[0]["ending"] == "returned"
    observe.await_green(clinic)
    for host in MODES:
        clinic.client("reception", host).login()

    # What cannot even be brought into the kernel is refused, and nothing changes.
    router.machine.write("/etc/sekisho/site.toml", SITE.replace('"wan0"', '"wan7"'))
    refused = router.sekisho("site", "apply", "--confirm-within", "60", check=False)
    assert (refused.returncode, "wan7" in refused.stderr) == (1, True)
    assert observe.status(clinic)["trial"] is None
    observe.await_green(clinic)
