// SPDX-License-Identifier: Apache-2.0
/* A lint's life, and what its host tells it. */
#include "model/lint/lint.h"

#include "model/base/allocator.h"
#include "model/base/sized.h"

enum { WORDS_LOG2_DEFAULT = 16, WORDS_LOG2_MIN = 10, WORDS_LOG2_MAX = 20 };
/* What Linux' flush queue holds, and its timer. */
enum { QUEUE_ENTRIES = 250, QUEUE_NS = 10000000 };

/* ---------------------------------------------------------------- life */

static enum amdvi_status attach(struct amdvi_lint *lint, struct amdvi_device *device,
                                struct amdvi_observation **observation)
{
    struct amdvi_observer observer = lint_observer(lint);

    return amdvi_observer_attach(device, &observer, observation);
}

static void set_defaults(struct amdvi_lint_options *options)
{
    options->processors += !options->processors;
    if (!options->queue_entries)
        options->queue_entries = QUEUE_ENTRIES;
    if (!options->queue_ns)
        options->queue_ns = QUEUE_NS;
}

enum amdvi_status amdvi_lint_create_sized(struct amdvi_device *device,
                                          const struct amdvi_lint_options *options, size_t size,
                                          struct amdvi_lint **lint)
{
    struct amdvi_lint_options known = {0};
    struct amdvi_lint *new;
    unsigned log2;

    if (options && sized_take(&known, sizeof(known), options, size))
        return AMDVI_ERR_UNSUPPORTED;
    log2 = known.log2_words ? known.log2_words : WORDS_LOG2_DEFAULT;
    if (!device || !lint || log2 < WORDS_LOG2_MIN || log2 > WORDS_LOG2_MAX || known.processors > LINT_WAITS ||
        (unsigned)known.regime > AMDVI_LINT_QUEUED)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    new = allocate_zeroed(&device->allocator, sizeof(*new));
    if (!new)
        return AMDVI_ERR_NO_MEMORY;
    new->options = known;
    set_defaults(&new->options);
    new->device = device;
    new->allocator = device->allocator;
    new->word_mask = (1u << log2) / LINT_WORD_WAYS - 1;
    new->words = allocate_zeroed(&device->allocator, sizeof(*new->words) << log2);
    new->filled = allocate_zeroed(&device->allocator, sizeof(*new->filled) << log2);
    new->known.all = allocate_zeroed(&device->allocator, sizeof(*new->known.all) * LINT_KNOWN);
    new->known.epoch = 1;
    new->order.slots = allocate_zeroed(&device->allocator, sizeof(*new->order.slots) * LINT_SLOTS);
    new->regimes.domains = allocate_zeroed(&device->allocator, sizeof(*new->regimes.domains) * LINT_DOMAINS);
    if (!new->words || !new->filled || !new->known.all || !new->order.slots || !new->regimes.domains ||
        attach(new, device, &new->observation) != AMDVI_OK) {
        amdvi_lint_destroy(new);
        return AMDVI_ERR_NO_MEMORY;
    }
    *lint = new;
    return AMDVI_OK;
}

enum amdvi_status amdvi_lint_destroy(struct amdvi_lint *lint)
{
    struct amdvi_allocator allocator;

    if (!lint)
        return AMDVI_OK;
    if (device_busy(lint->device))
        return AMDVI_ERR_BUSY;
    allocator = lint->allocator;
    amdvi_observer_detach(lint->observation);
    lint_cases_free(lint);
    release(&allocator, lint->words);
    release(&allocator, lint->filled);
    release(&allocator, lint->known.all);
    release(&allocator, lint->order.slots);
    release(&allocator, lint->regimes.domains);
    release(&allocator, lint);
    return AMDVI_OK;
}

/* ---------------------------------------------------------------- what the caller tells */

enum amdvi_status amdvi_lint_mark(struct amdvi_lint *lint, uint64_t line, uint64_t ns)
{
    if (!lint)
        return AMDVI_ERR_ARGUMENT;
    lint->now.record++;
    lint->now.line = line;
    lint->now.ns = ns;
    return AMDVI_OK;
}

enum amdvi_status amdvi_lint_place(struct amdvi_lint *lint, uint64_t place)
{
    if (!lint)
        return AMDVI_ERR_ARGUMENT;
    lint->now.place = place;
    return AMDVI_OK;
}

enum amdvi_status amdvi_lint_rely(struct amdvi_lint *lint)
{
    if (!lint)
        return AMDVI_ERR_ARGUMENT;
    lint->order.relied = ++lint->order.now.time;
    return AMDVI_OK;
}

enum amdvi_status amdvi_lint_write(struct amdvi_lint *lint, uint64_t spa, const void *bytes, uint64_t length)
{
    if (!lint || !bytes || (length && spa + (length - 1) < spa))
        return AMDVI_ERR_ARGUMENT;
    lint->known.writes++;
    if (length) {
        lint_ring_write(lint, spa, length);
        lint_words_write(lint, spa, bytes, 0, length);
        lint_dirty_write(lint, spa, bytes, 0, length);
    }
    return AMDVI_OK;
}

enum amdvi_status amdvi_lint_fill(struct amdvi_lint *lint, uint64_t spa, uint8_t byte, uint64_t length)
{
    if (!lint || (length && spa + (length - 1) < spa))
        return AMDVI_ERR_ARGUMENT;
    lint->known.writes++;
    if (length) {
        lint_words_write(lint, spa, NULL, byte, length);
        lint_dirty_write(lint, spa, NULL, byte, length);
    }
    return AMDVI_OK;
}

enum amdvi_status amdvi_lint_read(struct amdvi_lint *lint, uint64_t spa, uint64_t length)
{
    if (!lint)
        return AMDVI_ERR_ARGUMENT;
    for (unsigned i = 0; i < LINT_STORES_MAX; i++) {
        struct lint_store *store = &lint->stores[i];
        if (!store->stores || store->read || store->address - spa >= length)
            continue;
        store->read = true;
        lint->statistics.stores_unread--;
    }
    return AMDVI_OK;
}

enum amdvi_status amdvi_lint_scan(struct amdvi_lint *lint)
{
    if (!lint)
        return AMDVI_ERR_ARGUMENT;
    lint_words_scan(lint);
    return AMDVI_OK;
}

enum amdvi_status amdvi_lint_move(struct amdvi_lint *lint, struct amdvi_device *device)
{
    struct amdvi_observation *observation;
    enum amdvi_status status;

    if (!lint || !device || device == lint->device)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(lint->device) || device_busy(device))
        return AMDVI_ERR_BUSY;
    status = attach(lint, device, &observation);
    if (status != AMDVI_OK)
        return status;
    amdvi_observer_detach(lint->observation);
    lint->observation = observation;
    lint_start_anew(lint);
    lint->device = device;
    return AMDVI_OK;
}

enum amdvi_status amdvi_lint_finish(struct amdvi_lint *lint)
{
    if (!lint)
        return AMDVI_ERR_ARGUMENT;
    lint_torn_end(lint);
    lint_cases_finish(lint);
    lint_directory_finish(lint);
    lint_atc_finish(lint);
    lint_ring_finish(lint);
    lint_pages_finish(lint);
    return AMDVI_OK;
}

enum amdvi_status amdvi_lint_statistics_sized(const struct amdvi_lint *lint,
                                              struct amdvi_lint_statistics *statistics, size_t size)
{
    if (!lint || !statistics)
        return AMDVI_ERR_ARGUMENT;
    sized_give(statistics, size, &lint->statistics, sizeof(lint->statistics));
    return AMDVI_OK;
}
