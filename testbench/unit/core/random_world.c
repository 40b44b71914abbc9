// SPDX-License-Identifier: Apache-2.0
#include "random_world.h"

#include <string.h>

/*
 * Pages: 0 device table, 1-7 host tables, 8-15 guest tables, 16-19 GCR3 leaf tables, 20-23 GCR3 outer tables,
 * 24 interrupt table, then data, and the rings in the last pages. Addresses in requests have few distinct
 * indices, so that walks go deep. What the architecture leaves undefined is kept out: replicas of a
 * size-coded page are equal, a domain belongs to one device, and no page holds two kinds of tables.
 */
enum {
    PAGES = WORLD_BYTES / 4096,
    HOST = 1,
    GUEST = 8,
    GCR3 = 16,
    GCR3_OUTER = 20,
    INT = 24,
    DATA = 32,
    CMD = 250,
    EVT = 251,
    PPR = 252,
    GA = 253,
    TABLES_OF_A_KIND = 7,
    SLOTS = 4
};

uint64_t chance_word(struct chance *chance)
{
    uint64_t word = 0;

    if (chance->bytes) {
        for (int i = 0; i < 8 && chance->left; i++, chance->left--)
            word |= (uint64_t)*chance->bytes++ << 8 * i;
        return word;
    }
    word = (chance->state += 0x9e3779b97f4a7c15u);
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
    word = (word ^ word >> 27) * 0x94d049bb133111ebu;
    return word ^ word >> 31;
}

unsigned chance_below(struct chance *chance, unsigned limit)
{
    if (chance->bytes) {
        unsigned byte = chance->left ? *chance->bytes : 0;
        chance->bytes += chance->left > 0;
        chance->left -= chance->left > 0;
        return byte % limit;
    }
    return (unsigned)(chance_word(chance) >> 33) % limit;
}

static bool one_in(struct chance *chance, unsigned n)
{
    return chance_below(chance, n) == n - 1;
}

static void put(uint8_t *memory, uint64_t address, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        memory[address + (unsigned)i] = (uint8_t)(value >> 8 * i);
}

/* Not in the address of an entry. */
static uint64_t rare_bit(struct chance *chance)
{
    unsigned bit = chance_below(chance, 24);

    return one_in(chance, 20) ? (uint64_t)1 << (bit < 12 ? bit : bit + 40) : 0;
}

/* A v1 entry of a table that stands for level `level`. */
static uint64_t host_entry(struct chance *chance, unsigned level)
{
    uint64_t entry = 1 | (uint64_t)(one_in(chance, 6) ? chance_below(chance, 4) : 3) << 61;

    if (one_in(chance, 10))
        entry &= ~(uint64_t)1;
    if (level > 1 && !one_in(chance, 4))
        return entry | ((uint64_t)(HOST + level - 2) << 12) | (uint64_t)(level - 1) << 9 | rare_bit(chance);
    if (one_in(chance, 20))
        return entry | 7 << 9 | 0x000ffffffffff000; /* a size code that names nothing */
    return entry | (uint64_t)(DATA + chance_below(chance, 64)) << 12 | rare_bit(chance);
}

static uint64_t guest_entry(struct chance *chance, unsigned level)
{
    uint64_t entry = 7 | (one_in(chance, 2) ? 0x60 : 0);

    if (one_in(chance, 8))
        entry &= ~((uint64_t)1 << chance_below(chance, 3));
    if (one_in(chance, 8))
        entry |= (uint64_t)1 << 63;
    if (level > 1 && !one_in(chance, 5))
        return entry | (uint64_t)(GUEST + level - 2) << 12 | rare_bit(chance);
    if (level > 1)
        return entry | 0x80 | rare_bit(chance);
    return entry | (uint64_t)(DATA + chance_below(chance, 64)) << 12 | rare_bit(chance);
}

static uint64_t gcr3_entry(struct chance *chance, bool outer)
{
    unsigned page = outer ? GCR3 + chance_below(chance, 4) : GUEST + 3 + chance_below(chance, 2);
    uint64_t entry = (uint64_t)page << 12 | 1;

    return one_in(chance, 10) ? entry ^ 1 : entry | rare_bit(chance);
}

static uint64_t dte_translation(struct chance *chance, unsigned mode, uint64_t gcr3, unsigned glx)
{
    uint64_t q = (uint64_t)(one_in(chance, 8) ? chance_below(chance, 4) : 3) | (uint64_t)mode << 9 |
                 (uint64_t)(HOST + (mode ? mode - 1 : 0)) << 12 | (uint64_t)chance_below(chance, 4) << 7 |
                 (uint64_t)(one_in(chance, 5) ? chance_below(chance, 4) : 3) << 61;

    q |= (uint64_t)chance_below(chance, 8) << 52; /* PPR, GPRP, GIoV */
    q |= (uint64_t)(chance_below(chance, 3) != 0) << 55 | (uint64_t)glx << 56;
    return q | (gcr3 >> 12 & 7) << 58;
}

static void fill_dte(struct chance *chance, uint8_t *memory, unsigned device)
{
    unsigned mode = chance_below(chance, 8), glx = chance_below(chance, 2);
    uint64_t gcr3 = (uint64_t)((glx ? GCR3_OUTER : GCR3) + chance_below(chance, 4)) << 12, q[4] = {0};

    q[0] = dte_translation(chance, mode, gcr3, glx);
    q[1] = device | gcr3 >> 15 << 16 | (uint64_t)chance_below(chance, 8) << 32; /* I, SE, SA */
    q[2] = (uint64_t)chance_below(chance, 2) | (uint64_t)chance_below(chance, 5) << 1 | (uint64_t)INT << 12 |
           (uint64_t)chance_below(chance, 4) << 60 | (uint64_t)chance_below(chance, 2) << 54;
    if (one_in(chance, 12))
        q[0] |= (uint64_t)1 << (one_in(chance, 2) ? 2 + chance_below(chance, 5) : 63);
    if (one_in(chance, 12))
        q[1] |= (uint64_t)1 << (32 + chance_below(chance, 11));
    if (one_in(chance, 12))
        q[2 + chance_below(chance, 2)] |= (uint64_t)1 << (48 + chance_below(chance, 16));
    for (unsigned i = 0; i < 4; i++)
        put(memory, 32u * device + 8 * i, q[i]);
}

/* Four equal entries that name one page four times the natural size of the level. */
static void fill_coded(struct chance *chance, uint8_t *memory, unsigned table)
{
    uint64_t natural = (uint64_t)4096 << 9 * table;
    uint64_t entry = (natural * 2 - 4096) | 7 << 9 | 1 | (uint64_t)chance_below(chance, 4) << 61;

    for (unsigned slot = 0; slot < SLOTS; slot++)
        put(memory, (uint64_t)(HOST + table) * 4096 + 8 * slot, entry);
}

/* The slots that requests can reach. */
static void fill_tables(struct chance *chance, uint8_t *memory)
{
    for (unsigned table = 0; table < TABLES_OF_A_KIND; table++) {
        for (unsigned slot = 0; slot < SLOTS; slot++) {
            put(memory, (uint64_t)(HOST + table) * 4096 + 8 * slot, host_entry(chance, table + 1));
            put(memory, (uint64_t)(GUEST + table) * 4096 + 8 * slot, guest_entry(chance, table + 1));
            put(memory, (uint64_t)(GCR3 + table) * 4096 + 8 * slot, gcr3_entry(chance, table >= 4));
        }
        if (table < 4 && one_in(chance, 12))
            fill_coded(chance, memory, table);
    }
    for (unsigned slot = 0; slot < 16; slot++)
        put(memory, (uint64_t)INT * 4096 + 8 * slot,
            chance_word(chance) & 0xffff7f ? chance_word(chance) : 1);
    /* Pages of all tables, through low levels: nested walks translate table addresses too. */
    for (unsigned page = SLOTS; page < PAGES; page++)
        put(memory, (uint64_t)HOST * 4096 + 8 * page, (uint64_t)page << 12 | (uint64_t)3 << 61 | 1);
}

void world_fill(struct chance *chance, uint8_t *memory)
{
    memset(memory, 0, WORLD_BYTES);
    for (unsigned device = 0; device < WORLD_DEVICES; device++)
        fill_dte(chance, memory, device);
    fill_tables(chance, memory);
}

static void write64(struct amdvi_device *device, uint64_t offset, uint64_t value)
{
    amdvi_mmio_write(device, offset, 8, value);
    amdvi_run(device);
}

void world_boot(struct chance *chance, struct amdvi_device *device)
{
    static const uint64_t choices[] = {(uint64_t)1 << 16, (uint64_t)1 << 17, (uint64_t)1 << 25,
                                       (uint64_t)1 << 58, (uint64_t)1 << 54, (uint64_t)1 << 48,
                                       (uint64_t)1 << 50, (uint64_t)3 << 28, (uint64_t)7 << 13};
    uint64_t control = 0x1405 | (uint64_t)1 << 3, length = (uint64_t)8 << 56;

    for (unsigned i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
        control |= chance_below(chance, 4) ? choices[i] : 0;
    write64(device, 0x0, 0);
    write64(device, 0x8, (uint64_t)CMD << 12 | length);
    write64(device, 0x10, (uint64_t)EVT << 12 | length);
    write64(device, 0x38, (uint64_t)PPR << 12 | length);
    write64(device, 0xe0, (uint64_t)GA << 12 | length);
    write64(device, 0x18, control);
}

static uint64_t address(struct chance *chance)
{
    static const uint64_t rare[] = {0xfee00000,        0xfffff000,   (uint64_t)1 << 47, (uint64_t)-1 << 47,
                                    (uint64_t)1 << 63, 0xfdf9100000, 0xfdfc000000};
    uint64_t value = chance_below(chance, 255) * 16u;

    for (unsigned level = 0; level < 6; level++)
        value |= (uint64_t)(chance_below(chance, 3) ? 0 : chance_below(chance, SLOTS)) << (12 + 9 * level);
    return one_in(chance, 16) ? value | rare[chance_below(chance, 7)] : value;
}

void world_request(struct chance *chance, struct amdvi_request *request)
{
    static const uint16_t lengths[] = {1, 4, 8, 64, 4096, 9000};

    if (one_in(chance, 8))
        chance->device = (uint16_t)chance_below(chance, WORLD_DEVICES + (one_in(chance, 30) ? 200 : 0));
    *request = (struct amdvi_request){.device = chance->device,
                                      .op = (uint8_t)chance_below(chance, 4),
                                      .address = address(chance),
                                      .length = lengths[chance_below(chance, 6)]};
    if (one_in(chance, 5))
        request->at = (uint8_t)chance_below(chance, 3);
    request->has_pasid = one_in(chance, 2);
    request->pasid = request->has_pasid ? chance_below(chance, SLOTS) | (one_in(chance, 10) ? 512u : 0) : 0;
    request->privileged = one_in(chance, 3);
    request->execute = one_in(chance, 4);
    request->no_write = one_in(chance, 4);
    if (request->address + request->length < request->address)
        request->length = 1;
}
