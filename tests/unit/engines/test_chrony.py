"""What we tell chrony; that the time then comes and goes is for the scenarios."""

from __future__ import annotations

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from appliance.engines import chrony
from appliance.intent.compile import compile as compile_intent
from tests.builders import lab_account, lab_site
from tests.golden import golden

GOLDEN = Path(__file__).with_name("golden")
RESOLVERS = (IPv4Address("198.51.100.53"),)
OUTSIDE = {"ntp": ["ntp.time.example"], "nts": ["nts.time.example"]}


@pytest.mark.parametrize(("name", "time"), [("chrony", {}), ("chrony-with-servers-outside", OUTSIDE)])
def test_the_configuration(name: str, time: dict[str, list[str]]) -> None:
    rendered = chrony.render(compile_intent(lab_account(), lab_site(time=time)))
    assert rendered == golden(GOLDEN / f"{name}.conf", rendered)


def test_a_clock_that_is_not_ours_is_left_alone() -> None:
    intent = compile_intent(lab_account(), lab_site())
    assert "-x" in chrony.chrony_spec(intent, (), owns_clock=False).argv
    assert "-x" not in chrony.chrony_spec(intent, (), owns_clock=True).argv


def test_names_are_asked_of_the_line_and_only_where_there_are_names() -> None:
    inside = chrony.chrony_spec(compile_intent(lab_account(), lab_site()), RESOLVERS, owns_clock=True)
    assert [file.path for file in inside.files] == [chrony.CONFIG]
    outside = chrony.chrony_spec(compile_intent(lab_account(), lab_site(time=OUTSIDE)), RESOLVERS, owns_clock=True)
    assert {file.path: file.content for file in outside.files}[chrony.RESOLVERS] == "nameserver 198.51.100.53\n"
    assert (inside.resolvers, outside.resolvers) == (None, chrony.RESOLVERS)
