// SPDX-License-Identifier: Apache-2.0
/*
 * Many guests on one device: how long it takes to make them, what an idle one costs, how fast their commands
 * run, and what they do to everybody's translations.
 *
 * Memory: a window with everything that processors and devices use, and behind it the ID maps, which are one
 * entry repeated and are kept as such.
 */
#include "amdvi/layout.h"
#include "testbench/bench/guests_timed.h"
#include "testbench/bench/run.h"
#include "testbench/bench/unit_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    ACTIVE_MAX = 4096, /* more would need more TransDevIDs than there are */
    DRIVER_MAX = 64,   /* guests that are made by a write for each entry */
    RING_LEN = 8,
    PER_DOORBELL = 64,
    IDS = 65536,
    DEVICE_MAP_PAGES = 256,
    DOMAIN_MAP_PAGES = 128,
    MAP_PAGES = DEVICE_MAP_PAGES + DOMAIN_MAP_PAGES,
    OWN_DEVICE = 2,
    HOST_DOMAIN = 0x15,
    FIRST_DEVICE = 0x1000,
    RING_GPA = 0x1000,
    STORE_GPA = 0x2000,
    DATA_GPA = 0x3000,
};

/* Places in the window. */
enum {
    DEVICE_TABLE = 0x200000,
    HOST_RING = 0x1000,
    SLOTS = 0x800000,
    DIRTY = 0xc00000,
    FIRST_FREE = 0x1000000
};

static const uint64_t device_maps = UINT64_C(0x1000000000), domain_maps = UINT64_C(0x2000000000);
static const uint64_t v1_rw = UINT64_C(3) << 61;

struct crowd {
    unsigned guests, active;
    uint8_t *window;
    uint64_t window_size, next;
    struct unit_memory maps;
    struct amdvi_device *device;
    uint64_t private_root, library, host_tail;
    uint64_t before_library, before_memory;
    uint64_t guest_tail; /* of every active guest */
};

/* ---------------------------------------------------------------- surroundings */

/* Blocks know their size, so that bytes in use can be told. */
static void *count_allocate(void *context, size_t bytes)
{
    size_t *block = malloc(bytes + 16);

    if (!block)
        return NULL;
    ((struct crowd *)context)->library += bytes;
    *block = bytes;
    return block + 16 / sizeof(*block);
}

static void count_release(void *context, void *block)
{
    size_t *start = block;

    if (!start)
        return;
    start -= 16 / sizeof(*start);
    ((struct crowd *)context)->library -= *start;
    free(start);
}

static enum amdvi_memory_result read_maps(void *context, uint64_t spa, void *data, size_t length)
{
    return unit_memory_read(&((struct crowd *)context)->maps, spa, data, length);
}

static enum amdvi_memory_result write_maps(void *context, uint64_t spa, const void *data, size_t length)
{
    return unit_memory_write(&((struct crowd *)context)->maps, spa, data, length);
}

static enum amdvi_memory_result exchange_maps(void *context, uint64_t spa, uint64_t expected,
                                              uint64_t desired, uint64_t *seen)
{
    enum amdvi_memory_result result = read_maps(context, spa, seen, sizeof(*seen));

    return result == AMDVI_MEMORY_OK && *seen == expected
               ? write_maps(context, spa, &desired, sizeof(desired))
               : result;
}

/* ---------------------------------------------------------------- tables */

static uint64_t *words_at(struct crowd *crowd, uint64_t spa)
{
    return (uint64_t *)(void *)(crowd->window + spa);
}

static uint64_t new_page(struct crowd *crowd)
{
    uint64_t page = crowd->next;

    crowd->next += PAGE;
    return page + PAGE <= crowd->window_size ? page : 0;
}

static bool map(struct crowd *crowd, uint64_t root, unsigned levels, uint64_t address, uint64_t spa)
{
    for (unsigned level = levels; level > 1; level--) {
        uint64_t *entry = words_at(crowd, root) + (address >> (12 + 9 * (level - 1)) & 511);
        uint64_t page = *entry ? 0 : new_page(crowd);
        if (!*entry && !page)
            return false;
        if (!*entry)
            *entry = page | (uint64_t)(level - 1) << 9 | v1_rw | 1;
        root = *entry & UINT64_C(0xffffffffff000);
    }
    words_at(crowd, root)[address >> 12 & 511] = spa | v1_rw | 1;
    return true;
}

static void write_dte(struct crowd *crowd, unsigned device, uint64_t root, unsigned mode, uint64_t domain,
                      uint64_t guest)
{
    uint64_t *dte = words_at(crowd, DEVICE_TABLE) + 4 * (uint64_t)device;

    dte[0] = 3 | (uint64_t)mode << 9 | root | v1_rw;
    dte[1] = domain;
    dte[3] = guest;
}

static bool map_private(struct crowd *crowd)
{
    bool good = (crowd->private_root = new_page(crowd)) != 0;

    for (uint64_t at = 0; good && at < 0x400000; at += PAGE)
        good = map(crowd, crowd->private_root, 3, at, SLOTS + at);
    for (uint64_t at = 0; good && at < 0x2000; at += PAGE)
        good = map(crowd, crowd->private_root, 3, 0x400000 + at, DIRTY + at);
    write_dte(crowd, OWN_DEVICE, crowd->private_root, 3, HOST_DOMAIN, 0);
    return good;
}

/* Stage 2 of an active guest; the TransDevID and one device behind it. */
static bool make_active(struct crowd *crowd, unsigned index)
{
    uint64_t root = new_page(crowd), guest = UINT64_C(1) << 15 | (uint64_t)index << 32 | UINT64_C(0x10) << 16;
    bool good = root != 0;

    for (uint64_t gpa = RING_GPA; good && gpa <= DATA_GPA; gpa += PAGE) {
        uint64_t page = new_page(crowd);
        good = page && map(crowd, root, 1, gpa, page);
    }
    write_dte(crowd, IDS - 1 - index, root, 1, FIRST_DEVICE + index, 0);
    write_dte(crowd, FIRST_DEVICE + index, root, 1, FIRST_DEVICE + index, guest);
    return good;
}

/* ---------------------------------------------------------------- registers */

static bool set_register(struct crowd *crowd, const char *name, uint64_t value)
{
    const struct amdvi_register *reg = amdvi_register_find(name);

    return reg && amdvi_mmio_write(crowd->device, reg->offset, 8, value) == AMDVI_OK &&
           amdvi_run(crowd->device) == AMDVI_OK;
}

static uint64_t control_of(void)
{
    static const char *const on[] = {"IommuEn",  "CmdBufEn",    "Coherent",        "GTEn", "GAEn", "vCmdEn",
                                     "vIommuEn", "GCR3TRPMode", "GstBufferTRPMode"};
    const struct amdvi_layout *layout = amdvi_layout_find("reg_control");
    uint64_t value = 0;

    for (unsigned i = 0; i < sizeof(on) / sizeof(on[0]); i++)
        amdvi_field_set(amdvi_layout_field(layout, on[i]), &value, 1);
    return value;
}

static bool host_command(struct crowd *crowd, uint64_t low, uint64_t high)
{
    uint64_t *entry = words_at(crowd, HOST_RING + crowd->host_tail);

    entry[0] = low;
    entry[1] = high;
    crowd->host_tail = (crowd->host_tail + 16) % PAGE;
    return set_register(crowd, "cmd_tail", crowd->host_tail);
}

static bool vfc(struct crowd *crowd, unsigned id, uint64_t offset, uint64_t value)
{
    return amdvi_vfc_write(crowd->device, (uint16_t)id, offset, 8, value) == AMDVI_OK;
}

static enum amdvi_status create_device(struct crowd *crowd)
{
    struct amdvi_memory memory = {.context = crowd,
                                  .read = read_maps,
                                  .write = write_maps,
                                  .compare_exchange = exchange_maps,
                                  .direct = crowd->window,
                                  .direct_size = crowd->window_size};
    struct amdvi_allocator allocator = {crowd, count_allocate, count_release};
    struct amdvi_config *config;
    enum amdvi_status status = amdvi_config_create(&config);

    if (status == AMDVI_OK)
        status = amdvi_create(config, &memory, NULL, &allocator, &crowd->device);
    amdvi_config_destroy(config);
    return status;
}

/* ---------------------------------------------------------------- making guests */

/* 384 pages of maps of its own, behind the window. */
static bool map_maps(struct crowd *crowd, unsigned id)
{
    uint64_t spa = crowd->maps.base + (uint64_t)id * MAP_PAGES * PAGE;
    bool good = true;

    for (uint64_t i = 0; good && i < DEVICE_MAP_PAGES; i++)
        good =
            map(crowd, crowd->private_root, 3, device_maps + ((uint64_t)id << 20) + i * PAGE, spa + i * PAGE);
    spa += (uint64_t)DEVICE_MAP_PAGES * PAGE;
    for (uint64_t i = 0; good && i < DOMAIN_MAP_PAGES; i++)
        good =
            map(crowd, crowd->private_root, 3, domain_maps + ((uint64_t)id << 19) + i * PAGE, spa + i * PAGE);
    return good;
}

static bool fill_by_registers(struct crowd *crowd, unsigned id, uint64_t device, uint64_t domain)
{
    const uint64_t write = UINT64_C(1) << 63 | 1;
    bool good = true;

    for (uint64_t i = 0; good && i < IDS; i++)
        good = vfc(crowd, id, 8, write | i << 46 | domain << 14);
    for (uint64_t i = 0; good && i < IDS; i++)
        good = vfc(crowd, id, 0, write | i << 46 | device << 14);
    return good;
}

static bool fill_in_bulk(struct crowd *crowd, unsigned id, uint16_t device, uint16_t domain)
{
    return amdvi_guest_map_fill(crowd->device, (uint16_t)id, AMDVI_MAP_DOMAINS, 0, IDS, domain, 0, true) ==
               AMDVI_OK &&
           amdvi_guest_map_fill(crowd->device, (uint16_t)id, AMDVI_MAP_DEVICES, 0, IDS, device, 0, true) ==
               AMDVI_OK;
}

/* What a driver does for a new guest (viommu 9.4 step 2): RESET_VMMIO, TransDevID, maps, command buffer. */
static bool make_guest(struct crowd *crowd, unsigned id, bool by_registers)
{
    unsigned place = id % ACTIVE_MAX;
    uint16_t device = (uint16_t)(FIRST_DEVICE + place);

    return map_maps(crowd, id) && host_command(crowd, UINT64_C(10) << 60 | UINT64_C(0x90000000) | id, 0) &&
           vfc(crowd, id, 0x10, (uint64_t)(IDS - 1 - place) << 16) &&
           (by_registers ? fill_by_registers(crowd, id, device, device)
                         : fill_in_bulk(crowd, id, device, device)) &&
           vfc(crowd, id, 0x20, RING_GPA | 0x100 | RING_LEN);
}

/* Microseconds each; negative on failure. */
static double make_guests(struct crowd *crowd, bool by_registers)
{
    double begin = bench_seconds();

    for (unsigned id = 0; id < crowd->guests; id++)
        if (!make_guest(crowd, id, by_registers))
            return -1;
    return (bench_seconds() - begin) * 1e6 / crowd->guests;
}

static uint64_t window_room(unsigned guests, unsigned active)
{
    return FIRST_FREE + ((uint64_t)active * 4 + (uint64_t)guests * 3 / 4 + 512) * PAGE;
}

static bool set_up(struct crowd *crowd)
{
    crowd->window_size = window_room(crowd->guests, crowd->active);
    crowd->window = calloc(crowd->window_size / PAGE, PAGE);
    crowd->next = FIRST_FREE;
    if (!crowd->window ||
        !unit_memory_open(&crowd->maps, UINT64_C(1) << 44, (uint64_t)crowd->guests * MAP_PAGES) ||
        !map_private(crowd))
        return false;
    for (unsigned i = 0; i < crowd->active; i++)
        if (!make_active(crowd, i))
            return false;
    return create_device(crowd) == AMDVI_OK && set_register(crowd, "devtab_base", DEVICE_TABLE | 0x1ff) &&
           set_register(crowd, "cmd_base", HOST_RING | UINT64_C(8) << 56) &&
           set_register(crowd, "control", control_of());
}

static bool crowd_open(struct crowd *crowd, unsigned guests)
{
    memset(crowd, 0, sizeof(*crowd));
    crowd->guests = guests;
    crowd->active = guests < ACTIVE_MAX ? guests : ACTIVE_MAX;
    if (!set_up(crowd))
        return false;
    crowd->before_library = crowd->library;
    crowd->before_memory = crowd->next + crowd->maps.used;
    return true;
}

static void crowd_close(struct crowd *crowd)
{
    amdvi_destroy(crowd->device);
    unit_memory_close(&crowd->maps);
    free(crowd->window);
    crowd->device = NULL;
    crowd->window = NULL;
}

/* ---------------------------------------------------------------- commands */

static uint64_t ring_of(struct crowd *crowd, unsigned index)
{
    const uint64_t *dte = words_at(crowd, DEVICE_TABLE) + 4 * (uint64_t)(FIRST_DEVICE + index);

    return words_at(crowd, dte[0] & UINT64_C(0xffffffffff000))[RING_GPA / PAGE] & UINT64_C(0xffffffffff000);
}

static void fill_ring(struct crowd *crowd, unsigned index)
{
    uint64_t *entry = words_at(crowd, ring_of(crowd, index));

    for (unsigned i = 0; i < 1u << RING_LEN; i++, entry += 2) {
        bool wait = i % PER_DOORBELL == PER_DOORBELL - 1;
        entry[0] = wait ? UINT64_C(1) << 60 | STORE_GPA | 1 : UINT64_C(3) << 60 | (uint64_t)(1 + i) << 32 | 1;
        entry[1] = wait ? i : (uint64_t)i << 12 | 4;
    }
}

/* One doorbell of every active guest, then the device works. */
static bool command_round(struct crowd *crowd)
{
    crowd->guest_tail = (crowd->guest_tail + UINT64_C(16) * PER_DOORBELL) % (16u << RING_LEN);
    for (unsigned i = 0; i < crowd->active; i++)
        if (amdvi_vf_write(crowd->device, (uint16_t)i, 8, 8, crowd->guest_tail) != AMDVI_OK)
            return false;
    return amdvi_run(crowd->device) == AMDVI_OK;
}

static bool commands_done(const struct crowd *crowd, uint64_t *count)
{
    struct amdvi_statistics statistics;

    if (amdvi_get_statistics(crowd->device, &statistics) != AMDVI_OK)
        return false;
    *count = statistics.guest_commands;
    return true;
}

/* Nanoseconds a command; negative on failure. */
static double run_commands(struct crowd *crowd, double seconds)
{
    uint64_t before, after, rounds = 0;
    double begin, took;

    for (unsigned i = 0; i < crowd->active; i++)
        fill_ring(crowd, i);
    if (!command_round(crowd) || !commands_done(crowd, &before))
        return -1;
    begin = bench_seconds();
    do {
        if (!command_round(crowd))
            return -1;
        rounds++;
    } while ((took = bench_seconds() - begin) < seconds);
    if (!commands_done(crowd, &after) || after - before != rounds * PER_DOORBELL * crowd->active)
        return -1;
    return took * 1e9 / (double)(after - before);
}

/* One more doorbell of every active guest, under time. */
static bool run_timed(struct crowd *crowd, struct bench_crowd *r)
{
    struct guests_round round = {.active = crowd->active, .first_device = FIRST_DEVICE, .address = DATA_GPA};
    uint64_t before, after;

    round.tail = crowd->guest_tail = (crowd->guest_tail + UINT64_C(16) * PER_DOORBELL) % (16u << RING_LEN);
    if (!commands_done(crowd, &before) || !guests_timed(crowd->device, &round, r) ||
        !commands_done(crowd, &after) || after - before != (uint64_t)PER_DOORBELL * crowd->active)
        return false;
    r->timed_command_ns = r->timed_seconds * 1e9 / (double)(after - before);
    return true;
}

/* ---------------------------------------------------------------- translations */

static double run_hits(struct crowd *crowd, double seconds)
{
    struct amdvi_request request = {
        .device = FIRST_DEVICE, .op = AMDVI_READ, .address = DATA_GPA, .length = 64};
    struct amdvi_result result;
    uint64_t done = 0;
    double begin = bench_seconds(), took;

    do {
        for (unsigned i = 0; i < 65536; i++)
            if (amdvi_translate(crowd->device, &request, &result) != AMDVI_OK || !result.ok)
                return -1;
        done += 65536;
    } while ((took = bench_seconds() - begin) < seconds);
    return took * 1e9 / (double)done;
}

/* ---------------------------------------------------------------- all of it */

static uint64_t resident_bytes(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long long total = 0, resident = 0;

    if (!file)
        return 0;
    if (fscanf(file, "%llu %llu", &total, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool measure_driver(unsigned guests, double *us)
{
    struct crowd crowd;

    *us = crowd_open(&crowd, guests) ? make_guests(&crowd, true) : -1;
    crowd_close(&crowd);
    return *us >= 0;
}

static bool measure_one(double seconds, double *ns)
{
    struct crowd crowd;

    *ns = crowd_open(&crowd, 1) && make_guests(&crowd, false) >= 0 ? run_hits(&crowd, seconds) : -1;
    crowd_close(&crowd);
    return *ns >= 0;
}

static bool measure_all(struct crowd *crowd, double seconds, struct bench_crowd *r)
{
    r->bulk_us = make_guests(crowd, false);
    r->active = crowd->active;
    r->library_bytes = (double)(crowd->library - crowd->before_library) / crowd->guests;
    r->memory_bytes = (double)(crowd->next + crowd->maps.used - crowd->before_memory) / crowd->guests + 64;
    if (r->bulk_us < 0)
        return false;
    r->hit_ns = run_hits(crowd, seconds);
    r->commands_ns = r->hit_ns < 0 ? -1 : run_commands(crowd, seconds);
    r->commands_m_per_s = 1e3 / r->commands_ns;
    if (r->commands_ns <= 0 || !run_timed(crowd, r))
        return false;
    r->total_bytes = resident_bytes();
    return true;
}

bool bench_guests(unsigned guests, double seconds, struct bench_crowd *result, char *error, size_t size)
{
    struct crowd crowd = {0};
    const char *what = NULL;

    *result = (struct bench_crowd){.guests = guests};
    if (guests < 1 || guests > BENCH_GUESTS_MAX)
        what = "from 1 to 65536 guests";
    else if (guests <= DRIVER_MAX && !measure_driver(guests, &result->driver_us))
        what = "guests cannot be made by register writes";
    else if (!measure_one(seconds, &result->hit_one_ns))
        what = "one guest cannot be measured";
    else if (!crowd_open(&crowd, guests))
        what = "no room for the guests";
    else if (!measure_all(&crowd, seconds, result))
        what = "the measured code failed";
    crowd_close(&crowd);
    if (what)
        snprintf(error, size, "%s", what);
    return !what;
}
