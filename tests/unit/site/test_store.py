from pathlib import Path

import pytest

from appliance.site import store
from appliance.site.load import SiteError

GOOD = '# 院内\n[wan]\nkind = "dhcp"\ninterface = "wan0"\n[lan]\ninterface = "lan0"\naddress = "192.0.2.1/26"\n'


def test_nothing_is_in_force_before_the_first_apply(tmp_path: Path) -> None:
    assert store.in_force(tmp_path / "site.toml") is None


def test_the_text_is_kept_as_the_vendor_wrote_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "site.toml"
    assert store.put_in_force(GOOD, path).lan.interface == "lan0"
    assert store.in_force(path) == GOOD


def test_refused_settings_leave_the_previous_ones(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    store.put_in_force(GOOD, path)
    with pytest.raises(SiteError):
        store.put_in_force(GOOD.replace("lan0", "wan0"), path)
    assert store.in_force(path) == GOOD
    assert [entry.name for entry in tmp_path.iterdir()] == ["site.toml"]
