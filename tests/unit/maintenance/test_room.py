"""The room as a dialogue, and what holds whatever happens."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from appliance.maintenance.messages import Close, Command, Connection, Cut, Forget, Key, Open, Record, Seen, Way
from appliance.maintenance.room import SETTLING, Room, Standing

VENDOR, OTHER = IPv4Address("203.0.113.8"), IPv4Address("203.0.113.9")
RECEPTION, DOCTOR = IPv4Address("192.0.2.10"), IPv4Address("192.0.2.11")
RDP = Key(VENDOR, RECEPTION, 3389)
VNC = Key(VENDOR, RECEPTION, 5900)
OTHERS = Key(OTHER, RECEPTION, 3389)
DOCTORS = Key(VENDOR, DOCTOR, 3389)
WAYS = (
    Way("vendor", "reception", RDP),
    Way("vendor", "reception", VNC),
    Way("other", "reception", OTHERS),
    Way("vendor", "doctor", DOCTORS),
)
CONNECTION = Connection(RDP, 40000)


def recorded(commands: Iterable[Command]) -> list[tuple[str, dict[str, object]]]:
    return [(one.action, dict(one.subject)) for one in commands if isinstance(one, Record)]


def test_consent_opens_what_it_names_and_nothing_else() -> None:
    room = Room(WAYS)
    assert room.allow("vendor", "reception", 60) == [Open((RDP, VNC), 60)]
    assert room.allow("nobody", "reception", 60) == room.allow("vendor", "nowhere", 60) == []
    assert room.standings() == ()
    room.look(Seen({RDP: 60.0, VNC: 60.0}), 100.0)
    assert room.standings() == (Standing("vendor", "reception", 160.0, 0),)


def test_an_end_that_trembles_is_no_news_and_more_time_is() -> None:
    room = Room(WAYS)
    for now, left in ((100.0, 60.0), (102.0, 57.0), (104.0, 57.5)):
        room.look(Seen({RDP: left}), now)
        assert room.standings() == (Standing("vendor", "reception", 160.0, 0),)
    room.look(Seen({RDP: 60.0}), 110.0)
    assert room.standings()[0].until == 170.0


def test_who_came_and_for_how_long_is_on_record_before_the_kernel_forgets_it() -> None:
    room = Room(WAYS)
    began = room.look(Seen({RDP: 60.0}, frozenset({CONNECTION}), frozenset({CONNECTION})), 100.0)
    told = {"terminal": "reception", "port": 3389, "maintainer": "vendor", "from": "203.0.113.8:40000"}
    assert began == [Record("maintenance.connected", told), Forget((CONNECTION,))]
    assert room.standings()[0].connections == 1
    assert room.look(Seen({RDP: 58.0}, living=frozenset({CONNECTION})), 102.0) == []
    ended = room.look(Seen({RDP: 50.0}), 110.0)
    assert recorded(ended) == [("maintenance.disconnected", {**told, "seconds": 10})]
    assert room.standings()[0].connections == 0


def test_a_terminal_that_is_off_does_not_answer_and_that_is_on_record_too() -> None:
    room = Room(WAYS)
    room.look(Seen({RDP: 60.0}, frozenset({CONNECTION})), 100.0)
    assert room.look(Seen({RDP: 60.0}), 100.0 + SETTLING) == []
    assert recorded(room.look(Seen({RDP: 20.0}), 101.0 + SETTLING))[0][1]["seconds"] == 0


def test_what_consent_began_is_cut_when_it_ends() -> None:
    room = Room(WAYS)
    both = frozenset({CONNECTION, Connection(DOCTORS, 40001)})
    held = {RDP: 60.0, DOCTORS: 60.0}
    room.look(Seen(held, both, both), 100.0)
    assert room.withdraw("reception") == [Close((RDP, VNC, OTHERS)), Cut((CONNECTION,))]
    gone = room.look(Seen({DOCTORS: 58.0}, living=both), 102.0)
    assert Cut((CONNECTION,)) in gone
    assert recorded(gone) == [("maintenance.over", {"terminal": "reception", "maintainer": "vendor"})]


def test_the_time_is_up_for_one_of_two() -> None:
    room = Room(WAYS)
    room.look(Seen({RDP: 1.0, OTHERS: 30.0}), 100.0)
    assert recorded(room.look(Seen({OTHERS: 28.0}), 102.0)) == [
        ("maintenance.over", {"terminal": "reception", "maintainer": "vendor"})
    ]


def test_what_nobody_could_open_any_more_is_closed() -> None:
    """The settings have changed while it was open."""
    room = Room(WAYS[3:])
    stands = Seen({RDP: 60.0}, living=frozenset({CONNECTION}))
    assert room.look(stands, 100.0) == [Close((RDP,)), Cut((CONNECTION,))]
    assert recorded(room.look(Seen(), 102.0))[0][0] == "maintenance.disconnected"


def test_what_coming_settings_no_longer_open_ends_before_they_come() -> None:
    room = Room(WAYS)
    assert room.give_up([RDP]) == []
    both = frozenset({CONNECTION, Connection(DOCTORS, 40001)})
    room.look(Seen({RDP: 60.0, DOCTORS: 60.0}, both, both), 100.0)
    assert room.give_up([RDP, VNC]) == [Close((RDP,)), Cut((CONNECTION,))]
    ended = room.look(Seen({DOCTORS: 59.0}, living=frozenset({Connection(DOCTORS, 40001)})), 101.0)
    assert [action for action, _ in recorded(ended)] == ["maintenance.disconnected", "maintenance.over"]


def test_a_new_run_goes_on_with_what_stands_and_records_it_once() -> None:
    room = Room(WAYS)
    assert room.look(Seen({RDP: 60.0}, living=frozenset({CONNECTION})), 100.0) == []
    assert room.standings()[0].connections == 1
    assert [action for action, _ in recorded(room.look(Seen({RDP: 50.0}), 110.0))] == ["maintenance.disconnected"]


def test_there_is_something_to_watch_while_anything_stands() -> None:
    room = Room(WAYS)
    assert not room.is_busy
    room.look(Seen({RDP: 60.0}), 100.0)
    assert room.is_busy
    room.look(Seen(), 102.0)
    assert not room.is_busy


class Kernel(RuleBasedStateMachine):
    """A kernel with its clock, maintainers that come and go, and staff at the buttons."""

    @initialize()
    def begin(self) -> None:
        self.room, self.now = Room(WAYS), 0.0
        self.ends: dict[Key, float] = {}
        self.begun: set[Connection] = set()
        self.living: set[Connection] = set()
        self.came: list[Connection] = []
        self.actions: list[str] = []

    def do(self, commands: Iterable[Command]) -> None:
        for command in commands:
            match command:
                case Open(keys, seconds):
                    self.ends |= dict.fromkeys(keys, self.now + seconds)
                case Close(keys):
                    self.ends = {key: end for key, end in self.ends.items() if key not in keys}
                case Cut(connections):
                    self.living -= set(connections)
                case Record(action, _):
                    self.actions.append(action)
                case Forget(connections):
                    self.begun -= set(connections)

    def held(self) -> dict[Key, float]:
        return {key: end - self.now for key, end in self.ends.items() if end > self.now}

    @rule(way=st.sampled_from(WAYS), minutes=st.integers(1, 3))
    def staff_let_in(self, way: Way, minutes: int) -> None:
        self.do(self.room.allow(way.maintainer, way.terminal, 60 * minutes))

    @rule(terminal=st.sampled_from((None, "reception", "doctor")))
    def staff_close(self, terminal: str | None) -> None:
        self.do(self.room.withdraw(terminal))
        assert all(terminal not in (None, way.terminal) or way.key not in self.held() for way in WAYS)

    @rule(way=st.sampled_from(WAYS))
    def somebody_comes(self, way: Way) -> None:
        if way.key in self.held():
            connection = Connection(way.key, 40000 + len(self.came))
            self.came.append(connection)
            self.begun.add(connection)
            self.living.add(connection)

    @rule()
    def somebody_leaves(self) -> None:
        if self.living:
            self.living.remove(min(self.living, key=str))

    @rule(seconds=st.floats(0.1, 200.0))
    def time_passes_and_the_room_looks(self, seconds: float) -> None:
        self.now += seconds
        self.do(self.room.look(Seen(self.held(), frozenset(self.begun), frozenset(self.living)), self.now))
        assert self.actions.count("maintenance.connected") == len(self.came)
        assert not self.begun
        # Nothing that stands has lost its consent.
        assert {one.key for one in self.living} <= self.held().keys()

    @invariant()
    def nobody_leaves_who_has_not_come(self) -> None:
        if hasattr(self, "actions"):
            assert self.actions.count("maintenance.disconnected") <= len(self.came)


TestKernel = Kernel.TestCase


@given(st.lists(st.sampled_from(WAYS)))
def test_a_room_of_fewer_ways_never_opens_more(ways: list[Way]) -> None:
    known = {way.key for way in ways}
    for way in WAYS:
        for command in Room(ways).allow(way.maintainer, way.terminal, 60):
            assert isinstance(command, Open)
            assert set(command.keys) <= known
