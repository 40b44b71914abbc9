# SPDX-License-Identifier: GPL-2.0-or-later
"""The command: what it refuses, and that nothing of it is left behind when it is killed."""
from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

AMDVI = os.environ.get("AMDVI", "amdvi")
SLEEPER = "#!/bin/sh\necho $$ >>{pids}\nexec sleep 300\n"


def kit(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([AMDVI, "kit", *arguments], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(("arguments", "message"), [
    ((), "stand behind --"),
    (("--trial", "nonsense", "--", "-m", "1"), "there is no trial nonsense"),
    (("--jobs", "0", "--", "-m", "1"), "numbers from 1"),
    (("--jobs", "many", "--", "-m", "1"), "invalid int value"),
    (("--output", "/proc/nowhere", "--", "-m", "1"), "amdvi kit: /proc/nowhere"),
])
def test_what_it_refuses(arguments: tuple[str, ...], message: str) -> None:
    done = kit(*arguments)
    assert done.returncode == 2 and message in done.stderr


def test_list_names_all_trials() -> None:
    names = [line.split()[0] for line in kit("--list").stdout.splitlines()]
    assert {"ivrs-all", "handover", "overflow", "lost-wait", "ats-timeout"} <= set(names)


def test_a_qemu_that_does_not_start_is_said(tmp_path: Path) -> None:
    (tmp_path / "object").touch()
    done = kit("--trial", "ivrs-10", "--qemu", "/bin/false", "--object", str(tmp_path / "object"), "--output", str(tmp_path), "--", "-m", "1")
    assert done.returncode == 2 and "ivrs-10: QEMU did not start" in done.stderr


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def until(what: "object", seconds: float = 60) -> None:
    assert callable(what)
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_killed_kit_leaves_no_machine_behind(tmp_path: Path, number: signal.Signals) -> None:
    pids, qemu = tmp_path / "pids", tmp_path / "qemu"
    qemu.write_text(SLEEPER.format(pids=pids), encoding="utf-8")
    qemu.chmod(0o755)
    (tmp_path / "object").touch()
    with subprocess.Popen([AMDVI, "kit", "--jobs", "2", "--qemu", str(qemu), "--object", str(tmp_path / "object"), "--output",
                           str(tmp_path), "--", "-m", "1"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        until(lambda: pids.exists() and len(pids.read_text(encoding="utf-8").split()) == 2)
        process.send_signal(number)
    machines = [int(word) for word in pids.read_text(encoding="utf-8").split()]
    until(lambda: not any(alive(pid) for pid in machines))
