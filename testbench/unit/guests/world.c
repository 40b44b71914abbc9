// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/guests/world_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t length_256 = UINT64_C(8) << 56;

void world_must(bool good, const char *what)
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

    w->reads++;
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
    world_must(present(spa, 8), "address beyond memory");
    memcpy(w->bytes + spa, &value, sizeof(value));
    w->touched[spa / PAGE_BYTES] = 1;
}

uint64_t get64(const struct world *w, uint64_t spa)
{
    uint64_t value;

    world_must(present(spa, 8), "address beyond memory");
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

/* ---------------------------------------------------------------- life */

static struct amdvi_config *config_of(const char *settings)
{
    struct amdvi_config *config;
    char text[512], *word, *rest = text;

    world_must(amdvi_config_create(&config) == AMDVI_OK, "configuration");
    snprintf(text, sizeof(text), "%s", settings ? settings : "");
    while ((word = strtok(rest, " "))) {
        char *value = strchr(word, '=');
        world_must(value != NULL, word);
        *value++ = 0;
        world_must(amdvi_config_set(config, word, value) == AMDVI_OK, word);
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

    world_must(amdvi_create(w->config, &memory, &callbacks, &allocator, &w->device) == AMDVI_OK, "device");
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
    world_must(w->bytes != NULL, "memory");
    world_map_private(w);
    world_own_dte(w);
    for (unsigned g = 0; g < WORLD_GUESTS; g++)
        world_make_guest(w, g);
    world_make_interrupts(w);
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
