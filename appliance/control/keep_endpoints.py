"""TEMPORARY"""
from __future__ import annotations
import asyncio
from appliance.control.records import Records
from appliance.engines.leases import read_lease
from appliance.intent import names
from appliance.intent.model import RouterIntent
from appliance.kernel import nft, wireguard
from appliance.tunnel.names import Unresolved, resolve_a

async def keep_endpoints(intent: RouterIntent, records: Records) -> None:
    while True:
        lease = read_lease(intent.wan.interface)
        dns = lease.dns if lease else intent.wan.dns
        await asyncio.to_thread(nft.replace_elements, names.WAN_RESOLVERS, [(d,) for d in dns])
        eps = []
        for t in intent.tunnels:
            got = await resolve_a(t.endpoint_host, dns, None, 2.0)
            records.record("tunnel.endpoint", t.name, not isinstance(got, Unresolved))
            if not isinstance(got, Unresolved):
                eps.append((got[0], t.endpoint_port))
                await asyncio.to_thread(nft.replace_elements, names.TUNNEL_ENDPOINTS, eps)
                await asyncio.to_thread(wireguard.set_endpoint, t.interface, t.peer_public_key, got[0], t.endpoint_port)
        await asyncio.sleep(5)
