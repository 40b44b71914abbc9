// SPDX-License-Identifier: Apache-2.0
#include "model/lint/lint.h"
#include "model/port/memory.h"

enum { PAGE_SHIFT = 12 };

static uint64_t who_asks(const struct amdvi_request *rq)
{
    return (uint64_t)rq->device << 48 | (uint64_t)rq->pasid << 16 | (uint64_t)rq->op << 8 |
           (uint64_t)rq->has_pasid << 2 | (uint64_t)rq->privileged << 1 | (uint64_t)rq->execute;
}

static uint64_t answer_of(const struct amdvi_result *result)
{
    return result->pa >> PAGE_SHIFT << PAGE_SHIFT | result->perm;
}

static struct lint_known *place_of(const struct amdvi_lint *lint, uint64_t who, uint64_t page)
{
    uint64_t hash = (page ^ who * 0xbf58476d1ce4e5b9u) * 0x9e3779b97f4a7c15u;

    return &lint->known.all[hash >> (64 - LINT_KNOWN_LOG2)];
}

/* Where the word lies in the window, if it is aligned there. */
static const uint64_t *in_window(const struct amdvi_device *device, uint64_t address)
{
    const uint8_t *direct = memory_direct(device, address, sizeof(uint64_t));

    return (uintptr_t)direct & 7 ? NULL : (const uint64_t *)(const void *)direct;
}

/* A nested walk meets the upper host entries again and again. False: too many. */
static bool keep_word(struct lint_known *known, const struct amdvi_device *device, uint64_t address,
                      uint64_t value)
{
    for (uint32_t i = 0; i < known->count; i++)
        if (known->words[i].address == address && known->words[i].value == value)
            return true;
    if (known->count == LINT_KNOWN_WORDS)
        return false;
    known->words[known->count].address = address;
    known->words[known->count].value = value;
    known->words[known->count].at = in_window(device, address);
    known->direct &= known->words[known->count++].at != NULL;
    return true;
}

static bool keep_words(struct lint_known *known, const struct amdvi_device *device,
                       const struct shadow *shadow)
{
    bool kept = true;

    known->count = 0;
    known->direct = true;
    for (unsigned i = 0; i < DTE_BYTES / 8; i++)
        kept &= keep_word(known, device, shadow->dte_address + UINT64_C(8) * i, shadow->dte.raw[i]);
    for (unsigned i = 0; i < shadow->count; i++)
        kept &= keep_word(known, device, shadow->words[i].address, shadow->words[i].value);
    return kept;
}

void lint_know(struct amdvi_lint *lint, const struct amdvi_hit_info *info, const struct shadow *shadow)
{
    uint64_t who = who_asks(info->request), page = info->address >> PAGE_SHIFT;
    struct lint_known *known = place_of(lint, who, page);

    if (info->own || info->request->at != AMDVI_UNTRANSLATED || !info->result->ok || !shadow->dte_known)
        return;
    known->who = who;
    known->page = page;
    known->answer = answer_of(info->result);
    known->writes = lint->known.writes;
    known->epoch = keep_words(known, lint->device, shadow) ? lint->known.epoch : 0;
}

static bool unchanged(struct amdvi_device *device, const struct lint_known *known)
{
    uint64_t value, changes = 0;

    for (uint32_t i = 0; known->direct && i < known->count; i++)
        changes |= *known->words[i].at ^ known->words[i].value;
    for (uint32_t i = 0; !known->direct && i < known->count; i++)
        if (memory_read(device, known->words[i].address, &value, sizeof(value)) ||
            value != known->words[i].value)
            return false;
    return !changes;
}

bool lint_is_known(struct amdvi_lint *lint, const struct amdvi_request *request,
                   const struct amdvi_result *result)
{
    uint64_t who = who_asks(request), page = request->address >> PAGE_SHIFT;
    struct lint_known *known = place_of(lint, who, page);

    if (known->who != who || known->page != page || known->epoch != lint->known.epoch ||
        known->answer != answer_of(result))
        return false;
    if (!(lint->options.told && known->writes == lint->known.writes) && !unchanged(lint->device, known))
        return false;
    known->writes = lint->known.writes;
    lint->statistics.checked++;
    return true;
}

void lint_forget_known(struct amdvi_lint *lint)
{
    lint->known.epoch++;
}
