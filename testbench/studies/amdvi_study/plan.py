# SPDX-License-Identifier: Apache-2.0
"""What is to be done for some studies, as one plan: points, sensitivities and pages, packed into jobs. Snakemake runs it."""
from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from amdvi_study import recipe, runner
from amdvi_study.recipe import Recipe, Wrong

PACK_SECONDS = 30  # what a job takes, as long as there is more than enough to do
SENSITIVITY_RUNS = 40  # that halving and doubling takes, about


@dataclass(frozen=True)
class Wish:
    """What a user has asked for. `out`: where results go, a folder a study in it."""

    out: Path
    version: str
    quick: bool = False
    extra: tuple[tuple[str, str], ...] = ()
    sensitivity: bool = True


def folder(one: Recipe, wish: Wish) -> Path:
    return wish.out.resolve() / one.name


def points(one: Recipe, wish: Wish) -> list[recipe.Point]:
    return recipe.points(one, wish.version, wish.quick, wish.extra)


def point_tasks(one: Recipe, wish: Wish) -> list[dict]:
    """A line a point: its resolved configuration, its hash, and where its result goes. What is the same at every x runs once."""
    results = folder(one, wish) / "results"
    different = {p.hash: p for p in reversed(points(one, wish))}
    return [{"study": one.name, "experiment": str(one.experiment), "target": str(results / f"{p.hash}.json"), "seconds": one.seconds,
             "point": {"variant": p.variant, "x": p.x, "settings": [list(pair) for pair in p.settings], "hash": p.hash}}
            for p in reversed(different.values())]


def sensitivity_task(one: Recipe, wish: Wish) -> dict | None:
    """`amdvi run --sensitivity` at the point that the recipe names."""
    point = recipe.sensitivity_point(one, wish.version, wish.extra)
    if not (wish.sensitivity and point):
        return None
    target = folder(one, wish) / "sensitivity" / f"{point.hash}.json"
    return {"study": one.name, "experiment": str(one.experiment), "target": str(target), "seconds": SENSITIVITY_RUNS * one.seconds, "sensitivity": True,
            "point": {"settings": [list(pair) for pair in point.settings], "hash": point.hash}}


def pack(tasks: list[dict], cores: int | None) -> list[list[dict]]:
    """Long tasks first. A job is PACK_SECONDS long; on `cores` of one machine (None: a cluster), where all must have work until the
    end, it is at most half of a core's share of what is left, and so jobs become shorter and shorter."""
    tasks = sorted(tasks, key=lambda task: -task["seconds"])
    left = sum(task["seconds"] for task in tasks)
    least = min(1.0, left / cores / 2) if cores else PACK_SECONDS
    packs: list[list[dict]] = []
    room = 0.0
    for task in tasks:
        if not packs or room < task["seconds"] / 2:
            room = max(least, min(PACK_SECONDS, left / (2 * cores))) if cores else PACK_SECONDS
            packs.append([])
        packs[-1].append(task)
        room -= task["seconds"]
        left -= task["seconds"]
    return packs


def _mark(kind: str, words: list[str]) -> str:
    return f"{kind}/{hashlib.sha256(' '.join(words).encode()).hexdigest()[:16]}.done"


def _packs(chosen: list[Recipe], wish: Wish, cores: int | None) -> list[dict]:
    tasks = [task for one in chosen for task in [*point_tasks(one, wish), sensitivity_task(one, wish)] if task]
    return [{"mark": _mark("packs", [task["target"] for task in part]), "tasks": part} for part in pack(tasks, cores)]


def _pages(chosen: list[Recipe], packs: list[dict], count: int) -> list[dict]:
    """Studies dealt out to `count` jobs; those with two pictures first, so that each job gets about as many."""
    dealt = sorted(chosen, key=lambda one: one.sensitivity is None)
    parts = [dealt[at::count] for at in range(min(count, len(dealt)))]
    return [{"mark": _mark("pages", [one.name for one in part]), "studies": [str(one.folder) for one in part],
             "needs": [p["mark"] for p in packs if {task["study"] for task in p["tasks"]} & {one.name for one in part}]} for part in parts]


def write(chosen: list[Recipe], wish: Wish, cores: int | None) -> Path:
    """The plan's file, in the folder in which Snakemake works. A result that has gone takes its pack's mark with it."""
    work = wish.out.resolve() / ".jobs"
    work.mkdir(parents=True, exist_ok=True)
    packs = _packs(chosen, wish, cores)
    for one in packs:
        for task in one["tasks"]:
            Path(task["target"]).parent.mkdir(parents=True, exist_ok=True)
        if not all(Path(task["target"]).exists() for task in one["tasks"]):
            (work / one["mark"]).unlink(missing_ok=True)
    pages = _pages(chosen, packs, cores or os.cpu_count() or 1)
    for one in pages:  # pages are drawn each time
        (work / one["mark"]).unlink(missing_ok=True)
    plan = {"out": str(wish.out.resolve()), "version": wish.version, "quick": wish.quick, "extra": [list(pair) for pair in wish.extra],
            "sensitivity": wish.sensitivity, "packs": packs, "pages": pages}
    text = json.dumps(plan, indent=1)
    path = work / f"plan-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    path.write_text(text, encoding="utf-8")
    return path


def wish_of(plan: dict) -> Wish:
    """What a plan's file was made from, for its pages."""
    return Wish(Path(plan["out"]), plan["version"], plan["quick"], tuple((name, value) for name, value in plan["extra"]), plan["sensitivity"])


def _wait(process: subprocess.Popen) -> int:
    """Ctrl-C goes to Snakemake too, which then takes its jobs back; so wait for that."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return process.wait()
    finally:
        signal.signal(signal.SIGINT, before)


def run(path: Path, profile: str | None, cores: int) -> None:
    """Snakemake runs the plan: on this machine's cores, or where a profile says."""
    where = ["--profile", profile] if profile else ["--cores", str(cores)]
    here = Path(__file__).resolve().parent
    words = ["snakemake", "-s", str(here / "Snakefile"), "-d", str(path.parent), "--nolock", "--rerun-incomplete", "--rerun-triggers", "mtime",
             "--keep-going", "--scheduler", "greedy", "--quiet", "all", "--log-handler-script", str(here / "progress.py"), *where,
             "--config", f"plan={path}", f"python={sys.executable}"]
    try:
        process = subprocess.Popen(words, env=os.environ | {"PYTHONPATH": str(here.parent), "AMDVI": runner.command()})
    except OSError as error:
        raise Wrong("snakemake is not installed: without it, --shard 1/1 runs a study on one core") from error
    if _wait(process):
        raise Wrong("snakemake has not finished; the same command goes on where it stopped")
