# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs trials: one machine each, some at a time, by `amdvi vm`."""
from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .demands import Report
from .errors import KitError
from .trials import Trial

POLL = 0.1  # seconds between looks
GRACE = 60  # from SIGTERM to SIGKILL


@dataclass(frozen=True)
class Settings:
    """How machines are run."""

    arguments: list[str]  # QEMU's
    seconds: int
    jobs: int
    options: list[str]  # of amdvi vm
    consoles: Path  # what machines print goes to TRIAL.txt here


class Machine:
    """One that runs."""

    def __init__(self, trial: Trial, settings: Settings, folder: Path) -> None:
        self.trial, self.late = trial, False
        self.report_path = folder / f"{trial.name}.json"
        self.console_path = settings.consoles / f"{trial.name}.txt"
        command = [os.environ.get("AMDVI", "amdvi"), "vm", "--die-with-parent", "--json", str(self.report_path), *settings.options,
                   "--", "-device", f"amdvi-iommu,{trial.device}", *settings.arguments]
        with self.console_path.open("wb") as console:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=console, stderr=subprocess.STDOUT,
                                            start_new_session=True)
        self.deadline = time.monotonic() + settings.seconds

    def finished(self) -> bool:
        if self.process.poll() is not None:
            return True
        if time.monotonic() > self.deadline:
            self.kill() if self.late else self.process.terminate()
            self.late, self.deadline = True, time.monotonic() + GRACE
        return False

    def kill(self) -> None:
        """Of a QEMU that does not end by SIGTERM. `amdvi vm` lives, and reports what that showed last; without one it goes, too."""
        with contextlib.suppress(OSError):
            children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii").split()
            for child in children:
                os.kill(int(child), signal.SIGKILL)
            if not children:
                os.killpg(self.process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """The end, without a report."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(GRACE)
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def report(self) -> Report:
        if not self.report_path.exists() or not (units := json.loads(self.report_path.read_text(encoding="utf-8"))["units"]):
            printed = self.console_path.read_text(encoding="utf-8", errors="replace")
            raise KitError(f"{self.trial.name}: QEMU did not start:\n{printed[-2000:]}")
        report: Report = units[0]
        report["late"] = self.late
        return report


def run(trials: list[Trial], settings: Settings, told: Callable[[Trial, Report], None]) -> None:
    """Runs all; `told` hears of each when it is over."""
    waiting, running = list(trials), []
    try:
        settings.consoles.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise KitError(f"{error.filename}: {error.strerror}; a folder for results was expected") from error
    with tempfile.TemporaryDirectory(prefix="amdvi-kit-") as name:
        try:
            while waiting or running:
                while waiting and len(running) < settings.jobs:
                    running.append(Machine(waiting.pop(0), settings, Path(name)))
                for machine in list(over(running)):
                    running.remove(machine)
                    told(machine.trial, machine.report())
                time.sleep(POLL)
        finally:
            for machine in running:
                machine.process.terminate()
            for machine in running:
                machine.stop()


def over(running: list[Machine]) -> Iterator[Machine]:
    return (machine for machine in list(running) if machine.finished())
