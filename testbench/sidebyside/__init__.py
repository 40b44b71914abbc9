# SPDX-License-Identifier: Apache-2.0
"""The golden model and the device side by side in one process: every answer, record and byte of memory compared."""
