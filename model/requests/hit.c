// SPDX-License-Identifier: Apache-2.0
/* Requests that the caches answer at once. What is decided here must be what translate.c decides. */
#include "model/requests/hit.h"
#include "model/lookup/dtc.h"

enum { PAGE_BYTES = 4096 };

static const uint8_t needs[] = {[AMDVI_READ] = PERM_READ,
                                [AMDVI_WRITE] = PERM_WRITE,
                                [AMDVI_EXECUTE] = PERM_EXEC,
                                [AMDVI_ATOMIC] = PERM_READ | PERM_WRITE};

/* Not an ATS request, inside one page, outside all ranges with a meaning (2.3, 8.1). */
static bool ordinary(const struct amdvi_device *device, const struct amdvi_request *rq)
{
    return rq->at == AMDVI_UNTRANSLATED && rq->address % PAGE_BYTES + rq->length <= PAGE_BYTES &&
           rq->address >> 20 != 0xfee && rq->address - 0xfd00000000 >= 0x300000000 &&
           !reg_exclusion_base_exen(device->reg[REG_EXCLUSION_BASE]);
}

/* All checks that the whole way makes between the line and the answer. */
static bool allowed(const struct amdvi_device *device, const struct amdvi_request *rq, const struct dte *dte,
                    const struct ptc_line *line, bool guest)
{
    uint8_t need = needs[rq->op];
    uint8_t perm = line->perm & (dte->perm | (dte->perm & PERM_READ ? PERM_EXEC : 0));

    if (need & ~perm || (need & PERM_WRITE && !(line->flags & PTC_DIRTY)))
        return false;
    if (!guest)
        return true;
    return dte->guest_tables && walk_canonical(dte, rq->address, !rq->has_pasid) &&
           (line->flags & PTC_USER || (rq->privileged && reg_efr_ussup(device->env.efr)));
}

static void answer(const struct amdvi_request *rq, const struct dte *dte, const struct ptc_line *line,
                   struct amdvi_result *result)
{
    uint64_t size = (uint64_t)1 << line->walk_shift;
    uint8_t asked = PERM_READ | PERM_WRITE | (rq->op == AMDVI_EXECUTE || rq->execute ? PERM_EXEC : 0);
    uint8_t dte_perm = dte->perm | (dte->perm & PERM_READ ? PERM_EXEC : 0);

    result->ok = true;
    result->identity = false;
    result->perm = line->perm & dte_perm & asked;
    result->untranslated_only = line->flags & PTC_UNTRANSLATED;
    result->no_snoop_forbidden = line->flags & PTC_COHERENT;
    result->global = line->flags & PTC_GLOBAL;
    result->privileged_page = !(line->flags & PTC_USER);
    result->pa = line->spa | (rq->address & (((uint64_t)1 << tlb_id_more(line->id)) - 1));
    result->size = size;
    result->covered = size - (rq->address & (size - 1));
}

/* Somebody looks on who need not be told of answers that he knows, and who must not call the device; or
 * performance counters count, which they do here. */
__attribute__((noinline)) static bool vouched(struct amdvi_device *device, const struct amdvi_request *rq,
                                              const struct dte *dte, const struct amdvi_result *result)
{
    const struct amdvi_observer *o;

    if (!device->voucher)
        return pmu_hit(device, rq, dte);
    o = &device->voucher->observer;
    return o->vouch(o->context, rq, result);
}

bool answer_hit(struct amdvi_device *device, const struct amdvi_request *request, struct amdvi_result *result)
{
    const struct dte *dte = dtc_again(device, request->device);
    const struct ptc_line *line;
    struct tlb_space space;
    bool guest;

    if (!dte || !dte->plain || device->long_way || !iommu_enabled(device) || !ordinary(device, request))
        return false;
    guest = dte->guest && (request->has_pasid || dte->giov);
    if (guest ? false : request->has_pasid || dte->mode == 0)
        return false;
    space = (struct tlb_space){
        .domain = dte->domain, .guest = guest, .pasid = guest && request->has_pasid ? request->pasid : 0};
    line = ptc_lookup(&device->tlb, &space, request->address);
    if (!line || !allowed(device, request, dte, line, guest))
        return false;
    answer(request, dte, line, result);
    if (__builtin_expect(device->hits_asked, 0) && !vouched(device, request, dte, result))
        return false;
    device->statistics.dtc_hits++;
    device->statistics.ptc_hits++;
    device->statistics.translated++;
    return true;
}
