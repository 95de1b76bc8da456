"""The record on a disk: durable, mended after a power cut at any byte, bounded, and never rewritten."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from appliance.audit import record as module
from appliance.audit.budget import MOST_AT_ONCE, ONE_MORE_EVERY, Budget
from appliance.audit.chain import Known
from appliance.audit.entry import Actor, Deed
from appliance.audit.record import KEPT, Record, check, entries
from appliance.audit.selection import Selection
from appliance.errors import SekishoError

NOW = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
VENDOR = Actor("vendor", "sato", "192.0.2.20")


def deed(number: int) -> Deed:
    return Deed(VENDOR, "site.try", {"version": number}, "done")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "audit"


def written(place: Path, count: int, at: datetime = NOW) -> None:
    record = Record(place, at)
    for number in range(count):
        record.append(deed(number), at)


def numbers(place: Path, before: int | None = None, limit: int = 500) -> list[Any]:
    return [entry["number"] for entry in entries(place, before, limit)[0]]


def test_entries_newest_first_in_pages(place: Path) -> None:
    written(place, 7)
    first, more = entries(place, None, 3)
    assert ([entry["number"] for entry in first], more) == ([7, 6, 5], True)
    assert first[0]["actor"] == {"role": "vendor", "name": "sato", "address": "192.0.2.20"}
    assert (first[0]["action"], first[0]["subject"], first[0]["outcome"]) == ("site.try", {"version": 6}, "done")
    assert first[0]["at"] == "2026-11-28T08:00:00.000Z"
    assert entries(place, 5, 10)[0][0]["number"] == 4
    assert entries(place, 1, 10) == ([], False)
    assert first[1]["hash"] == first[0]["before"]


def test_entries_of_a_day_a_person_and_a_kind(place: Path) -> None:
    record = Record(place, NOW)
    days = [NOW - timedelta(days=40), NOW - timedelta(days=1), NOW]
    for at in days:
        for actor, action in ((VENDOR, "site.try"), (Actor("manager", "kato", "192.0.2.10"), "terminal.receipt")):
            record.append(Deed(actor, action, {}, "done"), at)

    def found(**wanted: Any) -> list[int]:
        return [entry["number"] for entry in entries(place, None, 500, Selection(**wanted))[0]]

    assert found(since="2026-11-27") == [6, 5, 4, 3]
    assert found(since="2026-11-27T08:00:00", until="2026-11-28T08:00:00") == [4, 3]
    assert found(until="2026-11-01") == [2, 1]
    assert found(role="manager") == found(name="kato") == found(actions=frozenset({"terminal.receipt"})) == [6, 4, 2]
    assert found(role="vendor", name="kato") == []
    assert entries(place, 6, 1, Selection(role="manager"))[1]
    (newest,) = place.glob("*-2026-11.jsonl")
    newest.write_bytes(newest.read_bytes() + b"noise\n")
    assert numbers(place)[0] is None
    assert found(role="vendor") == [5, 3, 1], "nobody knows whose that was"


def test_only_root_reads_it(place: Path) -> None:
    written(place, 1)
    assert place.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o600}


def test_a_new_start_goes_on(place: Path) -> None:
    written(place, 2)
    written(place, 2)
    assert numbers(place) == [4, 3, 2, 1]
    assert check(place)["whole"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.data())
def test_a_power_cut_at_any_byte_of_the_last_entry(tmp_path: Path, data: st.DataObject) -> None:
    """Whatever of the last line and of the head had reached the disk: nothing acknowledged is lost, all is whole."""
    place = tmp_path / "audit"
    shutil.rmtree(place, ignore_errors=True)
    written(place, 2)
    old_head = (place / "head.json").read_bytes()
    (file,) = place.glob("*.jsonl")
    acknowledged = file.stat().st_size
    written(place, 1)
    kept = data.draw(st.integers(acknowledged, file.stat().st_size))
    os.truncate(file, kept)
    whole_line = kept == file.stat().st_size and file.read_bytes().endswith(b"\n") and kept > acknowledged
    if not whole_line or data.draw(st.booleans()):
        (place / "head.json").write_bytes(old_head)
    record = Record(place, NOW)
    record.append(deed(9), NOW)
    verdict = check(place)
    assert verdict["whole"], verdict
    actions = [entry["action"] for entry in reversed(entries(place, None, 99)[0])]
    torn = acknowledged < kept and not whole_line
    assert actions == ["site.try"] * (2 + whole_line) + ["audit.mended"] * torn + ["site.try"]


def test_a_disk_that_is_full_leaves_the_record_whole(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = Record(place, NOW)
    record.append(deed(1), NOW)
    real = os.write

    def full(descriptor: int, data: Any) -> int:
        real(descriptor, bytes(data)[:5])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(module.os, "write", full)
        with pytest.raises(SekishoError) as refused:
            record.append(deed(2), NOW)
    assert refused.value.code == "audit.cannot-write"
    record.append(deed(3), NOW)
    assert numbers(place) == [2, 1]
    assert check(place)["whole"]


def test_a_file_for_each_month_whatever_the_clock_does(place: Path) -> None:
    for at in (NOW, NOW + timedelta(days=10), NOW, NOW + timedelta(days=40)):
        written(place, 1, at)
    assert [path.name for path in sorted(place.glob("*.jsonl"))] == [
        "000001-2026-11.jsonl", "000002-2026-12.jsonl", "000003-2026-11.jsonl", "000004-2027-01.jsonl",
    ]  # fmt: skip
    assert numbers(place) == [4, 3, 2, 1]
    assert check(place)["whole"]


def test_five_years_are_kept_and_the_oldest_month_goes_on_record(place: Path) -> None:
    record = Record(place, NOW)
    for month in range(KEPT + 2):
        at = datetime(2026 + month // 12, month % 12 + 1, 1, tzinfo=UTC)
        record.append(deed(month), at)
        record.append(deed(month), at)
    assert len(list(place.glob("*.jsonl"))) == KEPT
    verdict = check(place)
    assert (verdict["whole"], verdict["first"]) == (True, 5)
    dropped = [entry for entry in entries(place, None, 999)[0] if entry["action"] == "audit.month-dropped"]
    assert [entry["subject"]["file"] for entry in dropped] == ["000002-2026-02.jsonl", "000001-2026-01.jsonl"]
    # Whoever takes one more away is found.
    min(place.glob("*.jsonl")).unlink()
    fault = check(place)["faults"][0]
    assert (fault["kind"], fault["number"], fault["until"]) == ("missing", 5, 6)
    assert fault["text"]["ja"].startswith("5–6 番の記録がありません")


def test_a_power_cut_while_a_month_is_dropped(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    written(place, 2, NOW)
    written(place, 2, NOW + timedelta(days=31))
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", lambda _, **__: (_ for _ in ()).throw(OSError(errno.EIO, "cut")))
        with pytest.raises(SekishoError):
            Record(place, NOW).append(deed(1), NOW + timedelta(days=62))
    assert check(place)["whole"]
    written(place, 1, NOW + timedelta(days=62))
    assert check(place)["whole"]


@pytest.mark.parametrize(
    ("tamper", "kind"),
    [
        (lambda lines: [lines[0].replace(b"sato", b"kato"), *lines[1:]], "changed"),
        (lambda lines: [*lines[:-1], lines[-1].replace(b"sato", b"kato")], "changed"),
        (lambda lines: lines[:-1], "missing"),
        (lambda lines: lines[1:], "missing"),
        (lambda lines: [lines[1], lines[0], *lines[2:]], "missing"),
        (lambda lines: [b"\n", *lines], "unreadable"),
    ],
)
def test_tampering_with_the_file_is_found_and_stays_found(place: Path, tamper: Any, kind: str) -> None:
    written(place, 4)
    (file,) = place.glob("*.jsonl")
    lines: Sequence[bytes] = tamper(file.read_bytes().splitlines(keepends=True))
    file.write_bytes(b"".join(lines))
    assert check(place)["faults"][0]["kind"] == kind
    written(place, 3)
    assert check(place)["faults"][0]["kind"] == kind
    assert numbers(place)[:3] == [7, 6, 5]


def test_a_record_that_was_replaced_is_no_longer_the_one_that_was_noted_down(place: Path) -> None:
    written(place, 3)
    noted = check(place)
    known = Known(noted["last"], noted["hash"])
    written(place, 1)
    assert check(place, known)["whole"]
    shutil.rmtree(place)
    assert check(place)["whole"]
    written(place, 2, NOW + timedelta(seconds=1))
    assert check(place)["whole"]
    assert check(place, known)["faults"][0]["kind"] == "other-record"


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SekishoError) as refused:
        Record(tmp_path / "file", NOW)
    assert refused.value.code == "audit.cannot-write"


# ---- how much of an attack is written down ----------------------------------------------------------


@given(st.lists(st.floats(0, 3 * ONE_MORE_EVERY), max_size=400))
def test_what_is_written_of_an_attack_is_bounded_and_what_is_left_out_is_counted(steps: list[float]) -> None:
    budget = Budget()
    now, told, taken, since = 0.0, 0, 0, 0
    for step in steps:
        now += step
        left_out = budget.take(now)
        since += left_out is None
        if left_out is not None:
            assert left_out == since
            told, since, taken = told + left_out, 0, taken + 1
    assert taken <= MOST_AT_ONCE + now / ONE_MORE_EVERY
    assert taken + told + since == len(steps)
