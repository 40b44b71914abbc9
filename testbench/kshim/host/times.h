/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What takes time when a scenario runs under time: the IOMMU, by the parameters of amdvi/timed.h, and the
 * processor, whose instructions the shim executes in none. Its costs are in nanoseconds:
 * - cpu.call: of a driver's call of the API, its instructions, apart from waiting (150: half of what a map
 * and its unmap take on the machine of docs/kernel.md, scenario cost/pair);
 * - cpu.read: of a register, beside what the IOMMU takes (300: assumption);
 * - cpu.write: of a register, until the next instruction (50: assumption).
 *
 * A guest's exits cost what trap.exit and trap.dispatch say, a doorbell that a VMM handles trap.submit, too.
 */
#ifndef KSHIM_TIMES_H
#define KSHIM_TIMES_H

#include "amdvi/timed.h"

struct times {
    struct amdvi_timed_parameters iommu;
    uint64_t call, read, write;
};

void times_default(struct times *times);
/* "NAME=VALUE". False: there is no such name, or not this value. */
bool times_set(struct times *times, const char *text);
/* A parameter of the IOMMU that is a time, in nanoseconds. */
uint64_t times_of(const struct times *times, const char *name);

#endif
