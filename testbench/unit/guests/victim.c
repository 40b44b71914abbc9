// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/guests/victim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* ---------------------------------------------------------------- journal */

static void note(struct victim *v, enum note_kind kind, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    struct journal *j = &v->journal;

    if (j->count == j->room) {
        j->room = j->room ? 2 * j->room : 1024;
        j->notes = realloc(j->notes, j->room * sizeof(*j->notes));
        if (!j->notes)
            abort();
    }
    j->notes[j->count++] = (struct note){.step = v->step, .kind = kind, .word = {a, b, c, d}};
}

size_t journal_compare(const struct journal *a, const struct journal *b)
{
    size_t least = a->count < b->count ? a->count : b->count;

    for (size_t i = 0; i < least; i++)
        if (a->notes[i].step != b->notes[i].step || a->notes[i].kind != b->notes[i].kind ||
            memcmp(a->notes[i].word, b->notes[i].word, sizeof(a->notes[i].word)) != 0)
            return i;
    return a->count == b->count ? SIZE_MAX : least;
}

void journal_print(const struct journal *journal, size_t at, const char *name)
{
    static const char *const kinds[] = {"nothing", "register", "result",       "event",    "interrupt", "atc",
                                        "prg",     "memory",   "page request", "progress", "host"};
    struct note none = {0};
    const struct note *n = at < journal->count ? &journal->notes[at] : &none;

    fprintf(stderr, "%s: note %zu of %zu, step %llu, %s: %llx %llx %llx %llx\n", name, at, journal->count,
            (unsigned long long)n->step, kinds[n->kind], (unsigned long long)n->word[0],
            (unsigned long long)n->word[1], (unsigned long long)n->word[2], (unsigned long long)n->word[3]);
}

/* ---------------------------------------------------------------- what is written down */

static void on_irq(void *context, const struct amdvi_irq *irq)
{
    struct victim *v = context;

    if (irq->guest && irq->guest_id == guest_id(v->g))
        note(v, NOTE_IRQ, irq->cause, irq->deliverable, irq->destination, (irq->vector - 0x40u) & 1);
}

static enum amdvi_atc_answer on_atc(void *context, const struct amdvi_atc_invalidation *i)
{
    struct victim *v = context;

    if (owner_of_device(i->device) == v->g)
        note(v, NOTE_ATC, i->device & 0xfu, i->has_pasid ? i->pasid + 1 : 0, i->address, i->size);
    else if (v->others)
        return v->others(v->others_context, i);
    return AMDVI_ATC_DONE;
}

static void on_prg(void *context, const struct amdvi_prg_response *r)
{
    struct victim *v = context;

    if (owner_of_device(r->device) == v->g)
        note(v, NOTE_PRG, r->device & 0xfu, r->has_pasid ? r->pasid + 1 : 0, r->index, r->code);
}

static void on_event(void *context, const struct amdvi_event_info *info)
{
    struct victim *v = context;

    if (info->guest && info->guest_id == guest_id(v->g))
        note(v, NOTE_EVENT, info->record[0], info->record[1], info->index,
             (uint64_t)info->log << 1 | info->logged);
}

void victim_open(struct victim *v, struct world *w, unsigned g, uint64_t seed)
{
    struct amdvi_observer observer = {.context = v, .event = on_event};

    memset(v, 0, sizeof(*v));
    v->world = w;
    v->g = g;
    v->random = seed;
    w->notes = (struct world_notes){.context = v, .irq = on_irq, .atc = on_atc, .prg = on_prg};
    if (amdvi_observe(w->device, &observer) != AMDVI_OK)
        abort();
}

void victim_close(struct victim *v)
{
    free(v->journal.notes);
    memset(&v->journal, 0, sizeof(v->journal));
}

static void note_result(struct victim *v, const struct amdvi_result *r)
{
    uint64_t base = guest_spa(v->g, 0);

    if (r->ok)
        note(v, NOTE_RESULT, r->pa - base, r->perm, r->size, r->covered);
    else
        note(v, NOTE_RESULT, r->fault.address, r->fault.reason, r->fault.event,
             r->fault.flags | (uint64_t)r->fault.logged << 16 | (uint64_t)r->fault.reply << 20);
}

uint64_t victim_memory(const struct world *w, unsigned g)
{
    const uint8_t *bytes = w->bytes + guest_spa(g, 0);
    uint64_t sum = 0xcbf29ce484222325, word;

    for (unsigned i = 0; i < GUEST_BYTES; i += 8) {
        memcpy(&word, bytes + i, sizeof(word));
        sum = (sum ^ word) * 0x100000001b3;
        sum ^= sum >> 29;
    }
    return sum;
}

/* ---------------------------------------------------------------- its work */

static unsigned pick(struct victim *v, unsigned below)
{
    return (unsigned)(next_random(&v->random) >> 33) % below;
}

static void put(struct victim *v, uint64_t low, uint64_t high)
{
    guest_put_command(v->world, v->g, v->tail, low, high);
    v->tail = (v->tail + 1) % RING_ENTRIES;
}

static void put_wait(struct victim *v)
{
    uint64_t words[2];

    v->wait_gpa = G_STORE + 8 * (uint64_t)pick(v, 512);
    wait_words(v->wait_gpa, ++v->wait_data, words);
    put(v, words[0] | (pick(v, 4) ? 0 : 2), words[1]);
}

static void put_any(struct victim *v)
{
    uint64_t device = guest_device(pick(v, DEVICES_EACH)), domain = guest_domain(pick(v, DEVICES_EACH));
    uint64_t page = G_IOVA + PAGE_BYTES * (uint64_t)pick(v, 4);

    switch (pick(v, 8)) {
    case 0:
        put(v, UINT64_C(2) << 60 | device, 0);
        break;
    case 1:
        put(v, UINT64_C(4) << 60 | device | UINT64_C(1) << 48, page | 4);
        break;
    case 2:
        put(v, UINT64_C(5) << 60 | device, 0);
        break;
    case 3:
        put(v, UINT64_C(7) << 60 | device | UINT64_C(1) << 32, (uint64_t)pick(v, 512) << 32 | 4);
        break;
    case 4:
        put(v, UINT64_C(8) << 60, 0);
        break;
    case 5:
        put(v, UINT64_C(3) << 60 | domain << 32, UINT64_C(0x7ffffffffffff001));
        break;
    default:
        put(v, UINT64_C(3) << 60 | domain << 32 | G_PASID, page | 4);
    }
}

/* A page moves; every domain that may have it cached hears of it. */
static void remap(struct victim *v)
{
    uint64_t index = pick(v, 4), flags = pick(v, 4) ? 7 : 3u * pick(v, 2);

    guest_put64(v->world, v->g, G_LEAF + 8 * (G_IOVA / PAGE_BYTES + index),
                (G_DATA + PAGE_BYTES * (uint64_t)pick(v, 4)) | flags);
    for (unsigned which = 0; which < DEVICES_EACH; which++)
        put(v, UINT64_C(3) << 60 | (uint64_t)guest_domain(which) << 32 | G_PASID,
            (G_IOVA + PAGE_BYTES * index) | 4);
    put_wait(v);
}

static void recover(struct victim *v)
{
    if (vf_read(v->world, v->g, VF_STATUS) & S_CMD_RUN)
        return;
    /* As a driver does: off, pointers, on. */
    vfc_write(v->world, v->g, VFC_CMD, command_control() & ~UINT64_C(0x100));
    vf_write(v->world, v->g, VF_HEAD, 16 * v->tail);
    vfc_write(v->world, v->g, VFC_CMD, command_control());
}

void victim_begin(struct victim *v)
{
    unsigned count = 1 + pick(v, 12);

    v->step++;
    recover(v);
    v->head = (unsigned)(vf_read(v->world, v->g, VF_HEAD) / 16);
    for (unsigned i = 0; i < count; i++)
        put_any(v);
    if (pick(v, 3) == 0)
        remap(v);
    if (pick(v, 16) == 0)
        put(v, UINT64_C(9) << 60, 0); /* not for guests */
    else
        put_wait(v);
    if (amdvi_vf_write(v->world->device, guest_id(v->g), VF_TAIL, 8, 16 * v->tail) != AMDVI_OK)
        abort();
}

static void request(struct victim *v)
{
    struct amdvi_result result;

    result = guest_ask(v->world, v->g, pick(v, DEVICES_EACH), pick(v, 2) ? AMDVI_READ : AMDVI_WRITE,
                       G_IOVA + PAGE_BYTES * (uint64_t)pick(v, 5) + 8 * pick(v, 256));
    note_result(v, &result);
    if (pick(v, 4) == 0)
        note(v, NOTE_PAGE_REQUEST, guest_page_request(v->world, v->g, pick(v, DEVICES_EACH), G_IOVA), 0, 0,
             0);
}

static void dma(struct victim *v)
{
    uint64_t data = next_random(&v->random);
    struct amdvi_request write = {.device = host_device(v->g, 0),
                                  .op = AMDVI_WRITE,
                                  .has_pasid = true,
                                  .pasid = G_PASID,
                                  .address = G_IOVA + 8 * (uint64_t)pick(v, 2048),
                                  .length = 8};
    struct amdvi_result result;

    if (amdvi_dma(v->world->device, &write, &data, &result) != AMDVI_OK)
        abort();
    note_result(v, &result);
}

static void consume(struct victim *v)
{
    vf_write(v->world, v->g, VF_EVT_HEAD, vf_read(v->world, v->g, VF_EVT_TAIL));
    vf_write(v->world, v->g, VF_PPR_HEAD, vf_read(v->world, v->g, VF_PPR_TAIL));
    vf_write(v->world, v->g, VF_STATUS, pick(v, 128));
}

void victim_note_host(struct victim *v, uint64_t value)
{
    note(v, NOTE_HOST, value, 0, 0, 0);
}

/* How far this run has come: commands taken, and whether the last COMPLETION_WAIT has stored. */
static void look_at_progress(struct victim *v)
{
    unsigned done = (unsigned)(vf_read(v->world, v->g, VF_HEAD) / 16 - v->head) % RING_ENTRIES;

    v->done += done;
    note(v, NOTE_PROGRESS, done, v->wait_data && guest_get64(v->world, v->g, v->wait_gpa) == v->wait_data, 0,
         0);
}

static void look(struct victim *v)
{
    look_at_progress(v);
    for (unsigned offset = 0; offset < VF_END; offset += 8)
        note(v, NOTE_REGISTER, offset, vf_read(v->world, v->g, offset), 0, 0);
    for (unsigned offset = VFC_MISC + 8; offset < 0x40; offset += 8)
        note(v, NOTE_REGISTER, 0x1000 + offset, vfc_read(v->world, v->g, offset), 0, 0);
    note(v, NOTE_MEMORY, victim_memory(v->world, v->g), 0, 0, 0);
}

void victim_end(struct victim *v)
{
    unsigned requests = pick(v, 6);

    for (unsigned i = 0; i < requests; i++)
        request(v);
    dma(v);
    look(v);
    if (pick(v, 2))
        consume(v);
}
