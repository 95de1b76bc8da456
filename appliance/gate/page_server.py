"""The router's page as the LAN sees it: a door with TLS, and one that leads there.

It has room and time of its own, so that whoever looks at the page takes none from the receipts.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from appliance.gate.admission import Admission
from appliance.gate.config import KeyPair, PageConfig
from appliance.gate.contexts import Contexts
from appliance.gate.greeting import Greeting
from appliance.gate.link import Link, TlsLink
from appliance.gate.loop import Loop
from appliance.gate.pace import Pace
from appliance.gate.profile import page_context
from appliance.gate.sockets import reset

if TYPE_CHECKING:
    from appliance.gate.page_calls import PageCalls, Redirect
    from appliance.gate.page_relay import PageRelay

CONNECTIONS = 96
CONNECTIONS_OF_A_CLIENT = 24
"""A browser opens six at once, and keeps one for each open page."""
_A_SECOND, _AT_ONCE = 25.0, 50
"""New connections. A handshake costs milliseconds on a small router, and this process has one thread."""


@dataclass(frozen=True, slots=True)
class Door:
    """What a listener leads to. admit: a new connection, and the address of who has made it. may_enter: asked before
    each; if not, they wait outside. at_once: how many may enter before others of the process have their turn."""

    admit: Callable[[socket.socket, str], None]
    may_enter: Callable[[], bool] = lambda: True
    at_once: int = 64


class Shown:
    """What a configuration of the page shows. Raises SekishoError ``gate.bad-certificate``."""

    def __init__(self, config: PageConfig) -> None:
        self.config = config
        self._of_account: WeakSet[ssl.SSLContext] = WeakSet()
        vouched = config.vouched
        self._vouched = None if vouched is None else Contexts(partial(self._make_vouched, vouched))
        self.contexts = Contexts(self._make)

    def is_vouched(self, link: Link) -> bool:
        """Whether this browser was shown the account's certificate."""
        return isinstance(link, TlsLink) and link.tls.object.context in self._of_account

    def _make(self) -> ssl.SSLContext:
        context = page_context(self.config.own.certificate, self.config.own.key)
        if self._vouched is not None:
            context.sni_callback = partial(self._asked_for, self._vouched)
        return context

    def _make_vouched(self, pair: KeyPair) -> ssl.SSLContext:
        context = page_context(pair.certificate, pair.key)
        self._of_account.add(context)
        return context

    def _asked_for(self, vouched: Contexts, sock: Any, name: str | None, _: ssl.SSLContext) -> None:
        """RFC 6066 section 3."""
        if name is not None and is_one_of(name.lower(), self.config.vouched_names):
            sock.context = vouched.newest()


class Page:
    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._shown: Shown | None = None
        self._relays: set[PageRelay] = set()
        self._admission = Admission(CONNECTIONS, CONNECTIONS_OF_A_CLIENT)
        self._pace = Pace(_A_SECOND, _AT_ONCE)

    @property
    def connections(self) -> int:
        return self._admission.count

    def prepare(self, config: PageConfig | None) -> Shown | None:
        """Raises SekishoError, and then has changed nothing."""
        if self._shown is not None and self._shown.config == config:
            return self._shown
        return None if config is None else Shown(config)

    def show(self, shown: Shown | None) -> Mapping[tuple[str, int], Door]:
        """shown: as prepared. The doors, by where they listen. Who reads already reads on, as long as there is a page
        where he found it."""
        before, self._shown = self._shown, shown
        if before and (shown is None or shown.config.listen != before.config.listen):
            for relay in list(self._relays):
                relay.close()
        if shown is None:
            return {}
        may_enter = self._may_enter
        return {
            shown.config.listen: Door(partial(self._admit, shown, "tls"), may_enter, 1),
            shown.config.redirect: Door(partial(self._admit, shown, "plain"), may_enter, 1),
        }

    def _may_enter(self) -> bool:
        return self._pace.take(time.monotonic())

    def _admit(self, shown: Shown, protocol: str, sock: socket.socket, client: str) -> None:
        if not self._admission.enter(client):
            reset(sock)
            return
        # Only once somebody looks: what reads HTTP weighs more than the rest of the gate's own code.
        from appliance.gate.page_relay import PageRelay

        relay = PageRelay(
            self._loop,
            lambda tell: Greeting(self._loop, protocol, shown.contexts.newest, sock, tell),
            partial(_dial, shown.config.process if protocol == "tls" else None),
            partial(_calls, shown, protocol, client),
            partial(self._left, client),
        )
        self._relays.add(relay)
        relay.begin()

    def _left(self, client: str, relay: PageRelay) -> None:
        self._relays.discard(relay)
        self._admission.leave(client)


def _calls(shown: Shown, protocol: str, client: str, link: Link, is_there: bool) -> PageCalls | Redirect:
    from appliance.gate.page_calls import PageCalls, Redirect

    hosts = shown.config.hosts
    if protocol == "plain":
        return Redirect((*hosts, *shown.config.vouched_names), hosts[0])
    return PageCalls(client, is_vouched=shown.is_vouched(link), is_there=is_there)


def _dial(process: str | None) -> socket.socket | None:
    """None: nobody is there, or nobody has time."""
    if process is None:
        return None
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.setblocking(False)
    with contextlib.suppress(OSError):
        # Without waiting, also when it does not block: either there is room in the listener's queue, or there is not.
        sock.connect(process)
        return sock
    sock.close()
    return None


def is_one_of(name: str, patterns: Iterable[str]) -> bool:
    """RFC 9525 section 6.3: exact, or a star for the whole left-most label."""
    return any(pattern in (name, "*." + name.partition(".")[2]) for pattern in patterns)
