"""Times that the kernel counts while all of us are dead: a proof, the internet, a stranger, a quiet session."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from appliance.intent import names
from appliance.intent.compile import compile
from appliance.intent.rules.strangers import SECONDS
from appliance.kernel import apply as kernel
from appliance.kernel import nft
from appliance.kernel.apply import Memory
from appliance.kernel.nft.runtime import Grant
from appliance.site.model import Site
from tests.builders import lab_account
from tests.unit.kernel.namespace import sh
from tests.unit.kernel.standing import ENGINE, SCANNER, SITE, WEB, build, connected, listening, paired, run_time

pytestmark = [pytest.mark.isolated(limit=4 * 3600), pytest.mark.real_kernel]

LIFE = 60
"""Seconds of a proof."""
PATIENCE = 2
CLINIC_DAY = 3 * 3600


@pytest.fixture
def router() -> None:
    build()
    time.sleep(1)
    intent = compile(lab_account(), Site.model_validate(SITE))
    kernel.apply(intent, Memory.load())
    run_time(intent, LIFE)


def test_a_proof_and_the_internet_end_by_the_kernels_clock(router: None) -> None:
    begun = time.monotonic()
    asker, answerer = connected("reception", ENGINE, 443, listening("line", ENGINE, 443))
    near, far = paired("office", "line", WEB)
    with asker, answerer, near, far:
        engine = _seconds_until_it_fails(begun, lambda: _ask(asker, answerer))
        internet = _seconds_until_it_fails(begun, lambda: _ask(near, far))
    # Whoever asks in vain waits a little for his answer.
    assert LIFE - 2 <= engine <= LIFE + 1 + PATIENCE
    assert LIFE - 2 <= internet <= LIFE + 2 + 2 * PATIENCE


def test_a_stranger_is_forgotten_so_long_after_its_last_knock(router: None) -> None:
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            connected("scanner", ENGINE, 443, listening("line", ENGINE, 443))
        knocked = time.monotonic()
        time.sleep(0.9 * SECONDS)
        assert [element.key[0] for element in nft.elements(names.STRANGERS)] == [SCANNER]
    while nft.elements(names.STRANGERS):
        time.sleep(0.5)
    assert SECONDS - 2 <= time.monotonic() - knocked <= SECONDS + 2


def test_a_quiet_session_outlives_a_day_at_the_clinic(router: None) -> None:
    """A push socket says nothing for hours; its proof is renewed, as the daemon does it."""
    asker, answerer = connected("reception", ENGINE, 443, listening("line", ENGINE, 443))
    near, far = connected("reception", SCANNER, 104, listening("scanner", SCANNER, 104))
    with asker, answerer, near, far:
        for _ in range(20):
            _ask(asker, answerer)
        assert "[OFFLOAD]" in sh("conntrack -L -p tcp --orig-port-dst 443")
        until = time.monotonic() + CLINIC_DAY
        while time.monotonic() < until:
            nft.grant([Grant(names.ENGINE_VERIFIED, (IPv4Address(ENGINE), 443), LIFE)])
            time.sleep(30)
        _ask(asker, answerer)
        _ask(near, far)


def _ask(one: socket.socket, other: socket.socket) -> None:
    for from_, to in ((one, other), (other, one)):
        from_.settimeout(PATIENCE)
        to.settimeout(PATIENCE)
        from_.send(b"?")
        assert to.recv(1) == b"?"


def _seconds_until_it_fails(begun: float, act: Callable[[], None]) -> float:
    with contextlib.suppress(OSError):
        while time.monotonic() - begun < 10 * LIFE:
            act()
            time.sleep(0.5)
    return time.monotonic() - begun
