/* SPDX-License-Identifier: GPL-2.0-only */
/* Guests' memory through iommufd, as VMMs do it: an address space, and a parent of nested tables over it. */
#ifndef KSHIM_GUEST_FILES_H
#define KSHIM_GUEST_FILES_H

#include "host/host_kernel.h"

/* Of kernels since 7.0. The guest's memory must be RAM that the kernel sees. */
extern const struct host_maker host_by_files;

#endif
