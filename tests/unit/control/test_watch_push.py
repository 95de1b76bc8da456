from typing import Any

from appliance.control.watch_push import ANSWER, BACK, Channels


def channel(to_engine: int, to_terminal: int, number: int = 1, *, held: bool = False) -> dict[str, Any]:
    return {
        "number": number,
        "service": "receipt-gate",
        "terminal": "reception-1",
        "held": held,
        "to_engine": to_engine,
        "to_terminal": to_terminal,
    }


def test_a_channel_that_is_answered_is_well() -> None:
    channels = Channels()
    for second in range(0, 300, 5):
        found = channels.look(float(second), [channel(second // 10 * 6, second // 10 * 2)], outage=False)
        assert found == {"reception-1": ""}


def test_an_engine_that_does_not_answer_is_silent_until_it_does() -> None:
    channels = Channels()
    channels.look(0.0, [channel(100, 100)], outage=False)
    sent = 100
    for second in range(5, int(ANSWER) + 5, 5):
        sent += 3
        assert channels.look(float(second), [channel(sent, 100)], outage=False) == {"reception-1": ""}
    late = ANSWER + 10
    assert channels.look(late, [channel(sent, 100)], outage=False) == {"reception-1": "silent"}
    assert channels.look(late + 5, [channel(sent, 104)], outage=False) == {"reception-1": ""}


def test_a_quiet_channel_is_no_bad_one() -> None:
    channels = Channels()
    channels.look(0.0, [channel(100, 100)], outage=False)
    assert channels.look(3600.0, [channel(100, 100)], outage=False) == {"reception-1": ""}


def test_who_waits_for_an_engine() -> None:
    assert Channels().look(0.0, [channel(300, 0, held=True)], outage=True) == {"reception-1": "waiting"}


def test_a_terminal_that_is_switched_off_is_forgotten_at_once() -> None:
    channels = Channels()
    channels.look(0.0, [channel(100, 100)], outage=False)
    assert channels.look(5.0, [], outage=False) == {}


def test_a_terminal_that_an_outage_has_cut_off_is_missed_until_it_is_back() -> None:
    channels = Channels()
    channels.look(0.0, [channel(100, 100)], outage=False)
    assert channels.look(5.0, [], outage=True) == {"reception-1": "lost"}
    assert channels.look(BACK, [], outage=False) == {"reception-1": "lost"}
    assert channels.look(BACK + 1.0, [channel(10, 10, 2)], outage=False) == {"reception-1": ""}
    assert channels.look(BACK + 6.0, [], outage=False) == {}


def test_nobody_is_missed_for_ever() -> None:
    channels = Channels()
    channels.look(0.0, [channel(100, 0, held=True)], outage=True)
    assert channels.look(5.0, [], outage=False) == {"reception-1": "lost"}
    assert channels.look(5.0 + BACK, [], outage=False) == {}


def test_one_channel_that_works_is_enough() -> None:
    found = Channels().look(0.0, [channel(1, 0, 1, held=True), channel(9, 9, 2)], outage=False)
    assert found == {"reception-1": ""}
