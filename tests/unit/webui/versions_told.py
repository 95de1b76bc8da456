"""What the daemon tells of earlier settings, by the real history: four versions, one of which failed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from appliance.control import versions
from appliance.control.dispatch import Peer
from appliance.errors import SekishoError
from appliance.site.history import History, Version
from appliance.site.trial import Ending
from appliance.text import Text

METHODS = ("site.history", "site.diff", "site.trial", "site.try", "site.confirm", "site.cancel")
SECRET = "hunter2-hunter2"
_TOML = """[wan]
interface = "wan0"
kind = "dhcp"
# password = "{secret}"

[lan]
interface = "lan0"
address = "192.0.2.1/26"

[[terminals]]
name = "reception-1"
label = "受付1"
mac = "02:00:00:00:02:10"
address = "192.0.2.10"
"""
_MORE = """
[[terminals]]
name = "office"
label = "事務室"
mac = "02:00:00:00:02:11"
address = "192.0.2.11"
"""
_STEPS = [
    {
        "subsystem": "nft",
        "subject": "sekisho",
        "text": {"ja": "ファイアウォールの規則を入れ替えます。", "en": "replace the firewall's rules"},
    },
    {
        "subsystem": "dnsmasq",
        "subject": "lan",
        "text": {"ja": "端末へのアドレスの案内を変えます。", "en": "tell dnsmasq of other terminals"},
    },
    *({"subsystem": "sysctl", "subject": f"net.{number}", "text": {"ja": "–", "en": "–"}} for number in range(3)),
]


class Settings:
    """trial: as ``site.trial`` tells it. refusing: why a change is refused."""

    def __init__(self, directory: Path) -> None:
        self.history = History(directory)
        self.trial: dict[str, Any] | None = None
        self.refusing: SekishoError | None = None
        self.asked: list[tuple[str, dict[str, Any]]] = []
        now = datetime.now(UTC)
        first = _TOML.format(secret=SECRET)
        self._add(now - timedelta(days=40), first, Ending.APPLIED, role="operator")
        self._add(now - timedelta(days=9), first.replace("192.0.2.1/", "192.0.2.2/"), Ending.RETURNED, name="sato")
        self._add(now - timedelta(days=3), first.replace(SECRET, f"{SECRET}!") + _MORE, Ending.CONFIRMED, name="sato")
        self._add(now - timedelta(hours=2), first.replace("dhcp", "static"), Ending.FAILED, role="operator")

    def _add(self, at: datetime, site: str, ending: Ending, role: str = "vendor", name: str = "") -> None:
        moment = at.isoformat(timespec="seconds").replace("+00:00", "Z")
        version = Version(0, moment, role, 990 if name else 0, bool(name), None, 7, "ab12cd34" * 8, site, name=name)
        kept = self.history.begin(version, "sealed")
        reasons = {
            Ending.RETURNED: Text("時間内に確認されませんでした。", "it was not confirmed in time."),
            Ending.FAILED: Text("回線のアドレスが決められていません。", "the line has no address."),
        }
        self.history.end(kept.number, ending, moment, reasons.get(ending))

    def begin_trial(self, *, may_confirm: bool, phase: str = "waiting") -> None:
        until = (datetime.now(UTC) + timedelta(minutes=5)).isoformat(timespec="seconds").replace("+00:00", "Z")
        self.trial = {"version": 5, "phase": phase, "until": until}
        self.trial |= {"may_confirm": may_confirm, "address": "192.0.2.1"}

    async def handle(self, name: str, params: dict[str, Any], _: Peer) -> Any:
        self.asked.append((name, params))
        match name:
            case "site.history":
                return {"versions": versions.listing(self.history)}
            case "site.diff":
                before, after = params["before"], params["after"]
                in_force = next(one["number"] for one in versions.listing(self.history) if one["in_force"])
                told = versions.difference(self.history, in_force if before is None else before, after)
                return {**told, "changes": _STEPS if before is None else None}
            case "site.trial":
                return self.trial
        if self.refusing is not None:
            raise self.refusing
        if name == "site.try":
            self._bring_back(params["version"])
            self.begin_trial(may_confirm=False)
            return {"changes": _STEPS, "version": 5, "token": "aaaaa-bbbbb"}
        self.trial = None
        given_up = name == "site.cancel"
        reason = Text("取りやめました。", "it was given up.") if given_up else None
        newest = self.history.versions()[-1]
        self.history.end(newest.number, Ending.RETURNED if given_up else Ending.CONFIRMED, _now(), reason)
        return True

    def _bring_back(self, number: int) -> None:
        former = self.history.version(number)
        again = replace(former, began=_now(), role="vendor", name="vendor", copy_of=number, trial=True)
        self.history.begin(replace(again, ending=None, ended="", reason=None), "sealed")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
