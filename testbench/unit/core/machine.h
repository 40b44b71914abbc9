// SPDX-License-Identifier: Apache-2.0
/*
 * A device with flat memory and callbacks that count, record and fail on demand.
 *
 * Layouts are typed from the reference here, not taken from the library's accessors: a wrong bit number in
 * the layout descriptions must not hide itself.
 */
#ifndef AMDVI_TEST_CORE_MACHINE_H
#define AMDVI_TEST_CORE_MACHINE_H

#include "amdvi/amdvi.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

enum {
    MEMORY_BYTES = 0x800000,
    DEV_TABLE = 0x100000,
    CMD_RING = 0x400000,
    EVT_RING = 0x410000,
    PPR_RING = 0x420000,
    GA_RING = 0x430000,
    STORE = 0x440000,
    INT_TABLE = 0x450000,
    TABLES = 0x500000,
    DEV = 0x100,
    DOM = 0x21,
    IOVA = 0x7000,
    PAGE = 0x600000,
    RECORDS = 64,
};

/* Register offsets (2.1) and control bits (2.4). */
enum {
    R_DEVTAB = 0x0,
    R_CMD = 0x8,
    R_EVT = 0x10,
    R_CONTROL = 0x18,
    R_PPR = 0x38,
    R_GA = 0xe0,
    R_CMD_HEAD = 0x2000,
    R_CMD_TAIL = 0x2008,
    R_EVT_HEAD = 0x2010,
    R_EVT_TAIL = 0x2018,
    R_STATUS = 0x2020,
    R_PPR_HEAD = 0x2030,
    R_PPR_TAIL = 0x2038,
    R_GA_HEAD = 0x2040,
    R_GA_TAIL = 0x2048,
};

#define C_IOMMU   UINT64_C(1)
#define C_EVENTS  (UINT64_C(1) << 2)
#define C_EVTINT  (UINT64_C(1) << 3)
#define C_WAITINT (UINT64_C(1) << 4)
#define C_CMD     (UINT64_C(1) << 12)
#define C_PPRLOG  (UINT64_C(1) << 13)
#define C_PPRINT  (UINT64_C(1) << 14)
#define C_PPR     (UINT64_C(1) << 15)
#define C_GT      (UINT64_C(1) << 16)
#define C_GA      (UINT64_C(1) << 17)
#define C_GAM     (UINT64_C(1) << 25)
#define C_GALOG   (UINT64_C(1) << 28)
#define C_GAINT   (UINT64_C(1) << 29)
#define C_TRP     (UINT64_C(1) << 58)
#define C_NORMAL  (C_IOMMU | C_EVENTS | C_CMD | UINT64_C(0x400))

/* Device table entry bits (3.2). */
#define D_V  UINT64_C(1)
#define D_TV UINT64_C(2)
#define D_GV (UINT64_C(1) << 55)
#define D_RW (UINT64_C(3) << 61)
#define D_OK (D_V | D_TV | D_RW)

/* v1 entries (4.2), v2 entries (5.3). */
#define V1_RW (UINT64_C(3) << 61)

struct machine {
    uint8_t *bytes;
    struct amdvi_device *device;
    struct amdvi_config *config;
    unsigned reads, writes, exchanges, accesses;
    unsigned fail_at; /* number of the access that fails, from 1; 0: none */
    enum amdvi_memory_result failure;
    uint64_t failed_address;
    /* Runs before a compare-exchange. */
    void (*race)(struct machine *machine, uint64_t address);
    void *race_context;

    struct amdvi_irq irq[RECORDS];
    unsigned irqs;
    struct amdvi_atc_invalidation atc[RECORDS];
    unsigned atcs;
    enum amdvi_atc_answer atc_answer;
    struct amdvi_prg_response prg[RECORDS];
    unsigned prgs;

    /* The library's own memory. */
    unsigned allocations, allocate_fail_at, live;
    uint64_t next_table;
};

/* `settings`: "key=value key=value". */
void machine_open(struct machine *m, const char *settings);
/* Memory by callbacks or, with direct=true, through the window. */
void machine_open_as(struct machine *m, const char *settings, bool direct);
void machine_close(struct machine *m);
struct amdvi_memory machine_memory(struct machine *m);
struct amdvi_callbacks machine_callbacks(struct machine *m);
struct amdvi_allocator machine_allocator(struct machine *m);
struct amdvi_config *config_of(const char *settings);

void put64(struct machine *m, uint64_t address, uint64_t value);
uint64_t get64(const struct machine *m, uint64_t address);
void reg(struct machine *m, uint64_t offset, uint64_t value);
uint64_t reg_of(struct machine *m, uint64_t offset);

/* Rings, device table, control. */
void boot(struct machine *m, uint64_t control);
void dte(struct machine *m, uint16_t device, uint64_t q0, uint64_t q1, uint64_t q2);
uint64_t new_table(struct machine *m);
/* A three-level host table that maps IOVA to PAGE; returns the address of its level-1 table. */
uint64_t map_host(struct machine *m, uint16_t device, uint64_t q0, uint64_t q1);
/* GCR3 and a four-level guest table of PASID 5 and 0 that maps IOVA to PAGE; returns its level-1 table. */
uint64_t map_guest(struct machine *m, uint16_t device, uint64_t q0, uint64_t q1);

void command(struct machine *m, uint64_t low, uint64_t high);
struct amdvi_result ask(struct machine *m, enum amdvi_op op, uint64_t address);
struct amdvi_result ask_as(struct machine *m, const struct amdvi_request *request);
struct amdvi_int_result interrupt(struct machine *m, uint32_t data);
uint64_t event_word(const struct machine *m, unsigned index, unsigned word);

/* Seed of random tests: AMDVI_TEST_SEED or a fixed one, printed when a test fails. */
uint64_t test_seed(void);
uint64_t next_random(uint64_t *state);
int run_suite(Suite *suite);

#endif
