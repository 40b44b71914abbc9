# SPDX-License-Identifier: Apache-2.0
"""How far a command is, where standard error is a terminal; and Snakemake's errors. (Snakemake loads this file by its path.)"""
import os
import sys
import time

WIDTH = 30
IN_MINUTES = 600
BEGAN = time.monotonic()


def left(done: int, total: int, seconds: float) -> str:
    """What the rest takes if it is like what has been done in so many seconds."""
    if not done:
        return ""
    rest = seconds * (total - done) / done
    return f", {rest:.0f} s left" if rest < IN_MINUTES else f", {rest / 60:.0f} min left"


def bar(done: int, total: int, seconds: float) -> str:
    share = done / max(total, 1)
    filled = int(WIDTH * share)
    return f"[{'#' * filled}{'.' * (WIDTH - filled)}] {done} of {total} jobs, {100 * share:.0f} %{left(done, total, seconds)}"


def show(done: int, total: int) -> None:
    """A line over the one before; the last one stays. No escape sequences: what was longer is covered by blanks."""
    if sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        text = bar(done, total, time.monotonic() - BEGAN)
        print(f"\r{text:79}", end="\n" if done == total else "", file=sys.stderr, flush=True)


def log_handler(message: dict) -> None:
    level = message["level"]
    if level == "progress":
        show(message["done"], message["total"])
    elif level == "error":
        print(message["msg"], file=sys.stderr)
    elif level == "job_error":
        print(f"job {message['name']} failed", file=sys.stderr)
