"""The map of the world. Documentation ranges only: RFC 5737, RFC 3849; RFC 5398 AS number, RFC 6761 names."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network

# ---- the clinic --------------------------------------------------------------------------
LAN = IPv4Network("192.0.2.0/26")
ROUTER_LAN = IPv4Interface("192.0.2.1/26")
ROUTER_LAN_MAC = "02:00:00:00:01:01"
ROUTER_WAN_MAC = "02:00:00:00:01:02"
LAN_ATTACKER = IPv4Interface("192.0.2.50/26")
DHCP_FIRST = IPv4Address("192.0.2.32")
DHCP_LAST = IPv4Address("192.0.2.61")
FRESH_LAN = IPv4Interface("192.0.2.193/26")
"""Of a router that nobody has set up: the product's own range is private, and no documentation range."""
FRESH_FIRST = IPv4Address("192.0.2.200")
FRESH_LAST = IPv4Address("192.0.2.219")


@dataclass(frozen=True, slots=True)
class TerminalPlace:
    """A terminal's fixed place on the LAN, which the router's DHCP server gives to its MAC."""

    mac: str
    address: IPv4Interface


TERMINALS = {
    "reception": TerminalPlace("02:00:00:00:02:10", IPv4Interface("192.0.2.10/26")),
    "doctor": TerminalPlace("02:00:00:00:02:11", IPv4Interface("192.0.2.11/26")),
}

# ---- the access line: an upper router that the clinic already had (double NAT) ------------
LINE = IPv4Network("192.0.2.64/28")
UPPER_LAN = IPv4Interface("192.0.2.65/28")
LINE_DHCP_FIRST = IPv4Address("192.0.2.70")
LINE_DHCP_LAST = IPv4Address("192.0.2.77")

# ---- the second access line: a mobile modem -------------------------------------------------
MODEM_LAN = IPv4Interface("192.0.2.81/28")
MODEM_DHCP = IPv4Address("192.0.2.90")
MODEM_WAN = IPv4Interface("198.51.100.3/24")

# ---- the access line when it is PPPoE ---------------------------------------------------------
PPPOE_SERVER = IPv4Interface("198.51.100.4/24")
PPPOE_CLIENT = IPv4Address("198.51.100.130")
PPPOE_USER = "clinic-0001@provider.example"
PPPOE_PASSWORD = 'lab "pass\\word" #1'
PPPOE_MTU = 1454

# ---- the access line when it is IPv6 (IPoE) -----------------------------------------------------
IPOE_CUSTOMERS = IPv6Network("2001:db8:600::/40")
"""All that the provider has for its customers."""
IPOE_PREFIXES = (IPv6Network("2001:db8:600::/64"), IPv6Network("2001:db8:601::/64"))
"""Advertised on the clinic's line, one after the other."""
IPOE_POOLS = (IPv6Network("2001:db8:610::/48"), IPv6Network("2001:db8:620::/48"))
"""Of which the clinic is delegated a /56, one after the other."""
PROVIDER6 = IPv6Interface("2001:db8:51::2/64")

# ---- the access line when IPv4 goes inside IPv6 ------------------------------------------------
SOFTWIRE_PREFIX = IPv6Network("2001:db8:12:3400::/56")
"""The clinic's, of which the access network delegates the whole or advertises the first /64."""
SOFTWIRE_ACCESS = IPv6Interface("2001:db8:fe::53/64")
SOFTWIRE_CARRIER = IPv6Interface("2001:db8:100::1/64")
"""The access network's own side of the wire to the far ends."""
FAR_ENDS = (IPv6Interface("2001:db8:100::64/64"), IPv6Interface("2001:db8:100::65/64"))
AFTR_NAME = "aftr.access.example"
AFTR_OUTSIDE = IPv4Interface("198.51.100.5/24")
BR_OUTSIDE = IPv4Interface("198.51.100.6/24")
MAP_E_RULE6 = IPv6Network("2001:db8:10::/44")
MAP_E_RULE4 = IPv4Network("198.51.100.192/28")
MAP_E_EA_BITS = 12
MAP_E_ADDRESS = IPv4Address("198.51.100.194")
MAP_E_PSID = 0x34
MAP_E_ENDPOINT = IPv6Address("2001:db8:12:3400:c6:3364:c200:3400")
"""What rule and prefix amount to, worked by hand (draft-ietf-softwire-map-03 section 6)."""

# ---- the internet --------------------------------------------------------------------------
INTERNET = IPv4Network("198.51.100.0/24")
UPPER_WAN = IPv4Interface("198.51.100.2/24")
INTERNET_DNS = IPv4Interface("198.51.100.53/24")
INTERNET_DNS6 = IPv6Interface("2001:db8:51::53/64")
PUBLIC_TIME = IPv4Interface("198.51.100.123/24")
PUBLIC_TIME_NAME = "nts.time.example"
PUBLIC_WEB = IPv4Interface("198.51.100.80/24")
PUBLIC_WEB6 = IPv6Address("2001:db8::80")
"""In the internet's DNS beside `PUBLIC_WEB`: who has no way by IPv6 must not be told it."""
PUBLIC_WEB_NAME = "www.public.example"
OUTSIDE_RECEIPT = IPv4Interface("198.51.100.21/24")
OUTSIDE_RECEIPT_GATE = IPv4Interface("198.51.100.22/24")
"""Where the engines' names lead on the internet; nobody is there unless a scenario puts an engine there."""
VENDOR = IPv4Interface("198.51.100.90/24")
INTERNET_ATTACKER = IPv4Interface("198.51.100.66/24")

# ---- the data centers ----------------------------------------------------------------------
DATA_CENTER = IPv4Network("203.0.113.0/25")
BACKBONE_AS = 64500
CORE = IPv4Interface("203.0.113.70/26")
CENTER_DNS = IPv4Interface("203.0.113.5/32")
CENTER_NTP = IPv4Interface("203.0.113.7/32")
MONITORING = IPv4Interface("203.0.113.6/32")
MAINTAINER = IPv4Interface("203.0.113.8/32")
"""By which the vendor comes, once he is in the data center."""
NIGHT_NTP = IPv4Interface("203.0.113.11/32")
"""A time server that is ahead, for the nights of tests/image."""
WIREGUARD_PORT = 51820


@dataclass(frozen=True, slots=True)
class ConcentratorPlace:
    """name: of its tunnel in the account. inner: its end of the tunnel. preference: higher carries."""

    number: int
    name: str
    host: str
    outside: IPv4Interface
    outside6: IPv6Interface
    inner: IPv4Address
    backbone: IPv4Interface
    preference: int


CONCENTRATORS = {
    1: ConcentratorPlace(
        1,
        "dc1",
        "vpn1.dc.example",
        IPv4Interface("198.51.100.11/24"),
        IPv6Interface("2001:db8:51::11/64"),
        IPv4Address("203.0.113.1"),
        IPv4Interface("203.0.113.65/26"),
        200,
    ),
    2: ConcentratorPlace(
        2,
        "dc2",
        "vpn2.dc.example",
        IPv4Interface("198.51.100.12/24"),
        IPv6Interface("2001:db8:51::12/64"),
        IPv4Address("203.0.113.2"),
        IPv4Interface("203.0.113.66/26"),
        100,
    ),
}


@dataclass(frozen=True, slots=True)
class EnginePlace:
    """A receipt engine: one host with an address for each of the two services, behind `gateway` (the core)."""

    segment: str
    receipt: IPv4Interface
    receipt_gate: IPv4Interface
    gateway: IPv4Interface


ENGINES = {
    "e1": EnginePlace(
        "dc1",
        IPv4Interface("203.0.113.17/28"),
        IPv4Interface("203.0.113.18/28"),
        IPv4Interface("203.0.113.30/28"),
    ),
    "e2": EnginePlace(
        "dc2",
        IPv4Interface("203.0.113.33/28"),
        IPv4Interface("203.0.113.34/28"),
        IPv4Interface("203.0.113.46/28"),
    ),
}
ENGINE_PORT = 443
TRUST_HOST = "trust.cloud.example"
PAGE_HOST = "router.sample-clinic.example"
"""By this name the account's certificate is shown for the router's page."""

TRUST_PORT = 8080
TRUST_PATH = "/list"
"""Where the data center's newest trust list is, at the address of its DNS."""
MEASURE_HOST = "measure.cloud.example"
MEASURE_PORT = 8081
MEASURE_PATH = "/bytes"
"""Where the throughput is measured, at the same address."""
RECEIPT_HOST = "weborca.cloud.example"
RECEIPT_GATE_HOST = "weborca-gate.cloud.example"
BACKUP_HOST = "backup.cloud.example"
RENEWAL_HOST = "auth.cloud.example"
"""At the first engine's address, where a scenario starts them."""

CLINIC_ID = "clinic-0001"
CLINIC_INNER = IPv4Address("203.0.113.129")
CLINICS_INNER = IPv4Network("203.0.113.128/25")
