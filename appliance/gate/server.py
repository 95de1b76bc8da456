"""The gate: listeners, services and connections, and what the daemon may ask of them."""

from __future__ import annotations

import errno
import gc
import socket
import ssl
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

from appliance import memory
from appliance.errors import SekishoError
from appliance.gate.admission import Admission
from appliance.gate.config import GateConfig, ServiceConfig, page_listens
from appliance.gate.loop import READ, Loop
from appliance.gate.page_server import Door, Page
from appliance.gate.reasons import Reason
from appliance.gate.relay import Relay
from appliance.gate.service import Service
from appliance.gate.sightings import Sightings
from appliance.gate.sockets import common_name, original_destination, prepare, reset
from appliance.gate.sparing import Sparing
from appliance.gate.steps import Refuse, Side
from appliance.gate.warm import Warm

CONNECTIONS = 2000
CONNECTIONS_OF_A_TERMINAL = 200
_MANY = 200
"""Connections that have ended, after which their memory is given back."""
_BACKLOG = 512
_SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
"""The process is, or the kernel: of descriptors, or memory."""
_PAUSE_SECONDS = 0.2
_LONGEST_DETAIL = 200
"""Characters. Part of it may be what a terminal said."""

Listen = tuple[str, int]


class Gate:
    """on_refusal: called with what the daemon shall hear (`sparing`): ``{service, terminal, address, reason, detail}``,
    and of how many it is the last; None: of others. All are counted in `stats`."""

    def __init__(self, loop: Loop, on_refusal: Callable[[dict[str, str] | None, int], None], connections: int) -> None:
        self._loop = loop
        self._refused = Sparing[tuple[str, str, Reason], dict[str, str]](loop, on_refusal)
        self._broken = Sparing[tuple[str, str, Side], str](loop, _say_broken)
        self._config = GateConfig()
        self._services: dict[str, Service] = {}
        self._warm: dict[Service, Warm] = {}
        self._listeners: dict[Listen, socket.socket] = {}
        self._doors: dict[Listen, Door] = {}
        self._page = Page(loop)
        self._relays: set[Relay] = set()
        self._admission = Admission(connections, CONNECTIONS_OF_A_TERMINAL)
        self._accepted = 0
        self._refusals: dict[str, Counter[str]] = {}
        self._sightings = Sightings()
        self._ended = 0
        """Connections, since their memory was last given back."""

    # ---- what the daemon asks ----------------------------------------------------

    def configure(self, config: GateConfig) -> bool:
        """Put `config` in force. False: it was already. Raises SekishoError and then has changed nothing.

        Connections stay, unless their service or terminal is gone, its keys, anchors or name have changed, the pin
        that their engine showed is no longer listed, or a certificate that was shown has been revoked.
        """
        if config == self._config:
            return False
        made = {new.name: self._service_for(new, config) for new in config.services}
        shown = self._page.prepare(config.page)
        listens = {*(service.listen for service in config.services), *page_listens(config.page)}
        opened = self._open(listens - self._listeners.keys())
        before, self._services = self._services, {}
        for new in config.services:
            service, old = made[new.name], before.get(new.name)
            if old is service:
                terms = service.terms
                service.reconfigure(new, config.revoked)
                self._warm[service].keep_only(new.upstreams)
                if service.terms != terms:
                    self._warm[service].distrust()
            else:
                self._warm[service] = Warm(self._loop, service)
                if old is not None:
                    service.inherit_counters(old)
            self._services[new.name] = service
        for withdrawn in self._warm.keys() - set(self._services.values()):
            self._warm.pop(withdrawn).close()
        self._config = config
        self._listeners |= opened
        self._doors = {
            **{service.config.listen: Door(partial(self._admit, service)) for service in self._services.values()},
            **self._page.show(shown),
        }
        for listen in self._listeners.keys() - self._doors.keys():
            listener = self._listeners.pop(listen)
            self._loop.forget(listener.fileno())
            listener.close()
        for relay in list(self._relays):
            is_withdrawn = self._services.get(relay.service.config.name) is not relay.service
            if is_withdrawn or relay.terminal not in config.terminals or not relay.service.admits(relay.terminal):
                relay.close()
            else:
                relay.judge(relay.service.terms)
        return True

    def close(self, service: str | None, address: str | None) -> int:
        """Reset the connections of `service` (None: any) to the engine `address` (None: any). Returns how many."""
        chosen = [
            relay
            for relay in self._relays
            if service in (None, relay.service.config.name) and address in (None, relay.engine_address)
        ]
        for served, warm in self._warm.items():
            if service in (None, served.config.name):
                warm.distrust(address)
        for relay in chosen:
            relay.close()
        return len(chosen)

    def stats(self) -> dict[str, Any]:
        """Counters since the start of the process: by service, by terminal's name, by service and reason.

        certificates: of terminals, see `Sightings.report`. push: the push channels that are open or waited for, each
        ``{number, service, terminal, held, to_engine, to_terminal}``; number: of the connection, for comparing. page:
        connections of browsers to it, now.
        """
        names = self._config.terminals
        to_engine = {name: service.bytes_to_engine for name, service in self._services.items()}
        to_terminal = {name: service.bytes_to_terminal for name, service in self._services.items()}
        for relay in self._relays:
            sent, received = relay.transferred
            to_engine[relay.service.config.name] += sent
            to_terminal[relay.service.config.name] += received
        return {
            "connections": {name: service.connections for name, service in self._services.items()},
            "terminals": {names.get(ip, ip): count for ip, count in self._admission.by_terminal.items()},
            "accepted": {name: service.accepted for name, service in self._services.items()},
            "waiting": {name: self._warm[service].waiting for name, service in self._services.items()},
            "had_waited": {name: service.had_waited for name, service in self._services.items()},
            "bytes_to_engine": to_engine,
            "bytes_to_terminal": to_terminal,
            "certificates": self._sightings.report(time.monotonic()),
            "push": [
                {
                    "number": relay.number,
                    "service": relay.service.config.name,
                    "terminal": names.get(relay.terminal, relay.terminal),
                    "held": relay.is_held,
                    "to_engine": relay.transferred[0],
                    "to_terminal": relay.transferred[1],
                }
                for relay in self._relays
                if relay.is_push
            ],
            "refusals": {name: dict(reasons) for name, reasons in self._refusals.items()},
            "page": self._page.connections,
        }

    # ---- configuration -------------------------------------------------------------

    def _service_for(self, new: ServiceConfig, config: GateConfig) -> Service:
        old = self._services.get(new.name)
        return old if old and new.same_parties(old.config) else Service(new, config.revoked)

    def _open(self, wanted: set[Listen]) -> dict[Listen, socket.socket]:
        opened: dict[Listen, socket.socket] = {}
        for listen in sorted(wanted):
            listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            try:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                prepare(listener)
                listener.bind(listen)
                listener.listen(_BACKLOG)
            except OSError as error:
                for sock in (listener, *opened.values()):
                    sock.close()
                raise SekishoError(
                    "gate.cannot-listen",
                    f"ゲートがポート {listen[1]} を使えません ({error.strerror})。前の設定のまま動き続けます。",
                    f"The gate cannot listen on port {listen[1]} ({error.strerror}). "
                    "The configuration before stays in force.",
                ) from error
            opened[listen] = listener
        for listen, listener in opened.items():
            self._loop.watch(listener.fileno(), READ, partial(self._accept, listen))
        return opened

    # ---- connections -----------------------------------------------------------------

    def _accept(self, listen: Listen, _: int) -> None:
        door = self._doors[listen]
        for _ in range(door.at_once):
            if not door.may_enter():
                self._pause(listen)
                return
            try:
                sock, (terminal, _port) = self._listeners[listen].accept()
            except BlockingIOError:
                return
            except OSError as error:
                if error.errno in _SHORT:
                    self._pause(listen)
                # Else the client has gone (ECONNABORTED), or the network has (accept(2)).
                return
            sock.setblocking(False)
            door.admit(sock, terminal)

    def _pause(self, listen: Listen) -> None:
        """Leave whoever waits there alone for a moment: epoll would announce him again and again."""
        listener = self._listeners[listen]

        def go_on() -> None:
            if self._listeners.get(listen) is listener:
                self._loop.change(listener.fileno(), READ)

        self._loop.change(listener.fileno(), 0)
        self._loop.after(_PAUSE_SECONDS, go_on)

    def _admit(self, service: Service, sock: socket.socket, terminal: str) -> None:
        candidates = service.candidates(original_destination(sock))
        refusal: Reason | None = None
        if terminal not in self._config.terminals:
            refusal = Reason.UNKNOWN_TERMINAL
        elif not service.admits(terminal):
            refusal = Reason.TERMINAL_NOT_ALLOWED
        elif not service.config.open:
            refusal = Reason.SERVICE_CLOSED
        elif not candidates:
            refusal = Reason.NO_PROVEN_ENGINE
        elif not self._admission.enter(terminal):
            refusal = Reason.TOO_MANY_CONNECTIONS
        if refusal:
            reset(sock)
            self._note_refusal(service, terminal, "", Refuse(refusal))
            return
        self._accepted += 1
        relay = Relay(self._loop, service, self._warm[service], sock, terminal, candidates, self, number=self._accepted)
        self._relays.add(relay)
        service.connections += 1
        service.accepted += 1
        relay.begin()

    # ---- what relays tell ------------------------------------------------------------

    def closed(self, relay: Relay) -> None:
        self._relays.discard(relay)
        self._ended += 1
        if self._ended >= _MANY:
            # A connection's parts know each other, so that only the collector finds that nobody else knows them; left
            # to itself it comes late, and the C library keeps what it has freed.
            self._ended = 0
            gc.collect()
            memory.give_back()
        relay.service.connections -= 1
        self._admission.leave(relay.terminal)

    def refused(self, relay: Relay, refusal: Refuse) -> None:
        self._note_refusal(relay.service, relay.terminal, relay.engine_address, refusal)

    def broke(self, relay: Relay, side: Side, words: str) -> None:
        service, terminal = relay.service.config.name, relay.terminal
        who = f"{terminal} at {service} with {relay.engine_address}"
        self._broken.note((service, terminal, side), f"connection of {who} broke at the {side.value}'s side: {words}")

    def met(self, relay: Relay, mark: str, terminal: ssl.SSLObject) -> None:
        now = time.monotonic()
        if not self._sightings.note(now, mark, relay.terminal):
            ends = int(ssl.cert_time_to_seconds(str((terminal.getpeercert() or {})["notAfter"])))
            self._sightings.introduce(mark, common_name(terminal) or "", ends)
            self._sightings.note(now, mark, relay.terminal)

    def _note_refusal(self, service: Service, terminal: str, address: str, refusal: Refuse) -> None:
        self._refusals.setdefault(service.config.name, Counter())[refusal.reason] += 1
        self._refused.note(
            (service.config.name, terminal, refusal.reason),
            {
                "service": service.config.name,
                "terminal": terminal,
                "address": address,
                "reason": refusal.reason,
                "detail": refusal.detail[:_LONGEST_DETAIL],
            },
        )


def _say_broken(words: str | None, times: int) -> None:
    said = words or "connections of others broke"
    print(said if times == 1 and words else f"{said} ({times} times)", file=sys.stderr, flush=True)
