// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_CLI_INSPECT_H
#define AMDVI_CLI_INSPECT_H

#include "cli/cli.h"

/* The device at the point of the trace that was asked for. */
struct scene {
    struct amdvi_device *device;
    struct amdvi_sparse *memory;
    uint64_t max; /* lines of a long listing */
};

bool scene_read(const struct scene *scene, uint64_t spa, void *to, size_t length);
/* A host register by its name; 0 when it cannot be read. */
uint64_t scene_register(const struct scene *scene, const char *name);
uint64_t scene_control(const struct scene *scene, const char *field);

/* inspect_tables.c: the page tables of a device, as ranges. */
void inspect_tables(const struct scene *scene, uint16_t device);

#endif
