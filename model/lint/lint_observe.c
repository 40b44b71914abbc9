// SPDX-License-Identifier: Apache-2.0
/* What a lint hears of its device. */
#include "model/lint/lint.h"
#include "model/lint/lint_registers.h"

/* ---------------------------------------------------------------- memory accesses */

static void note_interrupt(struct amdvi_lint *lint, uint64_t address)
{
    struct lint_word *word = lint_word(lint, address);

    if (word)
        word->interrupt = true;
}

/* Of reads: an accessed or dirty bit is set when the walk is at a lower level already. */
static void note_trail(struct amdvi_lint *lint, const struct amdvi_access_info *info, uint64_t word)
{
    struct lint_trail *trail = &lint->trail;
    uint8_t kind = info->access == AMDVI_ACCESS_HOST_ENTRY    ? WALK_HOST
                   : info->access == AMDVI_ACCESS_GUEST_ENTRY ? WALK_GUEST
                                                              : WALK_GCR3;

    if (info->access == AMDVI_ACCESS_IRTE)
        note_interrupt(lint, word);
    if (info->write || info->access == AMDVI_ACCESS_DTE || info->access == AMDVI_ACCESS_IRTE ||
        trail->count == SHADOW_WORDS)
        return;
    trail->words[trail->count].address = word;
    trail->words[trail->count].kind = kind;
    trail->words[trail->count++].level = info->level;
}

static void read_word(struct amdvi_lint *lint, uint64_t address, uint64_t value)
{
    lint_word_read(lint, address, value);
    lint_torn_read(lint, address);
}

/* Table words, as hardware read or updated them. */
static void note_words(struct amdvi_lint *lint, const struct amdvi_access_info *info)
{
    uint64_t first = info->address & ~(uint64_t)7;

    if (info->length < 8) { /* a short interrupt entry shares its word with a neighbour */
        uint64_t word;
        if (shadow_read(lint->device, first, &word))
            read_word(lint, first, word);
        return;
    }
    for (uint32_t i = 0; i < info->length / 8 && i < 4; i++)
        read_word(lint, first + UINT64_C(8) * i, info->value[i]);
    note_trail(lint, info, first);
}

static struct lint_store *store_of(struct amdvi_lint *lint, uint64_t address)
{
    struct lint_store *empty = NULL;

    for (unsigned i = 0; i < LINT_STORES_MAX; i++) {
        if (lint->stores[i].stores && lint->stores[i].address == address)
            return &lint->stores[i];
        if (!lint->stores[i].stores && !empty)
            empty = &lint->stores[i];
    }
    return empty;
}

static void note_store(struct amdvi_lint *lint, const struct amdvi_access_info *info)
{
    struct lint_store *store = store_of(lint, info->address);

    lint->statistics.stores++;
    if (!store)
        return;
    if (!store->stores++)
        lint->statistics.stores_unread++;
    store->address = info->address;
}

static void on_access(void *context, const struct amdvi_access_info *info)
{
    struct amdvi_lint *lint = context;

    lint->known.writes += info->write;
    switch (info->result == AMDVI_MEMORY_OK && !info->cached ? info->access : AMDVI_ACCESS_COMMAND) {
    case AMDVI_ACCESS_DTE:
    case AMDVI_ACCESS_HOST_ENTRY:
    case AMDVI_ACCESS_GCR3_ENTRY:
    case AMDVI_ACCESS_GUEST_ENTRY:
    case AMDVI_ACCESS_IRTE:
        lint->last[info->access] = *info;
        note_words(lint, info);
        break;
    case AMDVI_ACCESS_STORE:
        note_store(lint, info);
        break;
    case AMDVI_ACCESS_DATA:
        if (info->write)
            lint_words_reread(lint, info->address, info->length);
        break;
    default:
        break;
    }
}

/* ---------------------------------------------------------------- reserved bits */

static int access_with_reserved_bits(unsigned reason)
{
    switch (reason) {
    case REASON_DTE_RESERVED:
    case REASON_INT_DTE_RESERVED:
        return AMDVI_ACCESS_DTE;
    case REASON_HOST_RESERVED:
        return AMDVI_ACCESS_HOST_ENTRY;
    case REASON_GUEST_RESERVED:
        return AMDVI_ACCESS_GUEST_ENTRY;
    case REASON_GUEST_GCR3_RESERVED:
        return AMDVI_ACCESS_GCR3_ENTRY;
    case REASON_INT_IRTE_ILLEGAL:
        return AMDVI_ACCESS_IRTE;
    default:
        return -1;
    }
}

/* One report for each word and value. */
static void check_reserved(struct amdvi_lint *lint, unsigned reason, struct amdvi_lint_finding *finding)
{
    int access = access_with_reserved_bits(reason);
    const struct lint_word *word;

    if (access < 0 || lint->last[access].address == 0)
        return;
    word = lint_word(lint, lint->last[access].address & ~(uint64_t)7);
    finding->kind = AMDVI_LINT_RESERVED_BITS;
    finding->severity = AMDVI_LINT_MISTAKE;
    finding->at = lint->now;
    finding->word = lint->last[access].address;
    finding->new_value = lint->last[access].value[0];
    finding->times = 1;
    if (word && word->changed)
        finding->changed = word->changed_at;
    lint->last[access].address = 0;
    lint_report(lint, finding);
}

static void on_request(void *context, const struct amdvi_request *request, const struct amdvi_result *result)
{
    struct amdvi_lint *lint = context;

    lint_reach_learn(lint, request);
    lint_atc_request(lint, request, result);
    if (!result->ok) {
        struct amdvi_lint_finding finding = {.request = *request};
        check_reserved(lint, result->fault.reason, &finding);
    }
}

static void on_interrupt(void *context, uint16_t requester, uint64_t address, uint32_t data,
                         const struct amdvi_int_result *result)
{
    struct amdvi_lint *lint = context;
    struct amdvi_lint_finding finding = {
        .interrupt = true, .request = {.device = requester, .address = address}, .data = data};

    if (!result->ok)
        check_reserved(lint, result->fault.reason, &finding);
}

/* ---------------------------------------------------------------- registers */

static void on_mmio(void *context, bool write, uint64_t offset, unsigned size, uint64_t value)
{
    struct amdvi_lint *lint = context;

    if (write)
        lint_register_write(lint, offset, size, value);
}

static void on_guest_mmio(void *context, uint16_t guest_id, bool control, bool write, uint64_t offset,
                          unsigned size, uint64_t value)
{
    struct amdvi_lint *lint = context;

    if (write)
        lint_forget_known(lint);
    if (control && write)
        lint_guest_control_write(lint, guest_id, offset, size, value);
}

/* ---------------------------------------------------------------- the rest of the observer */

static void on_command(void *context, const struct amdvi_command_info *info)
{
    struct amdvi_lint *lint = context;

    lint_command(lint, info);
}

static void on_hit(void *context, const struct amdvi_hit_info *info)
{
    struct amdvi_lint *lint = context;

    lint_check(lint, info);
}

static bool vouch(void *context, const struct amdvi_request *request, const struct amdvi_result *result)
{
    return lint_is_known(context, request, result);
}

static void on_page_request(void *context, const struct amdvi_page_request *request,
                            const struct amdvi_page_request_result *result)
{
    lint_page_request(context, request, result->ok);
}

static void on_prg_response(void *context, const struct amdvi_prg_response *response)
{
    lint_page_answer(context, response);
}

static void on_atc_invalidate(void *context, const struct amdvi_atc_invalidation *invalidation,
                              enum amdvi_atc_answer answer)
{
    lint_atc_invalidated(context, invalidation);
}

/* Nothing is cached any more: what was read before counts no more. */
void lint_start_anew(struct amdvi_lint *lint)
{
    lint_cases_drop(lint);
    lint_regime_forget(&lint->regimes);
    lint_forget_known(lint);
    memset(lint->words, 0, ((size_t)lint->word_mask + 1) * LINT_WORD_WAYS * sizeof(*lint->words));
    lint->filled_count = 0;
    memset(lint->last, 0, sizeof(lint->last));
    memset(&lint->ring, 0, sizeof(lint->ring));
    memset(&lint->page_requests, 0, sizeof(lint->page_requests));
    memset(&lint->torn, 0, sizeof(lint->torn));
    memset(&lint->directories, 0, sizeof(lint->directories));
    memset(&lint->atc, 0, sizeof(lint->atc));
    lint->last_sharers = 0;
}

static void on_call(void *context, const struct amdvi_call_info *info)
{
    struct amdvi_lint *lint = context;

    if (info->call == AMDVI_CALL_RESET || info->call == AMDVI_CALL_RESTORE)
        lint_start_anew(lint);
    else if (info->call == AMDVI_CALL_GUEST_RESTORE || info->call == AMDVI_CALL_MAP_FILL)
        lint_forget_known(lint);
}

struct amdvi_observer lint_observer(struct amdvi_lint *lint)
{
    return (struct amdvi_observer){.context = lint,
                                   .access = on_access,
                                   .request = on_request,
                                   .interrupt = on_interrupt,
                                   .command = on_command,
                                   .mmio = on_mmio,
                                   .hit = on_hit,
                                   .guest_mmio = on_guest_mmio,
                                   .call = on_call,
                                   .page_request = on_page_request,
                                   .prg_response = on_prg_response,
                                   .atc_invalidate = on_atc_invalidate,
                                   .vouch = vouch};
}
