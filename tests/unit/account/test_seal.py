"""systemd-creds itself, in a mount namespace where its host key is a file that goes away with the test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.account.seal import SystemdCreds
from appliance.errors import SekishoError

pytestmark = pytest.mark.namespaces

IN_PLACE = 'mount --bind "$1" /var/lib/systemd && shift && exec "$@"'
ON_TMPFS = 'mount -t tmpfs none /var/lib/systemd && shift && exec "$@"'
PRELUDE = """
import sys
from appliance.account.seal import SystemdCreds
from appliance.errors import SekishoError
def told(action, *arguments):
    try:
        return action(*arguments)
    except SekishoError as refused:
        print(refused.code)
        print(refused.text.ja, refused.text.en, file=sys.stderr)
creds = SystemdCreds()
"""


@pytest.fixture
def host_key() -> Iterator[Path]:
    """Stands in for /var/lib/systemd. Not in /tmp, which may be a tmpfs, where systemd-creds keeps no key."""
    directory = Path(tempfile.mkdtemp(prefix="sekisho-test-", dir="/var/tmp"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def python(host_key: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    def run(script: str, data: bytes = b"", world: str = IN_PLACE) -> subprocess.CompletedProcess[bytes]:
        command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", world, "sh", str(host_key)]
        return subprocess.run(
            [*command, sys.executable, "-c", PRELUDE + script],
            input=data,
            capture_output=True,
            timeout=120,
            check=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )

    return run


def test_what_is_sealed_opens_again_and_only_there(
    python: Callable[..., subprocess.CompletedProcess[bytes]], host_key: Path
) -> None:
    secret = bytes(range(256)) * 400 + b"\n"
    sealed = python("print(creds.seal(sys.stdin.buffer.read()), end='')", secret).stdout
    assert secret[:64] not in sealed
    assert (host_key / "credential.secret").exists()
    opened = python("sys.stdout.buffer.write(creds.unseal(sys.stdin.read()))", sealed).stdout
    assert opened == secret

    under_another_name = python("told(SystemdCreds('another').unseal, sys.stdin.read())", sealed)
    assert under_another_name.stdout == b"account.cannot-unseal\n"
    assert python("told(creds.unseal, sys.stdin.read()[:-20])", sealed).stdout == b"account.cannot-unseal\n"
    (host_key / "credential.secret").unlink()
    assert python("told(creds.unseal, sys.stdin.read())", sealed).stdout == b"account.cannot-unseal\n"


def test_a_machine_that_could_keep_no_key_refuses(python: Callable[..., subprocess.CompletedProcess[bytes]]) -> None:
    refused = python("told(creds.seal, b'secret')", world=ON_TMPFS)
    assert refused.stdout == b"account.cannot-seal\n"
    assert "/var/lib/systemd" in refused.stderr.decode()


def test_a_machine_without_systemd_creds_refuses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SekishoError) as caught:
        SystemdCreds().seal(b"secret")
    assert caught.value.code == "account.cannot-seal"


def test_text_that_was_never_sealed_is_refused(python: Callable[..., subprocess.CompletedProcess[bytes]]) -> None:
    assert python("told(creds.unseal, '')\ntold(creds.unseal, 'hello')\ntold(creds.unseal, '医院')").stdout == (
        b"account.cannot-unseal\n" * 3
    )
