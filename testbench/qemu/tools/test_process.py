# SPDX-License-Identifier: GPL-2.0-or-later
"""What scripts/qemu starts and what is missing: nothing outlives it, what is not whole is said, and tests know when to be skipped."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from qemu.tools import collection, process
from qemu.tools.errors import QemuError, Unavailable

FOLDER = Path(__file__).resolve().parents[2]  # of the package
# The kit of a kernel that need not be fetched; a program of ours stands for the command.
KIT = """
import sys
from qemu.tools import __main__, kit_command
kit_command.of_linux = lambda options, folder, say: []
sys.argv = ["scripts/qemu", "kit"]
sys.exit(__main__.main())
"""
MACHINE = "from qemu.tools import process; import sys; process.run(sys.argv[1:], 'machine', 300)"


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def until(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


def sleeper(folder: Path) -> Path:
    program = folder / "sleeper"
    program.write_text(f"#!/bin/sh\necho $$ >{folder}/made\nmv {folder}/made {folder}/pid\nexec sleep 300\n", encoding="utf-8")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.parametrize("script", [KIT, MACHINE])
def test_nothing_outlives_what_was_killed(tmp_path: Path, script: str, number: signal.Signals) -> None:
    program, pid = sleeper(tmp_path), tmp_path / "pid"
    environment = {**os.environ, "PYTHONPATH": str(FOLDER), "AMDVI": str(program), "AMDVI_QEMU_OBJECT": "/dev/null",
                   "AMDVI_QEMU_FOLDER": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-B", "-c", script, str(program)], env=environment) as killed:
        until(pid.exists)
        killed.send_signal(number)
    machine = int(pid.read_text(encoding="ascii"))
    until(lambda: not alive(machine))


def test_a_machine_that_takes_too_long_says_its_last_words() -> None:
    with pytest.raises(QemuError, match="(?s)one: not switched off after 0.5 s.*half of a boot"):
        process.run(["sh", "-c", "echo half of a boot; exec sleep 300"], "one", 0.5)


def test_a_program_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="amdvi-nonsense is not there"):
        process.run(["amdvi-nonsense"], "one", 1)


def test_without_qemu_the_object_is_skipped(tmp_path: Path) -> None:
    environment = {"PATH": str(tmp_path), "PYTHONPATH": str(FOLDER), "AMDVI_BUILD": str(tmp_path)}
    done = subprocess.run([sys.executable, "-B", "-m", "qemu.tools", "object", "--skip"], env=environment, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 77 and done.stdout.startswith("skipped: qemu-system-x86_64 is not installed"), done


def test_an_archive_that_did_not_fit_is_not_taken(tmp_path: Path) -> None:
    disk, target = tmp_path / "disk", tmp_path / "archive"
    disk.write_bytes(b"5\n".ljust(collection.ARCHIVE_AT, b"\0") + b"whole")
    assert collection.take(disk, target) == 5 and target.read_bytes() == b"whole"
    target.unlink()
    disk.write_bytes(b"6\n".ljust(collection.ARCHIVE_AT, b"\0") + b"whole")
    with pytest.raises(QemuError, match="6 bytes, and the disk for it room for 5"):
        collection.take(disk, target)
    assert not target.exists()
