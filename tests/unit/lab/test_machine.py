"""A machine of the world looks like one of its own, and never outlives its holder."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.lab.filesystem import PROJECT
from tests.lab.machine import Machine
from tests.lab.traces import host_interfaces, traces
from tests.lab.waiting import until

pytestmark = pytest.mark.namespaces

HOLDER = """
import sys, time
from pathlib import Path
from tests.lab.machine import Machine
machine = Machine("box", Path(sys.argv[1]))
machine.popen("sleep", "1000")
machine.run("sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 &")
print("ready", flush=True)
time.sleep(1000)
"""


def test_it_has_a_network_a_process_table_and_a_name_of_its_own(machine: Machine) -> None:
    assert machine.run("hostname").stdout == "box\n"
    assert machine.run("ls", "/sys/class/net").stdout.split() == ["lo"]
    assert machine.run("sh", "-c", "echo $$").stdout.strip() != "1"
    processes = machine.run("ps", "-e", "-o", "pid,args").stdout
    assert "1 cat" in processes
    # Its header, the first process and ps itself; who has just ended may still be waiting for its funeral.
    assert len([line for line in processes.splitlines() if "<defunct>" not in line]) == 3


def test_its_disk_is_private_where_a_machine_writes_and_read_only_elsewhere(machine: Machine) -> None:
    for folder in ("/etc", "/var/lib", "/tmp", "/run", "/root", "/home"):
        machine.run("touch", f"{folder}/here")
        assert not Path(folder, "here").exists()
    for folder in ("/", "/usr", str(PROJECT), sys.prefix):
        assert "Read-only" in machine.run("touch", f"{folder}/here", check=False).stderr
    assert machine.run("ls", "/tmp/.X11-unix", check=False).returncode != 0


def test_the_python_environment_and_the_project_are_at_the_same_paths(machine: Machine) -> None:
    assert machine.run("python", "-c", "import sys, pydantic; print(sys.prefix)").stdout.strip() == sys.prefix
    assert machine.run("ls", str(PROJECT / "pyproject.toml")).returncode == 0


def test_secrets_can_be_sealed_with_the_machines_own_key(machine: Machine) -> None:
    machine.run("systemd-creds", "encrypt", "--name=x", "-", "/var/lib/sealed", input="secret")
    assert "secret" not in machine.read("/var/lib/sealed")
    assert machine.run("systemd-creds", "decrypt", "--name=x", "/var/lib/sealed", "-").stdout == "secret"


def test_programs_run_as_other_users(machine: Machine) -> None:
    assert machine.run("id", "-un", user="dnsmasq").stdout == "dnsmasq\n"
    refused = machine.run("cat", "/etc/shadow", user="dnsmasq", check=False)
    assert "Permission denied" in refused.stderr


def test_other_users_can_run_the_python_environment(machine: Machine) -> None:
    assert machine.run("python", "-c", "import flask, appliance; print('here')", user="nobody").stdout == "here\n"


def test_kernel_parameters_are_its_own(machine: Machine) -> None:
    before = Path("/proc/sys/net/ipv4/ip_forward").read_text()
    machine.sysctl(net__ipv4__ip_forward=1 - int(before))
    assert machine.read("/proc/sys/net/ipv4/ip_forward") != before
    assert Path("/proc/sys/net/ipv4/ip_forward").read_text() == before


def test_the_tun_device_is_there(machine: Machine) -> None:
    machine.run("ip", "tuntap", "add", "dev", "tun0", "mode", "tun")


def test_a_failure_says_what_the_program_said(machine: Machine) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        machine.run("ls", "/absent")
    assert "on machine box" in caught.value.__notes__[0]
    assert "/absent" in caught.value.__notes__[0]


def test_a_program_that_takes_too_long_is_ended_with_its_children(machine: Machine) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        machine.run("sh", "-c", "sleep 1000 & wait", timeout=0.2)
    until(lambda: "sleep" not in machine.run("ps", "-e").stdout, "the end of the child")


def test_orphans_are_buried(machine: Machine) -> None:
    machine.run("sh", "-c", "sleep 0.1 >/dev/null 2>&1 &")
    until(lambda: "sleep" not in machine.run("ps", "-e").stdout, "the burial")


def test_a_daemon_writes_its_log_outside(machine: Machine) -> None:
    assert machine.popen("echo", "hello").wait(10) == 0
    assert (machine.log_dir / "echo.log").read_text() == "hello\n"


def test_sockets_of_this_process_can_stand_on_its_network(machine: Machine) -> None:
    listener = machine.socket()
    listener.bind(("127.0.0.1", 7))
    listener.listen()
    with listener, machine.connect("127.0.0.1", 7) as connection:
        assert connection.getpeername() == ("127.0.0.1", 7)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", 7), timeout=5)


def test_many_threads_may_use_it_at_once(machine: Machine) -> None:
    answers: list[str] = []
    threads = [threading.Thread(target=lambda: answers.append(machine.run("hostname").stdout)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == ["box\n"] * 8


def test_closing_leaves_nothing_and_may_be_repeated(directory: Path) -> None:
    interfaces = host_interfaces()
    machine = Machine("box", directory / "box")
    sleeper = machine.popen("sleep", "1000")
    machine.run("sh", "-c", "setsid sleep 1000 >/dev/null 2>&1 &")
    assert traces(directory)
    machine.close()
    machine.close()
    assert sleeper.returncode == -signal.SIGKILL
    assert traces(directory) == []
    assert host_interfaces() == interfaces


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_it_ends_with_its_holder_however_that_ends(directory: Path, end: signal.Signals) -> None:
    command = [sys.executable, "-c", HOLDER, str(directory / "box")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=PROJECT) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        assert traces(directory)
        holder.send_signal(end)
        holder.wait(20)
    until(lambda: traces(directory) == [], "the end of the machine")


def test_a_machine_that_cannot_start_says_why(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.lab.filesystem.prepare", lambda name, disk: "/absent /tmp none bind\n")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        Machine("box", directory / "box")
    assert "/absent" in caught.value.__notes__[0]
    assert traces(directory) == []
