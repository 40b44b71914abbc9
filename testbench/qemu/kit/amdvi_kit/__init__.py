# SPDX-License-Identifier: GPL-2.0-or-later
"""The conformance kit: judges an operating system's IOMMU driver by what the device saw."""
