# SPDX-License-Identifier: Apache-2.0
"""Man pages from help texts."""
from __future__ import annotations

import re

from help_text import Help

SECTION = "1"


def escaped(text: str) -> str:
    """Text as roff takes it: backslashes, hyphens that are to be typed, a dot or quote at the start of a line."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^([.'])", r"\\&\1", text)


def marked(text: str) -> str:
    """`code` in bold, words in capitals as they are."""
    return re.sub(r"`([^`]*)`", r"\\fB\1\\fR", escaped(text))


def argument_text(text: str) -> str:
    """KEY=VALUE in italics, the rest as it is."""
    return re.sub(r"[A-Z][A-Z]+", r"\\fI\g<0>\\fR", escaped(text))


def header(title: str, version: str) -> list[str]:
    return [".\\\" SPDX-License-Identifier: Apache-2.0", ".\\\" Made from --help; not to be edited.",
            f'.TH {title.upper()} {SECTION} "" "amdvi {version}" "amdvi manual"']


def synopsis(usage: list[str]) -> list[str]:
    out = [".SH SYNOPSIS"]
    for number, line in enumerate(usage):
        command, _, rest = line.partition(" ")
        out += ([".br"] if number else []) + [f"\\fB{escaped(command)}\\fR {escaped(rest)}".rstrip()]
    return out


def options(page: Help) -> list[str]:
    out = [".SH OPTIONS"]
    for option in page.options:
        names = ", ".join(f"\\fB{escaped(name)}\\fR" for name in (option.letter, option.name) if name)
        argument = f" {argument_text(option.argument)}" if option.argument else ""
        out += [".TP", names + argument, marked(option.text) or "See the synopsis."]
    return out


def paragraphs(title: str, texts: list[str]) -> list[str]:
    out = [f".SH {title}"] if texts else []
    for number, text in enumerate(texts):
        out += ([".PP"] if number else []) + [marked(text)]
    return out


def examples(lines: list[str]) -> list[str]:
    return [".SH EXAMPLES", ".nf", *(escaped(line) for line in lines), ".fi"] if lines else []


def exit_status(codes: list[tuple[str, str]]) -> list[str]:
    out = [".SH EXIT STATUS"]
    for code, meaning in codes:
        out += [".TP", f"\\fB{code}\\fR", marked(meaning)]
    return out


def see_also(names: list[str]) -> list[str]:
    return [".SH SEE ALSO", ", ".join(f"\\fB{escaped(name)}\\fR({SECTION})" for name in names)]


def page_of(page: Help, version: str) -> str:
    """The page of a subcommand."""
    name = f"amdvi-{page.name}"
    lines = [*header(name, version), ".SH NAME", f"{escaped(name)} \\- {marked(page.summary)}", *synopsis(page.usage),
             *paragraphs("DESCRIPTION", page.paragraphs), *options(page), *paragraphs("NOTES", page.notes),
             *examples(page.examples), *exit_status(page.exit_codes), *see_also(["amdvi"])]
    return "\n".join(lines) + "\n"


def main_page(main: Help, subcommands: list[Help], version: str) -> str:
    """The page of the command itself."""
    lines = [*header("amdvi", version), ".SH NAME", f"amdvi \\- {marked(main.summary)}", *synopsis(main.usage),
             ".SH SUBCOMMANDS"]
    for page in subcommands:
        lines += [".TP", f"\\fB{escaped(page.name)}\\fR", f"{marked(page.summary)}. See \\fBamdvi\\-{escaped(page.name)}\\fR({SECTION})."]
    lines += [*exit_status(main.exit_codes), *see_also([f"amdvi-{page.name}" for page in subcommands])]
    return "\n".join(lines) + "\n"
