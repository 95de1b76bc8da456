"""What the page's process hears of a browser, and what the router answers itself."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.gate.page_calls import PageCalls, Redirect

HOSTS = ("192.0.2.1", "sekisho.lan", "sekisho")
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def page(**more: bool) -> PageCalls:
    return PageCalls("192.0.2.10", **{"is_vouched": False, "is_there": True, **more})


def understood(passed: bytes) -> h11.Request:
    server = h11.Connection(h11.SERVER)
    server.receive_data(passed)
    request = server.next_event()
    assert isinstance(request, h11.Request)
    return request


@pytest.mark.parametrize("name", [b"Sekisho-Client", b"sekisho-client", b"SEKISHO_CLIENT", b"Sekisho_Certificate"])
def test_nobody_says_who_he_is_but_the_gate(name: bytes) -> None:
    passed = page().from_terminal(b"GET /x HTTP/1.1\r\nHost: h\r\n" + name + b": 192.0.2.99\r\nX-Other: 1\r\n\r\n")
    assert list(understood(passed).headers) == [
        (b"host", b"h"),
        (b"x-other", b"1"),
        (b"sekisho-client", b"192.0.2.10"),
        (b"sekisho-certificate", b"own"),
    ]


def test_each_call_of_a_connection_carries_it() -> None:
    calls = page(is_vouched=True)
    for _ in range(2):
        headers = dict(understood(calls.from_terminal(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")).headers)
        assert (headers[b"sekisho-client"], headers[b"sekisho-certificate"]) == (b"192.0.2.10", b"account")
        assert calls.waits
        assert calls.from_engine(ANSWER) == b""
        assert not calls.waits


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"Sekisho-Client", b"sekisho_client", b"X"]), st.from_regex(rb"[a-z]{1,9}", fullmatch=True)
        )
    )
)
def test_whatever_is_claimed_one_address_arrives(claims: list[tuple[bytes, bytes]]) -> None:
    lines = b"".join(name + b": " + value + b"\r\n" for name, value in claims)
    passed = page().from_terminal(b"GET / HTTP/1.1\r\nHost: h\r\n" + lines + b"\r\n")
    told = [value for name, value in understood(passed).headers if name.replace(b"_", b"-") == b"sekisho-client"]
    assert told == [b"192.0.2.10"]


def test_without_the_pages_process_the_router_says_so_in_both_languages() -> None:
    calls = page(is_there=False)
    assert calls.from_terminal(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n") == b""
    head, _, body = calls.answer().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After:" in head
    assert "レセコンはそのまま使えます" in body.decode()
    assert 'lang="en"' in body.decode()


def test_a_process_that_ends_before_its_answer_is_told_once() -> None:
    calls = page()
    assert calls.left_alone() == b""
    calls.from_terminal(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    assert calls.left_alone().startswith(b"HTTP/1.1 503 ")
    assert calls.left_alone() == b""


def test_a_process_that_ends_in_its_answer_is_not_answered_for() -> None:
    calls = page()
    calls.from_terminal(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
    calls.from_engine(ANSWER[:20])
    assert calls.left_alone() == b""


@pytest.mark.parametrize(
    "said", [b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\r\n\r\n", b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n"]
)
def test_what_is_not_understood_is_refused(said: bytes) -> None:
    calls = page()
    assert calls.from_terminal(said) == b""
    assert calls.answer().startswith(b"HTTP/1.1 400 ")


def location(said: bytes) -> str | None:
    redirect = Redirect(HOSTS, HOSTS[0])
    assert redirect.from_terminal(said) == b""
    assert redirect.refused is not None
    answered = h11.Connection(h11.CLIENT)
    answered.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    answered.receive_data(redirect.answer())
    response = answered.next_event()
    assert isinstance(response, h11.Response)
    where = dict(response.headers).get(b"location")
    assert (where is None) is (response.status_code == 400)
    return where and where.decode()


@pytest.mark.parametrize(
    ("host", "to"),
    [
        (b"sekisho.lan", "sekisho.lan"),
        (b"SEKISHO.lan:80", "sekisho.lan"),
        (b"192.0.2.1", "192.0.2.1"),
        (b"evil.example", "192.0.2.1"),
        (b"sekisho.lan.evil.example", "192.0.2.1"),
        (b"", "192.0.2.1"),
    ],
)
def test_without_tls_everybody_is_led_to_this_router_and_nowhere_else(host: bytes, to: str) -> None:
    assert location(b"GET /a/b?c=d&e HTTP/1.1\r\nHost: " + host + b"\r\n\r\n") == f"https://{to}/a/b?c=d&e"


def test_old_clients_are_led_too() -> None:
    assert location(b"GET / HTTP/1.0\r\n\r\n") == "https://192.0.2.1/"


@pytest.mark.parametrize("target", [b"http://evil.example/", b"*", b"evil.example:443"])
def test_only_a_path_is_followed(target: bytes) -> None:
    assert location(b"GET " + target + b" HTTP/1.1\r\nHost: sekisho.lan\r\n\r\n") is None


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_no_host_and_no_path_leads_away(path: bytes, host: bytes) -> None:
    redirect = Redirect(HOSTS, HOSTS[0])
    redirect.from_terminal(b"GET /" + path + b" HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
    if redirect.refused is not None:
        lines = redirect.answer().split(b"\r\n\r\n")[0].split(b"\r\n")
        led = [line.removeprefix(b"Location: ") for line in lines if line.lower().startswith(b"location")]
        assert len(led) <= 1
        assert all(where.startswith(tuple(f"https://{name}/".encode() for name in HOSTS)) for where in led)
