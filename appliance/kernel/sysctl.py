"""Kernel switches below /proc/sys (sysctl(8)), as paths such as ``net/ipv4/ip_forward``."""

from __future__ import annotations

import errno
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from appliance.errors import SekishoError
from appliance.kernel import links
from appliance.kernel.changes import Change
from appliance.text import Text

ROOT = Path("/proc/sys")

_SPREADING = {
    "net/ipv4/ip_forward": ("net/ipv4/conf/*/forwarding", "net/ipv4/conf/all/accept_redirects"),
    "net/ipv6/conf/all/forwarding": ("net/ipv6/conf/*/forwarding",),
}
"""Switches that set others when written (ip-sysctl.rst: `ip_forward` resets all configuration parameters)."""


@dataclass(frozen=True, slots=True)
class Write:
    """before: the value now, None when there is no such switch yet."""

    key: str
    value: str
    before: str | None


def observe(keys: Iterable[str]) -> dict[str, str | None]:
    """None: no such switch (the interface does not exist, the kernel lacks the feature)."""
    return {key: _read(key) for key in keys}


def diff(
    wanted: Sequence[tuple[str, str]],
    observed: Mapping[str, str | None],
    coming: Collection[str] = (),
) -> list[Change]:
    """coming: interfaces about to be made anew; their switches do not exist yet, or will start from the default.

    A missing IPv6 switch is nothing to do: without IPv6 on that interface there is nothing to forbid.
    """
    changes = []
    for key, value in wanted:
        before = None if interface_of(key) in coming else observed.get(key)
        if before == value or (before is None and _is_ipv6(key) and interface_of(key) not in coming):
            continue
        if before is None:
            text = Text(f"{key} を {value} にします。", f"set {key} to {value}")
        else:
            text = Text(f"{key} を {before} から {value} にします。", f"set {key} from {before} to {value}")
        changes.append(Change("sysctl", key, text, Write(key, value, before)))
    return changes


def originals(changes: Iterable[Change]) -> dict[str, str]:
    """What `changes` will overwrite, by themselves or by what the kernel does on their account.

    Those that spread come first, as they must when all is put back. Our own interfaces are
    left out: their switches go with them.
    """
    before: dict[str, str] = {}
    writes = [change.operation for change in changes if isinstance(change.operation, Write)]
    for write in sorted(writes, key=lambda write: write.key not in _SPREADING):
        if write.before is not None:
            before.setdefault(write.key, write.before)
        for pattern in _SPREADING.get(write.key, ()):
            for path in sorted(ROOT.glob(pattern)):
                key = str(path.relative_to(ROOT))
                value = _read(key)
                if value is not None:
                    before.setdefault(key, value)
    return {key: value for key, value in before.items() if not links.is_ours(interface_of(key) or "")}


def restore(before: Mapping[str, str], observed: Mapping[str, str | None]) -> list[Change]:
    """Back to the values before us; what vanished meanwhile (an unplugged port) is nobody's loss.

    Call again until nothing is left: a switch that spreads goes back alone, and only then does
    the kernel show which of the others still differ.
    """
    changes = diff([(key, value) for key, value in before.items() if observed.get(key) is not None], observed)
    spreading = [change for change in changes if change.subject in _SPREADING]
    return spreading or changes


def unwanted(before: Mapping[str, str], wanted: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The part of `before` that no setting asks for any longer, such as the switches of the former LAN port."""
    still = {key for key, _ in wanted}
    spread = [pattern for key in _SPREADING if key in still for pattern in _SPREADING[key]]
    return {
        key: value
        for key, value in before.items()
        if key not in still and not any(fnmatch(key, pattern) for pattern in spread)
    }


def apply(change: Change) -> None:
    """Raises SekishoError ``kernel.sysctl-refused``."""
    match change.operation:
        case Write(key, value, _):
            try:
                (ROOT / key).write_text(value)
            except FileNotFoundError:
                if not _is_ipv6(key):
                    raise _refused(key, value, "no such switch in this kernel") from None
            except OSError as error:
                raise _refused(key, value, error.strerror) from None
        case _:
            raise TypeError(change.operation)


def is_belief(key: str) -> bool:
    """Whether it says what the kernel itself makes of router advertisements (ip-sysctl.rst)."""
    return _is_ipv6(key) and key.rpartition("/")[2] in ("accept_ra", "autoconf")


def interface_of(key: str) -> str | None:
    """``net/ipv4/conf/lan0/rp_filter`` → ``lan0``; None for switches of no single interface."""
    parts = key.split("/")
    if len(parts) == 5 and parts[0] == "net" and parts[2] in ("conf", "neigh") and parts[3] not in ("all", "default"):
        return parts[3]
    return None


def _read(key: str) -> str | None:
    try:
        return " ".join((ROOT / key).read_text().split())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        # An IPv6 switch of an interface that is just going away.
        if error.errno in (errno.ENODEV, errno.EINVAL):
            return None
        raise


def _is_ipv6(key: str) -> bool:
    return key.startswith("net/ipv6/")


def _refused(key: str, value: str, reason: str | None) -> SekishoError:
    return SekishoError(
        "kernel.sysctl-refused",
        f"カーネルの設定 {key} を {value} にできません（{reason}）。",
        f"The kernel did not take {value} for {key}: {reason}",
    )
