# SPDX-License-Identifier: Apache-2.0
"""Writes traces whose expectations the golden model computes; the same seed gives the same bytes."""
