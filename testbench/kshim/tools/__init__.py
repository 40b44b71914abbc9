# SPDX-License-Identifier: GPL-2.0-only
"""Builds the unmodified driver of a kernel tree into a shared object, and runs scenarios on it."""
