"""Settings that contradict each other are refused where they stand."""

import pytest

from appliance.site.load import SiteError, parse

SITE = {
    "wan": 'kind = "static"\ninterface = "wan0"\naddress = "192.0.2.66/28"\ngateway = "192.0.2.65"\n'
    'dns = ["198.51.100.53"]',
    "lan": 'interface = "lan0"\naddress = "192.0.2.1/26"\nname = "sekisho"',
    "lan.dhcp": 'first = "192.0.2.32"\nlast = "192.0.2.61"',
}
FIRST = ("reception-1", "受付1", "02:00:00:00:02:10", "192.0.2.10")


def text(*terminals: tuple[str, str, str, str], **changes: str) -> str:
    """The good settings with `old__new`-like replacements and terminals."""
    parts = [f"[{table}]\n{body}" for table, body in SITE.items()]
    parts += [
        f'[[terminals]]\nname = "{name}"\nlabel = "{label}"\nmac = "{mac}"\naddress = "{address}"'
        for name, label, mac, address in terminals
    ]
    return "\n".join(parts) + "\n"


def changed(old: str, new: str, *terminals: tuple[str, str, str, str]) -> str:
    whole = text(*terminals)
    assert old in whole
    return whole.replace(old, new, 1)


def problems(whole: str) -> dict[str, str]:
    with pytest.raises(SiteError) as caught:
        parse(whole)
    found = {}
    for sentence in caught.value.errors:
        key, _, rest = sentence.en.partition(" (line ")
        found[key] = rest.partition("): ")[2]
        assert key in sentence.ja
    return found


def test_good() -> None:
    assert parse(text(FIRST)).terminals[0].label == "受付1"


@pytest.mark.parametrize(
    ("old", "new", "key", "says"),
    [
        # WAN
        ("wan0", "lan0", "lan.interface", "lan0 is the WAN port too"),
        ('"wan0"', '"sk-dc1"', "wan.interface", "sk-dc1 is not the name of a port"),
        ('"wan0"', '"lo"', "wan.interface", "lo is not the name of a port"),
        ('"wan0"', '".."', "wan.interface", ".. is not the name of a port"),
        ('"wan0"', '"-h"', "wan.interface", "-h is not the name of a port"),
        ('"wan0"', '"all"', "wan.interface", "all is not the name of a port"),
        ('"wan0"', '"wan 0"', "wan.interface", '"wan 0" cannot be used'),
        ("192.0.2.66/28", "192.0.2.66", "wan.address", "192.0.2.66/32 has no usable network size (/8 to /31)"),
        ("192.0.2.66/28", "192.0.2.66/2", "wan.address", "has no usable network size"),
        ("192.0.2.66/28", "192.0.2.64/28", "wan.address", "192.0.2.64 is not a machine's address in 192.0.2.64/28"),
        ("192.0.2.66/28", "224.0.0.66/28", "wan.address", "224.0.0.66 is a special address"),
        ('"192.0.2.65"', '"192.0.2.80"', "wan.gateway", "choose one from 192.0.2.65 to 192.0.2.78"),
        ('"192.0.2.65"', '"192.0.2.79"', "wan.gateway", "192.0.2.79 is not a machine's address"),
        ('"192.0.2.65"', '"192.0.2.66"', "wan.gateway", "192.0.2.66 is the same as the WAN address"),
        ('"198.51.100.53"', '"192.0.2.66"', "wan.dns[1]", "192.0.2.66 is this router itself"),
        ('"198.51.100.53"', '"198.51.100.53", "192.0.2.1"', "wan.dns[2]", "192.0.2.1 is this router itself"),
        ('"198.51.100.53"', '"127.0.0.1"', "wan.dns[1]", "127.0.0.1 is a special address"),
        ('"198.51.100.53"', "", "wan.dns", "[] cannot be used; write the list of the line's DNS servers"),
        ('"wan0"', '"wan0"\nupload_mbit = 0', "wan.upload_mbit", "0 cannot be used; write the line's upload speed"),
        ('"wan0"', '"wan0"\nupload_mbit = 12.5', "wan.upload_mbit", "a whole number from 1 to 10000"),
        ('"wan0"', '"wan0"\nupload_mbit = "20"', "wan.upload_mbit", '"20" cannot be used'),
        # LAN
        ("192.0.2.1/26", "192.0.2.1/25", "lan.address", "overlaps the upper router's network (192.0.2.64/28)"),
        ("192.0.2.1/26", "192.0.2.1", "lan.address", 'write it like "192.0.2.1/24"'),
        ("192.0.2.1/26", "192.0.2.1/31", "lan.address", "has no usable network size (/8 to /30)"),
        ("192.0.2.1/26", "192.0.2.63/26", "lan.address", "192.0.2.63 is not a machine's address"),
        ("192.0.2.1/26", "169.254.0.1/16", "lan.address", "169.254.0.1 is a special address"),
        ('"sekisho"', '"Sekisho"', "lan.name", '"Sekisho" cannot be used'),
        ('"192.0.2.32"', '"192.0.2.0"', "lan.dhcp.first", "192.0.2.0 is not a machine's address"),
        ('"192.0.2.61"', '"192.0.2.63"', "lan.dhcp.last", "192.0.2.63 is not a machine's address"),
        ('"192.0.2.61"', '"192.0.2.70"', "lan.dhcp.last", "choose one from 192.0.2.1 to 192.0.2.62"),
        ('"192.0.2.61"', '"192.0.2.31"', "lan.dhcp.last", "comes before the first 192.0.2.32; swap them"),
        ('"192.0.2.32"', '"192.0.2.1"', "lan.dhcp.first", "contains the router's own address 192.0.2.1"),
        # terminals
        ('"reception-1"', '"sekisho"', "terminals[1].name", "sekisho is the router's own name"),
        ('"reception-1"', '"受付"', "terminals[1].name", '"受付" cannot be used'),
        ('"受付1"', '"   "', "terminals[1].label", "cannot be used; write what the staff call it"),
        ('"受付1"', r'"\u202e1"', "terminals[1].label", "it contains an invisible character"),
        ('"受付1"', r'"\u001b[31m"', "terminals[1].label", "it contains an invisible character"),
        ('"02:00:00:00:02:10"', '"01:00:5e:00:00:01"', "terminals[1].mac", "is not the MAC address of one machine"),
        ('"02:00:00:00:02:10"', '"FF-FF-FF-FF-FF-FF"', "terminals[1].mac", "is not the MAC address of one machine"),
        ('"02:00:00:00:02:10"', '"00:00:00:00:00:00"', "terminals[1].mac", "is not the MAC address of one machine"),
        ('"02:00:00:00:02:10"', '"0200.0000.0210"', "terminals[1].mac", '"0200.0000.0210" cannot be used'),
        ('"192.0.2.10"', '"192.0.2.1"', "terminals[1].address", "192.0.2.1 is the same as the router"),
        ('"192.0.2.10"', '"192.0.2.63"', "terminals[1].address", "192.0.2.63 is not a machine's address"),
        ('"192.0.2.10"', '"192.0.2.70"', "terminals[1].address", "choose one from 192.0.2.1 to 192.0.2.62"),
    ],
)
def test_contradictions(old: str, new: str, key: str, says: str) -> None:
    assert says in problems(changed(old, new, FIRST))[key]


def test_every_repeated_terminal_value_is_told_at_the_later_place() -> None:
    found = problems(text(FIRST, ("other", "受付2", "02:00:00:00:02:11", "192.0.2.11"), FIRST))
    assert found == {
        "terminals[3].name": "reception-1 is used by terminals[1] too; correct one of them.",
        "terminals[3].mac": "02:00:00:00:02:10 is used by terminals[1] too; correct one of them.",
        "terminals[3].address": "192.0.2.10 is used by terminals[1] too; correct one of them.",
    }


def test_a_service_has_one_choice_and_says_which() -> None:
    good = text(FIRST) + '[[services]]\nname = "receipt-gate"\nby_address = true\n'
    assert parse(good).services[0].by_address
    assert problems(good + '[[services]]\nname = "receipt-gate"\nby_address = false\n') == {
        "services[2].name": "receipt-gate is in services[1] too; remove one of them."
    }
    assert "true or false" in problems(good.replace("true", '"yes"'))["services[1].by_address"]


@pytest.mark.parametrize("mac", ["02-00-00-00-02-1A", "02:00:00:00:02:1A", " 02:00:00:00:02:1a "])
def test_macs_are_normalised(mac: str) -> None:
    site = parse(text(("a", "b", mac, "192.0.2.10")))
    assert site.terminals[0].mac == "02:00:00:00:02:1a"


def test_differently_written_equal_macs_are_equal() -> None:
    one, other = ("a", "b", "02:00:00:00:02:1a", "192.0.2.10"), ("c", "d", "02-00-00-00-02-1A", "192.0.2.11")
    assert list(problems(text(one, other))) == ["terminals[2].mac"]


def test_a_reserved_address_may_lie_in_the_dynamic_range() -> None:
    assert parse(text(("a", "b", "02:00:00:00:02:10", "192.0.2.40"))).terminals


def test_a_point_to_point_line_has_two_addresses() -> None:
    whole = text().replace("192.0.2.66/28", "192.0.2.65/31").replace('gateway = "192.0.2.65"', 'gateway = "192.0.2.64"')
    assert parse(whole)


def test_japanese_spaces_in_labels_are_kept() -> None:
    assert parse(text(("a", " 受付　1番 ", "02:00:00:00:02:10", "192.0.2.10"))).terminals[0].label == "受付　1番"


def test_a_line_by_ipv6_alone_leads_no_terminal_to_the_internet() -> None:
    lan = '[lan]\ninterface = "lan0"\naddress = "192.0.2.1/26"\n'
    terminal = '[[terminals]]\nname = "a"\nlabel = "b"\nmac = "02:00:00:00:02:10"\naddress = "192.0.2.10"\n'
    lines = '[wan]\nkind = "ipoe"\ninterface = "wan0"\n'
    switchable = lan + terminal + "internet_minutes = 30\n"
    assert parse(lines + lan + terminal).wan.kind == "ipoe"
    assert list(problems(lines + switchable)) == ["terminals[1].internet_minutes"]
    assert parse(lines + '[backup_wan]\nkind = "dhcp"\ninterface = "usb0"\n' + switchable).terminals
