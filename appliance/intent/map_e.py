"""MAP-E: the IPv4 address, the ports and the IPv6 address that a line's IPv6 prefix stands for.

The rule (the operator's Basic Mapping Rule, RFC 7597 section 5.2) says which bits of the prefix are
the rest of the IPv4 address and which the port set's number, the PSID. The ports are those of section
5.1 with an offset of 4 bits: 15 blocks, none of them below 4096. The address at our end of the softwire
has the interface identifier of draft-ietf-softwire-map-03 section 6, as Japan's access networks
have it; RFC 7597 came to put the same parts one byte further down.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from appliance.intent.firewall import Ports

OFFSET_BITS = 4
"""Of a port number ahead of the PSID: all but 0 are ours, so that the well-known ports are nobody's."""
BLOCKS = (1 << OFFSET_BITS) - 1
LONGEST_PSID = 16 - OFFSET_BITS


@dataclass(frozen=True, slots=True)
class MappingRule:
    """ea_bits: how many bits of an end user's prefix follow `ipv6`: the rest of the IPv4 address, then the PSID."""

    ipv6: IPv6Network
    ipv4: IPv4Network
    ea_bits: int

    @property
    def psid_bits(self) -> int:
        """Negative when the bits do not even fill the IPv4 address."""
        return self.ea_bits - (32 - self.ipv4.prefixlen)

    @property
    def user_bits(self) -> int:
        """Of an end user's prefix."""
        return self.ipv6.prefixlen + self.ea_bits


@dataclass(frozen=True, slots=True)
class Share:
    """What one customer has. endpoint: our end of the softwire."""

    address: IPv4Address
    psid: int
    psid_bits: int
    endpoint: IPv6Address

    @property
    def blocks(self) -> tuple[Ports, ...]:
        """In ascending order; 16 ports each for a PSID of 8 bits."""
        size = block_size(self.psid_bits)
        starts = ((block << (16 - OFFSET_BITS)) + self.psid * size for block in range(1, BLOCKS + 1))
        return tuple(Ports(start, start + size - 1) for start in starts)


def share(rule: MappingRule, prefix: IPv6Network) -> Share | None:
    """prefix: as delegated or advertised, an end user's whole prefix or a part of it. None: not of this rule."""
    if not rule.ipv6.supernet_of(prefix) or prefix.prefixlen < rule.user_bits:
        return None
    bits = _bits(int(prefix.network_address), rule.ipv6.prefixlen, rule.ea_bits, 128)
    psid = bits & ((1 << rule.psid_bits) - 1)
    address = IPv4Address(int(rule.ipv4.network_address) | bits >> rule.psid_bits)
    user = prefix.supernet(new_prefix=rule.user_bits) if prefix.prefixlen > rule.user_bits else prefix
    return Share(address, psid, rule.psid_bits, _endpoint(user, address, psid))


def block_size(psid_bits: int) -> int:
    """Ports in each block."""
    return 1 << (LONGEST_PSID - psid_bits)


def psid_of(port: int, psid_bits: int) -> int | None:
    """Whose `port` is; None below 4096, where it is nobody's."""
    if port >> (16 - OFFSET_BITS) == 0:
        return None
    return _bits(port, OFFSET_BITS, psid_bits, 16)


def _endpoint(user: IPv6Network, address: IPv4Address, psid: int) -> IPv6Address:
    # One byte of zeros, the IPv4 address, the PSID in two bytes, one byte of zeros; the subnet's number is 0.
    identifier = int(address) << 24 | psid << 8
    return IPv6Address(int(user.network_address) | identifier)


def _bits(value: int, skipped: int, count: int, width: int) -> int:
    """`count` bits of a number of `width` bits, after the first `skipped`."""
    return value >> (width - skipped - count) & ((1 << count) - 1)
