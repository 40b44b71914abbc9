// SPDX-License-Identifier: Apache-2.0
/*
 * A device with three guests: private space, maps, nested tables, rings and logs, interrupts. Each guest has
 * 64 KiB of memory of its own, laid out alike. Without a test framework, so that fuzzers use it, too.
 *
 * Bits are typed from the reference here, not taken from the library's accessors.
 */
#ifndef AMDVI_TEST_GUESTS_WORLD_H
#define AMDVI_TEST_GUESTS_WORLD_H

#include "amdvi/amdvi.h"

enum { WORLD_GUESTS = 3, DEVICES_EACH = 2, PAGE_BYTES = 4096, WORLD_BYTES = 0x80000 };

/* Host memory. */
enum {
    H_CMD = 0x1000,
    H_EVT = 0x2000,
    H_PPR = 0x3000,
    H_GA = 0x4000,
    H_STORE = 0x5000,
    H_INT_L1 = 0x6000,
    H_DEVTAB = 0x8000, /* 1,024 devices */
    H_INT_L2 = 0x10000,
    H_VAPIC = 0x14000,
    H_TABLES = 0x18000,
    H_GUESTS = 0x50000,
    GUEST_BYTES = 0x10000,
};

/* A guest's memory, by GPA. */
enum {
    G_GCR3 = 0x1000,
    G_TABLES = 0x2000, /* levels 4 to 1 */
    G_LEAF = 0x5000,
    G_CMD = 0x6000,
    G_EVT = 0x7000,
    G_EVT_B = 0x8000,
    G_PPR = 0x9000,
    G_PPR_B = 0xa000,
    G_STORE = 0xb000,
    G_DATA = 0xc000,      /* 4 pages */
    G_IOVA = 0x15000,     /* where they are seen by the guest's devices, with PASID */
    G_LONG_CMD = 0x80000, /* the page of the ring again and again: a ring of 512 KiB */
    G_PASID = 1,
    RING_ENTRIES = 256,
    LONG_RING_ENTRIES = 32768,
};

/* Registers: host, VF, VF Control. */
enum {
    R_CONTROL = 0x18,
    R_CMD_TAIL = 0x2008,
    R_EVT_TAIL = 0x2018,
    R_STATUS = 0x2020,
    R_PPR_TAIL = 0x2038,
    R_GA_TAIL = 0x2048
};
enum {
    VF_HEAD = 0x0,
    VF_TAIL = 0x8,
    VF_EVT_HEAD = 0x10,
    VF_EVT_TAIL = 0x18,
    VF_STATUS = 0x20,
    VF_PPR_HEAD = 0x30,
    VF_PPR_TAIL = 0x38,
    VF_PPR_B_HEAD = 0x50,
    VF_PPR_B_TAIL = 0x58,
    VF_EVT_B_HEAD = 0x70,
    VF_EVT_B_TAIL = 0x78,
    VF_END = 0x98,
};
enum {
    VFC_DEVICES = 0x0,
    VFC_DOMAINS = 0x8,
    VFC_MISC = 0x10,
    VFC_EVT_B = 0x18,
    VFC_CMD = 0x20,
    VFC_EVT = 0x28,
    VFC_PPR = 0x30,
    VFC_PPR_B = 0x38,
};

#define C_IOMMU  UINT64_C(1)
#define C_VCMD   (UINT64_C(1) << 52)
#define C_VIOMMU (UINT64_C(1) << 53)
#define C_BY_GPA (UINT64_C(1) << 60)

enum vf_bit {
    S_EVT_OVERFLOW = 1,
    S_EVT_INT = 2,
    S_WAIT_INT = 4,
    S_EVT_RUN = 8,
    S_CMD_RUN = 16,
    S_PPR_OVERFLOW = 32,
    S_PPR_INT = 64,
    S_PPR_RUN = 128,
};

enum { OWN_DEVICE = 2, OWN_DOMAIN = 0x15 };

struct world_notes {
    void *context;
    void (*irq)(void *context, const struct amdvi_irq *irq);
    enum amdvi_atc_answer (*atc)(void *context, const struct amdvi_atc_invalidation *invalidation);
    void (*prg)(void *context, const struct amdvi_prg_response *response);
};

struct world {
    uint8_t *bytes;
    uint8_t touched[WORLD_BYTES / PAGE_BYTES]; /* pages written since world_mark() */
    uint64_t reads;                            /* of the device, from memory */
    uint64_t runs;
    struct amdvi_config *config;
    struct amdvi_device *device;
    bool by_gpa; /* GstBufferTRPMode */
    uint64_t control, next_table, private_root;
    uint64_t slot_page, slot_page_high, dirty_page;
    uint64_t device_map[WORLD_GUESTS], domain_map[WORLD_GUESTS], roots[WORLD_GUESTS];
    struct world_notes notes;
    unsigned allocations, live_blocks; /* of the device: asked for until now, and not yet given back */
    unsigned allocation_fails;         /* the one that gets nothing; 0: none */
};

/* `settings`: "key=value key=value"; null: the defaults. Ends the program when something cannot be set up. */
void world_open(struct world *w, const char *settings, bool by_gpa);
/* Without the guests' registers. */
void world_open_bare(struct world *w, const char *settings, bool by_gpa);
void world_close(struct world *w);
/* As it was after amdvi_create(), but with the tables in memory: rings, control, guests. */
void world_start(struct world *w);
void world_start_guest(struct world *w, unsigned g);

uint16_t guest_id(unsigned g);
uint16_t trans_device(unsigned g);
uint16_t trans_domain(unsigned g);
uint16_t host_device(unsigned g, unsigned which);
uint16_t host_domain(unsigned g, unsigned which);
uint16_t guest_device(unsigned which);
uint16_t guest_domain(unsigned which);
/* The guest whose device or domain this is, or WORLD_GUESTS. */
unsigned owner_of_device(uint16_t device);
unsigned owner_of_domain(uint16_t domain);

/* SPA of a guest's GPA. */
uint64_t guest_spa(unsigned g, uint64_t gpa);
void put64(struct world *w, uint64_t spa, uint64_t value);
uint64_t get64(const struct world *w, uint64_t spa);
void guest_put64(struct world *w, unsigned g, uint64_t gpa, uint64_t value);
uint64_t guest_get64(const struct world *w, unsigned g, uint64_t gpa);
/* One more page of a v1 table of `levels` levels. */
void world_map(struct world *w, uint64_t root, unsigned levels, uint64_t address, uint64_t spa);
uint64_t world_page(struct world *w);
void world_dte(struct world *w, uint16_t device, const uint64_t words[4]);
/* Areas of the private space (viommu 2.1) that a guest uses; the page of register slots is shared with others
 * but for the second guest, that of dirty status by all. The device hears of it by flush_private(). */
enum world_area { AREA_DEVICE_MAP, AREA_DOMAIN_MAP, AREA_SLOTS, AREA_DIRTY, WORLD_AREAS };
void world_private_area(struct world *w, unsigned g, enum world_area which, bool mapped);
/* The nested entry of a guest's device; that of its TransDevID. */
void world_guest_dte(struct world *w, unsigned g, unsigned which);
void world_trans_dte(struct world *w, unsigned g, uint16_t device);

void world_run(struct world *w);
uint64_t reg_read(struct world *w, uint64_t offset);
void reg_write(struct world *w, uint64_t offset, uint64_t value);
uint64_t vf_read(struct world *w, unsigned g, uint64_t offset);
void vf_write(struct world *w, unsigned g, uint64_t offset, uint64_t value);
uint64_t vfc_read(struct world *w, unsigned g, uint64_t offset);
void vfc_write(struct world *w, unsigned g, uint64_t offset, uint64_t value);
/* VF Control values as world_start_guest() writes them. */
uint64_t command_control(void);
uint64_t long_command_control(void);
uint64_t event_control(void);
uint64_t ppr_control(void);
void map_device_id(struct world *w, unsigned g, uint16_t guest, uint16_t host, uint16_t queue);
void map_domain_id(struct world *w, unsigned g, uint16_t guest, uint16_t host);

/* Puts a command into the guest's ring and moves its tail; a host command. */
void guest_command(struct world *w, unsigned g, uint64_t low, uint64_t high);
void guest_put_command(struct world *w, unsigned g, unsigned index, uint64_t low, uint64_t high);
void host_command(struct world *w, uint64_t low, uint64_t high);
/* INVALIDATE_IOMMU_PAGES of everything in the private space's domain. */
void flush_private(struct world *w);
/* Words of COMPLETION_WAIT with a store of `value` to `gpa`; INVALIDATE_IOMMU_PAGES of everything with GN. */
void wait_words(uint64_t gpa, uint64_t value, uint64_t words[2]);
void guest_wait(struct world *w, unsigned g, uint64_t gpa, uint64_t value);
void guest_flush(struct world *w, unsigned g, uint16_t domain);

struct amdvi_result guest_ask(struct world *w, unsigned g, unsigned which, enum amdvi_op op,
                              uint64_t address);
bool guest_page_request(struct world *w, unsigned g, unsigned which, uint64_t address);

/* From here on, pages that are written are noted; then those pages come back as they are in `copy`. */
void world_mark(struct world *w);
void world_back(struct world *w, const uint8_t *copy);

#endif
