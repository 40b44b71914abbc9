// SPDX-License-Identifier: Apache-2.0
/*
 * The input drives one guest: what its ring, tables and pages hold, its doorbells and VF registers, what its
 * VMM hands on for it, requests of its devices, devices that leave invalidations unanswered, the next VM with
 * its GuestID, areas of its private space that come and go. Nothing of the other guests and of the host may
 * change, what their devices ask for is answered as before, their rings go on, and no run costs more than its
 * commands may.
 *
 * Steps of 8 bytes: kind, argument, six bytes of value.
 */
#include "testbench/unit/guests/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAGS = 256 };
enum { STEP = 8, STEPS_MAX = 64, ATTACKER = 1, PROBES = 3, WHOLE_EVERY = 64 };

enum kind {
    PUT_COMMAND,
    PUT_ENTRY,
    PUT_BYTES,
    DOORBELL,
    WRITE_VF,
    WRITE_VFC,
    ASK,
    PAGE_REQUEST,
    RUN,
    ANSWER,
    NEXT_VM,
    AREA,
    FLOOD,
    KINDS,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct world world;
static uint8_t reference[WORLD_BYTES];
static struct amdvi_result answers[WORLD_GUESTS][PROBES];
static uint8_t *snapshot;
static size_t snapshot_size;
static uint64_t host_tail;
static unsigned foreign; /* callbacks that name another guest or its devices */
static bool attacking;
static bool silent; /* the attacker's devices leave invalidations unanswered */
static uint32_t tags[TAGS];
static unsigned asked;
static bool areas_changed;

static void on_irq(void *context, const struct amdvi_irq *irq)
{
    foreign += irq->guest && irq->guest_id != guest_id(ATTACKER);
}

static enum amdvi_atc_answer on_atc(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    bool theirs_to_ask = owner_of_device(invalidation->device) == ATTACKER;

    foreign += attacking && !theirs_to_ask;
    if (!silent || !theirs_to_ask)
        return AMDVI_ATC_DONE;
    tags[asked++ % TAGS] = invalidation->tag;
    return AMDVI_ATC_PENDING;
}

static void on_prg(void *context, const struct amdvi_prg_response *response)
{
    foreign += owner_of_device(response->device) != ATTACKER;
}

/* ---------------------------------------------------------------- the others */

/* Read twice, the second time from the caches; the last address is not mapped. */
static struct amdvi_result probe(unsigned g, unsigned which)
{
    return guest_ask(&world, g, which % DEVICES_EACH, AMDVI_READ,
                     G_IOVA + (which < 2 ? which : 9u) * PAGE_BYTES);
}

static void probe_all(struct amdvi_result results[WORLD_GUESTS][PROBES])
{
    for (unsigned g = 0; g < WORLD_GUESTS; g++)
        for (unsigned which = 0; g != ATTACKER && which < PROBES; which++)
            results[g][which] = probe(g, which);
}

static bool same_result(const struct amdvi_result *a, const struct amdvi_result *b)
{
    return a->ok == b->ok && a->pa == b->pa && a->perm == b->perm && a->size == b->size &&
           a->fault.reason == b->fault.reason && a->fault.logged == b->fault.logged &&
           a->fault.address == b->fault.address;
}

static void fail(const char *what, uint64_t where)
{
    fprintf(stderr, "the attacker reaches beyond its own: %s %llx\n", what, (unsigned long long)where);
    abort();
}

static void check_answers(void)
{
    static struct amdvi_result now[WORLD_GUESTS][PROBES];

    probe_all(now);
    for (unsigned g = 0; g < WORLD_GUESTS; g++)
        for (unsigned which = 0; g != ATTACKER && which < PROBES; which++)
            if (!same_result(&now[g][which], &answers[g][which]))
                fail("translation of guest", g);
}

/* Pages that the attacker's actions may change; slot and dirty pages are shared by guests. */
static bool theirs(uint64_t at)
{
    return (at >= guest_spa(ATTACKER, 0) && at < guest_spa(ATTACKER, GUEST_BYTES)) || at == H_EVT ||
           at == H_CMD || at == world.slot_page_high || at == world.dirty_page ||
           at == H_VAPIC + (uint64_t)ATTACKER * PAGE_BYTES;
}

static void check_memory(void)
{
    for (unsigned page = 0; page < WORLD_BYTES / PAGE_BYTES; page++) {
        uint64_t at = (uint64_t)page * PAGE_BYTES;
        if (world.touched[page] && !theirs(at) && memcmp(world.bytes + at, reference + at, PAGE_BYTES))
            fail("memory at", at);
    }
}

static void check_registers(void)
{
    for (unsigned g = 0; g < WORLD_GUESTS; g++)
        for (unsigned offset = 0; g != ATTACKER && offset < VF_END; offset += 8) {
            uint64_t usual = offset == VF_STATUS ? S_EVT_RUN | S_CMD_RUN | S_PPR_RUN : 0;
            if (vf_read(&world, g, offset) != usual)
                fail("register of another guest", offset);
        }
    if (reg_read(&world, R_CONTROL) != world.control || reg_read(&world, R_CMD_TAIL) != host_tail ||
        reg_read(&world, R_PPR_TAIL))
        fail("register of the host", R_CONTROL);
}

/* A round trip: the other guests' rings still work, and hold still until then; invalidations of their devices
 * go out and are waited for. */
static void check_ring(unsigned g)
{
    guest_command(&world, g, UINT64_C(4) << 60 | guest_device(0), UINT64_C(0x7ffffffffffff001));
    guest_wait(&world, g, G_STORE, 0x1234);
    if (guest_get64(&world, g, G_STORE) != 0x1234 || vf_read(&world, g, VF_HEAD) != 32)
        fail("ring of guest", g);
}

static void check_host_ring(void)
{
    host_command(&world, UINT64_C(4) << 60 | host_device(0, 0), UINT64_C(0x7ffffffffffff001));
    host_command(&world, UINT64_C(1) << 60 | H_STORE | 1, 0x4321);
    if (get64(&world, H_STORE) != 0x4321)
        fail("ring of the host", reg_read(&world, R_CMD_TAIL));
}

static uint64_t commands_until_now(void)
{
    struct amdvi_statistics statistics;

    amdvi_get_statistics(world.device, &statistics);
    return statistics.guest_commands;
}

/* Reads of memory: so many a step of the input, for the maps once a run, and for each command. */
static void check_cost(uint64_t reads, uint64_t runs, uint64_t commands)
{
    reads = world.reads - reads;
    if (reads > 20000 + 6000 * (world.runs - runs) + 100 * (commands_until_now() - commands))
        fail("dear commands, reads of memory:", reads);
}

/* ---------------------------------------------------------------- the attacker */

static uint64_t value_of(const uint8_t *bytes)
{
    uint64_t value = 0;

    for (int i = 0; i < 6; i++)
        value |= (uint64_t)bytes[i] << 8 * i;
    return value;
}

/* Opcode and the low 48 bits of the first word; the second one is small, or everything. */
static void put_command(uint8_t index, uint8_t argument, uint64_t value)
{
    static const uint64_t high[] = {0, 4, UINT64_C(0x7ffffffffffff005), G_IOVA | 5};

    guest_put_command(&world, ATTACKER, index, value >> 44 << 60 | (value & UINT64_C(0x0fffffffffff)),
                      high[argument & 3]);
}

/* A ring, also the longest there is, full of one command. */
static void flood(uint8_t argument, uint64_t value)
{
    uint64_t bytes = UINT64_C(16) * (argument & 4 ? LONG_RING_ENTRIES : RING_ENTRIES);

    for (unsigned i = 0; i < RING_ENTRIES; i++)
        put_command((uint8_t)i, argument, value);
    vfc_write(&world, ATTACKER, VFC_CMD, 0);
    vfc_write(&world, ATTACKER, VFC_CMD, argument & 4 ? long_command_control() : command_control());
    amdvi_vf_write(world.device, guest_id(ATTACKER), VF_TAIL, 8,
                   (vf_read(&world, ATTACKER, VF_HEAD) + bytes - 16) % bytes);
}

static void put_entry(uint8_t argument, uint64_t value)
{
    uint64_t page = G_GCR3 + PAGE_BYTES * (uint64_t)(argument >> 5);

    guest_put64(&world, ATTACKER, (page + 8 * (uint64_t)(argument & 31)) % GUEST_BYTES,
                value | (value & 1) << 63);
}

static void put_bytes(uint8_t argument, uint64_t value)
{
    guest_put64(&world, ATTACKER, ((value >> 32) * 8 + argument * UINT64_C(256)) % GUEST_BYTES,
                value * 0x10001);
}

static void write_vfc(uint8_t argument, uint64_t value)
{
    static const uint16_t offsets[] = {VFC_EVT_B, VFC_CMD, VFC_EVT, VFC_PPR,
                                       VFC_PPR_B, VFC_CMD, VFC_CMD, VFC_CMD};
    const uint64_t usual[] = {G_EVT_B, command_control(), event_control(),        ppr_control(),
                              G_PPR_B, command_control(), long_command_control(), 0};

    vfc_write(&world, ATTACKER, offsets[argument & 7], argument & 8 ? usual[argument & 7] : value);
}

static void ask(uint8_t argument, uint64_t value)
{
    struct amdvi_request request = {.device = host_device(ATTACKER, argument & 1),
                                    .op = argument >> 1 & 3,
                                    .at = argument >> 3 & 1,
                                    .has_pasid = !(argument & 16),
                                    .privileged = argument >> 5 & 1,
                                    .pasid = argument & 16 ? 0 : (uint32_t)(1 + (argument >> 6) * 511),
                                    .address = value,
                                    .length = 1 + (value & 7)};
    struct amdvi_result result;
    uint8_t data[8] = {0};

    if (request.at == AMDVI_UNTRANSLATED)
        amdvi_dma(world.device, &request, data, &result);
    else
        amdvi_translate(world.device, &request, &result);
}

/* One of the commands that are unanswered, or were; bit 7: what its devices do from now on. */
static void answer(uint8_t argument, uint64_t value)
{
    silent = argument >> 7;
    if (asked)
        amdvi_atc_complete(world.device, tags[value % (asked < TAGS ? asked : TAGS)]);
    if (argument & 1)
        amdvi_advance(world.device, value & 0xffffffff);
}

/* With RESET_VMMIO or without. */
static void next_vm(uint8_t argument)
{
    if (argument & 1)
        host_command(&world, UINT64_C(10) << 60 | UINT64_C(0x90000000) | guest_id(ATTACKER), 0);
    world_start_guest(&world, ATTACKER);
    host_tail = reg_read(&world, R_CMD_TAIL);
}

static void set_area(unsigned which, bool mapped)
{
    world_private_area(&world, ATTACKER, (enum world_area)which, mapped);
    flush_private(&world);
    host_tail = reg_read(&world, R_CMD_TAIL);
}

static void step(const uint8_t *bytes)
{
    uint64_t value = value_of(bytes + 2);

    switch (bytes[0] % KINDS) {
    case PUT_COMMAND:
        put_command(bytes[1], bytes[1], value);
        break;
    case PUT_ENTRY:
        put_entry(bytes[1], value);
        break;
    case PUT_BYTES:
        put_bytes(bytes[1], value);
        break;
    case DOORBELL:
        amdvi_vf_write(world.device, guest_id(ATTACKER), VF_TAIL, 8, bytes[1] * UINT64_C(16));
        break;
    case WRITE_VF:
        amdvi_vf_write(world.device, guest_id(ATTACKER), bytes[1] * UINT64_C(4), value & 1 ? 4 : 8, value);
        break;
    case WRITE_VFC:
        write_vfc(bytes[1], value);
        break;
    case ASK:
        ask(bytes[1], value);
        break;
    case PAGE_REQUEST:
        guest_page_request(&world, ATTACKER, bytes[1] & 1, value & ~UINT64_C(0xfff));
        break;
    case FLOOD:
        flood(bytes[1], value);
        break;
    case ANSWER:
        answer(bytes[1], value);
        break;
    case NEXT_VM:
        next_vm(bytes[1]);
        break;
    case AREA:
        areas_changed = true;
        set_area(bytes[1] % WORLD_AREAS, bytes[1] >> 7);
        break;
    default:
        world_run(&world);
    }
}

/* ---------------------------------------------------------------- life */

static void take_snapshot(void)
{
    amdvi_save(world.device, NULL, 0, &snapshot_size);
    snapshot = malloc(snapshot_size);
    if (!snapshot || amdvi_save(world.device, snapshot, snapshot_size, &snapshot_size) != AMDVI_OK)
        abort();
    memcpy(reference, world.bytes, WORLD_BYTES);
    world_mark(&world);
}

/* The answers are those of a world in which the attacker did nothing. */
static void create(void)
{
    world_open(&world, "ptc.log2_entries=6 pdc.log2_entries=5 dtc.log2_entries=5", true);
    world.notes = (struct world_notes){.irq = on_irq, .atc = on_atc, .prg = on_prg};
    take_snapshot();
    probe_all(answers);
}

static void whole_back(void)
{
    if (amdvi_restore(world.device, snapshot, snapshot_size) != AMDVI_OK)
        abort();
}

/* Empties the host's logs; the others' pointers came back with the memory that holds them. */
static void clear_logs(void)
{
    reg_write(&world, R_EVT_TAIL - 8, reg_read(&world, R_EVT_TAIL));
    reg_write(&world, R_STATUS, S_EVT_INT);
    for (unsigned g = 0; g < WORLD_GUESTS; g++)
        if (g != ATTACKER)
            vf_write(&world, g, VF_STATUS, S_EVT_INT | S_PPR_INT | S_WAIT_INT);
}

/* What a host does for the next guest of that GuestID (7.5): cheaper than a snapshot, and tested by it. */
static void recycle(void)
{
    host_command(&world, UINT64_C(10) << 60 | UINT64_C(0x90000000) | guest_id(ATTACKER), 0);
    host_command(&world, UINT64_C(8) << 60, 0);
    clear_logs();
    world_start_guest(&world, ATTACKER);
}

static void go_back(void)
{
    static unsigned turn;
    bool whole = turn++ % WHOLE_EVERY == 0 || (reg_read(&world, R_STATUS) & S_EVT_OVERFLOW);

    if (whole)
        whole_back();
    else
        recycle();
    world_back(&world, reference);
    host_tail = reg_read(&world, R_CMD_TAIL);
    foreign = asked = 0;
    silent = areas_changed = false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t reads, runs, commands;

    if (!world.device)
        create();
    go_back();
    reads = world.reads;
    runs = world.runs;
    commands = commands_until_now();
    attacking = true;
    for (size_t i = 0; i < STEPS_MAX && size >= STEP; i++, size -= STEP, data += STEP)
        step(data);
    world_run(&world);
    attacking = false;
    check_cost(reads, runs, commands);
    for (unsigned which = 0; areas_changed && which < WORLD_AREAS; which++)
        set_area(which, true);
    if (foreign)
        fail("callbacks", foreign);
    check_memory();
    check_registers();
    check_answers();
    check_ring(0);
    check_ring(2);
    check_host_ring();
    return 0;
}
