// SPDX-License-Identifier: Apache-2.0
#include "cmdbuf/command.h"

void cmd_rules_make(struct cmd_rules *rules, uint64_t efr, uint64_t efr2, uint32_t cap)
{
    for (unsigned op = 0; op < CMD_OPCODES; op++)
        rules->exists[op] = cmd_rule(op, efr, efr2, cap, rules->reserved[op]);
    rules->iotlb_pasid_split = false;
}

uint32_t cmd_iotlb_pasid(const struct cmd_rules *rules, const uint64_t command[2])
{
    if (rules->iotlb_pasid_split)
        return (uint32_t)(command[0] >> 16 & 0xff) | (uint32_t)(command[0] >> 48 & 0xfff) << 8;
    return (uint32_t)cmd_inv_iotlb_pasid(command);
}

/*
 * n = lowest zero bit from bit 12 up; 2^(n+1) bytes. Bits 63:52 repeat bit 51, so a first zero at 51 or
 * above, or none at all, means everything (6.3).
 */
struct cmd_range cmd_range_decode(uint64_t address, bool sized)
{
    uint64_t zeros = ~address >> 12;
    unsigned n;

    if (!sized)
        return (struct cmd_range){.base = address, .shift = 12};
    if (zeros == 0)
        return (struct cmd_range){.base = 0, .shift = CMD_RANGE_ALL};
    n = 12 + (unsigned)__builtin_ctzll(zeros);
    if (n >= 51)
        return (struct cmd_range){.base = 0, .shift = CMD_RANGE_ALL};
    return (struct cmd_range){.base = address & ~(((uint64_t)2 << n) - 1), .shift = n + 1};
}
