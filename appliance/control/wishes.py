"""What the operator wants of the tunnels: kept over restarts and reboots, because work at a data center outlasts both.

A wish is only a preference: a pinned tunnel that is dead is not used, a drained one is when no other lives. So a wish
that was forgotten costs no connection; the lights go on telling of it until it is taken back.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from appliance import paths
from appliance.errors import SekishoError
from appliance.files import write_atomically

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wishes:
    """Names of tunnels. pinned: to be used whenever it lives. drained: not to be used while another lives."""

    pinned: str | None = None
    drained: frozenset[str] = frozenset()

    def of(self, tunnels: Iterable[str]) -> Wishes:
        """Those about these tunnels: another account may have other ones."""
        known = set(tunnels)
        return Wishes(self.pinned if self.pinned in known else None, self.drained & known)


def read(path: Path = paths.WISHES) -> Wishes:
    """None at all when there is no file, or one that cannot be read: the tunnels' own order is always right."""
    try:
        document = json.loads(path.read_bytes())
        pinned = document["pinned"]
        return Wishes(None if pinned is None else str(pinned), frozenset(map(str, document["drained"])))
    except FileNotFoundError:
        return Wishes()
    except (OSError, ValueError, TypeError, KeyError):
        _log.warning("%s cannot be read: nothing is pinned or drained", path)
        return Wishes()


def write(wishes: Wishes, path: Path = paths.WISHES) -> None:
    document = {"pinned": wishes.pinned, "drained": sorted(wishes.drained)}
    write_atomically(path, json.dumps(document) + "\n")


def pin(wishes: Wishes, tunnel: str | None, tunnels: Iterable[str]) -> Wishes:
    """tunnel None: no longer any. Raises SekishoError ``control.no-such-tunnel``."""
    if tunnel is not None:
        _refuse_unknown(tunnel, tunnels)
    return Wishes(tunnel, wishes.drained)


def drain(wishes: Wishes, tunnel: str, back: bool, tunnels: Iterable[str]) -> Wishes:
    """back: no longer. Raises SekishoError ``control.no-such-tunnel`` or ``control.last-tunnel``."""
    tunnels = tuple(tunnels)
    _refuse_unknown(tunnel, tunnels)
    drained = wishes.drained - {tunnel} if back else wishes.drained | {tunnel}
    if drained >= set(tunnels):
        raise SekishoError(
            "control.last-tunnel",
            f"トンネル {tunnel} を空けると、使えるトンネルが残りません。"
            "先に「sekisho tunnel drain 名前 --back」で別のトンネルを使えるようにしてください。",
            f"draining tunnel {tunnel} would leave none in use; first take another one back "
            'with "sekisho tunnel drain NAME --back".',
        )
    return Wishes(wishes.pinned, drained)


def _refuse_unknown(tunnel: str, tunnels: Iterable[str]) -> None:
    names = sorted(tunnels)
    if tunnel not in names:
        raise SekishoError(
            "control.no-such-tunnel",
            f"トンネル {tunnel} はありません。{'、'.join(names)} のどれかを指定してください。",
            f"there is no tunnel {tunnel}: name one of {', '.join(names)}.",
        )
