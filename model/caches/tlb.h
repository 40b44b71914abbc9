// SPDX-License-Identifier: Apache-2.0
/*
 * The translation caches: PTC (final translations), PDC (directories) and GCR3 (guest roots), with exact
 * staleness (reference/iommu.md 6.4 op 3, 10). A line keeps what was read until a command covers it.
 *
 * A line carries the generations of what it depends on; invalidating a domain or a PASID raises a
 * generation, so that all its lines are dead at once, and a page is found by hashed probes. Only ranges
 * of more pages than the array has lines are swept.
 */
#ifndef AMDVI_MODEL_TLB_H
#define AMDVI_MODEL_TLB_H

#include "cmdbuf/command.h"
#include "model/caches/cache.h"
#include "tables/walk.h"

enum { TLB_DOMAINS = 65536, TLB_SIZES_MAX = 7 };

/* Whose address an entry translates. Host entries have no PASID. */
struct tlb_space {
    uint16_t domain;
    bool guest;
    uint32_t pasid;
    bool owned; /* of a device that belongs to a virtual IOMMU's guest: `owner` is its GuestID */
    uint16_t owner;
    uint8_t withheld; /* rights that a line made now does not grant (10.2, XSA-442) */
};

/*
 * Domain, PASID (bit 31 with it: a guest address) and a byte more in one word, so that a key is compared at
 * once: [31:0] space, [47:32] domain, [55:48] the page's log2, or kind and level of a directory.
 */
static inline uint64_t tlb_id(uint16_t domain, uint32_t space, unsigned more)
{
    return space | (uint64_t)domain << 32 | (uint64_t)more << 48;
}

static inline uint32_t tlb_id_space(uint64_t id)
{
    return (uint32_t)id;
}

static inline uint16_t tlb_id_domain(uint64_t id)
{
    return (uint16_t)(id >> 32);
}

static inline uint8_t tlb_id_more(uint64_t id)
{
    return (uint8_t)(id >> 48);
}

struct ptc_line {
    uint64_t page; /* address >> log2 of the page */
    uint64_t id;
    uint64_t spa; /* of the page */
    uint8_t walk_shift;
    uint8_t guest_shift;
    uint8_t perm;
    uint8_t flags; /* enum ptc_flag */
    uint32_t epoch;
    uint32_t domain_gen;
    uint32_t context, context_gen; /* guest lines */
    uint32_t group, group_gen;     /* fragments of a larger page */
    bool owned;
    uint16_t owner;
    uint32_t owner_gen;
};

enum ptc_flag { PTC_USER = 1, PTC_DIRTY = 2, PTC_UNTRANSLATED = 4, PTC_COHERENT = 8, PTC_GLOBAL = 16 };

struct pdc_line {
    uint64_t tag; /* address bits above the level */
    uint64_t id;  /* more: kind << 4 | level */
    uint64_t table;
    uint8_t perm, guest_bits;
    uint32_t epoch, domain_gen, context, context_gen;
    bool owned;
    uint16_t owner;
    uint32_t owner_gen;
};

/* All PTC lines of a {domain, PASID} die with leaf_gen, its directories with dir_gen. */
struct tlb_context {
    uint64_t id;
    uint32_t leaf_gen, dir_gen;
};

/* A page that is larger than what the PTC holds of it: its fragments die together. */
struct tlb_group {
    uint64_t page;
    uint64_t id; /* more: log2 of the page */
    uint32_t gen;
};

struct tlb_domain {
    uint32_t host_leaf, host_dir, combined;
};

struct tlb {
    struct cache ptc, pdc, gcr3, contexts, groups;
    const struct ptc_line *last; /* the line that answered last; null once any line has gone or come */
    struct tlb_domain *domains;
    uint32_t *owners; /* generation of each GuestID; null without HW-vIOMMU */
    uint32_t epoch;
    uint32_t next_gen;
    uint64_t wipes;                /* how often everything went at once; never set back */
    uint8_t shifts[TLB_SIZES_MAX]; /* page sizes that the PTC holds, small to large */
    uint8_t nshifts;
    bool shift_used[TLB_SIZES_MAX];
    bool guest_lines;      /* a line of a guest address was made */
    bool dead_lines;       /* lines may be dead in their places: worth a look before a live one is evicted */
    uint8_t dir_levels;    /* bit n: a directory of level n was made */
    uint64_t group_shifts; /* bit n: groups of 2^n bytes were made */
};

struct tlb_config {
    struct cache_geometry ptc, pdc, gcr3;
    bool owners;        /* lines may belong to guests */
    uint8_t page_sizes; /* bit i: pages of 2^(12+3i) bytes, bit 0 always (performance a.1) */
};

bool tlb_create(struct tlb *tlb, const struct tlb_config *config, const struct amdvi_allocator *allocator);
void tlb_destroy(struct tlb *tlb, const struct amdvi_allocator *allocator);
void tlb_clear(struct tlb *tlb);

/* The live line that covers `address`, or null. */
const struct ptc_line *ptc_lookup(struct tlb *tlb, const struct tlb_space *space, uint64_t address);
/* How many page sizes are looked for until the line is found, or with null that there is none. */
unsigned ptc_sizes_looked_for(const struct tlb *tlb, const struct ptc_line *line);
void ptc_forget(struct tlb *tlb, const struct ptc_line *line);
void ptc_fill(struct tlb *tlb, const struct tlb_space *space, uint64_t address,
              const struct walk_result *result);

/* Answers WALK_PROBE: the deepest cached directory for probe->tag. `levels` is the depth of the walk. */
bool tlb_probe(struct tlb *tlb, const struct tlb_space *space, struct walk_dir *probe, unsigned levels);
/* Drops the directory that has just answered `probe`. */
void tlb_forget(struct tlb *tlb, const struct tlb_space *space, const struct walk_dir *probe);
void tlb_keep(struct tlb *tlb, const struct tlb_space *space, const struct walk_dir *dir);

/* Opcode 3 (6.4). Returns how many lines went one by one and how many generations by which many
 * lines go at once: what performance counter 13h adds up (2.9). */
unsigned tlb_invalidate(struct tlb *tlb, const struct tlb_space *space, const struct cmd_range *range,
                        bool pde);
void tlb_invalidate_all(struct tlb *tlb);
/* Only what is nested in the domain (viommu 11 #16); only what one guest's devices have made (11 #14). */
void tlb_invalidate_combined(struct tlb *tlb, uint16_t domain);
void tlb_invalidate_owner(struct tlb *tlb, uint16_t owner);

bool ptc_line_live(const struct tlb *tlb, const struct ptc_line *line);
bool pdc_line_live(const struct tlb *tlb, const struct pdc_line *line);

#endif
