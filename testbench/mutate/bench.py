# SPDX-License-Identifier: Apache-2.0
"""A private copy of the tree, rebuilt after each defect, and the tests that look for it: cheap ones first."""
from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 60  # seconds for a test before it counts as hanging
CORE = ("parts", "errors", "logs", "devices", "registers", "remote", "tlb", "cache", "batch", "config")
GUESTS = ("guests", "held", "choices", "delivery", "owned_devices", "turns")
UNITS = (*(f"core/core-test_{name}" for name in CORE), *(f"guests/guests-test_{name}" for name in GUESTS))
# What is asked about a defect that the fast tests did not notice: the other tests of the library, and some seconds of
# random scenarios.
FURTHER = r"^(core|guests|unit|hypervisor|traces)/|^traces-directed-(lint|restored)$"
SCENARIOS = ("differential", "--requests", "2000", "--seed", "1")


class Bench:
    def __init__(self, work: Path, jobs: int) -> None:
        self.tree, self.build, self.jobs = work / "tree", work / "build", jobs
        self.traces: list[str] = []

    @classmethod
    def prepare(cls, work: Path, jobs: int) -> Bench:
        bench = cls(work, jobs)
        skip = shutil.ignore_patterns(".git", "build", "__pycache__")
        if bench.tree.exists():
            shutil.rmtree(bench.tree)
        shutil.copytree(ROOT, bench.tree, ignore=skip)
        bench.traces = [str(path) for path in sorted((bench.tree / "testbench/traces").glob("*/*.trace"))]
        bench.run("cmake", "-S", str(bench.tree), "-B", str(bench.build), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                  "-DCMAKE_C_FLAGS=-O1 -g0", "-DAMDVI_SHARED_DIR=/nonexistent",
                  "-DAMDVI_WERROR=OFF", "-DAMDVI_COMMAND=OFF", "-DAMDVI_PYTHON_PACKAGE=OFF")  # a defect may leave a variable unused
        return bench

    def run(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            sys.exit(done.stdout[-3000:] + done.stderr[-3000:])

    def make(self, *targets: str) -> bool:
        command = ["ninja", "-C", str(self.build), f"-j{self.jobs}", *targets]
        return subprocess.run(command, capture_output=True).returncode == 0

    def holds(self, *command: str, limit: int = LIMIT) -> bool:
        try:
            return subprocess.run(command, capture_output=True, timeout=limit).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def code(self) -> str:
        """Names the machine code of the library: a defect that leaves it alone is none."""
        return hashlib.sha256((self.build / "model/libamdvi.a").read_bytes()).hexdigest()

    def noticed_by(self) -> str | None:
        """Name of the first fast test that notices."""
        if not self.make("replay-all"):
            return "build"
        player = str(self.build / "testbench/traces/replay-all")
        if not self.holds(player, *self.traces):
            return "directed traces"
        uncached = [path for path in self.traces if "/stale/" not in path]
        if not self.holds(player, "--set", "caches=off", *uncached):
            return "directed traces without caches"
        if not self.make(*(name.split("/")[1] for name in UNITS)):
            return "build"
        for name in UNITS:
            if not self.holds(str(self.build / "testbench/unit" / name)):
                return name
        return None

    def noticed_further(self) -> str | None:
        """The same by the other tests of the library, one after the other until one fails."""
        if not self.make():
            return "build"
        log = self.build / "further.log"
        with log.open("w", encoding="utf-8") as out:
            done = subprocess.run(["ctest", "--test-dir", str(self.build), "-R", FURTHER, "--stop-on-failure",
                                   "--timeout", str(LIMIT)], stdout=out, stderr=subprocess.STDOUT)
        if done.returncode == 0:
            return None if self.scenarios_hold() else "random scenarios"
        failed = [line for line in log.read_text().splitlines() if "***" in line]
        return failed[0].split(":")[1].split("...")[0].split("..")[0].strip() if failed else "ctest"

    def scenarios_hold(self) -> bool:
        command = [sys.executable, "-B", "-m", *SCENARIOS, "--runner", str(self.build / "testbench/traces/replay-all"),
                   "--work", str(self.build / "scenarios")]
        done = subprocess.run(command, cwd=self.tree / "testbench/gen", capture_output=True, timeout=20 * LIMIT)
        return done.returncode == 0
