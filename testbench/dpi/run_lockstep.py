#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the lockstep bench: without anything planted it finds no difference, each mistake of the design is caught, each use
of a freedom accepted, and each freedom that the report knows is shown by some of them; with memory of the model and of
the bench. What was recorded up to a difference replays, and differs only in the design's answer, which stands at its end.

    run_lockstep.py BENCH [--steps N] [--seeds N] [--amdvi COMMAND]
"""
from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

BUGS = {
    1: "one address bit is wrong", 2: "the offset in the page is lost", 3: "write permission is ignored",
    4: "read permission is ignored", 5: "invalidations of pages are ignored", 6: "lines are not told apart by device",
    7: "pages that are not present are kept", 8: "COMPLETION_WAIT stores another value",
    9: "COMPLETION_WAIT does not interrupt", 10: "a fault has the wrong reason", 11: "answers are lost",
    12: "event records are not written", 13: "event records name no domain", 14: "event records of writes say read",
    15: "good answers write event records", 16: "event records lose the offset in the page",
    17: "PASIDs are not told apart", 18: "invalidations of guest translations are ignored",
    19: "invalidations of host translations leave what guest tables gave", 20: "write permission of guest entries is ignored",
    21: "the GCR3 entry of PASID 0 serves all", 22: "host permissions are ignored behind guest tables",
    23: "event records of guest tables name no PASID",
    24: "event records of host tables name the address that the guest's tables got",
    25: "DomainIDs of guests are not translated", 26: "the maps of guest 1 serve all guests",
    27: "stores of guests go where the guest says", 28: "events of guests go into the host's log",
    29: "event records of guests name the host's DeviceID", 30: "a guest's ring goes on behind an illegal command",
    31: "a guest's ring does not wrap", 32: "CmdBufEn=0 does not stop a guest's ring",
    33: "a guest's COMPLETION_WAIT does not set ComWaitInt", 34: "invalidations of guests do nothing",
    35: "page requests of devices that must not ask are logged", 36: "all PRG responses carry the PASID",
    37: "page requests are never a user's", 38: "page requests of guests go into the host's log",
    39: "PRG responses carry another code", 40: "refused page requests are not answered",
    41: "IsRun is kept", 42: "destination and GATag are kept", 43: "words of the IRR lie side by side",
    44: "entries of interrupt tables are not told apart by device", 45: "records of guest interrupts name no device",
    46: "refused interrupts write no event record", 47: "invalidations of interrupt tables are ignored",
    48: "invalidations of device table entries are ignored", 49: "rights of the device table entry are ignored",
    50: "guests' logs do not interrupt", 51: "guests' events interrupt without EventIntEn", 52: "page requests interrupt a guest as events do",
    53: "invalidations in devices reach half of the range", 54: "invalidations in devices are not sent",
    55: "the pieces of their PASID are swapped", 56: "a guest's COMPLETION_WAIT interrupts the host, too",
}
TRACE_HOLDS = {11, 41}  # what a trace does not say: an answer that never came, a doorbell more or less
SEEDS = 5  # that a mistake has to be caught in
VARIANTS = {
    1: "nothing is kept", 2: "one line is kept", 3: "an invalidation of a page drops everything", 4: "lines go at random",
    5: "answers take their time", 6: "two answers come in the other order", 7: "invalidations wait for COMPLETION_WAIT",
    8: "half of the pages are not kept", 9: "the next page is fetched, too", 10: "read-only pages are not kept",
    11: "event records come behind the answer", 12: "event records come before the answer",
    13: "host translations of guest tables are not kept", 14: "of guest tables only host translations are kept",
    15: "an invalidation of one PASID reaches all of its domain", 16: "a guest's ring is emptied before the next one's turn",
    17: "rings of guests take their time", 18: "entries of interrupt tables are not kept",
    19: "an invalidation of one device's interrupt table reaches all", 20: "entries that do not remap are kept, too",
    21: "device table entries are not kept", 22: "interrupts of guests take their time",
}


def run(bench: str, *options: str, shown: Counter[str] | None = None) -> tuple[bool, str]:
    """Whether the bench ended well, and its last words; the permitted behaviours of its report are added to `shown`."""
    done = subprocess.run([bench, *options], capture_output=True, text=True, timeout=120)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("-")]
    same = done.returncode == 0 and "no difference" in lines
    told = [line for line in lines if line.startswith(("DIFFERENCE", "seed"))]
    for line in lines:
        row = line.split(" | ")
        if shown is not None and len(row) == 3 and row[2].isdigit():
            shown[row[0]] += int(row[2])
    return same, told[0] if told else "says nothing"


def caught_by(bench: str, steps: str, number: int) -> tuple[int, str]:
    """The first seed that catches a mistake, and the difference; 0: none of SEEDS does."""
    told = ""
    for seed in range(1, SEEDS + 1):
        same, told = run(bench, steps, f"+bug={number}", f"+seed={seed}")
        if not same and told.startswith("DIFFERENCE"):
            return seed, told
    return 0, told


def replays(amdvi: str, trace: Path, number: int) -> bool:
    """A trace fails in its last line and nowhere else; one that cannot say what differed holds throughout."""
    done = subprocess.run([amdvi, "replay", str(trace)], capture_output=True, text=True, timeout=120)
    failed = [int(line) for line in re.findall(rf"^{re.escape(str(trace))}:(\d+): ", done.stdout, re.M)]
    if number in TRACE_HOLDS:
        return done.returncode == 0 and not failed
    return done.returncode == 1 and failed == [len(trace.read_text().splitlines())]


def recorded(bench: str, amdvi: str, steps: str, own: int, seeds: dict[int, int]) -> int:
    """Traces of all mistakes, by the seeds that catch them, and of a run without one; how many are not as they should be."""
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for number in BUGS:
            trace = Path(folder) / f"bug-{number}.trace"
            run(bench, steps, f"+bug={number}", f"+seed={seeds[number]}", f"+own={own}", f"+trace={trace}")
            good = replays(amdvi, trace, number)
            bad += not good
            if not good:
                print(f"DOES NOT REPLAY: {BUGS[number]}")
        trace = Path(folder) / "same.trace"
        same, _ = run(bench, steps, f"+own={own}", f"+trace={trace}")
        holds = replays(amdvi, trace, min(TRACE_HOLDS))
        bad += not (same and holds)
    print(f"{len(BUGS)} differences and a run without one as traces, memory of the {'bench' if own else 'model'}: {bad} do not replay")
    return bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bench")
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--amdvi", help="the command that replays what was recorded")
    options = parser.parse_args()
    steps, bad = f"+steps={options.steps}", 0
    for seed in range(1, options.seeds + 1):
        same, told = run(options.bench, steps, f"+seed={seed}")
        other = run(options.bench, steps, f"+seed={seed}", "+own=1")
        bad += not same or other != (same, told)
        print(f"as it is: {told}" if other == (same, told) else f"MEMORY OF THE BENCH DIFFERS: {told}: {other[1]}")
    shown: Counter[str] = Counter()
    seeds: dict[int, int] = {}
    for number, text in VARIANTS.items():
        same, told = run(options.bench, steps, f"+variant={number}", shown=shown)
        bad += not same
        print(f"{'accepted' if same else 'NOT ACCEPTED'}: {text}: {told}")
    bad += not shown or 0 in shown.values()
    for text, times in shown.items():
        print(f"{'shown' if times else 'NEVER SHOWN'}: {text}: {times} times")
    for number, text in BUGS.items():
        seeds[number], told = caught_by(options.bench, steps, number)
        bad += seeds[number] == 0
        print(f"{f'caught by seed {seeds[number]}' if seeds[number] else 'NOT CAUGHT'}: {text}: {told}")
    for own in range(2 if options.amdvi else 0):
        bad += recorded(options.bench, options.amdvi, steps, own, seeds)
    print(f"{options.seeds} seeds, {len(VARIANTS)} freedoms, {len(BUGS)} mistakes: {bad} not as they should be")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
