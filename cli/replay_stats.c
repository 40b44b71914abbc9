// SPDX-License-Identifier: Apache-2.0
/* Figures of a replay, gathered through the observer. */
#include "cli/replay.h"

#include <stdlib.h>
#include <string.h>

#define COUNTER(name)                                                                                        \
    {                                                                                                        \
#name, offsetof(struct amdvi_statistics, name)                                                       \
    }

static const struct counter counters[] = {
    COUNTER(requests),
    COUNTER(passed),
    COUNTER(translated),
    COUNTER(faulted),
    COUNTER(interrupts),
    COUNTER(interrupts_remapped),
    COUNTER(interrupts_faulted),
    COUNTER(page_requests),
    COUNTER(ats_requests),
    COUNTER(dtc_hits),
    COUNTER(dtc_misses),
    COUNTER(ptc_hits),
    COUNTER(ptc_misses),
    COUNTER(pdc_hits),
    COUNTER(pdc_misses),
    COUNTER(gcr3_hits),
    COUNTER(gcr3_misses),
    COUNTER(itc_hits),
    COUNTER(itc_misses),
    COUNTER(walks),
    COUNTER(reads_dte),
    COUNTER(reads_host),
    COUNTER(reads_guest),
    COUNTER(reads_gcr3),
    COUNTER(reads_irte),
    COUNTER(updates),
    COUNTER(commands),
    COUNTER(completion_waits),
    COUNTER(invalidations),
    COUNTER(entries_invalidated),
    COUNTER(events),
    COUNTER(events_lost),
    COUNTER(ppr_entries),
    COUNTER(ga_entries),
    COUNTER(own_interrupts),
    COUNTER(guest_commands),
    COUNTER(parity_errors),
};

const struct counter *stats_counter(size_t index)
{
    return index < sizeof(counters) / sizeof(counters[0]) ? &counters[index] : NULL;
}

uint64_t stats_counter_value(const struct amdvi_statistics *statistics, const struct counter *counter)
{
    uint64_t value;

    memcpy(&value, (const char *)statistics + counter->offset, sizeof(value));
    return value;
}

bool stats_open(struct replay_stats *stats)
{
    stats->width = 1;
    stats->devices = calloc(DEVICES, sizeof(*stats->devices));
    return stats->devices != NULL;
}

void stats_close(struct replay_stats *stats)
{
    free(stats->devices);
    stats->devices = NULL;
}

void stats_access(struct replay_stats *stats, const struct amdvi_access_info *info)
{
    switch (info->access) {
    case AMDVI_ACCESS_DTE:
    case AMDVI_ACCESS_HOST_ENTRY:
    case AMDVI_ACCESS_GCR3_ENTRY:
    case AMDVI_ACCESS_GUEST_ENTRY:
        stats->reads += !info->write && !info->cached;
        break;
    default:
        break;
    }
}

static unsigned log2_of(uint64_t value)
{
    unsigned log2 = 0;

    while (value >>= 1)
        log2++;
    return log2;
}

void stats_request(struct replay_stats *stats, const struct amdvi_request *request,
                   const struct amdvi_result *result)
{
    struct device_counts *device = &stats->devices[request->device];

    if (!result->ok) {
        device->faulted++;
        stats->reasons[result->fault.reason]++;
    } else if (result->identity) {
        device->identity++;
    } else {
        device->translated++;
        stats->page_sizes[log2_of(result->size)]++;
    }
    stats->walk_reads[stats->reads < READ_BINS - 1 ? stats->reads : READ_BINS - 1]++;
    stats->reads = 0;
}

void stats_interrupt(struct replay_stats *stats, uint16_t requester, const struct amdvi_int_result *result)
{
    struct device_counts *device = &stats->devices[requester];

    device->interrupts++;
    device->interrupts_faulted += !result->ok;
    stats->reasons[result->fault.reason] += !result->ok;
    stats->reads = 0;
}

/* Log2 of the bytes that an address with the size bit names (6.3). */
static unsigned range_log2(uint64_t address, bool sized)
{
    unsigned bit = 12;

    if (!sized)
        return 12;
    while (bit < 64 && address >> bit & 1)
        bit++;
    return bit >= 51 ? SIZE_BINS - 1 : bit + 1;
}

void stats_command(struct replay_stats *stats, const struct amdvi_command_info *info)
{
    const struct amdvi_layout *layout = amdvi_layout_of_command((unsigned)(info->words[0] >> 60));

    if (!info->legal || !layout || strncmp(layout->title, "INVALIDATE_IO", 13) != 0)
        return;
    if (!amdvi_layout_field(layout, "Address"))
        stats->inv_sizes[SIZE_BINS - 1]++;
    else
        stats->inv_sizes[range_log2(field_value(layout, "Address", info->words),
                                    field_value(layout, "S", info->words))]++;
}

/* The number of records is not known beforehand: when the series is full, every second point goes. */
static void halve(struct replay_stats *stats)
{
    for (unsigned i = 0; i < SERIES / 2; i++) {
        stats->series[i] = stats->series[2 * i + 1];
        stats->series_ns[i] = stats->series_ns[2 * i + 1];
    }
    stats->points = SERIES / 2;
    stats->width *= 2;
}

void stats_record(struct replay_stats *stats, uint64_t records, uint64_t ns,
                  const struct amdvi_device *device)
{
    if (records % stats->width)
        return;
    if (stats->points == SERIES)
        halve(stats);
    if (records % stats->width)
        return;
    if (!device || amdvi_get_statistics(device, &stats->series[stats->points]) != AMDVI_OK)
        memset(&stats->series[stats->points], 0, sizeof(stats->series[0]));
    stats->series_ns[stats->points++] = ns;
}
