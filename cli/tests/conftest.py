# SPDX-License-Identifier: Apache-2.0
import functools
import json
import os
import pathlib
import subprocess

import jsonschema
import pytest

AMDVI = os.environ.get("AMDVI", "amdvi")
ROOT = pathlib.Path(__file__).resolve().parents[2]

# One device (0x100) with a table of two levels: 0x5000 is mapped, 0x6000 is not; a remapped interrupt; one
# invalidation with completion.
SMALL = """amdvi-trace 1
# a small machine
config preset=genoa
mem addr=0x1000000 data=0112000100000060
mem addr=0x1001028 data=0100000800000060
mem addr=0x102000 data=0304000100000060110000000000000013004400000000200000000000000000
mem addr=0x440000 data=01013100

mmio_write off=0x0 size=8 value=0x1001ff
mmio_write off=0x8 size=8 value=0x800000000400000
mmio_write off=0x10 size=8 value=0x800000000410000
mmio_write off=0x18 size=8 value=0x1484
mmio_write off=0x18 size=8 value=0x1485
dma dev=0x100 addr=0x5010 len=0x4 op=read  # mapped
ok pa=0x8000010 size=0x1000
dma dev=0x100 addr=0x6000 len=0x8 op=write
fault kind=IO_PAGE_FAULT flags=RW
int dev=0x100 addr=0xfee00000 data=0x0
ok vector=0x31
mem addr=0x400000 data=00000000110000300350000000000000
mem addr=0x400010 data=0100430000000010010000000000dec0
mmio_write off=0x2008 size=4 value=0x20
expect_mem addr=0x430000 data=010000000000dec0
dma dev=0x100 addr=0x5020 len=0x4 op=read
"""
LINES = {text: number for number, text in enumerate(SMALL.splitlines(), 1)}


def line_of(start):
    """Number of the first line of SMALL that starts so."""
    return next(number for number, text in enumerate(SMALL.splitlines(), 1) if text.startswith(start))


@functools.cache
def schema(name):
    """The validator of cli/schema/NAME.schema.json."""
    return jsonschema.Draft7Validator(json.loads((ROOT / f"cli/schema/{name}.schema.json").read_text(encoding="utf-8")))


def is_json(arguments):
    return arguments and arguments[0] != "vm" and any(word in ("--json", "-j") for word in arguments)


def validated(command, text):
    """What a command wrote for machines; it is as its schema says."""
    value = json.loads(text)
    tag = value["schema"].split()[0].removeprefix("amdvi-") if isinstance(value, dict) else command
    schema(tag).validate(value)
    return value


@pytest.fixture
def amdvi():
    def run(*arguments, stdin=None, cwd=None):
        done = subprocess.run([AMDVI, *map(str, arguments)], input=stdin, capture_output=True, cwd=cwd, timeout=120,
                              text=not isinstance(stdin, bytes), check=False)
        if is_json(arguments) and done.stdout:
            validated(arguments[0], done.stdout)
        return done
    return run


@pytest.fixture
def small(tmp_path):
    path = tmp_path / "small.trace"
    path.write_text(SMALL, encoding="ascii")
    return path


@pytest.fixture
def root():
    return ROOT
