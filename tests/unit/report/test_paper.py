from __future__ import annotations

import re
import shutil
import subprocess
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance import font
from appliance.errors import SekishoError
from appliance.report import paper
from appliance.report.compose import compose
from appliance.text import Language
from tests.unit.report.conftest import gathered


def read(pdf: bytes, tmp_path: Path) -> str:
    file = tmp_path / "report.pdf"
    file.write_bytes(pdf)
    return subprocess.run(
        ["pdftotext", "-layout", str(file), "-"], capture_output=True, text=True, check=True, timeout=60
    ).stdout


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_reader_of_pdfs_finds_the_words(well: dict[str, Any], language: Language, tmp_path: Path) -> None:
    assert shutil.which("pdftotext"), "install poppler-utils (make test does)"
    report = compose(well, language)
    text = re.sub(r"\s", "", read(paper.draw(report), tmp_path))
    for words in (report.title, report.clinic, report.number, report.verdict, report.signature_words[1]):
        assert re.sub(r"\s", "", words) in text
    assert "1/" in text


def test_the_same_report_is_the_same_paper(well: dict[str, Any]) -> None:
    assert paper.printed(well, "ja") == paper.printed(deepcopy(well), "ja")


def test_the_font_is_inside(well: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "report.pdf"
    file.write_bytes(paper.printed(well, "ja")[0])
    fonts = subprocess.run(["pdffonts", str(file)], capture_output=True, text=True, check=True, timeout=60).stdout
    rows = [line.split() for line in fonts.splitlines()[2:] if "IPAex" in line]
    assert rows
    # Columns from the right: object ID (2), uni, sub, emb.
    assert all(row[-5] == "yes" for row in rows)


def test_without_the_font_it_says_what_to_install(
    well: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(font, "FILE", tmp_path / "none.ttf")
    monkeypatch.setattr(font, "NAME", "NotThere")
    with pytest.raises(SekishoError, match="fonts-ipaexfont-gothic") as refusal:
        paper.draw(compose(well, "ja"))
    assert refusal.value.code == "report.no-font"


@settings(max_examples=15, deadline=None)
@given(st.text(st.characters(codec="utf-8"), max_size=300), st.integers(0, 60))
def test_whatever_a_detail_or_a_name_says_it_can_be_drawn(words: str, terminals: int) -> None:
    material = gathered()
    material["evidence"][0]["detail"] = words
    material["status"]["clinic"]["name"] = {"ja": words, "en": words}
    material["site"]["terminals"] = terminals * [{"name": words, "label": words, "address": "192.0.2.10", "mac": ""}]
    assert paper.printed(material, "ja")[0].startswith(b"%PDF-")
