"""One thread, one epoll: the event loop of the gate process.

Not `selectors`, because a connection whose one direction is over must stay registered for errors only (an empty
event mask), which `selectors` does not allow; and not asyncio, for the CPU time of each request.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections import deque
from collections.abc import Callable
from heapq import heappop, heappush

READ = select.EPOLLIN
WRITE = select.EPOLLOUT
LEFT = select.EPOLLRDHUP
"""The other side says nothing more (epoll_ctl(2))."""

Handler = Callable[[int], object]


class Timer:
    """callback None: cancelled."""

    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], None]) -> None:
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Loop:
    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._handlers: dict[int, Handler] = {}
        self._timers: list[tuple[float, int, Timer]] = []
        self._timer_number = 0
        self._soon: deque[Callable[[], None]] = deque()

    def heed_signals(self) -> None:
        """Let handlers of Python's signal module run at once. For the main thread, once in a process.

        A signal that is delivered just before the wait begins does not interrupt it: nobody would run its handler
        before the next event, which may never come.
        """
        reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        self.watch(reader, READ, lambda _: os.read(reader, 512))

    def watch(self, descriptor: int, mask: int, handler: Handler) -> None:
        """Errors and hang-ups are always told, whatever the mask."""
        self._epoll.register(descriptor, mask)
        self._handlers[descriptor] = handler

    def change(self, descriptor: int, mask: int) -> None:
        self._epoll.modify(descriptor, mask)

    def handle_by(self, descriptor: int, handler: Handler) -> None:
        self._handlers[descriptor] = handler

    def forget(self, descriptor: int) -> None:
        """Absent is fine. To be called before the descriptor is closed."""
        if self._handlers.pop(descriptor, None):
            self._epoll.unregister(descriptor)

    def after(self, seconds: float, callback: Callable[[], None]) -> Timer:
        timer = Timer(callback)
        self._timer_number += 1
        heappush(self._timers, (time.monotonic() + seconds, self._timer_number, timer))
        return timer

    def soon(self, callback: Callable[[], None]) -> None:
        """After everybody else has had a turn."""
        self._soon.append(callback)

    def run(self) -> None:
        """Until a handler or a signal handler raises."""
        while True:
            self.turn()

    def turn(self) -> None:
        """Wait for something to happen, and handle all that has happened."""
        for descriptor, mask in self._epoll.poll(self._wait()):
            # An event handled before this one may have closed this descriptor.
            if handler := self._handlers.get(descriptor):
                handler(mask)
        for _ in range(len(self._soon)):
            self._soon.popleft()()
        while self._timers and self._timers[0][0] <= time.monotonic():
            if callback := heappop(self._timers)[2].callback:
                callback()

    def _wait(self) -> float | None:
        while self._timers and self._timers[0][2].callback is None:
            heappop(self._timers)
        if self._soon:
            return 0
        return max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None
