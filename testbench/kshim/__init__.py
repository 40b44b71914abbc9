# SPDX-License-Identifier: GPL-2.0-only
"""The real Linux driver on the model."""
