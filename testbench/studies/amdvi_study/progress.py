# SPDX-License-Identifier: Apache-2.0
"""Snakemake's progress as a bar, where standard error is a terminal, and its errors. (Snakemake loads this file by its path.)"""
import sys

WIDTH = 40


def bar(done: int, total: int) -> str:
    filled = WIDTH * done // max(total, 1)
    return f"[{'#' * filled}{'.' * (WIDTH - filled)}] {done} of {total} jobs"


def log_handler(message: dict) -> None:
    level = message["level"]
    if level == "progress" and sys.stderr.isatty():
        end = "\n" if message["done"] == message["total"] else ""
        print("\r" + bar(message["done"], message["total"]), end=end, file=sys.stderr, flush=True)
    elif level == "error":
        print(message["msg"], file=sys.stderr)
    elif level == "job_error":
        print(f"job {message['name']} failed", file=sys.stderr)
