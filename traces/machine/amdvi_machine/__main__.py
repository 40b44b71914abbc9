# SPDX-License-Identifier: Apache-2.0
"""amdvi import, for sources of a machine with real hardware; the command `amdvi` starts this and has the help."""
from __future__ import annotations

import argparse
import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import zipapp
from pathlib import Path

from . import source
from .bits import REGISTERS
from .errors import SourceError, number
from .image import MOST_PAGES, TooMuch
from .lay import Lay, Report, check, not_in
from .source import Machine
from .text import Writer

DEFAULT_PAGES = 65536
PREFIX = ".amdvi-import"  # of the folder beside OUT in which a trace becomes whole


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="amdvi import", add_help=False)
    parser.add_argument("files", nargs="*")
    parser.add_argument("-o", "--output")
    parser.add_argument("-B", "--binary", action="store_true")
    parser.add_argument("-T", "--text", action="store_true")
    parser.add_argument("-q", "--quiet", action="store_true")
    parser.add_argument("-i", "--iommu", type=lambda text: int(text, 0), default=None)
    parser.add_argument("--symbols")
    parser.add_argument("--types")
    parser.add_argument("--register", action="append", default=[])
    parser.add_argument("--max-pages", type=lambda text: int(text, 0), default=DEFAULT_PAGES)
    parser.add_argument("--collector")
    return parser.parse_args()


def write_collector(path: str) -> int:
    """One file for the machine with the hardware: what collect.py needs, to be run by any python3."""
    folder = Path(__file__).resolve().parent
    with tempfile.TemporaryDirectory() as name:
        target = Path(name) / folder.name
        target.mkdir()
        for part in ("__init__", "errors", "bits", "elf", "btf", "kernel", "registers", "walk", "probes", "collect"):
            (target / f"{part}.py").write_bytes((folder / f"{part}.py").read_bytes())
        (Path(name) / "__main__.py").write_text(f"import sys\nfrom {folder.name}.collect import main\nsys.exit(main())\n", encoding="ascii")
        archive = io.BytesIO()
        zipapp.create_archive(name, archive, interpreter="/usr/bin/env python3", compressed=True)
    with open(path, "wb") as file:
        file.write(archive.getvalue())
    if os.path.isfile(path):
        os.chmod(path, os.stat(path).st_mode | 0o111)
    print(f"{path}: run it as root on the machine: python3 {os.path.basename(path)} -o FILE.tar.gz", file=sys.stderr)
    return 0


def set_register(machine: Machine, index: int, text: str) -> None:
    name, _, value = text.partition("=")
    if name not in REGISTERS:
        raise SourceError("--register", 0, f"'{name}' is none of: {' '.join(sorted(REGISTERS))}")
    machine.unit(index, "--register").dump.registers[REGISTERS[name]] = number(value, 16, 64, "--register", 0, name)


def read(options: argparse.Namespace) -> tuple[Machine, int]:
    machine = Machine()
    for path in options.files:
        source.add(path, machine)
    if options.symbols or options.types:
        if not (options.symbols and options.types):
            raise SourceError("--symbols", 0, "takes --types, too")
        source.kernel_facts(machine, options.symbols, options.types)
    known = sorted({*machine.units, *(unit for _entry, unit in machine.dump.entries.values())})
    index = options.iommu if options.iommu is not None else known[0] if known else 0
    check(machine, index)
    for text in options.register:
        set_register(machine, index, text)
    return machine, index


def tell(options: argparse.Namespace, machine: Machine, index: int, writer: Writer, report: Report) -> None:
    say = lambda text: print(text, file=sys.stderr)  # noqa: E731
    others = [unit for unit in sorted(machine.units) if unit != index]
    say(f"{', '.join(options.files)}: IOMMU {index}: {writer.records} records")
    if others:
        say(f"there are {len(others) + 1} IOMMUs: --iommu {others[0]} makes a trace of another one")
    counts = report.counts
    say(f"{report.devices} valid entries of the device table, {report.pages} pages of tables and rings, {report.commands_in_ring} commands in the ring, old ones included")
    if machine.events:
        say(f"events: {counts.commands} commands, {counts.maps} maps, {counts.unmaps} unmaps, {counts.faults} faults, "
            f"{counts.others} unknown lines became comments")
    if report.alike or report.differ:
        say(f"at the end of the events {report.alike} mappings are those of a second look at memory, {report.differ} are not")
    if counts.lost:
        say(f"{counts.lost} events were lost while recording: what follows them may be wrong")
    if counts.skipped:
        say(f"{counts.skipped} commands went to other IOMMUs and are left out")
    if report.messages:
        say(f"{report.messages} page faults of the kernel's log became requests at the end")
    for text in [*machine.missing, *report.gaps]:
        say(f"not known: {text}")
    say(not_in(machine))


def write(options: argparse.Namespace, machine: Machine, index: int, path: str) -> tuple[Writer, Report]:
    with open(path, "w", encoding="ascii") if path != "-" else os.fdopen(1, "w", encoding="ascii", closefd=False) as file:
        writer = Writer(file)
        file.write("amdvi-trace 1\n")
        writer.comment(f"imported by amdvi import from {' '.join(os.path.basename(one) for one in options.files)}: IOMMU {index}")
        return writer, Lay(machine, index, writer, options.max_pages).run()


class Said(Exception):
    """What is wrong has been told."""


def convert(text: str, target: str) -> None:
    done = subprocess.run([os.environ.get("AMDVI", "amdvi"), "convert", "-q", "--to", "binary", text, "-o", target], check=False)
    if done.returncode == -signal.SIGPIPE:
        raise BrokenPipeError
    if done.returncode:
        raise Said


def takes_a_file(target: str) -> bool:
    """Whether a finished file may take the name: nothing is there, or a file."""
    return target != "-" and (os.path.isfile(target) or not os.path.exists(target))


def place(path: str, target: str) -> None:
    """Where the name leads, so a link stays one; into a device or pipe, which is not replaced."""
    if takes_a_file(target):
        os.replace(path, os.path.realpath(target))
        return
    with open(path, "rb") as source, open(target, "wb") as out:
        shutil.copyfileobj(source, out)


def run(options: argparse.Namespace) -> int:
    machine, index = read(options)
    binary = options.binary or (options.output.endswith(".atb") and not options.text)
    if options.output == "-" and not binary:
        writer, report = write(options, machine, index, "-")
    else:
        folder = os.path.dirname(os.path.realpath(options.output)) if takes_a_file(options.output) else None
        with tempfile.TemporaryDirectory(dir=folder, prefix=PREFIX) as name:
            path = f"{name}/trace"
            writer, report = write(options, machine, index, path)
            if binary:
                convert(path, options.output)
            else:
                place(path, options.output)
    if not options.quiet:
        tell(options, machine, index, writer, report)
    return 0


def main() -> int:
    options = arguments()
    try:
        if options.collector:
            return write_collector(options.collector)
        return run(options)
    except SourceError as error:
        print(error, file=sys.stderr)
    except TooMuch:
        print(f"{options.files[0]}: tables of more than {MOST_PAGES} pages have to be put together", file=sys.stderr)
    except BrokenPipeError:  # a reader that has seen enough
        return 128 + signal.SIGPIPE
    except OSError as error:
        place = error.filename or options.output or options.collector
        print(f"{options.output if PREFIX in str(place) else place}: {error.strerror}", file=sys.stderr)
    except Said:
        pass
    return 2


if __name__ == "__main__":
    sys.exit(main())
