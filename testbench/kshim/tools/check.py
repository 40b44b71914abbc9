# SPDX-License-Identifier: GPL-2.0-only
"""A patch or a changed tree against what it was made from: the same scenarios on both, and what differs."""
from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import build, kernels, link, places, source
from .errors import KernelError, Unavailable
from .kernels import Kernel


@dataclass(frozen=True)
class Outcome:
    """What one scenario gave on one kernel; as kshim-run --json writes it."""

    name: str
    status: int
    operations: int
    commands: int
    flushes: int
    findings: int
    first: str  # the first thing that was wrong
    lint: str = ""  # findings, a line each

    @property
    def verdict(self) -> str:
        return {0: "ok", 3: "DIED"}.get(self.status, "FAILED")


def add_arguments(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    one = commands.add_parser("check", help="run scenarios on a kernel without and with a change",
                              description="Builds the kernel as it is and changed (only what changed is compiled "
                              "again), runs the scenarios on both under lint, and prints what differs. Exit status: 0 "
                              "the change makes nothing worse, 1 it does, 2 it cannot be checked.")
    change = one.add_mutually_exclusive_group(required=True)
    change.add_argument("--patch", metavar="FILE", help="applied with patch -p1")
    change.add_argument("--plant", metavar="DEFECT", help="a defect of testbench/kshim/defects, or a .cocci file: "
                        "does a scenario find it?")
    change.add_argument("--modified", metavar="TREE", help="a tree that was changed")
    one.add_argument("--kernel", default="6.12", metavar="KERNEL", help="what it is compared with, 6.12 by default")
    one.add_argument("--scenario", action="append", default=[], metavar="S", help="only these; default all")
    one.add_argument("--seed", default="1")
    one.add_argument("--junit", metavar="FILE", help="results of the changed kernel for machines")


DEFECTS = build.KSHIM / "defects"


def apply_patch(patch: Path, tree: Path) -> None:
    done = subprocess.run(["patch", "-p1", "--batch", "--forward", "-i", str(patch)], cwd=tree,
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise KernelError(f"{patch}: it does not apply:\n{done.stdout.strip()[-1500:]}")


def header(rule: Path, key: str) -> list[str]:
    """Words of a line "// key: ..." at the top of a semantic patch."""
    match = re.search(rf"^// {key}: (.*)$", rule.read_text(encoding="utf-8"), re.M)
    return match[1].split() if match else []


def number(version: str) -> tuple[int, ...]:
    """6.12.94 as (6, 12); what is no number ends it."""
    match = re.match(r"(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else ()


def why_not(rule: Path, version: str) -> str | None:
    """Why a defect cannot be planted in a version: lines "// since: V", "// until: V" and "// why: ..." at its top."""
    here = number(version)
    since, until = (number(" ".join(header(rule, key))) for key in ("since", "until"))
    if not here or ((not since or here >= since) and (not until or here <= until)):
        return None
    return " ".join(header(rule, "why")) or "its code is another one there"


def apply_rule(rule: Path, tree: Path) -> None:
    """A semantic patch (Coccinelle) to the files that its head names; each must change."""
    if shutil.which("spatch") is None:
        raise Unavailable("spatch is missing: apt-get install coccinelle")
    for name in header(rule, "files"):
        target = tree / name
        before = target.read_bytes()
        target.unlink()  # it is shared with the unchanged tree
        target.write_bytes(before)
        done = subprocess.run(["spatch", "--very-quiet", "--in-place", "--sp-file", str(rule), str(target)],
                              capture_output=True, text=True, check=False)
        if done.returncode or target.read_bytes() == before:
            raise KernelError(f"{rule}: it changes nothing in {name}: {done.stderr.strip()[-500:]}")


def changed_tree(base: Kernel, change: Path) -> Path:
    """The base with a patch or a rule, sharing all files that it does not touch."""
    mark = source.file_digest(change)[:12]
    tree = base.tree.with_name(f"{base.tree.name}-changed-{mark}")
    if tree.exists():
        return tree
    with tempfile.TemporaryDirectory(prefix="change-", dir=base.tree.parent) as folder:
        unfinished = Path(folder) / "tree"
        shutil.copytree(base.tree, unfinished, copy_function=os.link, symlinks=True)
        (apply_rule if change.suffix == ".cocci" else apply_patch)(change, unfinished)
        unfinished.rename(tree)
    return tree


def copied_objects(base: Kernel, tree: Path) -> Path:
    """The base's build folder under the name of another tree, so that kbuild compiles only what differs."""
    folder = base.objects.folder.with_name(f"{base.objects.folder.name}-{tree.name.rsplit('-', 1)[-1]}")
    if folder.exists():
        return folder
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    shutil.copytree(base.objects.folder, unfinished, symlinks=True)
    for path in [*unfinished.rglob(".*.cmd"), unfinished / "Makefile"]:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        changed = text.replace(f"{base.tree}/", f"{tree}/").replace(f"{base.objects.folder}/", f"{folder}/")
        changed = re.sub(rf"{re.escape(str(base.tree))}(?=\s|$)", str(tree), changed)
        if changed != text:
            stat = path.stat()
            path.write_text(changed, encoding="utf-8", errors="surrogateescape")
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    (unfinished / ".compiled").unlink(missing_ok=True)
    source_link = unfinished / "source"
    if source_link.is_symlink():
        source_link.unlink()
        source_link.symlink_to(tree)
    unfinished.rename(folder)
    return folder


def touch_changed(base: Path, tree: Path) -> list[Path]:
    """What the change has made is newer than all objects: kbuild goes by age."""
    changed = []
    for folder, _, names in os.walk(tree):
        for name in names:
            path = Path(folder) / name
            other = base / path.relative_to(tree)
            if not path.is_symlink() and (not other.exists() or not other.samefile(path)):
                path.touch()
                changed.append(path)
    return changed


def changed_kernel(base: Kernel, change: Path) -> Kernel:
    """Base plus change as an instance."""
    tree = changed_tree(base, change)
    folder = copied_objects(base, tree)
    log = folder / "kbuild.log"
    changed = touch_changed(base.tree, tree)
    places.say("compiling what changed")
    if any(path.name.startswith("Kconfig") for path in changed):
        build.configure(tree, folder, log)
    made = build.Objects(base.source, tree, folder, build.compiled(tree, folder, log))
    target = base.instance.with_name(f"{base.instance.stem}-{tree.name.rsplit('-', 1)[-1]}.so")
    return Kernel(base.source, tree, made, link.instance(made, target, places.say))


def defect(name: str, version: str) -> Path:
    """The rule of a planted defect, when the version can have it."""
    known = DEFECTS / f"{name}.cocci"
    rule = known if known.exists() else places.users_path(name)
    if not rule.exists():
        names = ", ".join(sorted(path.stem for path in DEFECTS.glob("*.cocci")))
        raise KernelError(f"there is no defect {name}; there are {names}")
    reason = why_not(rule, version)
    if reason:
        raise KernelError(f"{rule.stem} cannot be planted in Linux {version}: {reason}")
    return rule


def named(name: str, after: dict[str, Outcome]) -> str:
    """Whether a finding of the lint says what the rule's line "// lint: PATTERN" says, and which."""
    known = DEFECTS / f"{name}.cocci"
    pattern = " ".join(header(known, "lint")) if known.exists() else ""
    if not pattern:
        return ""
    for scenario, outcome in after.items():
        for finding in outcome.lint.splitlines():
            if re.search(pattern, finding):
                return f"the lint names it, in {scenario}: {finding}"
    return f"the lint does NOT name it ({pattern})"


def found_by(name: str, worse: list[str]) -> str:
    """Whether the property that the rule names is among those that find it."""
    known = DEFECTS / f"{name}.cocci"
    text = " ".join(header(known, "found-by")) if known.exists() else ""
    names = [scenario for scenario in re.findall(r"[a-z]+/[a-z0-9/-]+", text) if scenario in worse]
    if names:
        return f"planted {name}: found, by {text}"
    return f"planted {name}: " + ("found, by others than expected" if worse else "NOT FOUND") + (f" ({text})" if text else "")


def outcomes(kernel: Kernel, arguments: argparse.Namespace, junit: str | None) -> dict[str, Outcome]:
    runner = kernels.check_runner()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [str(runner), "--object", str(kernel.instance), "--blame", "--seed", arguments.seed, "--json", str(report)]
        if junit:
            command += ["--junit", str(places.users_path(junit))]
        subprocess.run([*command, *arguments.scenario], check=False, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        if not report.exists():
            raise KernelError(f"no scenario ran on {kernel.instance.name}")
        entries = json.loads(report.read_text(encoding="utf-8"))["scenarios"]
    return {entry["name"]: Outcome(**{key: entry[key] for key in Outcome.__dataclass_fields__}) for entry in entries}


def per_operation(outcome: Outcome) -> str:
    if not outcome.operations:
        return "-"
    return f"{outcome.commands / outcome.operations:.2f} / {outcome.flushes / outcome.operations:.2f}"


def table(before: dict[str, Outcome], after: dict[str, Outcome]) -> list[str]:
    lines = [f"{'scenario':34} {'base':7} {'changed':8} {'commands / flushes per operation':36} {'lint':>9}"]
    for name in before:
        old, new = before[name], after[name]
        costs = per_operation(old)
        if per_operation(new) != costs:
            costs += f" -> {per_operation(new)}"
        lines.append(f"{name:34} {old.verdict:7} {new.verdict:8} {costs:36} {old.findings:4} {new.findings:4}")
        if new.first and new.first != old.first:
            lines.append(f"    {new.first}")
    return lines


def run(arguments: argparse.Namespace) -> int:
    base = kernels.made(kernels.wanted([arguments.kernel])[0])
    if arguments.patch:
        changed = changed_kernel(base, places.users_path(arguments.patch))
    elif arguments.plant:
        changed = changed_kernel(base, defect(arguments.plant, base.source.version))
    else:
        changed = kernels.made(source.of_path(places.users_path(arguments.modified), modified=True))
    places.say("running scenarios on both")
    before, after = outcomes(base, arguments, None), outcomes(changed, arguments, arguments.junit)
    shared = {name for name in before if name in after}
    before, after = ({name: one[name] for name in one if name in shared} for one in (before, after))
    print(f"Linux {base.source.name} ({base.source.path.name}) without and with the change")
    print("\n".join(table(before, after)))
    worse = [name for name in before if after[name].status and not before[name].status]
    better = [name for name in before if before[name].status and not after[name].status]
    print(f"verdict: {len(worse)} of {len(before)} scenarios get worse, {len(better)} better"
          + (f": {', '.join(worse[:6])}" if worse else ""))
    if arguments.plant:
        print(found_by(arguments.plant, worse))
        says = named(arguments.plant, after)
        print(says, end="\n" if says else "")
    return 1 if worse else 0
