"""Who may ask the daemon what. The kernel vouches for the caller's uid (unix(7), SO_PEERCRED)."""

from __future__ import annotations

import pwd
from collections.abc import Mapping
from enum import StrEnum

from appliance.intent.names import PAGE_USER


class Role(StrEnum):
    """operator: root, may do everything. page: the web page, may look."""

    OPERATOR = "operator"
    PAGE = "page"


_OPERATOR = frozenset({Role.OPERATOR})
_EVERYBODY_KNOWN = frozenset(Role)

ALLOWED: Mapping[str, frozenset[Role]] = {
    "status": _EVERYBODY_KNOWN,
    "subscribe": _EVERYBODY_KNOWN,
    "plan": _OPERATOR,
    "apply": _OPERATOR,
    "down": _OPERATOR,
    "account.show": _OPERATOR,
    "account.import": _OPERATOR,
    "trust.show": _OPERATOR,
    "trust.import": _OPERATOR,
    "site.show": _OPERATOR,
    "line.find": _OPERATOR,
    "line.password": _OPERATOR,
    "site.try": _OPERATOR,
    "site.confirm": _OPERATOR,
    "site.cancel": _OPERATOR,
    "site.history": _OPERATOR,
    "site.diff": _OPERATOR,
    # Not the page: it does not know yet who sits before it.
    "terminal.internet": _OPERATOR,
    "terminal.receipt": _OPERATOR,
    "tunnel.pin": _OPERATOR,
    "tunnel.drain": _OPERATOR,
    "metrics": _OPERATOR,
}
"""The local API's methods and the roles that may call each."""


def role_for(uid: int, page_uid: int | None) -> Role | None:
    """The role of `uid`, None for a stranger; page_uid: that of `PAGE_USER`, None where there is no such user."""
    if uid == 0:
        return Role.OPERATOR
    return Role.PAGE if uid == page_uid else None


def role_of(uid: int) -> Role | None:
    """As `role_for`, with the user database asked anew: the page's user may be made while the daemon runs."""
    page = _page_user()
    return role_for(uid, page.pw_uid if page else None)


def page_group() -> int | None:
    """The primary group of `PAGE_USER`, which may open the API socket; None where there is no such user."""
    page = _page_user()
    return page.pw_gid if page else None


def _page_user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(PAGE_USER)
    except KeyError:
        return None
