"""What a machine is called: pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from appliance.errors import SekishoError

_FORM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,31}")


def chosen(given: str | None, listed: Iterable[str], used: Collection[str], maker: str, card: str) -> str:
    """The serial number of this machine: the one that was given, else the next of the factory's list, else the
    maker's, else that of its card.

    given: by whoever makes it. listed: on the factory's stick. used: those of the list that have a label already.
    maker: as SMBIOS says it, empty where it says nothing. card: hardware address of the LAN's port, empty where there
    is none. Raises SekishoError ``factory.bad-serial``, ``factory.no-more-serials``, ``factory.no-serial``.
    """
    if given is not None:
        return _checked(given)
    serials = [_checked(one) for one in listed]
    if serials:
        free = next((one for one in serials if one not in used), None)
        if free is None:
            raise SekishoError(
                "factory.no-more-serials",
                "USB メモリーに書いてある製造番号はすべて使われているので、番号を書き足してください。",
                "All serial numbers on the stick are used: add more to its list.",
            )
        return free
    if _FORM.fullmatch(maker):
        return maker
    digits = card.replace(":", "").upper()
    if re.fullmatch(r"[0-9A-F]{12}", digits) and digits != "0" * 12:
        return f"SK-{digits}"
    raise SekishoError(
        "factory.no-serial",
        "この機器には製造番号がないので、「sekisho factory make --serial 番号」で決めてください。",
        "This machine has no serial number: give it one with `sekisho factory make --serial NUMBER`.",
    )


def _checked(serial: str) -> str:
    if _FORM.fullmatch(serial) is None:
        raise SekishoError(
            "factory.bad-serial",
            f"製造番号「{serial[:40]}」は使えないので、英数字と . _ - だけの 3〜32 文字にしてください。",
            f'"{serial[:40]}" is no serial number: take 3 to 32 letters, digits or . _ -.',
        )
    return serial
