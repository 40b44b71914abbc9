/* SPDX-License-Identifier: GPL-2.0-only */
/* What a scenario cost and the first thing that was wrong, for comparing kernels. */
#ifndef KSHIM_WORLD_REPORT_H
#define KSHIM_WORLD_REPORT_H

#include "kshim_abi.h"

#include "amdvi/amdvi.h"

#include <stdio.h>

enum { WORLD_REPORT_TEXT = 256, WORLD_REPORT_LINT = 8192 };

struct world_report {
    uint64_t operations; /* calls of the API */
    uint64_t commands;   /* that the IOMMUs took from the host's rings */
    uint64_t flushes;    /* of these: invalidations of whatever kind */
    uint64_t findings;   /* of the lint */
    char first[WORLD_REPORT_TEXT];
    char lint[WORLD_REPORT_LINT]; /* findings, a line each, as many as there is room for */
};

/* One that processes share from here on; null without memory. */
struct world_report *world_report_shared(void);
/* Counts the commands of a device. */
void world_report_attach(struct world_report *report, struct amdvi_device *device);
/* The same API, with calls counted. */
const struct kshim_api *world_report_calls(struct world_report *report, const struct kshim_api *api);
/* Keeps the text if it is the first. */
void world_report_first(struct world_report *report, const char *text);
/* One finding more. */
void world_report_finding(struct world_report *report, const char *text);
/* Members of a JSON object, without its brackets. */
void world_report_write(FILE *file, const struct world_report *report);

#endif
