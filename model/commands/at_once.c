// SPDX-License-Identifier: Apache-2.0
/*
 * The shortest way of the most frequent command: INVALIDATE_IOMMU_PAGES, executed by the direct executor,
 * where the places of ring and map are known and nobody looks on. Whatever is otherwise goes through the
 * machine, with the same result.
 */
#include "model/commands/command.h"

#include "tables/layout.h"

static bool alone(const struct amdvi_device *device, const struct command_job *c,
                  const struct command_held *blocked)
{
    return job_is_direct(&c->job) && !(device->observed | device->watched | device->inject.active) &&
           !blocked->held;
}

/* Where a guest's command is, if its page is held. */
static bool find_guest_command(const struct amdvi_device *device, const struct command_job *c, uint64_t *spa)
{
    const struct guest *guest = c->guest;
    bool by_gpa = reg_control_gstbuffertrpmode(control(device));
    uint64_t requester =
        by_gpa ? vfc_misc_transdevid(guest->vfc[VFC_MISC]) : device->config.value[CONFIG_DEVID];
    uint64_t base = by_gpa ? c->ring.base : private_address(PRIVATE_COMMANDS, guest->id);

    return held_find(device, &guest->held[HELD_RING], (uint16_t)requester, base + c->head, PERM_READ, spa);
}

__attribute__((always_inline)) static inline uint8_t read_now(struct amdvi_device *device,
                                                              const struct command_job *c,
                                                              enum amdvi_access access, uint64_t spa,
                                                              void *data, size_t length)
{
    const struct place place = {.spa = spa, .access = access};

    return port_read(device, &c->job, &place, data, length);
}

/* The host's DomainID, if the map's page is held and names one. */
static bool replace_domain(struct amdvi_device *device, const struct command_job *c, uint64_t words[2])
{
    const struct guest *guest = c->guest;
    uint64_t address = map_domain_entry(guest->id, (uint16_t)cmd_inv_pages_domainid(words)), spa, entry;
    uint16_t requester = (uint16_t)device->config.value[CONFIG_DEVID];

    if (!held_find(device, &guest->held[HELD_DOMAIN_MAP], requester, address, PERM_READ, &spa) ||
        read_now(device, c, AMDVI_ACCESS_MAP, spa, &entry, sizeof(entry)) || !domidmap_v(entry))
        return false;
    cmd_inv_pages_set_domainid(words, map_host_domain(device, entry));
    return true;
}

static void count(struct amdvi_statistics *counts, const struct guest *guest)
{
    counts->invalidations++;
    if (guest) {
        counts->guest_commands++;
        return;
    }
    counts->commands++;
    counts->commands_by_opcode[CMD_INVALIDATE_IOMMU_PAGES]++;
}

/* The machine need not fetch them again. */
static void hand_on(struct command_job *c, uint64_t spa, const uint64_t words[2], uint8_t error)
{
    c->at.words[0] = words[0];
    c->at.words[1] = words[1];
    c->failure = error;
    c->fetched_from = spa;
    c->fetched = true;
}

/* Nobody is called on the way, so that nothing of the ring changes but its head. */
void host_commands_at_once(struct amdvi_device *device, struct command_job *c)
{
    uint64_t words[2] = {0, 0};

    if (!alone(device, c, &device->command_blocked))
        return;
    while (c->head != c->tail) {
        uint64_t spa = c->ring.base + c->head;
        uint8_t error = read_now(device, c, AMDVI_ACCESS_COMMAND, spa, words, sizeof(words));
        if (error || cmd_opcode(words) != CMD_INVALIDATE_IOMMU_PAGES || !command_legal(device, words)) {
            hand_on(c, spa, words, error);
            return;
        }
        command_drop_pages(device, &c->job, NULL, words);
        count(c->job.counts, NULL);
        c->head = ring_next(&c->ring, c->head);
        device->reg[REG_CMD_HEAD] = c->head;
    }
}

bool guest_command_at_once(struct amdvi_device *device, struct command_job *c)
{
    uint64_t spa, words[2] = {0, 0};
    uint8_t error;

    if (!alone(device, c, &c->guest->blocked) || !find_guest_command(device, c, &spa))
        return false;
    error = read_now(device, c, AMDVI_ACCESS_COMMAND, spa, words, sizeof(words));
    if (error || cmd_opcode(words) != CMD_INVALIDATE_IOMMU_PAGES || !command_legal(device, words) ||
        !replace_domain(device, c, words)) {
        hand_on(c, spa, words, error);
        return false;
    }
    command_drop_pages(device, &c->job, c->guest, words);
    count(c->job.counts, c->guest);
    return true;
}
