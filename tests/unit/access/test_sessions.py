"""Sessions end: by themselves, with the password, and with the process; tickets are good once."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from appliance.access.sessions import ABSOLUTE, IDLE, MOST, Sessions, digest
from appliance.access.tickets import LIFE, TRIES, Tickets

NAMES = st.sampled_from(["vendor", "manager"])


class Story(RuleBasedStateMachine):
    """What a token is good for, beside a list that is as simple as can be."""

    tokens = Bundle("tokens")

    def __init__(self) -> None:
        super().__init__()
        self.sessions = Sessions()
        self.now = 0.0
        self.made = 0
        self.alive: dict[str, tuple[str, float, float]] = {}

    @rule(target=tokens, name=NAMES)
    def log_in(self, name: str) -> str:
        self._tick()
        self.made += 1
        token = f"token {self.made}"
        self.sessions.open(token, name, "vendor", "192.0.2.1", False, self.now)
        own = sorted(
            (seen, self_token)
            for self_token, (of, _, seen) in self.alive.items()
            if of == name and self._is(self_token)
        )
        for _, oldest in own[: max(0, len(own) - MOST + 1)]:
            del self.alive[oldest]
        self.alive[token] = (name, self.now, self.now)
        return token

    def _is(self, token: str) -> bool:
        _, began, seen = self.alive[token]
        return self.now - seen < IDLE and self.now - began < ABSOLUTE

    @rule(token=tokens)
    def use(self, token: str) -> None:
        self._tick()
        expected = token in self.alive and self._is(token)
        found = self.sessions.whose(token, self.now)
        assert (found is not None) == expected
        if found is not None:
            name, began, _ = self.alive[token]
            assert (found.name, found.id) == (name, digest(token))
            self.alive[token] = (name, began, self.now)

    @rule(token=consumes(tokens))
    def log_out(self, token: str) -> None:
        self.sessions.close(digest(token))
        self.alive.pop(token, None)

    @rule(name=NAMES)
    def change_password(self, name: str) -> None:
        self.sessions.close_all(name)
        self.alive = {token: one for token, one in self.alive.items() if one[0] != name}

    @rule(seconds=st.sampled_from([1.0, 60.0, IDLE - 1, IDLE, ABSOLUTE / 3]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    def _tick(self) -> None:
        # Never the same moment twice: which of two was used longest ago would be chance.
        self.now += 0.001

    @invariant()
    def the_list_is_theirs(self) -> None:
        for name in ("vendor", "manager"):
            own = {digest(token): seen for token, (of, _, seen) in self.alive.items() if of == name and self._is(token)}
            listed = self.sessions.of(name, self.now)
            assert [one.id for one in listed] == sorted(own, key=lambda one: -own[one])

    @invariant()
    def nobody_else(self) -> None:
        assert self.sessions.whose("", self.now) is None
        assert self.sessions.whose("a guess", self.now) is None

    @invariant()
    def no_token_is_kept(self) -> None:
        assert not [one for one in self.sessions._open if one.startswith("token")]


Story.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestStory = Story.TestCase


def test_a_reboot_ends_all() -> None:
    before = Sessions()
    before.open("token", "vendor", "vendor", "", False, 0.0)
    assert before.whose("token", 1.0)
    assert Sessions().whose("token", 1.0) is None


def test_all_but_one() -> None:
    sessions = Sessions()
    kept = sessions.open("kept", "vendor", "vendor", "", False, 0.0)
    sessions.open("other", "vendor", "vendor", "", False, 0.0)
    sessions.close_all("vendor", but=kept.id)
    assert sessions.whose("kept", 1.0)
    assert sessions.whose("other", 1.0) is None


def test_a_ticket_is_good_for_some_tries_and_some_minutes() -> None:
    tickets: Tickets[str] = Tickets()
    tickets.open("a", "held", 0.0)
    assert [tickets.tried("a", 1.0) for _ in range(TRIES + 2)] == ["held"] * TRIES + [None, None]
    tickets.open("b", "held", 0.0)
    assert tickets.tried("b", LIFE) is None
    tickets.open("c", "held", 0.0)
    tickets.close("c")
    assert tickets.tried("c", 1.0) is None
    assert tickets.tried("never made", 1.0) is None


def test_tickets_are_bounded() -> None:
    tickets: Tickets[int] = Tickets()
    for number in range(1000):
        tickets.open(str(number), number, 0.0)
    assert tickets.tried("999", 1.0) == 999
    assert tickets.tried("0", 1.0) is None
