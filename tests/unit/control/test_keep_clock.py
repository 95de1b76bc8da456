"""The clock floor: never back, never wild, and never behind a handshake that a power cut has hidden."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.control.keep_clock import EVERY, Bounds, put_forward, read_last_seen, write_last_seen

BUILT = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
moments = st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("now", "bounds", "wanted"),
    [
        (BUILT + DAY, Bounds(BUILT), None),
        (BUILT - DAY, Bounds(BUILT), BUILT),
        (BUILT, Bounds(BUILT, not_before=BUILT + DAY), BUILT + DAY),
        (BUILT, Bounds(BUILT, last_seen=BUILT + DAY), BUILT + DAY + EVERY),
        # It has run on during the power cut: a battery, and the best clock that there is.
        (BUILT + DAY, Bounds(BUILT, last_seen=BUILT + DAY), None),
        # It once ran wild, and must not do so for ever.
        (BUILT + DAY, Bounds(BUILT, last_seen=BUILT + 900 * DAY, expires=BUILT + 365 * DAY), None),
    ],
)
def test_the_floor(now: datetime, bounds: Bounds, wanted: datetime | None) -> None:
    assert put_forward(now, bounds) == wanted


@given(moments, st.builds(Bounds, moments, st.none() | moments, st.none() | moments, st.none() | moments))
def test_never_back_and_once_is_enough(now: datetime, bounds: Bounds) -> None:
    wanted = put_forward(now, bounds)
    after = now if wanted is None else wanted
    assert after >= max(now, bounds.built)
    assert put_forward(after, bounds) is None


@given(moments, moments, moments)
def test_every_handshake_before_the_power_cut_is_in_the_past(now: datetime, seen: datetime, built: datetime) -> None:
    wanted = put_forward(now, Bounds(built, seen))
    if wanted is not None and now < seen:
        assert wanted >= seen + EVERY


def test_only_an_earlier_boot_tells(tmp_path: Path) -> None:
    file, boot = tmp_path / "last-seen", tmp_path / "boot"
    boot.write_text("first\n")
    assert read_last_seen(file, boot) is None
    before = datetime.now(UTC) - timedelta(seconds=1)
    write_last_seen(file, boot)
    assert read_last_seen(file, boot) is None
    boot.write_text("second\n")
    told = read_last_seen(file, boot)
    assert told is not None and before <= told <= datetime.now(UTC)


@pytest.mark.parametrize("content", [b"", b"yesterday first", b"2026-11-01T00:00:00 first", b"\xff\xfe first", b"1"])
def test_what_we_did_not_write_says_nothing(tmp_path: Path, content: bytes) -> None:
    file, boot = tmp_path / "last-seen", tmp_path / "boot"
    boot.write_text("second\n")
    file.write_bytes(content)
    assert read_last_seen(file, boot) is None
