"""The documents that vendors copy from agree with what the router accepts."""

import re
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from appliance.site.keys import EXPECTED
from appliance.site.load import load, parse
from appliance.site.model import Site

DOCS = Path(__file__).parents[3] / "docs"


def models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for inner in get_args(annotation) for model in models_in(inner)]


def keys_of(model: type[BaseModel], prefix: str = "") -> set[str]:
    found = set()
    for name, field in model.model_fields.items():
        key = prefix + name
        found.add(key)
        is_list = "tuple" in str(get_origin(field.annotation))
        if is_list:
            key += "[]"
            found.add(key)
        for inner in models_in(field.annotation):
            found |= keys_of(inner, f"{key}.")
    return found


def test_every_key_of_the_model_can_be_explained() -> None:
    assert keys_of(Site) == set(EXPECTED)


def test_every_key_is_in_the_page_for_vendors() -> None:
    page = (DOCS / "site.md").read_text()
    described = set(re.findall(r"^\| `([a-z0-9_.\[\]]+)` \|", page, re.MULTILINE))
    leaves = {key for key in EXPECTED if not any(other.startswith((f"{key}.", f"{key}[")) for other in EXPECTED)}
    # The second line has the first one's keys, and the page says so in a sentence.
    leaves = {key for key in leaves if not key.startswith("backup_wan.")}
    assert described == {leaf.removesuffix("[]") for leaf in leaves}


def test_both_lines_have_the_same_keys() -> None:
    def of(line: str) -> dict[str, object]:
        return {key.removeprefix(line): text for key, text in EXPECTED.items() if key.startswith(f"{line}.")}

    assert of("backup_wan") == of("wan")


def test_the_example_is_the_lab_s_clinic() -> None:
    site = load(DOCS / "site.example.toml")
    assert site.wan.kind == "dhcp"
    assert str(site.lan.address) == "192.0.2.1/26"
    assert [(terminal.mac, str(terminal.address)) for terminal in site.terminals] == [
        ("02:00:00:00:02:10", "192.0.2.10"),
        ("02:00:00:00:02:11", "192.0.2.11"),
    ]


def test_the_example_with_a_fixed_line_parses_too() -> None:
    text = (DOCS / "site.example.toml").read_text().replace('kind = "dhcp"', 'kind = "static"')
    assert parse(re.sub(r"^# (?=address|gateway|dns)", "", text, flags=re.MULTILINE)).wan.kind == "static"


@pytest.mark.parametrize(("key", "expected"), EXPECTED.items())
def test_explanations_have_both_languages(key: str, expected: Any) -> None:
    assert expected.ja
    assert expected.en.isascii()
