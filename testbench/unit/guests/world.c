// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/guests/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t v1_rw = UINT64_C(3) << 61;
static const uint64_t length_256 = UINT64_C(8) << 56;

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "the world cannot be set up: %s\n", what);
    abort();
}

/* ---------------------------------------------------------------- names */

/* Two share their page of register slots, two their word of dirty bits. */
uint16_t guest_id(unsigned g)
{
    static const uint16_t ids[WORLD_GUESTS] = {6, 0x106, 7};
    return ids[g];
}

uint16_t trans_device(unsigned g)
{
    return (uint16_t)(0x3f0 + g);
}

uint16_t trans_domain(unsigned g)
{
    return (uint16_t)(0x30 + g);
}

uint16_t host_device(unsigned g, unsigned which)
{
    return (uint16_t)(0x100 + 0x10 * g + which);
}

uint16_t host_domain(unsigned g, unsigned which)
{
    return (uint16_t)(0x40 + 4 * g + which);
}

uint16_t guest_device(unsigned which)
{
    return (uint16_t)(0x10 + which);
}

uint16_t guest_domain(unsigned which)
{
    return (uint16_t)(1 + which);
}

unsigned owner_of_device(uint16_t device)
{
    if (device >= 0x3f0 && device < 0x3f0 + WORLD_GUESTS)
        return device - 0x3f0u;
    return device >= 0x100 && device < 0x100 + 0x10 * WORLD_GUESTS ? (device - 0x100u) / 0x10 : WORLD_GUESTS;
}

unsigned owner_of_domain(uint16_t domain)
{
    if (domain >= 0x30 && domain < 0x30 + WORLD_GUESTS)
        return domain - 0x30u;
    return domain >= 0x40 && domain < 0x40 + 4 * WORLD_GUESTS ? (domain - 0x40u) / 4 : WORLD_GUESTS;
}

/* ---------------------------------------------------------------- memory */

static bool present(uint64_t spa, size_t length)
{
    return spa < WORLD_BYTES && length <= WORLD_BYTES - spa;
}

static enum amdvi_memory_result on_read(void *context, uint64_t spa, void *data, size_t length)
{
    struct world *w = context;

    if (!present(spa, length))
        return AMDVI_MEMORY_MASTER_ABORT;
    memcpy(data, w->bytes + spa, length);
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_result on_write(void *context, uint64_t spa, const void *data, size_t length)
{
    struct world *w = context;

    if (!present(spa, length))
        return AMDVI_MEMORY_MASTER_ABORT;
    memcpy(w->bytes + spa, data, length);
    w->touched[spa / PAGE_BYTES] = 1;
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_result on_exchange(void *context, uint64_t spa, uint64_t expected, uint64_t desired,
                                            uint64_t *seen)
{
    struct world *w = context;

    if (!present(spa, 8))
        return AMDVI_MEMORY_MASTER_ABORT;
    *seen = get64(w, spa);
    if (*seen == expected)
        put64(w, spa, desired);
    return AMDVI_MEMORY_OK;
}

void put64(struct world *w, uint64_t spa, uint64_t value)
{
    must(present(spa, 8), "address beyond memory");
    memcpy(w->bytes + spa, &value, sizeof(value));
    w->touched[spa / PAGE_BYTES] = 1;
}

uint64_t get64(const struct world *w, uint64_t spa)
{
    uint64_t value;

    must(present(spa, 8), "address beyond memory");
    memcpy(&value, w->bytes + spa, sizeof(value));
    return value;
}

uint64_t guest_spa(unsigned g, uint64_t gpa)
{
    return H_GUESTS + g * (uint64_t)GUEST_BYTES + gpa;
}

void guest_put64(struct world *w, unsigned g, uint64_t gpa, uint64_t value)
{
    put64(w, guest_spa(g, gpa), value);
}

uint64_t guest_get64(const struct world *w, unsigned g, uint64_t gpa)
{
    return get64(w, guest_spa(g, gpa));
}

void world_mark(struct world *w)
{
    memset(w->touched, 0, sizeof(w->touched));
}

void world_back(struct world *w, const uint8_t *copy)
{
    for (unsigned page = 0; page < WORLD_BYTES / PAGE_BYTES; page++)
        if (w->touched[page])
            memcpy(w->bytes + page * PAGE_BYTES, copy + page * PAGE_BYTES, PAGE_BYTES);
    world_mark(w);
}

/* ---------------------------------------------------------------- callbacks */

static void on_irq(void *context, const struct amdvi_irq *irq)
{
    const struct world *w = context;

    if (w->notes.irq)
        w->notes.irq(w->notes.context, irq);
}

static enum amdvi_atc_answer on_atc(void *context, const struct amdvi_atc_invalidation *invalidation)
{
    const struct world *w = context;

    return w->notes.atc ? w->notes.atc(w->notes.context, invalidation) : AMDVI_ATC_DONE;
}

static void on_prg(void *context, const struct amdvi_prg_response *response)
{
    const struct world *w = context;

    if (w->notes.prg)
        w->notes.prg(w->notes.context, response);
}

static void *on_allocate(void *context, size_t bytes)
{
    struct world *w = context;
    void *block = ++w->allocations == w->allocation_fails ? NULL : malloc(bytes);

    w->live_blocks += block != NULL;
    return block;
}

static void on_release(void *context, void *block)
{
    struct world *w = context;

    w->live_blocks -= block != NULL;
    free(block);
}

/* ---------------------------------------------------------------- tables */

uint64_t world_page(struct world *w)
{
    uint64_t page = w->next_table;

    w->next_table += PAGE_BYTES;
    must(w->next_table <= H_GUESTS, "no room for tables");
    return page;
}

void world_map(struct world *w, uint64_t root, unsigned levels, uint64_t address, uint64_t spa)
{
    for (unsigned level = levels; level > 1; level--) {
        uint64_t at = root + (address >> (12 + 9 * (level - 1)) & 511) * 8;
        if (!get64(w, at))
            put64(w, at, world_page(w) | (uint64_t)(level - 1) << 9 | v1_rw | 1);
        root = get64(w, at) & UINT64_C(0xffffffffff000);
    }
    put64(w, root + (address >> 12 & 511) * 8, spa | v1_rw | 1);
}

void world_dte(struct world *w, uint16_t device, const uint64_t words[4])
{
    for (unsigned i = 0; i < 4; i++)
        put64(w, H_DEVTAB + 32u * device + 8 * i, words[i]);
}

void world_guest_dte(struct world *w, unsigned g, unsigned which)
{
    /* V, TV, Mode 1, PPR and GPRP, GV, GCR3 root [14:12], IR, IW; DomainID, I; vImuEn, GDeviceID, GuestID */
    uint64_t words[4] = {
        UINT64_C(0x203) | w->roots[g] | UINT64_C(0xb) << 52 | (uint64_t)(G_GCR3 >> 12) << 58 | v1_rw,
        host_domain(g, which) | UINT64_C(1) << 32, 0,
        UINT64_C(1) << 15 | (uint64_t)guest_device(which) << 16 | (uint64_t)guest_id(g) << 32};

    world_dte(w, host_device(g, which), words);
}

void world_trans_dte(struct world *w, unsigned g, uint16_t device)
{
    world_dte(w, device, (const uint64_t[4]){UINT64_C(0x203) | w->roots[g] | v1_rw, trans_domain(g), 0, 0});
}

static void own_dte(struct world *w)
{
    /* Mode 3; IV, IntTabLen 10, root, IntCtl 2 (2.4) */
    world_dte(w, OWN_DEVICE,
              (const uint64_t[4]){UINT64_C(0x603) | w->private_root | v1_rw, OWN_DOMAIN,
                                  1 | 10 << 1 | H_INT_L1 | UINT64_C(2) << 60, 0});
}

/* Regions of 2.1 in which buffers lie when GstBufferTRPMode=0. */
static void map_buffers(struct world *w, unsigned g)
{
    static const struct {
        uint64_t base;
        uint32_t gpa;
    } buffer[] = {{UINT64_C(0x2800000000), G_CMD},
                  {UINT64_C(0x3000000000), G_PPR},
                  {UINT64_C(0x3800000000), G_PPR_B},
                  {UINT64_C(0x4000000000), G_EVT},
                  {UINT64_C(0x4800000000), G_EVT_B}};

    for (unsigned i = 0; i < sizeof(buffer) / sizeof(buffer[0]); i++)
        world_map(w, w->private_root, 3, buffer[i].base + ((uint64_t)guest_id(g) << 19),
                  guest_spa(g, buffer[i].gpa));
}

static void map_private(struct world *w)
{
    w->private_root = world_page(w);
    w->slot_page = world_page(w);
    w->slot_page_high = world_page(w);
    w->dirty_page = world_page(w);
    world_map(w, w->private_root, 3, 0, w->slot_page);
    world_map(w, w->private_root, 3, 0x4000, w->slot_page_high);
    world_map(w, w->private_root, 3, 0x400000, w->dirty_page);
    for (unsigned g = 0; g < WORLD_GUESTS; g++) {
        w->device_map[g] = world_page(w);
        w->domain_map[g] = world_page(w);
        world_map(w, w->private_root, 3, UINT64_C(0x1000000000) + ((uint64_t)guest_id(g) << 20),
                  w->device_map[g]);
        world_map(w, w->private_root, 3, UINT64_C(0x2000000000) + ((uint64_t)guest_id(g) << 19),
                  w->domain_map[g]);
        if (!w->by_gpa)
            map_buffers(w, g);
    }
}

/* Entries of {type, GuestID}: guest mode, IsRun, vector 0x40 and up, the guest's vAPIC page (2.4). */
static void make_interrupts(struct world *w)
{
    for (unsigned high = 0; high < 2; high++)
        for (unsigned type = 0; type < 2; type++)
            put64(w, H_INT_L1 + 8 * (high + 256 * type),
                  (H_INT_L2 + PAGE_BYTES * (high + 2 * type)) | 8 << 2 | 1);
    for (unsigned g = 0; g < WORLD_GUESTS; g++)
        for (unsigned type = 0; type < 2; type++) {
            uint64_t at =
                H_INT_L2 + PAGE_BYTES * ((guest_id(g) >> 8) + 2u * type) + 16u * (guest_id(g) & 0xff);
            put64(w, at, 1 | 1 << 6 | 1 << 7 | 3 << 8);
            put64(w, at + 8, (H_VAPIC + PAGE_BYTES * g) | (0x40 + 2 * g + type));
        }
}

static void make_guest(struct world *w, unsigned g)
{
    w->roots[g] = world_page(w);
    for (uint64_t gpa = 0; gpa < GUEST_BYTES; gpa += PAGE_BYTES)
        world_map(w, w->roots[g], 1, gpa, guest_spa(g, gpa));
    guest_put64(w, g, G_GCR3 + 8 * G_PASID, G_TABLES | 1);
    for (uint64_t level = 0; level < 3; level++)
        guest_put64(w, g, G_TABLES + PAGE_BYTES * level, (G_TABLES + PAGE_BYTES * (level + 1)) | 7);
    for (uint64_t i = 0; i < 4; i++)
        guest_put64(w, g, G_LEAF + 8 * (G_IOVA / PAGE_BYTES + i), (G_DATA + PAGE_BYTES * i) | 7);
    for (unsigned which = 0; which < DEVICES_EACH; which++)
        world_guest_dte(w, g, which);
    world_trans_dte(w, g, trans_device(g));
}

/* ---------------------------------------------------------------- life */

static struct amdvi_config *config_of(const char *settings)
{
    struct amdvi_config *config;
    char text[512], *word, *rest = text;

    must(amdvi_config_create(&config) == AMDVI_OK, "configuration");
    snprintf(text, sizeof(text), "%s", settings ? settings : "");
    while ((word = strtok(rest, " "))) {
        char *value = strchr(word, '=');
        must(value != NULL, word);
        *value++ = 0;
        must(amdvi_config_set(config, word, value) == AMDVI_OK, word);
        rest = NULL;
    }
    return config;
}

static void create(struct world *w)
{
    struct amdvi_memory memory = {
        .context = w, .read = on_read, .write = on_write, .compare_exchange = on_exchange};
    struct amdvi_callbacks callbacks = {
        .context = w, .interrupt = on_irq, .atc_invalidate = on_atc, .prg_response = on_prg};
    struct amdvi_allocator allocator = {.context = w, .allocate = on_allocate, .release = on_release};

    must(amdvi_create(w->config, &memory, &callbacks, &allocator, &w->device) == AMDVI_OK, "device");
}

static void start_host(struct world *w)
{
    /* IommuEn, EventLogEn, InvTimeOut, Coherent, CmdBufEn, PPRLogEn, PPREn, GTEn, GAEn, GAMEn, GALogEn,
     * GCR3TRPMode (1.5) */
    uint64_t control = UINT64_C(0x040000001203b485);

    reg_write(w, 0x0, H_DEVTAB | 7);
    reg_write(w, 0x8, H_CMD | length_256);
    reg_write(w, 0x10, H_EVT | length_256);
    reg_write(w, 0x38, H_PPR | length_256);
    reg_write(w, 0xe0, H_GA | length_256);
    reg_write(w, R_CONTROL, control);
    control |= w->by_gpa ? C_BY_GPA : 0;
    reg_write(w, R_CONTROL, control | C_VCMD);
    w->control = control | C_VCMD | C_VIOMMU;
    reg_write(w, R_CONTROL, w->control);
}

void world_start_guest(struct world *w, unsigned g)
{
    vfc_write(w, g, VFC_MISC, (uint64_t)trans_device(g) << 16);
    vfc_write(w, g, VFC_EVT_B, G_EVT_B);
    vfc_write(w, g, VFC_PPR_B, G_PPR_B);
    for (unsigned which = 0; which < DEVICES_EACH; which++) {
        map_device_id(w, g, guest_device(which), host_device(g, which), 0);
        map_domain_id(w, g, guest_domain(which), host_domain(g, which));
    }
    vfc_write(w, g, VFC_EVT, event_control());
    vfc_write(w, g, VFC_PPR, ppr_control());
    vfc_write(w, g, VFC_CMD, command_control());
}

void world_start(struct world *w)
{
    start_host(w);
    for (unsigned g = 0; g < WORLD_GUESTS; g++)
        world_start_guest(w, g);
}

void world_open_bare(struct world *w, const char *settings, bool by_gpa)
{
    memset(w, 0, sizeof(*w));
    w->by_gpa = by_gpa;
    w->next_table = H_TABLES;
    w->bytes = calloc(1, WORLD_BYTES);
    must(w->bytes != NULL, "memory");
    map_private(w);
    own_dte(w);
    for (unsigned g = 0; g < WORLD_GUESTS; g++)
        make_guest(w, g);
    make_interrupts(w);
    w->config = config_of(settings);
    create(w);
}

void world_open(struct world *w, const char *settings, bool by_gpa)
{
    world_open_bare(w, settings, by_gpa);
    world_start(w);
}

void world_close(struct world *w)
{
    amdvi_destroy(w->device);
    amdvi_config_destroy(w->config);
    free(w->bytes);
    w->device = NULL;
    w->bytes = NULL;
}

/* ---------------------------------------------------------------- registers */

void world_run(struct world *w)
{
    must(amdvi_run(w->device) == AMDVI_OK, "amdvi_run");
}

uint64_t reg_read(struct world *w, uint64_t offset)
{
    uint64_t value;

    must(amdvi_mmio_read(w->device, offset, 8, &value) == AMDVI_OK, "register read");
    return value;
}

void reg_write(struct world *w, uint64_t offset, uint64_t value)
{
    must(amdvi_mmio_write(w->device, offset, 8, value) == AMDVI_OK, "register write");
    world_run(w);
}

uint64_t vf_read(struct world *w, unsigned g, uint64_t offset)
{
    uint64_t value;

    must(amdvi_vf_read(w->device, guest_id(g), offset, 8, &value) == AMDVI_OK, "VF read");
    return value;
}

void vf_write(struct world *w, unsigned g, uint64_t offset, uint64_t value)
{
    must(amdvi_vf_write(w->device, guest_id(g), offset, 8, value) == AMDVI_OK, "VF write");
    world_run(w);
}

uint64_t vfc_read(struct world *w, unsigned g, uint64_t offset)
{
    uint64_t value;

    must(amdvi_vfc_read(w->device, guest_id(g), offset, 8, &value) == AMDVI_OK, "VF Control read");
    return value;
}

void vfc_write(struct world *w, unsigned g, uint64_t offset, uint64_t value)
{
    must(amdvi_vfc_write(w->device, guest_id(g), offset, 8, value) == AMDVI_OK, "VF Control write");
    world_run(w);
}

uint64_t command_control(void)
{
    return G_CMD | 0x308; /* CmdBufEn, ComWaitIntEn, 256 entries */
}

uint64_t event_control(void)
{
    return G_EVT | 0x388; /* EventLogEn, EventIntEn, 256 entries each */
}

uint64_t ppr_control(void)
{
    return (uint64_t)G_PPR << 4 | 0x788; /* PPRLogEn, PPRIntEn, PPREn */
}

void map_device_id(struct world *w, unsigned g, uint16_t guest, uint16_t host, uint16_t queue)
{
    vfc_write(w, g, VFC_DEVICES,
              UINT64_C(1) << 63 | (uint64_t)guest << 46 | (uint64_t)queue << 30 | (uint64_t)host << 14 | 1);
}

void map_domain_id(struct world *w, unsigned g, uint16_t guest, uint16_t host)
{
    vfc_write(w, g, VFC_DOMAINS, UINT64_C(1) << 63 | (uint64_t)guest << 46 | (uint64_t)host << 14 | 1);
}

/* ---------------------------------------------------------------- commands and requests */

void guest_put_command(struct world *w, unsigned g, unsigned index, uint64_t low, uint64_t high)
{
    guest_put64(w, g, G_CMD + 16 * (index % RING_ENTRIES), low);
    guest_put64(w, g, G_CMD + 16 * (index % RING_ENTRIES) + 8, high);
}

void guest_command(struct world *w, unsigned g, uint64_t low, uint64_t high)
{
    unsigned tail = (unsigned)(vf_read(w, g, VF_TAIL) / 16);

    guest_put_command(w, g, tail, low, high);
    vf_write(w, g, VF_TAIL, (tail + 1) % RING_ENTRIES * 16);
}

void host_command(struct world *w, uint64_t low, uint64_t high)
{
    uint64_t tail = reg_read(w, R_CMD_TAIL);

    put64(w, H_CMD + tail, low);
    put64(w, H_CMD + tail + 8, high);
    reg_write(w, R_CMD_TAIL, (tail + 16) % PAGE_BYTES);
}

void wait_words(uint64_t gpa, uint64_t value, uint64_t words[2])
{
    words[0] = UINT64_C(1) << 60 | gpa | 1;
    words[1] = value;
}

void guest_wait(struct world *w, unsigned g, uint64_t gpa, uint64_t value)
{
    uint64_t words[2];

    wait_words(gpa, value, words);
    guest_command(w, g, words[0], words[1]);
}

void guest_flush(struct world *w, unsigned g, uint16_t domain)
{
    guest_command(w, g, UINT64_C(3) << 60 | (uint64_t)domain << 32 | G_PASID, UINT64_C(0x7ffffffffffff005));
}

struct amdvi_result guest_ask(struct world *w, unsigned g, unsigned which, enum amdvi_op op, uint64_t address)
{
    struct amdvi_request request = {.device = host_device(g, which),
                                    .op = (uint8_t)op,
                                    .has_pasid = true,
                                    .pasid = G_PASID,
                                    .address = address,
                                    .length = 8};
    struct amdvi_result result;

    memset(&result, 0, sizeof(result));
    must(amdvi_translate(w->device, &request, &result) == AMDVI_OK, "amdvi_translate");
    return result;
}

bool guest_page_request(struct world *w, unsigned g, unsigned which, uint64_t address)
{
    struct amdvi_page_request request = {.device = host_device(g, which),
                                         .has_pasid = true,
                                         .read = true,
                                         .last = true,
                                         .pasid = G_PASID,
                                         .prg_index = 5,
                                         .address = address};
    struct amdvi_page_request_result result;

    must(amdvi_page_request(w->device, &request, &result) == AMDVI_OK, "amdvi_page_request");
    return result.ok;
}
