"""The supervisor with real daemons: a small shell script that tells what it reads."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from signal import Signals

import pytest

from appliance.engines import process
from appliance.engines.spec import ByCommand, ByRestart, BySignal, ConfigFile, Directory, EngineSpec
from appliance.engines.supervise import LOG_LIMIT, Supervisor
from appliance.errors import SekishoError
from appliance.kernel.changes import Change
from appliance.text import Text

pytestmark = pytest.mark.isolated

RUN = Path("/run/sekisho")
CONFIG = RUN / "engines" / "a.conf"
# Not a shell: POSIX forbids one to trap a signal that was ignored when it started.
SCRIPT = """
import signal, sys
def tell(word):
    print(word, open(sys.argv[1]).read(), flush=True)
signal.signal(signal.SIGHUP, lambda *_: tell("read"))
tell("start")
while True:
    signal.pause()
"""


def engine(content: str = "one", name: str = "a", **changes: object) -> EngineSpec:
    path = CONFIG.with_name(f"{name}.conf")
    spec = EngineSpec(
        name,
        Text(f"試験{name}", f"test {name}"),
        ("python3", "-Ic", SCRIPT, str(path)),
        files=(ConfigFile(path, content),),
        directories=(Directory(RUN / name, 0o750, "nobody"),),
        reload=BySignal(Signals.SIGHUP),
    )
    return replace(spec, **changes)


def until(condition: Callable[[], bool], limit: float = 20.0) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.02)


def words(changes: list[Change]) -> list[str]:
    assert {change.subsystem for change in changes} <= {"engine"}
    return [change.text.en for change in changes]


def log(name: str = "a") -> list[str]:
    return (RUN / "log" / f"{name}.log").read_text().splitlines()


def pid(name: str = "a") -> int:
    record = process.read_record(RUN / "engines" / f"{name}.run")
    assert record is not None
    return record.process.pid


def test_start_then_nothing_to_do() -> None:
    os.umask(0o077)
    supervisor = Supervisor(RUN)
    assert words(supervisor.plan([engine()])) == ["start test a"]
    assert not CONFIG.exists()
    assert words(supervisor.apply([engine()])) == ["start test a"]
    until(lambda: log() == ["start one"])
    assert supervisor.check() == {"a": True}
    assert supervisor.plan([engine()]) == []
    assert supervisor.apply([engine()]) == []
    assert oct(RUN.stat().st_mode & 0o777) == oct((RUN / "engines").stat().st_mode & 0o777) == "0o755"
    assert oct(CONFIG.stat().st_mode & 0o777) == "0o644"
    made = (RUN / "a").stat()
    assert (oct(made.st_mode & 0o777), made.st_uid) == ("0o750", 65534)


def test_new_settings_are_read_by_the_same_process() -> None:
    supervisor = Supervisor(RUN)
    supervisor.apply([engine()])
    until(lambda: log() == ["start one"])
    first = pid()
    assert words(supervisor.apply([engine("two")])) == ["have test a read its new settings"]
    until(lambda: log() == ["start one", "read two"])
    assert pid() == first
    assert supervisor.apply([engine("two")]) == []


def test_another_command_or_a_file_read_once_means_a_restart() -> None:
    supervisor = Supervisor(RUN)
    supervisor.apply([engine()])
    until(lambda: log() == ["start one"])
    first = pid()
    changed = engine(argv=(*engine().argv, "more"))
    assert words(supervisor.apply([changed])) == ["restart test a"]
    until(lambda: len(log()) == 2)
    second = pid()
    once = replace(changed, files=(ConfigFile(CONFIG, "three", read_again=False),))
    assert words(supervisor.apply([once])) == ["restart test a"]
    until(lambda: log()[-1] == "start three")
    assert len({first, second, pid()}) == 3
    assert words(supervisor.apply([replace(engine("four"), argv=changed.argv, reload=ByRestart())])) == [
        "restart test a"
    ]
    until(lambda: log()[-1] == "start four")


def test_reload_by_a_command_and_its_refusal() -> None:
    supervisor = Supervisor(RUN)
    listening = RUN / "a" / "socket"
    script = (
        "import socket, sys, time\n"
        "time.sleep(0.5)\n"
        "listener = socket.socket(socket.AF_UNIX)\n"
        "listener.bind(sys.argv[1])\n"
        "listener.listen()\n"
        "while True:\n"
        "    listener.accept()[0].close()\n"
    )
    command = ("sh", "-c", f'grep -q good {CONFIG} || {{ echo "line 1: bad"; exit 1; }}')
    argv = ("python3", "-c", script, str(listening))

    def with_content(content: str) -> EngineSpec:
        return engine(content, argv=argv, reload=ByCommand(command, listening))

    supervisor.apply([with_content("good")])
    assert not listening.exists()
    # The daemon does not listen yet: the command has to wait for it.
    supervisor.apply([with_content("good as well")])
    assert listening.exists()
    with pytest.raises(SekishoError) as caught:
        supervisor.apply([with_content("evil")])
    assert caught.value.code == "engine.reload-refused"
    assert "line 1: bad" in caught.value.text.en
    assert supervisor.check() == {"a": True}
    assert words(supervisor.plan([with_content("evil")])) == ["have test a read its new settings"]
    assert words(supervisor.apply([with_content("good again")])) == ["have test a read its new settings"]
    assert supervisor.plan([with_content("good again")]) == []


def test_a_new_supervisor_adopts_what_runs() -> None:
    Supervisor(RUN).apply([engine()])
    until(lambda: log() == ["start one"])
    first = pid()
    heir = Supervisor(RUN)
    assert heir.apply([engine()]) == []
    assert heir.check() == {"a": True}
    assert pid() == first
    heir.apply([engine("two")])
    until(lambda: log() == ["start one", "read two"])
    third = Supervisor(RUN)
    assert third.plan([engine("two")]) == []
    assert words(third.plan([])) == ["stop test a"]


def test_daemons_survive_a_kill_of_ours() -> None:
    """The process that supervises is killed without warning; the next one finds everything in order."""
    child = os.fork()
    if child == 0:
        Supervisor(RUN).apply([engine(), engine(name="b")])
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    until(lambda: log() == log("b") == ["start one"])
    supervisor = Supervisor(RUN)
    assert supervisor.apply([engine(), engine(name="b")]) == []
    assert supervisor.check() == {"a": True, "b": True}
    assert log() == ["start one"]


def test_the_dead_are_revived_slower_and_slower() -> None:
    supervisor = Supervisor(RUN)
    supervisor.apply([engine()])
    until(lambda: log() == ["start one"])
    assert supervisor.revive(0.0) == []
    os.kill(pid(), signal.SIGKILL)
    until(lambda: supervisor.check() == {"a": False})
    assert words(supervisor.revive(1.0)) == ["start test a"]
    until(lambda: log() == ["start one", "start one"])
    os.kill(pid(), signal.SIGKILL)
    until(lambda: supervisor.check() == {"a": False})
    assert supervisor.revive(1.5) == []
    assert words(supervisor.revive(2.0)) == ["start test a"]
    until(lambda: supervisor.check() == {"a": True})
    assert supervisor.plan([engine()]) == []


def test_a_daemon_that_cannot_start_is_tried_again() -> None:
    supervisor = Supervisor(RUN)
    broken = engine(argv=("no-such-program",))
    with pytest.raises(SekishoError, match="program-missing"):
        supervisor.apply([broken, engine(name="b")])
    # One daemon's fault did not keep the other back.
    assert supervisor.check() == {"a": False, "b": True}
    assert supervisor.revive(0.0) == []
    assert supervisor.check() == {"a": False, "b": True}


def test_what_is_no_longer_wanted_is_stopped_and_its_files_go() -> None:
    supervisor = Supervisor(RUN)
    supervisor.apply([engine(), engine(name="b")])
    until(lambda: log() == log("b") == ["start one"])
    gone = pid("b")
    assert words(Supervisor(RUN).apply([engine()])) == ["stop test b"]
    assert not Path(f"/proc/{gone}").exists() or not process.is_alive(process.ProcessId(gone, 0))
    assert not CONFIG.with_name("b.conf").exists()
    assert CONFIG.exists()
    assert supervisor.apply([engine()]) == []


def test_what_is_surplus_can_go_first_and_alone() -> None:
    supervisor = Supervisor(RUN)
    supervisor.apply([engine(), engine(name="b")])
    wanted = [engine("two"), engine(name="c")]
    assert words(supervisor.plan(wanted))[:1] == words(supervisor.surplus(wanted)) == ["stop test b"]
    assert words(supervisor.retire(wanted)) == ["stop test b"]
    assert supervisor.check() == {"a": True, "b": False}
    assert words(supervisor.apply(wanted)) == ["have test a read its new settings", "start test c"]


def test_stop_all_leaves_nothing() -> None:
    left = RUN / "a" / "socket"
    spec = engine(leavings=(left, RUN / "a" / "never"))
    stranger = process.start(EngineSpec("x", Text("x", "x"), ("sleep", "1000")), Path("/run/x.log"), Path("/run/x.run"))
    Supervisor(RUN).apply([spec, engine(name="b")])
    left.touch()
    assert words(Supervisor(RUN).stop_all()) == ["stop test a", "stop test b"]
    assert [path for path in RUN.rglob("*") if path.is_file()] == []
    assert stranger.poll() is None
    assert Supervisor(RUN).stop_all() == []


def test_a_file_that_somebody_changed_is_put_right_without_a_reload() -> None:
    supervisor = Supervisor(RUN)
    supervisor.apply([engine()])
    until(lambda: log() == ["start one"])
    CONFIG.write_text("tampered")
    CONFIG.chmod(0o666)
    shutil.rmtree(RUN / "a")
    assert words(supervisor.apply([engine()])) == ["put the files of test a right"]
    assert CONFIG.read_text() == "one"
    assert CONFIG.stat().st_mode & 0o777 == 0o644
    assert (RUN / "a").is_dir()
    assert supervisor.apply([engine()]) == []
    assert log() == ["start one"]


def test_a_planted_link_is_replaced_and_not_followed() -> None:
    supervisor = Supervisor(RUN)
    supervisor.apply([engine()])
    until(lambda: log() == ["start one"])
    victim = Path("/run/victim")
    victim.write_text("one")
    victim.chmod(0o644)
    CONFIG.unlink()
    CONFIG.symlink_to(victim)
    supervisor.apply([replace(engine(), files=(ConfigFile(CONFIG, "two", 0o640),))])
    assert (victim.read_text(), stat.S_IMODE(victim.stat().st_mode)) == ("one", 0o644)
    assert not CONFIG.is_symlink()
    assert (CONFIG.read_text(), stat.S_IMODE(CONFIG.stat().st_mode)) == ("two", 0o640)


def test_a_file_of_somebody_else_is_made_ours() -> None:
    supervisor = Supervisor(RUN)
    supervisor.apply([engine()])
    os.chown(CONFIG, 65534, 65534)
    assert [change.text.en for change in supervisor.apply([engine()])] != []
    assert CONFIG.stat().st_uid == 0
    assert supervisor.plan([engine()]) == []


def test_a_secret_is_for_its_daemon_s_group() -> None:
    """By the directory that it is made in: behind its walls the control plane may not give files away."""
    kept = RUN / "kept"
    secret = ConfigFile(kept / "secret", "word", 0o640)
    spec = engine(files=(ConfigFile(CONFIG, "one"), secret), directories=(Directory(kept, 0o2750, group="nobody"),))
    supervisor = Supervisor(RUN)
    supervisor.apply([spec])

    def rights() -> tuple[int, int, int]:
        found = secret.path.stat()
        return found.st_uid, found.st_gid, stat.S_IMODE(found.st_mode)

    assert rights() == (0, 65534, 0o640)
    assert supervisor.plan([spec]) == []
    os.chown(secret.path, 0, 0)
    assert supervisor.apply([spec]) != []
    assert rights() == (0, 65534, 0o640)


def test_who_insists_on_root_is_root_where_no_unit_tells_it_so() -> None:
    supervisor = Supervisor(RUN)
    supervisor.apply([engine(user="nobody", insists_on_root=True)])
    until(lambda: log() == ["start one"])
    assert Path(f"/proc/{pid()}").stat().st_uid == 0


def test_a_log_does_not_grow_without_end() -> None:
    supervisor = Supervisor(RUN)
    supervisor.apply([engine(argv=("sh", "-c", "seq 300000; while :; do sleep 0.1; echo more; done"))])
    path = RUN / "log" / "a.log"
    until(lambda: "300000\n" in path.read_text())
    assert path.stat().st_size > LOG_LIMIT
    supervisor.revive(0.0)
    assert path.stat().st_size < LOG_LIMIT
    assert "\n300000\n" in path.read_text()
    until(lambda: path.read_text().endswith("more\nmore\nmore\n"))
    assert "\0" not in path.read_text()
