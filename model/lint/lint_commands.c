// SPDX-License-Identifier: Apache-2.0
/* What commands tell the lint: those of the host come before they are executed, guests' after that. */
#include "model/lint/lint.h"

static bool drops_entries(unsigned opcode)
{
    return opcode == CMD_INVALIDATE_DEVTAB_ENTRY || opcode == CMD_INVALIDATE_INTERRUPT_TABLE ||
           opcode == CMD_INVALIDATE_IOMMU_PAGES || opcode == CMD_INVALIDATE_IOMMU_ALL;
}

/* When it was given to the device. Of guests' rings nobody sees the doorbell: now. */
static struct lint_slot slot_of(const struct amdvi_lint *lint, const struct amdvi_command_info *info)
{
    const struct amdvi_device *device = lint->device;
    uint64_t offset = info->address - reg_cmd_base_base(device->reg[REG_CMD_BASE]);

    if (info->guest || offset / 16 >= LINT_SLOTS)
        return (struct lint_slot){.given = lint->order.now, .at = lint->now};
    return lint->order.slots[offset / 16];
}

static void count(struct amdvi_lint *lint, const uint64_t words[2])
{
    lint->statistics.invalidations++;
    if (lint->options.costs)
        lint->statistics.superfluous_invalidations += !lint_covers(lint->device, words);
}

static void drop(struct amdvi_lint *lint, const struct amdvi_command_info *info, const struct lint_slot *slot)
{
    const uint64_t *words = info->executed;
    unsigned opcode = (unsigned)cmd_opcode(words);

    lint_cases_command(lint, info, slot);
    lint_cases_remember(lint, words, slot);
    lint_directory_command(lint, info, slot);
    lint_atc_command(lint, info, slot);
    if (info->guest)
        return;
    count(lint, words);
    if (opcode == CMD_INVALIDATE_IOMMU_PAGES || opcode == CMD_INVALIDATE_IOMMU_ALL)
        lint_regime_command(lint, words, slot);
}

void lint_command(struct amdvi_lint *lint, const struct amdvi_command_info *info)
{
    unsigned opcode = (unsigned)cmd_opcode(info->executed);
    struct lint_slot slot;

    if (!info->guest)
        lint_ring_fetched(lint, info->address);
    if (info->legal && info->guest)
        lint_guest_command(lint, info);
    if (info->legal && opcode == CMD_COMPLETE_PPR_REQUEST)
        lint_page_command(lint, info->executed);
    if (!info->legal || !(drops_entries(opcode) || opcode == CMD_COMPLETION_WAIT))
        return;
    slot = slot_of(lint, info);
    if (opcode != CMD_COMPLETION_WAIT) {
        drop(lint, info, &slot);
        return;
    }
    lint_cases_wait(lint, info, &slot);
    lint_directory_wait(lint, info, &slot);
    lint_atc_wait(lint, info, &slot);
    if (info->guest)
        return;
    lint_regime_wait(lint, &slot);
    lint_ring_wait(lint, info->executed);
    lint_order_wait(&lint->order, slot.given.time);
}
