"""What the kernel's tools print."""

from __future__ import annotations

from appliance.errors import SekishoError
from appliance.intent.compile import compile as compile_intent
from appliance.kernel import conntrack as tracking
from appliance.kernel import wireguard as peers
from appliance.kernel.memory import FirewallMemory
from appliance.kernel.nft import fingerprint, load, runtime
from tests.builders import lab_account, lab_site
from tests.fuzz.target import target

_TABLE = compile_intent(lab_account(), lab_site()).firewall
_LOADED = FirewallMemory(fingerprint.of_wanted(_TABLE), {})
_WORDS = ('"nftables"', '"set"', '"map"', '"elem"', '"concat"', '"prefix"', '"val"', '"expires"', '"name"', '"type"')


@target(words=("(none)", "off", "\t", "198.51.100.11:51820", "[2001:db8::11]:51820"))
def wireguard(dump: bytes) -> None:
    try:
        peers.parse(dump.decode(errors="replace"))
    except SekishoError as error:
        _is_about("wg", error)
        assert error.__suppress_context__, "the traceback would show what the dump has: keys"


@target(words=("tcp", "src=", "dst=", "sport=", "dport="))
def conntrack(output: bytes) -> None:
    try:
        tracking.parse(output.decode(errors="replace"))
    except SekishoError as error:
        _is_about("conntrack", error)


@target(longest=4096, words=(*_WORDS, '"chain"', '"rule"', '"comment"', '"expr"', '"handle"', '"hook"', '"prio"'))
def nft_table(output: bytes) -> None:
    try:
        listing = load.parse(output.decode(errors="replace"))
        for remembered in (None, _LOADED):
            load.diff(_TABLE, listing, remembered)
    except SekishoError as error:
        _is_about("nft", error)


@target(words=_WORDS)
def nft_elements(output: bytes) -> None:
    for kind in ("set", "map"):
        try:
            for element in runtime.parse_elements(output.decode(errors="replace"), kind):
                assert all(isinstance(part, str) for part in element.key)
                assert element.expires is None or isinstance(element.expires, int)
        except SekishoError as error:
            _is_about("nft", error)


@target(words=('"nftables"', '"counter"', '"name"', '"packets"', '"bytes"'))
def nft_counters(output: bytes) -> None:
    try:
        for name, counted in runtime.parse_counters(output.decode(errors="replace")).items():
            assert isinstance(name, str)
            assert all(isinstance(number, int) for number in counted)
    except SekishoError as error:
        _is_about("nft", error)


def _is_about(tool: str, error: SekishoError) -> None:
    assert error.code == f"kernel.{tool}-unreadable"
