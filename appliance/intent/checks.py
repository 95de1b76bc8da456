"""What an account and settings, each valid by itself, must not do to each other."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, ip_address

from appliance.account.model import Account
from appliance.account.service_mode import ServiceMode
from appliance.errors import SekishoError
from appliance.intent.lines import carries
from appliance.intent.names import SERVICES_LIMIT
from appliance.site.model import Site
from appliance.site.wan import LineName, StaticWan


def refuse_contradictions(account: Account, site: Site) -> None:
    """Raise SekishoError about the first combination that cannot work."""
    _refuse_without_tunnels(account, site)
    _refuse_overlaps(account, site)
    _refuse_endpoints(account, site)
    _refuse_unreachable(account)
    _refuse_too_many(account)
    _refuse_unknown_tunnels(account, site)
    _refuse_unknown_services(account, site)
    _refuse_maintenance_by_nobody(account, site)


def _refuse_without_tunnels(account: Account, site: Site) -> None:
    if account.path != "internet":
        return
    if not any(4 in carries(line.kind) for line in site.lines.values()):
        kinds = ", ".join(line.kind for line in site.lines.values())
        raise SekishoError(
            "intent.internet-needs-ipv4",
            f"トンネルを使わない接続アカウントですが、この回線の種類（{kinds}）では IPv4 のサーバーにつながりません。"
            "site.toml の wan.kind を IPv4 も通る種類（ds-lite など）に変えるか、データセンターに、"
            "トンネルを使う接続アカウントを依頼してください。",
            f"The account has no tunnels, but by this kind of line ({kinds}) no IPv4 server is reached; change "
            "wan.kind in site.toml to one that carries IPv4 too (such as ds-lite), or ask the data center for an "
            "account with tunnels.",
        )
    for number, terminal in enumerate(site.terminals, 1):
        if terminal.internet_minutes is not None:
            raise SekishoError(
                "intent.internet-beside-engines",
                f"トンネルを使わない接続アカウントでは、端末をインターネットに切り替えられません（レセコンのサーバーも"
                f"インターネットにあり、片方だけを閉じておけないためです）。site.toml の terminals[{number}] の "
                "internet_minutes を消してください。",
                "With an account without tunnels no terminal can be switched to the internet, because the engines are "
                "there too and could not be kept apart from it; remove internet_minutes of "
                f"terminals[{number}] in site.toml.",
            )


def _refuse_overlaps(account: Account, site: Site) -> None:
    for tunnel in account.tunnels:
        for prefix in tunnel.allowed_prefixes:
            for network, key in _inside(site):
                if not prefix.overlaps(network):
                    continue
                raise SekishoError(
                    "intent.lan-overlaps-tunnel",
                    f"LAN（{network}）がデータセンター側のネットワーク（{prefix}、トンネル {tunnel.name}）と"
                    "重なっています。"
                    f"site.toml の {key} を重ならない範囲に変えてください。",
                    f"The LAN ({network}) overlaps a network of the data center ({prefix}, tunnel {tunnel.name}); "
                    f"change {key} in site.toml to a range that does not.",
                )
            for name, line in _static(site).items():
                if not prefix.overlaps(line.address.network):
                    continue
                raise SekishoError(
                    "intent.wan-overlaps-tunnel",
                    f"上位ルーターのネットワーク（{line.address.network}）がデータセンター側のネットワーク"
                    f"（{prefix}、トンネル {tunnel.name}）と重なっています。上位ルーターの LAN を別の範囲に変え、"
                    f"site.toml の {name} も合わせてください。",
                    f"The upper router's network ({line.address.network}) overlaps a network of the data center "
                    f"({prefix}, tunnel {tunnel.name}); give the upper router another range and set {name} in "
                    "site.toml to match.",
                )
    outside = [(line.address.network, f"{name}.address") for name, line in _static(site).items()]
    for network, key in [*_inside(site), *outside] if account.tunnels else []:
        inner = account.tunnels[0].inner_address
        if inner in network:
            raise SekishoError(
                "intent.inner-address-taken",
                f"トンネル内で使うこの医院のアドレス {inner} が site.toml の {key} のネットワーク（{network}）に"
                "入っています。そのネットワークを別の範囲に変えてください。",
                f"The clinic's address inside the tunnels, {inner}, lies in the network of {key} in site.toml "
                f"({network}); move that network to another range.",
            )


def _refuse_endpoints(account: Account, site: Site) -> None:
    inside = [prefix for tunnel in account.tunnels for prefix in tunnel.allowed_prefixes]
    bound = {choice.name: site.lines[choice.line] for choice in site.tunnels}
    for tunnel in account.tunnels:
        try:
            endpoint = ip_address(tunnel.endpoint_host)
        except ValueError:
            continue  # A name: `tunnel.endpoints.resolve` checks its addresses.
        lines = [bound[tunnel.name]] if tunnel.name in bound else list(site.lines.values())
        if not any(endpoint.version in carries(line.kind) for line in lines):
            kinds = ", ".join(line.kind for line in lines)
            other = 4 if endpoint.version == 6 else 6
            raise SekishoError(
                f"intent.endpoint-needs-ipv{other}",
                f"トンネル {tunnel.name} の接続先 {endpoint} は IPv{endpoint.version} ですが、"
                f"この回線の種類（{kinds}）は IPv{other} で接続します。"
                f"データセンターに IPv{other} の接続先を入れた接続アカウントを依頼してください。",
                f"The endpoint of tunnel {tunnel.name}, {endpoint}, is IPv{endpoint.version}, but this kind of line "
                f"({kinds}) connects by IPv{other}; ask the data center for an account with an IPv{other} endpoint.",
            )
        if not isinstance(endpoint, IPv4Address):
            continue
        if any(endpoint in prefix for prefix in inside):
            raise SekishoError(
                "intent.endpoint-inside-tunnel",
                f"トンネル {tunnel.name} の接続先 {endpoint} がトンネルの中のネットワークに入っているため、"
                "接続が始まりません。データセンターに正しい接続アカウントを依頼してください。",
                f"The endpoint of tunnel {tunnel.name}, {endpoint}, lies inside the tunnels' own networks, so it can "
                "never be reached; ask the data center for a corrected account.",
            )
        for network, key in _inside(site):
            if endpoint in network:
                raise SekishoError(
                    "intent.endpoint-inside-lan",
                    f"トンネル {tunnel.name} の接続先 {endpoint} が LAN（{network}）に入っています。"
                    f"site.toml の {key} を別の範囲に変えてください。",
                    f"The endpoint of tunnel {tunnel.name}, {endpoint}, lies in the LAN ({network}); "
                    f"change {key} in site.toml to another range.",
                )


def _inside(site: Site) -> list[tuple[IPv4Network, str]]:
    """The clinic's networks, each with the key that gives it."""
    segments = [(item.address.network, f"segments[{number}].address") for number, item in enumerate(site.segments, 1)]
    behind = [(route.to, f"routes[{number}].to") for number, route in enumerate(site.routes, 1)]
    return [(site.lan.address.network, "lan.address"), *segments, *behind]


def _refuse_unreachable(account: Account) -> None:
    inside = [prefix for tunnel in account.tunnels for prefix in tunnel.allowed_prefixes]

    def outside(network: IPv4Network) -> bool:
        return not any(network.subnet_of(prefix) for prefix in inside)

    for key, networks in (
        ("dns", [IPv4Network(server) for server in account.dns]),
        ("monitoring", account.monitoring),
        ("ntp", [IPv4Network(server) for server in account.ntp]),
        ("maintainers", [IPv4Network(address) for one in account.maintainers for address in one.addresses]),
    ):
        for network in networks:
            if outside(network):
                shown = network.network_address if network.prefixlen == 32 else network
                raise SekishoError(
                    "intent.not-behind-tunnels",
                    f"接続アカウントの {key} にある {shown} は、どのトンネルの allowed_prefixes にも入っていないため"
                    "届きません。データセンターに正しい接続アカウントを依頼してください。",
                    f"The account's {key} names {shown}, which lies in no tunnel's allowed_prefixes and cannot be "
                    "reached; ask the data center for a corrected account.",
                )


def _refuse_too_many(account: Account) -> None:
    if len(account.services) > SERVICES_LIMIT:
        raise SekishoError(
            "intent.too-many-services",
            f"接続アカウントのサービスが {len(account.services)} 個ありますが、このルーターが扱えるのは "
            f"{SERVICES_LIMIT} 個までです。データセンターに減らした接続アカウントを依頼してください。",
            f"The account has {len(account.services)} services, but this router serves {SERVICES_LIMIT} at most; "
            "ask the data center for an account with fewer.",
        )


def _refuse_unknown_tunnels(account: Account, site: Site) -> None:
    known = [tunnel.name for tunnel in account.tunnels]
    for choice in site.tunnels:
        if choice.name not in known:
            raise SekishoError(
                "intent.unknown-tunnel",
                f"site.toml の [[tunnels]] にあるトンネル {choice.name} は接続アカウントにありません。"
                f"接続アカウントにある名前（{'、'.join(known)}）に直してください。",
                f"The [[tunnels]] of site.toml name {choice.name}, which the account does not have; "
                f"use one of its names ({', '.join(known)}).",
            )


def _refuse_unknown_services(account: Account, site: Site) -> None:
    at_the_gate = [service.name for service in account.services if service.mode is ServiceMode.TERMINATE]
    for choice in site.services:
        if choice.name not in at_the_gate:
            known = "、".join(at_the_gate) or "なし"
            raise SekishoError(
                "intent.no-such-service",
                f"site.toml の [[services]] にある {choice.name} は、接続アカウントの中の、ルーターが取り次ぐ"
                f"（terminate の）サービスではありません。そのようなサービスの名前（{known}）に直してください。",
                f"The [[services]] of site.toml name {choice.name}, which is no service of the account that the router "
                f"terminates; use the name of one that is ({', '.join(at_the_gate) or 'there is none'}).",
            )


def _refuse_maintenance_by_nobody(account: Account, site: Site) -> None:
    if site.maintenance and not account.maintainers:
        raise SekishoError(
            "intent.maintenance-by-nobody",
            "site.toml に [[maintenance]] がありますが、接続アカウントには遠隔保守をする人がいません。"
            "[[maintenance]] を消すか、データセンターに遠隔保守ができる接続アカウントを依頼してください。",
            "There is [[maintenance]] in site.toml, but the account names nobody who may maintain; remove "
            "[[maintenance]], or ask the data center for an account with maintainers.",
        )


def _static(site: Site) -> dict[LineName, StaticWan]:
    return {name: line for name, line in site.lines.items() if line.kind == "static"}
