// SPDX-License-Identifier: Apache-2.0
/*
 * Commands: legality and operands (reference/iommu.md 6.2, 6.3). Nothing here executes one.
 */
#ifndef AMDVI_CMDBUF_COMMAND_H
#define AMDVI_CMDBUF_COMMAND_H

#include "cmdbuf/layout.h"

#include <stdbool.h>
#include <stdint.h>

enum { CMD_OPCODES = 16, CMD_BYTES = 16 };

/* What each opcode must not have set, and whether it exists, for one set of features. */
struct cmd_rules {
    uint64_t reserved[CMD_OPCODES][2];
    bool exists[CMD_OPCODES];
    bool iotlb_pasid_split; /* INVALIDATE_IOTLB_PAGES has its PASID in two pieces (13 #1) */
};

void cmd_rules_make(struct cmd_rules *rules, uint64_t efr, uint64_t efr2, uint32_t cap);

/* Illegal: unknown or absent opcode, or a reserved bit set (6.5). */
static inline bool cmd_legal(const struct cmd_rules *rules, const uint64_t command[2])
{
    unsigned op = (unsigned)(command[0] >> 60);

    return rules->exists[op] &&
           !((command[0] & rules->reserved[op][0]) | (command[1] & rules->reserved[op][1]));
}

/* The PASID of INVALIDATE_IOTLB_PAGES: one field, or by choice bits 7:0 at 23:16 and 19:8 at 59:48 (13 #1).
 */
uint32_t cmd_iotlb_pasid(const struct cmd_rules *rules, const uint64_t command[2]);

/* A range of addresses: naturally aligned, 2^shift bytes; shift 64 means everything. */
struct cmd_range {
    uint64_t base;
    unsigned shift;
};

enum { CMD_RANGE_ALL = 64 };

/* The address coding of opcodes 3, 4 and 6 (6.3). `address` has its low 12 bits clear. */
struct cmd_range cmd_range_decode(uint64_t address, bool sized);

#endif
