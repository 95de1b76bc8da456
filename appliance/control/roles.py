"""Who may ask the daemon what. The kernel vouches for the caller's uid (unix(7), SO_PEERCRED), a session for a role."""

from __future__ import annotations

import pwd
from collections.abc import Mapping
from enum import StrEnum

from appliance.intent.names import PAGE_USER


class Role(StrEnum):
    """operator: root, may do everything. page: the web page for whoever sits before it, the clinic's staff.

    The others are the page for somebody who has logged in: the clinic's manager, the vendor, the data center.
    """

    OPERATOR = "operator"
    PAGE = "page"
    MANAGER = "manager"
    VENDOR = "vendor"
    DATACENTER = "datacenter"


_OPERATOR = frozenset({Role.OPERATOR})
_EVERYBODY_KNOWN = frozenset(Role)
_VENDOR = frozenset({Role.OPERATOR, Role.VENDOR})
_FAR = frozenset({Role.OPERATOR, Role.VENDOR, Role.DATACENTER})
_ON_SITE = frozenset({Role.OPERATOR, Role.PAGE, Role.MANAGER, Role.VENDOR})
_LOGGED_IN = frozenset({Role.OPERATOR, Role.MANAGER, Role.VENDOR, Role.DATACENTER})

ALLOWED: Mapping[str, frozenset[Role]] = {
    "status": _EVERYBODY_KNOWN,
    "subscribe": _EVERYBODY_KNOWN,
    "plan": _FAR,
    "apply": _VENDOR,
    "down": _OPERATOR,
    "account.show": _FAR,
    "account.import": _VENDOR,
    "trust.show": _FAR,
    "trust.import": _FAR,
    "site.show": _FAR,
    "lan.machines": _VENDOR,
    "line.find": _VENDOR,
    "line.password": _VENDOR,
    "site.draft": _FAR,
    "site.edit": _VENDOR,
    "site.ports": _VENDOR,
    "site.try": _VENDOR,
    "site.trial": _FAR,
    "site.confirm": _VENDOR,
    "site.cancel": _VENDOR,
    "site.history": _FAR,
    "site.diff": _FAR,
    "history.lights": _EVERYBODY_KNOWN,
    "history.outages": _EVERYBODY_KNOWN,
    "calendar": _EVERYBODY_KNOWN,
    # The page for staff only where the settings say so (`terminals.terminal_named`).
    "terminal.internet": _ON_SITE,
    "terminal.receipt": _ON_SITE,
    # Only whoever is in the clinic lets somebody in; anybody may close.
    "maintenance.allow": _ON_SITE,
    "maintenance.end": _EVERYBODY_KNOWN,
    "tunnel.pin": _FAR,
    "tunnel.drain": _FAR,
    "metrics": _OPERATOR,
    "report.make": _FAR,
    "diagnose.begin": _VENDOR,
    "diagnose.show": _VENDOR,
    "explain": _VENDOR,
    "capture.start": _VENDOR,
    "capture.stop": _VENDOR,
    "capture.list": _VENDOR,
    "capture.read": _VENDOR,
    "support.bundle": _VENDOR,
    "access.log_in": _EVERYBODY_KNOWN,
    "access.finish_log_in": _EVERYBODY_KNOWN,
    "access.log_out": _EVERYBODY_KNOWN,
    "access.who": _EVERYBODY_KNOWN,
    "access.change_password": _EVERYBODY_KNOWN,
    "access.sessions.list": _LOGGED_IN,
    "access.sessions.end": _LOGGED_IN,
    "access.second_factor.begin": _LOGGED_IN,
    "access.second_factor.confirm": _LOGGED_IN,
    "access.second_factor.remove": _LOGGED_IN,
    "access.accounts.list": _VENDOR,
    "access.accounts.add": _VENDOR,
    "access.accounts.reset": _VENDOR,
    "access.accounts.remove": _VENDOR,
    "access.accounts.unlock": _VENDOR,
    "access.first_password": _OPERATOR,
    "audit.list": _LOGGED_IN,
    "audit.verify": _LOGGED_IN,
    "page.show": _OPERATOR,
    "firmware.show": _EVERYBODY_KNOWN,
    "firmware.check": _OPERATOR,
    "firmware.install": _VENDOR,
    "firmware.fetch": _FAR,
    "firmware.verdict": _OPERATOR,
    "factory.make": _OPERATOR,
    "factory.made": _OPERATOR,
    "factory.show": _FAR,
    "factory.reset": _OPERATOR,
    "sticks.list": _VENDOR,
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
