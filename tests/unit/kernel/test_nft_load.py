"""Loading the firewall over itself on a real kernel: never open, never empty, and every foreign edit noticed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network

import pytest

from appliance.errors import SekishoError
from appliance.intent.firewall import Accept, Chain, Drop, Field, Hook, In, Jump, Match, NamedSet, Table
from appliance.kernel import nft
from appliance.kernel.apply import Memory
from appliance.kernel.memory import FirewallMemory
from appliance.kernel.nft import Grant, fingerprint
from appliance.kernel.nft.load import script
from tests.unit.kernel.namespace import in_namespace, sh
from tests.unit.kernel.worlds import ENDPOINTS, ENGINE, FROM_LAN, TERMINALS, build, is_, rule, table

SO_RCVBUFFORCE = 33
"""From asm-generic/socket.h: whatever the machine's net.core.rmem_max is."""
GRANTS = [Grant("engine_verified", ENGINE, 600), Grant("gate_open", ENGINE, 600, 10443)]


def load(wanted: Table, memory: Memory) -> list[str]:
    changes = nft.diff(wanted, nft.observe(), memory.firewall)
    for change in changes:
        nft.apply(change, memory)
    assert nft.diff(wanted, nft.observe(), Memory.load().firewall) == []
    return [change.text.en for change in changes]


def waiting(port: socket.socket) -> int:
    """Takes what has arrived; how many packets."""
    taken = 0
    while True:
        try:
            port.recv(16)
        except BlockingIOError:
            return taken
        taken += 1


def ruleset() -> str:
    """With counters and elements, without the time that runs."""
    return sh("nft list ruleset | sed -E 's/expires [0-9a-z]+//'")


def with_chain(wanted: Table, chain: Chain) -> Table:
    return replace(wanted, chains=tuple(chain if old.name == chain.name else old for old in wanted.chains))


def with_set(wanted: Table, new: NamedSet) -> Table:
    return replace(wanted, sets=tuple(new if old.name == new.name else old for old in wanted.sets))


def elements(name: str) -> list[str]:
    return sorted(" . ".join(element.key) for element in nft.elements(name))


FROM_LAN_CLOSED = Chain("from_lan", None, (rule("Nothing at all", Drop()),))


@in_namespace
def test_what_came_at_run_time_stays_over_every_reload() -> None:
    build()
    memory = Memory.load()
    load(table(), memory)
    nft.grant(GRANTS)
    nft.replace_elements("tunnel_endpoints", [(IPv4Address("198.51.100.11"), 51820)])
    sh("nft insert rule inet sekisho input iifname lo counter name echoed; ping -c 1 127.0.0.1 >/dev/null")
    packets, octets = nft.counters()["echoed"]
    assert packets > 0

    assert load(table(), memory) == [
        "firewall differs from the settings: restored: surplus 1 (“input: a rule without comment”)"
    ]
    assert load(with_chain(table(), FROM_LAN_CLOSED), memory) == [
        "change the firewall: add 1 (“Nothing at all”); remove 2 (“Echo”, “Refuse at once”)"
    ]
    assert nft.counters()["echoed"] == (packets, octets)
    assert elements("engine_verified") == ["203.0.113.17 . 443"]
    assert (nft.elements("engine_verified")[0].expires or 0) > 500
    assert nft.elements("gate_open", "map") == [nft.Element(("203.0.113.17", "443"), "10443")]
    assert elements("tunnel_endpoints") == ["198.51.100.11 . 51820"]


def test_a_japanese_sentence_counts_what_the_english_one_lists() -> None:
    remembered = FirewallMemory(fingerprint.of_wanted(table()), {})
    (change,) = nft.diff(with_chain(table(), FROM_LAN_CLOSED), [], remembered)
    assert change.text.ja == "ファイアウォールを変えます：追加 1 件、削除 2 件。"
    assert change.text.en == "change the firewall: add 1 (“Nothing at all”); remove 2 (“Echo”, “Refuse at once”)"


@in_namespace
def test_elements_of_the_settings_follow_the_settings() -> None:
    memory = Memory.load()
    load(table(), memory)
    fewer = replace(TERMINALS, elements=((IPv4Address("192.0.2.11"), "02:00:00:00:02:99"),))
    assert load(with_set(table(), fewer), memory) == [
        "change the firewall: add 1 (“set terminals: 192.0.2.11 . 02:00:00:00:02:99”); "
        "remove 2 (“set terminals: 192.0.2.10 . 02:00:00:00:02:10”, “set terminals: 192.0.2.11 . 02:00:00:00:02:11”)"
    ]
    assert elements("terminals") == ["192.0.2.11 . 02:00:00:00:02:99"]
    for networks in (("203.0.113.0/24",), ("203.0.113.0/26", "203.0.113.64/26", "192.0.2.1/32"), ()):
        inside = NamedSet(
            "inside", ("ipv4_addr",), "w", interval=True, elements=tuple((IPv4Network(n),) for n in networks)
        )
        load(with_set(table(), inside), memory)
    assert elements("inside") == []
    # What was the settings' content is not the content of a set that is from now on filled at run time.
    fixed = replace(ENDPOINTS, elements=((IPv4Address("198.51.100.12"), 51820),))
    load(with_set(table(), fixed), memory)
    assert elements("tunnel_endpoints") == ["198.51.100.12 . 51820"]
    load(table(), memory)
    assert elements("tunnel_endpoints") == []


@in_namespace
def test_what_was_taken_away_since_we_looked_does_not_stop_a_load() -> None:
    memory = Memory.load()
    load(table(), memory)
    nft.replace_elements("tunnel_endpoints", [(IPv4Address("198.51.100.11"), 51820)])
    fixed = replace(ENDPOINTS, elements=((IPv4Address("198.51.100.12"), 51820),))
    (change,) = nft.diff(with_set(table(), fixed), nft.observe(), memory.firewall)
    nft.replace_elements("tunnel_endpoints", [])
    nft.apply(change, memory)
    assert elements("tunnel_endpoints") == ["198.51.100.12 . 51820"]


@in_namespace
def test_an_element_that_stays_is_not_touched() -> None:
    """Linux does not find it for a moment otherwise, when it is one of an interval set."""
    rows = tuple((f"sk-vlan.{number}", IPv4Network(f"192.0.2.{16 * number}/28")) for number in (1, 2, 3))
    memory = Memory.load()

    def sources(*elements: tuple[str, IPv4Network]) -> Table:
        key = ("ifname", "ipv4_addr")
        return with_set(table(), NamedSet("inside", key, "Who speaks where", interval=True, elements=elements))

    load(sources(*rows[:2]), memory)
    wanted = sources(rows[1], rows[2])
    text = script(wanted, nft.observe(), memory.firewall)
    assert [line for line in text.splitlines() if line.startswith(("flush set", "delete element"))] == [
        'delete element inet sekisho inside { "sk-vlan.1" . 192.0.2.16/28 }'
    ]
    load(wanted, memory)
    shown = sh("nft list set inet sekisho inside")
    assert [f"192.0.2.{16 * number}/28" in shown for number in (1, 2, 3)] == [False, True, True]


@in_namespace
def test_whatever_changes_its_nature_is_replaced_and_what_vanished_goes() -> None:
    memory = Memory.load()
    load(table(), memory)
    nft.grant(GRANTS)
    wanted = with_set(table(), NamedSet("engine_verified", ("ipv4_addr",), "Without ports", timeout=True))
    chains = []
    for chain in wanted.chains:
        if chain.name == "forward":
            verified = rule("Proven", Accept(), FROM_LAN, Match((Field.DESTINATION4,), In("engine_verified")))
            chains.append(Chain("forward", Hook("filter", "forward", "filter - 5", "drop"), (verified,)))
        elif chain.name == "forged":
            chains.append(replace(chain, hook=Hook("filter", "prerouting", "-310", "drop")))
        elif chain.name != "redirects":
            chains.append(chain)
    wanted = replace(wanted, chains=tuple(chains), maps=(), counters=wanted.counters[:2])
    load(wanted, memory)
    listing = sh("nft list table inet sekisho")
    assert "chain redirects" not in listing
    assert "map gate_open" not in listing
    assert "hook forward priority filter - 5; policy drop" in listing
    assert "hook prerouting priority raw - 10; policy drop" in listing
    assert "type ipv4_addr . inet_service" in listing
    assert elements("engine_verified") == []
    load(table(), memory)
    assert nft.remove(nft.observe())


@in_namespace
@pytest.mark.parametrize(
    ("hand", "words"),
    [
        (
            "nft flush chain inet sekisho forward",
            "missing 4 (“Clamp”, “Known”, “Closed unless proven”, “Count the rest”)",
        ),
        ("nft insert rule inet sekisho forward accept", "surplus 1 (“forward: a rule without comment”)"),
        ("nft add rule inet sekisho forward accept comment mine", "surplus 1 (“mine”)"),
        ("nft 'chain inet sekisho forward { policy accept; }'", "altered 1 (“chain forward”)"),
        ("nft add chain inet sekisho mine", "surplus 1 (“chain mine”)"),
        ("nft delete element inet sekisho inside { 203.0.113.0/25 }", "missing 1 (“set inside: 203.0.113.0/25”)"),
        ("nft add element inet sekisho inside { 0.0.0.0/1 }", "surplus 1 (“set inside: 0.0.0.0/1”)"),
        ("nft add table inet sekisho '{ flags dormant; }'", "altered 1 (“table”)"),
        ("nft delete table inet sekisho", "create the firewall (13 rules)"),
    ],
)
def test_a_foreign_hand_is_told_and_undone(hand: str, words: str) -> None:
    memory = Memory.load()
    load(table(), memory)
    before = sh("nft --stateless list ruleset")
    sh(hand)
    (told,) = load(table(), memory)
    assert words in told
    assert sh("nft --stateless list ruleset") == before


@in_namespace
def test_elements_that_come_and_go_are_no_foreign_hand() -> None:
    memory = Memory.load()
    load(table(), memory)
    nft.grant(GRANTS)
    assert load(table(), memory) == []
    nft.revoke(GRANTS)
    assert load(table(), memory) == []


@in_namespace
def test_an_invalid_table_changes_nothing() -> None:
    memory = Memory.load()
    load(table(), memory)
    nft.grant(GRANTS)
    before = ruleset()
    for verdict, match in ((Jump("nowhere"), FROM_LAN), (Accept(), is_(Field.UID, "nobody-of-this-name"))):
        broken = with_chain(table(), Chain("from_lan", None, (rule("Broken", verdict, match),)))
        with pytest.raises(SekishoError) as refused:
            load(broken, memory)
        assert refused.value.code == "kernel.nft-failed"
        assert ruleset() == before


@in_namespace
def test_a_lost_memory_loads_the_firewall_anew_and_keeps_the_elements() -> None:
    memory = Memory.load()
    load(table(), memory)
    nft.grant(GRANTS)
    memory.forget()
    assert load(table(), Memory.load()) == ["load the firewall anew"]
    assert elements("engine_verified") == ["203.0.113.17 . 443"]


@in_namespace
def test_nothing_is_open_or_shut_for_a_moment_while_it_is_reloaded() -> None:
    """The echo on UDP 7 answers each of its packets, the refused UDP 8 receives none, over a hundred reloads."""
    build()
    sh("ip link set lan0 up; ip address add 192.0.2.1/26 dev lan0; ping -c 1 -w 5 127.0.0.1 >/dev/null")
    memory = Memory.load()
    load(table(), memory)
    open_port, shut_port = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
    open_port.bind(("192.0.2.1", 7))
    shut_port.bind(("192.0.2.1", 8))
    for port in (open_port, shut_port):
        port.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 22)
        port.setblocking(False)
    program = (
        "import socket, sys, time\n"
        "out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); sent = 0\n"
        "print(flush=True)\n"
        "import select\n"
        "while not select.select([sys.stdin], [], [], 0)[0]:\n"
        "    out.sendto(b'x', ('192.0.2.1', 7)); sent += 1\n"
        "    out.sendto(b'x', ('192.0.2.1', 8)); time.sleep(0.0005)\n"
        "print(sent)\n"
    )
    sender = subprocess.Popen(
        ["ip", "netns", "exec", "terminal", sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sender.stdout is not None
    sender.stdout.readline()
    moved = replace(TERMINALS, elements=TERMINALS.elements and TERMINALS.elements[:1])
    received = 0
    for turn in range(100):
        received += waiting(open_port)
        load(with_set(table(), moved) if turn % 2 else table(), memory)
        if not turn % 10:
            sh("nft add rule inet sekisho input accept comment foreign && nft flush chain inet sekisho redirects")
            load(with_set(table(), moved) if turn % 2 else table(), memory)
    printed, _ = sender.communicate(input="stop\n", timeout=60)
    received += waiting(open_port)
    assert received == int(printed) > 100
    assert waiting(shut_port) == 0


@in_namespace
def test_an_established_flow_outlives_a_reload() -> None:
    build()
    sh("ip link set lan0 up; ip address add 192.0.2.1/26 dev lan0")
    memory = Memory.load()
    tcp_in = rule("TCP echo", Accept(), is_(Field.TCP_DPORT, 7), counter="echoed")
    only_new = rule("New TCP is refused now", Drop(), is_(Field.CT_STATE, "new"))
    known = rule("Known", Accept(), is_(Field.CT_STATE, "established"))
    load(with_chain(table(), Chain("from_lan", None, (tcp_in,))), memory)
    listener = socket.create_server(("192.0.2.1", 7))
    program = (
        "import socket, sys; s = socket.create_connection(('192.0.2.1', 7), 20); s.sendall(b'1')\n"
        "sys.stdin.readline(); s.sendall(b'2'); s.settimeout(20); print(s.recv(1).decode())"
    )
    client = subprocess.Popen(
        ["ip", "netns", "exec", "terminal", sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    listener.settimeout(20)
    connection, _ = listener.accept()
    connection.settimeout(20)
    assert connection.recv(1) == b"1"
    load(with_chain(table(), Chain("from_lan", None, (only_new, known))), memory)
    assert client.stdin is not None
    client.stdin.write("go\n")
    client.stdin.flush()
    assert connection.recv(1) == b"2"
    connection.sendall(b"3")
    assert client.communicate(timeout=30)[0] == "3\n"


@in_namespace
def test_the_memory_is_small_and_holds_no_more_than_words_and_digests() -> None:
    memory = Memory.load()
    load(table(), memory)
    raw = json.loads(memory.path.read_text())
    assert set(raw["firewall"]) == {"wanted", "observed"}
    assert ["Anti-spoofing", raw["firewall"]["wanted"]["chain forged"][1][1]] in raw["firewall"]["wanted"][
        "chain forged"
    ]
    assert memory.path.stat().st_mode & 0o777 == 0o600
