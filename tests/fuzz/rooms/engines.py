"""What the daemons that we run say of their work, and through them the peers that they talk with."""

from __future__ import annotations

from appliance.engines import session_log
from appliance.engines.bird_control import ReplyReader, parse_bfd_sessions, parse_next_hop
from tests.fuzz.target import target


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
