# SPDX-License-Identifier: GPL-2.0-or-later
"""The command line of scripts/qemu."""
from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from . import boot, capture, collection, compare, headers, kernels, kit_command, moving, places, scenarios
from .errors import QemuError, Unavailable

SKIPPED = 77


def say(text: str) -> None:
    print(f"==> {text}", flush=True)


def do_headers(options: argparse.Namespace) -> int:
    headers.fetch(options.to.resolve(), say)
    return 0


def do_object(options: argparse.Namespace) -> int:
    print(places.object_file(say))
    return 0


def do_boot(options: argparse.Namespace) -> int:
    if options.list:
        print("\n".join(one.name for one in scenarios.SCENARIOS))
        return 0
    wanted = [scenarios.by_name(name) for name in options.scenario] or [scenarios.by_name("lazy")]
    if None in wanted:
        raise QemuError("there is no such scenario; scripts/qemu boot --list names them")
    places.object_file(say)
    places.build_command(say)
    ours = tuple({name for one in wanted if one for name in one.modules})
    kernel = kernels.get(options.kernel, ours, say, options.suite)
    say(f"seed {options.seed}")
    failed = 0
    for scenario in wanted:
        assert scenario is not None
        result = boot.boot(scenario, kernel, options.seed)
        print(boot.tell(result, kernel), flush=True)
        if options.console or result.failures:
            print(result.console)
        failed += bool(result.failures)
    return 1 if failed else 0


def add_boot(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("boot", help="boot a kernel of Debian's and check what it does")
    parser.add_argument("scenario", nargs="*", help="default: lazy")
    kernels.add_options(parser)
    parser.add_argument("--seed", type=int, default=1, help="of the disks' contents")
    parser.add_argument("--list", action="store_true", help="name the scenarios")
    parser.add_argument("--console", action="store_true", help="print what the guest printed")
    parser.set_defaults(run=do_boot)


def do_compare(options: argparse.Namespace) -> int:
    os.environ["AMDVI_QEMU_OBJECT"] = str(places.object_file(say))
    places.build_command(say)
    print("\n".join(compare.compare(kernels.get(options.kernel, (), say), options.rounds, say)))
    return 0


def add_compare(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("compare", help="measure the model against QEMU's own amd-iommu, in turns")
    parser.add_argument("--kernel", default="6.1", metavar="VERSION")
    parser.add_argument("--rounds", type=int, default=3)
    parser.set_defaults(run=do_compare)


def do_collect(options: argparse.Namespace) -> int:
    if options.model:
        places.object_file(say)
        places.build_command(say)
    kernel = kernels.get(options.kernel, (), say)
    target = Path(os.environ.get("AMDVI_CALLED_FROM", "."), options.output)
    collection.collect(kernel, options.append, target, options.model, say)
    return 0


def add_collect(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("collect", help="boot a kernel and run the collector of amdvi import in it")
    parser.add_argument("-o", "--output", required=True, metavar="FILE.tar.gz", help="where the archive goes")
    parser.add_argument("--kernel", default="6.12", metavar="VERSION", help="6.12 (default), 6.1")
    parser.add_argument("--append", default="", metavar="WORDS", help="for the kernel's command line")
    parser.add_argument("--model", action="store_true", help="with the model as IOMMU; without it QEMU's own")
    parser.set_defaults(run=do_collect)


def add_headers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("headers", help="fetch the headers of the installed QEMU")
    parser.add_argument("--to", type=Path, default=places.FOLDER / "headers", metavar="FOLDER")
    parser.set_defaults(run=do_headers)


def add_object(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("object", help="build the object for -plugin and print where it is")
    parser.set_defaults(run=do_object)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="scripts/qemu", description="Whole machines on the model, in Debian's QEMU.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for add in (add_headers, add_object, add_boot, add_compare, add_collect):
        add(commands)
    capture.add(commands, say)
    moving.add(commands, say)
    kit_command.add(commands, say)
    for command in commands.choices.values():
        command.add_argument("--skip", action="store_true", help=f"exit status {SKIPPED} when something is missing here")
    return parser.parse_args()


def ended(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def main() -> int:
    signal.signal(signal.SIGTERM, ended)  # on the way out machines are ended and folders removed
    options = parse()
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    try:
        return int(options.run(options))
    except Unavailable as error:
        print(f"{'skipped' if options.skip else 'scripts/qemu'}: {error}", file=sys.stderr if not options.skip else sys.stdout)
        return SKIPPED if options.skip else 2
    except QemuError as error:
        print(f"scripts/qemu: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
