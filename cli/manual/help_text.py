# SPDX-License-Identifier: Apache-2.0
"""What `amdvi SUBCOMMAND --help` says, taken apart: the one place where options are described."""
from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, field

OPTION = re.compile(r"^  (?:(-\w), |    )(--[\w-]+)(?: (\S+(?: \S+)*?))?(?:  +(\S.*))?$")
CONTINUED = re.compile(r"^ {8,}(\S.*)$")
SUBCOMMAND = re.compile(r"^  (\w[\w-]*) +(\S.*)$")


@dataclass
class Option:
    """`argument` is "" without one; with [ ] it may be left out. `usage` is how the usage writes it, if it does."""

    letter: str | None
    name: str
    argument: str
    text: str
    usage: str = ""

    @property
    def choices(self) -> list[str]:
        """Of "text|binary"; words in capitals stand for something else."""
        words = (self.usage or self.argument).strip("[]").split("|")
        return [word for word in words if not word.isupper()] if len(words) > 1 else []

    @property
    def takes_value(self) -> bool:
        return bool(self.argument) and not self.argument.startswith("[")


@dataclass
class Help:
    """One command: "amdvi" itself has no options here, but `subcommands`."""

    name: str
    summary: str
    usage: list[str] = field(default_factory=list)
    paragraphs: list[str] = field(default_factory=list)
    options: list[Option] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # paragraphs behind the options
    examples: list[str] = field(default_factory=list)
    exit_codes: list[tuple[str, str]] = field(default_factory=list)


class HelpError(Exception):
    """A help text of another form than the ones known."""


def joined(lines: list[str]) -> str:
    return " ".join(line.strip() for line in lines)


def options_of(name: str, lines: list[str]) -> list[Option]:
    found: list[Option] = []
    for line in lines:
        if option := OPTION.match(line):
            found.append(Option(option[1], option[2], option[3] or "", option[4] or ""))
        elif found and (more := CONTINUED.match(line)):
            found[-1].text = f"{found[-1].text} {more[1]}".strip()
        else:
            raise HelpError(f"{name}: no option: {line!r}")
    return found


def exit_codes_of(text: str) -> list[tuple[str, str]]:
    """"exit codes: 0 done; 1 a check failed" as pairs."""
    parts = re.split(r"; (?=\d )", text.removeprefix("exit codes: "))
    return [(code, meaning) for code, meaning in (part.split(" ", 1) for part in parts)]


def parse(name: str, summary: str, text: str) -> Help:
    """The help of one subcommand."""
    out = Help(name, summary)
    for block in text.strip("\n").split("\n\n"):
        lines = block.splitlines()
        if lines[0].startswith("usage: "):
            out.usage = [line.removeprefix("usage: ").strip() for line in lines]
        elif lines[0] == "examples:":
            out.examples = [line.strip() for line in lines[1:]]
        elif lines[0].startswith("exit codes: "):
            out.exit_codes = exit_codes_of(joined(lines))
        elif OPTION.match(lines[0]):
            out.options += options_of(name, lines)
        else:
            (out.notes if out.options else out.paragraphs).append(joined(lines))
    for option in out.options:
        written = re.search(rf"{option.name} ([a-z]+(?:\|[a-z]+)+)", " ".join(out.usage))
        option.usage = written[1] if written else ""
    if not out.usage or not out.options or not out.exit_codes:
        raise HelpError(f"{name}: usage, options or exit codes are missing")
    return out


def run(command: str, *words: str) -> str:
    return subprocess.run([command, *words], check=True, capture_output=True, text=True).stdout


def parse_main(text: str) -> tuple[Help, dict[str, str]]:
    """`amdvi --help`: the command itself, and the summaries of its subcommands."""
    blocks = text.strip("\n").split("\n\n")
    title, usage, table, codes = blocks[0], blocks[1], blocks[2], blocks[-1]
    name, summary = title.split(": ", 1)
    usage_lines = [line.removeprefix("usage: ").strip() for line in usage.splitlines()]
    rows = [SUBCOMMAND.match(line) for line in table.splitlines()[1:]]
    subcommands = {row[1]: row[2] for row in rows if row}
    if not subcommands:
        raise HelpError("amdvi --help lists no subcommand")
    return Help(name, summary, usage_lines, exit_codes=exit_codes_of(joined(codes.splitlines()))), subcommands


def read(command: str) -> tuple[Help, list[Help]]:
    """The command and its subcommands."""
    main, summaries = parse_main(run(command, "--help"))
    return main, [parse(name, summary, run(command, name, "--help")) for name, summary in summaries.items()]


@dataclass(frozen=True)
class Keys:
    """Configuration keys, each with its words ("on", "off"), if they are listed."""

    words: dict[str, list[str]]

    @property
    def presets(self) -> list[str]:
        return self.words["preset"]


def keys_of(command: str) -> Keys:
    listed = json.loads(run(command, "config", "--json"))["keys"]
    return Keys({key["key"]: [word for word in key["values"].split("|") if " " not in word] if "|" in key["values"] else []
                 for key in listed})
