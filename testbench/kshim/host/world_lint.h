/* SPDX-License-Identifier: GPL-2.0-only */
/* The lint beside a kernel: findings fail the scenario, with functions and lines of the driver. */
#ifndef KSHIM_WORLD_LINT_H
#define KSHIM_WORLD_LINT_H

#include "world.h"

void world_lint_setup(struct world *world, bool queued);
void world_lint_attach(struct world *world, size_t index, struct amdvi_device *device);
/* What follows is done by this kernel, where it is now. */
void world_lint_place(struct world *world, const struct instance *instance);
/* What the driver has stored into tables until now, which nobody has told, happened where it is now. */
void world_lint_look(struct world *world);
void world_lint_finish(struct world *world);

#endif
