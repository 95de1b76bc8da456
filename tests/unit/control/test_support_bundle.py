"""What goes into the support bundle: from named sources, and nothing that this router keeps to itself."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from appliance import paths
from appliance.control import bundle_parts
from appliance.control.bundle_journal import own_lines
from appliance.site.model import Site
from tests.builders import lab_account, lab_pki, lab_site

JOURNAL = """\
2026-11-28T17:00:00+0900 router sekisho[12]: INFO appliance.control.daemon: started
2026-11-28T17:00:01+0900 router pppd[13]: PAP login user=clinic password=planted
2026-11-28T17:00:02+0900 router sekisho[12]: Traceback (most recent call last):
2026-11-28T17:00:03+0900 router sekisho[12]: ValueError: planted
2026-11-28T17:00:04+0900 router sekisho[12]: WARNING urllib3.pool: planted
-- Boot 0123456789abcdef --
2026-11-28T17:00:05+0900 router sekisho[12]: ERROR appliance.gate.server: refused
""".splitlines()


def test_only_our_own_loggers_are_heard() -> None:
    assert list(own_lines(JOURNAL)) == [
        "2026-11-28T17:00:00+0900 INFO appliance.control.daemon: started",
        "2026-11-28T17:00:05+0900 ERROR appliance.gate.server: refused",
    ]


def test_a_part_with_a_secret_is_found() -> None:
    account = lab_account()
    secrets = tuple(bundle_parts._secrets(account, ()))
    held = {account.wireguard_private_key.get_secret_value()} | {
        tunnel.preshared_key.get_secret_value() for tunnel in account.tunnels
    }
    assert held <= set(secrets)
    for secret in secrets:
        assert bundle_parts._holds(f"words before {secret} and after", secrets)
    assert not bundle_parts._holds("words that are nobody's secret", secrets)
    assert not any(bundle_parts._holds(text, secrets) for text in (bundle_parts._account(account), ""))


def test_the_keys_of_the_page_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pki = lab_pki()
    vouched, own = pki.passthrough_engine.as_key_pair(), pki.terminal.as_key_pair()
    kept = tmp_path / "page.pem"
    kept.write_text(own["certificate"] + own["key"])
    monkeypatch.setattr(paths, "PAGE_CERTIFICATE", kept)
    secrets = tuple(bundle_parts._secrets(lab_account(page={**vouched, "names": ["router.clinic.example"]}), ()))
    for pair in (vouched, own):
        assert bundle_parts._holds(pair["key"], secrets)
        assert not bundle_parts._holds(pair["certificate"], secrets)


def test_of_settings_only_what_is_listed_goes_in() -> None:
    site = lab_site(
        wan={"kind": "pppoe", "interface": "wan0", "user": "planted-user@provider.example"},
        terminals=[{"name": "a", "label": "planted-label", "mac": "02:00:00:00:02:10", "address": "192.0.2.10"}],
        vendor={"name": "planted-vendor", "phone": "03-0000-0000"},
    )
    told = site.model_dump_json(include=dict(bundle_parts._SITE), exclude_none=True)
    assert "planted" not in told
    assert '"name":"a"' in told
    assert '"kind":"pppoe"' in told


def test_it_is_a_tar_that_anybody_reads() -> None:
    data = bundle_parts.packed({"a.txt": "一", "b.json": "{}"})
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        assert [member.name for member in tar] == ["sekisho-support/a.txt", "sekisho-support/b.json"]
        stream = tar.extractfile("sekisho-support/a.txt")
        assert stream is not None
        assert stream.read().decode() == "一"


def test_listed_keys_are_keys_of_the_settings() -> None:
    """A key that is renamed must not fall out of the bundle unseen."""
    assert set(bundle_parts._SITE) == set(Site.model_fields) - {"vendor"}
