"""Whatever is seen, in whatever order: the promises that every board of lights keeps."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance.health.board import Board, Expected, headline
from appliance.health.causes import CAUSES, PROOF_REASONS
from appliance.health.facts import FRESHNESS
from appliance.health.model import KINDS, Evidence, Light, State

TUNNELS = ("dc1", "dc2")
SERVICES = ("receipt", "receipt-gate")
ADDRESSES = ("203.0.113.17", "203.0.113.33")
SUBJECTS: dict[str, tuple[str, ...]] = {
    "wan": ("wan0",),
    "tunnel": TUNNELS,
    "engine": SERVICES,
    "certificate": ("account", "identity", "terminal:reception", "terminal:office", "revocations:Example CA"),
    "push": ("reception", "office"),
    "maintenance": ("reception", "office"),
    "account": ("",),
    "router": ("", "bird", "dnsmasq"),
    "lan": ("192.0.2.10 02:00:00:00:02:99", "192.0.2.40 02:00:00:00:02:98"),
}
REASONS = st.sampled_from(["", "something-new", "another-card", "not-listed", "waiting", "lost", *PROOF_REASONS])


@st.composite
def observations(draw: st.DrawFn) -> tuple[str, str, bool, str, str]:
    kind = draw(st.sampled_from(sorted(KINDS)))
    subject = draw(st.sampled_from(SUBJECTS[kind.partition(".")[0]]))
    if kind == "engine.proof":
        subject = f"{subject}@{draw(st.sampled_from(ADDRESSES))}"
    detail = draw(st.sampled_from(["", "-1", "0", "6", "29", "59", "400", "many"]))
    if kind == "maintenance.consent":
        # It was looked at; what was seen is no fault.
        return kind, subject, True, draw(st.sampled_from(["closed", "open", "in-use", "something-new"])), detail
    ok = draw(st.booleans())
    return kind, subject, ok, "" if ok else draw(REASONS), detail


EXPECTATIONS = st.builds(
    Expected,
    lines=st.sampled_from([{}, {"wan": "wan0"}, {"wan": "wan0", "backup_wan": "usb0"}]),
    tunnels=st.sampled_from([(), TUNNELS[:1], TUNNELS, TUNNELS[::-1]]),
    services=st.sampled_from([(), SERVICES[:1], SERVICES]),
    certificates=st.sampled_from([(), ("account",), ("account", "identity")]),
    helpers=st.sampled_from([(), ("bird", "dnsmasq")]),
    by_address=st.sampled_from([frozenset(), frozenset(SERVICES[:1])]),
    lists=st.sampled_from([(), ("revocations:Example CA",)]),
    terminals=st.sampled_from([{}, {"reception": "受付", "office": "診察室"}]),
    listed=st.sampled_from([frozenset(), frozenset({"192.0.2.10 02:00:00:00:02:99"})]),
)


def flat(lights: tuple[Light, ...], above: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Light]]:
    for light in lights:
        yield (*above, light.name), light
        yield from flat(light.parts, (*above, light.name))


class Boards(RuleBasedStateMachine):
    """Two boards fed alike (equal lights: nothing but the evidence decides), and a plain list of what was told."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.board, self.twin = Board(), Board()
        self.expected = Expected()
        self.told: list[Evidence] = []
        self.before: dict[tuple[str, ...], Light] = {}
        self.lights: tuple[Light, ...] = ()

    @rule(observation=observations(), late=st.sampled_from([0.0, 0.0, 0.0, 3.0, 40.0]))
    def see(self, observation: tuple[str, str, bool, str, str], late: float) -> None:
        kind, subject, ok, reason, detail = observation
        self._tell(Evidence(kind, subject, ok, self.now - late, reason, detail))

    @rule()
    def all_is_well(self) -> None:
        for kind in KINDS:
            for subject in SUBJECTS[kind.partition(".")[0]]:
                for address in ADDRESSES if kind == "engine.proof" else ("",):
                    name = f"{subject}@{address}" if address else subject
                    self._tell(Evidence(kind, name, True, self.now, detail="400"))

    @rule(seconds=st.sampled_from([0.1, 1.0, 4.0, 6.0, 31.0, 61.0, 200.0, 90000.0]))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(expected=EXPECTATIONS)
    def expect(self, expected: Expected) -> None:
        self.expected = expected
        self.told = [evidence for evidence in self.told if expected.wants(evidence.kind, evidence.subject)]
        self.board.expect(expected)
        self.twin.expect(expected)

    @precondition(lambda self: self.expected.tunnels)
    @rule()
    def twin_is_asked_in_between(self) -> None:
        self.board.carrying(self.now)

    def _tell(self, evidence: Evidence) -> None:
        self.told.append(evidence)
        self.board.record(evidence)
        self.twin.record(evidence)

    def _freshly_seen(self, *kinds: str) -> bool:
        return any(
            evidence.ok and evidence.kind in kinds and self.now - evidence.at <= FRESHNESS[evidence.kind]
            for evidence in self.told
        )

    @invariant()
    def promises(self) -> None:
        self.lights = self.board.lights(self.now)
        assert self.lights == self.twin.lights(self.now), "deterministic"
        self._nothing_is_green_without_fresh_evidence()
        self._roots_have_failed_themselves()
        self._since_moves_only_with_state_or_cause()
        self._words_are_complete()

    def _nothing_is_green_without_fresh_evidence(self) -> None:
        end_to_end = ("tunnel.path", "engine.proof")
        needed = {
            "router": ("router.settings",),
            "line": ("wan.gateway", *end_to_end),
            "tunnel": ("tunnel.path",),
            "engine": ("engine.proof",),
            "certificates": ("certificate.days", "certificate.list"),
            "push": ("push.channel",),
            "maintenance": ("maintenance.consent",),
        }
        for name, light in flat(self.lights):
            if light.state is State.OK:
                assert self._freshly_seen(*needed[name[0]]), light
                assert light.evidence_age is not None
                assert all(part.state is State.OK for part in light.parts)
            if light.state is State.FAILED:
                assert light.evidence_age is not None, "a failure was seen, not assumed"

    def _roots_have_failed_themselves(self) -> None:
        lights = {light.name: light for light in self.lights}
        assert sorted(lights.keys() - {"push", "maintenance"}) == ["certificates", "engine", "line", "router", "tunnel"]
        for light in self.lights:
            if light.root is not None:
                root = lights[light.root]
                assert root.state is State.FAILED
                assert root.root is None
                assert light.state in (State.FAILED, State.UNKNOWN)
                assert self.lights.index(root) < self.lights.index(light)
        assert self.lights[0].root is None
        if any(light.state is State.FAILED for light in self.lights):
            assert self.lights[0].state is State.FAILED

    def _since_moves_only_with_state_or_cause(self) -> None:
        shown = dict(flat(self.lights))
        for name, light in shown.items():
            before = self.before.get(name)
            if before is not None and (before.state, before.cause) == (light.state, light.cause):
                assert light.since == before.since
            else:
                assert light.since == self.now
        self.before = shown

    def _words_are_complete(self) -> None:
        for _, light in flat(self.lights):
            assert CAUSES[light.cause].state is light.state
            assert "{" not in light.summary.ja + light.summary.en + light.advice.ja + light.advice.en
        above = headline(self.lights)
        assert above.state is self.lights[0].state
        assert above.text.ja
        assert above.text.en


TestBoards = Boards.TestCase
TestBoards.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
