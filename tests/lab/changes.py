"""Random changes of a clinic's settings and account, one after the other: what a vendor or the desk could think of.

Both are plain values: the settings as TOML has them, the account as its request has it (docs/account.md).
What the clinic's own flows stand on never changes: the LAN and its address, the first two terminals, the
segment `KEPT_SEGMENT` and the way there, the first line, the first tunnel's ends, the first services. All
else may come, change and go. Same seed, same changes.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

Values = dict[str, Any]

KEPT_SEGMENT = "imaging"
KEPT_TERMINALS = 2
_PORTS = ("lan2", "lan3")
"""Ports on the clinic's side where segments may come and go; the second line comes and goes on `SPARE_LINE`."""
SPARE_LINE = "wan1"
_WORDS = ("見本商会", "サンプル商会", "見本システム", "例示サービス")


class Changes:
    """site, account: as they are now; without an account it is left alone. vlans: segments may be VLANs.

    service: makes one, given its name and mode. pin: makes one of a reserve key.
    """

    def __init__(
        self,
        seed: int,
        site: Values,
        account: Values | None,
        valid: Callable[[Values, Values], bool],
        *,
        vlans: bool,
        service: Callable[[str, str], Values] = lambda name, mode: {},
        pin: Callable[[], str] = str,
    ) -> None:
        self.site, self.account = site, account or {}
        self._random = Random(seed)
        self._valid = valid
        self._vlans = vlans
        self._service, self._pin = service, pin
        self._count = 0
        self._spare = account["tunnels"][1] if account else {}
        self._site_changes = (
            self._terminal_comes,
            self._terminal_goes,
            self._terminal_changes,
            self._range_changes,
            self._router_is_renamed,
            self._segment_comes,
            self._segment_goes,
            self._segment_changes,
            self._ways_change,
            self._route_comes,
            self._route_goes,
            self._forward_comes,
            self._forward_goes,
            self._time_servers_change,
            self._vendor_changes,
            self._second_line,
            self._upload_speed_changes,
            self._tunnel_is_bound,
        )
        self._account_changes = (
            ()
            if account is None
            else (
                self._service_comes,
                self._service_goes,
                self._pins_change,
                self._lists_change,
                self._bfd_changes,
                self._keepalive_changes,
                self._prefix_comes_or_goes,
                self._spare_tunnel_comes_or_goes,
                self._words_change,
            )
        )

    def step(self) -> str:
        """Change one or several things at once; returns what, in the names of this module."""
        while True:
            site, account = copy.deepcopy(self.site), copy.deepcopy(self.account)
            kinds = self._random.choices(
                (*self._site_changes, *self._account_changes), k=self._random.choice((1, 1, 1, 2, 3))
            )
            for kind in kinds:
                kind(site if kind in self._site_changes else account)
            if account != self.account:
                account["serial"] += 1
            if (site, account) != (self.site, self.account) and self._valid(site, account):
                self.site, self.account = site, account
                return ", ".join(kind.__name__.strip("_") for kind in kinds)

    # ---- the settings --------------------------------------------------------------------------------

    def _terminal_comes(self, site: Values) -> None:
        self._count += 1
        host = self._random.randint(12, 31)
        site["terminals"].append(
            {
                "name": f"t{self._count}",
                "label": self._random.choice(_WORDS),
                "mac": f"02:00:00:00:05:{host:02x}",
                "address": f"192.0.2.{host}",
                **self._random.choice(({}, {"internet_minutes": 30})),
            }
        )

    def _terminal_goes(self, site: Values) -> None:
        self._drop(site["terminals"], keep=KEPT_TERMINALS)

    def _terminal_changes(self, site: Values) -> None:
        if others := site["terminals"][KEPT_TERMINALS:]:
            terminal, host = self._random.choice(others), self._random.randint(12, 31)
            terminal |= self._random.choice(
                (
                    {"mac": f"02:00:00:00:05:{host:02x}"},
                    {"address": f"192.0.2.{host}"},
                    {"label": self._random.choice(_WORDS)},
                    {"internet_minutes": self._random.randint(1, 480)},
                )
            )

    def _range_changes(self, site: Values) -> None:
        first = self._random.randint(32, 50)
        site["lan"]["dhcp"] = {
            "first": f"192.0.2.{first}",
            "last": f"192.0.2.{self._random.randint(first, 61)}",
            "lease_hours": self._random.randint(1, 168),
        }

    def _router_is_renamed(self, site: Values) -> None:
        site["lan"]["name"] = self._random.choice(("sekisho", "router", "gate"))

    def _segment_comes(self, site: Values) -> None:
        self._count += 1
        place: Values = {"interface": self._random.choice(_PORTS)}
        if self._vlans and self._random.random() < 0.5:
            place = {"vlan": self._random.randint(2, 6)}
        router = self._random.choice((145, 161, 177))
        site["segments"].append({"name": f"s{self._count}", **place, "address": f"192.0.2.{router}/28"})

    def _segment_goes(self, site: Values) -> None:
        for gone in self._drop(site["segments"], keep=1):
            for one in (site["lan"], *site["segments"]):
                one["reaches"] = [name for name in one.get("reaches", []) if name != gone["name"]]

    def _segment_changes(self, site: Values) -> None:
        if others := site["segments"][1:]:
            segment = self._random.choice(others)
            network = segment["address"].rpartition(".")[2].partition("/")[0]
            first = int(network) + self._random.randint(1, 5)
            segment["dhcp"] = {"first": f"192.0.2.{first}", "last": f"192.0.2.{first + self._random.randint(0, 5)}"}

    def _ways_change(self, site: Values) -> None:
        names = [segment["name"] for segment in site["segments"][1:]]
        picked = [name for name in names if self._random.random() < 0.5]
        site["lan"]["reaches"] = [KEPT_SEGMENT, *picked]
        for segment in site["segments"][1:]:
            segment["reaches"] = self._random.sample(["lan", KEPT_SEGMENT], self._random.randint(0, 2))

    def _route_comes(self, site: Values) -> None:
        network = 192 + 4 * self._random.randint(0, 15)
        site.setdefault("routes", []).append({"to": f"192.0.2.{network}/30", "via": "192.0.2.5"})

    def _route_goes(self, site: Values) -> None:
        self._drop(site.get("routes", []))

    def _forward_comes(self, site: Values) -> None:
        self._count += 1
        site.setdefault("forwards", []).append(
            {
                "domains": [f"i{self._count}.insurer.example"],
                "servers": self._random.sample(["192.0.2.5", "192.0.2.6"], self._random.randint(1, 2)),
                "ipv6": self._random.random() < 0.5,
            }
        )

    def _forward_goes(self, site: Values) -> None:
        self._drop(site.get("forwards", []))

    def _time_servers_change(self, site: Values) -> None:
        servers = ["198.51.100.123", "ntp.time.example"]
        site["time"] = {
            "ntp": self._random.sample(servers, self._random.randint(0, 2)),
            "nts": self._random.choice(([], ["nts.time.example"])),
        }

    def _vendor_changes(self, site: Values) -> None:
        site["vendor"] = {"name": self._random.choice(_WORDS), "phone": f"03-0000-{self._random.randint(0, 9999):04}"}
        site["language"] = self._random.choice(("ja", "en"))

    def _second_line(self, site: Values) -> None:
        if site.pop("backup_wan", None) is None:
            site["backup_wan"] = {
                "kind": "static",
                "interface": SPARE_LINE,
                "address": "192.0.2.82/28",
                "gateway": "192.0.2.81",
                "dns": [self._random.choice(("198.51.100.53", "198.51.100.54"))],
                # Else the first tunnel, which may use it too, would be shaped no more: see `_upload_speed_changes`.
                "upload_mbit": 200,
            }
        else:
            site.pop("tunnels", None)

    def _upload_speed_changes(self, site: Values) -> None:
        """Never so low that the flows would queue. Where none was known, the kernel would empty its queue."""
        if "upload_mbit" in site["wan"]:
            site["wan"]["upload_mbit"] = self._random.randint(50, 1000)

    def _tunnel_is_bound(self, site: Values) -> None:
        """Not the first one: its flows would go another way."""
        if site.pop("tunnels", None) is None:
            site["tunnels"] = [{"name": "dc2", "line": self._random.choice(("wan", "backup_wan"))}]

    # ---- the account -----------------------------------------------------------------------------------

    def _service_comes(self, account: Values) -> None:
        self._count += 1
        mode = self._random.choice(("passthrough", "terminate"))
        # Anywhere: an account's order means nothing.
        account["services"].insert(
            self._random.randint(0, len(account["services"])), self._service(f"more-{self._count}", mode)
        )

    def _service_goes(self, account: Values) -> None:
        if more := [service for service in account["services"] if service["name"].startswith("more-")]:
            account["services"].remove(self._random.choice(more))

    def _pins_change(self, account: Values) -> None:
        """A reserve key's; the one in use stays."""
        service = self._random.choice(account["services"])
        service["pins"] = [service["pins"][0], *(self._pin() for _ in range(self._random.randint(1, 2)))]

    def _lists_change(self, account: Values) -> None:
        account["monitoring"] = ["203.0.113.6/32", *self._some("203.0.113.8/32", "203.0.113.80/28")]
        account["dns"] = ["203.0.113.5", *self._some("203.0.113.9")]
        account["ntp"] = self._some("203.0.113.7", "203.0.113.8")

    def _bfd_changes(self, account: Values) -> None:
        account["bfd"] = {"interval_ms": self._random.randint(20, 60), "multiplier": self._random.randint(8, 20)}

    def _keepalive_changes(self, account: Values) -> None:
        self._random.choice(account["tunnels"])["keepalive"] = self._random.randint(5, 60)

    def _prefix_comes_or_goes(self, account: Values) -> None:
        """Of the tunnel that does not carry: WireGuard takes all of a peer's prefixes away before it sets them anew."""
        prefixes = account["tunnels"][-1]["allowed_prefixes"] if len(account["tunnels"]) > 1 else []
        extra = f"198.51.100.{128 + 16 * self._random.randint(0, 7)}/28"
        prefixes.remove(extra) if extra in prefixes else prefixes.append(extra)

    def _spare_tunnel_comes_or_goes(self, account: Values) -> None:
        if len(account["tunnels"]) > 1:
            self._spare = account["tunnels"].pop()
        else:
            account["tunnels"].append(copy.deepcopy(self._spare))

    def _words_change(self, account: Values) -> None:
        account["issuer"] = self._random.choice(("Lab desk", "Example Data Center"))
        account["clinic"]["name"] = {"ja": self._random.choice(_WORDS), "en": "Sample Clinic"}

    # ---- helpers ---------------------------------------------------------------------------------------

    def _some(self, *values: str) -> list[str]:
        return [value for value in values if self._random.random() < 0.5]

    def _drop(self, values: list[Values], keep: int = 0) -> list[Values]:
        """Remove one beyond the first `keep`, if there is one; returns it."""
        return [values.pop(self._random.randrange(keep, len(values)))] if len(values) > keep else []


def toml(value: Any) -> str:
    """Inline TOML; JSON's strings are TOML's but for DEL and characters outside the BMP."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def document(value: Values) -> str:
    """A TOML file."""
    return "".join(f"{key} = {toml(inner)}\n" for key, inner in value.items())
