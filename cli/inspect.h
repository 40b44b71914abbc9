// SPDX-License-Identifier: Apache-2.0
/* The parts of `amdvi inspect`: each shows one thing, as text or into the JSON object of the scene. */
#ifndef AMDVI_CLI_INSPECT_H
#define AMDVI_CLI_INSPECT_H

#include "cli/cli.h"

/* The device at the point of the trace that was asked for. */
struct scene {
    struct amdvi_device *device;
    struct amdvi_sparse *memory;
    uint64_t max;             /* lines of a long listing */
    bool all;                 /* also what is zero or not used */
    struct json_object *json; /* null: text */
};

bool scene_read(const struct scene *scene, uint64_t spa, void *to, size_t length);
/* A host register by its name; 0 when it cannot be read. */
uint64_t scene_register(const struct scene *scene, const char *name);
uint64_t scene_control(const struct scene *scene, const char *field);
/* An entry that can be read and lies in the device table. */
bool scene_dte(const struct scene *scene, uint16_t device, struct amdvi_dte_view *view);

/* inspect_registers.c */
void inspect_registers(const struct scene *scene);

/* inspect_entries.c: entries of devices and interrupts; runs of equal ones are one line. */
void inspect_dtes(const struct scene *scene);
void inspect_dte(const struct scene *scene, uint16_t device);
void inspect_irt(const struct scene *scene, uint16_t device);

/* inspect_tables.c: the page tables of a device, as ranges. */
void inspect_tables(const struct scene *scene, uint16_t device);

/* inspect_caches.c */
void inspect_caches(const struct scene *scene);

/* inspect_rings.c: commands and log records. */
struct made_event {
    struct amdvi_event_info info;
    uint64_t line; /* of the record that caused it */
};
void inspect_rings(const struct scene *scene);
/* `made` holds the last `scene->max` of `count`, round and round. */
void inspect_events(const struct scene *scene, const struct made_event *made, uint64_t count);

#endif
