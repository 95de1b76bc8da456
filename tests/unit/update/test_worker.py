"""The process that may write to disks, from its job to its news; and what a bundle is told to offer."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from appliance.account import keys
from appliance.errors import SekishoError
from appliance.update import __main__ as worker
from appliance.update import image, job, look, slots
from appliance.update.core import Offer
from appliance.update.job import Job
from tests.unit.update import world

OLD, NEW = world.build("1.0.0"), world.build("1.1.0", changed=3000)
KEY = keys.generate()


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """On a router that runs the version before."""
    (tmp_path / "disk").write_bytes(world.disk(OLD))
    (tmp_path / "esp").mkdir()
    (tmp_path / "esp" / "sekisho_1.0.0.efi").write_bytes(OLD.uki)
    monkeypatch.setattr(slots, "running_root", lambda: OLD.root_uuid)
    monkeypatch.setattr(slots, "disk_of", lambda _: tmp_path / "disk")
    monkeypatch.setattr(slots, "entries_directory", lambda: tmp_path / "esp")
    monkeypatch.setattr(image.running, "version", lambda: "1.0.0")
    monkeypatch.setattr(image.machine, "own_profile", lambda: SimpleNamespace(name="mini-pc"))
    monkeypatch.setattr(image, "trusted", lambda: {KEY.thumbprint(): KEY})
    monkeypatch.setattr("appliance.update.acceptance._check_dates", lambda *_: None)
    for name in ("UPDATE_JOB", "UPDATE_NEWS"):
        monkeypatch.setattr(f"appliance.paths.{name}", tmp_path / f"{name}.json")
    return world.bundle(tmp_path, NEW, 7, KEY)[0]


def test_written_then_armed(bundle: Path, tmp_path: Path) -> None:
    job.tell(Job("write", "1.1.0", 6, sure=True, file=str(bundle)))
    assert worker.main() == 0
    news = job.news()
    assert news is not None
    assert news.done
    assert 0 < news.come < bundle.stat().st_size / 2
    read = (tmp_path / "disk").read_bytes
    assert world.boots(lambda at, length: read()[at : at + length], tmp_path / "esp") == "1.0.0"
    job.tell(Job("arm", "1.1.0", 6, sure=True))
    assert worker.main() == 0
    assert world.boots(lambda at, length: read()[at : at + length], tmp_path / "esp") == "1.1.0"


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (Job("write", "1.1.0", 7, sure=True, file="FILE"), "firmware.replayed"),
        (Job("write", "1.2.0", 6, sure=True, file="FILE"), "firmware.broke-off"),
        (Job("write", "1.1.0", 6, sure=True, file="/nonexistent"), "firmware.source"),
        (Job("arm", "1.3.0", 6, sure=True), "firmware.disk"),
    ],
)
def test_it_judges_by_itself(told: Job, code: str, bundle: Path, tmp_path: Path) -> None:
    before = (tmp_path / "disk").read_bytes()
    job.tell(Job(told.work, told.version, told.floor, told.sure, told.file.replace("FILE", str(bundle))))
    assert worker.main() == 1
    news = job.news()
    assert news is not None
    assert news.refusal is not None
    assert news.refusal.code == code
    assert (tmp_path / "disk").read_bytes() == before


def test_what_a_file_offers(bundle: Path) -> None:
    assert look.file(str(bundle), 6, True) == Offer("1.1.0", 7, str(bundle))
    with pytest.raises(SekishoError) as refused:
        look.file(str(bundle), 9, True)
    assert refused.value.code == "firmware.replayed"


def test_the_running_slot_is_named_on_the_kernel_s_command_line(tmp_path: Path) -> None:
    line = tmp_path / "cmdline"
    line.write_text(f"ro roothash={OLD.root_uuid.hex}{NEW.root_uuid.hex} gpt\n")
    assert slots.running_root(line) == OLD.root_uuid
    line.write_text("ro root=/dev/sda2\n")
    with pytest.raises(SekishoError) as refused:
        slots.running_root(line)
    assert refused.value.code == "firmware.no-slots"
