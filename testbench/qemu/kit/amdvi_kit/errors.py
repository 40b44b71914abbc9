# SPDX-License-Identifier: GPL-2.0-or-later
"""How the kit fails."""
from __future__ import annotations


class KitError(Exception):
    """Something cannot be done; the message says what."""
