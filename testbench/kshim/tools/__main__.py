# SPDX-License-Identifier: GPL-2.0-only
"""scripts/kernel: the command line."""
from __future__ import annotations

import argparse
import subprocess
import sys

from . import check, cost, fetch, guests, kernels, places, verify
from .errors import KernelError, Unavailable

SKIPPED = 77  # what ctest calls "skipped"

DESCRIPTION = """\
Builds the unmodified AMD IOMMU driver of Linux kernels, with the cores around it, into shared objects, and runs it on
the model. KERNEL is a version as in linux-source-6.12 (Debian's packages), a tarball, or a tree; without one, what
the variable KERNEL_SRC names (separated by colons), or 6.1 and 6.12. Nothing in a tree is changed, and what is built
stays in build/kshim."""


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="scripts/kernel", description=DESCRIPTION)
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")

    one = commands.add_parser("build", help="build instances; prints their paths")
    one.add_argument("kernel", nargs="*")
    one.add_argument("--modified", action="store_true", help="a tree whose driver differs from what was published")

    one = commands.add_parser("run", help="run scenarios on a kernel")
    one.add_argument("--kernel", action="append", default=[], metavar="KERNEL")
    one.add_argument("--guest", action="append", default=[], metavar="KERNEL",
                     help="the kernel of guests; without it the same one. Twice: of the second guest where there are two")
    one.add_argument("--modified", action="store_true", help="the tree differs from what was published")
    one.add_argument("--skip", action="store_true", help="exit with 77 where there is no source to build from")
    one.add_argument("--add", metavar="FOLDER", help="link C files of this folder into the kernel; or hw_viommu of "
                     "testbench/kshim/added")
    one.add_argument("--systemc", action="store_true",
                     help="the IOMMUs are SystemC modules, reached by TLM-2.0 sockets (kshim-systemc)")
    one.add_argument("rest", nargs=argparse.REMAINDER, metavar="...",
                     help="scenarios and options of kshim-run (-- --help)")

    one = commands.add_parser("verify", help="compare the driver's files with the package's tarball")
    one.add_argument("kernel", nargs="*")
    one.add_argument("--skip", action="store_true", help="exit with 77 where there is no source")

    check.add_arguments(commands)
    cost.add_arguments(commands)
    guests.add_arguments(commands)

    one = commands.add_parser("fetch", help="get the linux-source package of another Debian suite")
    one.add_argument("suite", help="trixie, trixie-backports, sid ...")
    one.add_argument("version", nargs="?", default="", help="7.3; the newest without it")
    return top


def run_build(arguments: argparse.Namespace) -> int:
    for wish in kernels.wanted(arguments.kernel, modified=arguments.modified):
        print(kernels.made(wish).instance)
    return 0


def exit_status(code: int) -> int:
    """Of a process that a signal has ended, whose number comes negative, as shells tell it."""
    return code if code >= 0 else 128 - code


def run_scenarios(arguments: argparse.Namespace) -> int:
    runner = kernels.check_runner("kshim-systemc" if arguments.systemc else "kshim-run")
    guests = [option for name in arguments.guest
              for option in ("--guest", str(kernels.made(kernels.wanted([name])[0]).instance))]
    status = 0
    for wish in kernels.wanted(arguments.kernel, modified=arguments.modified):
        kernel = kernels.made(wish, kernels.added(arguments.add))
        if wish.modified:
            print(f"MODIFIED: the driver of {wish.path} is not the published one")
        command = [str(runner), "--object", str(kernel.instance), *guests]
        status = max(status, exit_status(subprocess.run([*command, *arguments.rest], check=False).returncode))
    return status


def run_verify(arguments: argparse.Namespace) -> int:
    wrong = 0
    for wish in kernels.wanted(arguments.kernel):
        kernel = kernels.made(wish)
        found = verify.differences(kernel)
        compiled = verify.compiled_files(kernel.objects)
        for name in found:
            print(f"{wish.name}: {name}: not as in {wish.path.name}")
        print(f"Linux {wish.name}: {len(compiled)} files of drivers/iommu are compiled, "
              f"{len(found)} differ from {wish.path.name}")
        wrong += len(found)
    return 1 if wrong else 0


def run_fetch(arguments: argparse.Namespace) -> int:
    print(fetch.fetch(arguments.suite, arguments.version, places.builds(), places.say))
    return 0


def main() -> int:
    arguments = parser().parse_args()
    if getattr(arguments, "rest", None):
        arguments.rest = [word for word in arguments.rest if word != "--"]
    run = {"build": run_build, "run": run_scenarios, "verify": run_verify, "fetch": run_fetch, "check": check.run, "cost": cost.run,
           "guests": guests.run}
    try:
        return run[arguments.command](arguments)
    except Unavailable as error:
        print(f"skipped: {error}" if getattr(arguments, "skip", False) else f"scripts/kernel: {error}", file=sys.stderr)
        return SKIPPED if getattr(arguments, "skip", False) else 2
    except KernelError as error:
        print(f"scripts/kernel: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
