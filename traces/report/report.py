#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes one self-contained page of what `amdvi replay --json` measured, or of two runs side by side.

    amdvi replay boot.trace --json > a.json
    traces/report/report.py a.json -o report
    amdvi replay boot.trace --json --set ptc.log2_entries=6 > b.json
    traces/report/report.py a.json b.json -o report

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


HOLDS = {"DTC": "device table", "PTC": "translations", "PDC": "page directories", "GCR3": "GCR3 tables",
         "ITC": "interrupt tables"}


def caches_by_device(devices):
    """(device, {cache: counts}) of the devices that asked most."""
    rows = [(device["device"], {cache["cache"]: cache for cache in device["caches"]})
            for device in devices if device.get("caches")]
    return sorted(rows, key=lambda row: -sum(c["hits"] + c["misses"] for c in row[1].values()))[:24]


def prepare(played):
    """Adds what the page shows to one played file."""
    return {**played,
            "caches_by_device": caches_by_device(played["devices"]),
            "plots": plots.all_plots(played),
            "failures_shown": played["failures"][:FAILURES_SHOWN]}


HEADLINES = (
    ("checks failed", lambda f: f["checks"]["failed"]), ("DMA requests", lambda f: f["statistics"]["requests"]),
    ("faulted", lambda f: f["statistics"]["faulted"]), ("interrupts", lambda f: f["statistics"]["interrupts"]),
    ("walks", lambda f: f["statistics"]["walks"]), ("host table reads", lambda f: f["statistics"]["reads_host"]),
    ("guest table reads", lambda f: f["statistics"]["reads_guest"]),
    ("device table reads", lambda f: f["statistics"]["reads_dte"]),
    ("commands", lambda f: f["statistics"]["commands"]), ("invalidations", lambda f: f["statistics"]["invalidations"]),
    ("cache entries dropped", lambda f: f["statistics"]["entries_invalidated"]))


def cache_figures(files):
    """(name, counts) of the hit rates and miss classes of each cache that any of the runs asked."""
    by_name = [{cache["cache"]: cache for cache in f["caches"]} for f in files]
    for name in HOLDS:
        found = [caches.get(name) for caches in by_name]
        if not any(found):
            continue
        yield f"{name} hit rate", [percent(c["hits"], c["hits"] + c["misses"]) if c else "–" for c in found]
        yield f"{name} misses", [c["misses"] if c else 0 for c in found]
        for kind in ("cold", "invalidated", "capacity", "conflict", "fault"):
            counts = [c["misses_by_class"][kind] if c and "misses_by_class" in c else 0 for c in found]
            if any(counts):
                yield f"{name} misses, {kind}", counts


def change(values):
    """-6.0 % from the first to the last, where both are counts."""
    first, last = values[0], values[-1]
    if not isinstance(first, int) or not isinstance(last, int) or first == last:
        return ""
    return f"{last - first:+,}" + (f" ({100 * (last - first) / first:+.1f} %)" if first else "")


def side_by_side(files):
    """What the page says about two runs of a pair."""
    keys = list(dict.fromkeys(key for f in files for key in f["config"]))
    config = [(key, [f["config"].get(key, "–") for f in files]) for key in keys]
    figures = [(name, [get(f) for f in files]) for name, get in HEADLINES] + list(cache_figures(files))
    return {"config": [row for row in config if len(set(row[1])) > 1],
            "figures": [(name, values, change(values)) for name, values in figures if any(v not in (0, "–") for v in values)]}


def groups(runs):
    """Files that stand side by side: those of one place in each run."""
    if len({len(run["files"]) for run in runs}) > 1:
        counts = " and ".join(str(len(run["files"])) for run in runs)
        raise ReportError(f"the runs have {counts} files; they are compared in pairs")
    for files in zip(*(run["files"] for run in runs)):
        yield {"files": [prepare(played) for played in files],
               "names": [run["name"] for run in runs],
               "both": side_by_side(files) if len(files) > 1 else None}


def render(runs):
    folder = pathlib.Path(__file__).resolve().parent
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True,
                                     trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    environment.filters["number"] = lambda value: value if isinstance(value, str) else number(value)
    environment.globals.update(percent=percent, holds=HOLDS)
    return environment.get_template("report.html.j2").render(version=runs[0]["version"], groups=list(groups(runs)))


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
    parser.add_argument("stats", metavar="STATS.json", nargs="+",
                        help="output of amdvi replay --json, of one run or of two; - is standard input")
    parser.add_argument("-o", "--output", metavar="OUTDIR", type=pathlib.Path, required=True,
                        help="folder for report.html")
    options = parser.parse_args(arguments)
    if len(options.stats) > 2:
        parser.error("one run, or two to be compared")
    try:
        print(write(render([{**load(path), "name": path} for path in options.stats]), options.output))
    except ReportError as error:
        print(f"report.py: {error}", file=sys.stderr)
        return 2
    except (KeyError, TypeError) as error:
        print(f"report.py: {', '.join(options.stats)}: a figure is missing or not understood: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
