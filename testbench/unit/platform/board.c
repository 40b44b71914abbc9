// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/platform/board.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"

#include <check.h>
#include <linux/pci_regs.h>

enum { RING_CODE = 9, RING_BYTES = 512 * 16, GCR3 = 0x60000 };

static const uint64_t REGISTERS = 0xfd180000;

static void take(void *context, uint64_t address, uint32_t data)
{
    struct board *b = context;

    ck_assert_uint_lt(b->count, BOARD_TAKEN_MAX);
    b->taken[b->count++] = (struct board_message){address, data};
}

static void take_doorbell(void *context, uint32_t destination, uint8_t vector)
{
    struct board *b = context;

    b->doorbells++;
}

/* ---------------------------------------------------------------- life */

void board_init(struct board *b)
{
    *b = (struct board){.tables = BOARD_TABLES};
    machine_config_default(&b->config);
    b->config.context = b;
    b->config.deliver = take;
    b->config.doorbell = take_doorbell;
    b->what = (struct pcie_description){.kind = PCIE_INTEGRATED,
                                        .devfn = BOARD_DEVICE,
                                        .bar = {{.bytes = 0x4000}},
                                        .msi = 4,
                                        .msi_mask = true,
                                        .msix = 8,
                                        .power = true,
                                        .flr = true,
                                        .ats = true,
                                        .pri = true,
                                        .pasid = true,
                                        .pasid_execute = true,
                                        .pasid_privileged = true};
}

void board_power(struct board *b)
{
    struct machine_error error = {""};
    enum amdvi_status status = machine_create(&b->config, &b->machine, &error);

    ck_assert_msg(status == AMDVI_OK, "%s", error.text);
    b->device = dma_device_create(b->machine, &b->what, &status);
    ck_assert_msg(b->device != NULL, "%s", amdvi_status_text(status));
    ck_assert_int_eq(machine_power_on(b->machine), AMDVI_OK);
    board_configure(b, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
}

uint64_t board_get(struct board *b, uint64_t offset)
{
    return machine_mmio_read(b->machine, REGISTERS + offset, 8);
}

void board_set(struct board *b, uint64_t offset, uint64_t value)
{
    machine_mmio_write(b->machine, REGISTERS + offset, value, 8);
}

static void set_ring(struct board *b, unsigned id, uint64_t base)
{
    board_set(b, reg_info[id].offset, reg_cmd_base_set_len(base, RING_CODE));
}

static void program(struct board *b)
{
    uint64_t control = REG_CONTROL_IOMMUEN_MASK | REG_CONTROL_EVENTLOGEN_MASK | REG_CONTROL_CMDBUFEN_MASK |
                       REG_CONTROL_PPRLOGEN_MASK | REG_CONTROL_PPREN_MASK | REG_CONTROL_GTEN_MASK |
                       REG_CONTROL_GAEN_MASK | REG_CONTROL_COHERENT_MASK | REG_CONTROL_EVENTINTEN_MASK;

    board_set(b, reg_info[REG_DEVTAB_BASE].offset, BOARD_DEVICES | 0x1ff);
    set_ring(b, REG_CMD_BASE, BOARD_COMMANDS);
    set_ring(b, REG_EVENT_BASE, BOARD_EVENTS);
    set_ring(b, REG_PPR_BASE, BOARD_PPRS);
    board_set(b, reg_info[REG_CONTROL].offset, reg_control_set_invtimeout(control, 4));
}

static void write_entry(struct board *b)
{
    uint64_t raw[4] = {0};

    dte_set_v(raw, 1);
    dte_set_tv(raw, 1);
    dte_set_mode(raw, 3);
    dte_set_host_root(raw, b->root);
    dte_set_ir(raw, 1);
    dte_set_iw(raw, 1);
    dte_set_i(raw, 1);
    dte_set_domainid(raw, BOARD_DOMAIN);
    dte_set_iv(raw, 1);
    dte_set_inttable_root(raw, BOARD_INTERRUPTS);
    dte_set_inttablen(raw, 8);
    dte_set_intctl(raw, DTE_INTCTL_REMAP);
    for (unsigned i = 4; i-- > 0;)
        board_dte(b, i, raw[i]);
}

static uint64_t new_page(struct board *b)
{
    b->tables += RAM_PAGE;
    return b->tables - RAM_PAGE;
}

void board_start(struct board *b)
{
    board_power(b);
    b->root = new_page(b);
    write_entry(b);
    program(b);
}

void board_stop(struct board *b)
{
    machine_destroy(b->machine);
}

/* ---------------------------------------------------------------- configuration space */

uint32_t board_config(struct board *b, unsigned offset, unsigned size)
{
    uint32_t value;

    ck_assert(machine_cfg_read(b->machine, 0, 0, BOARD_DEVICE, offset, size, &value));
    return value;
}

void board_configure(struct board *b, unsigned offset, unsigned size, uint32_t value)
{
    ck_assert(machine_cfg_write(b->machine, 0, 0, BOARD_DEVICE, offset, size, value));
}

unsigned board_capability(struct board *b, uint8_t id)
{
    unsigned at = board_config(b, PCI_CAPABILITY_LIST, 1);

    for (unsigned steps = 0; at && board_config(b, at, 1) != id; steps++) {
        ck_assert_uint_lt(steps, 48);
        at = board_config(b, at + 1, 1);
    }
    return at;
}

unsigned board_extended(struct board *b, uint16_t id)
{
    unsigned at = 0x100;

    while (at && PCI_EXT_CAP_ID(board_config(b, at, 4)) != id)
        at = PCI_EXT_CAP_NEXT(board_config(b, at, 4));
    return at;
}

static void enable(struct board *b, uint16_t id, unsigned offset, uint32_t bits)
{
    unsigned at = board_extended(b, id);

    ck_assert_uint_ne(at, 0);
    board_configure(b, at + offset, 2, bits);
}

void board_enable_ats(struct board *b)
{
    enable(b, PCI_EXT_CAP_ID_ATS, PCI_ATS_CTRL, PCI_ATS_CTRL_ENABLE);
}

void board_enable_pri(struct board *b, unsigned allocation)
{
    board_configure(b, board_extended(b, PCI_EXT_CAP_ID_PRI) + PCI_PRI_ALLOC_REQ, 4, allocation);
    enable(b, PCI_EXT_CAP_ID_PRI, PCI_PRI_CTRL, PCI_PRI_CTRL_ENABLE);
}

void board_enable_pasid(struct board *b)
{
    enable(b, PCI_EXT_CAP_ID_PASID, PCI_PASID_CTRL,
           PCI_PASID_CTRL_ENABLE | PCI_PASID_CTRL_EXEC | PCI_PASID_CTRL_PRIV);
}

/* ---------------------------------------------------------------- tables */

static uint64_t peek(struct board *b, uint64_t pa)
{
    return ram_get(machine_ram(b->machine), pa);
}

static void poke(struct board *b, uint64_t pa, uint64_t value)
{
    ram_set(machine_ram(b->machine), pa, value);
}

uint64_t board_dte_get(struct board *b, unsigned word)
{
    return peek(b, BOARD_DEVICES + BOARD_DEVICE * 32 + word * 8);
}

void board_dte(struct board *b, unsigned word, uint64_t value)
{
    poke(b, BOARD_DEVICES + BOARD_DEVICE * 32 + word * 8, value);
}

void board_map(struct board *b, uint64_t iova, uint64_t pa, bool read, bool write)
{
    uint64_t table = b->root;

    for (unsigned level = 3; level > 1; level--) {
        uint64_t slot = table + (iova >> (12 + 9 * (level - 1)) & 511) * 8;
        if (!v1_pr(peek(b, slot)))
            poke(b, slot, v1_set_iw(v1_set_ir(v1_set_nextlevel(v1_set_pr(new_page(b), 1), level - 1), 1), 1));
        table = v1_addr(peek(b, slot));
    }
    poke(b, table + (iova >> 12 & 511) * 8, v1_set_iw(v1_set_ir(v1_set_pr(pa, 1), read), write));
}

void board_pasid(struct board *b, uint32_t pasid)
{
    uint64_t raw[4];

    for (unsigned i = 0; i < 4; i++)
        raw[i] = board_dte_get(b, i);
    dte_set_mode(raw, 0);
    dte_set_host_root(raw, 0);
    dte_set_gcr3_root(raw, GCR3);
    dte_set_gv(raw, 1);
    dte_set_ppr(raw, 1);
    board_dte(b, 1, raw[1]);
    board_dte(b, 0, raw[0]);
    poke(b, GCR3 + pasid * 8, gcr3_set_v(new_page(b), 1));
}

static void map_guest(struct board *b, uint32_t pasid, uint64_t gva, uint64_t pa, bool global)
{
    uint64_t table = gcr3_addr(peek(b, GCR3 + pasid * 8));

    for (unsigned shift = 39; shift > 12; shift -= 9) {
        uint64_t slot = table + (gva >> shift & 511) * 8;
        if (!v2_p(peek(b, slot)))
            poke(b, slot, v2_set_us(v2_set_rw(v2_set_p(new_page(b), 1), 1), 1));
        table = v2_addr(peek(b, slot));
    }
    poke(b, table + (gva >> 12 & 511) * 8, v2_set_g(v2_set_us(v2_set_rw(v2_set_p(pa, 1), 1), 1), global));
}

void board_map_guest(struct board *b, uint32_t pasid, uint64_t gva, uint64_t pa)
{
    map_guest(b, pasid, gva, pa, false);
}

void board_map_guest_global(struct board *b, uint32_t pasid, uint64_t gva, uint64_t pa)
{
    map_guest(b, pasid, gva, pa, true);
}

void board_irte(struct board *b, unsigned index, uint8_t vector)
{
    uint64_t raw[2] = {0};

    irte_set_remapen(raw, 1);
    irte_set_vector(raw, vector);
    poke(b, BOARD_INTERRUPTS + index * 16 + 8, raw[1]);
    poke(b, BOARD_INTERRUPTS + index * 16, raw[0]);
}

/* ---------------------------------------------------------------- commands */

void board_command(struct board *b, uint64_t low, uint64_t high)
{
    poke(b, BOARD_COMMANDS + b->tail, low);
    poke(b, BOARD_COMMANDS + b->tail + 8, high);
    b->tail = (b->tail + 16) % RING_BYTES;
    board_set(b, reg_info[REG_CMD_TAIL].offset, b->tail);
}

static const uint64_t EVERYTHING = UINT64_C(0x7ffffffffffff000);

void board_invalidate_pages(struct board *b)
{
    uint64_t words[2] = {0};

    cmd_inv_pages_set_opcode(words, CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(words, BOARD_DOMAIN);
    cmd_inv_pages_set_pde(words, 1);
    cmd_inv_pages_set_address(words, EVERYTHING);
    cmd_inv_pages_set_s(words, 1);
    board_command(b, words[0], words[1]);
}

static void of_device(struct board *b, unsigned opcode)
{
    uint64_t words[2] = {0};

    cmd_inv_devtab_set_opcode(words, opcode);
    cmd_inv_devtab_set_deviceid(words, BOARD_DEVICE);
    board_command(b, words[0], words[1]);
}

void board_invalidate_device(struct board *b)
{
    of_device(b, CMD_INVALIDATE_DEVTAB_ENTRY);
}

void board_invalidate_interrupts(struct board *b)
{
    of_device(b, CMD_INVALIDATE_INTERRUPT_TABLE);
}

static void invalidate_atc(struct board *b, uint64_t address, bool sized, bool guest, uint32_t pasid)
{
    uint64_t words[2] = {0};

    cmd_inv_iotlb_set_opcode(words, CMD_INVALIDATE_IOTLB_PAGES);
    cmd_inv_iotlb_set_deviceid(words, BOARD_DEVICE);
    cmd_inv_iotlb_set_address(words, address);
    cmd_inv_iotlb_set_s(words, sized);
    cmd_inv_iotlb_set_gn(words, guest);
    cmd_inv_iotlb_set_pasid(words, pasid);
    board_command(b, words[0], words[1]);
}

void board_invalidate_atc(struct board *b)
{
    invalidate_atc(b, EVERYTHING, true, false, 0);
}

void board_invalidate_atc_page(struct board *b, uint64_t address)
{
    invalidate_atc(b, address, false, false, 0);
}

void board_invalidate_atc_pasid(struct board *b, uint32_t pasid)
{
    invalidate_atc(b, EVERYTHING, true, true, pasid);
}

static void answer_pages(struct board *b, unsigned group, unsigned code, bool guest, uint32_t pasid)
{
    uint64_t words[2] = {0};

    cmd_complete_ppr_set_opcode(words, CMD_COMPLETE_PPR_REQUEST);
    cmd_complete_ppr_set_deviceid(words, BOARD_DEVICE);
    cmd_complete_ppr_set_prgindex(words, group);
    cmd_complete_ppr_set_response(words, code);
    cmd_complete_ppr_set_gn(words, guest);
    cmd_complete_ppr_set_pasid(words, pasid);
    board_command(b, words[0], words[1]);
}

void board_answer_pages(struct board *b, unsigned group, unsigned code)
{
    answer_pages(b, group, code, false, 0);
}

void board_answer_pages_pasid(struct board *b, unsigned group, unsigned code, uint32_t pasid)
{
    answer_pages(b, group, code, true, pasid);
}

void board_queue_wait(struct board *b)
{
    uint64_t words[2] = {0};

    cmd_completion_wait_set_opcode(words, CMD_COMPLETION_WAIT);
    cmd_completion_wait_set_s(words, 1);
    cmd_completion_wait_set_address(words, BOARD_STORE);
    cmd_completion_wait_set_data(words, ++b->stores);
    board_command(b, words[0], words[1]);
}

bool board_waited(struct board *b)
{
    return peek(b, BOARD_STORE) == b->stores;
}

unsigned board_events(struct board *b)
{
    return (unsigned)(board_get(b, reg_info[REG_EVENT_TAIL].offset) / 16);
}

unsigned board_event(struct board *b, unsigned index)
{
    return (unsigned)(peek(b, BOARD_EVENTS + index * 16) >> 60);
}
