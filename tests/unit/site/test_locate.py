"""Lines found by our walk agree with what the standard parser reads."""

import tomllib
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from appliance.site.locate import lines_of

DOCUMENT = '''\
title = "a # b" # [no.table]
"quoted key".'inner' = 1

[wan]
dns = [ # first
  "198.51.100.53", # ] , "
  """multi
line ""quotes"""",
  ['x'],
]
inline = { a = 1, b.c = [2, 3] }

[[terminals]]
name = \'\'\'
x = 3
[fake]\'\'\'
when = 1979-05-27 07:32:00

[[terminals]]
[terminals.deep]
q = "\\"\\\\"
[[terminals.rows]]
[[terminals.rows]]
z = true
'''


def paths_in(value: Any, key: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path for name, inner in entries for path in ((*key, name), *paths_in(inner, (*key, name)))]


def test_everything_in_a_document_is_found() -> None:
    lines = lines_of(DOCUMENT)
    assert set(paths_in(tomllib.loads(DOCUMENT))) == set(lines)
    assert lines["quoted key", "inner"] == 2
    assert lines["wan", "dns"] == 5
    assert [lines["wan", "dns", position] for position in range(3)] == [6, 7, 9]
    assert lines["wan", "inline", "b", "c", 1] == 11
    assert lines[("terminals", 0, "when")] == 17
    assert lines[("terminals", 1)] == 19
    assert lines[("terminals", 1, "deep", "q")] == 21
    assert lines[("terminals", 1, "rows", 1, "z")] == 24


@pytest.mark.parametrize("broken", ["a", "[a", "a = {b = 1", 'a = ["x" "y"]', "a = [}", "a = {]}"])
def test_what_the_parser_refuses_never_hangs_the_walk(broken: str) -> None:
    with pytest.raises(ValueError, match="expected at"):
        lines_of(broken)


PIECES = st.sampled_from(
    ["[", "]", "[[a]]\n", "[a.b]\n", "a", "b.c", "=", '"', "'", '"""', "'''", "\\", "{", "}", ",", "\n", " ", "#"]
) | st.sampled_from(
    ["1", "true", '"x"', "'y'", "k = 1\n", "l = [1, 2]\n", "m = {n = 1}\n", "\r\n", "1979-05-27 07:32:00", "é"]
)


@given(st.lists(PIECES, max_size=24).map("".join))
@example('a = """"""\nb = 1')
@example('a = """x"""""\nb = 1')
@example("a = ''''''\nb = ''''x'''\n")
@example('a = """\\""""\nb = 1')
@example("[[a]]\n[[a.b]]\n[[a]]\n[[a.b]]\n[a.b.c]\nd = 1")
def test_whatever_the_parser_reads_the_walk_finds(text: str) -> None:
    try:
        read = tomllib.loads(text)
    except ValueError:
        try:
            lines_of(text)
        except ValueError:
            return
        return
    lines = lines_of(text)
    assert set(paths_in(read)) == set(lines)
    last = text.count("\n") + 1
    assert all(1 <= line <= last for line in lines.values())
