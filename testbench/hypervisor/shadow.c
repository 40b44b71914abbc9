// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/shadow.h"

#include "testbench/hypervisor/internal.h"

#include "tables/layout.h"

#include <string.h>

enum {
    ENTRIES = 512,
    LEVEL_BITS = 9,
    PAGE_BITS = 12,
    LEAF_LEVEL_MAX = 3, /* larger ones no software uses (iommu 4.1) */
    CODED = 7,
    BUDGET = 1 << 22 /* entries looked at: a table may lead to itself again and again */
};

#define LARGE    UINT64_C(0x200000)
#define LAST     ((UINT64_C(1) << 48) - 1)
#define RESERVED UINT64_C(0x07f0000000000000) /* bits 58:52 (iommu 4.2) */

struct pass {
    struct hv_table *table;
    const struct hv_shadow_memory *memory;
    uint64_t first, last;
    unsigned budget;
};

static uint64_t bytes_of(unsigned level)
{
    return UINT64_C(1) << (PAGE_BITS + LEVEL_BITS * (level - 1));
}

/* ---------------------------------------------------------------- leaves */

/* As long as guest memory goes on; where there is none, a hole stays. */
static enum hv_status map(struct pass *pass, uint64_t iova, uint64_t gpa, uint64_t length, unsigned perm)
{
    enum hv_status status = HV_OK;
    uint64_t spa, step;

    for (; length && !status; iova += step, gpa += step, length -= step) {
        bool memory = pass->memory->find(pass->memory->context, gpa, &spa, &step);
        if (step > length)
            step = length;
        if (memory)
            status = hv_table_map(pass->table, iova, spa, step, perm, LARGE);
    }
    return status;
}

/* NextLevel 7: the lowest zero bit k of the address says 2^(k+1) bytes, more than a page of this level and
 * less than one of the next (iommu 4.4). 0: illegal. */
static uint64_t coded_bytes(uint64_t entry, unsigned level)
{
    uint64_t bytes = 2 * HV_PAGE;

    while (v1_addr(entry) & bytes / 2)
        bytes *= 2;
    return bytes > bytes_of(level) && bytes < bytes_of(level + 1) ? bytes : 0;
}

/* The slot's part of its page. */
static enum hv_status leaf(struct pass *pass, uint64_t entry, unsigned level, uint64_t iova, unsigned perm)
{
    uint64_t bytes = v1_nextlevel(entry) == CODED ? coded_bytes(entry, level) : bytes_of(level), gpa;
    uint64_t first = iova, last = iova + bytes_of(level) - 1;

    if (!perm || !bytes || level > LEAF_LEVEL_MAX)
        return HV_OK;
    if (first < pass->first)
        first = pass->first;
    if (last > pass->last)
        last = pass->last;
    gpa = (v1_addr(entry) & ~(bytes - 1)) | (first & (bytes - 1));
    return map(pass, first, gpa, last - first + 1, perm);
}

/* ---------------------------------------------------------------- tables */

static unsigned rights_of(uint64_t entry)
{
    return (v1_ir(entry) ? HV_READ : 0) | (v1_iw(entry) ? HV_WRITE : 0);
}

static bool read_entry(const struct pass *pass, uint64_t gpa, uint64_t *entry)
{
    const void *from = pass->memory->at(pass->memory->context, gpa, sizeof(*entry));

    if (from)
        memcpy(entry, from, sizeof(*entry));
    return from && v1_pr(*entry) && !(*entry & RESERVED);
}

static enum hv_status visit(struct pass *pass, uint64_t table, unsigned level, uint64_t base, unsigned perm);

/* A directory leads to any lower level; of levels left out only the addresses whose bits are 0 there go on.
 */
static enum hv_status follow(struct pass *pass, uint64_t entry, unsigned level, uint64_t iova, unsigned perm)
{
    unsigned next = (unsigned)v1_nextlevel(entry);

    perm &= rights_of(entry);
    if (next == 0 || next == CODED)
        return leaf(pass, entry, level, iova, perm);
    return next < level && perm ? visit(pass, v1_addr(entry), next, iova, perm) : HV_OK;
}

/* The entries of a table of `level` that begins at `base`, as far as the range goes. */
static enum hv_status visit(struct pass *pass, uint64_t table, unsigned level, uint64_t base, unsigned perm)
{
    uint64_t size = bytes_of(level), entry, end = base + ENTRIES * size - 1;
    uint64_t from = base < pass->first ? (pass->first - base) / size : 0;
    enum hv_status status = HV_OK;

    if (base > pass->last || end < pass->first)
        return HV_OK;
    for (uint64_t i = from; i < ENTRIES && base + i * size <= pass->last && !status; i++) {
        if (!pass->budget--)
            return HV_ERR_NO_MEMORY;
        if (read_entry(pass, table + i * sizeof(entry), &entry))
            status = follow(pass, entry, level, base + i * size, perm);
    }
    return status;
}

/* A range that cuts large pages of the shadow takes all of them. */
static enum hv_status clear(struct hv_table *table, uint64_t *first, uint64_t *last)
{
    enum hv_status status = hv_table_unmap(table, *first, *last - *first + 1);

    if (status != HV_ERR_ARGUMENT)
        return status;
    *first &= ~(LARGE - 1);
    *last |= LARGE - 1;
    return hv_table_unmap(table, *first, *last - *first + 1);
}

enum hv_status hv_stage2_shadow(struct hv_stage2 *stage2, const struct hv_shadowed *table,
                                const struct hv_shadow_memory *memory, uint64_t first, uint64_t last)
{
    struct pass pass = {.memory = memory, .budget = BUDGET};
    enum hv_status status, flushed;

    if (!stage2 || !table || !memory || table->mode < 1 || table->mode > HV_SHADOW_LEVELS ||
        table->root % HV_PAGE || first > last)
        return HV_ERR_ARGUMENT;
    if (stage2->foreign)
        return HV_ERR_FOREIGN;
    if (first > LAST)
        return HV_OK;
    pass.table = &stage2->table;
    pass.first = first & ~(HV_PAGE - 1);
    pass.last = (last < LAST ? last : LAST) | (HV_PAGE - 1);
    status = clear(pass.table, &pass.first, &pass.last);
    if (!status)
        status = visit(&pass, table->root, table->mode, 0, table->perm);
    flushed = hv_stage2_changed(stage2, pass.first, pass.last - pass.first + 1);
    return status ? status : flushed;
}
