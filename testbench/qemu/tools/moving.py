# SPDX-License-Identifier: GPL-2.0-or-later
"""A machine that is saved while a disk of it works, and goes on in another process."""
from __future__ import annotations

import argparse
import contextlib
import json
import re
import shlex
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from . import boot, kernels, machine, places, process
from .errors import QemuError
from .kernels import Kernel

POLL = 0.05
BEFORE, AFTER = "CHECK disk-vda ok", "CHECK disk-sda ok"  # between these lines the machine is moved
SLOW = "throttling.bps-total=4194304"  # the disk that works meanwhile: 16 MiB in four seconds
LEAST = 100  # requests translated and commands after it
UNTRIED = ("drive=d1", "id=d1")  # QEMU's NVMe cannot be saved


class Monitor:
    """QEMU's machine protocol (QMP)."""

    def __init__(self, path: Path) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.stream = self.socket.makefile("rw", encoding="utf-8")
        self.stream.readline()  # the greeting
        self("qmp_capabilities")

    def ask(self, command: str, arguments: dict[str, str]) -> Iterator[str]:
        """What comes until somebody has heard enough; nothing from a QEMU that has ended."""
        with contextlib.suppress(OSError):
            self.stream.write(json.dumps({"execute": command, "arguments": arguments}) + "\n")
            self.stream.flush()
            while line := self.stream.readline():
                yield line

    def __call__(self, command: str, **arguments: str) -> dict[str, Any]:
        for line in self.ask(command, arguments):
            answer = json.loads(line)
            if "error" in answer:
                raise QemuError(f"{command}: {answer['error']['desc']}")
            if "return" in answer:
                return dict(answer["return"])
        raise QemuError(f"{command}: QEMU has ended")


class Machine:
    """One process, its console and its report in files."""

    def __init__(self, folder: Path, name: str, arguments: list[str]) -> None:
        self.console_path, self.report_path, self.socket = folder / f"{name}.txt", folder / f"{name}.json", folder / f"{name}.qmp"
        command = [str(places.command()), "vm", "--json", str(self.report_path), "--", *arguments,
                   "-qmp", f"unix:{self.socket},server=on,wait=off"]
        with self.console_path.open("wb") as console:
            self.process = subprocess.Popen([*process.OWNED, *command], stdin=subprocess.DEVNULL, stdout=console,
                                            stderr=subprocess.STDOUT, env=process.environment())

    def console(self) -> str:
        return self.console_path.read_text(encoding="utf-8", errors="replace")

    def until(self, what: Callable[[], bool], told: str) -> None:
        end = time.monotonic() + boot.TIMEOUT
        while not what():
            if time.monotonic() > end or self.process.poll() is not None:
                self.process.terminate()
                raise QemuError(f"{told} did not come:\n{self.console()[-2000:]}")
            time.sleep(POLL)

    def ended(self) -> dict[str, Any]:
        """Waits for the end; the report of the IOMMU."""
        try:
            status = self.process.wait(boot.TIMEOUT)
        except subprocess.TimeoutExpired:
            self.process.terminate()
            raise QemuError(f"not switched off:\n{self.console()[-2000:]}") from None
        if status:
            raise QemuError(f"exit status {status}:\n{self.console()[-3000:]}")
        report: dict[str, Any] = json.loads(self.report_path.read_text(encoding="utf-8"))["units"][0]
        return report


def arguments(kernel: Kernel, append: str, disks: machine.Disks) -> list[str]:
    """The test machine's, one disk slow, and without what cannot be saved."""
    given = machine.arguments(kernel.image, kernel.initrd, f"iommu=nopt {append} amdvi.do=disks", disks)
    words: list[str] = []
    for word in given:
        keys = word.split(",")
        if any(untried in keys for untried in UNTRIED):
            words.pop()  # the option whose value it is
        else:
            words.append(f"{word},{SLOW}" if "id=d2" in keys else word)
    return words


def save(first: Machine, state: Path) -> None:
    first.until(lambda: BEFORE in first.console(), BEFORE)
    monitor = Monitor(first.socket)
    monitor("stop")
    monitor("migrate", uri=f"exec:cat >{shlex.quote(str(state))}")
    first.until(lambda: monitor("query-migrate").get("status") in ("completed", "failed"), "the end of saving")
    if (came := monitor("query-migrate"))["status"] != "completed":
        raise QemuError(f"the machine cannot be saved: {came}")
    monitor("quit")


def load(second: Machine) -> None:
    second.until(second.socket.exists, "the monitor")
    monitor = Monitor(second.socket)
    second.until(lambda: monitor("query-status")["status"] == "paused", "the end of loading")
    monitor("cont")


def judge(consoles: list[str], after: dict[str, Any], disks: machine.Disks) -> list[str]:
    wrong = [f"{AFTER}: in the first process"] if AFTER in consoles[0] else []
    wrong += [f"no line {line}" for line in (AFTER, "CHECK end ok") if line not in consoles[1]]
    wrong += re.findall(r"CHECK \S+ FAILED", consoles[1])
    wrong += [f"{name}={after['statistics'][name]} after it" for name in ("translated", "commands") if after["statistics"][name] < LEAST]
    wrong += [str(finding["text"]) for finding in after["lint"]["findings"] if finding["severity"] == "mistake"]
    return wrong + [f"disk {machine.DISKS[index]}: other bytes" for index in (0, 2) if not disks.copied(index)]


def move(kernel: Kernel, append: str, say: Callable[[str], None]) -> None:
    with tempfile.TemporaryDirectory(dir=places.FOLDER) as name:
        folder = Path(name)
        disks = machine.Disks(folder, 1)
        disks.make()
        words = arguments(kernel, append, disks)
        first = Machine(folder, "first", words)
        save(first, folder / "state")
        reports = [first.ended()]
        second = Machine(folder, "second", [*words, "-incoming", f"exec:cat {shlex.quote(str(folder / 'state'))}"])
        load(second)
        reports.append(second.ended())
        if wrong := judge([first.console(), second.console()], reports[1], disks):
            raise QemuError(f"{'; '.join(wrong)}:\n{second.console()[-3000:]}")
        counts = [report["statistics"] for report in reports]
        say(f"{kernel.version}: moved with {(folder / 'state').stat().st_size >> 20} MiB; requests {counts[0]['requests']} before, "
            f"{counts[1]['requests']} after, commands {counts[0]['commands']} and {counts[1]['commands']}")


def run(options: argparse.Namespace, say: Callable[[str], None]) -> int:
    places.object_file(say)
    places.build_command(say)
    move(kernels.get(options.kernel, (), say, options.suite), options.append, say)
    return 0


def add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", say: Callable[[str], None]) -> None:
    parser = commands.add_parser("move", help="save a machine while a disk works, and load it into another process",
                                 description="Saves a machine while a disk works, and loads it into another process.")
    kernels.add_options(parser)
    parser.add_argument("--append", default="iommu.strict=1", metavar="WORDS", help="for the kernel's command line (%(default)s)")
    parser.set_defaults(run=lambda options: run(options, say))
