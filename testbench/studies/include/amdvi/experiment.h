// SPDX-License-Identifier: Apache-2.0
/*
 * Experiments under time (`amdvi run`): a device, parameters, a workload, how long, from which seed. Each
 * part is set by a name and a text, from a file or from a command line: name, seed, warm_up, length, report;
 * device.KEY; silicon.REGISTER; time.preset, time.PARAMETER; workload.NAME. Equal settings give equal results
 * on every machine.
 */
#ifndef AMDVI_EXPERIMENT_H
#define AMDVI_EXPERIMENT_H

#include <amdvi/timed.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    EXPERIMENT_KEYS = 32,
    EXPERIMENT_TEXT = 64,
    EXPERIMENT_PATH = 512,
    EXPERIMENT_METRICS = 192,
    WORKLOAD_FIELDS = 80
};

enum workload_kind {
    WORKLOAD_REQUESTS,
    WORKLOAD_UNMAPS,
    WORKLOAD_GUESTS,
    WORKLOAD_NIC,
    WORKLOAD_NVME,
    WORKLOAD_TENANTS,
    WORKLOAD_STORM,
    WORKLOAD_FLOOD,
    WORKLOAD_SWEEP,
    WORKLOAD_REPLAY,
    WORKLOAD_DIRTY,
    WORKLOAD_PAGE_REQUESTS,
    WORKLOAD_KINDS
};
enum workload_order { ORDER_SERIAL, ORDER_RANDOM };
enum workload_tables { TABLES_HOST, TABLES_BOTH };
enum workload_page { PAGE_4K, PAGE_2M, PAGE_1G };
enum workload_mapping { MAPPING_STRICT, MAPPING_LAZY, MAPPING_STATIC, MAPPING_DIRECT };
enum workload_iova { IOVA_CONTIGUOUS, IOVA_SCATTERED };
enum workload_sizes { SIZES_FIXED, SIZES_MIX };
enum workload_pace { PACE_CLOSED, PACE_OPEN, PACE_RECORDED };
enum workload_full { FULL_DROP, FULL_WAIT };
enum workload_attacker { ATTACKER_NONE, ATTACKER_PAGES, ATTACKER_DOMAINS, ATTACKER_HOST, ATTACKER_FAULTS };

/* Numbers of a workload, as its names say; see workload_field_at(). */
struct workload {
    uint64_t kind, pages, order, stride, neighbours, tables, page;
    uint64_t outstanding, ports, devices, bytes, rate;
    uint64_t batch, keep_directories, ranged;
    uint64_t processors, period;
    uint64_t mapping, map_cost, unmap_cost, lock_cost, lazy_entries, lazy_time;
    uint64_t rings, descriptors, descriptor_pages, iova, sizes, buffer, packet_cost;
    uint64_t iommus, queue_depth, io_pages, service, io_cost;
    uint64_t tenants, full, data_pages, data_packets;
    uint64_t guests, map_write, bulk, touches;
    uint64_t attacker, device_stride;
    uint64_t weight, cap, cap_period;
    uint64_t pace, stretch;
    uint64_t host_levels, guest_levels, glx, atc, domains;
    uint64_t writes, scan_cost;
    uint64_t burst, log2_log, threshold, reaction, record_cost;
};

struct workload_field {
    const char *name;
    const char *values; /* of a choice, with | between them; else empty */
    uint64_t fallback, least, most;
    const char *meaning;
    uint32_t kinds; /* bit N: kind number N has it */
};

/* Number `index`, from 0; null after the last one. */
const struct workload_field *workload_field_at(size_t index);

struct experiment_result;
struct ledger;

/* Told how far a run is, each time that one of its operations has ended. Changes no result. */
struct experiment_watch {
    void (*tell)(void *context, double share); /* 0 to 1; never less than before in a run */
    void *context;
    uint64_t done, total; /* operations: the run's own */
};

struct experiment {
    char name[EXPERIMENT_TEXT];
    char report[EXPERIMENT_TEXT]; /* the metric that a sensitivity analysis follows */
    char keys[EXPERIMENT_KEYS][2][EXPERIMENT_TEXT];
    unsigned key_count;
    struct amdvi_timed_parameters parameters;
    char preset[EXPERIMENT_TEXT];    /* empty: generic */
    char latencies[EXPERIMENT_PATH]; /* a file of memory's latencies; empty: as the parameters say */
    bool latencies_in_turn;          /* one after the other, not drawn */
    bool time_set[AMDVI_TIMED_PARAMETERS_MAX]; /* by number: given, and so no preset changes it */
    uint64_t warm_up, length, seed;
    struct workload workload;
    char trace[EXPERIMENT_PATH];        /* kind=replay: the file */
    struct ledger *ledger;              /* null: no details */
    struct experiment_watch *watch;     /* null: nobody waits */
    bool workload_set[WORKLOAD_FIELDS]; /* by number: given, not only its default */
};

/* Registers of silicon that the fields silicon.NAME take, from 0; null after the last one. */
const char *silicon_register_at(size_t index);

void experiment_init(struct experiment *experiment);
/* False: `error` says what is wrong and what is allowed; nothing has changed. */
bool experiment_set(struct experiment *experiment, const char *path, const char *value, char *error,
                    size_t size);
/* False: fields contradict each other; `error` begins with the field, `*field` is its number. */
bool experiment_check(const struct experiment *experiment, size_t *field, char *error, size_t size);
/* Reads a YAML file over what is there; `error` begins with file and line. */
bool experiment_read(struct experiment *experiment, const char *file, char *error, size_t size);

/* Who took how long, when `ledger` of the experiment is set; see experiment_ledger_open(). */
enum experiment_detail_kind {
    EXPERIMENT_DEVICE,
    EXPERIMENT_DOMAIN,
    EXPERIMENT_GUEST,
    EXPERIMENT_COMMAND,
    EXPERIMENT_DETAIL_KINDS
};

enum { EXPERIMENT_SHARES = 6 };
struct experiment_share {
    const char *name; /* "p50" to "p99_99", "max" */
    uint32_t ppm;
};
extern const struct experiment_share experiment_shares[EXPERIMENT_SHARES];

struct experiment_latency {
    uint64_t count;
    double mean_ns, share_ns[EXPERIMENT_SHARES];
};

/* Requests of a device, domain or guest; commands of a kind, from their ring's doorbell to their execution.
 */
struct experiment_detail {
    enum experiment_detail_kind kind;
    uint32_t id;            /* DeviceID, DomainID, GuestID, command code */
    uint32_t domain, guest; /* of a device */
    bool has_guest, of_guests;
    uint64_t faults, reads; /* of requests */
    struct experiment_latency latency;
};

struct experiment_queue {
    const char *name;
    double waiting_mean, in_use_mean;
    struct experiment_latency wait; /* of credits: count and mean only */
};

enum experiment_hold {
    EXPERIMENT_HOLD_PORTS,
    EXPERIMENT_HOLD_WALKERS,
    EXPERIMENT_HOLD_CREDITS,
    EXPERIMENT_HOLD_MEMORY,
    EXPERIMENT_HOLD_REST, /* arrays, links, walks and lines of others */
    EXPERIMENT_HOLDS
};

enum { EXPERIMENT_QUEUES = 6, EXPERIMENT_EVENTS = 24 };

struct experiment_details {
    double since_us, until_us; /* what was measured, without warm-up */
    struct experiment_detail *rows;
    size_t row_count;
    struct experiment_queue queues[EXPERIMENT_QUEUES];
    unsigned queue_count;
    double hold_us[EXPERIMENT_HOLDS];   /* of all requests together */
    uint64_t events[EXPERIMENT_EVENTS]; /* Linux's amd_iommu events, number 1 first */
};

/* Keeps details, and with `write` draws a timeline (see amdvi/trace_export.h); the first IOMMU's. An
 * experiment with a ledger runs once. False: no memory. */
struct ledger;
bool experiment_ledger_open(struct experiment *experiment,
                            int (*write)(void *context, const void *bytes, size_t length), void *context);
/* Frees the ledger, and the result's details. False: the timeline is not complete, or details are missing. */
bool experiment_ledger_close(struct experiment *experiment, struct experiment_result *result);

struct metric {
    char name[EXPERIMENT_TEXT]; /* with its unit: latency_p99_ns */
    double value;
};

struct experiment_result {
    struct metric metrics[EXPERIMENT_METRICS];
    unsigned count;
    struct experiment_details details;
    char problem[512]; /* of a run that failed; empty: nothing special */
};

bool experiment_run(const struct experiment *experiment, struct experiment_result *result, char *error,
                    size_t size);
/* Null: there is none of that name. */
const struct metric *experiment_metric(const struct experiment_result *result, const char *name);

/* What single commands and translations take with the experiment's device and parameters, nanoseconds. */
struct experiment_cost {
    const char *name;
    double cold, warm;
};

enum { EXPERIMENT_COSTS = 32 };

/* False: a device cannot be made, or a command fails. */
bool experiment_costs(const struct experiment *experiment, struct experiment_cost costs[EXPERIMENT_COSTS],
                      unsigned *count);

#ifdef __cplusplus
}
#endif

#endif
