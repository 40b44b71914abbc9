// SPDX-License-Identifier: Apache-2.0
#include "machine/machine.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RING_CODE = 9, RING_BYTES = 512 * 16, PAGE = 4096 };

static void expect(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "machine: %s\n", what);
    abort();
}

/* ---------------------------------------------------------------- memory */

static bool present(const struct machine *m, uint64_t spa, size_t length)
{
    return spa < MACHINE_RAM && length <= MACHINE_RAM - spa && !(m->gone && spa / PAGE == m->gone / PAGE);
}

static enum amdvi_memory_result port_read(void *context, uint64_t spa, void *data, size_t length)
{
    const struct machine *m = context;

    if (!present(m, spa, length))
        return AMDVI_MEMORY_MASTER_ABORT;
    memcpy(data, m->ram + spa, length);
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_result port_write(void *context, uint64_t spa, const void *data, size_t length)
{
    struct machine *m = context;

    if (!present(m, spa, length))
        return AMDVI_MEMORY_MASTER_ABORT;
    memcpy(m->ram + spa, data, length);
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_result port_exchange(void *context, uint64_t spa, uint64_t expected,
                                              uint64_t desired, uint64_t *seen)
{
    enum amdvi_memory_result result = port_read(context, spa, seen, 8);

    if (result != AMDVI_MEMORY_OK || *seen != expected)
        return result;
    return port_write(context, spa, &desired, 8);
}

uint64_t machine_peek(const struct machine *m, uint64_t spa)
{
    uint64_t value;

    expect(spa <= MACHINE_RAM - 8, "peek outside memory");
    memcpy(&value, m->ram + spa, 8);
    return value;
}

void machine_poke(struct machine *m, uint64_t spa, uint64_t value)
{
    expect(spa <= MACHINE_RAM - 8, "poke outside memory");
    if (m->wrote)
        m->wrote(m->context, spa, &value, 8);
    memcpy(m->ram + spa, &value, 8);
}

uint64_t machine_page(struct machine *m)
{
    uint64_t page = m->heap;

    m->heap += PAGE;
    expect(m->heap <= MACHINE_DATA, "no more pages");
    return page;
}

/* ---------------------------------------------------------------- life */

void machine_init(struct machine *m)
{
    *m = (struct machine){.heap = MACHINE_HEAP};
    m->ram = calloc(1, MACHINE_RAM);
    expect(m->ram && amdvi_config_create(&m->config) == AMDVI_OK, "no memory");
}

void machine_set(struct machine *m, const char *key, const char *value)
{
    expect(amdvi_config_set(m->config, key, value) == AMDVI_OK, key);
}

void machine_set_register(struct machine *m, uint64_t offset, uint64_t value)
{
    expect(amdvi_mmio_write(m->device, offset, 8, value) == AMDVI_OK, "register write");
}

uint64_t machine_register(struct machine *m, uint64_t offset)
{
    uint64_t value = 0;

    expect(amdvi_mmio_read(m->device, offset, 8, &value) == AMDVI_OK, "register read");
    return value;
}

static void set_ring(struct machine *m, unsigned id, uint64_t base)
{
    machine_set_register(m, reg_info[id].offset, reg_cmd_base_set_len(base, RING_CODE));
}

static void program(struct machine *m)
{
    uint64_t control = 0;

    machine_set_register(m, reg_info[REG_DEVTAB_BASE].offset, MACHINE_DEVICES | 0x1ff);
    set_ring(m, REG_CMD_BASE, MACHINE_COMMANDS);
    set_ring(m, REG_EVENT_BASE, MACHINE_EVENTS);
    set_ring(m, REG_PPR_BASE, MACHINE_PPRS);
    control |= REG_CONTROL_IOMMUEN_MASK | REG_CONTROL_EVENTLOGEN_MASK | REG_CONTROL_CMDBUFEN_MASK |
               REG_CONTROL_PPRLOGEN_MASK | REG_CONTROL_PPREN_MASK | REG_CONTROL_GTEN_MASK |
               REG_CONTROL_GAEN_MASK | REG_CONTROL_COHERENT_MASK;
    control = reg_control_set_invtimeout(control, 4);
    machine_set_register(m, reg_info[REG_CONTROL].offset, control);
}

/* The library must not count on zeros. */
static void *allocate_unclean(void *context, size_t bytes)
{
    void *block = malloc(bytes);

    (void)context;
    expect(block != NULL, "no memory");
    memset(block, 0xa5, bytes);
    return block;
}

static void give_back(void *context, void *block)
{
    (void)context;
    free(block);
}

static const struct amdvi_allocator unclean = {.allocate = allocate_unclean, .release = give_back};

void machine_start(struct machine *m)
{
    struct amdvi_memory memory = {
        .context = m, .read = port_read, .write = port_write, .compare_exchange = port_exchange};

    if (!m->no_window) {
        memory.direct = m->ram;
        memory.direct_size = MACHINE_RAM;
    }
    expect(amdvi_create(m->config, &memory, &m->callbacks, &unclean, &m->device) == AMDVI_OK, "no device");
    program(m);
}

void machine_free(struct machine *m)
{
    amdvi_destroy(m->device);
    amdvi_config_destroy(m->config);
    free(m->ram);
}

/* ---------------------------------------------------------------- tables */

uint64_t machine_dte_address(uint16_t device)
{
    return MACHINE_DEVICES + (uint64_t)device * 32;
}

void machine_dte(struct machine *m, uint16_t device, uint16_t domain, unsigned mode, uint64_t root)
{
    uint64_t at = machine_dte_address(device), raw[4] = {0};

    dte_set_v(raw, 1);
    dte_set_tv(raw, 1);
    dte_set_mode(raw, mode);
    dte_set_host_root(raw, root);
    dte_set_ir(raw, 1);
    dte_set_iw(raw, 1);
    dte_set_i(raw, 1);
    dte_set_domainid(raw, domain);
    machine_poke(m, at + 8, raw[1]);
    machine_poke(m, at, raw[0]);
}

void machine_dte_guest(struct machine *m, uint16_t device, uint64_t gcr3)
{
    uint64_t at = machine_dte_address(device), raw[4] = {machine_peek(m, at), machine_peek(m, at + 8)};

    dte_set_gcr3_root(raw, gcr3);
    dte_set_gv(raw, 1);
    machine_poke(m, at + 8, raw[1]);
    machine_poke(m, at, raw[0]);
}

void machine_dte_interrupts(struct machine *m, uint16_t device, uint64_t root, unsigned log2)
{
    uint64_t at = machine_dte_address(device), raw[4] = {0};

    dte_set_iv(raw, 1);
    dte_set_inttable_root(raw, root);
    dte_set_inttablen(raw, log2);
    dte_set_intctl(raw, DTE_INTCTL_REMAP);
    machine_poke(m, at + 16, raw[2]);
}

uint64_t machine_host_entry(struct machine *m, uint64_t root, unsigned mode, unsigned level, uint64_t iova)
{
    uint64_t table = root;

    for (unsigned at = mode; at > level; at--) {
        uint64_t slot = table + (iova >> (12 + 9 * (at - 1)) & 511) * 8, entry = machine_peek(m, slot);
        if (!v1_pr(entry)) {
            entry = v1_set_pr(machine_page(m), 1);
            entry = v1_set_nextlevel(entry, at - 1);
            entry = v1_set_iw(v1_set_ir(entry, 1), 1);
            machine_poke(m, slot, entry);
        }
        table = v1_addr(entry);
    }
    return table + (iova >> (12 + 9 * (level - 1)) & 511) * 8;
}

void machine_map(struct machine *m, uint64_t root, unsigned mode, uint64_t iova, uint64_t spa, unsigned perm)
{
    uint64_t entry = v1_set_pr(spa, 1);

    entry = v1_set_ir(entry, perm & MACHINE_READ);
    entry = v1_set_iw(entry, perm >> 1 & 1);
    machine_poke(m, machine_host_entry(m, root, mode, 1, iova), entry);
}

uint64_t machine_guest_entry(struct machine *m, uint64_t root, uint64_t gva)
{
    uint64_t table = root;

    for (unsigned shift = 39; shift > 12; shift -= 9) {
        uint64_t slot = table + (gva >> shift & 511) * 8, entry = machine_peek(m, slot);
        if (!v2_p(entry)) {
            entry = v2_set_us(v2_set_rw(v2_set_p(machine_page(m), 1), 1), 1);
            machine_poke(m, slot, entry);
        }
        table = v2_addr(entry);
    }
    return table + (gva >> 12 & 511) * 8;
}

void machine_guest_map(struct machine *m, uint64_t root, uint64_t gva, uint64_t gpa)
{
    machine_poke(m, machine_guest_entry(m, root, gva), v2_set_us(v2_set_rw(v2_set_p(gpa, 1), 1), 1));
}

void machine_irte(struct machine *m, uint64_t root, unsigned index, uint8_t vector)
{
    uint64_t raw[2] = {0};

    irte_set_remapen(raw, 1);
    irte_set_vector(raw, vector);
    machine_poke(m, root + index * 16 + 8, raw[1]);
    machine_poke(m, root + index * 16, raw[0]);
}

/* ---------------------------------------------------------------- commands */

void machine_command(struct machine *m, uint64_t low, uint64_t high)
{
    machine_poke(m, MACHINE_COMMANDS + m->tail, low);
    machine_poke(m, MACHINE_COMMANDS + m->tail + 8, high);
    m->tail = (m->tail + 16) % RING_BYTES;
    machine_set_register(m, reg_info[REG_CMD_TAIL].offset, m->tail);
    expect(amdvi_run(m->device) == AMDVI_OK, "run");
}

static void of_device(struct machine *m, unsigned opcode, uint16_t device)
{
    uint64_t words[2] = {0};

    cmd_inv_devtab_set_opcode(words, opcode);
    cmd_inv_devtab_set_deviceid(words, device);
    machine_command(m, words[0], words[1]);
}

void machine_invalidate_device(struct machine *m, uint16_t device)
{
    of_device(m, CMD_INVALIDATE_DEVTAB_ENTRY, device);
}

void machine_invalidate_interrupts(struct machine *m, uint16_t device)
{
    of_device(m, CMD_INVALIDATE_INTERRUPT_TABLE, device);
}

static void of_pages(struct machine *m, uint16_t domain, bool guest, uint32_t pasid, uint64_t address,
                     bool sized)
{
    uint64_t words[2] = {0};

    cmd_inv_pages_set_opcode(words, CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(words, domain);
    cmd_inv_pages_set_pde(words, 1);
    cmd_inv_pages_set_gn(words, guest);
    cmd_inv_pages_set_pasid(words, pasid);
    cmd_inv_pages_set_address(words, address);
    cmd_inv_pages_set_s(words, sized);
    machine_command(m, words[0], words[1]);
}

void machine_invalidate_page(struct machine *m, uint16_t domain, uint64_t iova)
{
    of_pages(m, domain, false, 0, iova, false);
}

void machine_invalidate_domain(struct machine *m, uint16_t domain)
{
    of_pages(m, domain, false, 0, UINT64_C(0x7ffffffffffff000), true);
}

void machine_invalidate_pasid(struct machine *m, uint16_t domain, uint32_t pasid)
{
    of_pages(m, domain, true, pasid, UINT64_C(0x7ffffffffffff000), true);
}

void machine_invalidate_atc(struct machine *m, uint16_t device)
{
    uint64_t words[2] = {0};

    cmd_inv_iotlb_set_opcode(words, CMD_INVALIDATE_IOTLB_PAGES);
    cmd_inv_iotlb_set_deviceid(words, device);
    cmd_inv_iotlb_set_address(words, UINT64_C(0x7ffffffffffff000));
    cmd_inv_iotlb_set_s(words, 1);
    machine_command(m, words[0], words[1]);
}

bool machine_wait(struct machine *m)
{
    uint64_t words[2] = {0};

    cmd_completion_wait_set_opcode(words, CMD_COMPLETION_WAIT);
    cmd_completion_wait_set_s(words, 1);
    cmd_completion_wait_set_address(words, MACHINE_STORE);
    machine_command(m, words[0], ++m->stores);
    return machine_peek(m, MACHINE_STORE) == m->stores;
}

/* ---------------------------------------------------------------- requests */

static struct amdvi_result translate(struct machine *m, const struct amdvi_request *request)
{
    struct amdvi_result result;

    expect(amdvi_translate(m->device, request, &result) == AMDVI_OK, "translate");
    return result;
}

struct amdvi_result machine_read(struct machine *m, uint16_t device, uint64_t iova)
{
    return translate(m, &(struct amdvi_request){.device = device, .address = iova, .length = 4});
}

struct amdvi_result machine_write(struct machine *m, uint16_t device, uint64_t iova)
{
    return translate(
        m, &(struct amdvi_request){.device = device, .address = iova, .length = 4, .op = AMDVI_WRITE});
}

struct amdvi_result machine_read_pasid(struct machine *m, uint16_t device, uint32_t pasid, uint64_t gva)
{
    return translate(m,
                     &(struct amdvi_request){
                         .device = device, .address = gva, .length = 4, .has_pasid = true, .pasid = pasid});
}

struct amdvi_int_result machine_interrupt(struct machine *m, uint16_t device, unsigned index)
{
    struct amdvi_int_result result;

    expect(amdvi_interrupt(m->device, device, 0xfee00000, index, &result) == AMDVI_OK, "interrupt");
    return result;
}

/* ---------------------------------------------------------------- the event log */

unsigned machine_events(struct machine *m)
{
    return (unsigned)machine_register(m, reg_info[REG_EVENT_TAIL].offset) / 16;
}

void machine_event(struct machine *m, unsigned index, uint64_t record[2])
{
    record[0] = machine_peek(m, MACHINE_EVENTS + index * 16);
    record[1] = machine_peek(m, MACHINE_EVENTS + index * 16 + 8);
}
