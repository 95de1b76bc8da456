"""The label: what it says, the paper it is on, and the numbers that machines get."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import SekishoError
from appliance.factory.label import Label, code, fingerprint, plain
from appliance.factory.paper import draw
from appliance.factory.serial import chosen
from appliance.secret import Secret

DIGEST = "0123456789abcdef" * 4
PASSWORD = "abcd-efgh-jkmn-pqrs"
LABEL = Label(
    model="PC Engines apu2",
    serial="SK-000101",
    name="sekisho.lan",
    address="192.168.151.1",
    log_in="vendor",
    password=Secret(PASSWORD),
    key_sha256=DIGEST,
)
CARD = "02:00:00:00:01:0a"


def test_a_label_is_of_its_size_and_its_words_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "label.pdf"
    file.write_bytes(draw(LABEL))
    about = subprocess.run(["pdfinfo", str(file)], capture_output=True, text=True, check=True, timeout=60).stdout
    assert "Pages:           1" in about
    size = next(line for line in about.splitlines() if line.startswith("Page size"))
    width, height = (float(size.split()[place]) * 25.4 / 72 for place in (2, 4))
    assert (round(width, 1), round(height, 1)) == (100.0, 62.0)
    words = subprocess.run(
        ["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    for said in ("関所", "製造番号", "SK-000101", "https://192.168.151.1/", "最初のパスワード", PASSWORD, "vendor"):
        assert said in words
    for line in fingerprint(LABEL):
        assert line in words


def test_the_code_says_the_same_as_the_print() -> None:
    assert code(LABEL) == (
        "SEKISHO1\nserial SK-000101\npage https://192.168.151.1/\nlogin vendor\n"
        f"password {PASSWORD}\nkey sha256:{DIGEST}"
    )
    assert all(said in plain(LABEL) for said in ("SK-000101", PASSWORD, "https://192.168.151.1/", "01:23:45:67"))


def test_a_label_does_not_tell_by_accident() -> None:
    assert PASSWORD not in repr(LABEL)


@pytest.mark.parametrize(
    ("given", "listed", "used", "maker", "card", "serial"),
    [
        ("A-1", ["B-1"], [], "maker1", CARD, "A-1"),
        (None, ["SK-1", "SK-2"], ["SK-1"], "maker1", CARD, "SK-2"),
        (None, [], [], "maker1", CARD, "maker1"),
        (None, [], [], "", CARD, "SK-02000000010A"),
        (None, [], [], "not a number!", CARD, "SK-02000000010A"),
    ],
)
def test_serial_numbers(
    given: str | None, listed: list[str], used: list[str], maker: str, card: str, serial: str
) -> None:
    assert chosen(given, listed, used, maker, card) == serial


@pytest.mark.parametrize(
    ("given", "listed", "used", "card", "said"),
    [
        ("../x", [], [], CARD, "bad-serial"),
        (None, ["a b c"], [], CARD, "bad-serial"),
        (None, ["SK-1"], ["SK-1"], CARD, "no-more-serials"),
        (None, [], [], "", "no-serial"),
        (None, [], [], "00:00:00:00:00:00", "no-serial"),
    ],
)
def test_no_serial_number(given: str | None, listed: list[str], used: list[str], card: str, said: str) -> None:
    with pytest.raises(SekishoError, match=rf"^factory\.{said}: "):
        chosen(given, listed, used, "", card)


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_serial_number_is_always_fit_for_a_file(maker: str, given: str) -> None:
    for serial in (chosen(None, [], [], maker, CARD), _or_none(given)):
        assert serial is None or (serial.isascii() and not {*serial} & {*"/\\ \n"} and not serial.startswith("."))


def _or_none(given: str) -> str | None:
    try:
        return chosen(given, [], [], "", CARD)
    except SekishoError:
        return None
