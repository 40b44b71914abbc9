#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes one self-contained page of what `amdvi replay --json` measured.

    amdvi replay boot.trace --json > stats.json
    traces/report/report.py stats.json -o report

Needs Jinja2 and matplotlib (Debian: python3-jinja2 python3-matplotlib).
"""
import argparse
import json
import os
import pathlib
import sys

import jinja2

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import plots  # noqa: E402

SCHEMA = "amdvi-replay 1"
FAILURES_SHOWN = 50


class ReportError(Exception):
    """Something that the user can mend."""


def number(value):
    """1234567 -> 1,234,567."""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.3f}"


def percent(part, whole):
    return f"{100 * part / whole:.1f} %" if whole else "–"


def load(path):
    try:
        text = sys.stdin.read() if path == "-" else pathlib.Path(path).read_text(encoding="utf-8")
        data = json.loads(text)
    except (OSError, ValueError) as error:
        raise ReportError(f"{path}: {error}") from error
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ReportError(f"{path}: not the output of `amdvi replay --json` (schema {SCHEMA!r})")
    if not data["files"]:
        mistakes = "".join(f"\n  {error['text']}" for error in data["errors"])
        raise ReportError(f"{path}: no file was played to its end{mistakes}")
    return data


def caches_of(statistics):
    """Rows (name, hits, misses) of the caches that were asked at all."""
    names = [("DTC", "dtc", "device table"), ("PTC", "ptc", "translations"), ("PDC", "pdc", "page directories"),
             ("GCR3", "gcr3", "GCR3 tables"), ("ITC", "itc", "interrupt tables")]
    rows = [(name, what, statistics[f"{key}_hits"], statistics[f"{key}_misses"]) for name, key, what in names]
    return [row for row in rows if row[2] + row[3]]


def prepare(played):
    """Adds what the page shows to one played file."""
    return {**played,
            "caches": caches_of(played["statistics"]),
            "plots": plots.all_plots(played),
            "failures_shown": played["failures"][:FAILURES_SHOWN]}


def render(data):
    folder = pathlib.Path(__file__).resolve().parent
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True,
                                     trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters["number"] = number
    environment.globals["percent"] = percent
    files = [prepare(played) for played in data["files"]]
    return environment.get_template("report.html.j2").render(data=data, files=files)


def write(page, folder):
    try:
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / "report.html"
        new = folder / f".report.html.{os.getpid()}.tmp"
        new.write_text(page, encoding="utf-8")
        new.replace(target)
    except OSError as error:
        raise ReportError(f"cannot write: {error}") from error
    return target


def main(arguments=None):
    parser = argparse.ArgumentParser(description="One page of what `amdvi replay --json` measured.")
    parser.add_argument("stats", metavar="STATS.json", help="output of amdvi replay --json; - is standard input")
    parser.add_argument("-o", "--output", metavar="OUTDIR", type=pathlib.Path, required=True,
                        help="folder for report.html")
    options = parser.parse_args(arguments)
    try:
        print(write(render(load(options.stats)), options.output))
    except ReportError as error:
        print(f"report.py: {error}", file=sys.stderr)
        return 2
    except (KeyError, TypeError) as error:
        print(f"report.py: {options.stats}: a figure is missing or not understood: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
