"""A change is tried and confirmed with its word: nobody notices but those whom it concerns; the history tells it."""

from __future__ import annotations

import pytest

from tests.lab import addresses, observe
from tests.lab.router import SITE
from tests.lab.world import World
from tests.scenarios.steps import Steadily, await_trial, history

pytestmark = pytest.mark.namespaces

CHANGED = SITE.replace("見本商会", "見本サービス")


def test_trial_is_confirmed(clinic: World) -> None:
    router = clinic.router
    with (
        observe.Session(clinic) as passthrough,
        observe.Session(clinic, addresses.RECEIPT_GATE_HOST) as gate,
        Steadily(passthrough.exchange, gate.exchange),
    ):
        router.machine.write("/etc/sekisho/site.toml", CHANGED)
        token = router.try_out(120)
        assert "見本サービス" in router.sekisho("status", "--json").stdout
        # In force is still what a power cut would bring back.
        assert "見本商会" in router.sekisho("site", "show").stdout
        assert "another change is on trial" in router.sekisho("apply", check=False).stderr

        await_trial(clinic, "waiting")
        wrong = router.confirm("aaaaa-aaaaa", check=False)
        assert (wrong.returncode, "not the word" in wrong.stderr) == (1, True)
        router.confirm(token.upper())
    assert "見本サービス" in router.sekisho("site", "show").stdout
    assert observe.status(clinic)["trial"] is None
    assert [(item["ending"], item["in_force"]) for item in history(clinic)] == [("confirmed", True), ("applied", False)]

    shown = router.sekisho("site", "diff", "1", "2").stdout
    assert '-name = "見本商会"' in shown
    assert '+name = "見本サービス"' in shown

    assert "+++ version 1" in router.sekisho("site", "diff", "1").stdout

    # And back, by number: without a trial this time.
    router.sekisho("site", "return", "1", timeout=120)
    assert "見本商会" in router.sekisho("site", "show").stdout
    newest = history(clinic)[0]
    assert (newest["copy_of"], newest["role"], newest["uid"]) == (1, "operator", 0)
    observe.await_green(clinic)
