# SPDX-License-Identifier: Apache-2.0
"""What a round of each kind runs, and how its outcome is read."""
from __future__ import annotations

import re
import signal
import subprocess
from dataclasses import dataclass

# Each round has a range of seeds of its own: programs count on from the one that they get.
SPREAD = 1_000_000
# A program that was told to end, by the shell's count or by its own; one that the shell could not begin.
STOPPED = (126, 127, *(status for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL) for status in (-number, 128 + number)))
Outcome = tuple[int, int]  # how many were done; how many findings


@dataclass(frozen=True)
class Kind:
    name: str
    part: str
    preset: str  # "": builds for itself
    target: str
    size: int  # asked for in a round: some 20 to 60 seconds of a processor
    line: str  # what is run, with {seed}, {spread}, {size}, {work} and {preset}
    counted: str  # expression whose group is what was done
    findings: str | None = None  # expression whose group is the number of findings; None: a bad end is one

    def command(self, seed: int, size: int, work: str) -> str:
        return self.line.format(seed=seed, spread=seed * SPREAD, size=size, work=work, preset=self.preset)

    def outcome(self, done: subprocess.CompletedProcess[str]) -> Outcome | None:
        """None: stopped from outside, or nothing that could be counted."""
        if done.returncode in STOPPED:
            return None
        text = done.stdout + done.stderr
        counted = re.findall(self.counted, text)
        found = re.findall(self.findings, text) if self.findings else []
        if not counted:  # it ended before it could say how far it came
            return (0, 1) if done.returncode else None
        return int(counted[-1]), int(found[-1]) if found else int(done.returncode != 0)


def fuzzer(name: str, size: int, longest: int, preset: str) -> Kind:
    """One process; what it learnt lies in WORK and is where the next round begins."""
    line = (f"build/{preset}/testbench/fuzz/fuzz_{name} -runs={{size}} -seed={{seed}} -max_len={longest} -timeout=60 "
            f"-rss_limit_mb=3072 -print_funcs=0 -entropic=0 -print_final_stats=1 -close_fd_mask=1 "
            f"-artifact_prefix={{work}}/crash-{name}- {{work}}/corpus-{name} testbench/fuzz/corpus/fuzz_{name}")
    slow = preset == "fuzz"
    return Kind("fuzz-sanitized" if slow else "fuzz", name, preset, f"fuzz_{name}", size // 20 if slow else size, line,
                r"number_of_executed_units: (\d+)")


def isolation(part: str, preset: str, size: int, line: str, counted: str, findings: str | None = None) -> Kind:
    return Kind("isolation" if preset == "release" else "isolation-sanitized", part, preset, f"guests-run_{part}", size,
                "build/{preset}/testbench/unit/guests/guests-run_" + part + line, counted, findings)


def tickets(part: str, option: str, size: int) -> Kind:
    return Kind("interleavings", part, "release", "engine-test_tickets", size,
                "build/{preset}/testbench/unit/engine/engine-test_tickets" + option + " --interleavings {size} --seed {spread}",
                r": (\d+) interleavings")


# Executions a round, longest input.
FUZZERS = {"trace_text": (2_000_000, 512), "capture": (1_000_000, 1024), "trace_binary": (400_000, 1024), "config": (100_000, 1024),
           "ring": (400_000, 2048), "tables": (60_000, 2048), "isolation": (200_000, 512)}
HOSTILE = (" --runs {size} --seed {seed}", r": (\d+) runs")
SCRIPTED = (" --seconds {size} --seed {spread}", r", (\d+) rounds", r"; (\d+) differences")
KINDS = (
    Kind("differential", "sidebyside", "release", "amdvi-python", 200_000,
         "cd testbench && PYTHONPATH=../build/{preset}/python python3 -B -m sidebyside --requests {size} --seed {seed} "
         "--keep ../{work}/sidebyside", r"(\d+) requests in", r"(\d+) rounds differ"),
    Kind("differential", "scenarios", "release", "replay-all", 100_000,
         "cd testbench && python3 -B -m differential --runner ../build/{preset}/testbench/traces/replay-all "
         "--work ../{work}/differential --requests {size} --seed {spread}", r"(\d+) requests", r"(\d+) traces differ"),
    isolation("hostile", "release", 500_000, *HOSTILE), isolation("isolation", "release", 20, *SCRIPTED),
    isolation("hostile", "asan", 50_000, *HOSTILE), isolation("isolation", "asan", 20, *SCRIPTED),
    *(fuzzer(name, size, longest, preset) for preset in ("campaign", "fuzz") for name, (size, longest) in FUZZERS.items()),
    tickets("untimed", "", 50_000), tickets("timed", " --timed", 20_000),
    Kind("mutation", "-", "", "", 25, "python3 -B testbench/mutate/random_mutants.py --work {work}/mutation --seed {seed} --count {size} "
         "--demand 0", r": (\d+) mutants", r", (\d+) survived"),
)
NAMES = tuple(dict.fromkeys(kind.name for kind in KINDS))


def chosen(names: list[str]) -> list[Kind]:
    """In the order in which rounds take turns; all without names."""
    return [kind for kind in KINDS if not names or kind.name in names]
