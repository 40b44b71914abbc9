// SPDX-License-Identifier: GPL-2.0-or-later
/* Traps of the conformance kit: which there are, their clock, the ring that stands still, and the report. */
#include "unit.h"

#include <qapi/error.h>

#include "amdvi/layout.h"

enum { TICK_NS = 10 * SCALE_MS };
enum { LATE_EVERY = 40, LATE_NS = 30 * SCALE_MS, LOST_AT = 100 };
static const int64_t lost_ns = INT64_C(4) * NANOSECONDS_PER_SECOND;

static const char *const names[] = {
    [TRAP_NONE] = "none",           [TRAP_HANDOVER] = "handover",   [TRAP_STRANGER] = "stranger",
    [TRAP_OVERFLOW] = "overflow",   [TRAP_UNITY] = "unity",         [TRAP_ALIAS] = "alias",
    [TRAP_LATE_WAIT] = "late-wait", [TRAP_LOST_WAIT] = "lost-wait", [TRAP_ATS] = "ats-timeout"};

static int64_t now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

uint64_t trap_field(struct unit *unit, const char *name, const char *field)
{
    const struct amdvi_register *reg = amdvi_register_find(name);
    uint64_t value = 0;

    amdvi_mmio_read(unit->device, reg->offset, 8, &value);
    return amdvi_field_get(amdvi_layout_field(reg->layout, field), &value);
}

/* ------------------------------------------------------------------ the clock */

static void release(struct unit *unit)
{
    if (!unit->traps.holds || now() < unit->traps.hold_ends)
        return;
    unit->traps.holds = false;
    amdvi_run(unit->device);
}

/* Time-outs of ATS invalidations are the only thing that looks at the device's clock. */
static void let_time_pass(struct unit *unit)
{
    amdvi_advance(unit->device, (uint64_t)(now() - unit->traps.began));
    unit->traps.began = now();
    amdvi_run(unit->device);
}

static void tick(void *opaque)
{
    struct unit *unit = opaque;

    unit_enter(unit);
    if (unit->traps.kind == TRAP_STRANGER)
        stray_stranger(unit);
    else if (unit->traps.kind == TRAP_OVERFLOW)
        stray_overflow(unit);
    else if (unit->traps.kind == TRAP_UNITY)
        stray_unity(unit);
    else if (unit->traps.kind == TRAP_ATS)
        let_time_pass(unit);
    release(unit);
    unit_leave(unit);
    timer_mod(unit->traps.timer, now() + TICK_NS);
}

bool traps_init(struct unit *unit, Error **errp)
{
    struct traps *traps = &unit->traps;

    for (size_t i = 0; unit->trap && i < ARRAY_SIZE(names); i++)
        if (!strcmp(unit->trap, names[i]))
            traps->kind = (enum trap)i;
    if (unit->trap && strcmp(unit->trap, names[traps->kind])) {
        error_setg(errp, "trap=%s: there is no such trap; docs/kit.md names them", unit->trap);
        return false;
    }
    if (traps->kind == TRAP_NONE)
        return true;
    if (traps->kind == TRAP_HANDOVER || traps->kind == TRAP_UNITY)
        firmware_init(unit);
    traps->began = now();
    traps->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, tick, unit);
    timer_mod(traps->timer, now() + TICK_NS);
    return true;
}

void traps_reset(struct unit *unit)
{
    unit->traps.holds = false;
    unit->traps.driver_came = false;
    if (unit->traps.kind == TRAP_HANDOVER)
        firmware_start(unit);
}

/* ------------------------------------------------------------------ what the IVRS says */

void traps_describe(struct unit *unit, struct amdvi_ivrs_unit *out)
{
    struct traps *traps = &unit->traps;

    if (traps->kind != TRAP_ALIAS && traps->kind != TRAP_UNITY)
        return;
    traps->chosen = stray_choose(unit, &traps->victim);
    if (!traps->chosen)
        return;
    if (traps->kind == TRAP_ALIAS) {
        traps->alias = (uint16_t)((traps->victim & 0xff00) | PCI_DEVFN(0x1e, 6));
        traps->ivrs_alias = (struct amdvi_ivrs_alias){.device = traps->victim, .alias = traps->alias};
        out->aliases = &traps->ivrs_alias;
        out->aliases_count = 1;
        return;
    }
    traps->ivrs_memory = (struct amdvi_ivrs_memory){.first = traps->victim,
                                                    .last = traps->victim,
                                                    .unity = true,
                                                    .read = true,
                                                    .write = true,
                                                    .start = FIRMWARE_SHARED,
                                                    .bytes = FIRMWARE_SHARED_BYTES};
    out->memory = &traps->ivrs_memory;
    out->memory_count = 1;
}

uint16_t traps_requester(const struct unit *unit, uint16_t device)
{
    const struct traps *traps = &unit->traps;

    return traps->kind == TRAP_ALIAS && traps->chosen && device == traps->victim ? traps->alias : device;
}

/* ------------------------------------------------------------------ the ring that stands still */

void traps_before_write(struct unit *unit)
{
    struct amdvi_statistics statistics;

    if (unit->traps.kind != TRAP_HANDOVER || unit->traps.driver_came)
        return;
    unit->traps.driver_came = true;
    if (amdvi_get_statistics(unit->device, &statistics) == AMDVI_OK)
        unit->traps.before = statistics.translated;
}

static int64_t hold_time(struct traps *traps)
{
    if (traps->kind == TRAP_LATE_WAIT)
        return traps->doorbells % LATE_EVERY == 0 ? LATE_NS : 0;
    return traps->kind == TRAP_LOST_WAIT && traps->doorbells == LOST_AT ? lost_ns : 0;
}

bool traps_hold(struct unit *unit, uint64_t offset)
{
    struct traps *traps = &unit->traps;
    int64_t time;

    if ((traps->kind != TRAP_LATE_WAIT && traps->kind != TRAP_LOST_WAIT) ||
        offset != amdvi_register_find("cmd_tail")->offset)
        return traps->holds;
    traps->doorbells++;
    time = traps->holds ? 0 : hold_time(traps);
    if (time) {
        traps->holds = true;
        traps->held++;
        traps->hold_ends = now() + time;
    }
    return traps->holds;
}

void traps_answered(struct unit *unit, const struct amdvi_request *request, const struct amdvi_result *result)
{
    struct traps *traps = &unit->traps;
    struct amdvi_result fresh = {0};

    if (traps->kind == TRAP_NONE)
        return;
    if (result->ok) {
        traps->last = request->device;
        traps->any = true;
    }
    if (traps->kind == TRAP_ALIAS && traps->chosen && request->device == traps->alias) {
        traps->sent++;
        traps->passed += result->ok;
        traps->refused += !result->ok;
    }
    if (traps->holds && result->ok && amdvi_look(unit->device, request, &fresh) == AMDVI_OK &&
        (!fresh.ok || fresh.pa != result->pa))
        traps->stale++;
}

/* ------------------------------------------------------------------ the report */

static void tell(struct unit *unit, const char *text)
{
    watch_trap(&unit->watch, names[unit->traps.kind], text);
}

void traps_finish(struct unit *unit)
{
    const struct traps *traps = &unit->traps;
    char text[200] = "";

    if (traps->kind == TRAP_NONE || !traps->timer)
        return;
    traps_before_write(unit);
    if (traps->kind == TRAP_HANDOVER)
        snprintf(text, sizeof(text), "handover: requests=%" PRIu64 " firmwares-table=%d", traps->before,
                 firmware_table_in_use(unit));
    else if (traps->kind == TRAP_LATE_WAIT || traps->kind == TRAP_LOST_WAIT)
        snprintf(text, sizeof(text), "%s: held=%" PRIu64 " stale=%" PRIu64, names[traps->kind], traps->held,
                 traps->stale);
    else if (traps->kind == TRAP_OVERFLOW)
        snprintf(text, sizeof(text), "overflow: requests=%" PRIu64 " stage=%u recovered-ms=%" PRId64,
                 traps->sent, traps->stage, traps->recovered_ns / SCALE_MS);
    else
        snprintf(text, sizeof(text),
                 "%s: chosen=%d requests=%" PRIu64 " passed=%" PRIu64 " refused=%" PRIu64
                 " passed-after=%" PRIu64 " refused-after=%" PRIu64,
                 names[traps->kind], traps->chosen, traps->sent, traps->passed, traps->refused,
                 traps->passed_after, traps->refused_after);
    tell(unit, text);
}
