# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of `amdvi kit`, whose help the command itself prints."""
from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from . import machines, sheet
from .demands import Report
from .errors import KitError
from .trials import TRIALS, Sheet, Trial, judge


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise KitError(f"{message}; see amdvi kit --help")


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(add_help=False, allow_abbrev=False)
    parser.add_argument("-t", "--trial", action="append", default=[])
    parser.add_argument("-l", "--list", action="store_true")
    parser.add_argument("-j", "--jobs", type=int, default=1)
    parser.add_argument("-s", "--seconds", type=int, default=300)
    parser.add_argument("-T", "--title", default="a system without a name")
    parser.add_argument("-o", "--output", type=Path, default=Path("kit"))
    parser.add_argument("--qemu", default="")
    parser.add_argument("--object", default="")
    parser.add_argument("arguments", nargs="*")
    return parser.parse_args(arguments)


def wanted(names: list[str]) -> list[Trial]:
    known = {trial.name: trial for trial in TRIALS}
    for name in names:
        if name not in known:
            raise KitError(f"there is no trial {name}; there are: {', '.join(known)}")
    return [known[name] for name in names] or TRIALS


def settings_of(options: argparse.Namespace) -> machines.Settings:
    if not options.arguments:
        raise KitError("QEMU's arguments, which boot the system that is judged, stand behind --")
    if options.jobs < 1 or options.seconds < 1:
        raise KitError("--jobs and --seconds take numbers from 1")
    extra = [word for name in ("qemu", "object") if getattr(options, name) for word in (f"--{name}", getattr(options, name))]
    return machines.Settings(options.arguments, options.seconds, options.jobs, extra, options.output / "consoles")


def write(judged: Sheet, title: str, folder: Path) -> None:
    try:
        sheet.write_html(judged, f"Conformance of an AMD IOMMU driver: {title}", folder / "sheet.html")
        sheet.write_junit(judged, title, folder / "junit.xml")
    except OSError as error:
        raise KitError(f"{folder}: {error.strerror}: the sheet cannot be written") from error
    print(f"written: {folder}/sheet.html and junit.xml")


def run(options: argparse.Namespace) -> int:
    """0: every demand that could be judged held; 1: not so."""
    trials, found = wanted(options.trial), {}
    if options.list:
        print("\n".join(f"{trial.name:14} {trial.why}" for trial in trials))
        return 0

    def told(trial: Trial, report: Report) -> None:
        found[trial.name] = judge(trial, report)
        print(f"==> {sheet.line_of(trial.name, found[trial.name])}", flush=True)

    sheet.check()
    machines.run(trials, settings_of(options), told)
    judged = [(trial, found[trial.name]) for trial in trials]
    print(sheet.as_text(judged))
    write(judged, options.title, options.output)
    held, demanded = sheet.points(judged)
    return 0 if held == demanded else 1


def ended(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def main(arguments: list[str]) -> int:
    signal.signal(signal.SIGTERM, ended)
    try:
        status = run(parse(arguments))
        sys.stdout.flush()
        return status
    except KitError as error:
        print(f"amdvi kit: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # a reader that has seen enough; machines have been stopped on the way here
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        print(f"amdvi kit: {str(error.filename) + ': ' if error.filename else ''}{error.strerror}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
