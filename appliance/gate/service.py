"""One terminated service at run time: its TLS contexts, its sessions with engines, its counters."""

from __future__ import annotations

import ssl
import time
from functools import partial
from typing import TYPE_CHECKING

from appliance.gate.config import ServiceConfig
from appliance.gate.contexts import Contexts
from appliance.gate.link import Link, TlsLink
from appliance.gate.profile import client_context, server_context
from appliance.gate.sockets import common_name
from appliance.gate.steps import Terms

if TYPE_CHECKING:
    from appliance.gate.calls import Calls

_SESSION_SECONDS = 600.0
"""A resumed handshake shows no certificate: so long may it lean on the one that was pinned."""


class Service:
    def __init__(self, config: ServiceConfig, revoked: frozenset[str]) -> None:
        """revoked: see `GateConfig`. Raises SekishoError ``gate.bad-certificate``."""
        self.config = config
        self.terms = _terms(config, revoked)
        self.connections = 0
        self.accepted = 0
        self.had_waited = 0
        """Connections for which one to the engine was waiting."""
        self.bytes_to_engine = 0
        self.bytes_to_terminal = 0
        self.engine_context = client_context(config.trust_anchors, config.identity.certificate, config.identity.key)
        self._terminal_contexts: Contexts | None = None
        if (presented := config.presented) is not None:
            # Now, so that certificates that cannot be loaded are refused with the configuration.
            anchors, by_address = config.terminal_anchors, config.by_address
            self._terminal_contexts = Contexts(
                lambda: server_context(presented.certificate, presented.key, anchors, by_address=by_address)
            )
        self._sessions: dict[str, tuple[float, ssl.SSLSession]] = {}

    def reconfigure(self, config: ServiceConfig, revoked: frozenset[str]) -> None:
        """config: one with the same parties."""
        terms = _terms(config, revoked)
        # A session leans on what was asked for when it began.
        stay = config.upstreams if terms == self.terms else ()
        self.terms = terms
        self._sessions = {ip: kept for ip, kept in self._sessions.items() if ip in stay}
        self.config = config

    def inherit_counters(self, other: Service) -> None:
        self.accepted, self.had_waited, self.bytes_to_engine, self.bytes_to_terminal = (
            other.accepted,
            other.had_waited,
            other.bytes_to_engine,
            other.bytes_to_terminal,
        )

    def terminal_context(self) -> ssl.SSLContext:
        """Once for each connection."""
        if self._terminal_contexts is None:
            raise ValueError("terminals of this service do not speak TLS")
        return self._terminal_contexts.newest()

    def admits(self, terminal: str) -> bool:
        """terminal: its address."""
        return self.config.terminals is None or terminal in self.config.terminals

    def calls_of(self, terminal: Link, address: str) -> Calls | None:
        """For one connection; None where nobody minds what terminals call."""
        access = self.config.access
        if access is None:
            return None
        # Only where it is needed: it weighs more than the rest of the gate's own code.
        from appliance.gate.calls import Calls

        shown = common_name(terminal.tls.object) if isinstance(terminal, TlsLink) else None
        return Calls(partial(access.permits, access.level_of(shown, address)))

    def candidates(self, original_destination: str | None) -> tuple[str, ...]:
        """Proven engines, the one that the terminal meant first."""
        upstreams = self.config.upstreams
        if original_destination not in upstreams:
            return upstreams
        return (original_destination, *(ip for ip in upstreams if ip != original_destination))

    def session(self, address: str) -> ssl.SSLSession | None:
        kept = self._sessions.get(address)
        return kept[1] if kept and time.monotonic() - kept[0] < _SESSION_SECONDS else None

    def keep_session(self, address: str, session: ssl.SSLSession | None) -> None:
        if session is not None and session.has_ticket and address in self.config.upstreams:
            self._sessions[address] = (time.monotonic(), session)


def _terms(config: ServiceConfig, revoked: frozenset[str]) -> Terms:
    return Terms(config.pins, revoked, by_address=config.by_address or config.protocol == "plain")
