from datetime import UTC, date, datetime

import pytest

from appliance.control.firmware import end_in

DEBIAN = {"NAME": "Debian GNU/Linux", "ID": "debian"}


@pytest.mark.parametrize(
    ("release", "name", "end"),
    [
        (DEBIAN | {"VERSION_ID": "13"}, "Debian GNU/Linux 13", date(2030, 6, 30)),
        (DEBIAN | {"VERSION_ID": "12"}, "Debian GNU/Linux 12", date(2028, 6, 30)),
        (DEBIAN | {"VERSION_ID": "13", "SUPPORT_END": "2029-01-31"}, "Debian GNU/Linux 13", date(2029, 1, 31)),
        ({"NAME": "Sekisho", "SUPPORT_END": "2031-03-31"}, "Sekisho", date(2031, 3, 31)),
    ],
)
def test_the_system_says_until_when(release: dict[str, str], name: str, end: date) -> None:
    found = end_in(release)
    assert found is not None
    assert (found[0], found[1].date(), found[1].tzinfo) == (name, end, UTC)
    assert found[1] > datetime(end.year, end.month, end.day, 23, tzinfo=UTC)


@pytest.mark.parametrize("release", [DEBIAN, DEBIAN | {"VERSION_ID": "99"}, {"NAME": "Other", "SUPPORT_END": "soon"}])
def test_where_nobody_says_there_is_no_date(release: dict[str, str]) -> None:
    assert end_in(release) is None
