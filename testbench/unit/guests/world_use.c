// SPDX-License-Identifier: Apache-2.0
/* What host and guests do in the world: registers, commands, requests of devices. */
#include "testbench/unit/guests/world_parts.h"

#include <string.h>

/* ---------------------------------------------------------------- registers */

void world_run(struct world *w)
{
    w->runs++;
    world_must(amdvi_run(w->device) == AMDVI_OK, "amdvi_run");
}

uint64_t reg_read(struct world *w, uint64_t offset)
{
    uint64_t value;

    world_must(amdvi_mmio_read(w->device, offset, 8, &value) == AMDVI_OK, "register read");
    return value;
}

void reg_write(struct world *w, uint64_t offset, uint64_t value)
{
    world_must(amdvi_mmio_write(w->device, offset, 8, value) == AMDVI_OK, "register write");
    world_run(w);
}

uint64_t vf_read(struct world *w, unsigned g, uint64_t offset)
{
    uint64_t value;

    world_must(amdvi_vf_read(w->device, guest_id(g), offset, 8, &value) == AMDVI_OK, "VF read");
    return value;
}

void vf_write(struct world *w, unsigned g, uint64_t offset, uint64_t value)
{
    world_must(amdvi_vf_write(w->device, guest_id(g), offset, 8, value) == AMDVI_OK, "VF write");
    world_run(w);
}

uint64_t vfc_read(struct world *w, unsigned g, uint64_t offset)
{
    uint64_t value;

    world_must(amdvi_vfc_read(w->device, guest_id(g), offset, 8, &value) == AMDVI_OK, "VF Control read");
    return value;
}

void vfc_write(struct world *w, unsigned g, uint64_t offset, uint64_t value)
{
    world_must(amdvi_vfc_write(w->device, guest_id(g), offset, 8, value) == AMDVI_OK, "VF Control write");
    world_run(w);
}

uint64_t command_control(void)
{
    return G_CMD | 0x308; /* CmdBufEn, ComWaitIntEn, 256 entries */
}

/* By private address the base does not count (11 #25). */
uint64_t long_command_control(void)
{
    return G_LONG_CMD | 0x30f;
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

void flush_private(struct world *w)
{
    host_command(w, UINT64_C(3) << 60 | (uint64_t)OWN_DOMAIN << 32, UINT64_C(0x7ffffffffffff003));
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
    world_must(amdvi_translate(w->device, &request, &result) == AMDVI_OK, "amdvi_translate");
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

    world_must(amdvi_page_request(w->device, &request, &result) == AMDVI_OK, "amdvi_page_request");
    return result.ok;
}
