// SPDX-License-Identifier: Apache-2.0
/* Open cases in chains, the oldest first: a command looks only at those that it may be about. */
#include "model/lint/lint.h"

static unsigned of_device(uint16_t device)
{
    return device % (LINT_CHAINS / 2);
}

static unsigned of_domain(uint16_t domain)
{
    return LINT_CHAINS / 2 + domain % (LINT_CHAINS / 2);
}

static unsigned chain_of(const struct lint_case *c)
{
    const struct amdvi_lint_finding *f = &c->finding;

    if (c->covered)
        return LINT_CHAIN_PENDING;
    return f->cache == AMDVI_CACHE_DTC || f->cache == AMDVI_CACHE_ITC ? of_device(f->request.device)
                                                                      : of_domain(f->domain);
}

unsigned lint_chain_for(const uint64_t words[2])
{
    switch (cmd_opcode(words)) {
    case CMD_INVALIDATE_IOMMU_PAGES:
        return of_domain((uint16_t)cmd_inv_pages_domainid(words));
    case CMD_INVALIDATE_IOMMU_ALL:
        return LINT_CHAINS;
    default: /* opcodes 2 and 5 name the device alike */
        return of_device((uint16_t)cmd_inv_devtab_deviceid(words));
    }
}

void lint_chain_add(struct lint_cases *cases, struct lint_case *c)
{
    struct lint_chain *chain = &cases->chains[chain_of(c)];
    uint32_t self = (uint32_t)(c - cases->all) + 1;

    c->chain = (uint8_t)chain_of(c);
    c->chain_next = 0;
    c->chain_before = chain->last;
    if (chain->last)
        cases->all[chain->last - 1].chain_next = self;
    else
        chain->first = self;
    chain->last = self;
}

void lint_chain_remove(struct lint_cases *cases, struct lint_case *c)
{
    struct lint_chain *chain = &cases->chains[c->chain];

    if (c->chain_before)
        cases->all[c->chain_before - 1].chain_next = c->chain_next;
    else
        chain->first = c->chain_next;
    if (c->chain_next)
        cases->all[c->chain_next - 1].chain_before = c->chain_before;
    else
        chain->last = c->chain_before;
}
