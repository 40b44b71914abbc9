# SPDX-License-Identifier: Apache-2.0
"""Random scenarios on the golden model and on the device: what differs is made small and kept."""
