# SPDX-License-Identifier: Apache-2.0
"""Writes the directed traces of testbench/traces: one fact of the reference a file.

Each fact states by hand what must happen; the golden model, which does every record too, must agree, or the
file is not written. Files whose facts are about staleness state everything by hand: the golden model caches
nothing.
"""
