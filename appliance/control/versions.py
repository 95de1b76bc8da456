"""What the local API tells of earlier versions: the list, and how two of them differ. Secrets stay out of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from appliance.account import kept
from appliance.control import holdings, in_force
from appliance.control.in_force import InForce
from appliance.control.ready import Wanted
from appliance.errors import SekishoError
from appliance.site.difference import unified
from appliance.site.history import History, Version
from appliance.site.trial import Ending


def wanted(history: History, number: int) -> Wanted:
    """An earlier version as a whole. SekishoError: it is not kept, or cannot be opened any more."""
    return holdings.opened(InForce(*history.kept(number)))


def listing(history: History) -> list[dict[str, Any]]:
    """Newest first."""
    versions = history.versions()
    standing = [version.number for version in versions if version.ending in (Ending.APPLIED, Ending.CONFIRMED)]
    return [_told(version, version.number in standing[-1:]) for version in reversed(versions)]


def difference(history: History, before: int | None, after: Wanted | int, name: str = "new") -> dict[str, Any]:
    """How the settings and the account change from `before` (None: what is in force) to `after`.

    name: what to call `after` when it is no number.
    """
    old, old_name = _side(history, before)
    if isinstance(after, int):
        new, new_name = _side(history, after)
    else:
        new, new_name = _Side(after.kept.site, *_mark(after.kept)), name
    return {
        "settings": unified(old.site, new.site, (old_name, new_name)),
        "account": None
        if old.fingerprint == new.fingerprint
        else {"before": old.account_told(), "after": new.account_told()},
    }


@dataclass(frozen=True, slots=True)
class _Side:
    site: str
    serial: int
    fingerprint: str

    def account_told(self) -> dict[str, Any]:
        return {"serial": self.serial, "fingerprint": self.fingerprint}


def _side(history: History, number: int | None) -> tuple[_Side, str]:
    if number is not None:
        version = history.version(number)
        return _Side(version.site, version.serial, version.fingerprint), f"version {number}"
    found = in_force.read()
    if found is None:
        raise no_site()
    return _Side(found.site, *_mark(found)), "in force"


def _mark(what: InForce) -> tuple[int, str]:
    mark = kept.decode(what.account).mark
    return mark.serial, mark.digest


def no_site() -> SekishoError:
    return SekishoError(
        "control.no-site",
        "反映された設定がまだありません。「sekisho apply」で反映してください。",
        'no settings are in force yet; put them in force with "sekisho apply".',
    )


def _told(version: Version, standing: bool) -> dict[str, Any]:
    return {
        "number": version.number,
        "began": version.began,
        "ended": version.ended,
        "role": version.role,
        "uid": version.uid,
        "name": version.name,
        "trial": version.trial,
        "copy_of": version.copy_of,
        "account": {"serial": version.serial, "fingerprint": version.fingerprint},
        "ending": version.ending.value if version.ending else None,
        "reason": version.reason.as_dict() if version.reason else None,
        "in_force": standing,
    }
