# SPDX-License-Identifier: GPL-2.0-or-later
"""What is around the QEMU device: headers, kernels, the guest's initial RAM disk, boots, the kit."""
