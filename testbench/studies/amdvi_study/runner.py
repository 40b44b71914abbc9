# SPDX-License-Identifier: Apache-2.0
"""Runs points: each into a file of its own, written beside and renamed. Scheduling is Snakemake's."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from amdvi_study.recipe import Point, Recipe, Wrong

PACK_SECONDS = 30  # a job takes at least so long, if there is as much to do


def command() -> str:
    return os.environ.get("AMDVI", "amdvi")


def version() -> str:
    try:
        return subprocess.run([command(), "--version"], capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError) as error:
        raise Wrong(f"'{command()}' cannot be run: set AMDVI to the command") from error


def words(experiment: str, settings: list[list[str]]) -> list[str]:
    return [command(), "run", experiment, *(part for name, value in settings for part in ("--set", f"{name}={value}"))]


def run_point(experiment: str, point: dict, results: Path) -> None:
    """A point that is there already is not run again. One that fails leaves its message."""
    target = results / f"{point['hash']}.json"
    if target.exists():
        return
    done = subprocess.run([*words(experiment, point["settings"]), "--json"], capture_output=True, text=True, check=False)
    result = json.loads(done.stdout) if done.returncode == 0 else {"error": done.stderr.strip()}
    part = target.with_suffix(f".part{os.getpid()}")
    part.write_text(json.dumps({"point": point, "host": os.uname().nodename, **result}), encoding="utf-8")
    part.rename(target)


def packs(recipe: Recipe, wanted: list[Point], cores: int = 2) -> list[list[Point]]:
    """Points that are short go together; small sweeps are still spread over the cores."""
    size = max(1, min(round(PACK_SECONDS / recipe.seconds), -(-len(wanted) // cores)))
    return [wanted[at:at + size] for at in range(0, len(wanted), size)]


def write_plan(recipe: Recipe, wanted: list[Point], folder: Path) -> Path:
    """A line a point: its resolved configuration and hash; packs by number."""
    plan = {"experiment": str(recipe.experiment), "results": str(folder / "results"), "packs": [
        [{"variant": p.variant, "x": p.x, "settings": [list(pair) for pair in p.settings], "hash": p.hash} for p in pack]
        for pack in packs(recipe, wanted, os.cpu_count() or 1)]}
    (folder / "results").mkdir(parents=True, exist_ok=True)
    path = folder / "plan.json"
    path.write_text(json.dumps(plan, indent=1), encoding="utf-8")
    return path


def run_pack(plan_file: str, number: str) -> None:
    plan = json.loads(Path(plan_file).read_text(encoding="utf-8"))
    for point in plan["packs"][int(number)]:
        run_point(plan["experiment"], point, Path(plan["results"]))


def sweep(plan: Path, profile: str | None, cores: int) -> None:
    """Snakemake runs the packs: on this machine's cores, or where a profile says."""
    where = ["--profile", profile] if profile else ["--cores", str(cores)]
    here = Path(__file__).resolve().parent
    environment = os.environ | {"PYTHONPATH": str(here.parent), "AMDVI": command()}
    try:
        done = subprocess.run(["snakemake", "-s", str(here / "Snakefile"), "-d", str(plan.parent), "--nolock", "--rerun-incomplete",
                               "--keep-going", "--quiet", "all", *where, "--config", f"plan={plan}", f"python={sys.executable}"],
                              env=environment, check=False)
    except OSError as error:
        raise Wrong("snakemake is not installed: without it, --shard 1/1 runs a study on one core") from error
    if done.returncode:
        raise Wrong("snakemake has not finished; the same command goes on where it stopped")


def shard(plan: Path, number: int, of: int) -> None:
    """Every `of`-th point, from `number` on (1 to `of`): for machines without Snakemake."""
    text = json.loads(plan.read_text(encoding="utf-8"))
    everything = [point for pack in text["packs"] for point in pack]
    for point in everything[number - 1::of]:
        run_point(text["experiment"], point, Path(text["results"]))


if __name__ == "__main__":
    run_pack(*sys.argv[1:])
