// SPDX-License-Identifier: Apache-2.0
#include "model/tlb.h"

#include "model/allocator.h"

enum { NO_GROUP = UINT32_MAX, SPACE_GUEST = 1u << 31 };

static uint32_t space_key(const struct tlb_space *space)
{
    return space->guest ? space->pasid | SPACE_GUEST : 0;
}

static bool is_guest(uint64_t id)
{
    return id & SPACE_GUEST;
}

/* ---------------------------------------------------------------- life and death */

static void set_page_sizes(struct tlb *tlb, unsigned mask)
{
    tlb->nshifts = 0;
    for (unsigned i = 0; i < TLB_SIZES_MAX; i++)
        if ((mask | 1) >> i & 1)
            tlb->shifts[tlb->nshifts++] = (uint8_t)(12 + 3 * i);
}

bool tlb_create(struct tlb *tlb, const struct tlb_config *config, const struct amdvi_allocator *allocator)
{
    /* As many PASIDs and split pages are remembered as the PTC has lines: more cannot be alive. */
    struct cache_geometry tags = config->ptc;

    memset(tlb, 0, sizeof(*tlb));
    set_page_sizes(tlb, config->page_sizes);
    tlb->domains = allocate_zeroed(allocator, TLB_DOMAINS * sizeof(*tlb->domains));
    if (config->owners)
        tlb->owners = allocate_zeroed(allocator, TLB_DOMAINS * sizeof(*tlb->owners));
    if (cache_create(&tlb->ptc, &config->ptc, sizeof(struct ptc_line), allocator) &&
        cache_create(&tlb->pdc, &config->pdc, sizeof(struct pdc_line), allocator) &&
        cache_create(&tlb->gcr3, &config->gcr3, sizeof(struct pdc_line), allocator) &&
        cache_create(&tlb->contexts, &tags, sizeof(struct tlb_context), allocator) &&
        cache_create(&tlb->groups, &tags, sizeof(struct tlb_group), allocator) && tlb->domains &&
        (tlb->owners || !config->owners)) {
        tlb_clear(tlb);
        return true;
    }
    tlb_destroy(tlb, allocator);
    return false;
}

void tlb_destroy(struct tlb *tlb, const struct amdvi_allocator *allocator)
{
    cache_destroy(&tlb->ptc, allocator);
    cache_destroy(&tlb->pdc, allocator);
    cache_destroy(&tlb->gcr3, allocator);
    cache_destroy(&tlb->contexts, allocator);
    cache_destroy(&tlb->groups, allocator);
    release(allocator, tlb->domains);
    release(allocator, tlb->owners);
    tlb->domains = NULL;
    tlb->owners = NULL;
}

void tlb_clear(struct tlb *tlb)
{
    tlb->last = NULL;
    cache_clear(&tlb->ptc);
    cache_clear(&tlb->pdc);
    cache_clear(&tlb->gcr3);
    cache_clear(&tlb->contexts);
    cache_clear(&tlb->groups);
    memset(tlb->domains, 0, TLB_DOMAINS * sizeof(*tlb->domains));
    if (tlb->owners)
        memset(tlb->owners, 0, TLB_DOMAINS * sizeof(*tlb->owners));
    memset(tlb->shift_used, 0, sizeof(tlb->shift_used));
    tlb->group_shifts = 0;
    tlb->dir_levels = 0;
    tlb->epoch = 1;
    tlb->next_gen = 1;
}

/* Every line dies with the epoch. When the number is used up the arrays are emptied instead. */
void tlb_invalidate_all(struct tlb *tlb)
{
    if (++tlb->epoch == 0)
        tlb_clear(tlb);
}

/* A generation that was used before must not return while a line with it exists. */
static void raise(struct tlb *tlb, uint32_t *generation)
{
    if (++*generation == 0)
        tlb_clear(tlb);
}

static uint32_t new_generation(struct tlb *tlb)
{
    if (++tlb->next_gen == 0)
        tlb_clear(tlb);
    return tlb->next_gen;
}

/* So that no number runs out while a line is put together: a line takes two at the most. */
static void reserve_generations(struct tlb *tlb)
{
    if (tlb->next_gen >= UINT32_MAX - 2)
        tlb_clear(tlb);
}

static const struct tlb_context *context_at(const struct tlb *tlb, uint32_t slot)
{
    return cache_line(&tlb->contexts, slot);
}

static const struct tlb_group *group_at(const struct tlb *tlb, uint32_t slot)
{
    return cache_line(&tlb->groups, slot);
}

bool ptc_line_live(const struct tlb *tlb, const struct ptc_line *line)
{
    const struct tlb_domain *domain = &tlb->domains[tlb_id_domain(line->id)];
    bool guest = is_guest(line->id);

    if (line->epoch != tlb->epoch || line->domain_gen != (guest ? domain->combined : domain->host_leaf))
        return false;
    if (guest && context_at(tlb, line->context)->leaf_gen != line->context_gen)
        return false;
    if (line->owned && tlb->owners[line->owner] != line->owner_gen)
        return false;
    return line->group == NO_GROUP || group_at(tlb, line->group)->gen == line->group_gen;
}

bool pdc_line_live(const struct tlb *tlb, const struct pdc_line *line)
{
    const struct tlb_domain *domain = &tlb->domains[tlb_id_domain(line->id)];
    bool guest = is_guest(line->id);

    if (line->epoch != tlb->epoch || line->domain_gen != (guest ? domain->combined : domain->host_dir))
        return false;
    if (line->owned && tlb->owners[line->owner] != line->owner_gen)
        return false;
    return !guest || context_at(tlb, line->context)->dir_gen == line->context_gen;
}

static bool ptc_alive(const void *context, const void *line)
{
    return ptc_line_live(context, line);
}

static bool pdc_alive(const void *context, const void *line)
{
    return pdc_line_live(context, line);
}

/* ---------------------------------------------------------------- contexts and groups */

static bool context_match(const void *line, const void *key)
{
    return ((const struct tlb_context *)line)->id == *(const uint64_t *)key;
}

static int32_t context_find(const struct tlb *tlb, uint64_t id)
{
    return cache_find(&tlb->contexts, cache_hash(id, 0), context_match, &id);
}

/* A new context, or one that takes another's place, has generations no line knows. */
static uint32_t context_get(struct tlb *tlb, uint64_t id)
{
    int32_t found = context_find(tlb, id);
    uint32_t slot, gen;

    if (found != CACHE_NO_SLOT) {
        cache_touch(&tlb->contexts, (uint32_t)found);
        return (uint32_t)found;
    }
    gen = new_generation(tlb);
    slot = cache_insert(&tlb->contexts, cache_hash(id, 0), NULL, NULL);
    *(struct tlb_context *)cache_line(&tlb->contexts, slot) =
        (struct tlb_context){.id = id, .leaf_gen = gen, .dir_gen = gen};
    return slot;
}

static bool group_match(const void *line, const void *key)
{
    const struct tlb_group *a = line, *b = key;

    return a->page == b->page && a->id == b->id;
}

static uint64_t group_hash(const struct tlb_group *group)
{
    return cache_hash(group->page, group->id);
}

static uint32_t group_get(struct tlb *tlb, struct tlb_group group)
{
    int32_t found = cache_find(&tlb->groups, group_hash(&group), group_match, &group);
    uint32_t slot;

    if (found != CACHE_NO_SLOT) {
        cache_touch(&tlb->groups, (uint32_t)found);
        return (uint32_t)found;
    }
    group.gen = new_generation(tlb);
    slot = cache_insert(&tlb->groups, group_hash(&group), NULL, NULL);
    *(struct tlb_group *)cache_line(&tlb->groups, slot) = group;
    tlb->group_shifts |= (uint64_t)1 << tlb_id_more(group.id);
    return slot;
}

/* ---------------------------------------------------------------- final translations */

static bool ptc_match(const void *line, const void *key)
{
    const struct ptc_line *a = line, *b = key;

    return a->page == b->page && a->id == b->id;
}

static inline int32_t ptc_find(const struct tlb *tlb, uint64_t page, uint64_t id)
{
    struct ptc_line key = {.page = page, .id = id};

    return cache_find(&tlb->ptc, cache_hash(page, id), ptc_match, &key);
}

/* Requests come in runs inside a page: the line that answered last, if it is the one and still alive. */
static inline bool same_again(const struct tlb *tlb, uint64_t id, uint64_t address)
{
    const struct ptc_line *line = tlb->last;
    unsigned shift = tlb_id_more(line->id);

    return line->id == (id | tlb_id(0, 0, shift)) && line->page == address >> shift &&
           ptc_line_live(tlb, line);
}

const struct ptc_line *ptc_lookup(struct tlb *tlb, const struct tlb_space *space, uint64_t address)
{
    uint64_t id = tlb_id(space->domain, space_key(space), 0);

    if (tlb->last && same_again(tlb, id, address))
        return tlb->last;
    for (unsigned i = 0; i < tlb->nshifts; i++) {
        unsigned shift = tlb->shifts[i];
        int32_t slot;

        if (!tlb->shift_used[i])
            continue;
        slot = ptc_find(tlb, address >> shift, id | tlb_id(0, 0, shift));
        if (slot == CACHE_NO_SLOT)
            continue;
        if (ptc_line_live(tlb, cache_line(&tlb->ptc, (uint32_t)slot))) {
            cache_touch(&tlb->ptc, (uint32_t)slot);
            tlb->last = cache_line(&tlb->ptc, (uint32_t)slot);
            return tlb->last;
        }
        cache_remove(&tlb->ptc, (uint32_t)slot);
    }
    return NULL;
}

/* The largest page size the PTC holds that is not above the page's: what silicon does (10.1). */
static unsigned cached_size(const struct tlb *tlb, unsigned shift)
{
    unsigned best = 0;

    for (unsigned i = 1; i < tlb->nshifts && tlb->shifts[i] <= shift; i++)
        best = i;
    return best;
}

static uint8_t result_flags(const struct walk_result *result)
{
    return (uint8_t)((result->user_page ? PTC_USER : 0) | (result->dirty ? PTC_DIRTY : 0) |
                     (result->untranslated_only ? PTC_UNTRANSLATED : 0) |
                     (result->force_coherent ? PTC_COHERENT : 0) | (result->global ? PTC_GLOBAL : 0));
}

/* The page software knows and invalidates: the guest's for guest addresses, else the host's. */
static void tie_to_page(struct tlb *tlb, struct ptc_line *line, uint64_t address)
{
    unsigned shift = is_guest(line->id) ? line->guest_shift : line->walk_shift;

    line->group = NO_GROUP;
    if (shift <= tlb_id_more(line->id))
        return;
    line->group = group_get(
        tlb, (struct tlb_group){.page = address >> shift,
                                .id = tlb_id(tlb_id_domain(line->id), tlb_id_space(line->id), shift)});
    line->group_gen = group_at(tlb, line->group)->gen;
}

static void tie_to_space(struct tlb *tlb, struct ptc_line *line)
{
    const struct tlb_domain *domain = &tlb->domains[tlb_id_domain(line->id)];

    line->epoch = tlb->epoch;
    line->domain_gen = domain->host_leaf;
    if (!is_guest(line->id))
        return;
    line->domain_gen = domain->combined;
    line->context = context_get(tlb, tlb_id(tlb_id_domain(line->id), tlb_id_space(line->id), 0));
    line->context_gen = context_at(tlb, line->context)->leaf_gen;
}

void ptc_fill(struct tlb *tlb, const struct tlb_space *space, uint64_t address,
              const struct walk_result *result)
{
    unsigned size = cached_size(tlb, result->shift);
    uint8_t shift = tlb->shifts[size];
    struct ptc_line line = {
        .page = address >> shift,
        .id = tlb_id(space->domain, space_key(space), shift),
        .spa = result->spa >> shift << shift,
        .walk_shift = result->shift,
        .guest_shift = result->guest_shift,
        .perm = result->perm,
        .flags = result_flags(result),
        .owned = space->guest && space->owned,
        .owner = space->owner,
    };
    int32_t slot;

    reserve_generations(tlb);
    line.owner_gen = line.owned ? tlb->owners[line.owner] : 0;
    tie_to_page(tlb, &line, address);
    tie_to_space(tlb, &line);
    tlb->last = NULL;
    slot = ptc_find(tlb, line.page, line.id);
    if (slot == CACHE_NO_SLOT)
        slot = (int32_t)cache_insert(&tlb->ptc, cache_hash(line.page, line.id), ptc_alive, tlb);
    *(struct ptc_line *)cache_line(&tlb->ptc, (uint32_t)slot) = line;
    tlb->shift_used[size] = true;
}

void ptc_forget(struct tlb *tlb, const struct ptc_line *line)
{
    size_t offset = (size_t)((const uint8_t *)line - tlb->ptc.lines);

    tlb->last = NULL;
    cache_remove(&tlb->ptc, (uint32_t)(offset / tlb->ptc.line_bytes));
}

/* ---------------------------------------------------------------- directories */

static bool pdc_match(const void *line, const void *key)
{
    const struct pdc_line *a = line, *b = key;

    return a->tag == b->tag && a->id == b->id;
}

static uint64_t pdc_hash(const struct pdc_line *line)
{
    return cache_hash(line->tag, line->id);
}

static unsigned dir_kind(const struct pdc_line *line)
{
    return tlb_id_more(line->id) >> 4;
}

static unsigned dir_level(const struct pdc_line *line)
{
    return tlb_id_more(line->id) & 15;
}

/* A table at `level` serves all addresses that agree above the bits that index it. */
static uint64_t dir_tag(unsigned kind, unsigned level, uint64_t address)
{
    unsigned shift = host_level_shift(level) + 9;

    if (kind == WALK_GCR3)
        return 0;
    return shift >= 64 ? 0 : address >> shift;
}

static struct pdc_line dir_key(const struct tlb_space *space, unsigned kind, unsigned level, uint64_t address)
{
    uint32_t key = kind == WALK_HOST ? 0 : space_key(space);

    return (struct pdc_line){.tag = dir_tag(kind, level, address),
                             .id = tlb_id(space->domain, key, kind << 4 | level)};
}

static struct cache *dir_array(struct tlb *tlb, unsigned kind)
{
    return kind == WALK_GCR3 ? &tlb->gcr3 : &tlb->pdc;
}

static const struct pdc_line *dir_find(struct tlb *tlb, const struct pdc_line *key)
{
    struct cache *array = dir_array(tlb, dir_kind(key));
    int32_t slot = cache_find(array, pdc_hash(key), pdc_match, key);

    if (slot == CACHE_NO_SLOT)
        return NULL;
    if (!pdc_line_live(tlb, cache_line(array, (uint32_t)slot))) {
        cache_remove(array, (uint32_t)slot);
        return NULL;
    }
    cache_touch(array, (uint32_t)slot);
    return cache_line(array, (uint32_t)slot);
}

bool tlb_probe(struct tlb *tlb, const struct tlb_space *space, struct walk_dir *probe, unsigned levels)
{
    unsigned first = probe->kind == WALK_GCR3 ? 0 : 1;
    unsigned last = probe->kind == WALK_GCR3 ? 1 : levels;

    probe->hit = false;
    for (unsigned level = first; level < last && !probe->hit; level++) {
        if (!(tlb->dir_levels >> level & 1))
            continue;
        struct pdc_line key = dir_key(space, probe->kind, level, probe->tag);
        const struct pdc_line *line = dir_find(tlb, &key);

        if (!line)
            continue;
        probe->hit = true;
        probe->level = (uint8_t)dir_level(line);
        probe->table = line->table;
        probe->perm = line->perm;
        probe->guest_bits = line->guest_bits;
    }
    return probe->hit;
}

void tlb_forget(struct tlb *tlb, const struct tlb_space *space, const struct walk_dir *probe)
{
    struct pdc_line key = dir_key(space, probe->kind, probe->level, probe->tag);
    struct cache *array = dir_array(tlb, probe->kind);
    int32_t slot = cache_find(array, pdc_hash(&key), pdc_match, &key);

    if (slot != CACHE_NO_SLOT)
        cache_remove(array, (uint32_t)slot);
}

void tlb_keep(struct tlb *tlb, const struct tlb_space *space, const struct walk_dir *dir)
{
    struct cache *array = dir_array(tlb, dir->kind);
    struct pdc_line line = dir_key(space, dir->kind, dir->level, dir->tag);
    int32_t slot;

    reserve_generations(tlb);
    tlb->dir_levels |= (uint8_t)(1u << dir->level);
    line.table = dir->table;
    line.perm = dir->perm;
    line.guest_bits = dir->guest_bits;
    line.epoch = tlb->epoch;
    line.domain_gen = tlb->domains[space->domain].host_dir;
    if (dir->kind != WALK_HOST) {
        line.owned = space->owned;
        line.owner = space->owner;
        line.owner_gen = space->owned ? tlb->owners[space->owner] : 0;
        line.domain_gen = tlb->domains[space->domain].combined;
        line.context = context_get(tlb, tlb_id(space->domain, space_key(space), 0));
        line.context_gen = context_at(tlb, line.context)->dir_gen;
    }
    slot = cache_find(array, pdc_hash(&line), pdc_match, &line);
    if (slot == CACHE_NO_SLOT)
        slot = (int32_t)cache_insert(array, pdc_hash(&line), pdc_alive, tlb);
    *(struct pdc_line *)cache_line(array, (uint32_t)slot) = line;
}

/* ---------------------------------------------------------------- invalidation, 6.4 opcode 3 */

static bool covers(const struct cmd_range *range, uint64_t base, unsigned shift)
{
    unsigned wide = range->shift > shift ? range->shift : shift;

    return wide >= 64 || range->base >> wide == base >> wide;
}

/* Number of naturally aligned pages of 2^shift bytes that a range touches. */
static uint64_t pages_in(const struct cmd_range *range, unsigned shift)
{
    return range->shift <= shift ? 1 : (uint64_t)1 << (range->shift - shift);
}

static unsigned ptc_sweep(struct tlb *tlb, uint64_t id, const struct cmd_range *range)
{
    unsigned dropped = 0;

    for (uint32_t slot = 0; slot < tlb->ptc.entries; slot++) {
        const struct ptc_line *line = cache_line(&tlb->ptc, slot);
        unsigned shift = tlb_id_more(line->id);
        if (!tlb->ptc.tags[slot] || line->id != (id | tlb_id(0, 0, shift)) ||
            !covers(range, line->page << shift, shift))
            continue;
        cache_remove(&tlb->ptc, slot);
        dropped++;
    }
    return dropped;
}

static unsigned ptc_probe_range(struct tlb *tlb, uint64_t id, unsigned shift, const struct cmd_range *range)
{
    uint64_t count = pages_in(range, shift), first = range->base >> shift;
    unsigned dropped = 0;

    for (uint64_t i = 0; i < count; i++)
        dropped += cache_drop(&tlb->ptc, cache_hash(first + i, id | tlb_id(0, 0, shift)));
    return dropped;
}

static unsigned ptc_drop_range(struct tlb *tlb, uint64_t id, const struct cmd_range *range)
{
    unsigned dropped = 0;

    tlb->last = NULL;
    for (unsigned i = 0; i < tlb->nshifts; i++) {
        if (!tlb->shift_used[i])
            continue;
        if (pages_in(range, tlb->shifts[i]) > tlb->ptc.entries)
            return dropped + ptc_sweep(tlb, id, range);
        dropped += ptc_probe_range(tlb, id, tlb->shifts[i], range);
    }
    return dropped;
}

static unsigned group_sweep(struct tlb *tlb, uint64_t id, const struct cmd_range *range)
{
    unsigned dropped = 0;

    for (uint32_t slot = 0; slot < tlb->groups.entries; slot++) {
        struct tlb_group *group = cache_line(&tlb->groups, slot);
        unsigned shift = tlb_id_more(group->id);
        if (!tlb->groups.tags[slot] || group->id != (id | tlb_id(0, 0, shift)) ||
            !covers(range, group->page << shift, shift))
            continue;
        group->gen = new_generation(tlb);
        dropped++;
    }
    return dropped;
}

static unsigned group_probe_range(struct tlb *tlb, uint64_t id, unsigned shift, const struct cmd_range *range)
{
    struct tlb_group key = {.page = range->base >> shift, .id = id | tlb_id(0, 0, shift)};
    uint64_t count = pages_in(range, shift);
    unsigned dropped = 0;

    for (uint64_t i = 0; i < count; i++, key.page++) {
        int32_t slot = cache_find(&tlb->groups, group_hash(&key), group_match, &key);
        if (slot != CACHE_NO_SLOT) {
            ((struct tlb_group *)cache_line(&tlb->groups, (uint32_t)slot))->gen = new_generation(tlb);
            dropped++;
        }
    }
    return dropped;
}

static unsigned group_drop_range(struct tlb *tlb, uint64_t id, const struct cmd_range *range)
{
    unsigned dropped = 0;

    for (uint64_t left = tlb->group_shifts; left; left &= left - 1) {
        unsigned shift = (unsigned)__builtin_ctzll(left);
        if (pages_in(range, shift) > tlb->groups.entries)
            return dropped + group_sweep(tlb, id, range);
        dropped += group_probe_range(tlb, id, shift, range);
    }
    return dropped;
}

static bool dir_in_range(const struct pdc_line *line, const struct cmd_range *range)
{
    unsigned shift = host_level_shift(dir_level(line)) + 9;

    return shift >= 64 || covers(range, line->tag << shift, shift);
}

static unsigned dir_sweep(struct tlb *tlb, const struct pdc_line *key, const struct cmd_range *range)
{
    unsigned dropped = 0;

    for (uint32_t slot = 0; slot < tlb->pdc.entries; slot++) {
        const struct pdc_line *line = cache_line(&tlb->pdc, slot);
        bool same = tlb_id_domain(line->id) == tlb_id_domain(key->id) &&
                    tlb_id_space(line->id) == tlb_id_space(key->id) && dir_kind(line) == dir_kind(key);
        if (!tlb->pdc.tags[slot] || !same || !dir_in_range(line, range))
            continue;
        cache_remove(&tlb->pdc, slot);
        dropped++;
    }
    return dropped;
}

static unsigned dir_drop_range(struct tlb *tlb, const struct tlb_space *space, unsigned kind,
                               const struct cmd_range *range)
{
    unsigned dropped = 0;

    for (unsigned left = tlb->dir_levels & ~1u; left; left &= left - 1) {
        unsigned level = (unsigned)__builtin_ctz(left);
        struct pdc_line key = dir_key(space, kind, level, range->base);
        uint64_t count = pages_in(range, host_level_shift(level) + 9);

        if (count > tlb->pdc.entries)
            return dropped + dir_sweep(tlb, &key, range);
        for (uint64_t i = 0; i < count; i++, key.tag++)
            dropped += cache_drop(&tlb->pdc, pdc_hash(&key));
    }
    return dropped;
}

static unsigned gcr3_drop(struct tlb *tlb, const struct tlb_space *space)
{
    struct pdc_line key = dir_key(space, WALK_GCR3, 0, 0);

    return cache_drop(&tlb->gcr3, pdc_hash(&key));
}

/* GN=0: host translations in range, and every combined one: no GPA can tell which it depends on. */
static unsigned invalidate_host(struct tlb *tlb, const struct tlb_space *space, const struct cmd_range *range,
                                bool pde)
{
    struct tlb_domain *domain = &tlb->domains[space->domain];
    uint64_t id = tlb_id(space->domain, 0, 0);
    unsigned dropped = 1;

    raise(tlb, &domain->combined);
    if (range->shift == CMD_RANGE_ALL) {
        raise(tlb, &domain->host_leaf);
        if (pde)
            raise(tlb, &domain->host_dir);
        return 1;
    }
    dropped += ptc_drop_range(tlb, id, range);
    dropped += group_drop_range(tlb, id, range);
    return pde ? dropped + dir_drop_range(tlb, space, WALK_HOST, range) : dropped;
}

static unsigned invalidate_guest(struct tlb *tlb, const struct tlb_space *space,
                                 const struct cmd_range *range, bool pde)
{
    uint64_t id = tlb_id(space->domain, space_key(space), 0);
    int32_t slot = context_find(tlb, id);
    struct tlb_context *context;
    unsigned dropped;

    if (slot == CACHE_NO_SLOT)
        return 0;
    context = cache_line(&tlb->contexts, (uint32_t)slot);
    if (range->shift == CMD_RANGE_ALL) {
        context->leaf_gen = new_generation(tlb);
        if (pde)
            context->dir_gen = new_generation(tlb);
        return 1;
    }
    dropped = ptc_drop_range(tlb, id, range);
    dropped += group_drop_range(tlb, id, range);
    if (!pde)
        return dropped;
    return dropped + dir_drop_range(tlb, space, WALK_GUEST, range) + gcr3_drop(tlb, space);
}

void tlb_invalidate_combined(struct tlb *tlb, uint16_t domain)
{
    raise(tlb, &tlb->domains[domain].combined);
}

void tlb_invalidate_owner(struct tlb *tlb, uint16_t owner)
{
    raise(tlb, &tlb->owners[owner]);
}

unsigned tlb_invalidate(struct tlb *tlb, const struct tlb_space *space, const struct cmd_range *range,
                        bool pde)
{
    return space->guest ? invalidate_guest(tlb, space, range, pde) : invalidate_host(tlb, space, range, pde);
}
