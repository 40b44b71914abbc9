// SPDX-License-Identifier: Apache-2.0
/* How a translation ends: what the request asked for, what it is granted, or the fault that is named. */
#ifndef AMDVI_MODEL_VERDICT_H
#define AMDVI_MODEL_VERDICT_H

#include "model/lookup/translate.h"

/* What the tables, or a line of the PTC, say of a page. */
struct page {
    uint64_t spa;
    uint8_t shift, perm, flags;
};

static inline uint8_t request_needs(const struct amdvi_request *request)
{
    if (request->at == AMDVI_TRANSLATION_REQUEST)
        return 0;
    switch (request->op) {
    case AMDVI_WRITE:
        return PERM_WRITE;
    case AMDVI_EXECUTE:
        return PERM_EXEC;
    case AMDVI_ATOMIC:
        return PERM_READ | PERM_WRITE;
    default:
        return PERM_READ;
    }
}

/* What the completion may grant beyond what is needed: an ATS request asks, it does not insist (9.2). */
static inline uint8_t request_asks(const struct amdvi_request *request)
{
    uint8_t perm = PERM_READ | PERM_WRITE;

    if (request->at == AMDVI_TRANSLATION_REQUEST && request->no_write)
        perm = PERM_READ;
    return perm | (request->execute || request->op == AMDVI_EXECUTE ? PERM_EXEC : 0);
}

/* 5.3: a request is a user request unless it says otherwise and USSup=1. */
static inline bool request_is_user(const struct amdvi_device *device, const struct amdvi_request *request)
{
    return !(request->privileged && reg_efr_ussup(device->env.efr));
}

/* N of a completion is FC of the page, or by choice the inverse of it (13 #27). */
static inline bool no_snoop_forbidden(const struct amdvi_device *device, const struct amdvi_request *request,
                                      bool force_coherent)
{
    bool inverse = request->at == AMDVI_TRANSLATION_REQUEST && device->config.value[CONFIG_ATS_N];

    return force_coherent != inverse;
}

/* What a record of this request tells. */
struct fault_facts verdict_facts(const struct amdvi_device *device, const struct translation *t);

/* Each is the end of a decision, and false: nothing is to be walked. Faults are made when the request is
 * concluded, so that their records come in the order of the requests. */
bool verdict_fail_with(struct translation *t, enum reason reason, const struct fault_facts *facts);
bool verdict_fail(const struct amdvi_device *device, struct translation *t, enum reason reason);
bool verdict_pass(struct amdvi_device *device, struct translation *t, uint8_t perm);
bool verdict_succeed(struct amdvi_device *device, struct translation *t, const struct page *page);

/* Granted to this request: what the tables allow, cut by the rights of an entry and by user mode. */
static inline uint8_t verdict_granted(const struct amdvi_device *device, const struct translation *t,
                                      uint8_t perm, uint8_t flags, uint8_t rights)
{
    if (t->space.guest && !(flags & PTC_USER) && request_is_user(device, t->request))
        return 0;
    return perm & rights;
}

#endif
