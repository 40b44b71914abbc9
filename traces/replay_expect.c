// SPDX-License-Identifier: Apache-2.0
/* Register accesses and the expect_* records. */
#include "traces/replay_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static uint64_t num(const struct amdvi_trace_record *record, enum amdvi_trace_key key)
{
    return amdvi_trace_num(record, key, 0);
}

/* ---------------------------------------------------------------- registers */

/* With autorun=0 registers are written without time: rings stand still until they are let run. */
static bool takes_time(const struct amdvi_replay *replay)
{
    return replay->time.timed && replay->autorun;
}

static enum amdvi_status access_in_time(struct amdvi_replay *replay, const struct amdvi_trace_record *record,
                                        bool write, uint64_t *value)
{
    static const enum amdvi_register_space spaces[] = {
        [AMDVI_TRACE_KIND_MMIO_WRITE] = AMDVI_SPACE_MMIO, [AMDVI_TRACE_KIND_MMIO_READ] = AMDVI_SPACE_MMIO,
        [AMDVI_TRACE_KIND_PCI_WRITE] = AMDVI_SPACE_PCI,   [AMDVI_TRACE_KIND_PCI_READ] = AMDVI_SPACE_PCI,
        [AMDVI_TRACE_KIND_VF_WRITE] = AMDVI_SPACE_VF,     [AMDVI_TRACE_KIND_VF_READ] = AMDVI_SPACE_VF,
        [AMDVI_TRACE_KIND_VFC_WRITE] = AMDVI_SPACE_VFC,   [AMDVI_TRACE_KIND_VFC_READ] = AMDVI_SPACE_VFC};
    struct amdvi_register_access access = {.space = spaces[record->kind],
                                           .write = write,
                                           .guest_id = (uint16_t)num(record, AMDVI_TRACE_KEY_GID),
                                           .size = (unsigned)num(record, AMDVI_TRACE_KEY_SIZE),
                                           .offset = num(record, AMDVI_TRACE_KEY_OFF),
                                           .value = *value};
    enum amdvi_status status = replay_time_register(&replay->time, &access);

    *value = access.value;
    return status;
}

static enum amdvi_status write_space(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    uint64_t off = num(record, AMDVI_TRACE_KEY_OFF), value = num(record, AMDVI_TRACE_KEY_VALUE);
    unsigned size = (unsigned)num(record, AMDVI_TRACE_KEY_SIZE);
    uint16_t gid = (uint16_t)num(record, AMDVI_TRACE_KEY_GID);

    if (takes_time(replay))
        return access_in_time(replay, record, true, &value);
    switch (record->kind) {
    case AMDVI_TRACE_KIND_MMIO_WRITE:
        return amdvi_mmio_write(replay->device, off, size, value);
    case AMDVI_TRACE_KIND_PCI_WRITE:
        return off > UINT16_MAX ? AMDVI_ERR_ACCESS
                                : amdvi_pci_write(replay->device, (unsigned)off, size, value);
    case AMDVI_TRACE_KIND_VF_WRITE:
        return amdvi_vf_write(replay->device, gid, off, size, value);
    default:
        return amdvi_vfc_write(replay->device, gid, off, size, value);
    }
}

static enum amdvi_status read_space(struct amdvi_replay *replay, const struct amdvi_trace_record *record,
                                    uint64_t *value)
{
    uint64_t off = num(record, AMDVI_TRACE_KEY_OFF);
    unsigned size = (unsigned)num(record, AMDVI_TRACE_KEY_SIZE);
    uint16_t gid = (uint16_t)num(record, AMDVI_TRACE_KEY_GID);

    *value = 0;
    if (takes_time(replay))
        return access_in_time(replay, record, false, value);
    switch (record->kind) {
    case AMDVI_TRACE_KIND_MMIO_READ:
        return amdvi_mmio_read(replay->device, off, size, value);
    case AMDVI_TRACE_KIND_PCI_READ:
        return off > UINT16_MAX ? AMDVI_ERR_ACCESS
                                : amdvi_pci_read(replay->device, (unsigned)off, size, value);
    case AMDVI_TRACE_KIND_VF_READ:
        return amdvi_vf_read(replay->device, gid, off, size, value);
    default:
        return amdvi_vfc_read(replay->device, gid, off, size, value);
    }
}

/* A guest's VF MMIO page and its VF Control block (viommu 3, 4). */
enum { VF_PAGE_BYTES = 4096, VFC_BLOCK_BYTES = 64 };

/* Bytes of the space that a record's off= counts in. */
static uint64_t space_bytes(const struct amdvi_replay *replay, enum amdvi_trace_kind kind)
{
    switch (kind) {
    case AMDVI_TRACE_KIND_MMIO_WRITE:
    case AMDVI_TRACE_KIND_MMIO_READ:
        return amdvi_mmio_size(replay->device);
    case AMDVI_TRACE_KIND_VF_WRITE:
    case AMDVI_TRACE_KIND_VF_READ:
        return VF_PAGE_BYTES;
    case AMDVI_TRACE_KIND_VFC_WRITE:
    case AMDVI_TRACE_KIND_VFC_READ:
        return VFC_BLOCK_BYTES;
    default:
        return UINT64_MAX; /* the grammar knows the size of configuration space */
    }
}

/* Accesses inside a space that it does not accept are ignored there, as in hardware (2), and so are those to
 * the registers of guests where there is no HW-vIOMMU. An offset beyond the space never reaches the device:
 * that is a mistake in the trace. */
static enum amdvi_replay_status access_done(struct amdvi_replay *replay,
                                            const struct amdvi_trace_record *record, enum amdvi_status status)
{
    uint64_t bytes = space_bytes(replay, record->kind), off = num(record, AMDVI_TRACE_KEY_OFF);

    if (off >= bytes || bytes - off < num(record, AMDVI_TRACE_KEY_SIZE))
        return replay_fail(replay, record,
                           "%s: off=0x%" PRIx64 " lies beyond the window of 0x%" PRIx64 " bytes",
                           amdvi_trace_kind_info(record->kind)->name, off, bytes);
    if (status == AMDVI_OK || status == AMDVI_ERR_ACCESS || status == AMDVI_ERR_UNSUPPORTED)
        return AMDVI_REPLAY_OK;
    return replay_fail(replay, record, "%s: %s", amdvi_trace_kind_info(record->kind)->name,
                       amdvi_status_text(status));
}

static bool is_write(enum amdvi_trace_kind kind)
{
    return kind == AMDVI_TRACE_KIND_MMIO_WRITE || kind == AMDVI_TRACE_KIND_PCI_WRITE ||
           kind == AMDVI_TRACE_KIND_VF_WRITE || kind == AMDVI_TRACE_KIND_VFC_WRITE;
}

static enum amdvi_replay_status do_write(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    if (access_done(replay, record, write_space(replay, record)) != AMDVI_REPLAY_OK)
        return AMDVI_REPLAY_ERROR;
    return replay->autorun ? replay_run(replay, record) : AMDVI_REPLAY_OK;
}

static void check_read(struct amdvi_replay *replay, const struct amdvi_trace_record *record, uint64_t value)
{
    uint64_t mask = amdvi_trace_num(record, AMDVI_TRACE_KEY_MASK, UINT64_MAX);
    struct check check = {0};

    check_number(&check, "value", num(record, AMDVI_TRACE_KEY_VALUE) & mask, value & mask);
    check_report(replay, record, CHECK_REGISTER, &check);
}

enum amdvi_replay_status replay_register(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    uint64_t value;

    if (is_write(record->kind))
        return do_write(replay, record);
    if (access_done(replay, record, read_space(replay, record, &value)) != AMDVI_REPLAY_OK)
        return AMDVI_REPLAY_ERROR;
    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_VALUE))
        check_read(replay, record, value);
    return AMDVI_REPLAY_OK;
}

/* ---------------------------------------------------------------- memory */

static enum amdvi_replay_status expect_mem(struct amdvi_replay *replay,
                                           const struct amdvi_trace_record *record, struct check *check)
{
    uint8_t *data = replay_room(replay, record->bytes_len);

    if (!data)
        return replay_fail(replay, record, "out of memory");
    if (amdvi_sparse_read(replay->memory, num(record, AMDVI_TRACE_KEY_ADDR), data, record->bytes_len))
        check_fail(check, "data", "address outside ram");
    else
        check_bytes(check, "data", record->bytes, data, record->bytes_len);
    return AMDVI_REPLAY_OK;
}

/* ---------------------------------------------------------------- log records */

static uint64_t field(const char *layout_name, const char *name, const uint64_t record[2])
{
    const struct amdvi_layout *layout = amdvi_layout_find(layout_name);

    for (unsigned i = 0; layout && i < layout->nfields; i++)
        if (strcmp(layout->fields[i].name, name) == 0)
            return amdvi_field_get(&layout->fields[i], record);
    return 0;
}

static void check_field(struct check *check, const struct amdvi_trace_record *record,
                        enum amdvi_trace_key key, const char *layout, const char *name,
                        const uint64_t words[2])
{
    if (amdvi_trace_has(record, key))
        check_number(check, amdvi_trace_key_name(key), record->num[key], field(layout, name, words));
}

static void check_raw(struct check *check, const struct amdvi_trace_record *record, const uint64_t words[2])
{
    uint8_t bytes[16];

    if (!amdvi_trace_has(record, AMDVI_TRACE_KEY_RAW))
        return;
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(words[i / 8] >> i % 8 * 8);
    if (record->bytes_len == sizeof(bytes))
        check_bytes(check, "raw", record->bytes, bytes, sizeof(bytes));
    else
        check_fail(check, "raw of 16 bytes", "another length");
}

static uint64_t vflags(const uint64_t words[2])
{
    return field("evt", "vNR", words) * AMDVI_TRACE_FLAG_VNR |
           field("evt", "vEvent", words) * AMDVI_TRACE_FLAG_VEVENT |
           field("evt", "vPtr", words) * AMDVI_TRACE_FLAG_VPTR |
           field("evt", "vCmd", words) * AMDVI_TRACE_FLAG_VCMD;
}

static void check_event(struct check *check, const struct amdvi_trace_record *record, const uint64_t words[2])
{
    unsigned code = (unsigned)field("evt", "Code", words);
    bool ppr = code == 9; /* INVALID_PPR_REQUEST has the body of a PPR entry */
    const char *name = amdvi_event_name(code);

    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_KIND))
        check_text(check, "kind", amdvi_event_name((unsigned)record->num[AMDVI_TRACE_KEY_KIND]),
                   name ? name : "none");
    check_field(check, record, AMDVI_TRACE_KEY_DEV, "evt", "DeviceID", words);
    check_field(check, record, AMDVI_TRACE_KEY_DOM, "evt", "DomainID", words);
    check_field(check, record, AMDVI_TRACE_KEY_PASID, ppr ? "ppr" : "evt", "PASID", words);
    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_ADDR))
        check_number(check, "addr", record->num[AMDVI_TRACE_KEY_ADDR], words[1]);
    check_flags(check, record, code, field("evt", "Flags", words) | vflags(words));
    check_raw(check, record, words);
}

static void check_ppr(struct check *check, const struct amdvi_trace_record *record, const uint64_t words[2])
{
    uint64_t flags = field("ppr", "Flags", words) | (field("ppr", "Last", words) ? AMDVI_TRACE_PPR_LAST : 0);
    char expected[96], got[96];

    check_field(check, record, AMDVI_TRACE_KEY_DEV, "ppr", "DeviceID", words);
    check_field(check, record, AMDVI_TRACE_KEY_PASID, "ppr", "PASID", words);
    check_field(check, record, AMDVI_TRACE_KEY_ADDR, "ppr", "Address", words);
    check_field(check, record, AMDVI_TRACE_KEY_TAG, "ppr", "PRGIndex", words);
    if (!amdvi_trace_has(record, AMDVI_TRACE_KEY_FLAGS))
        return;
    amdvi_trace_ppr_flags_text(record->num[AMDVI_TRACE_KEY_FLAGS], expected, sizeof(expected));
    amdvi_trace_ppr_flags_text(flags, got, sizeof(got));
    check_text(check, "flags", expected, got);
}

static void check_ga(struct check *check, const struct amdvi_trace_record *record, const uint64_t words[2])
{
    check_field(check, record, AMDVI_TRACE_KEY_TAG, "ga", "GATag", words);
    check_field(check, record, AMDVI_TRACE_KEY_DEV, "ga", "DeviceID", words);
}

static enum amdvi_log log_of(enum amdvi_trace_kind kind)
{
    switch (kind) {
    case AMDVI_TRACE_KIND_EXPECT_PPR:
        return AMDVI_LOG_PPR;
    case AMDVI_TRACE_KIND_EXPECT_GA:
        return AMDVI_LOG_GA;
    default:
        return AMDVI_LOG_EVENT;
    }
}

/* The record number `index` since the log was enabled, or null. */
static const uint64_t *find_host(const struct amdvi_replay *replay, enum amdvi_log log, uint64_t index)
{
    uint64_t count = 0;

    amdvi_log_count(replay->device, log, &count);
    if (index >= count || index >= replay->logs[log].count)
        return NULL;
    return ((const struct logged *)replay->logs[log].items + index)->record;
}

static bool about_guest(const struct amdvi_trace_record *record)
{
    return amdvi_trace_has(record, AMDVI_TRACE_KEY_LOG) &&
           record->num[AMDVI_TRACE_KEY_LOG] != AMDVI_TRACE_LOG_HOST;
}

static const uint64_t *find_logged(const struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    enum amdvi_log log = log_of(record->kind);
    uint64_t index = num(record, AMDVI_TRACE_KEY_INDEX);

    if (about_guest(record))
        return guest_log_find(replay, (uint16_t)record->num[AMDVI_TRACE_KEY_LOG], log, index);
    return find_host(replay, log, index);
}

static void expect_logged(struct amdvi_replay *replay, const struct amdvi_trace_record *record,
                          struct check *check)
{
    const uint64_t *words = find_logged(replay, record);

    if (!words)
        check_fail(check, "a record of that index", "fewer records");
    else if (record->kind == AMDVI_TRACE_KIND_EXPECT_PPR)
        check_ppr(check, record, words);
    else if (record->kind == AMDVI_TRACE_KIND_EXPECT_GA)
        check_ga(check, record, words);
    else
        check_event(check, record, words);
}

static uint64_t log_count(const struct amdvi_replay *replay, const struct amdvi_trace_record *record,
                          enum amdvi_log log)
{
    uint64_t count = 0;

    if (about_guest(record))
        amdvi_guest_log_count(replay->device, (uint16_t)record->num[AMDVI_TRACE_KEY_LOG], log, &count);
    else
        amdvi_log_count(replay->device, log, &count);
    return count;
}

static void expect_count(struct amdvi_replay *replay, const struct amdvi_trace_record *record,
                         struct check *check)
{
    static const enum amdvi_trace_key keys[3] = {AMDVI_TRACE_KEY_EVENT, AMDVI_TRACE_KEY_PPR,
                                                 AMDVI_TRACE_KEY_GA};

    for (unsigned log = 0; log < 3; log++)
        if (amdvi_trace_has(record, keys[log]))
            check_number(check, amdvi_trace_key_name(keys[log]), record->num[keys[log]],
                         log_count(replay, record, (enum amdvi_log)log));
}

/* ---------------------------------------------------------------- what reached devices and processors */

static bool same_pasid(const struct amdvi_trace_record *record, bool has_pasid, uint32_t pasid)
{
    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_PASID) != has_pasid)
        return false;
    return !has_pasid || record->num[AMDVI_TRACE_KEY_PASID] == pasid;
}

static bool prg_matches(const struct prg_seen *seen, const struct amdvi_trace_record *record)
{
    return seen->dev == num(record, AMDVI_TRACE_KEY_DEV) &&
           seen->index == num(record, AMDVI_TRACE_KEY_INDEX) &&
           seen->code == num(record, AMDVI_TRACE_KEY_CODE) &&
           same_pasid(record, seen->has_pasid, seen->pasid);
}

static bool atc_matches(const struct atc_seen *seen, const struct amdvi_trace_record *record)
{
    return seen->dev == num(record, AMDVI_TRACE_KEY_DEV) && seen->addr == num(record, AMDVI_TRACE_KEY_ADDR) &&
           seen->size == num(record, AMDVI_TRACE_KEY_SIZE) &&
           same_pasid(record, seen->has_pasid, seen->pasid);
}

/* Matches and removes the first one that was not matched yet (rule 12). */
static void expect_prg(struct amdvi_replay *replay, const struct amdvi_trace_record *record,
                       struct check *check)
{
    const struct prg_seen *seen = replay->prg.items;

    for (size_t i = 0; i < replay->prg.count; i++) {
        if (!prg_matches(&seen[i], record))
            continue;
        list_remove(&replay->prg, i);
        return;
    }
    check_fail(check, "a PRG response like this", "none");
}

static void expect_atc(struct amdvi_replay *replay, const struct amdvi_trace_record *record,
                       struct check *check)
{
    const struct atc_seen *seen = replay->atc.items;

    for (size_t i = 0; i < replay->atc.count; i++) {
        if (!atc_matches(&seen[i], record))
            continue;
        list_remove(&replay->atc, i);
        return;
    }
    check_fail(check, "an ATC invalidation like this", "none");
}

static enum amdvi_replay_status expect_irq(struct amdvi_replay *replay,
                                           const struct amdvi_trace_record *record, struct check *check)
{
    uint8_t kind = num(record, AMDVI_TRACE_KEY_KIND) % IRQ_KINDS;
    struct irq_seen *seen = &replay->irqs[kind];
    uint64_t vector = num(record, AMDVI_TRACE_KEY_VECTOR) & 0xff;

    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_GID))
        seen = guest_irq_of(replay, (uint16_t)record->num[AMDVI_TRACE_KEY_GID], kind);
    if (!seen)
        return replay_fail(replay, record, "out of memory");
    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_COUNT))
        check_number(check, "count", record->num[AMDVI_TRACE_KEY_COUNT], seen->count);
    else if (seen->count == 0)
        check_fail(check, "an interrupt", "none");
    if (amdvi_trace_has(record, AMDVI_TRACE_KEY_VECTOR) && seen->count &&
        !(seen->vectors[vector >> 6] >> (vector & 63) & 1))
        check_number(check, "vector", vector, seen->last_vector);
    *seen = (struct irq_seen){0};
    return AMDVI_REPLAY_OK;
}

static enum amdvi_replay_status dispatch(struct amdvi_replay *replay, const struct amdvi_trace_record *record,
                                         struct check *check)
{
    switch (record->kind) {
    case AMDVI_TRACE_KIND_EXPECT_MEM:
        return expect_mem(replay, record, check);
    case AMDVI_TRACE_KIND_EXPECT_COUNT:
        expect_count(replay, record, check);
        return AMDVI_REPLAY_OK;
    case AMDVI_TRACE_KIND_EXPECT_PRG:
        expect_prg(replay, record, check);
        return AMDVI_REPLAY_OK;
    case AMDVI_TRACE_KIND_EXPECT_ATC_INV:
        expect_atc(replay, record, check);
        return AMDVI_REPLAY_OK;
    case AMDVI_TRACE_KIND_EXPECT_IRQ:
        return expect_irq(replay, record, check);
    default:
        expect_logged(replay, record, check);
        return AMDVI_REPLAY_OK;
    }
}

enum amdvi_replay_status replay_expect(struct amdvi_replay *replay, const struct amdvi_trace_record *record)
{
    bool store = record->kind == AMDVI_TRACE_KIND_EXPECT_MEM;
    struct check check = {0};

    if (replay->autorun && replay_run(replay, record) != AMDVI_REPLAY_OK)
        return AMDVI_REPLAY_ERROR;
    if (dispatch(replay, record, &check) != AMDVI_REPLAY_OK)
        return AMDVI_REPLAY_ERROR;
    check_report(replay, record, store ? CHECK_STORE : CHECK_OTHER, &check);
    return AMDVI_REPLAY_OK;
}
