# SPDX-License-Identifier: Apache-2.0
"""Layout generator: one YAML description of every register and memory structure, many outputs."""
