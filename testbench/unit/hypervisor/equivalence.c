// SPDX-License-Identifier: Apache-2.0
/*
 * The same guest on two machines: once its ring is run by the hardware, once by the VMM. All that the guest
 * and its devices see must be the same. Prints the exits by cause; the hardware's command path must have
 * none.
 *
 *     hypervisor-equivalence [--operations N] [--seed S]
 */
#include "testbench/hypervisor/workload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DEVICES = 3, TURN = 1024 };

#define BASE       UINT64_C(0x100000000)
#define RAM        (UINT64_C(128) << 20)
#define GUEST_GPA  UINT64_C(0x40000000)
#define GUEST_SIZE (UINT64_C(64) << 20)

struct sight {
    enum hv_sight kind;
    uint64_t value, extra;
};

struct sights {
    struct sight *items;
    size_t count, room;
};

struct machine {
    struct amdvi_config *config;
    struct amdvi_device *device;
    struct hv_memory *memory;
    struct hv_driver *driver;
    struct hv_vmm *vmm;
    struct hv_workload *workload;
    struct sights sights;
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

static void start(struct machine *m, enum hv_vmm_mode mode, uint64_t seed)
{
    static const uint16_t host[DEVICES] = {0x308, 0x400, 0x1028}, guest[DEVICES] = {0x10, 0x18, 0x80};
    struct hv_options options = {.devid = 2};
    struct hv_vmm_options vmm = {
        .mode = mode, .gpa = GUEST_GPA, .memory = GUEST_SIZE, .first = host[0], .first_guest = guest[0]};
    struct hv_workload_options work = {.seed = seed,
                                       .device_count = DEVICES,
                                       .gpa = GUEST_GPA,
                                       .bytes = GUEST_SIZE,
                                       .context = &m->sights,
                                       .sight = keep};
    struct amdvi_memory port;

    m->memory = hv_memory_create(BASE, RAM);
    if (!m->memory || amdvi_config_create(&m->config))
        die("out of memory");
    port = hv_memory_port(m->memory);
    if (amdvi_create(m->config, &port, NULL, NULL, &m->device))
        die("no device");
    check(hv_driver_create(m->device, m->memory, &options, &m->driver), "driver");
    for (unsigned i = 0; i < DEVICES; i++)
        check(hv_device_add(m->driver, host[i], i == 0), "device");
    check(hv_vmm_create(m->driver, &vmm, &m->vmm), "VMM");
    for (unsigned i = 0; i < DEVICES; i++)
        work.devices[i] = guest[i];
    for (unsigned i = 1; i < DEVICES; i++)
        check(hv_vmm_add_device(m->vmm, host[i], guest[i]), "guest device");
    check(hv_workload_create(m->vmm, &work, &m->workload), "workload");
}

static void finish(struct machine *m)
{
    hv_workload_destroy(m->workload);
    hv_vmm_destroy(m->vmm);
    hv_driver_destroy(m->driver);
    amdvi_destroy(m->device);
    amdvi_config_destroy(m->config);
    hv_memory_destroy(m->memory);
    free(m->sights.items);
}

static void run(struct machine *m, uint64_t operations)
{
    clock_t from = clock();

    check(hv_workload_run(m->workload, operations), "run");
    m->seconds += (double)(clock() - from) / CLOCKS_PER_SEC;
}

static bool same(const struct machine *a, const struct machine *b, uint64_t operations)
{
    for (size_t i = 0; i < a->sights.count && i < b->sights.count; i++) {
        const struct sight *x = &a->sights.items[i], *y = &b->sights.items[i];
        if (x->kind == y->kind && x->value == y->value && x->extra == y->extra)
            continue;
        fprintf(stderr,
                "before operation %" PRIu64 ", sight %zu: hardware %d %016" PRIx64 " %016" PRIx64
                ", mediated %d %016" PRIx64 " %016" PRIx64 "\n",
                operations, i, x->kind, x->value, x->extra, y->kind, y->value, y->extra);
        return false;
    }
    return a->sights.count == b->sights.count;
}

static void table(const struct machine *hardware, const struct machine *mediated)
{
    struct hv_workload_counts c = hv_workload_counts(hardware->workload);

    printf("%" PRIu64 " operations: %" PRIu64 " maps, %" PRIu64 " unmaps, %" PRIu64 " flushes, %" PRIu64
           " requests (%" PRIu64 " faults), %" PRIu64 " events, %" PRIu64 " page requests, %" PRIu64
           " address spaces, %" PRIu64 " moves, %" PRIu64 " mistakes; %" PRIu64 " commands, %" PRIu64
           " waits\n\n",
           c.operations, c.maps, c.unmaps, c.flushes, c.requests, c.faults, c.events, c.page_requests,
           c.spaces, c.moves, c.mistakes, c.commands, c.waits);
    printf("%-24s %12s %12s\n", "exits", "hardware", "mediated");
    for (unsigned i = 0; i < HV_EXITS; i++)
        printf("%-24s %12" PRIu64 " %12" PRIu64 "\n", hv_exit_text((enum hv_exit)i),
               hv_vmm_exits(hardware->vmm, (enum hv_exit)i), hv_vmm_exits(mediated->vmm, (enum hv_exit)i));
    printf("%-24s %12.2f %12.2f\n", "processor seconds", hardware->seconds, mediated->seconds);
}

/* Hot-plug of just the number that serves as TransDevID (viommu 9.4): the guest must not notice. */
static void disturb(struct machine *m, uint64_t turn)
{
    if (turn < 0x1000)
        check(hv_device_add(m->driver, (uint16_t)(0xffff - turn), false), "hot-plug");
}

static bool no_exits(const struct machine *m)
{
    return !hv_vmm_exits(m->vmm, HV_EXIT_RING_TAIL) && !hv_vmm_exits(m->vmm, HV_EXIT_RING_POLL) &&
           !hv_vmm_exits(m->vmm, HV_EXIT_LOG) && !hv_vmm_exits(m->vmm, HV_EXIT_INJECT);
}

static uint64_t argument(int argc, char **argv, const char *name, uint64_t fallback)
{
    for (int i = 1; i + 1 < argc; i++)
        if (!strcmp(argv[i], name))
            return strtoull(argv[i + 1], NULL, 0);
    return fallback;
}

int main(int argc, char **argv)
{
    static struct machine hardware, mediated;
    uint64_t operations = argument(argc, argv, "--operations", 100000),
             seed = argument(argc, argv, "--seed", 1);
    uint64_t done = 0, seen = 0;
    bool equal = true;

    start(&hardware, HV_VMM_HARDWARE, seed);
    start(&mediated, HV_VMM_MEDIATED, seed);
    while (done < operations && equal) {
        uint64_t turn = operations - done < TURN ? operations - done : TURN;
        run(&hardware, turn);
        run(&mediated, turn);
        disturb(&hardware, done / TURN);
        disturb(&mediated, done / TURN);
        done += turn;
        equal = same(&hardware, &mediated, done);
        seen += hardware.sights.count;
        hardware.sights.count = mediated.sights.count = 0;
    }
    table(&hardware, &mediated);
    equal = equal && no_exits(&hardware) && !hv_driver_unheard(hardware.driver);
    printf("\n%" PRIu64 " sights compared: %s\n", seen, equal ? "equal" : "DIFFERENT");
    finish(&hardware);
    finish(&mediated);
    return equal ? 0 : 1;
}
