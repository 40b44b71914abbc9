# SPDX-License-Identifier: Apache-2.0
"""Completion for bash, zsh and fish from help texts."""
from __future__ import annotations

from help_text import Help, Keys, Option

NOTE = "# SPDX-License-Identifier: Apache-2.0\n# Made from --help; not to be edited.\n"


def values_of(option: Option, keys: Keys) -> list[str] | None:
    """Words for the option's value; None: files."""
    if option.choices:
        return option.choices
    if option.argument.startswith("KEY="):
        return [f"{key}={word}" for key, words in keys.words.items() for word in words or [""]]
    if option.name == "--preset":
        return keys.presets
    return None if option.argument in ("FILE", "OUT", "-o FILE") else []


# ------------------------------------------------------------------------------ bash

BASH = NOTE + """\
_amdvi()
{{
    local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD-1]}} words=
    # "=" may end a word of the shell: KEY=VA is three of them.
    if [[ $current == = || $previous == = ]]; then
        local value=${{current#=}} key=$previous
        [[ $previous == = ]] && key=${{COMP_WORDS[COMP_CWORD-2]}}
        case $key in
{values}
        esac
        COMPREPLY=($(compgen -W "$words" -- "$value"))
        return
    fi
    if [[ $COMP_CWORD == 1 ]]; then
        COMPREPLY=($(compgen -W "{subcommands} help --help --version" -- "$current"))
        return
    fi
    case ${{COMP_WORDS[1]}}:$previous in
    help:*) words="{subcommands}" ;;
{after}
    esac
    if [[ -z $words && $current == -* ]]; then
        case ${{COMP_WORDS[1]}} in
{options}
        esac
    fi
    if [[ -n $words ]]; then
        COMPREPLY=($(compgen -W "$words" -- "$current"))
        [[ ${{COMPREPLY[0]-}} == *= ]] && compopt -o nospace
    else
        COMPREPLY=($(compgen -f -- "$current"))
        compopt -o filenames
    fi
}} 2>/dev/null
complete -F _amdvi amdvi
"""


def bash_words(option: Option, keys: Keys) -> list[str]:
    """Keys without their values, which come as words of their own."""
    words = values_of(option, keys) or []
    return sorted({word.split("=")[0] + "=" for word in words}) if option.argument.startswith("KEY=") else words


def bash(main: Help, pages: list[Help], keys: Keys) -> str:
    after = []
    for page in pages:
        for option in page.options:
            names = "|".join(f"{page.name}:{name}" for name in (option.letter, option.name) if name)
            if words := bash_words(option, keys):
                after.append(f'    {names}) words="{" ".join(words)}" ;;')
    return BASH.format(
        subcommands=" ".join(page.name for page in pages), after="\n".join(after),
        options="\n".join(f'        {page.name}) words="{" ".join(option.name for option in page.options)}" ;;' for page in pages),
        values="\n".join(f'        {key}) words="{" ".join(words)}" ;;' for key, words in keys.words.items() if words))


# ------------------------------------------------------------------------------ zsh

def zsh_quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "'\\''").replace("[", "\\[").replace("]", "\\]").replace(":", "\\:")


def zsh_action(option: Option, keys: Keys) -> str:
    if not option.argument:
        return ""
    words = values_of(option, keys)
    colon = "::" if option.argument.startswith("[") else ":"
    what = zsh_quoted(option.argument.strip("[]"))
    action = "_files" if words is None else f"({' '.join(words)})" if words else " "
    return f"{colon}{what}:{action}"


def zsh_options(page: Help, keys: Keys) -> list[str]:
    out = []
    for option in page.options:
        text, action = zsh_quoted(option.text), zsh_action(option, keys)
        for name in (option.letter, option.name):
            if name:
                out.append(f"        '*{name}[{text}]{action}'")
    return out


ZSH = """\
#compdef amdvi
{note}
_amdvi() {{
    local -a subcommands
    subcommands=(
{subcommands}
    )
    if (( CURRENT == 2 )); then
        _describe subcommand subcommands
        return
    fi
    local subcommand=$words[2]
    shift words
    (( CURRENT-- ))
    case $subcommand in
    help) _describe subcommand subcommands ;;
{cases}
    esac
}}

_amdvi "$@"
"""


def zsh(main: Help, pages: list[Help], keys: Keys) -> str:
    cases = []
    for page in pages:
        body = " \\\n".join([*zsh_options(page, keys), "        '*:file:_files'"])
        cases.append(f"    {page.name})\n        _arguments -S \\\n{body} ;;")
    return ZSH.format(note=NOTE.rstrip(), cases="\n".join(cases),
                      subcommands="\n".join(f"        '{page.name}:{zsh_quoted(page.summary)}'" for page in pages))


# ------------------------------------------------------------------------------ fish

def fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish_option(page: Help, option: Option, keys: Keys) -> str:
    words = values_of(option, keys) if option.argument else []
    parts = ["complete -c amdvi", f"-n '__fish_seen_subcommand_from {page.name}'"]
    parts += [f"-s {option.letter[1:]}"] if option.letter else []
    parts.append(f"-l {option.name[2:]}")
    if option.takes_value:
        parts.append("-r" if words is None else "-x")
    if words:
        parts.append(f"-a {fish_quoted(' '.join(words))}")
    return " ".join([*parts, f"-d {fish_quoted(option.text)}"])


def fish(main: Help, pages: list[Help], keys: Keys) -> str:
    lines = [NOTE.rstrip()]
    lines += [f"complete -c amdvi -n __fish_use_subcommand -f -a {page.name} -d {fish_quoted(page.summary)}" for page in pages]
    lines += [fish_option(page, option, keys) for page in pages for option in page.options]
    return "\n".join(lines) + "\n"
