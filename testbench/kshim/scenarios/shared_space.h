/* SPDX-License-Identifier: GPL-2.0-only */
/* A process's address space on a PASID of the GPU, and the device's ways to use it. */
#ifndef KSHIM_SHARED_SPACE_H
#define KSHIM_SHARED_SPACE_H

#include "guest_tables.h"
#include "shadow.h"

enum { PASID = 7, PAGES = 64 };
#define BASE 0x7f0000000000ull

struct space {
    void *shared;
    struct guest_tables tables; /* of PAGES pages from BASE on, even ones are there and odd ones are not */
    uint64_t page[2];           /* what is mapped; the even pages are page[0] */
};

/* Boots with this command line and attaches. False: told. */
bool space_begin(struct world *world, struct space *space, const char *line);
/* Detaches: the PASID reaches nothing any more. */
void space_end(struct world *world, struct space *space);
/* The page at BASE becomes page[number], and the driver hears of it. */
void space_change(struct world *world, struct space *space, unsigned number);
/* A read of 8 bytes with the PASID; by the device's own translations. */
enum dma_outcome space_reach(struct world *world, uint64_t address, bool ats, uint64_t *word);
/* What it reads at BASE is a word of this page. */
void space_expect(struct world *world, bool ats, uint64_t page, const char *when);

/* How often each code of a response came, and responses to groups that did not ask or have theirs. */
struct answers {
    uint64_t code[16], unexpected;
};
/* Those that came since, after the kernel has run. */
void take_answers(struct world *world, struct answers *answers);
/* A request for page number `page` that is a group by itself. */
struct dma_page_request request_for(uint64_t page, unsigned group);

#endif
