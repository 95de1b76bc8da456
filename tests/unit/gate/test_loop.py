from __future__ import annotations

import signal
import socket
import threading
import time

import pytest

from appliance.gate.loop import READ, WRITE, Loop


class StopError(Exception):
    pass


def stop() -> None:
    raise StopError


def test_timers_go_off_in_their_order_and_cancelled_ones_never() -> None:
    loop, heard = Loop(), []
    loop.after(0.03, stop)
    loop.after(0.02, lambda: heard.append("second"))
    loop.after(0.01, lambda: heard.append("first"))
    loop.after(0.015, lambda: heard.append("never")).cancel()
    with pytest.raises(StopError):
        loop.run()
    assert heard == ["first", "second"]


def test_soon_waits_for_the_others_and_never_starves_them() -> None:
    loop, heard = Loop(), []
    left, right = socket.socketpair()

    def again() -> None:
        heard.append("again")
        loop.soon(again)

    def readable(_: int) -> None:
        heard.append(right.recv(10).decode())
        stop()

    with left, right:
        loop.watch(right.fileno(), READ, readable)
        loop.soon(again)
        loop.turn()
        left.send(b"data")
        with pytest.raises(StopError):
            loop.run()
    assert heard[0] == "again" and heard[-1] == "data"


def test_an_empty_mask_still_hears_a_hang_up() -> None:
    loop, heard = Loop(), []
    left, right = socket.socketpair()
    with right:
        loop.watch(right.fileno(), READ | WRITE, heard.append)
        loop.change(right.fileno(), 0)
        left.send(b"unheard")
        left.close()
        loop.turn()
    assert len(heard) == 1 and not heard[0] & (READ | WRITE)


def test_a_descriptor_that_an_earlier_event_forgot_is_not_handled() -> None:
    loop, heard = Loop(), []
    pairs = [socket.socketpair(), socket.socketpair()]

    def handler(own: int, other: int) -> None:
        def forget_the_other(_: int) -> None:
            heard.append(own)
            loop.forget(other)

        loop.watch(own, READ, forget_the_other)

    first, second = pairs[0][1].fileno(), pairs[1][1].fileno()
    handler(first, second)
    handler(second, first)
    for left, _ in pairs:
        left.send(b"x")
    loop.turn()
    assert len(heard) == 1
    loop.forget(first)
    loop.forget(second)
    for pair in pairs:
        for sock in pair:
            sock.close()


def test_a_signal_that_does_not_interrupt_the_wait_is_heeded_all_the_same() -> None:
    """As one that comes just before the wait: here another thread gets it, so that the wait is not interrupted."""
    loop = Loop()
    before = signal.signal(signal.SIGUSR1, lambda *_: stop())
    loop.heed_signals()

    def get_a_signal() -> None:
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)

    other = threading.Thread(target=get_a_signal)
    try:
        other.start()
        with pytest.raises(StopError):
            loop.run()
    finally:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGUSR1, before)
        other.join()
