import pwd

import pytest

from appliance.control import roles
from appliance.control.roles import ALLOWED, Role, page_group, role_for, role_of


@pytest.mark.parametrize(
    ("uid", "page_uid", "role"),
    [
        (0, 990, Role.OPERATOR),
        (0, 0, Role.OPERATOR),
        (990, 990, Role.PAGE),
        (990, None, None),
        (991, 990, None),
        (-1, None, None),
    ],
)
def test_roles(uid: int, page_uid: int | None, role: Role | None) -> None:
    assert role_for(uid, page_uid) is role


def test_what_needs_no_log_in() -> None:
    assert {method for method, allowed in ALLOWED.items() if Role.PAGE in allowed} == {
        "status",
        "subscribe",
        "access.log_in",
        "access.finish_log_in",
        "access.log_out",
        "access.who",
        "access.change_password",
        "terminal.internet",
        "terminal.receipt",
        "maintenance.allow",
        "maintenance.end",
        "history.lights",
        "history.outages",
        "calendar",
        "firmware.show",
    }
    assert all(Role.OPERATOR in allowed for allowed in ALLOWED.values())


def test_each_log_in_may_do_its_part() -> None:
    may = {role: {method for method, allowed in ALLOWED.items() if role in allowed} for role in Role}
    assert "down" not in may[Role.VENDOR] | may[Role.DATACENTER] | may[Role.MANAGER]
    assert {"site.try", "apply", "account.import"} <= may[Role.VENDOR] - may[Role.DATACENTER] - may[Role.MANAGER]
    assert {"trust.import", "tunnel.drain"} <= may[Role.DATACENTER] - may[Role.MANAGER]
    assert may[Role.MANAGER] - may[Role.PAGE] >= {"audit.list", "access.second_factor.begin"}
    # The data center switches no terminals.
    assert all(may[Role.PAGE] <= may[role] for role in Role if role is not Role.DATACENTER)


def test_the_page_s_user_is_looked_up_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "PAGE_USER", "no-such-user-here")
    assert (role_of(65534), page_group()) == (None, None)
    somebody = next(entry for entry in pwd.getpwall() if entry.pw_uid)
    monkeypatch.setattr(roles, "PAGE_USER", somebody.pw_name)
    assert (role_of(somebody.pw_uid), page_group()) == (Role.PAGE, somebody.pw_gid)
