# SPDX-License-Identifier: Apache-2.0
"""Runs a command of which one stream is a terminal."""
import os
import pty
import re
import subprocess
import tempfile
from typing import NamedTuple


class Seen(NamedTuple):
    terminal: str  # what stood on the terminal
    rest: str  # what came out of the other stream
    status: int


def _read(terminal, until, process):
    """All of it, or up to a text at which the command is ended."""
    out = b""
    try:
        while piece := os.read(terminal, 65536):
            out += piece
            if until and re.search(until, out.decode()):
                process.kill()
    except OSError:  # the end of a terminal
        pass
    return out.decode()


def on_terminal(words, stream, until=None, cwd=None, env=None):
    """`stream`: "stdout" or "stderr" is the terminal; the command is ended when `until`, a pattern, stands there."""
    main, other = pty.openpty()
    with tempfile.TemporaryFile() as rest:
        streams = {"stdout": rest, "stderr": rest, stream: other}
        with subprocess.Popen([*map(str, words)], cwd=cwd, env=env, **streams) as process:
            os.close(other)
            seen = _read(main, until, process)
        os.close(main)
        rest.seek(0)
        return Seen(seen, rest.read().decode(), process.returncode)
