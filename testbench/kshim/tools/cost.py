# SPDX-License-Identifier: GPL-2.0-only
"""What a map and unmap cost: the kernel's driver with the model below it, and the model alone, on each kernel."""
from __future__ import annotations

import argparse
import re
import subprocess

from . import kernels
from .errors import KernelError

ROWS = {  # row: the scenario's word for it, and whether the lint looks on
    "DMA API": ("DMA API", False),
    "DMA API, under the lint": ("DMA API", True),
    "`iommu_map()` and `iommu_unmap()`": ("domain", False),
    "the same, under the lint": ("domain", True),
    "the commands of a pair, without a kernel": ("model alone", False),
}


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = commands.add_parser("cost", help="what a map and unmap cost, with the kernel and without",
                              description="Runs cost/pair on each kernel, with and without the lint, and prints the "
                              "least processor time of several runs as a table.")
    one.add_argument("--kernel", action="append", default=[], metavar="KERNEL")
    one.add_argument("--runs", type=int, default=5)
    one.add_argument("--modified", action="store_true", help=argparse.SUPPRESS)


def microseconds(kernel: kernels.Kernel, lint: bool) -> dict[str, float]:
    """By the scenario's words, of one run."""
    command = [str(kernels.check_runner()), "--object", str(kernel.instance), *([] if lint else ["--no-lint"]), "cost/pair"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.findall(r"^  (.+): ([0-9.]+) us", done.stdout, re.M)
    if done.returncode or not found:
        raise KernelError(f"cost/pair fails on Linux {kernel.source.name}:\n{done.stdout}{done.stderr}")
    return {name: float(value) for name, value in found}


def least(kernel: kernels.Kernel, lint: bool, runs: int) -> dict[str, float]:
    all_runs = [microseconds(kernel, lint) for _ in range(max(runs, 1))]
    return {name: min(run[name] for run in all_runs) for name in all_runs[0]}


def run(arguments: argparse.Namespace) -> int:
    made = [kernels.made(wish) for wish in kernels.wanted(arguments.kernel, modified=arguments.modified)]
    figures = [{lint: least(kernel, lint, arguments.runs) for lint in (False, True)} for kernel in made]
    print("| us a pair | " + " | ".join(kernel.source.name for kernel in made) + " |")
    print("|---" * (len(made) + 1) + "|")
    for row, (word, lint) in ROWS.items():
        print(f"| {row} | " + " | ".join(f"{each[lint][word]:.2f}" for each in figures) + " |")
    return 0
