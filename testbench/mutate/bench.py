# SPDX-License-Identifier: Apache-2.0
"""A private copy of the tree, rebuilt after each defect, and the tests that look for it: cheap ones first.

The library that everything is linked with is a shared one there: after a defect one file is compiled and one library
linked, and all tests see it. What they do not notice is compiled once more, with sanitizers, as `scripts/test` does.
"""
from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_BEGUN = 126  # as a shell says of a program that it could not begin: no result
LIMIT = 60  # seconds for a test before it counts as hanging
SANITIZED_LIMIT = 10 * LIMIT
LONG = "test_batch|test_failures|test_isolation|test_lint_random|test_lint_replay"
FAST = ("-R", "^(core|guests|unit|engine|timed)/", "-E", LONG)
# What is asked about a defect that the fast tests did not notice: the other tests of the library, and some random
# scenarios.
FURTHER = ("-R", rf"^(hypervisor|traces|lint|platform|recorder)/|/({LONG})$|^traces-directed-(lint|restored|timed|external)$")
SCENARIOS = ("differential", "--requests", "2000", "--seed", "1")
# What is built of them, and no other program.
FOLDERS = tuple(f"testbench/{folder}/all" for folder in ("unit", "unit/guests", "traces", "hypervisor", "platform"))
SKIPPED = {".git", "build", "__pycache__"}
SETTINGS = ("-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_FLAGS=-O1 -g0", "-DAMDVI_SHARED_DIR=/nonexistent", "-DAMDVI_INSIDE=SHARED",
            "-DCMAKE_LINK_DEPENDS_NO_SHARED=ON", "-DAMDVI_COMMAND=OFF", "-DAMDVI_PYTHON_PACKAGE=OFF",
            "-DAMDVI_SYSTEMC=OFF", "-DAMDVI_WERROR=OFF")  # a defect may leave a variable unused
# Later ones count: the compiler and the sanitizers of the preset asan.
SANITIZED = (*SETTINGS, "-DCMAKE_C_COMPILER=clang", "-DCMAKE_CXX_COMPILER=clang++", "-DAMDVI_SANITIZE=ON")
SANITIZED_FOLDERS = FOLDERS[:2]  # those of the fast tests


def mirror(source: Path, to: Path) -> None:
    """What is different there is written anew and so is newer than what was compiled of it, a defect perhaps."""
    to.mkdir(parents=True, exist_ok=True)
    names = {path.name for path in source.iterdir()} - SKIPPED
    for path in to.iterdir():
        if path.name not in names:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in names:
        if (source / name).is_dir():
            mirror(source / name, to / name)
        elif not (to / name).exists() or (source / name).read_bytes() != (to / name).read_bytes():
            shutil.copyfile(source / name, to / name)
            shutil.copymode(source / name, to / name)


class Bench:
    def __init__(self, work: Path, jobs: int) -> None:
        self.tree, self.build, self.jobs = work / "tree", work / "build", jobs
        self.sanitized = work / "sanitized"
        self.traces: list[str] = []
        self.output = ""  # of the last build

    @classmethod
    def prepare(cls, work: Path, jobs: int) -> Bench:
        bench = cls(work, jobs)
        mirror(ROOT, bench.tree)
        bench.traces = [str(path) for path in sorted((bench.tree / "testbench/traces").glob("*/*.trace"))]
        bench.configure(bench.build, SETTINGS, FOLDERS)
        return bench

    def configure(self, build: Path, settings: tuple[str, ...], folders: tuple[str, ...]) -> None:
        launcher = ["-DCMAKE_C_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
        self.run("cmake", "-S", str(self.tree), "-B", str(build), "-G", "Ninja", *settings, *launcher)
        self.run("ninja", "-C", str(build), f"-j{self.jobs}", *folders)

    def run(self, *command: str) -> None:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(done.stdout[-3000:] + done.stderr[-3000:], file=sys.stderr)
            sys.exit(NOT_BEGUN)

    def make(self, build: Path | None = None) -> bool:
        command = ["ninja", "-C", str(build or self.build), f"-j{self.jobs}", "amdvi-inside"]
        done = subprocess.run(command, capture_output=True, text=True)
        self.output = done.stdout
        return done.returncode == 0

    def refused(self) -> bool:
        """Whether the preset release, where warnings are errors, would not compile it. What was deleted leaves unused
        names behind; those do not count."""
        return "uninitialized [-W" in self.output

    def code(self) -> str:
        """Names the machine code of the library: a defect that leaves it alone is none."""
        return hashlib.sha256((self.build / "model/libamdvi-inside.so").read_bytes()).hexdigest()

    def holds(self, *command: str) -> bool:
        try:
            return subprocess.run(command, capture_output=True, timeout=LIMIT).returncode == 0
        except subprocess.TimeoutExpired:
            return False

    def failed_test(self, which: tuple[str, ...], build: Path | None = None, limit: int = LIMIT) -> str | None:
        command = ["ctest", "--test-dir", str(build or self.build), *which, "--stop-on-failure", "--timeout", str(limit), "-j", str(self.jobs)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode == 0 and "No tests were found" not in done.stderr:
            return None
        failed = re.search(r"Test +#\d+: ([^ .]\S*?) \.*\*\*\*", done.stdout)
        return failed[1] if failed else "ctest"

    def noticed_by(self) -> str | None:
        """Name of the first fast test that notices."""
        if not self.make():
            return "build"
        player = str(self.build / "testbench/traces/replay-all")
        if not self.holds(player, *self.traces):
            return "directed traces"
        uncached = [path for path in self.traces if "/stale/" not in path]
        if not self.holds(player, "--set", "caches=off", *uncached):
            return "directed traces without caches"
        return self.failed_test(FAST)

    def noticed_further(self) -> str | None:
        """The same by the other tests of the library, then by the fast ones under sanitizers."""
        if by := self.failed_test(FURTHER):
            return by
        return self.noticed_sanitized() if self.scenarios_hold() else "random scenarios"

    def prepare_sanitized(self) -> None:
        """The tree must be without a defect: the tests' own programs are compiled with it."""
        self.configure(self.sanitized, SANITIZED, SANITIZED_FOLDERS)

    def noticed_sanitized(self) -> str | None:
        if not self.make(self.sanitized):
            return "build"
        by = self.failed_test(FAST, self.sanitized, SANITIZED_LIMIT)
        return f"{by}, sanitized" if by else None

    def scenarios_hold(self) -> bool:
        command = [sys.executable, "-B", "-m", *SCENARIOS, "--runner", str(self.build / "testbench/traces/replay-all"),
                   "--work", str(self.build / "scenarios")]
        done = subprocess.run(command, cwd=self.tree / "testbench", capture_output=True, timeout=20 * LIMIT)
        return done.returncode == 0
