"""What a support company needs to see of this router, in one file, without a secret in it."""

from __future__ import annotations

import asyncio
import base64
import json
import platform
import re
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from appliance import __version__
from appliance.control import apart, bundle_journal, holdings, line_passwords, versions
from appliance.control.diagnosing import Diagnosing
from appliance.control.keep_history import HistoryKeeper
from appliance.control.records import Records
from appliance.engines import chrony_control
from appliance.engines.bird_control import BirdControl
from appliance.errors import SekishoError
from appliance.history.past import Past
from appliance.kernel import shown
from appliance.site.history import History

_TOOLS: Mapping[str, tuple[str, ...]] = {
    "nft": ("nft", "--version"),
    "wg": ("wg", "--version"),
    "ip": ("ip", "-Version"),
    "bird": ("bird", "--version"),
    "chronyd": ("chronyd", "--version"),
    "dnsmasq": ("dnsmasq", "--version"),
    "dhcpcd": ("dhcpcd", "--version"),
}
_PPP_PLUGINS = Path("/usr/lib/pppd")
"""pppd tells its version to nobody who may not become another user; the directory of its plugins is named for it."""
_MACHINE = ("sys_vendor", "product_name", "product_serial", "board_name", "board_serial", "bios_version")
"""Of /sys/class/dmi/id: what is printed on the box."""
_FIGURES = ("uptime", "loadavg", "meminfo")
"""Of /proc."""
LIMIT = 5.0
"""Seconds for each question."""
HISTORY = 30 * 86400.0
"""Seconds of the lights' past that are told."""
MOST = 500
"""Spans of a light, and outages: the newest."""
_WORD = re.compile(r"[ -~]{1,120}")


async def make(
    records: Records,
    past: HistoryKeeper,
    diagnosing: Diagnosing,
    history: History,
    metrics: Callable[[], str],
) -> dict[str, Any]:
    """The file's name and its bytes in base64. Raises SekishoError."""
    told = {
        "lights.json": _document(_lights(records.status())),
        "checks.json": _document(diagnosing.show()),
        "metrics.txt": metrics(),
    }
    asked = await asyncio.to_thread(_asked, history, past)
    packed: bytes = await asyncio.to_thread(
        apart.call, "appliance.control.bundle_parts", "assemble", {**asked, **told}, line_passwords.LINES
    )
    name = f"sekisho-support-{datetime.now(UTC):%Y%m%d-%H%M%S}.tar.gz"
    return {"name": name, "data": base64.b64encode(packed).decode()}


def _asked(history: History, past: HistoryKeeper) -> dict[str, str]:
    return {
        "lights-history.json": _document(_or_why(lambda: _past(past.past(HISTORY)))),
        **shown.texts(),
        "versions.json": _document(_versions()),
        "machine.json": _document(_machine()),
        "settings-history.json": _document(versions.listing(history)),
        "trust.json": _document(_or_why(holdings.trust_shown)),
        "bird.txt": "\n".join(_bird()) + "\n",
        "chrony.txt": "\n".join(_chrony()) + "\n",
        "journal.txt": bundle_journal.excerpt(),
    }


def _lights(status: dict[str, Any]) -> dict[str, Any]:
    """Without the words, in which names stand that people gave."""
    codes = ("name", "state", "cause", "root", "since", "evidence_age")
    return {
        **{name: status[name] for name in ("at", "carrying", "trial")},
        "terminals": [{"name": one["name"], "state": one["state"]} for one in status["terminals"]],
        "lights": [
            {name: light[name] for name in codes}
            | {"parts": [{name: part[name] for name in codes} for part in light["parts"]]}
            for light in status["lights"]
        ],
    }


def _past(past: Past) -> dict[str, Any]:
    """Codes and Unix times, without the words of then."""
    spans = {
        name: [[round(span.began), round(span.ended), span.shown.state, span.shown.cause] for span in found[-MOST:]]
        for name, found in past.lights.items()
    }
    outages = [
        [one.kind.value, round(one.began), round(one.seconds), one.ending.value, one.shown.cause if one.shown else None]
        for one in past.outages[-MOST:]
    ]
    return {"lights": spans, "outages": outages}


def _document(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n"


def _or_why(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except (SekishoError, RuntimeError) as error:
        return f"not to be had: {error}"


def _versions() -> dict[str, str]:
    found = {
        "sekisho": __version__,
        "python": sys.version.split()[0],
        "openssl": ssl.OPENSSL_VERSION,
        "kernel": platform.release(),
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
    }
    plugins = [path.name for path in _PPP_PLUGINS.glob("*")]
    return found | {name: _version(command) for name, command in _TOOLS.items()} | {"pppd": ", ".join(plugins)}


def _version(command: tuple[str, ...]) -> str:
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return "not to be had"
    first = (done.stdout or done.stderr).splitlines()[:1]
    found = _WORD.search(first[0]) if first else None
    return found[0] if found else "not to be had"


def _machine() -> dict[str, str]:
    dmi = {name: _read(Path("/sys/class/dmi/id", name)) for name in _MACHINE}
    return dmi | {name: _read(Path("/proc", name)) for name in _FIGURES}


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _bird() -> Iterator[str]:
    bird = BirdControl()
    for command in ("show status", "show protocols all", "show bfd sessions", "show route all"):
        yield f"> {command}"
        yield from _lines(lambda: bird.shown(command))  # noqa: B023


def _chrony() -> Iterator[str]:
    yield from _lines(lambda: [str(chrony_control.tracking())])
    yield from _lines(lambda: [str(source) for source in chrony_control.sources()])


def _lines(ask: Callable[[], list[str]]) -> list[str]:
    try:
        return ask()
    except SekishoError as error:
        return [f"not to be had: {error.code}"]
