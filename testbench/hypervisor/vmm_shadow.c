// SPDX-License-Identifier: Apache-2.0
/* Devices whose entry in the guest's table names a host (v1) table of the guest's: mediated mode only,
 * because the VMM has to hear of each invalidation. */
#include "testbench/hypervisor/vmm_internal.h"

#include "cmdbuf/layout.h"
#include "tables/layout.h"

/* ---------------------------------------------------------------- guest memory */

static const void *at(void *context, uint64_t gpa, uint64_t bytes)
{
    return hv_vmm_at(context, gpa, bytes);
}

/* How far it is to the next piece, when `gpa` is in none. */
static uint64_t gap(const struct hv_vmm *vmm, uint64_t gpa)
{
    uint64_t bytes = UINT64_C(1) << 52;

    for (unsigned i = 0; i < vmm->range_count; i++)
        if (vmm->ranges[i].gpa > gpa && vmm->ranges[i].gpa - gpa < bytes)
            bytes = vmm->ranges[i].gpa - gpa;
    return bytes;
}

static bool find(void *context, uint64_t gpa, uint64_t *spa, uint64_t *bytes)
{
    const struct hv_vmm *vmm = context;

    for (unsigned i = 0; i < vmm->range_count; i++) {
        const struct hv_vmm_range *r = &vmm->ranges[i];
        if (gpa < r->gpa || gpa - r->gpa >= r->bytes)
            continue;
        *spa = r->spa + (gpa - r->gpa);
        *bytes = r->bytes - (gpa - r->gpa);
        return true;
    }
    *bytes = gap(vmm, gpa);
    return false;
}

/* ---------------------------------------------------------------- shadows */

bool vmm_names_host_table(const struct hv_vmm *vmm, const uint64_t entry[4])
{
    return vmm->options.host_tables && dte_tv(entry) && !dte_gv(entry) && dte_mode(entry) != DTE_MODE_NONE;
}

/* Nothing but what a host table needs; the rest would not be honoured (viommu 5.3). */
static bool legal(const uint64_t entry[4])
{
    uint64_t known[4] = {0};

    known[DTE_V_WORD] |= DTE_V_MASK | DTE_TV_MASK | DTE_MODE_MASK | DTE_HOST_ROOT_MASK;
    known[DTE_IR_WORD] |= DTE_IR_MASK | DTE_IW_MASK;
    known[DTE_DOMAINID_WORD] |= DTE_DOMAINID_MASK;
    for (unsigned i = 0; i < 4; i++)
        if (entry[i] & ~known[i])
            return false;
    return dte_mode(entry) <= HV_SHADOW_LEVELS;
}

static struct vmm_shadow describe(const uint64_t entry[4])
{
    return (struct vmm_shadow){
        .domain = (uint16_t)dte_domainid(entry),
        .table = {.root = dte_host_root(entry),
                  .mode = (unsigned)dte_mode(entry),
                  .perm = (dte_ir(entry) ? HV_READ : 0u) | (dte_iw(entry) ? HV_WRITE : 0u)}};
}

static enum hv_status synchronise(struct hv_vmm *vmm, const struct vmm_shadow *shadow, uint64_t first,
                                  uint64_t last)
{
    const struct hv_shadow_memory memory = {.context = vmm, .at = at, .find = find};

    return hv_stage2_shadow(hv_fd_stage2(vmm->fd, shadow->parent), &shadow->table, &memory, first, last);
}

static bool same(const struct vmm_shadow *a, const struct vmm_shadow *b)
{
    return a->domain == b->domain && a->table.root == b->table.root && a->table.mode == b->table.mode &&
           a->table.perm == b->table.perm;
}

static void drop(struct hv_vmm *vmm, struct vmm_shadow *shadow)
{
    if (--shadow->users == 0)
        hv_fd_destroy_object(vmm->fd, shadow->parent);
}

/* One that is not used; there is one more than devices. */
static enum hv_status make(struct hv_vmm *vmm, hv_handle device, const struct vmm_shadow *wanted,
                           struct vmm_shadow **made)
{
    struct vmm_shadow *shadow = vmm->shadows;
    enum hv_status status;

    while (shadow->users)
        shadow++;
    *shadow = *wanted;
    status = hv_fd_parent_alloc(vmm->fd, device, &shadow->parent);
    if (status)
        return status;
    shadow->users = 1;
    hv_fd_parent_show(vmm->fd, shadow->parent, shadow->domain);
    synchronise(vmm, shadow, 0, UINT64_MAX); /* a part that does not fit is a hole */
    *made = shadow;
    return HV_OK;
}

static enum hv_status share(struct hv_vmm *vmm, hv_handle device, const struct vmm_shadow *wanted,
                            struct vmm_shadow **shadow)
{
    for (unsigned i = 0; i < VMM_SHADOWS; i++) {
        if (!vmm->shadows[i].users || !same(&vmm->shadows[i], wanted))
            continue;
        *shadow = &vmm->shadows[i];
        (*shadow)->users++;
        return HV_OK;
    }
    return make(vmm, device, wanted, shadow);
}

enum hv_status vmm_shadow_attach(struct hv_vmm *vmm, struct vmm_device *device, const uint64_t entry[4])
{
    struct vmm_shadow wanted = describe(entry), *shadow, *old = device->shadow;
    enum hv_status status;

    if (!legal(entry))
        return HV_ERR_DTE;
    status = share(vmm, device->device, &wanted, &shadow);
    if (status)
        return status;
    status = hv_fd_attach(vmm->fd, device->device, shadow->parent);
    if (status) {
        drop(vmm, shadow);
        return status;
    }
    device->shadow = shadow;
    if (old)
        drop(vmm, old);
    return HV_OK;
}

void vmm_shadow_leave(struct hv_vmm *vmm, struct vmm_device *device)
{
    if (device->shadow)
        drop(vmm, device->shadow);
    device->shadow = NULL;
}

/* ---------------------------------------------------------------- invalidations */

/* iommu 6.3: with S the lowest zero bit n of the address at or above bit 12 says 2^(n+1) bytes. */
static void range_of(const uint64_t command[2], uint64_t *first, uint64_t *last)
{
    uint64_t address = cmd_inv_pages_address(command), bits = HV_PAGE - 1;

    if (cmd_inv_pages_s(command))
        for (bits = 2 * HV_PAGE - 1; bits != UINT64_MAX && address & (bits / 2 + 1);)
            bits = 2 * bits + 1;
    *first = address & ~bits;
    *last = address | bits;
}

/* Before the command is carried out, so that no device finds in the shadow what it has been told to forget.
 */
void vmm_shadow_heed(struct hv_vmm *vmm, const uint64_t command[2])
{
    bool all = cmd_opcode(command) == CMD_INVALIDATE_IOMMU_ALL;
    uint64_t first = 0, last = UINT64_MAX;

    if (!all && cmd_opcode(command) != CMD_INVALIDATE_IOMMU_PAGES)
        return;
    if (!all)
        range_of(command, &first, &last);
    for (unsigned i = 0; i < VMM_SHADOWS; i++) {
        const struct vmm_shadow *s = &vmm->shadows[i];
        if (s->users && (all || s->domain == cmd_inv_pages_domainid(command)))
            synchronise(vmm, s, first, last);
    }
}
