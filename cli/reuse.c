// SPDX-License-Identifier: Apache-2.0
#include "cli/reuse.h"

#include <stdlib.h>

enum { FIRST_SLOTS = 1 << 12, FIRST_TABLE = 1 << 12, FIRST_ENTRIES = 1 << 10, FIRST_HOLES = 1 << 10 };

/* ---------------------------------------------------------------- which slots are taken */

static void slot_add(struct reuse *reuse, uint32_t slot, uint32_t change)
{
    for (; slot <= reuse->slots; slot += slot & -slot)
        reuse->sums[slot] += change;
}

static uint32_t slots_up_to(const struct reuse *reuse, uint32_t slot)
{
    uint32_t sum = 0;

    for (; slot; slot -= slot & -slot)
        sum += reuse->sums[slot];
    return sum;
}

static void slot_take(struct reuse *reuse, uint32_t who)
{
    reuse->taken_by[++reuse->now] = who;
    slot_add(reuse, reuse->now, 1);
    reuse->taken++;
    if (who != REUSE_HOLE)
        reuse->entries[who].time = reuse->now;
}

static void slot_leave(struct reuse *reuse, uint32_t slot)
{
    reuse->taken_by[slot] = 0;
    slot_add(reuse, slot, UINT32_MAX);
    reuse->taken--;
}

/* ---------------------------------------------------------------- holes */

static void swap(uint32_t *a, uint32_t *b)
{
    uint32_t kept = *a;

    *a = *b;
    *b = kept;
}

static bool hole_add(struct reuse *reuse, uint32_t slot)
{
    uint32_t at = reuse->holes_count;

    if (at == reuse->holes_room) {
        uint32_t *holes = realloc(reuse->holes, (size_t)reuse->holes_room * 2 * sizeof(*holes));
        if (!holes)
            return false;
        reuse->holes = holes;
        reuse->holes_room *= 2;
    }
    reuse->taken_by[slot] = REUSE_HOLE;
    reuse->holes[reuse->holes_count++] = slot;
    for (; at && reuse->holes[(at - 1) / 2] < reuse->holes[at]; at = (at - 1) / 2)
        swap(&reuse->holes[(at - 1) / 2], &reuse->holes[at]);
    return true;
}

/* Fills the newest hole if it is above `slot`. */
static bool hole_fill(struct reuse *reuse, uint32_t slot)
{
    if (!reuse->holes_count || reuse->holes[0] < slot)
        return false;
    slot_leave(reuse, reuse->holes[0]);
    reuse->holes[0] = reuse->holes[--reuse->holes_count];
    for (uint32_t at = 0, child; (child = 2 * at + 1) < reuse->holes_count; at = child) {
        child += child + 1 < reuse->holes_count && reuse->holes[child + 1] > reuse->holes[child];
        if (reuse->holes[at] >= reuse->holes[child])
            break;
        swap(&reuse->holes[at], &reuse->holes[child]);
    }
    return true;
}

/* The order of use stays; the slots that nobody has any more go. */
static bool slots_renumber(struct reuse *reuse)
{
    uint32_t slots = reuse->taken > reuse->slots / 2 ? 2 * reuse->slots : reuse->slots, last = reuse->now;
    uint32_t *sums = calloc((size_t)slots + 1, sizeof(*sums));
    uint32_t *old = reuse->taken_by, *taken_by = calloc((size_t)slots + 1, sizeof(*taken_by));

    if (!sums || !taken_by || slots < reuse->slots) {
        free(sums);
        free(taken_by);
        return false;
    }
    free(reuse->sums);
    reuse->sums = sums;
    reuse->taken_by = taken_by;
    reuse->slots = slots;
    reuse->now = reuse->taken = reuse->holes_count = 0;
    for (uint32_t slot = 1; slot <= last; slot++) {
        if (old[slot])
            slot_take(reuse, old[slot]);
        if (old[slot] == REUSE_HOLE)
            hole_add(reuse, reuse->now); /* there is room: there were as many before */
    }
    free(old);
    return true;
}

/* ---------------------------------------------------------------- keys */

static uint32_t *place_of(const struct reuse *reuse, const struct reuse_key *key)
{
    uint64_t hash =
        (key->tag ^ (uint64_t)key->group << 48 ^ (uint64_t)key->sub << 20) * UINT64_C(0x9e3779b97f4a7c15);
    uint32_t at = (uint32_t)(hash >> 32) & (reuse->table_size - 1);

    for (; reuse->table[at]; at = (at + 1) & (reuse->table_size - 1)) {
        const struct reuse_key *other = &reuse->entries[reuse->table[at]].key;
        if (other->tag == key->tag && other->sub == key->sub && other->group == key->group)
            break;
    }
    return &reuse->table[at];
}

static bool grow_table(struct reuse *reuse)
{
    uint32_t *old = reuse->table;

    reuse->table = calloc((size_t)reuse->table_size * 2, sizeof(*reuse->table));
    if (!reuse->table || reuse->table_size > UINT32_MAX / 4) {
        free(reuse->table);
        reuse->table = old;
        return false;
    }
    reuse->table_size *= 2;
    for (uint32_t entry = 1; entry <= reuse->count; entry++)
        *place_of(reuse, &reuse->entries[entry].key) = entry;
    free(old);
    return true;
}

static bool grow_entries(struct reuse *reuse)
{
    struct reuse_entry *entries = realloc(reuse->entries, (size_t)reuse->room * 2 * sizeof(*entries));

    if (!entries)
        return false;
    reuse->entries = entries;
    reuse->room *= 2;
    return true;
}

/* The entry of a key, made if it is new; 0: no memory. */
static uint32_t entry_of(struct reuse *reuse, const struct reuse_key *key, bool *is_new)
{
    uint32_t *place = place_of(reuse, key);

    *is_new = !*place;
    if (*place)
        return *place;
    if (reuse->count + 1 >= reuse->room && !grow_entries(reuse))
        return 0;
    if (reuse->count >= reuse->table_size / 2 && !grow_table(reuse))
        return 0;
    reuse->entries[++reuse->count] = (struct reuse_entry){.key = *key};
    *place_of(reuse, key) = reuse->count;
    return reuse->count;
}

/* ---------------------------------------------------------------- lists of groups */

static void list_join(struct reuse *reuse, uint32_t entry)
{
    struct reuse_entry *e = &reuse->entries[entry];
    uint32_t *head = &reuse->heads[e->key.group];

    e->live = true;
    e->previous = 0;
    e->next = *head;
    if (*head)
        reuse->entries[*head].previous = entry;
    *head = entry;
}

static void list_leave(struct reuse *reuse, uint32_t entry)
{
    struct reuse_entry *e = &reuse->entries[entry];

    e->live = false;
    if (e->next)
        reuse->entries[e->next].previous = e->previous;
    if (e->previous)
        reuse->entries[e->previous].next = e->next;
    else
        reuse->heads[e->key.group] = e->next;
}

static void drop_entry(struct reuse *reuse, uint32_t entry)
{
    list_leave(reuse, entry);
    reuse->live--;
    if (!hole_add(reuse, reuse->entries[entry].time))
        slot_leave(reuse, reuse->entries[entry].time); /* no memory: a little too good a curve */
}

/* ---------------------------------------------------------------- for others */

bool reuse_open(struct reuse *reuse)
{
    *reuse = (struct reuse){
        .room = FIRST_ENTRIES, .table_size = FIRST_TABLE, .slots = FIRST_SLOTS, .holes_room = FIRST_HOLES};
    reuse->holes = malloc(FIRST_HOLES * sizeof(*reuse->holes));
    reuse->entries = malloc(FIRST_ENTRIES * sizeof(*reuse->entries));
    reuse->table = calloc(FIRST_TABLE, sizeof(*reuse->table));
    reuse->heads = calloc(REUSE_GROUPS, sizeof(*reuse->heads));
    reuse->sums = calloc(FIRST_SLOTS + 1, sizeof(*reuse->sums));
    reuse->taken_by = calloc(FIRST_SLOTS + 1, sizeof(*reuse->taken_by));
    if (reuse->entries && reuse->table && reuse->heads && reuse->sums && reuse->taken_by && reuse->holes)
        return true;
    reuse_close(reuse);
    return false;
}

void reuse_close(struct reuse *reuse)
{
    free(reuse->entries);
    free(reuse->table);
    free(reuse->heads);
    free(reuse->sums);
    free(reuse->taken_by);
    free(reuse->holes);
    *reuse = (struct reuse){.failed = true};
}

static unsigned log2_above(uint32_t distance)
{
    unsigned log2 = 0;

    while (log2 < 32 && (uint64_t)distance >= UINT64_C(1) << log2)
        log2++;
    return log2;
}

/* Leaves the slot; from below a hole, the hole moves here. */
static uint32_t use_again(struct reuse *reuse, uint32_t slot)
{
    uint32_t distance = reuse->taken - slots_up_to(reuse, slot);

    reuse->hits[log2_above(distance)]++;
    if (!hole_fill(reuse, slot) || !hole_add(reuse, slot))
        slot_leave(reuse, slot);
    return distance;
}

static void use_new(struct reuse *reuse, uint32_t entry)
{
    list_join(reuse, entry);
    reuse->live++;
    hole_fill(reuse, 0);
}

enum reuse_use reuse_touch(struct reuse *reuse, const struct reuse_key *key, uint32_t *distance)
{
    bool is_new, again;
    uint32_t entry;

    if (reuse->failed)
        return REUSE_NEW;
    entry = entry_of(reuse, key, &is_new);
    if (!entry || (reuse->now == reuse->slots && !slots_renumber(reuse))) {
        reuse_close(reuse);
        return REUSE_NEW;
    }
    reuse->lookups++;
    again = reuse->entries[entry].live;
    if (again)
        *distance = use_again(reuse, reuse->entries[entry].time);
    else
        use_new(reuse, entry);
    slot_take(reuse, entry);
    return again ? REUSE_AGAIN : is_new ? REUSE_NEW : REUSE_DROPPED;
}

void reuse_miss(struct reuse *reuse)
{
    reuse->lookups++;
}

void reuse_drop(struct reuse *reuse, const struct reuse_key *key)
{
    uint32_t entry = reuse->failed ? 0 : *place_of(reuse, key);

    if (entry && reuse->entries[entry].live)
        drop_entry(reuse, entry);
}

void reuse_drop_group(struct reuse *reuse, uint16_t group,
                      bool (*covers)(void *context, const struct reuse_key *key), void *context)
{
    uint32_t next;

    for (uint32_t entry = reuse->failed ? 0 : reuse->heads[group]; entry; entry = next) {
        next = reuse->entries[entry].next;
        if (!covers || covers(context, &reuse->entries[entry].key))
            drop_entry(reuse, entry);
    }
}

void reuse_drop_all(struct reuse *reuse)
{
    for (uint32_t slot = 1; !reuse->failed && slot <= reuse->now; slot++) {
        uint32_t who = reuse->taken_by[slot];
        if (!who)
            continue;
        if (who != REUSE_HOLE)
            list_leave(reuse, who);
        slot_leave(reuse, slot);
    }
    reuse->live = reuse->holes_count = 0;
}

uint64_t reuse_hits(const struct reuse *reuse, unsigned log2_lines)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i <= log2_lines && i < REUSE_SIZES; i++)
        sum += reuse->hits[i];
    return sum;
}
