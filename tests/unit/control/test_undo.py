"""What could not be taken back is refused before anything changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from appliance.account.model import Account
from appliance.control import opening, undo
from appliance.control.ready import Ready
from appliance.errors import SekishoError
from tests.builders import (
    WITHOUT_TUNNELS,
    lab_account,
    lab_site,
    lab_tunnel,
    wireguard_preshared_key,
    wireguard_private_key,
)

UNTIL = datetime(2030, 1, 1, tzinfo=UTC)
PORTS = {"lo", "wan0", "lan0"}


def ready(account: Account | None = None, **site: Any) -> Ready:
    return opening.ready(account or lab_account(), lab_site(**site))


def refusal(before: Ready, after: Ready, until: datetime = UNTIL, ports: set[str] = PORTS) -> str:
    with pytest.raises(SekishoError) as refused:
        undo.refuse_what_cannot_be_undone(before, after, until, ports)
    assert refused.value.text.ja.endswith("。")
    return refused.value.code


def test_settings_and_what_an_account_renews_can_be_taken_back() -> None:
    newer = lab_account(serial=2, tunnels=[lab_tunnel(1, keepalive=20)], monitoring=[])
    undo.refuse_what_cannot_be_undone(ready(), ready(newer, language="en"), UNTIL, PORTS)


def test_an_account_that_ends_during_the_trial_could_not_come_back() -> None:
    ending = ready(lab_account(expires=UNTIL + timedelta(minutes=5)))
    assert refusal(ending, ready()) == "undo.account-ends"
    undo.refuse_what_cannot_be_undone(ready(), ending, UNTIL, PORTS)


def test_the_data_center_switches_keys_with_us() -> None:
    for changes in (
        {"wireguard_private_key": wireguard_private_key("another")},
        {"tunnels": [lab_tunnel(1, preshared_key=wireguard_preshared_key("another")), lab_tunnel(2)]},
        {"tunnels": [lab_tunnel(number, inner_address="203.0.113.130") for number in (1, 2)]},
    ):
        assert refusal(ready(), ready(lab_account(serial=2, **changes))) == "undo.tunnel-keys"


def test_an_account_without_tunnels_may_be_tried_and_left() -> None:
    direct = ready(lab_account(serial=2, **WITHOUT_TUNNELS))
    undo.refuse_what_cannot_be_undone(ready(), direct, UNTIL, PORTS)
    undo.refuse_what_cannot_be_undone(direct, ready(lab_account(serial=3)), UNTIL, PORTS)


def test_a_port_that_is_gone() -> None:
    assert refusal(ready(), ready(), ports={"lo", "wan0", "usb0"}) == "undo.port-gone"
    # A line's may come back at any time.
    undo.refuse_what_cannot_be_undone(ready(), ready(), UNTIL, {"lo", "lan0"})


def test_another_clinic() -> None:
    other = lab_account(clinic={"id": "clinic-0002", "name": {"ja": "別", "en": "Other"}})
    assert refusal(ready(), ready(other)) == "undo.other-clinic"


def test_an_older_account_only_on_trial() -> None:
    newer = ready(lab_account(serial=2))
    undo.refuse_older_account(ready(), newer)
    undo.refuse_older_account(newer, newer)
    with pytest.raises(SekishoError) as refused:
        undo.refuse_older_account(newer, ready())
    assert refused.value.code == "undo.older-account"
