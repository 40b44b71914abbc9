// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/guests/attacker.h"

#include "testbench/unit/guests/victim.h"

unsigned attacker_pick(struct attacker *a, unsigned below)
{
    return (unsigned)(next_random(&a->random) >> 33) % below;
}

static unsigned pick(struct attacker *a, unsigned below)
{
    return attacker_pick(a, below);
}

/* Half of them with an opcode and IDs that mean something. */
void attacker_put_command(struct attacker *a)
{
    uint64_t low = next_random(&a->random), high = next_random(&a->random);

    if (pick(a, 2)) {
        low = (uint64_t)(1 + pick(a, 10)) << 60 | pick(a, 0x20) | (uint64_t)pick(a, 8) << 32;
        high = pick(a, 2) ? UINT64_C(0x7ffffffffffff005) : (uint64_t)pick(a, 0x40) << 12;
    }
    if (low >> 60 == 1)
        low = (low & UINT64_C(0xf000000000000007)) | (uint64_t)pick(a, GUEST_BYTES) << 3 << pick(a, 3);
    guest_put_command(a->w, a->g, pick(a, RING_ENTRIES), low, high);
}

static void put_bytes(struct attacker *a)
{
    static const uint32_t places[] = {G_GCR3, G_TABLES, G_TABLES + 0x1000, G_TABLES + 0x2000, G_LEAF, 0};
    uint32_t at = places[pick(a, 6)];
    uint64_t value = next_random(&a->random);

    if (!at)
        at = pick(a, GUEST_BYTES) & 0xfffff000;
    if (pick(a, 2))
        value = (uint64_t)pick(a, 0x80) << 12 | pick(a, 0x1000);
    guest_put64(a->w, a->g, at + 8 * (uint64_t)pick(a, 512), value);
}

static void use_vf(struct attacker *a)
{
    uint64_t offset = pick(a, 3) ? 8u * pick(a, 0x14) : 8u * pick(a, 512), value;
    unsigned size = pick(a, 2) ? 8 : 4;

    amdvi_vf_write(a->w->device, guest_id(a->g), offset, size,
                   pick(a, 2) ? next_random(&a->random) : 16 * (uint64_t)pick(a, RING_ENTRIES));
    amdvi_vf_read(a->w->device, guest_id(a->g), offset, size, &value);
}

/* Bases, lengths and enable bits are what its VMM hands on (9.2). */
static void use_vmm(struct attacker *a)
{
    static const uint64_t offsets[] = {VFC_EVT_B, VFC_CMD, VFC_EVT, VFC_PPR, VFC_PPR_B};
    unsigned which = pick(a, 5);
    const uint64_t usual[] = {G_EVT_B, command_control(), event_control(), ppr_control(), G_PPR_B};

    amdvi_vfc_write(a->w->device, guest_id(a->g), offsets[which], 8,
                    pick(a, 3) ? usual[which] & (pick(a, 2) ? ~UINT64_C(0x100) : UINT64_MAX)
                               : next_random(&a->random));
}

static void use_device(struct attacker *a)
{
    struct amdvi_request request = {.device = host_device(a->g, pick(a, DEVICES_EACH)),
                                    .op = (uint8_t)pick(a, 4),
                                    .at = (uint8_t)pick(a, 3),
                                    .has_pasid = pick(a, 4) != 0,
                                    .pasid = pick(a, 4) ? G_PASID : pick(a, 600),
                                    .address =
                                        pick(a, 4) ? (uint64_t)pick(a, 0x20) << 12 : next_random(&a->random),
                                    .length = 1 + pick(a, 8)};
    uint8_t data[8] = {0};
    struct amdvi_result result;

    request.pasid = request.has_pasid ? request.pasid : 0;
    if (request.at == AMDVI_TRANSLATED)
        request.at = AMDVI_UNTRANSLATED; /* a device that the host trusts could name any SPA */
    amdvi_dma(a->w->device, &request, data, &result);
    if (pick(a, 3) == 0)
        guest_page_request(a->w, a->g, pick(a, DEVICES_EACH), request.address & ~UINT64_C(0xfff));
}

/* ---------------------------------------------------------------- devices that do not answer */

enum amdvi_atc_answer attacker_answers(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    struct attacker *a = context;

    if (owner_of_device(invalidation->device) != a->g || a->silence == ANSWER ||
        (a->silence == SOMETIMES && pick(a, 4) == 0))
        return AMDVI_ATC_DONE;
    a->tags[a->unanswered++ % ATTACKER_TAGS] = invalidation->tag;
    return AMDVI_ATC_PENDING;
}

/* Also late ones, of commands that nobody waits for any more. */
static void answer_some(struct attacker *a)
{
    unsigned known = a->unanswered < ATTACKER_TAGS ? (unsigned)a->unanswered : ATTACKER_TAGS;

    for (unsigned i = known ? pick(a, 20) : 0; i; i--)
        amdvi_atc_complete(a->w->device, a->tags[pick(a, known)]);
    a->silence = (enum attacker_silence)pick(a, 3);
}

/* The longest ring there is, full of one of the dearest commands. */
static void flood(struct attacker *a)
{
    const uint64_t device = guest_device(pick(a, DEVICES_EACH)), domain = guest_domain(pick(a, DEVICES_EACH));
    const uint64_t commands[][2] = {{UINT64_C(8) << 60, 0},
                                    {UINT64_C(4) << 60 | device, UINT64_C(0x7ffffffffffff001)},
                                    {UINT64_C(3) << 60 | domain << 32 | G_PASID, UINT64_C(0x1ffff007)},
                                    {UINT64_C(3) << 60 | domain << 32, UINT64_C(0x7ffffffffffff003)},
                                    {UINT64_C(2) << 60 | device, 0},
                                    {UINT64_C(7) << 60 | device, 0},
                                    {UINT64_C(1) << 60 | G_STORE | 3, 0}};
    const uint64_t *command = commands[pick(a, 9) % 7];
    unsigned count = pick(a, 2) ? RING_ENTRIES : LONG_RING_ENTRIES;

    for (unsigned i = 0; i < RING_ENTRIES; i++)
        guest_put_command(a->w, a->g, i, command[0], command[1]);
    a->silence = pick(a, 2) ? NEVER : SOMETIMES;
    vfc_write(a->w, a->g, VFC_CMD, 0);
    vfc_write(a->w, a->g, VFC_CMD, count == RING_ENTRIES ? command_control() : long_command_control());
    amdvi_vf_write(a->w->device, guest_id(a->g), VF_TAIL, 8,
                   (vf_read(a->w, a->g, VF_HEAD) + 16 * (uint64_t)(count - 1)) % (16 * (uint64_t)count));
}

/* ---------------------------------------------------------------- what it does next */

void attacker_act(struct attacker *a, unsigned actions)
{
    for (unsigned i = 0; i < actions; i++)
        switch (pick(a, 15)) {
        case 0:
            use_vmm(a);
            break;
        case 1:
            use_device(a);
            break;
        case 2:
        case 3:
            use_vf(a);
            break;
        case 4:
            amdvi_vf_write(a->w->device, guest_id(a->g), VF_TAIL, 8, 16 * (uint64_t)pick(a, RING_ENTRIES));
            break;
        case 5:
        case 6:
            put_bytes(a);
            break;
        case 7:
            answer_some(a);
            break;
        case 8:
            amdvi_advance(a->w->device, pick(a, 4) ? pick(a, 1000000) : UINT64_C(2000000000));
            break;
        case 9:
            if (pick(a, 16) == 0)
                flood(a);
            else if (pick(a, 4) == 0)
                attacker_revive(a);
            break;
        default:
            attacker_put_command(a);
        }
    if (pick(a, 4) == 0)
        world_run(a->w);
}

void attacker_revive(struct attacker *a)
{
    vfc_write(a->w, a->g, VFC_CMD, 0);
    vfc_write(a->w, a->g, VFC_CMD, command_control());
}
