"""Whether a version whose manifest is signed may come onto this router now. Pure: no clock, no file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from appliance.errors import SekishoError
from appliance.text import JAPAN
from appliance.update.facts import Facts, order


@dataclass(frozen=True, slots=True)
class Device:
    """version: of the system that runs. floor: generation of the newest version that was ever good here. settings:
    number of the form that they have now."""

    version: str
    hardware: str
    floor: int
    settings: int


@dataclass(frozen=True, slots=True)
class Clock:
    """now: aware. sure: a time server vouches for it."""

    now: datetime
    sure: bool


UP_TO_DATE = "firmware.up-to-date"
CLOCK = frozenset({"firmware.clock-behind", "firmware.clock-unsure"})
"""Refusals that a right clock may turn into the opposite: asked again by themselves."""


def check(facts: Facts, device: Device, clock: Clock) -> None:
    """Raises ``firmware.other-hardware``, ``up-to-date``, ``replayed``, ``older``, ``older-settings``,
    ``clock-behind``, ``clock-unsure``, ``expired``."""
    if device.hardware not in facts.hardware:
        raise SekishoError(
            "firmware.other-hardware",
            f"このファームウェアは {'、'.join(facts.hardware)} 用で、"
            f"このルーター（{device.hardware}）のものではありません。データセンターに、この機種のものを頼んでください。",
            f"This firmware is for {', '.join(facts.hardware)}, and this router is {device.hardware}: "
            "ask the data center for the one for this hardware.",
        )
    if facts.version == device.version:
        raise SekishoError(
            UP_TO_DATE,
            f"版 {facts.version} は、もう動いています。することはありません。",
            f"Version {facts.version} runs already: there is nothing to do.",
        )
    if facts.generation <= device.floor:
        raise SekishoError(
            "firmware.replayed",
            f"このファームウェア（世代 {facts.generation}）は、ここで一度使われた世代（{device.floor}）より新しくない"
            "ので、入れられません。データセンターに、最も新しいものを頼んでください。",
            f"This firmware (generation {facts.generation}) is not newer than what has been in use here (generation "
            f"{device.floor}) and is not taken: ask the data center for the newest.",
        )
    if order(facts.version) < order(device.version):
        raise SekishoError(
            "firmware.older",
            f"版 {facts.version} は、動いている版 {device.version} より古いので、入れられません。"
            "データセンターに、最も新しいものを頼んでください。",
            f"Version {facts.version} is older than {device.version}, which runs, and is not taken: "
            "ask the data center for the newest.",
        )
    if facts.settings < device.settings:
        raise SekishoError(
            "firmware.older-settings",
            f"版 {facts.version} は、いまの設定の形（{device.settings}）を知らないので、入れられません。"
            "データセンターに知らせてください。",
            f"Version {facts.version} does not know the form of the settings in force ({device.settings}) and is not "
            "taken: tell the data center.",
        )
    _check_dates(facts, clock)


def _check_dates(facts: Facts, clock: Clock) -> None:
    shown = f"{clock.now.astimezone(JAPAN):%Y-%m-%d %H:%M}"
    if clock.now < facts.issued:
        # Its signature proves that it is at least so late: the clock alone is to blame.
        raise SekishoError(
            "firmware.clock-behind",
            f"ルーターの時計（{shown}）が、このファームウェアの発行（{facts.issued.astimezone(JAPAN):%Y-%m-%d %H:%M}）"
            "より前で、合っていません。回線をつなぎ、時計が合うのを待ってから、もう一度行ってください。",
            f"The router's clock ({shown}) is wrong: this firmware was issued later "
            f"({facts.issued.astimezone(JAPAN):%Y-%m-%d %H:%M}). Connect the line, wait until the clock is right, and "
            "try again.",
        )
    if clock.now < facts.expires:
        return
    ended = f"{facts.expires.astimezone(JAPAN):%Y-%m-%d %H:%M}"
    if clock.sure:
        raise SekishoError(
            "firmware.expired",
            f"このファームウェアの受付期限（{ended}）が切れています。データセンターに、新しく発行したものを頼んでください。",
            f"This firmware could be installed until {ended}: ask the data center for a newly issued one.",
        )
    raise SekishoError(
        "firmware.clock-unsure",
        f"ルーターの時計（{shown}）では、このファームウェアの受付期限（{ended}）が切れていますが、時計が合っているか"
        "確かめられていません。回線をつなぎ、時計が合うのを待ってから、もう一度行ってください。",
        f"By the router's clock ({shown}) this firmware could be installed until {ended} only, but no time server "
        "has confirmed that clock: connect the line, wait until it is right, and try again.",
    )
