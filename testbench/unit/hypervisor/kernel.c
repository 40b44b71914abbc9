// SPDX-License-Identifier: Apache-2.0
#include "kernel.h"

#include "amdvi/host.h"
#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"

#include <check.h>
#include <string.h>

enum {
    DEVICES = 65536,
    DTE_BYTES = 32,
    RING_CODE = 9,
    RING_BYTES = 16 << RING_CODE,
    RECORD = 16,
    FIRST = 0x4000
};

static void write_register(struct kernel *k, uint64_t offset, uint64_t value)
{
    ck_assert_int_eq(amdvi_mmio_write(k->device, offset, 8, value), AMDVI_OK);
}

static uint64_t read_register(struct kernel *k, uint64_t offset)
{
    uint64_t value;

    ck_assert_int_eq(amdvi_mmio_read(k->device, offset, 8, &value), AMDVI_OK);
    return value;
}

static uint64_t place(const struct kernel *k, uint16_t device)
{
    return k->device_table + (uint64_t)device * DTE_BYTES;
}

/* ---------------------------------------------------------------- callbacks */

static enum hv_status entry_read(void *context, uint16_t device, uint64_t entry[4])
{
    const struct kernel *k = context;

    if (k->unreadable)
        return HV_ERR_DEVICE;
    for (unsigned i = 0; i < 4; i++)
        entry[i] = hv_memory_get(k->memory, place(k, device) + i * 8);
    return HV_OK;
}

static enum hv_status command(void *context, const uint64_t words[2])
{
    struct kernel *k = context;

    if (k->no_reset && cmd_opcode(words) == CMD_RESET_VMMIO)
        return HV_ERR_UNSUPPORTED;
    hv_memory_set(k->memory, k->ring + k->tail, words[0]);
    hv_memory_set(k->memory, k->ring + k->tail + 8, words[1]);
    k->tail = (k->tail + RECORD) % RING_BYTES;
    k->commands++;
    write_register(k, REG_CMD_TAIL_OFFSET, k->tail);
    return amdvi_run(k->device) ? HV_ERR_DEVICE : HV_OK;
}

static enum hv_status wait(void *context)
{
    struct kernel *k = context;
    uint64_t words[2] = {0};

    cmd_set_opcode(words, CMD_COMPLETION_WAIT);
    cmd_completion_wait_set_s(words, 1);
    cmd_completion_wait_set_address(words, k->store);
    cmd_completion_wait_set_data(words, ++k->stored);
    if (command(k, words))
        return HV_ERR_DEVICE;
    return hv_memory_get(k->memory, k->store) == k->stored ? HV_OK : HV_ERR_DEVICE;
}

/* As 7.x: through a blocked entry, the first half last. */
static enum hv_status entry_write(void *context, uint16_t device, const uint64_t entry[4])
{
    struct kernel *k = context;
    uint64_t words[2] = {0};

    hv_memory_set(k->memory, place(k, device), DTE_V_MASK | DTE_TV_MASK);
    for (unsigned i = 4; i-- > 0;)
        hv_memory_set(k->memory, place(k, device) + i * 8, entry[i]);
    cmd_set_opcode(words, CMD_INVALIDATE_DEVTAB_ENTRY);
    cmd_inv_devtab_set_deviceid(words, device);
    return command(k, words) || wait(k) ? HV_ERR_DEVICE : HV_OK;
}

static enum hv_status set_control(void *context, uint64_t mask, uint64_t value)
{
    struct kernel *k = context;

    k->control = (k->control & ~mask) | value;
    write_register(k, REG_CONTROL_OFFSET, k->control);
    return HV_OK;
}

static bool take(void *context, enum hv_id kind, uint16_t *id)
{
    struct kernel *k = context;

    k->given[kind]++;
    *id = (uint16_t)(FIRST + k->next_id[kind]++);
    return true;
}

static void give(void *context, enum hv_id kind, uint16_t id)
{
    struct kernel *k = context;

    ck_assert(id >= FIRST && id < FIRST + k->next_id[kind]);
    k->given[kind]--;
}

struct hv_owner kernel_owner(struct kernel *k, bool numbers)
{
    return (struct hv_owner){.context = k,
                             .entry_read = entry_read,
                             .entry_write = entry_write,
                             .command = command,
                             .wait = wait,
                             .control = numbers ? set_control : NULL,
                             .take = numbers ? take : NULL,
                             .give = numbers ? give : NULL};
}

/* ---------------------------------------------------------------- start */

static void write_bases(struct kernel *k)
{
    const uint64_t bases[] = {k->ring, k->events, k->pprs};
    const uint64_t offsets[] = {REG_CMD_BASE_OFFSET, REG_EVENT_BASE_OFFSET, REG_PPR_BASE_OFFSET};

    write_register(k, REG_DEVTAB_BASE_OFFSET,
                   reg_devtab_base_set_size(reg_devtab_base_set_base(0, k->device_table),
                                            DEVICES * DTE_BYTES / HV_PAGE - 1));
    for (unsigned i = 0; i < 3; i++)
        write_register(k, offsets[i], reg_cmd_base_set_len(reg_cmd_base_set_base(0, bases[i]), RING_CODE));
}

static void switch_on(struct kernel *k)
{
    k->control = REG_CONTROL_IOMMUEN_MASK | REG_CONTROL_CMDBUFEN_MASK | REG_CONTROL_EVENTLOGEN_MASK |
                 REG_CONTROL_PPRLOGEN_MASK | REG_CONTROL_PPREN_MASK | REG_CONTROL_GTEN_MASK |
                 REG_CONTROL_GAEN_MASK | REG_CONTROL_PPRAUTORSPEN_MASK;
    k->control = reg_control_set_gamen(k->control, REG_CONTROL_GAMEN_VAPIC);
    write_register(k, REG_CONTROL_OFFSET, k->control);
}

static void attach(struct kernel *k)
{
    uint64_t entry[4] = {0};

    ck_assert_int_eq(hv_table_map(&k->own, KERNEL_IOVA, k->page, HV_PAGE, HV_READ | HV_WRITE, HV_PAGE),
                     HV_OK);
    dte_set_v(entry, 1);
    dte_set_tv(entry, 1);
    dte_set_mode(entry, k->own.mode);
    dte_set_host_root(entry, k->own.root);
    dte_set_ir(entry, 1);
    dte_set_iw(entry, 1);
    dte_set_domainid(entry, KERNEL_DOMAIN);
    ck_assert_int_eq(entry_write(k, KERNEL_DEVICE, entry), HV_OK);
}

void kernel_start(struct kernel *k, struct amdvi_device *device)
{
    *k = (struct kernel){.device = device, .memory = hv_memory_create(KERNEL_BASE, KERNEL_RAM)};
    ck_assert_ptr_nonnull(k->memory);
    struct amdvi_window window = {
        .base = KERNEL_BASE, .size = KERNEL_RAM, .bytes = hv_memory_at(k->memory, KERNEL_BASE, KERNEL_RAM)};
    ck_assert_int_eq(amdvi_window_add(device, &window), AMDVI_OK);
    k->device_table = hv_memory_take(k->memory, (uint64_t)DEVICES * DTE_BYTES, HV_PAGE);
    k->ring = hv_memory_take(k->memory, RING_BYTES, HV_PAGE);
    k->events = hv_memory_take(k->memory, RING_BYTES, HV_PAGE);
    k->pprs = hv_memory_take(k->memory, RING_BYTES, HV_PAGE);
    k->store = hv_memory_page(k->memory);
    k->page = hv_memory_page(k->memory);
    ck_assert_int_eq(hv_table_create(&k->own, k->memory, 3), HV_OK);
    ck_assert_int_eq(hv_table_create(&k->guest, k->memory, 4), HV_OK);
    for (unsigned i = 0; i < DEVICES; i++)
        hv_memory_set(k->memory, place(k, (uint16_t)i), DTE_V_MASK | DTE_TV_MASK);
    write_bases(k);
    switch_on(k);
    attach(k);
}

void kernel_end(struct kernel *k)
{
    if (k->memory)
        amdvi_window_remove(k->device, KERNEL_BASE);
    hv_memory_destroy(k->memory);
}

struct hv_foreign_stage2 kernel_stage2(struct kernel *k, uint64_t gpa, uint64_t spa, uint64_t bytes)
{
    ck_assert_int_eq(hv_table_map(&k->guest, gpa, spa, bytes, HV_READ | HV_WRITE, UINT64_C(0x200000)), HV_OK);
    return (struct hv_foreign_stage2){
        .root = k->guest.root, .mode = k->guest.mode, .domain = KERNEL_GUEST_DOMAIN};
}

static void read_log(struct kernel *k, struct hv_driver *driver, bool events)
{
    uint32_t *head = events ? &k->event_head : &k->ppr_head;
    uint64_t tail = read_register(k, events ? REG_EVENT_TAIL_OFFSET : REG_PPR_TAIL_OFFSET), record[2];
    bool heard;

    for (; *head != tail; *head = (*head + RECORD) % RING_BYTES) {
        record[0] = hv_memory_get(k->memory, (events ? k->events : k->pprs) + *head);
        record[1] = hv_memory_get(k->memory, (events ? k->events : k->pprs) + *head + 8);
        ck_assert_int_eq(hv_driver_record(driver, events ? AMDVI_LOG_EVENT : AMDVI_LOG_PPR, record, &heard),
                         HV_OK);
        ck_assert(heard);
    }
    write_register(k, events ? REG_EVENT_HEAD_OFFSET : REG_PPR_HEAD_OFFSET, *head);
}

void kernel_poll(struct kernel *k, struct hv_driver *driver)
{
    read_log(k, driver, true);
    read_log(k, driver, false);
}
