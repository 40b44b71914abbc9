/* SPDX-License-Identifier: GPL-2.0-only */
/* Included before every C file of the kernel: an instance shares nothing, so no symbol of it is visible. */
#ifndef __ASSEMBLY__
#pragma GCC visibility push(hidden)
#endif
