# SPDX-License-Identifier: GPL-2.0-only
"""What goes wrong for reasons the user can do something about."""


class KernelError(Exception):
    """A message for the user: what is wrong, and what was expected."""


class Unavailable(KernelError):
    """There is nothing to build from: tests say `skipped` with this reason."""
