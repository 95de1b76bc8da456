"""The settings' forms: there and back, and what an older version finds."""

import json
import tomllib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from appliance.control import in_force
from appliance.control.in_force import InForce
from appliance.site import load
from appliance.site.schema import SCHEMA, STEPS, lowered, raised

EXAMPLE = (Path(__file__).parents[3] / "docs/site.example.toml").read_text()
UPDATE = '\n# 夜だけ / at night only\n[update]\nhours = "23:00-4:00"\ndays_off = "1-10, 25"\n'


def test_a_form_for_each_step() -> None:
    assert len(STEPS) == SCHEMA - 1


@given(st.sampled_from(["# 設定\n", "", "\ufeff"]), st.integers(1, SCHEMA))
def test_what_an_older_form_can_say_comes_back_as_it_was(before: str, schema: int) -> None:
    text = before + EXAMPLE
    assert lowered(raised(text, schema), schema) == text
    assert raised(lowered(text, schema), schema) == text


@given(
    st.sampled_from([UPDATE, UPDATE + '[vendor]\nname = "[update]"\nphone = "03-0000-0000"\n', '[[x]]\ny="update"\n']),
)
def test_only_what_the_older_form_cannot_say_is_left_out(added: str) -> None:
    text = EXAMPLE.split("[vendor]")[0] + added
    first = tomllib.loads(lowered(text, 1))
    expected = tomllib.loads(text)
    expected.pop("update", None)
    assert first == expected


def test_the_version_before_finds_its_own_form_and_the_newer_one_all_of_it(tmp_path: Path) -> None:
    text = EXAMPLE + UPDATE
    load.parse(text)
    file = tmp_path / "in-force.json"
    in_force.write(InForce("sealed", text), file)
    assert in_force.read(file) == InForce("sealed", text)
    written = json.loads(file.read_bytes())
    # As the versions of the first form read it.
    assert "update" not in tomllib.loads(written["site"])
    assert load.parse(written["site"]).wan == load.parse(text).wan
    # And what they write is taken over again.
    file.write_text(json.dumps({"account": "sealed", "site": written["site"]}))
    found = in_force.read(file)
    assert found is not None
    assert load.parse(found.site).update == load.parse(EXAMPLE).update


def test_a_form_of_a_version_to_come_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "in-force.json"
    file.write_text(json.dumps({"account": "a", "site": "one", "sites": {"2": "two", "3": "three", "4": "four"}}))
    assert in_force.read(file) == InForce("a", "three")
