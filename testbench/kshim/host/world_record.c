// SPDX-License-Identifier: GPL-2.0-only
#include "world_record.h"

#include "amdvi/recorder.h"

#include <stdlib.h>
#include <string.h>

static FILE *files[MACHINE_IOMMUS_MAX];

static enum amdvi_trace_form form_of(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && !strcmp(dot, ".trace") ? AMDVI_TRACE_FORM_TEXT : AMDVI_TRACE_FORM_BINARY;
}

void world_record_attach(struct world *world, size_t index, struct amdvi_device *device,
                         const struct amdvi_config *config)
{
    struct amdvi_recorder_options options = {
        .config = config, .write = amdvi_trace_write_to_file, .ram = WORLD_RAM_BYTES};
    char name[512];

    if (!world->options->record)
        return;
    snprintf(name, sizeof(name), index ? "%s.%zu" : "%s", world->options->record, index);
    files[index] = fopen(name, "wb");
    options.form = form_of(world->options->record);
    options.context = files[index];
    if (!files[index] || amdvi_recorder_create(device, &options, &world->recorder[index]) != AMDVI_TRACE_OK)
        FAIL(world, "%s cannot be recorded", name);
}

void world_record_finish(struct world *world)
{
    for (size_t index = 0; index < MACHINE_IOMMUS_MAX; index++) {
        if (world->recorder[index]) {
            struct amdvi_recorder_statistics statistics;

            amdvi_recorder_get_statistics(world->recorder[index], &statistics);
            EXPECT(world, amdvi_recorder_finish(world->recorder[index]) == AMDVI_TRACE_OK,
                   "the trace is not whole");
            world_tell(world, "recorded: %llu actions, %llu bytes of memory, %llu expectations, %llu inexact",
                       (unsigned long long)statistics.actions, (unsigned long long)statistics.memory_bytes,
                       (unsigned long long)statistics.expectations, (unsigned long long)statistics.inexact);
            amdvi_recorder_destroy(world->recorder[index]);
            world->recorder[index] = NULL;
        }
        /* what the recorder has given may still be in a buffer of ours */
        EXPECT(world, !files[index] || !fclose(files[index]), "the trace cannot be written whole");
        files[index] = NULL;
    }
}
