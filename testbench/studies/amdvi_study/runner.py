# SPDX-License-Identifier: Apache-2.0
"""Runs tasks of a plan: each into a file of its own, written beside and renamed. Scheduling is Snakemake's."""
from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

from amdvi_study import progress


class CannotRun(Exception):
    """The command itself is missing."""


def command() -> str:
    return os.environ.get("AMDVI", "amdvi")


def version() -> str:
    try:
        return subprocess.run([command(), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotRun(f"'{command()}' cannot be run: set AMDVI to the command") from error


def _words(task: dict) -> list[str]:
    settings = [part for name, value in task["point"]["settings"] for part in ("--set", f"{name}={value}")]
    return [command(), "run", task["experiment"], *settings, "--sensitivity" if "sensitivity" in task else "--json"]


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_task(task: dict) -> None:
    """A result that is there already is not made again. A task that fails leaves its message; one that was killed nothing, and its job fails."""
    target = Path(task["target"])
    if target.exists():
        return
    before = _processor_seconds()
    done = subprocess.run(_words(task), capture_output=True, text=True, check=False)
    if done.returncode < 0:
        sys.exit(f"{' '.join(_words(task))}: killed by signal {-done.returncode}")
    if done.returncode:
        result = {"error": done.stderr.strip()}
    else:
        result = {"text": done.stdout} if "sensitivity" in task else json.loads(done.stdout)
    part = target.with_suffix(f".part{os.getpid()}")
    part.write_text(json.dumps({"point": task["point"], "host": os.uname().nodename, "processor_seconds": _processor_seconds() - before, **result}), encoding="utf-8")
    part.rename(target)


def run_pack(plan_file: str, number: str) -> None:
    plan = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    for task in plan["packs"][int(number)]["tasks"]:
        run_task(task)


def error_of(task: dict) -> str:
    """Why a task that was run failed; empty: it did not."""
    error: str = json.loads(Path(task["target"]).read_text(encoding="utf-8")).get("error", "")
    return error


def shard(tasks: list[dict], number: int, of: int) -> list[dict]:
    """Runs every `of`-th point, from `number` on (1 to `of`), and returns them: for machines without Snakemake."""
    mine = tasks[number - 1::of]
    for done, task in enumerate(mine, 1):
        Path(task["target"]).parent.mkdir(parents=True, exist_ok=True)
        run_task(task)
        progress.show(done, len(mine))
    return mine


if __name__ == "__main__":
    run_pack(*sys.argv[1:])
