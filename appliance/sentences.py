"""What a plan or an apply changes, as sentences: the same on the console and on the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from appliance.text import Text


def in_sentences(changes: Sequence[Mapping[str, Any]], elsewhere: Text) -> Iterator[Text]:
    """One for each change (as the local API tells them); the kernel's switches, which would bury the rest, are counted
    where the first stands. elsewhere: where those can be read one by one.
    """
    switches = sum(change["subsystem"] == "sysctl" for change in changes)
    counted = False
    for change in changes:
        if change["subsystem"] != "sysctl":
            yield Text(change["text"]["ja"], change["text"]["en"])
        elif not counted:
            counted = True
            yield Text(
                f"カーネルの設定を {switches} 項目そろえます{elsewhere.ja}。",
                f"set {switches} kernel {'switch' if switches == 1 else 'switches'}{elsewhere.en}",
            )
