# SPDX-License-Identifier: GPL-2.0-or-later
"""Boots a scenario by `amdvi vm` and judges what came of it."""
from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jsonschema

from . import machine, places, process
from .errors import QemuError
from .kernels import Kernel
from .scenarios import NOT_OK, Scenario

TIMEOUT = int(os.environ.get("AMDVI_QEMU_SECONDS", "240"))  # of a boot; more where the host is busy
WANTED = ("disk-vda", "disk-nvme0n1", "disk-sda", "net-virtio_net", "net-e1000e")


@dataclass
class Result:
    """What a boot left behind."""

    scenario: Scenario
    console: str
    report: dict[str, Any]
    seconds: float
    failures: list[str] = field(default_factory=list)
    recorded: int = 0  # bytes
    replayed: str = ""


def command_of(scenario: Scenario, kernel: Kernel, folder: Path, disks: machine.Disks) -> list[str]:
    tasks = set(scenario.tasks.split(","))
    options = [f"--set={key}" for key in scenario.keys] + ["--json", str(folder / "report.json")]
    if scenario.record:
        options += ["--record", str(folder / "boot.atb")]
    return [str(places.command()), "vm", *options, "--",
            *machine.arguments(kernel.image, kernel.initrd, f"{scenario.append} amdvi.do={scenario.tasks}", disks,
                               topology=scenario.topology, cpu=scenario.cpu, processors=scenario.processors,
                               ats=scenario.ats, memory=scenario.memory, again="again" in tasks,
                               successor=not tasks.isdisjoint({"handoff", "crash"}))]


def run(command: list[str], what: str) -> tuple[str, float]:
    """The console, and the wall time."""
    begin = time.monotonic()
    done = process.run(command, what, TIMEOUT)
    if "amdvi vm: IOMMU 0" not in done.stdout:
        raise QemuError(f"{what}: there was no report:\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout + done.stderr, time.monotonic() - begin


# ------------------------------------------------------------------ judging


def judge_console(scenario: Scenario, console: str) -> Iterator[str]:
    for bad in re.findall(rf"{NOT_OK}.*", console):
        yield bad
    if "CHECK end ok" not in console:
        yield "the guest did not come to its end"
    for line in scenario.lines:
        if not re.search(line, console):
            yield f"the console has no line like {line}"
    for line in scenario.absent:
        if re.search(line, console):
            yield f"the console has a line like {line}"
    if "disks" in scenario.tasks:
        for name in WANTED:
            if f"CHECK {name} ok" not in console:
                yield f"{name} was not checked"


def judge_disks(scenario: Scenario, console: str, disks: machine.Disks) -> Iterator[str]:
    if "disks" not in scenario.tasks:
        return
    seen = dict(re.findall(r"FACT sum (\S+) ([0-9a-f]{64})", console))
    if seen != disks.sums():
        yield f"the guest read other bytes: {seen}"
    for index, name in enumerate(machine.DISKS):
        if not disks.copied(index):
            yield f"{name}: the guest wrote other bytes"


def judge_report(scenario: Scenario, report: dict[str, Any]) -> Iterator[str]:
    units = report["units"]
    if len(units) != (2 if scenario.topology == "two" else 1):
        yield f"{len(units)} units reported"
    for number, unit in enumerate(units):
        for name, least in scenario.report.items():
            if unit["statistics"][name] < least:
                yield f"unit {number}: {name}={unit['statistics'][name]}, less than {least}"
        for name, least in scenario.commands.items():
            if unit["statistics"]["commands_by_name"].get(name, 0) < least:
                yield f"unit {number}: fewer than {least} commands {name}"
    findings = [finding for unit in units for finding in unit["lint"]["findings"] if finding["severity"] == "mistake"]
    kinds = {finding["kind"] for finding in findings}
    for kind in set(scenario.mistakes) - kinds:
        yield f"the lint did not report {kind}"
    for finding in findings:
        if finding["kind"] not in scenario.mistakes:
            yield f"lint: {finding['text']}"


def judge_recording(result: Result, path: Path) -> Iterator[str]:
    """The trace replays bit by bit, and its lint finds what the live one found."""
    done = subprocess.run([str(places.command()), "replay", "--json", "--lint", str(path)], capture_output=True, text=True,
                          check=False)
    result.recorded = path.stat().st_size
    played = json.loads(done.stdout)["files"][0] if done.stdout else {}
    checks = played.get("checks", {})
    result.replayed = f"{checks.get('total', 0)} checks on replay, {checks.get('failed', '?')} failed"
    if done.returncode or checks.get("failed") != 0 or not checks.get("total"):
        yield f"the recording does not replay: {result.replayed}: {done.stderr[-500:]}"


def boot(scenario: Scenario, kernel: Kernel, seed: int) -> Result:
    places.FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=places.FOLDER) as name:
        folder = Path(name)
        disks = machine.Disks(folder, seed)
        disks.make()
        console, seconds = run(command_of(scenario, kernel, folder, disks), f"{scenario.name} on {kernel.version}")
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        jsonschema.validate(report, json.loads((places.ROOT / "cli/schema/vm.schema.json").read_text(encoding="utf-8")))
        result = Result(scenario, console, report, seconds)
        result.failures += [*judge_console(scenario, console), *judge_disks(scenario, console, disks),
                            *judge_report(scenario, report)]
        if scenario.record:
            result.failures += judge_recording(result, folder / "boot.atb")
        return result


def tell(result: Result, kernel: Kernel) -> str:
    unit = result.report["units"][0]
    counts, lint = unit["statistics"], unit["lint"]
    text = (f"{kernel.version} {result.scenario.name}: {'FAILED' if result.failures else 'ok'}, {result.seconds:.1f} s, "
            f"{counts['requests']} requests, {counts['commands']} commands, {counts['interrupts']} interrupts, "
            f"{lint['answers_checked']} answers linted, {lint['mistakes']} mistakes")
    if result.recorded:
        text += f", recorded {result.recorded} bytes, {result.replayed}"
    return "\n".join([text, *(f"    {failure}" for failure in result.failures)])
