"""The rules: what the facts say about each thing, one at a time. Who explains whom is `roots`' part."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from appliance.health.causes import LINE_REASONS, PROOF_REASONS, SECURITY
from appliance.health.certificates import certificates
from appliance.health.facts import Facts, Seen
from appliance.health.maintenance import maintenance
from appliance.health.model import State
from appliance.health.push import push
from appliance.health.strangers import strangers
from appliance.health.titles import TITLES, helper_title, line_title, tunnel_title
from appliance.health.verdict import Expected, Verdict, light, listed, unknown, worst_first
from appliance.text import Text

SETTLING = 5.0
"""Seconds. A success counts against a failure only if it came this much later than the failure began: one that
was under way when the line broke must not hide the break."""

STARTING = 15.0
"""Seconds. DHCP, and after it the tunnels, need some before they work for the first time; staff must not be sent
to the line equipment meanwhile."""


def judge(facts: Facts, expected: Expected, now: float) -> tuple[Verdict, ...]:
    """The lights, nearest to the clinic first; those for push channels and maintenance where there are any."""
    tunnel = _tunnel(facts, expected, now)
    engine = _engine(facts, expected, now, tunnel)
    return (
        _router(facts, expected, now, works=engine.state in (State.OK, State.WARNING)),
        _line(facts, expected, now),
        tunnel,
        engine,
        certificates(facts, expected, now),
        *((channels,) if (channels := push(facts, expected, now)) else ()),
        *((consents,) if (consents := maintenance(facts, expected, now)) else ()),
    )


def _router(facts: Facts, expected: Expected, now: float, *, works: bool) -> Verdict:
    account = facts.fresh(now, "account.present")
    if account and not account.ok:
        return light("router", "no-account", account)
    settings = facts.fresh(now, "router.settings")
    if settings and settings.evidence.reason in ("not-applied", "no-ports", "cannot-start", "down"):
        return light("router", settings.evidence.reason, settings)
    helpers = {name: facts.fresh(now, "router.engine", name) for name in expected.helpers}
    dead = {name: seen for name, seen in helpers.items() if seen and not seen.ok}
    if dead:
        return light("router", "helper", *dead.values(), detail=listed(helper_title(name) for name in dead))
    gate = facts.fresh(now, "router.gate")
    if gate and not gate.ok:
        return light("router", "gate-keeps-former", gate)
    clock = facts.fresh(now, "router.clock")
    if clock and not clock.ok:
        return light("router", "clock-but-working" if works else "clock", clock)
    if settings and not settings.ok:
        return light("router", "settings-differ", settings)
    behind = (account, clock, settings, *helpers.values())
    if all(behind):
        return strangers(facts, now) or light("router", "ok", *behind)
    return unknown(
        "router",
        TITLES["router"],
        facts.last("account.present"),
        facts.last("router.clock"),
        facts.last("router.settings"),
        *(facts.last("router.engine", name) for name in expected.helpers),
    )


def _starting(seen: Seen, now: float) -> bool:
    """Whether a thing that does not work has simply not had the time to."""
    return not seen.worked and now - seen.began < STARTING


def _line(facts: Facts, expected: Expected, now: float) -> Verdict:
    if not expected.lines:
        return light("line", "not-set-up")
    paths = {name: seen for name in expected.tunnels if (seen := facts.fresh(now, "tunnel.path", name)) and seen.ok}
    proofs = tuple(seen for name in expected.services for seen in facts.fresh_proofs(now, name) if seen.ok)
    if len(expected.lines) == 1:
        (interface,) = expected.lines.values()
        return _one_line(facts, "line", interface, tuple(paths.values()), proofs, now)
    # Which way a proof took is not known: with two lines it says nothing about either.
    parts = tuple(
        _one_line(
            facts,
            name,
            interface,
            tuple(seen for tunnel, seen in paths.items() if _line_of(facts, tunnel, now) == name),
            (),
            now,
        )
        for name, interface in expected.lines.items()
    )
    everything = tuple(seen for part in parts for seen in part.behind)
    ordered = worst_first(parts)
    return Verdict("line", TITLES["line"], _lines_cause(parts), everything, ordered[0].values, ordered)


def _line_of(facts: Facts, tunnel: str, now: float) -> str | None:
    """Name of the line that the tunnel uses."""
    seen = facts.fresh(now, "tunnel.line", tunnel)
    return None if seen is None else seen.evidence.detail


def _lines_cause(parts: tuple[Verdict, ...]) -> str:
    """parts: in order of preference."""
    states = [part.state for part in parts]
    works = [state in (State.OK, State.WARNING) for state in states]
    if not any(works):
        return worst_first(parts)[0].cause
    if State.FAILED in states:
        return "line.no-spare" if works[0] else "line.on-spare"
    return "line.one-unknown" if State.UNKNOWN in states else worst_first(parts)[0].cause


def _one_line(
    facts: Facts, name: str, interface: str, paths: tuple[Seen, ...], proofs: tuple[Seen, ...], now: float
) -> Verdict:
    """paths, proofs: successes that went by this line."""
    found = _line_by_itself(facts, name, interface, paths, proofs, now)
    apart = facts.fresh(now, "wan.apart", interface)
    if found.state is not State.OK or apart is None or apart.ok:
        return found
    detail = Text(apart.evidence.detail, apart.evidence.detail)
    return replace(found, cause="line.same-range", behind=(*found.behind, apart), values={"detail": detail})


def _line_by_itself(
    facts: Facts, name: str, interface: str, paths: tuple[Seen, ...], proofs: tuple[Seen, ...], now: float
) -> Verdict:
    def verdict(what: str, *behind: Seen | None, detail: str = "") -> Verdict:
        title = TITLES["line"] if name == "line" else line_title(name)
        values = {"detail": Text(detail, detail)}
        return Verdict(name, title, f"line.{what}", tuple(seen for seen in behind if seen), values)

    carrier = facts.fresh(now, "wan.carrier", interface)
    address = facts.fresh(now, "wan.address", interface)
    gateway = facts.fresh(now, "wan.gateway", interface)
    reason = address.evidence.reason if address and address.evidence.reason in LINE_REASONS else "no-address"
    for seen, cause in ((carrier, "no-cable"), (address, reason)):
        if seen and not seen.ok:
            passed = [success for success in (*paths, *proofs) if success.at > seen.began + SETTLING]
            if passed:
                return verdict("ok", *passed)
            # A lease also takes its time after a cable was plugged back in.
            waiting = seen is address and cause == "no-address" and now - seen.began < STARTING
            return verdict("checking" if waiting else cause, seen, detail=seen.evidence.detail)
    if paths:
        # Many line boxes ignore pings: their silence says nothing while packets of ours come back.
        return verdict("ok", *paths)
    if gateway and not gateway.ok:
        passed = [proof for proof in proofs if proof.at > gateway.began + SETTLING]
        if passed:
            return verdict("ok", *passed)
        return verdict("checking" if _starting(gateway, now) else "gateway-silent", gateway)
    if gateway:
        return verdict("ok", gateway, carrier, address)
    title = TITLES["line"] if name == "line" else line_title(name)
    last = (facts.last(kind, interface) for kind in ("wan.carrier", "wan.address", "wan.gateway"))
    return unknown("line", title, *last, name=name)


def _tunnel(facts: Facts, expected: Expected, now: float) -> Verdict:
    account = facts.fresh(now, "account.present")
    if account and not account.ok:
        return light("tunnel", "no-account", account)
    if expected.is_direct:
        return light("tunnel", "not-used")
    parts = tuple(_one_tunnel(facts, rank, name, now) for rank, name in enumerate(expected.tunnels))
    cause, behind = _tunnel_cause(facts, expected, parts, now)
    return Verdict("tunnel", TITLES["tunnel"], cause, behind, parts=worst_first(parts))


def _tunnel_cause(
    facts: Facts, expected: Expected, parts: tuple[Verdict, ...], now: float
) -> tuple[str, tuple[Seen, ...]]:
    everything = tuple(seen for part in parts for seen in part.behind)
    states = [part.state for part in parts]
    # Nobody watches a drained path: it is no evidence that anything works.
    watched = tuple(part for part in parts if part.cause != "tunnel.drained")
    if all(part.state is not State.OK for part in watched):
        proofs = [seen for name in expected.services for seen in facts.fresh_proofs(now, name) if seen.ok]
        passed = tuple(proof for proof in proofs if watched and proof.at > _silent_since(watched) + SETTLING)
        if passed:
            return "tunnel.unwatched", passed
        if State.FAILED not in states:
            waiting = not watched or any(part.cause == "tunnel.checking" for part in watched)
            return ("tunnel.checking" if waiting else "tunnel.no-news"), everything
        causes = {part.cause for part in parts if part.state is State.FAILED}
        return (causes.pop() if len(causes) == 1 else "tunnel.all-down"), everything
    if len(watched) < len(parts):
        return "tunnel.one-drained", everything
    if State.UNKNOWN in states:
        return "tunnel.one-unknown", everything
    if State.FAILED in states:
        return ("tunnel.no-spare" if states[0] is State.OK else "tunnel.on-spare"), everything
    if any((seen := facts.fresh(now, "tunnel.pinned", name)) and seen.ok for name in expected.tunnels):
        return "tunnel.ok-pinned", everything
    carrying = facts.fresh(now, "tunnel.carrying", expected.tunnels[0])
    on_spare = len(parts) > 1 and carrying is not None and not carrying.ok
    return ("tunnel.ok-on-spare" if on_spare else "tunnel.ok"), everything


def _one_tunnel(facts: Facts, rank: int, name: str, now: float) -> Verdict:
    title = tunnel_title(rank, name)
    drained = facts.fresh(now, "tunnel.drained", name)
    if drained and drained.ok:
        return Verdict(name, title, "tunnel.drained", (drained,))
    path, engines = (facts.fresh(now, kind, name) for kind in ("tunnel.path", "tunnel.engines"))
    if path and path.ok and engines and not engines.ok:
        return Verdict(name, title, "tunnel.no-engine", (engines,))
    if path and path.ok:
        return Verdict(name, title, "tunnel.ok", (path,))
    behind, what = path, "path-down"
    for kind, cause in (("tunnel.endpoint", "name-not-found"), ("tunnel.handshake", "no-handshake")):
        seen = facts.fresh(now, kind, name)
        if seen and not seen.ok:
            behind, what = path or seen, cause
            break
    if behind is None:
        return unknown("tunnel", title, facts.last("tunnel.path", name), name=name)
    return Verdict(name, title, "tunnel.checking" if _starting(behind, now) else f"tunnel.{what}", (behind,))


def _silent_since(parts: tuple[Verdict, ...]) -> float:
    """From when on no path was seen to work (seconds of CLOCK_BOOTTIME); -inf if there never was an answer."""
    moments = [seen.began if part.state is State.FAILED else seen.at for part in parts for seen in part.behind]
    return max(moments, default=-math.inf)


def _engine(facts: Facts, expected: Expected, now: float, tunnel: Verdict) -> Verdict:
    account = facts.fresh(now, "account.present")
    if account and not account.ok:
        return light("engine", "no-account", account)
    cut = None
    if tunnel.state is State.FAILED and all(part.state is State.FAILED for part in tunnel.parts):
        cut = _silent_since(tunnel.parts) + SETTLING
    parts = tuple(
        _one_service(facts, name, now, cut, by_address=name in expected.by_address) for name in expected.services
    )
    everything = tuple(seen for part in parts for seen in part.behind)
    cause, values = _engine_cause(parts)
    return Verdict("engine", TITLES["engine"], cause, everything, values, worst_first(parts))


def _engine_cause(parts: tuple[Verdict, ...]) -> tuple[str, Mapping[str, Text]]:
    if not parts:
        return "engine.checking", {}
    failed = [part for part in parts if part.state is State.FAILED]
    refused = [part for part in failed if part.cause in SECURITY]
    if refused:
        return refused[0].cause, refused[0].values
    if failed and len(failed) < len(parts):
        return "engine.some-services", {"detail": listed(Text(part.name, part.name) for part in failed)}
    worst = worst_first(parts)[0]
    weaker = [part for part in parts if part.cause == "engine.ok-by-address"]
    if worst.state is State.OK and weaker:
        return weaker[0].cause, {"detail": listed(Text(part.name, part.name) for part in weaker)}
    return worst.cause, worst.values


def _one_service(facts: Facts, name: str, now: float, cut: float | None, *, by_address: bool) -> Verdict:
    """cut: no path since then, so a success from before it says nothing about now."""
    title = Text(f"サービス {name}", f"Service {name}")
    well, values = ("engine.ok-by-address", {"detail": Text(name, name)}) if by_address else ("engine.ok", {})
    proofs = facts.fresh_proofs(now, name)
    failed = [seen for seen in proofs if not seen.ok]
    causes = {_proof_cause(seen): seen for seen in reversed(failed)}
    refused = [cause for cause in causes if cause in SECURITY]
    passed = [seen for seen in proofs if seen.ok and (cut is None or seen.at > cut)]
    if passed and refused:
        return Verdict(name, title, "engine.some-refused", proofs)
    if passed:
        return Verdict(name, title, "engine.some-addresses" if failed else well, proofs, values)
    if failed:
        cause = (refused or list(causes))[-1]
        reason = causes[cause].evidence.reason or "?"
        return Verdict(name, title, cause, tuple(failed), {"detail": Text(reason, reason)})
    named = facts.fresh(now, "engine.name", name)
    if named and not named.ok:
        return Verdict(name, title, "engine.checking" if _starting(named, now) else "engine.name-not-found", (named,))
    if cut is not None:
        return Verdict(name, title, "engine.waiting", facts.proofs(name))
    return unknown("engine", title, *(facts.proofs(name) or (None,)), name=name)


def _proof_cause(seen: Seen) -> str:
    return PROOF_REASONS.get(seen.evidence.reason, "engine.not-proven")
