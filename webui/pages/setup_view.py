"""Pure: what the daemon knows of the settings being written → what the wizard's templates print, in one language.

The documents are those of the local API: ``site.draft`` (as `site.edit` answers it too), ``site.ports``,
``line.find``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import PurePosixPath
from typing import Any

from appliance.text import Language
from webui.pages.setup_forms import BLANK_ROWS, LINE_KINDS, LINE_PASSWORD, SECTIONS, TERMINAL_FIELDS, UPDATES
from webui.pages.status_view import Lamp, board
from webui.words import in_language
from webui.words.setup import WORDS

Document = Mapping[str, Any]

STEPS = ("account", "wan", "lan", "terminals", "vendor", "try", "report")
"""In the order in which a vendor goes through them; the names are those of the pages."""
_NOT_NEEDED = frozenset({"terminals", "vendor"})
"""Sections without which a router can be tried."""


@dataclass(frozen=True, slots=True)
class Step:
    """state: ``done``, ``open``, or ``wrong`` when what is written cannot be used."""

    name: str
    title: str
    state: str
    word: str
    here: bool


@dataclass(frozen=True, slots=True)
class Option:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Field:
    """kind: of the input (HTML), or ``select``. problem: what is wrong with it, empty when nothing is."""

    name: str
    label: str
    value: str = ""
    kind: str = "text"
    help: str = ""
    problem: str = ""
    options: tuple[Option, ...] = ()
    checked: bool = False

    @property
    def described(self) -> str:
        """Ids of what is said about the field (WAI-ARIA, aria-describedby)."""
        said = ((f"{self.name}-help", self.help), (f"{self.name}-problem", self.problem))
        return " ".join(name for name, text in said if text)


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together. name: of the kind of line that asks for them, empty when all do."""

    name: str
    fields: tuple[Field, ...]
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Of a terminal. was: its name until now. found: seen on the LAN and not listed."""

    number: int
    was: str
    fields: tuple[Field, ...]
    found: bool = False


def steps(draft: Document, has_account: bool, green: bool, here: str, language: Language) -> tuple[Step, ...]:
    """green: the router works with settings in force. here: the step that is being shown."""
    w = in_language(WORDS, language)
    wrong = {problem["section"] for problem in draft["problems"]}
    ready = has_account and not wrong

    def state(name: str) -> str:
        if name in SECTIONS:
            if name in wrong and name in draft["values"]:
                return "wrong"
            return "done" if name in draft["values"] and name != draft.get("unsaved") else "open"
        return "done" if {"account": has_account, "try": ready and green, "report": False}[name] else "open"

    return tuple(Step(name, w[f"{name}_title"], state(name), w[state(name)], name == here) for name in STEPS)


def account_files(files: Sequence[Document], chosen: str | None, language: Language) -> tuple[Option, ...]:
    """Where the account may come from: each one on a stick, and the visitor's own computer (value empty) at last.

    files: those of ``sticks.list``; none of them an account: nothing to choose. chosen: the value that was sent, None
    when none was. What is no longer there cannot stay chosen.
    """
    w = in_language(WORDS, language)
    paths = [PurePosixPath(file["path"]) for file in files if file["kind"] == "account"]
    if not paths:
        return ()
    labels = {str(path): w["account_stick"].format(file=path.name, stick=path.parent.name) for path in paths}
    labels[""] = w["account_upload"]
    chosen = chosen if chosen in labels else str(paths[0])
    return tuple(Option(value, label, value == chosen) for value, label in labels.items())


def lamps(status: Document, language: Language) -> Iterable[Lamp]:
    """All lights, each below the one that explains it."""
    for lamp in board(status, language).lamps:
        yield lamp
        yield from lamp.consequences


def last_trial(versions: Sequence[Document], language: Language) -> str:
    """Why what was tried last is not in force; empty when it is. versions: those of ``site.history``, newest first."""
    last = versions[0] if versions else None
    if last is None or last["ending"] not in ("returned", "failed") or last["reason"] is None:
        return ""
    reason: str = last["reason"][language]
    return reason


def following(name: str) -> str:
    """The step to go on with. What the wizard does not ask for is tried, and no more to do."""
    if name not in STEPS:
        return "try"
    return STEPS[min(STEPS.index(name) + 1, len(STEPS) - 1)]


def ready_to_try(draft: Document, has_account: bool) -> bool:
    return has_account and not draft["problems"]


def table(draft: Document, section: str) -> Document:
    """What is written in a section that is a table; people may have written anything there."""
    value = draft["values"].get(section)
    return value if isinstance(value, dict) else {}


def written(draft: Document, section: str) -> Any:
    """The same for the sections of `setup_forms`, of which one is a list of tables."""
    value = draft["values"].get(section)
    if section != "terminals":
        return table(draft, section)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def instead(draft: Document, section: str, value: Any) -> Document:
    """The draft as it would look with these values over what is written in the section, ``unsaved``."""
    if isinstance(value, dict):
        value = {**table(draft, section), **value}
    if value is None:
        return draft
    # What was wrong with the former values says nothing about these.
    others = [problem for problem in draft["problems"] if problem["section"] != section]
    return {**draft, "values": {**draft["values"], section: value}, "problems": others, "unsaved": section}


def line_form(draft: Document, ports: Sequence[Document], language: Language) -> tuple[Group, ...]:
    w = in_language(WORDS, language)
    values, said = table(draft, "wan"), _said(draft, "wan", language)
    kind = values.get("kind", "dhcp")
    kinds = tuple(Option(name, w[f"kind_{name}"], name == kind) for name in LINE_KINDS)
    taken = table(draft, "lan").get("interface")
    always = (
        _port_field(w["port"], values.get("interface") or _first(ports, lan=False), ports, taken, said, w),
        Field("kind", w["kind"], kind, "select", "", said.get("kind", ""), kinds),
        _number_field("upload_mbit", f"{w['upload_mbit']}{w['optional']}", values, said),
    )
    labels = {**w, "address": w["wan_address"]}
    groups = [Group("", always)]
    for name, asked in LINE_KINDS.items():
        fields = [_typed(field, labels[field], values if name == kind else {}, said) for field in asked]
        if name == "pppoe":
            fields.insert(1, Field(LINE_PASSWORD, w["password"], "", "password", w["password_kept"]))
        if fields:
            groups.append(Group(name, tuple(fields), w[f"kind_{name}"]))
    return tuple(groups)


def lan_form(draft: Document, ports: Sequence[Document], language: Language) -> tuple[Group, ...]:
    w = in_language(WORDS, language)
    values, said = table(draft, "lan"), _said(draft, "lan", language)
    handed = values.get("dhcp")
    handed = handed if isinstance(handed, dict) else {}
    taken = table(draft, "wan").get("interface")
    always = (
        _port_field(w["lan_port"], values.get("interface") or _first(ports, lan=True), ports, taken, said, w),
        Field(
            "address",
            w["lan_address"],
            _text(values, "address"),
            "text",
            w["lan_address_help"],
            said.get("address", ""),
        ),
        Field(
            "name", w["lan_name"], _text(values, "name") or "sekisho", "text", w["lan_name_help"], said.get("name", "")
        ),
        Field("dhcp", w["dhcp"], "on", "checkbox", w["dhcp_help"], said.get("dhcp", ""), checked="dhcp" in values),
    )
    ends = tuple(
        Field(name, label, _text(handed, name), "text", "", said.get(f"dhcp.{name}", ""))
        for name, label in (
            ("first", w["first"]),
            ("last", w["last"]),
            ("lease_hours", f"{w['lease_hours']}{w['optional']}"),
        )
    )
    return Group("", always), Group("dhcp", ends, w["dhcp"])


def terminal_rows(draft: Document, found: Sequence[Document], language: Language) -> tuple[Row, ...]:
    """The listed ones, those `found` on the LAN (``mac``, ``address``, ``name``) that are not, and room for more."""
    w = in_language(WORDS, language)
    listed = written(draft, "terminals")
    said = _said(draft, "terminals", language)
    rows = [_row(number, terminal, said, w) for number, terminal in enumerate(listed)]
    known = {str(terminal.get("mac", "")).lower() for terminal in listed}
    free = _Free(table(draft, "lan"), [one.get("address") for one in (*listed, *found)])
    for machine in found:
        if machine["mac"] not in known:
            known.add(machine["mac"])
            here = {**machine, "address": free.kept_or_next(machine["address"])}
            rows.append(_row(len(rows), here, {}, w, seen=machine["address"]))
    rows += [_row(len(rows) + number, {}, {}, w) for number in range(BLANK_ROWS)]
    return tuple(rows)


def vendor_form(draft: Document, language: Language) -> tuple[Group, ...]:
    w = in_language(WORDS, language)
    values, said = table(draft, "vendor"), _said(draft, "vendor", language)
    return (
        Group(
            "",
            (
                Field("name", w["vendor_name"], _text(values, "name"), problem=said.get("name", "")),
                Field("phone", w["vendor_phone"], _text(values, "phone"), "tel", problem=said.get("phone", "")),
            ),
        ),
    )


def update_form(draft: Document, language: Language) -> tuple[Group, ...]:
    w = in_language(WORDS, language)
    values, said = {**UPDATES, **table(draft, "update")}, _said(draft, "update", language)
    first, _, last = str(values["hours"]).partition("-")
    on = bool(values["automatic"])
    automatic = Field(
        "automatic", w["automatic"], "on", "checkbox", w["automatic_help"], said.get("automatic", ""), checked=on
    )
    hours = (
        Field("first", w["hours_first"], _clock(first), "time", w["hours_help"], said.get("hours", "")),
        Field("last", w["hours_last"], _clock(last), "time"),
    )
    days = _text(values, "days_off")
    days_off = Field("days_off", w["days_off"], days, "text", w["days_off_help"], said.get("days_off", ""))
    return Group("", (automatic,)), Group("hours", hours, w["hours"]), Group("", (days_off,))


def other_problems(draft: Document, section: str, shown: Iterable[Field], language: Language) -> tuple[str, ...]:
    """What is wrong with the section, and stands at none of the fields `shown`."""
    told = {field.problem for field in shown}
    return tuple(
        problem["text"][language]
        for problem in draft["problems"]
        if problem["section"] == section and section in draft["values"] and problem["text"][language] not in told
    )


class _Free:
    """Addresses of the planned LAN that nobody has. A machine keeps the one it has, where that is one of them."""

    def __init__(self, lan: Document, taken: Iterable[object]) -> None:
        self._hosts: Iterator[IPv4Address] = iter(())
        self._network: IPv4Network | None = None
        handed = lan.get("dhcp")
        try:
            own = IPv4Interface(str(lan.get("address")))
            ends = [IPv4Address(str(handed[end])) for end in ("first", "last")] if isinstance(handed, dict) else None
        except (KeyError, ValueError):
            return
        used = {str(own.ip), *map(str, taken)}
        self._network = own.network
        self._hosts = (
            host for host in own.network.hosts() if str(host) not in used and not (ends and ends[0] <= host <= ends[1])
        )

    def kept_or_next(self, address: str) -> str:
        """`address`, or one that is free; empty when there is none."""
        if self._network is None or IPv4Address(address) in self._network:
            return address
        return str(next(self._hosts, ""))


def _row(number: int, terminal: Document, said: Mapping[str, str], w: Mapping[str, str], seen: str = "") -> Row:
    """seen: the address that it was found at, empty for one that is listed."""
    fields = tuple(
        Field(
            f"{key}-{number}",
            f"{w[key]}{w['optional']}" if key == "internet_minutes" else w[key],
            _text(terminal, key),
            help=w["seen_at"].replace("{address}", seen) if seen and key == "address" else "",
            # The settings count terminals from 1, as people do.
            problem=said.get(f"[{number + 1}].{key}", ""),
        )
        for key in TERMINAL_FIELDS
    )
    return Row(number, "" if seen else _text(terminal, "name"), fields, bool(seen))


def _said(draft: Document, section: str, language: Language) -> dict[str, str]:
    """By the rest of the key, the first problem that each setting of the section has."""
    said: dict[str, str] = {}
    for problem in draft["problems"]:
        if problem["section"] == section and section in draft["values"]:
            said.setdefault(problem["key"].removeprefix(section).removeprefix("."), problem["text"][language])
    return said


def _first(ports: Sequence[Document], lan: bool) -> str | None:
    """The port to propose. lan: that of the LAN as the factory wrote it, else one that is not."""
    return next((port["name"] for port in ports if port["lan"] is lan), None)


def _port_field(
    label: str,
    value: object,
    ports: Sequence[Document],
    taken: object,
    said: Mapping[str, str],
    w: Mapping[str, str],
) -> Field:
    def words(port: Document) -> str:
        state = {True: f" – {w['linked']}", False: f" – {w['unlinked']}", None: ""}[port["linked"]]
        return f"{port['name']} ({port['mac']}){state}"

    free = [port for port in ports if port["name"] != taken or port["name"] == value]
    if not any(port["name"] == value for port in free) and isinstance(value, str):
        # Written, and not in this machine: shown, so that nothing is chosen in its place unseen.
        free = [*free, {"name": value, "mac": "–", "linked": None}]
    options = tuple(Option(port["name"], words(port), port["name"] == value) for port in free)
    return Field("interface", label, str(value or ""), "select", "", said.get("interface", ""), options)


def _clock(text: str) -> str:
    """As a field of that kind takes it (HTML, "valid time string"): the settings may leave the first zero out."""
    return text.strip().zfill(5) if text.strip() else ""


def _typed(name: str, label: str, values: Document, said: Mapping[str, str]) -> Field:
    return Field(name, label, _text(values, name), problem=said.get(name, ""))


def _number_field(name: str, label: str, values: Document, said: Mapping[str, str]) -> Field:
    return Field(name, label, _text(values, name), "number", problem=said.get(name, ""))


def _text(values: Document, name: str) -> str:
    value = values.get(name, "")
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
