"""A process is known by pid and start time, and only such a process is ever touched."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engines import process
from appliance.engines.process import ProcessId
from appliance.engines.spec import EngineSpec
from appliance.errors import SekishoError
from appliance.text import Text

TITLE = Text("試験", "test")


def until(condition: Callable[[], bool], limit: float = 20.0) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.02)


def start(tmp_path: Path, *argv: str, user: str | None = None) -> tuple[subprocess.Popen[bytes], process.Record]:
    spec = EngineSpec("test", TITLE, argv, user=user)
    child = process.start(spec, tmp_path / "log", tmp_path / "test.run")
    record = process.read_record(tmp_path / "test.run")
    assert record is not None
    return child, record


@given(name=st.text(st.characters(exclude_characters="\n\0", codec="utf-8"), max_size=15), start=st.integers(0, 2**63))
def test_a_hostile_process_name_does_not_shift_the_fields(name: str, start: int) -> None:
    line = f"42 ({name}) S 1 42 40 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 {start} 0 0"
    stat = process.parse_stat(line)
    assert (stat.pid, stat.state, stat.session, stat.start) == (42, "S", 40, start)


@given(st.text(max_size=80))
def test_any_text_is_a_status_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        process.parse_stat(text)


@given(st.binary(max_size=200))
def test_any_record_file_is_a_record_or_none(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.run"
    path.write_bytes(content)
    assert process.read_record(path) is None


@pytest.mark.isolated
def test_the_record_names_the_daemon_itself(tmp_path: Path) -> None:
    child, record = start(tmp_path, "sleep", "1000")
    assert record.process.pid == child.pid
    assert record.title == TITLE
    assert (tmp_path / "test.run").stat().st_mode & 0o777 == 0o600
    until(lambda: Path(f"/proc/{child.pid}/cmdline").read_bytes() == b"/usr/bin/sleep\0001000\0")
    assert process.is_alive(record.process)
    assert os.getsid(child.pid) == child.pid
    assert Path(f"/proc/{child.pid}/fd/0").readlink() == Path("/dev/null")
    # The program's loader has its libraries open for a moment.
    until(lambda: {int(entry.name) for entry in Path(f"/proc/{child.pid}/fd").iterdir()} == {0, 1, 2})


@pytest.mark.isolated
def test_an_unprivileged_daemon_has_no_right_left(tmp_path: Path) -> None:
    child, _ = start(tmp_path, "sleep", "1000", user="nobody")
    until(lambda: Path(f"/proc/{child.pid}/cmdline").read_bytes().startswith(b"/usr/bin/sleep"))
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{child.pid}/status").read_text().splitlines())
    assert status["Uid"].split() == ["65534"] * 4
    assert status["Gid"].split() == ["65534"] * 4
    assert status["Groups"].strip() == ""
    assert {status[f"Cap{which}"] for which in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"


@pytest.mark.isolated
def test_a_daemon_keeps_the_rights_that_it_is_made_for_and_sees_its_own_resolvers(tmp_path: Path) -> None:
    resolvers, told = Path("/run/resolv"), Path("/run/told")
    resolvers.write_text("nameserver 198.51.100.53\n")
    told.touch()
    told.chmod(0o666)
    script = f"import time; open({str(told)!r}, 'w').write(open('/etc/resolv.conf').read()); time.sleep(1000)"
    capabilities = ("net_admin", "net_raw")
    spec = EngineSpec(
        "test", TITLE, ("python3", "-Ic", script), user="nobody", capabilities=capabilities, resolvers=resolvers
    )
    child = process.start(spec, tmp_path / "log", tmp_path / "test.run")
    until(lambda: told.read_text() or child.poll() is not None)
    assert told.read_text() == resolvers.read_text()
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{child.pid}/status").read_text().splitlines())
    assert status["Uid"].split() == ["65534"] * 4
    assert {int(status[f"Cap{which}"], 16) for which in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {1 << 12 | 1 << 13}


@pytest.mark.isolated
def test_a_prompt_daemon_goes_before_others_with_all_its_threads(tmp_path: Path) -> None:
    script = "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start(); time.sleep(60)"
    spec = EngineSpec("test", TITLE, (sys.executable, "-c", script), is_prompt=True)
    child = process.start(spec, tmp_path / "log", tmp_path / "test.run")
    tasks = Path(f"/proc/{child.pid}/task")
    until(lambda: len(list(tasks.iterdir())) == 2)
    assert {os.sched_getscheduler(int(task.name)) for task in tasks.iterdir()} == {os.SCHED_RR}
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def test_output_goes_to_the_log(tmp_path: Path) -> None:
    for word in ("one", "two"):
        child, _ = start(tmp_path, "sh", "-c", f"echo {word}; echo {word} >&2")
        child.wait(20)
    assert (tmp_path / "log").read_text() == "one\none\ntwo\ntwo\n"


@pytest.mark.isolated
def test_an_early_hangup_does_not_kill(tmp_path: Path) -> None:
    child, record = start(tmp_path, "sleep", "1000")
    assert process.send(record.process, signal.SIGHUP)
    until(lambda: Path(f"/proc/{child.pid}/cmdline").read_bytes().startswith(b"/usr/bin/sleep"))
    assert process.is_alive(record.process)


@pytest.mark.isolated
def test_a_zombie_is_dead(tmp_path: Path) -> None:
    child, record = start(tmp_path, "true")
    until(lambda: not process.is_alive(record.process))
    assert child.returncode is None
    assert not process.send(record.process, signal.SIGTERM)
    child.wait(20)


@pytest.mark.isolated
def test_a_stranger_under_the_same_number_is_left_alone(tmp_path: Path) -> None:
    child, record = start(tmp_path, "sleep", "1000")
    stranger = ProcessId(record.process.pid, record.process.start - 1)
    assert not process.is_alive(stranger)
    assert not process.send(stranger, signal.SIGKILL)
    process.stop([stranger], 0.1)
    process.sweep(stranger)
    assert child.poll() is None


@pytest.mark.isolated
def test_a_deaf_daemon_is_killed(tmp_path: Path) -> None:
    child, record = start(tmp_path, "sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done")
    until(lambda: (tmp_path / "log").read_text() == "ready\n")
    process.stop([record.process], 0.3)
    assert child.wait(20) == -signal.SIGKILL


@pytest.mark.isolated
def test_helpers_of_a_daemon_go_with_it(tmp_path: Path) -> None:
    child, record = start(tmp_path, "sh", "-c", "sleep 1000 & echo $!; exec sleep 1000")
    until(lambda: (tmp_path / "log").read_text().endswith("\n"))
    helper = int((tmp_path / "log").read_text())
    os.kill(child.pid, signal.SIGKILL)
    child.wait(20)
    assert Path(f"/proc/{helper}").exists()
    process.sweep(record.process)
    until(lambda: b"sleep" not in _command(helper))


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return b""


def test_a_missing_program_or_user_is_said(tmp_path: Path) -> None:
    for argv, user, code in (
        (("no-such-program",), None, "engine.program-missing"),
        (("true",), "no-such-user", "engine.user-missing"),
    ):
        with pytest.raises(SekishoError) as caught:
            process.start(EngineSpec("test", TITLE, argv, user=user), tmp_path / "log", tmp_path / "test.run")
        assert caught.value.code == code
    assert not (tmp_path / "test.run").exists()


@pytest.mark.isolated
def test_a_record_that_cannot_be_written_means_no_daemon(tmp_path: Path) -> None:
    with pytest.raises(SekishoError) as caught:
        process.start(EngineSpec("test", TITLE, ("sleep", "1000")), tmp_path / "log", tmp_path / "no" / "test.run")
    assert caught.value.code == "engine.not-started"
    until(lambda: not any(b"sleep" in _command(int(entry.name)) for entry in Path("/proc").glob("[0-9]*")))
