# SPDX-License-Identifier: Apache-2.0
"""Golden model of the AMD IOMMU: slow, cacheless, written from the reference alone."""
