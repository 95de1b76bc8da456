"""Rule sets one after the other, as fast as they load: ``python -m tests.scenarios.leaks.reloading``, on the router.

In turns that of the settings in force, and that of settings with fewer terminals; a dot for each on stdout.
"""

from __future__ import annotations

import socket
from dataclasses import replace

from appliance.control import holdings
from appliance.intent import names
from appliance.intent.firewall import NamedSet
from appliance.kernel import nft
from appliance.kernel.memory import Memory
from appliance.kernel.nft import fast_path


def main() -> None:
    ready = holdings.resumed()
    assert ready is not None
    memory, present = Memory.load(), {name for _, name in socket.if_nameindex()}
    whole = fast_path.fitting(ready.intent.firewall, present, bool(memory.offloads))
    fewer = replace(whole, sets=tuple(map(_with_fewer, whole.sets)))
    while True:
        for table in (fewer, whole):
            # Nothing remembered: loaded whatever the kernel has.
            for change in nft.diff(table, nft.observe(), None):
                nft.apply(change, memory)
            print(".", flush=True)


def _with_fewer(item: NamedSet) -> NamedSet:
    """The first terminal stays."""
    of_terminals = item.name in (names.TERMINALS, names.TERMINAL_ADDRESSES)
    return replace(item, elements=(item.elements or ())[:1]) if of_terminals else item


if __name__ == "__main__":
    main()
