// SPDX-License-Identifier: Apache-2.0
/*
 * Memory: questions of the device become accesses. One after the other they wait for the arrays, for a
 * walker, for another read of the same line (walk.merge_line), for a credit of their class, for the bus, and
 * for memory.
 */
#include "model/timed/state.h"

static enum amdvi_timed_class class_of(const struct amdvi_ask *ask)
{
    switch (ask->access) {
    case AMDVI_ACCESS_COMMAND:
        return AMDVI_TIMED_COMMANDS;
    case AMDVI_ACCESS_STORE:
    case AMDVI_ACCESS_LOG:
        return ask->kind == AMDVI_ASK_WRITE ? AMDVI_TIMED_WRITES : AMDVI_TIMED_GUESTS;
    case AMDVI_ACCESS_VAPIC:
    case AMDVI_ACCESS_MAP:
    case AMDVI_ACCESS_DATA:
        return AMDVI_TIMED_GUESTS;
    default:
        return AMDVI_TIMED_TABLES;
    }
}

/* ---------------------------------------------------------------- from the device */

static uint64_t ready_of_submission(struct amdvi_timed *t, struct operation *o, const struct amdvi_ask *ask)
{
    o->ready = work_of_lookup(t, later(t->now, o->ready), &ask->work);
    return o->ready;
}

static uint64_t ready_of_unit(struct amdvi_timed *t, const struct amdvi_ask *ask)
{
    struct unit *unit = &t->units[ask->asker];

    unit->ready = work_of_commands(t, later(t->now, unit->ready), &ask->work);
    return unit->ready;
}

/* What is written or exchanged only the host's memory wants to know. */
static void keep_ask(const struct amdvi_timed *t, struct amdvi_ask *kept, const struct amdvi_ask *ask)
{
    if (t->host.issue) {
        *kept = *ask;
        return;
    }
    kept->id = ask->id;
    kept->kind = ask->kind;
    kept->access = ask->access;
    kept->asker = ask->asker;
    kept->address = ask->address;
    kept->length = ask->length;
    kept->work.invalidations = ask->work.invalidations;
}

void memory_issue(struct amdvi_timed *t, const struct amdvi_ask *ask)
{
    uint32_t index = access_take(t), operation = (uint32_t)ask->tag;
    struct access *a = &t->accesses[index];
    uint64_t ready;

    keep_ask(t, &a->ask, ask);
    a->class = (uint8_t)class_of(ask);
    a->operation = ask->asker == AMDVI_ASKER_SUBMISSION ? operation : NOBODY;
    t->by_place[(uint32_t)ask->id - 1] = index;
    if (a->operation == NOBODY) {
        ready = ready_of_unit(t, ask);
    } else {
        struct operation *o = &t->operations[operation];
        o->open = index;
        if (o->kind == AMDVI_SUBMITTED_REQUEST && !o->walking)
            walk_announce(t, operation);
        ready = ready_of_submission(t, o, ask);
    }
    a->since = ready;
    if (ready > t->now)
        wheel_put(&t->wheel, ready, EVENT_ASK, index);
    else
        memory_go(t, index);
}

/* The arrays have answered. */
void memory_go(struct amdvi_timed *t, uint32_t index)
{
    if (!walk_admit(t, index))
        return;
    if (t->accesses[index].operation == NOBODY && ring_holds(t, index))
        return;
    memory_ask(t, index);
}

/* ---------------------------------------------------------------- the same line */

static uint32_t hash_of(const struct access *a)
{
    return (uint32_t)((a->ask.address >> 6) * 0x9e3779b97f4a7c15u >> 40) % HASHES;
}

static bool mergeable(const struct amdvi_timed *t, const struct access *a)
{
    return t->p[PARAMETER_WALK_MERGE_LINE] && a->class == AMDVI_TIMED_TABLES && a->ask.kind == AMDVI_ASK_READ;
}

/* True: it waits for a read of its line that is under way. */
static bool join(struct amdvi_timed *t, uint32_t index)
{
    struct access *a = &t->accesses[index];
    uint32_t other = mergeable(t, a) ? t->reading[hash_of(a)] : NOBODY;

    while (other != NOBODY && t->accesses[other].ask.address >> 6 != a->ask.address >> 6)
        other = t->accesses[other].chain;
    if (other == NOBODY)
        return false;
    a->next = t->accesses[other].merged;
    t->accesses[other].merged = index;
    t->statistics.merged_lines++;
    return true;
}

static void announce(struct amdvi_timed *t, uint32_t index)
{
    struct access *a = &t->accesses[index];

    if (!mergeable(t, a))
        return;
    a->chain = t->reading[hash_of(a)];
    t->reading[hash_of(a)] = index;
}

static void withdraw(struct amdvi_timed *t, uint32_t index)
{
    struct access *a = &t->accesses[index];
    uint32_t *link = &t->reading[hash_of(a)];

    if (!mergeable(t, a))
        return;
    while (*link != index)
        link = &t->accesses[*link].chain;
    *link = a->chain;
}

/* ---------------------------------------------------------------- credits, bus, latency */

static uint64_t on_bus(struct amdvi_timed *t)
{
    uint64_t begins = later(t->now, t->bus_free);

    t->bus_free = begins + t->p[PARAMETER_MEMORY_LINE_TIME];
    return t->bus_free;
}

/* A credit is there: the access leaves the device. */
static void depart(struct amdvi_timed *t, uint32_t index)
{
    struct access *a = &t->accesses[index];
    uint64_t answer;

    t->statistics.asks[a->class]++;
    t->statistics.credit_wait_ps[a->class] += t->now - a->since;
    t->credits[a->class]++;
    a->credit = true;
    a->since = t->now;
    if (a->operation != NOBODY) {
        t->operations[a->operation].reads++;
        t->operations[a->operation].last_line = a->ask.address >> 6;
    }
    announce(t, index);
    if (t->host.issue) {
        struct amdvi_ask ask = a->ask; /* the host may submit from inside, and the place may move */
        t->host.issue(t->host.context, &ask);
        return;
    }
    answer = on_bus(t) + memory_latency(t, a->ask.kind == AMDVI_ASK_WRITE);
    ring_reads(t, a, answer);
    wheel_put(&t->wheel, answer, EVENT_ANSWER, index);
}

void memory_ask(struct amdvi_timed *t, uint32_t index)
{
    struct access *a = &t->accesses[index];
    uint64_t ready;

    a->since = t->now;
    if (!t->host.issue && a->operation == NOBODY && ring_has(t, a, &ready))
        wheel_put(&t->wheel, ready, EVENT_ANSWER, index);
    else if (!t->host.issue && prefetch_has_line(t, a))
        wheel_put(&t->wheel, t->now + cycles(t, 1), EVENT_ANSWER, index);
    else if (join(t, index))
        return;
    else if (t->credits[a->class] < t->p[PARAMETER_MEMORY_CREDITS])
        depart(t, index);
    else
        access_append(t, &t->credit_queue[a->class], index);
}

static void give_credit_back(struct amdvi_timed *t, struct access *a)
{
    uint32_t next;

    if (!a->credit)
        return;
    a->credit = false;
    t->statistics.busy_ps[a->class] += t->now - a->since;
    histogram_add(&t->histograms[AMDVI_TIMED_MEMORY], t->now - a->since);
    t->credits[a->class]--;
    next = access_shift(t, &t->credit_queue[a->class]);
    if (next != NOBODY)
        depart(t, next);
}

/* ---------------------------------------------------------------- answers */

/* Those that waited for the line see memory as it is now, too; the first to come is the first to go on. */
static uint32_t turned(struct amdvi_timed *t, uint32_t index)
{
    uint32_t result = NOBODY;

    while (index != NOBODY) {
        uint32_t next = t->accesses[index].next;
        t->accesses[index].next = result;
        result = index;
        index = next;
    }
    return result;
}

static uint64_t take_apart(struct amdvi_timed *t, uint32_t index, uint32_t *merged)
{
    struct access *a = &t->accesses[index];
    uint64_t id = a->ask.id;

    t->by_place[(uint32_t)id - 1] = NOBODY;
    if (a->operation != NOBODY)
        t->operations[a->operation].open = NOBODY;
    if (a->credit)
        withdraw(t, index);
    *merged = turned(t, a->merged);
    give_credit_back(t, a);
    access_give(t, index);
    return id;
}

/* Built in: the device's own memory answers now. */
void memory_answered(struct amdvi_timed *t, uint32_t index)
{
    uint32_t merged;

    amdvi_memory_answer(t->device, take_apart(t, index, &merged));
    while (merged != NOBODY) {
        uint32_t next = t->accesses[merged].next, none;
        amdvi_memory_answer(t->device, take_apart(t, merged, &none));
        merged = next;
    }
}

/* NOBODY: not handed out, or answered. */
static uint32_t find(const struct amdvi_timed *t, uint64_t id)
{
    uint32_t place = (uint32_t)id - 1;
    uint32_t index = place < t->places ? t->by_place[place] : NOBODY;

    return index != NOBODY && t->accesses[index].credit && t->accesses[index].ask.id == id ? index : NOBODY;
}

/* Each that waited for the line asks on its own: the host knows what it would read. */
static void reissue(struct amdvi_timed *t, uint32_t merged)
{
    while (merged != NOBODY) {
        uint32_t next = t->accesses[merged].next;
        memory_ask(t, merged);
        merged = next;
    }
}

static void host_answers(struct amdvi_timed *t, uint32_t index, enum amdvi_memory_result result,
                         const void *data, bool own)
{
    uint32_t merged;
    uint64_t id;

    t->accesses[index].expected = 0;
    if (own) {
        memory_answered(t, index);
        return;
    }
    id = take_apart(t, index, &merged);
    amdvi_memory_done(t->device, id, result, data);
    reissue(t, merged);
}

/* ---------------------------------------------------------------- answers that were announced */

bool memory_expect(struct amdvi_timed *t, uint64_t id, uint64_t when)
{
    uint32_t index = find(t, id);

    if (index == NOBODY || t->accesses[index].expected || when <= t->now || when > AMDVI_TIMED_LAST ||
        !pool_more_event(t))
        return false;
    t->accesses[index].expected = when;
    wheel_put_quiet(&t->wheel, when, EVENT_PLACE, index);
    return true;
}

/* Of an access that was answered early nothing is left here, or another one that expects nothing now. */
void memory_place(struct amdvi_timed *t, uint32_t index)
{
    struct access *a = &t->accesses[index];

    if (!a->credit || a->expected != t->now)
        return;
    if (!a->arrived) {
        t->stopped = index;
        return;
    }
    t->arrived--;
    host_answers(t, index, (enum amdvi_memory_result)a->result, NULL, a->own);
}

/* True: it waits until the events before it have happened. */
static bool keeps_its_place(struct amdvi_timed *t, uint32_t index, enum amdvi_memory_result result,
                            const void *data, bool own)
{
    struct access *a = &t->accesses[index];

    if (!a->expected || a->expected != t->now || data || t->stopped == index)
        return false;
    a->arrived = true;
    t->arrived++;
    a->own = own;
    a->result = (uint8_t)result;
    return true;
}

bool memory_done(struct amdvi_timed *t, uint64_t id, enum amdvi_memory_result result, const void *data,
                 bool own)
{
    uint32_t index = find(t, id);

    if (index == NOBODY || t->accesses[index].arrived)
        return false;
    if (keeps_its_place(t, index, result, data, own))
        return true;
    if (t->stopped == index)
        t->stopped = NOBODY;
    host_answers(t, index, result, data, own);
    return true;
}
