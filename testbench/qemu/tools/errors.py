# SPDX-License-Identifier: GPL-2.0-or-later
"""How the tools fail."""
from __future__ import annotations


class QemuError(Exception):
    """Something is wrong; the message says what."""


class Unavailable(QemuError):
    """Something is missing on this machine (QEMU, a package, the network): tests are skipped with the reason."""
