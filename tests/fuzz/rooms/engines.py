"""What the daemons that we run say of their work, and through them the peers that they talk with; and what they were
told."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from appliance.engines import session_log
from appliance.engines import told as told_before
from appliance.engines.bird_control import ReplyReader, parse_bfd_sessions, parse_next_hop
from appliance.intent.compile import compile as compile_intent
from tests.builders import lab_account, lab_site
from tests.fuzz.target import target

_SCRATCH = TemporaryDirectory()
_FILE = Path(_SCRATCH.name) / "told"
_INTENT = compile_intent(lab_account(), lab_site())


@target()
def bird(data: bytes) -> None:
    reader = ReplyReader()
    try:
        for at in range(0, len(data), 64):
            reply = reader.feed(data[at : at + 64])
            if reply is not None:
                parse_bfd_sessions(reply)
                parse_next_hop(reply)
    except ValueError:
        pass


@target(words=tuple(session_log._SAYINGS))
def pppd(log: bytes) -> None:
    assert session_log.fault(log.decode(errors="replace")) in (None, "no-server", "login-refused", "no-ip")


@target(longest=4096)
def told(written: bytes) -> None:
    """A file of ours after a disk's fault, or another hand: what it tells is another matter, but the daemon starts."""
    _FILE.write_bytes(written)
    told_before.answers(_FILE)
    names = {tunnel.name for tunnel in _INTENT.tunnels}
    assert told_before.standings(_INTENT, _FILE).keys() <= names
