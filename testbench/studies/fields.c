// SPDX-License-Identifier: Apache-2.0
/* What a workload can be told, and which kinds of workload listen. */
#include "testbench/studies/fields.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define KIND(name) (1u << WORKLOAD_##name)
#define ALL        (KIND(KINDS) - 1)
#define PACKETS    (KIND(NIC) | KIND(TENANTS))
#define DRIVERS    (KIND(NIC) | KIND(NVME))
#define SIMPLE     (KIND(REQUESTS) | KIND(UNMAPS))

#define FIELD(kinds, name, values, fallback, least, most, meaning)                                           \
    {                                                                                                        \
        {#name, values, fallback, least, most, meaning, kinds}, offsetof(struct workload, name)              \
    }

static const struct {
    struct workload_field public;
    size_t offset;
} fields[] = {
    FIELD(
        ALL, kind, "requests|unmaps|guests|nic|nvme|tenants|storm|flood|sweep|replay|dirty|page_requests", 0,
        0, WORKLOAD_KINDS - 1,
        "translations; pages used, unmapped and flushed; flushes of a guest, trapped and in hardware; rings "
        "of a network card; queues of disks; tenants on a link; guests that start at once; a guest that "
        "floods; devices one after the other; a trace; dirty bits that a migration reads; bursts of page "
        "requests, and a driver that reads their log"),
    FIELD(SIMPLE | KIND(FLOOD) | KIND(SWEEP) | KIND(DIRTY), pages, "", 4096, 1, 65536,
          "working set; of a guest, of a device"),
    FIELD(SIMPLE, order, "serial|random", 1, 0, 1, "of pages"),
    FIELD(SIMPLE, stride, "", 1, 1, 65536, "pages between two in order=serial"),
    FIELD(SIMPLE, neighbours, "", 0, 0, 1000, "of 1,000 requests: to another page of the last eight"),
    FIELD(SIMPLE | KIND(NVME), tables, "host|nested", 0, 0, 1, "by which pages are mapped"),
    FIELD(SIMPLE | DRIVERS | KIND(TENANTS), page, "4K|2M|1G", 0, 0, 2, "size of the host's pages"),
    FIELD(KIND(REQUESTS) | PACKETS | KIND(FLOOD) | KIND(SWEEP) | KIND(REPLAY) | KIND(DIRTY), outstanding, "",
          64, 1, 4096, "requests or packets at once; of a guest; with rate: the most"),
    FIELD(ALL & ~(KIND(UNMAPS) | KIND(GUESTS) | KIND(PAGE_REQUESTS)), ports, "", 4, 1, 64,
          "that requests come by, at most l1.ports: in turn, or by device"),
    FIELD(KIND(REQUESTS) | KIND(NVME) | KIND(SWEEP), devices, "", 1, 1, 4096,
          "that work at once; in requests they share the tables"),
    FIELD(KIND(REQUESTS) | PACKETS | KIND(SWEEP), bytes, "", 4096, 1, 4096, "of a request or packet"),
    FIELD(KIND(REQUESTS) | PACKETS, rate, "", 0, 0, 100000, "Gb/s of the link; 0: as fast as answers come"),
    FIELD(KIND(UNMAPS) | KIND(FLOOD), batch, "", 1, 1, 16384,
          "pages that one COMPLETION_WAIT is for; of the flooding guest at most 64"),
    FIELD(KIND(UNMAPS) | DRIVERS, keep_directories, "off|on", 0, 0, 1, "unmaps flush with PDE=0"),
    FIELD(KIND(UNMAPS) | DRIVERS | KIND(DIRTY), ranged, "off|on", 0, 0, 1,
          "one invalidation: of the whole domain a batch, of a range a descriptor or I/O, of all pages a "
          "sweep; off: one a page"),
    FIELD(KIND(GUESTS) | DRIVERS | KIND(STORM), processors, "", 1, 1, 256, "that flush, or drive"),
    FIELD(KIND(GUESTS) | KIND(FLOOD) | KIND(PAGE_REQUESTS), period, "", 200, 1, 1000000,
          "microseconds between flushes of one, or bursts, on average"),
    FIELD(DRIVERS, mapping, "strict|lazy|static|direct", 0, 0, 3,
          "flushed at each unmap; later, many at once; mapped once; passed through"),
    FIELD(DRIVERS, map_cost, "", 100, 0, 1000000, "ns of a processor to map a page"),
    FIELD(DRIVERS, unmap_cost, "", 100, 0, 1000000, "ns of a processor to unmap a page, without the flush"),
    FIELD(DRIVERS, lock_cost, "", 100, 0, 1000000, "ns for which a flush holds the lock of the command ring"),
    FIELD(DRIVERS, lazy_entries, "", 250, 1, 65536,
          "mapping=lazy: unmaps of a processor that it flushes at once"),
    FIELD(DRIVERS, lazy_time, "", 10000, 1, 10000000, "mapping=lazy: microseconds after which it flushes"),
    FIELD(KIND(NIC), rings, "", 8, 1, 256, "each with a processor: ring modulo processors"),
    FIELD(KIND(NIC), descriptors, "", 256, 1, 8192, "of a ring"),
    FIELD(KIND(NIC), descriptor_pages, "", 1, 1, 64, "of a descriptor, unmapped together"),
    FIELD(KIND(NIC), iova, "contiguous|scattered", 0, 0, 1, "addresses of a descriptor's pages"),
    FIELD(KIND(NIC), sizes, "fixed|mix", 0, 0, 1, "of packets: bytes, or 64, 576 and 1,500 as 7:4:1"),
    FIELD(KIND(NIC), buffer, "", 64, 0, 65536, "packets that wait in the card for a free place"),
    FIELD(KIND(NIC), packet_cost, "", 300, 0, 1000000, "ns of a processor for a packet"),
    FIELD(KIND(NVME), iommus, "", 1, 1, 64, "devices are spread over them"),
    FIELD(KIND(NVME), queue_depth, "", 32, 1, 1024, "I/Os of a device at once"),
    FIELD(KIND(NVME), io_pages, "", 1, 1, 256, "of an I/O"),
    FIELD(KIND(NVME), service, "", 10000, 0, 1000000000,
          "ns that a device takes for an I/O, besides translation"),
    FIELD(KIND(NVME), io_cost, "", 1000, 0, 1000000,
          "ns of a processor to submit an I/O, and to complete it"),
    FIELD(KIND(TENANTS), tenants, "", 16, 1, 4096, "each with a device, a domain and tables"),
    FIELD(KIND(TENANTS), full, "drop|wait", 0, 0, 1,
          "with `outstanding` packets under way: the next one's time passes, or it waits"),
    FIELD(KIND(TENANTS), data_pages, "", 32, 1, 256, "data buffers of a tenant, of 2 MiB or as `page` says"),
    FIELD(KIND(TENANTS), data_packets, "", 1500, 1, 1000000, "packets of a tenant that go to the same one"),
    FIELD(KIND(STORM) | KIND(FLOOD) | KIND(GUESTS), guests, "", 8, 1, 65535, "with HW-vIOMMU"),
    FIELD(KIND(STORM), map_write, "", 100, 0, 1000000,
          "ns of a processor for one write to an ID map, of 131,072"),
    FIELD(KIND(STORM), bulk, "off|on", 0, 0, 1, "ID maps are filled by writing memory, 8 bytes a nanosecond"),
    FIELD(KIND(STORM), touches, "", 16, 1, 4096, "pages that a new guest's device reads first"),
    FIELD(KIND(FLOOD), attacker, "none|pages|domains|host|faults", 0, 0, 4,
          "guest 0 floods its ring, or the host its own, or a device faults"),
    FIELD(KIND(FLOOD), weight, "", 1, 1, 65535, "turns of the other guests are so many times as long"),
    FIELD(KIND(FLOOD), cap, "", 0, 0, 1000000, "commands of the flooding guest in each cap_period; 0: all"),
    FIELD(KIND(FLOOD), cap_period, "", 10, 1, 1000000, "microseconds"),
    FIELD(KIND(SWEEP), device_stride, "", 1, 1, 256, "between DeviceIDs"),
    FIELD(SIMPLE, host_levels, "", 4, 3, 6, "levels of the host's tables"),
    FIELD(KIND(REQUESTS), guest_levels, "", 4, 4, 5, "levels of guest tables, with tables=nested"),
    FIELD(KIND(REQUESTS), glx, "", 0, 0, 2, "GCR3 tables have one level more than this"),
    FIELD(KIND(REQUESTS), atc, "off|on", 0, 0, 1,
          "the device has a translation cache (time.atc.*) and asks by ATS"),
    FIELD(KIND(UNMAPS) | KIND(DIRTY), domains, "", 1, 1, 16384,
          "of nested guests, in each of which a page is flushed"),
    FIELD(KIND(DIRTY), writes, "", 64, 1, 1000000, "of the device between two sweeps, each to a random page"),
    FIELD(KIND(DIRTY), scan_cost, "", 5, 0, 100000, "ns of a processor to read and clear the bit of a page"),
    FIELD(KIND(PAGE_REQUESTS), burst, "", 64, 1, 65536, "page requests one behind the other"),
    FIELD(KIND(PAGE_REQUESTS), log2_log, "", 8, 8, 15, "entries of the log, as a power of two"),
    FIELD(KIND(PAGE_REQUESTS), threshold, "", 0, 0, 32767,
          "entries at which the driver is interrupted (overflow early indicator); 0: at the first one"),
    FIELD(KIND(PAGE_REQUESTS), reaction, "", 10, 0, 1000000,
          "microseconds from the interrupt to the driver's first read"),
    FIELD(KIND(PAGE_REQUESTS), record_cost, "", 500, 0, 1000000, "ns of the driver to handle an entry"),
    FIELD(KIND(REPLAY), pace, "closed|open|recorded", 0, 0, 2,
          "requests one by one; as many at once as outstanding allows; at the times of the trace"),
    FIELD(KIND(REPLAY), stretch, "", 1000, 1, 1000000,
          "pace=recorded: thousandths of the times of the trace"),
};

enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };
_Static_assert((int)FIELDS <= (int)WORKLOAD_FIELDS, "more fields than WORKLOAD_FIELDS");

const struct workload_field *workload_field_at(size_t index)
{
    return index < FIELDS ? &fields[index].public : NULL;
}

uint64_t *workload_value(struct workload *workload, size_t index)
{
    return (uint64_t *)(void *)((char *)workload + fields[index].offset);
}

size_t workload_field_number(const char *name)
{
    size_t i = 0;

    while (i + 1 < FIELDS && strcmp(fields[i].public.name, name))
        i++;
    return i;
}

/* ---------------------------------------------------------------- contradictions */

enum { MOST_PAGES = 1 << 18 };

static uint64_t pages_of_rings(const struct workload *l)
{
    uint64_t more = l->mapping == MAPPING_LAZY ? l->lazy_entries : 0;

    return l->rings * (l->descriptors + more) * l->descriptor_pages;
}

struct contradiction {
    const char *field, *what;
};

static struct contradiction contradiction(const struct workload *l)
{
    struct contradiction none = {0};

    switch (l->kind) {
    case WORKLOAD_UNMAPS:
        if (l->tables != TABLES_HOST)
            return (struct contradiction){"tables", "kind=unmaps has host tables only"};
        if (l->domains * l->batch > 16384)
            return (struct contradiction){"domains", "times batch: more than the ring takes, 16,384"};
        return none;
    case WORKLOAD_NIC:
        if (!l->rate)
            return (struct contradiction){"rate", "kind=nic wants the rate of its link"};
        if (l->ranged && l->iova == IOVA_SCATTERED)
            return (struct contradiction){"ranged", "a range wants iova=contiguous"};
        if (pages_of_rings(l) > MOST_PAGES)
            return (struct contradiction){"descriptors", "more than 262,144 pages in all rings"};
        return none;
    case WORKLOAD_NVME:
        if (l->devices * l->queue_depth * l->io_pages > MOST_PAGES)
            return (struct contradiction){"devices", "more than 262,144 pages in all queues"};
        if (l->devices < l->iommus)
            return (struct contradiction){"iommus", "more than devices"};
        return none;
    case WORKLOAD_TENANTS:
        return l->rate ? none : (struct contradiction){"rate", "kind=tenants wants the rate of its link"};
    case WORKLOAD_FLOOD:
        if (l->batch > 64)
            return (struct contradiction){"batch", "kind=flood has a ring of 256 commands: at most 64"};
        return none;
    case WORKLOAD_SWEEP:
        if (l->devices * l->device_stride > 60000)
            return (struct contradiction){"device_stride", "the last DeviceID would be above 60,000"};
        return none;
    default:
        return none;
    }
}

static bool not_of_this_kind(const struct experiment *e, size_t *field, char *error, size_t size)
{
    const char *kind = fields[0].public.values;

    for (uint64_t i = 0; i < e->workload.kind; i++)
        kind += strcspn(kind, "|") + 1;
    for (size_t i = 0; i < FIELDS; i++) {
        if (!e->workload_set[i] || fields[i].public.kinds >> e->workload.kind & 1)
            continue;
        *field = i;
        snprintf(error, size, "workload.%s: kind=%.*s has no such field", fields[i].public.name,
                 (int)strcspn(kind, "|"), kind);
        return true;
    }
    return false;
}

static bool trace_is_wrong(const struct experiment *e, size_t *field, char *error, size_t size)
{
    bool replays = e->workload.kind == WORKLOAD_REPLAY;

    *field = 0; /* kind */
    if (replays == (*e->trace != 0))
        return false;
    snprintf(error, size, "workload.trace: %s",
             replays ? "kind=replay wants a file" : "only for kind=replay");
    return true;
}

bool experiment_check(const struct experiment *e, size_t *field, char *error, size_t size)
{
    struct contradiction c = contradiction(&e->workload);

    if (not_of_this_kind(e, field, error, size) || trace_is_wrong(e, field, error, size))
        return false;
    if (!c.field)
        return true;
    *field = workload_field_number(c.field);
    snprintf(error, size, "workload.%s: %s", c.field, c.what);
    return false;
}
