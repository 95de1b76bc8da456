from ipaddress import IPv4Address

import pytest

from appliance.control.ready import SiteView, Terminal
from appliance.control.terminals import seconds_for, standings, terminal_named
from appliance.errors import SekishoError

RECEPTION = Terminal("reception-1", "受付1", "02:00:00:00:02:10", IPv4Address("192.0.2.10"), 30)
DOCTOR = Terminal("doctor", "診察室", "02:00:00:00:02:11", IPv4Address("192.0.2.11"), None)


def site(*, switch_by_page: bool) -> SiteView:
    return SiteView("ja", None, (RECEPTION, DOCTOR), switch_by_page=switch_by_page)


def test_staff_switch_where_the_settings_let_them() -> None:
    assert terminal_named(site(switch_by_page=True), "reception-1", as_staff=True) is RECEPTION
    with pytest.raises(SekishoError) as refused:
        terminal_named(site(switch_by_page=False), "reception-1", as_staff=True)
    assert refused.value.code == "terminal.not-by-page"
    assert terminal_named(site(switch_by_page=False), "reception-1") is RECEPTION


@pytest.mark.parametrize(("name", "code"), [("doctor", "terminal.receipt-only"), ("moon", "terminal.unknown")])
def test_nobody_switches_what_may_not_be_switched(name: str, code: str) -> None:
    for as_staff in (False, True):
        with pytest.raises(SekishoError) as refused:
            terminal_named(site(switch_by_page=True), name, as_staff=as_staff)
        assert refused.value.code == code


def test_for_how_long() -> None:
    assert seconds_for(RECEPTION, None) == 1800
    assert seconds_for(RECEPTION, 5) == 300
    with pytest.raises(SekishoError, match=r"terminal\.minutes"):
        seconds_for(RECEPTION, 31)


def test_where_they_stand() -> None:
    (one,) = standings(site(switch_by_page=True), {RECEPTION.address: 100.0}, 50.0)
    assert (one.name, one.minutes, one.until) == ("reception-1", 30, 150.0)
    (one,) = standings(site(switch_by_page=True), {}, 50.0)
    assert one.until is None
