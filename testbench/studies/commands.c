// SPDX-License-Identifier: Apache-2.0
#include "testbench/studies/commands.h"

static void begin(const struct places *p, const struct amdvi_layout *layout, uint64_t *words)
{
    words[0] = words[1] = 0;
    place_set(p, PLACE_CMD_OPCODE, words, layout->opcode);
}

/* S=1: the size is in the lowest zero bit of the address from bit 12 on (iommu 6.3). */
static uint64_t sized(uint64_t address, uint64_t pages)
{
    enum { PAGE = 4096 };
    const uint64_t everything = UINT64_C(0x7ffffffffffff000);

    return pages ? address | ((pages * PAGE / 2 - 1) & ~(uint64_t)(PAGE - 1)) : everything;
}

void command_pages(const struct places *p, const struct command_pages *pages, uint64_t *words)
{
    begin(p, p->layout[PLACE_PAGES_DOMAIN], words);
    place_set(p, PLACE_PAGES_DOMAIN, words, pages->domain);
    place_set(p, PLACE_PAGES_PASID, words, pages->pasid);
    place_set(p, PLACE_PAGES_GN, words, pages->guest);
    place_set(p, PLACE_PAGES_PDE, words, pages->directories);
    place_set(p, PLACE_PAGES_S, words, pages->count != 1);
    place_set(p, PLACE_PAGES_ADDRESS, words, sized(pages->address, pages->count));
}

void command_wait(const struct places *p, uint64_t address, uint64_t data, uint64_t *words)
{
    begin(p, p->layout[PLACE_WAIT_STORE], words);
    place_set(p, PLACE_WAIT_STORE, words, 1);
    place_set(p, PLACE_WAIT_ADDRESS, words, address);
    place_set(p, PLACE_WAIT_DATA, words, data);
}

void command_reset_guest(const struct places *p, uint16_t guest, uint64_t *words)
{
    begin(p, p->layout[PLACE_RESET_GUEST], words);
    place_set(p, PLACE_RESET_GUEST, words, guest);
    place_set(p, PLACE_RESET_ALL, words, 1);
    place_set(p, PLACE_RESET_VCMD, words, 1);
}

void command_of_device(const struct places *p, enum place place, uint16_t device, uint64_t *words)
{
    begin(p, p->layout[place], words);
    place_set(p, place, words, device);
}

void command_all(const struct places *p, uint64_t *words)
{
    begin(p, amdvi_layout_find("cmd_inv_all"), words);
}
