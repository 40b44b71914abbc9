// SPDX-License-Identifier: Apache-2.0
/* The command processor of the host ring (6). */
#include "model/exec.h"

enum progress {
    DONE,    /* consumed */
    BLOCKED, /* COMPLETION_WAIT behind remote invalidations: try again later */
    HALTED,  /* an event was logged, the ring stops at this command */
};

struct command {
    uint64_t words[2];
    uint64_t address; /* SPA */
};

static enum progress halt(struct amdvi_device *device, const struct event *event)
{
    device->command_run = false;
    event_report(device, event);
    return HALTED;
}

static enum progress halt_hardware(struct amdvi_device *device, uint64_t address, uint8_t error)
{
    return halt(
        device,
        &(struct event){.code = EVT_COMMAND_HARDWARE_ERROR, .flags = event_type(error), .address = address});
}

/* With SNP the exclusion registers bound what may be stored to (2.3). */
static bool store_allowed(const struct amdvi_device *device, uint64_t address)
{
    uint64_t base = reg_exclusion_base_base(device->reg[REG_EXCLUSION_BASE]);
    uint64_t limit = reg_exclusion_limit_limit(device->reg[REG_EXCLUSION_LIMIT]) | 0xfff;

    return !device->env.snp || (address >= base && address <= limit);
}

static enum progress store(struct amdvi_device *device, const struct command *c)
{
    uint64_t address = cmd_completion_wait_address(c->words), data = c->words[1];
    uint8_t error = WALK_ERROR_TARGET_ABORT;

    if (store_allowed(device, address))
        error = memory_write(device, address, &data, sizeof(data));
    tap(device, AMDVI_ACCESS_STORE, true, 0, address, &data, sizeof(data), error);
    return error ? halt_hardware(device, address, error) : DONE;
}

/* Store, then status, then interrupt (6.4). */
static enum progress completion_wait(struct amdvi_device *device, const struct command *c)
{
    if (device->atc_outstanding > 0)
        return BLOCKED;
    if (cmd_completion_wait_s(c->words) && store(device, c) == HALTED)
        return HALTED;
    device->statistics.completion_waits++;
    if (cmd_completion_wait_i(c->words)) {
        status_set(device, REG_STATUS_COMWAITINT_MASK);
        irq_raise(device, AMDVI_IRQ_COMPLETION_WAIT);
    }
    return DONE;
}

static void invalidate_pages(struct amdvi_device *device, const struct command *c)
{
    struct tlb_space space = {.domain = (uint16_t)cmd_inv_pages_domainid(c->words),
                              .guest = cmd_inv_pages_gn(c->words)};
    struct cmd_range range = cmd_range_decode(cmd_inv_pages_address(c->words), cmd_inv_pages_s(c->words));

    if (space.guest)
        space.pasid = (uint32_t)cmd_inv_pages_pasid(c->words);
    device->statistics.entries_invalidated +=
        tlb_invalidate(&device->tlb, &space, &range, cmd_inv_pages_pde(c->words));
}

static void invalidate_all(struct amdvi_device *device)
{
    tlb_invalidate_all(&device->tlb);
    dtc_invalidate_all(device);
    itc_invalidate_all(device);
}

static enum progress complete_ppr(struct amdvi_device *device, const struct command *c)
{
    struct dtc_line line;
    uint16_t id = (uint16_t)cmd_complete_ppr_deviceid(c->words);
    struct dte_fetch fetch = dtc_fetch(device, id, &line);
    struct amdvi_prg_response response = {.device = id,
                                          .index = (uint16_t)cmd_complete_ppr_prgindex(c->words),
                                          .code = (uint8_t)cmd_complete_ppr_response(c->words)};

    /* The response carries a PASID only where the device table says so (9.4). */
    response.has_pasid = cmd_complete_ppr_gn(c->words) && !fetch.reason && fetch.dte->prg_pasid;
    response.pasid = response.has_pasid ? (uint32_t)cmd_complete_ppr_pasid(c->words) : 0;
    prg_respond(device, &response);
    return DONE;
}

static enum progress execute(struct amdvi_device *device, const struct command *c)
{
    switch (cmd_opcode(c->words)) {
    case CMD_COMPLETION_WAIT:
        return completion_wait(device, c);
    case CMD_INVALIDATE_DEVTAB_ENTRY:
        dtc_invalidate(device, (uint16_t)cmd_inv_devtab_deviceid(c->words));
        break;
    case CMD_INVALIDATE_IOMMU_PAGES:
        invalidate_pages(device, c);
        break;
    case CMD_INVALIDATE_IOTLB_PAGES:
        if (!atc_invalidate(device, c->words, c->address))
            return BLOCKED;
        break;
    case CMD_INVALIDATE_INTERRUPT_TABLE:
        itc_invalidate(device, (uint16_t)cmd_inv_intr_deviceid(c->words));
        break;
    case CMD_PREFETCH_IOMMU_PAGES:
        prefetch(device, c->words);
        return DONE;
    case CMD_COMPLETE_PPR_REQUEST:
        return complete_ppr(device, c);
    case CMD_INVALIDATE_IOMMU_ALL:
        invalidate_all(device);
        break;
    default:
        return DONE;
    }
    device->statistics.invalidations++;
    return DONE;
}

static void observe(struct amdvi_device *device, const struct command *c, bool legal)
{
    struct amdvi_command_info info = {.address = c->address,
                                      .words = {c->words[0], c->words[1]},
                                      .executed = {c->words[0], c->words[1]},
                                      .legal = legal};

    if (device->observer.command)
        device->observer.command(device->observer.context, &info);
}

static enum progress process(struct amdvi_device *device, struct command *c)
{
    uint8_t error = memory_read(device, c->address, c->words, CMD_BYTES);
    enum progress progress;
    bool legal;

    tap(device, AMDVI_ACCESS_COMMAND, false, 0, c->address, c->words, CMD_BYTES, error);
    if (error)
        return halt_hardware(device, c->address, error);
    legal = cmd_legal(&device->rules, c->words);
    if (__builtin_expect(device->observed, 0))
        observe(device, c, legal);
    if (!legal)
        return halt(device, &(struct event){.code = EVT_ILLEGAL_COMMAND_ERROR, .address = c->address});
    progress = execute(device, c);
    device->statistics.commands += progress == DONE;
    device->statistics.commands_by_opcode[cmd_opcode(c->words)] += progress == DONE;
    return progress;
}

/* The tail does not move while this runs, so the work is bounded by the ring (15 D16). */
void command_run(struct amdvi_device *device)
{
    uint64_t base = device->reg[REG_CMD_BASE];
    struct ring ring = ring_make(reg_cmd_base_base(base), (unsigned)reg_cmd_base_len(base), CMD_BYTES);
    struct command command;
    uint32_t head, tail;

    if (!device->command_run || ring.bytes == 0)
        return;
    head = ring_wrap(&ring, device->reg[REG_CMD_HEAD]);
    tail = ring_wrap(&ring, device->reg[REG_CMD_TAIL]);
    while (head != tail) {
        command.address = ring.base + head;
        if (process(device, &command) != DONE)
            break;
        head = ring_next(&ring, head);
        device->reg[REG_CMD_HEAD] = head;
    }
}
