"""Nobody confirms a change: it is undone by itself, and the history says why. Giving it up does the same at once."""

from __future__ import annotations

import pytest

from tests.lab import addresses, observe
from tests.lab.router import SITE
from tests.lab.world import World
from tests.scenarios.steps import Steadily, await_trial, history

pytestmark = pytest.mark.namespaces


def test_trial_is_not_confirmed(clinic: World) -> None:
    router = clinic.router
    router.machine.write("/etc/sekisho/site.toml", SITE.replace("見本商会", "見本サービス"))
    with (
        observe.Session(clinic) as passthrough,
        observe.Session(clinic, addresses.RECEIPT_GATE_HOST) as gate,
        Steadily(passthrough.exchange, gate.exchange),
    ):
        token = router.try_out(30)
        assert observe.status(clinic)["vendor"]["name"] == "見本サービス"
        await_trial(clinic, None)
        assert observe.status(clinic)["vendor"]["name"] == "見本商会"
        late = router.confirm(token, check=False)
        assert (late.returncode, "no change is on trial" in late.stderr) == (1, True)

        router.try_out(600)
        router.sekisho("site", "cancel")
        assert observe.status(clinic)["vendor"]["name"] == "見本商会"
        assert observe.status(clinic)["trial"] is None
    given_up, late_one, first = history(clinic)
    assert (given_up["ending"], given_up["reason"]["en"]) == ("returned", "it was given up.")
    assert (late_one["ending"], late_one["reason"]["en"]) == ("returned", "it was not confirmed in time.")
    assert first["in_force"]
    observe.await_green(clinic)
