# SPDX-License-Identifier: Apache-2.0
"""What subcommands write with --json is as cli/schema says. The fixture `amdvi` validates each output of these tests and of
all others; here each schema meets an output with everything in it, and refuses what is not so."""
import copy
import json
import re

import jsonschema
import pytest

from conftest import AMDVI, ROOT, line_of, schema, validated

EVERYTHING = ("--registers", "--all", "--dte", "--tables", "0x100", "--irt", "0x100", "--caches", "--rings", "--events")
COMMANDS = {
    "config": ("config", "--preset", "rome"),
    "config-diff": ("config", "--diff", "preset=rome", "preset=turin"),
    "decode": ("decode", "--register", "0x18", "0x1485"),
    "validate": ("validate", "--filter", "V5"),
    "bench": ("bench", "--smoke", "--filter", "cold-"),
    "run": ("run", ROOT / "testbench/studies/experiments/walkers.yaml", "--set", "length=200"),
    "replay": ("replay", ROOT / "traces/samples/linux612-strict.trace", "--lint"),
    "explain": ("explain", "SMALL", "--line", line_of("dma dev=0x100 addr=0x6000")),
    "inspect": ("inspect", "SMALL", *EVERYTHING),
}
MORE = [
    ("decode", "--list"), ("config", "--diff", "spec=2.62", "spec=3.11"), ("bench", "--guests", "2", "--seconds", "0.001"),
    ("explain", "SMALL", "--line", line_of("dma dev=0x100 addr=0x5010")), ("explain", "SMALL", "--line", line_of("int ")),
    ("explain", "SMALL", "--dev", "0x100", "--addr", "0x5000"), ("inspect", "SMALL", "--dte", "0x100", "--at", line_of("int ")),
    ("inspect", ROOT / "traces/samples/linux612-guest.atb", "--max", "20", "--caches", "--rings", "--events"),
    ("replay", "SMALL", ROOT / "testbench/nowhere.trace"), ("replay", "SMALL", "--set", "timing=on", "--check"),
    ("replay", ROOT / "docs/examples/lint/missing-wait.trace", "--lint")]


def written(amdvi, small, arguments):
    done = amdvi(*(small if word == "SMALL" else word for word in arguments), "--json")
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("arguments", MORE, ids=lambda arguments: " ".join(map(str, arguments[:3])))
def test_other_outputs(amdvi, small, arguments):
    written(amdvi, small, arguments)


def test_what_compare_writes(amdvi, small, tmp_path):
    one, other = tmp_path / "a.json", tmp_path / "b.json"
    one.write_text(amdvi("replay", small, "--json").stdout, encoding="utf-8")
    other.write_text(amdvi("replay", small, "--json", "--set", "ptc.log2_entries=3").stdout, encoding="utf-8")
    found = json.loads(amdvi("compare", one, other, "--json", "--all").stdout)
    refuses_changes(found)


def refuses_changes(value):
    """A member more, a member less, another version, another type."""
    name = value["schema"].split()[0].removeprefix("amdvi-")
    assert schema(name).is_valid(value)
    for change in (lambda v: v.update(more=1), lambda v: v.pop("schema"), lambda v: v.update(schema="amdvi-x 1"),
                   lambda v: v.update({next(key for key in v if key != "schema"): {"a": []}})):
        wrong = copy.deepcopy(value)
        change(wrong)
        assert not schema(name).is_valid(wrong), change


@pytest.mark.parametrize("name", COMMANDS)
def test_a_schema_holds_and_refuses(amdvi, small, name):
    refuses_changes(written(amdvi, small, COMMANDS[name]))


def test_the_fixture_notices():
    with pytest.raises(jsonschema.ValidationError):
        validated("config", '{"schema": "amdvi-config 1"}')


def test_each_output_has_its_schema():
    """Tags in the command's source are those of the schemas; each is in the manual's list."""
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "cli").glob("*.c"))
    tags = set(re.findall(r'"schema", "(amdvi-[a-z-]+ \d+)"', source))
    described = {}
    for path in sorted((ROOT / "cli/schema").glob("*.schema.json")):
        text = json.loads(path.read_text(encoding="utf-8"))
        jsonschema.Draft7Validator.check_schema(text)
        described |= {tag: path.name for tag in re.findall(r'"const": "(amdvi-[a-z-]+ \d+)"', json.dumps(text))}
    assert set(described) == tags and AMDVI
    manual = (ROOT / "docs/formats.md").read_text(encoding="utf-8")
    assert [name for name in described.values() if f"`{name}`" not in manual] == []
