// SPDX-License-Identifier: Apache-2.0
/* The ring of commands: what is written over, what the tail never reaches, and numbers that go back (6.1). */
#include "model/lint/lint.h"

#include <string.h>

enum { SETTLED = 4, COMMAND_BYTES = 16 };

static struct amdvi_lint_finding finding_of(const struct amdvi_lint *lint, enum amdvi_lint_kind kind)
{
    return (struct amdvi_lint_finding){
        .kind = kind, .severity = AMDVI_LINT_MISTAKE, .at = lint->now, .times = 1};
}

static struct ring ring_of(const struct amdvi_device *device)
{
    uint64_t base = device->reg[REG_CMD_BASE];

    return ring_make(reg_cmd_base_base(base), (unsigned)reg_cmd_base_len(base), COMMAND_BYTES);
}

/* Between head and tail: given to the device and not yet consumed. */
static bool is_pending(const struct amdvi_device *device, const struct ring *ring, uint32_t offset)
{
    uint32_t head = ring_wrap(ring, device->reg[REG_CMD_HEAD]);
    uint32_t given = (ring_wrap(ring, device->reg[REG_CMD_TAIL]) - head) & (ring->bytes - 1);

    return ((offset - head) & (ring->bytes - 1)) < given;
}

static void overwritten(struct amdvi_lint *lint, uint64_t spa)
{
    struct amdvi_lint_finding finding = finding_of(lint, AMDVI_LINT_RING_OVERWRITTEN);

    finding.word = spa;
    lint_report(lint, &finding);
}

/* Notes the words as told; true if one of them was already, since it was fetched last. */
static bool told_before(struct lint_ring *ring, uint32_t offset, uint64_t length)
{
    bool before = false;

    for (uint32_t word = offset / 8; word * UINT64_C(8) < offset + length; word++) {
        uint64_t bit = (uint64_t)1 << word % 64;
        before |= ring->told[word / 64 % LINT_TOLD] & bit;
        ring->told[word / 64 % LINT_TOLD] |= bit;
    }
    return before;
}

/* Recorders tell what a device fetches when it does, behind the doorbell: the first store that is told of a
 * command is itself, and only one after that writes it over. */
void lint_ring_write(struct amdvi_lint *lint, uint64_t spa, uint64_t length)
{
    const struct amdvi_device *device = lint->device;
    struct ring ring = ring_of(device);
    bool before;

    if (!device->command_run || length > COMMAND_BYTES || spa - ring.base >= ring.bytes)
        return;
    before = told_before(&lint->ring, (uint32_t)(spa - ring.base), length);
    if (is_pending(device, &ring, (uint32_t)(spa - ring.base))) {
        if (before)
            overwritten(lint, spa);
        return;
    }
    lint->ring.beyond = true;
    lint->ring.slot = (uint32_t)(spa - ring.base) / COMMAND_BYTES;
    lint->ring.written = lint->now;
}

void lint_ring_fetched(struct amdvi_lint *lint, uint64_t address)
{
    uint64_t word = (address - ring_of(lint->device).base) / 8;

    lint->ring.told[word / 64 % LINT_TOLD] &= ~((uint64_t)3 << word % 64);
}

void lint_ring_doorbell(struct amdvi_lint *lint, uint32_t first, uint32_t end, uint32_t slots)
{
    uint32_t distance = (lint->ring.slot - first) % slots;

    lint->ring.beyond &= distance >= (end - first) % slots;
}

void lint_ring_moved(struct amdvi_lint *lint)
{
    memset(lint->ring.sequences, 0, sizeof(lint->ring.sequences));
    lint->ring.next = 0;
}

static bool is_near(uint64_t a, uint64_t b)
{
    return a - b < LINT_SLOTS || b - a < LINT_SLOTS;
}

/* Numbers that have risen one by one for a while must not fall: who waits for a higher one would not see it.
 */
void lint_ring_wait(struct amdvi_lint *lint, const uint64_t words[2])
{
    uint64_t address = cmd_completion_wait_address(words), data = cmd_completion_wait_data(words);
    struct lint_sequence *s = &lint->ring.sequences[lint->ring.next];
    struct amdvi_lint_finding finding = finding_of(lint, AMDVI_LINT_WAIT_BACKWARDS);

    if (!cmd_completion_wait_s(words))
        return;
    for (unsigned i = 0; i < LINT_SEQUENCES; i++)
        if (lint->ring.sequences[i].address == address)
            s = &lint->ring.sequences[i];
    if (s->address != address) {
        *s = (struct lint_sequence){.address = address, .data = data};
        lint->ring.next = (lint->ring.next + 1) % LINT_SEQUENCES;
        return;
    }
    finding.word = address;
    finding.old_value = s->data;
    finding.new_value = data;
    if (s->steps >= SETTLED && data != s->data && s->data - data < LINT_SLOTS)
        lint_report(lint, &finding);
    s->steps = is_near(data, s->data) ? s->steps + (data == s->data + 1) : 0;
    s->data = data;
}

void lint_ring_finish(struct amdvi_lint *lint)
{
    struct amdvi_lint_finding finding = finding_of(lint, AMDVI_LINT_UNSEEN_COMMAND);

    if (!lint->ring.beyond || !lint->device->command_run)
        return;
    lint->ring.beyond = false;
    finding.at = lint->ring.written;
    finding.word = ring_of(lint->device).base + (uint64_t)lint->ring.slot * COMMAND_BYTES;
    lint_report(lint, &finding);
}
