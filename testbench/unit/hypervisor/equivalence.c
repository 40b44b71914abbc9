// SPDX-License-Identifier: Apache-2.0
/*
 * The same guests on two machines: once their rings are run by the hardware, once by their VMMs. All that a
 * guest and its devices see must be the same, whoever else is on the machine and whenever its turn comes.
 * Prints the exits by cause; the hardware's command path must have none.
 *
 *     hypervisor-equivalence [--operations N] [--guests N] [--seed S]
 *
 * Operations are each guest's, 100,000 unless said otherwise; guests are 1 to 4, 2 unless said otherwise.
 */
#include "testbench/hypervisor/workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DEVICES = 3, GUESTS = 4, TURN = 64, DISTURBANCE = 32 };

#define BASE       UINT64_C(0x100000000)
#define RAM        (UINT64_C(192) << 20)
#define GUEST_GPA  UINT64_C(0x40000000)
#define GUEST_SIZE (UINT64_C(32) << 20)

struct sight {
    enum hv_sight kind;
    uint64_t value, extra;
};

struct sights {
    struct sight *items;
    size_t count, room;
};

struct guest {
    struct hv_vmm *vmm;
    struct hv_workload *workload;
    struct sights sights;
    uint64_t done;
};

struct machine {
    struct amdvi_config *config;
    struct amdvi_device *device;
    struct hv_memory *memory;
    struct hv_driver *driver;
    struct guest guests[GUESTS];
    double seconds;
};

static void die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static void keep(void *context, enum hv_sight kind, uint64_t value, uint64_t extra)
{
    struct sights *s = context;

    if (s->count == s->room) {
        s->room = s->room ? 2 * s->room : 4096;
        s->items = realloc(s->items, s->room * sizeof(*s->items));
        if (!s->items)
            die("out of memory");
    }
    s->items[s->count++] = (struct sight){.kind = kind, .value = value, .extra = extra};
}

static void check(enum hv_status status, const char *what)
{
    if (!status)
        return;
    fprintf(stderr, "%s: %s\n", what, hv_status_text(status));
    exit(1);
}

/* Devices of all guests, by host number; guests know theirs by the same numbers. */
static uint16_t host_device(unsigned guest, unsigned index)
{
    static const uint16_t first[DEVICES] = {0x308, 0x400, 0x1028};

    return (uint16_t)(first[index] + 8 * guest);
}

static void start_guest(struct machine *m, enum hv_vmm_mode mode, unsigned index, uint64_t seed)
{
    static const uint16_t numbers[DEVICES] = {0x10, 0x18, 0x80};
    struct guest *g = &m->guests[index];
    struct hv_vmm_options vmm = {.mode = mode,
                                 .gpa = GUEST_GPA,
                                 .memory = GUEST_SIZE,
                                 .first = host_device(index, 0),
                                 .first_guest = numbers[0],
                                 .tag = index};
    struct hv_workload_options work = {.seed = seed + index * UINT64_C(0x9e3779b97f4a7c15),
                                       .device_count = DEVICES,
                                       .gpa = GUEST_GPA,
                                       .bytes = GUEST_SIZE,
                                       .context = &g->sights,
                                       .sight = keep};

    for (unsigned i = 0; i < DEVICES; i++) {
        check(hv_device_add(m->driver, host_device(index, i), i == 0), "device");
        work.devices[i] = numbers[i];
    }
    check(hv_vmm_create(m->driver, &vmm, &g->vmm), "VMM");
    for (unsigned i = 1; i < DEVICES; i++)
        check(hv_vmm_add_device(g->vmm, host_device(index, i), numbers[i]), "guest device");
    check(hv_workload_create(g->vmm, &work, &g->workload), "workload");
}

static void start(struct machine *m, enum hv_vmm_mode mode, unsigned guests, uint64_t seed)
{
    struct hv_options options = {.devid = 2};
    struct amdvi_memory port;

    m->memory = hv_memory_create(BASE, RAM);
    if (!m->memory || amdvi_config_create(&m->config))
        die("out of memory");
    port = hv_memory_port(m->memory);
    if (amdvi_create(m->config, &port, NULL, NULL, &m->device))
        die("no device");
    check(hv_driver_create(m->device, m->memory, &options, &m->driver), "driver");
    for (unsigned i = 0; i < guests; i++)
        start_guest(m, mode, i, seed);
}

static void finish(struct machine *m)
{
    for (unsigned i = 0; i < GUESTS; i++) {
        hv_workload_destroy(m->guests[i].workload);
        hv_vmm_destroy(m->guests[i].vmm);
        free(m->guests[i].sights.items);
    }
    hv_driver_destroy(m->driver);
    amdvi_destroy(m->device);
    amdvi_config_destroy(m->config);
    hv_memory_destroy(m->memory);
}

static void run(struct machine *m, unsigned guest, uint64_t operations)
{
    clock_t from = clock();

    check(hv_workload_run(m->guests[guest].workload, operations), "run");
    m->guests[guest].done += operations;
    m->seconds += (double)(clock() - from) / CLOCKS_PER_SEC;
}

static bool same(const struct guest *a, const struct guest *b, unsigned index)
{
    for (size_t i = 0; i < a->sights.count && i < b->sights.count; i++) {
        const struct sight *x = &a->sights.items[i], *y = &b->sights.items[i];
        if (x->kind == y->kind && x->value == y->value && x->extra == y->extra)
            continue;
        fprintf(stderr,
                "guest %u, before operation %" PRIu64 ", sight %zu: hardware %d %016" PRIx64 " %016" PRIx64
                ", mediated %d %016" PRIx64 " %016" PRIx64 "\n",
                index, a->done, i, x->kind, x->value, x->extra, y->kind, y->value, y->extra);
        return false;
    }
    return a->sights.count == b->sights.count;
}

static uint64_t exits(const struct machine *m, unsigned cause)
{
    uint64_t all = 0;

    for (unsigned i = 0; i < GUESTS && m->guests[i].vmm; i++)
        all += hv_vmm_exits(m->guests[i].vmm, (enum hv_exit)cause);
    return all;
}

static void table(const struct machine *hardware, const struct machine *mediated)
{
    for (unsigned i = 0; i < GUESTS && hardware->guests[i].vmm; i++) {
        struct hv_workload_counts c = hv_workload_counts(hardware->guests[i].workload);
        printf("guest %u, %" PRIu64 " operations: %" PRIu64 " maps, %" PRIu64 " unmaps, %" PRIu64
               " flushes, %" PRIu64 " requests (%" PRIu64 " faults), %" PRIu64 " events, %" PRIu64
               " page requests, %" PRIu64 " address spaces, %" PRIu64 " moves, ",
               i, c.operations, c.maps, c.unmaps, c.flushes, c.requests, c.faults, c.events, c.page_requests,
               c.spaces, c.moves);
        printf("%" PRIu64 " mistakes, %" PRIu64 " overflows, %" PRIu64 " blocks, %" PRIu64
               " stray commands; %" PRIu64 " commands, %" PRIu64 " waits\n",
               c.mistakes, c.overflows, c.blocks, c.strays, c.commands, c.waits);
    }
    printf("\n%-24s %12s %12s\n", "exits", "hardware", "mediated");
    for (unsigned i = 0; i < HV_EXITS; i++)
        printf("%-24s %12" PRIu64 " %12" PRIu64 "\n", hv_exit_text((enum hv_exit)i), exits(hardware, i),
               exits(mediated, i));
    printf("%-24s %12.2f %12.2f\n", "processor seconds", hardware->seconds, mediated->seconds);
}

/* Hot-plug of just the number that serves as TransDevID (viommu 9.4): the guest must not notice. */
static void disturb(struct machine *m, uint64_t turn)
{
    if (turn % DISTURBANCE == 0 && turn / DISTURBANCE < 0x1000)
        check(hv_device_add(m->driver, (uint16_t)(0xffff - turn / DISTURBANCE), false), "hot-plug");
}

static bool no_exits(const struct machine *m)
{
    return !exits(m, HV_EXIT_RING_TAIL) && !exits(m, HV_EXIT_RING_POLL) && !exits(m, HV_EXIT_LOG) &&
           !exits(m, HV_EXIT_INJECT);
}

static uint64_t argument(int argc, char **argv, const char *name, uint64_t fallback)
{
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], name))
            return strtoull(argv[i + 1], NULL, 0);
    return fallback;
}

/* Whose turn it is, and for how many operations: both machines' guests take the same turns. */
static unsigned pick(uint64_t *random, unsigned guests, uint64_t *operations)
{
    *random = *random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    *operations = 1 + (*random >> 40) % TURN;
    return (unsigned)((*random >> 33) % guests);
}

/* Turns until every guest has done its operations; true while all sights are the same. */
static bool compare(struct machine *hardware, struct machine *mediated, unsigned guests, uint64_t operations,
                    uint64_t random, uint64_t *seen)
{
    uint64_t left = operations * guests, count;

    for (uint64_t turn = 0; left; turn++) {
        unsigned i = pick(&random, guests, &count);
        struct guest *a = &hardware->guests[i], *b = &mediated->guests[i];
        if (count > operations - a->done)
            count = operations - a->done;
        run(hardware, i, count);
        run(mediated, i, count);
        disturb(hardware, turn);
        disturb(mediated, turn);
        left -= count;
        *seen += a->sights.count;
        if (!same(a, b, i))
            return false;
        a->sights.count = b->sights.count = 0;
    }
    return true;
}

int main(int argc, char **argv)
{
    static struct machine hardware, mediated;
    uint64_t operations = argument(argc, argv, "--operations", 100000),
             seed = argument(argc, argv, "--seed", 1), guests = argument(argc, argv, "--guests", 2), seen = 0;
    bool equal;

    if (guests < 1 || guests > GUESTS)
        die("--guests: from 1 to 4");
    start(&hardware, HV_VMM_HARDWARE, (unsigned)guests, seed);
    start(&mediated, HV_VMM_MEDIATED, (unsigned)guests, seed);
    equal = compare(&hardware, &mediated, (unsigned)guests, operations, seed, &seen);
    table(&hardware, &mediated);
    equal = equal && no_exits(&hardware) && !hv_driver_unheard(hardware.driver);
    printf("\nseed %" PRIu64 ", %" PRIu64 " sights compared: %s\n", seed, seen,
           equal ? "equal" : "DIFFERENT");
    finish(&hardware);
    finish(&mediated);
    return equal ? 0 : 1;
}
