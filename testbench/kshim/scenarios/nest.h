/* SPDX-License-Identifier: GPL-2.0-only */
/* A user's parent of nested tables with a virtual IOMMU, and guest tables in the address space below. */
#ifndef KSHIM_NEST_H
#define KSHIM_NEST_H

#include "guest_tables.h"
#include "user_session.h"

enum { NEST_DATA = 3 /* an entry of a guest's device table, AMD's form */, NEST_ENTRY_BYTES = 32 };

struct nest {
    struct session session;
    uint32_t parent, iommu; /* objects of the user's */
    struct guest_tables tables;
};

/* What a guest's entry says, beside V, TV and GV. */
struct nest_entry {
    uint64_t gcr3;
    uint16_t domain;
    unsigned glx;
    bool giov, five_levels;
};

/* Boots, opens a session with the device, maps PAGES pages, makes parent and virtual IOMMU, and
 * attaches the parent, as VMMs do. The first megabyte of the address space is for tables. False: told. */
bool nest_begin(struct world *world, struct nest *nest, const char *device, const struct world_setup *setup);
/* The same without the virtual IOMMU, and one of a type of its own, whose data the driver reads and answers.
 */
bool nest_parent(struct world *world, struct nest *nest, const char *device, const struct world_setup *setup);
bool nest_iommu(struct world *world, struct nest *nest, uint32_t type, void *data, uint32_t bytes);
/* The parent's and the virtual IOMMU's end, after the nested tables'. */
void nest_end(struct world *world, struct nest *nest, struct dma_device *device);
/* The session's device leaves its table; then the end of these nested tables, and of all the rest. */
void nest_leave(struct world *world, struct nest *nest, struct dma_device *device, const uint32_t *tables,
                size_t count);

/* A guest's GCR3 table of one page whose entry 0 leads to tables in which `gva` leads to `gpa`. */
uint64_t nest_gcr3(struct nest *nest, uint64_t gva, uint64_t gpa);
/* Where a guest page lies in the machine. */
uint64_t nest_place(const struct nest *nest, uint64_t gpa);
/* The words of a guest's entry. */
void nest_words(const struct nest_entry *entry, uint64_t words[4]);
/* A nested table of these words; its object, 0 when it is refused, which `wanted` has to say. */
uint32_t nest_table_of(struct world *world, struct nest *nest, const uint64_t words[4], long wanted,
                       const char *what);
uint32_t nest_table(struct world *world, struct nest *nest, const struct nest_entry *entry);
/* The device gets its first table, or another one. */
void nest_attach(struct world *world, struct nest *nest, uint32_t table, const char *what);

/* A scenario of nested tables, which drivers have since 7.0. */
#define NESTED(name_, what_, run_)                                                                           \
    {                                                                                                        \
        .name = "nested/" name_, .what = what_, .run = run_, .since = KSHIM_V(7, 0)                          \
    }

#endif
