"""What people compare before they trust the page: where it is, and its certificate's fingerprints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from appliance.control.dispatch import JSON, Handler, Peer
from appliance.errors import SekishoError


class Router(Protocol):
    def page(self) -> dict[str, Any] | None: ...


def methods(router: Router) -> Mapping[str, Handler]:
    async def page_show(_: dict[str, Any], __: Peer) -> JSON:
        shown = router.page()
        if shown is None:
            raise SekishoError(
                "control.no-page",
                "ルーターのページは、まだ用意できていません。「sekisho status」で様子を確かめてください。",
                'The router\'s page is not ready yet; see "sekisho status".',
            )
        return shown

    return {"page.show": page_show}
