"""Inside the router of a `rig`: make it as the product would, ``python -m tests.bench.product SIZE PEER_KEY``.

Account and settings of SIZE terminals and as many engines, the product's own compiler and apply, the permissions as
the prover gives them. What its daemons would do later is done by their words: BIRD's route, the resolver's addresses.
"""

from __future__ import annotations

import logging
import subprocess
import sys

from appliance.intent import names
from appliance.intent.compile import compile as compile_intent
from appliance.intent.model import RouterIntent
from appliance.kernel import apply as kernel
from appliance.kernel.nft import runtime
from tests import builders
from tests.bench import rig

PERMISSION = 3600
"""Seconds: nobody renews it here."""


def intent(size: int, peer_key: str) -> RouterIntent:
    """A clinic with `size` terminals, and an account with a passthrough service for each engine, as far as it may."""
    places = (rig.UPSTREAM.ip, rig.SPARE)
    tunnels = [
        builders.lab_tunnel(
            number,
            endpoint_host=str(place),
            endpoint_port=rig.WIREGUARD_PORT,
            inner_address=str(rig.CLINIC),
            peer_address=str(rig.PEER + number - 1),
            allowed_prefixes=[str(rig.CENTER)],
            mtu=rig.MTU,
            **({"public_key": peer_key} if number == 1 else {}),
        )
        for number, place in enumerate(places, 1)
    ]
    services = [
        builders.passthrough_service(name=f"receipt-{number}", host=f"e{number}.cloud.example")
        for number in range(min(size, names.SERVICES_LIMIT - 1))
    ]
    account = builders.lab_account(
        wireguard_private_key=builders.wireguard_private_key(rig.KEY),
        tunnels=tunnels,
        services=[*services, builders.terminate_service()],
        dns=[str(rig.PEER + 4)],
        monitoring=[f"{rig.PEER + 5}/32"],
        ntp=[str(rig.PEER + 6)],
    )
    known = (rig.terminal(number) for number in range(size))
    site = builders.lab_site(
        wan=builders.static_wan(address=str(rig.WAN), gateway=str(rig.UPSTREAM.ip)),
        lan={"interface": "lan0", "address": str(rig.LAN)},
        terminals=[
            {"name": f"t{number}", "label": f"t{number}", "mac": card, "address": str(address)}
            for number, (address, card) in enumerate(known)
        ],
    )
    return compile_intent(account, site)


def main() -> None:
    size, peer_key = int(sys.argv[1]), sys.argv[2]
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    memory = kernel.Memory.load()
    kernel.apply(intent(size, peer_key), memory)
    if not memory.offloads:
        raise SystemExit("no fast path on this kernel")
    runtime.replace_elements(
        names.TUNNEL_ENDPOINTS, [(place, rig.WIREGUARD_PORT) for place in (rig.UPSTREAM.ip, rig.SPARE)]
    )
    runtime.grant(
        [runtime.Grant(names.ENGINE_VERIFIED, (rig.engine(number), rig.PORT), PERMISSION) for number in range(size)]
    )
    route = f"route add {rig.CENTER} dev sk-dc1 src {rig.CLINIC} table 51 metric 32 proto bird\n"
    subprocess.run(["ip", "-batch", "-"], input=route, text=True, check=True, timeout=60)


if __name__ == "__main__":
    main()
