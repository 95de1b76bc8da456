"""Staff switch their terminal by the page's button where the settings let them, and the record says who and whence."""

from __future__ import annotations

import json
import re
from http.client import HTTPResponse
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.lab import addresses, observe
from tests.lab.client import seconds_to_refusal
from tests.lab.page import blind
from tests.lab.router import SITE
from tests.lab.waiting import until
from tests.lab.world import World

pytestmark = pytest.mark.namespaces

RECEPTION = f'address = "{addresses.TERMINALS["reception"].address.ip}"\n'
WEB = str(addresses.PUBLIC_WEB.ip)
ALLOWED = SITE.replace(RECEPTION, f"{RECEPTION}internet_minutes = 5\n") + "\n[page]\nswitch_terminals = true\n"


def ask(world: World, path: str, cookie: str = "", **form: str) -> tuple[int, str, str]:
    """Status, body, and the cookie to come back with. form: sent by POST."""
    body = urlencode(form).encode()
    head = [f"{'POST' if form else 'GET'} {path} HTTP/1.1", "Host: sekisho.lan", f"Cookie: {cookie}"]
    head += [
        "Origin: https://sekisho.lan",
        "Connection: close",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    ]
    tcp = world.machines["reception"].connect(str(addresses.ROUTER_LAN.ip), 443)
    with blind().wrap_socket(tcp, server_hostname="sekisho.lan") as connection:
        connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
        answer = HTTPResponse(connection)
        answer.begin()
        given = (answer.getheader("Set-Cookie") or cookie).partition(";")[0]
        return answer.status, answer.read().decode(), given


def press(world: World, to: str) -> int:
    _, page, cookie = ask(world, "/")
    token = re.findall(r'name="token" value="([0-9a-f]+)"', page)[0]
    status, _, _ = ask(world, "/terminals/reception", cookie, to=to, token=token)
    return status


def told(world: World) -> Any:
    return json.loads(ask(world, "/terminals.json")[1])["terminals"]


def test_staff_switch_a_terminal_from_the_page(world: World) -> None:
    world.router.configure(world.desk.public_keys.read_text(), ALLOWED)
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    seconds_to_refusal(world.machines["reception"], WEB, 80)
    until(lambda: [one["state"] for one in told(world)] == ["receipt"], "the page knows the terminal")

    assert press(world, "internet") == 303
    world.machines["reception"].connect(WEB, 80).close()
    (one,) = told(world)
    assert one["state"] == "internet"
    assert 240 < one["seconds_left"] <= 300
    assert press(world, "receipt") == 303
    seconds_to_refusal(world.machines["reception"], WEB, 80)
    world.client("reception").login()
    recorded = world.router.sekisho("audit", "list").stdout
    assert f"page {addresses.TERMINALS['reception'].address.ip}  terminal.internet terminal=reception" in recorded

    _, page, cookie = ask(world, "/")
    token = re.findall(r'name="token" value="([0-9a-f]+)"', page)[0]
    world.router.machine.write("/etc/sekisho/site.toml", ALLOWED.replace("switch_terminals = true", ""))
    world.router.sekisho("apply")
    until(lambda: told(world) == [], "the settings no longer let staff switch")
    assert ask(world, "/terminals/reception", cookie, to="internet", token=token)[0] == 409
    assert ask(world, "/terminals/reception", cookie, to="internet", token="0" * 64)[0] == 403
    seconds_to_refusal(world.machines["reception"], WEB, 80)
