# SPDX-License-Identifier: Apache-2.0
"""
State of a machine's AMD IOMMU: collected on the machine, made into a trace elsewhere.

`collect.py` runs where the hardware is, as one file without dependencies (docs/import.md); the rest reads what it wrote,
debugfs dumps, memory images and event streams of others. Python 3.9 and its own library are enough for both.
"""
