// SPDX-License-Identifier: Apache-2.0
#include "testbench/bench/machine.h"

#include "amdvi/layout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DEVICE_TABLE = 0x1000,
    RING = 0x2000,
    RING_LOG2 = 9,
    RING_BYTES = 16 << RING_LOG2,
    EVENTS = 0x4000,
    STORE = 0x5000,
    FIRST_TABLE = 0x10000
};

/* ---------------------------------------------------------------- surroundings, all of them counted */

static void *count_allocate(void *context, size_t bytes)
{
    ((struct machine *)context)->allocations++;
    return malloc(bytes);
}

static void count_release(void *context, void *block)
{
    ((struct machine *)context)->allocations++;
    free(block);
}

static enum amdvi_memory_result count_read(void *context, uint64_t spa, void *data, size_t length)
{
    ((struct machine *)context)->memory_calls++;
    memset(data, 0, length);
    return AMDVI_MEMORY_MASTER_ABORT;
}

static enum amdvi_memory_result count_write(void *context, uint64_t spa, const void *data, size_t length)
{
    ((struct machine *)context)->memory_calls++;
    return AMDVI_MEMORY_MASTER_ABORT;
}

static enum amdvi_memory_result count_exchange(void *context, uint64_t spa, uint64_t expected,
                                               uint64_t desired, uint64_t *seen)
{
    ((struct machine *)context)->memory_calls++;
    *seen = 0;
    return AMDVI_MEMORY_MASTER_ABORT;
}

/* ---------------------------------------------------------------- set-up */

static void set(const struct amdvi_layout *layout, const char *field, uint64_t *words, uint64_t value)
{
    amdvi_field_set(amdvi_layout_field(layout, field), words, value);
}

static void write_gcr3(struct machine *machine)
{
    const struct amdvi_layout *gcr3 = amdvi_layout_find("gcr3");
    uint64_t entry = 0;

    set(gcr3, "V", &entry, 1);
    set(gcr3, "Addr", &entry, machine->guest_root);
    memcpy(machine->window + machine->gcr3_spa + UINT64_C(8) * PASID, &entry, sizeof(entry));
}

static void write_dte(struct machine *machine)
{
    const struct amdvi_layout *dte = amdvi_layout_find("dte");
    uint64_t words[4] = {0};

    tables_entry("dte", (const char *const[]){"V", "TV", "IR", "IW", NULL}, words);
    set(dte, "DomainID", words, DOMAIN);
    if (machine->geometry.tables != TABLES_V2) {
        set(dte, "Mode", words, 4);
        set(dte, "Host root", words, machine->host_root);
    }
    if (machine->geometry.tables != TABLES_V1) {
        set(dte, "GV", words, 1);
        set(dte, "GCR3 root", words, machine->gcr3);
        write_gcr3(machine);
    }
    memcpy(machine->window + DEVICE_TABLE + sizeof(words) * REQUESTER, words, sizeof(words));
}

static bool write_register(struct machine *machine, const char *name, uint64_t value)
{
    const struct amdvi_register *reg = amdvi_register_find(name);

    return reg && amdvi_mmio_write(machine->device, reg->offset, 8, value) == AMDVI_OK;
}

static bool start_device(struct machine *machine)
{
    uint64_t ring = RING, control = 0;

    set(amdvi_layout_find("reg_cmd_base"), "Len", &ring, RING_LOG2);
    tables_entry("reg_control", (const char *const[]){"Coherent", "GTEn", "CmdBufEn", "IommuEn", NULL},
                 &control);
    /* As Linux has it for nesting: the GCR3 table is the guest's, and its address a GPA. */
    set(amdvi_layout_find("reg_control"), "GCR3TRPMode", &control, machine->geometry.tables == TABLES_NESTED);
    return write_register(machine, "devtab_base", DEVICE_TABLE) &&
           write_register(machine, "cmd_base", ring) && write_register(machine, "control", control) &&
           amdvi_run(machine->device) == AMDVI_OK;
}

static enum amdvi_status create_device(struct machine *machine, const char *const *settings)
{
    struct amdvi_memory memory = {.context = machine,
                                  .read = count_read,
                                  .write = count_write,
                                  .compare_exchange = count_exchange,
                                  .direct = machine->window,
                                  .direct_size = machine->window_size};
    struct amdvi_allocator allocator = {machine, count_allocate, count_release};
    struct amdvi_config *config;
    enum amdvi_status status = amdvi_config_create(&config);

    for (; status == AMDVI_OK && *settings; settings += 2)
        status = amdvi_config_set(config, settings[0], settings[1]);
    if (status == AMDVI_OK)
        status = amdvi_create(config, &memory, NULL, &allocator, &machine->device);
    amdvi_config_destroy(config);
    return status;
}

/* Figures of a machine that translates wrongly would be worth nothing. */
static bool translates(struct machine *machine, char *error, size_t size)
{
    for (unsigned i = 0; i < 64; i++) {
        uint64_t page = i ? machine_random_page(machine) : machine->geometry.pages - 1;
        struct amdvi_request request = machine_request(machine, page);
        struct amdvi_result result;
        if (amdvi_translate(machine->device, &request, &result) == AMDVI_OK && result.ok &&
            result.pa == machine_target(page))
            continue;
        snprintf(error, size, "page %llu is not translated as its tables say: %s", (unsigned long long)page,
                 result.ok ? "wrong address" : amdvi_reason_text(result.fault.reason));
        return false;
    }
    return true;
}

static void make_commands(struct machine *machine)
{
    const struct amdvi_layout *inv = amdvi_layout_find("cmd_inv_pages"),
                              *wait = amdvi_layout_find("cmd_completion_wait");
    struct commands *c = &machine->commands;

    set(inv, "Opcode", c->invalidate, inv->opcode);
    set(inv, "DomainID", c->invalidate, DOMAIN);
    if (machine->geometry.tables != TABLES_V1) {
        set(inv, "GN", c->invalidate, 1);
        set(inv, "PASID", c->invalidate, PASID);
    }
    set(wait, "Opcode", c->wait, wait->opcode);
    set(wait, "S", c->wait, 1);
    set(wait, "Address", c->wait, STORE);
    set(wait, "Data", c->wait, 1);
    c->doorbell = amdvi_register_find("cmd_tail")->offset;
}

static bool set_up(struct machine *machine, const char *const *settings, char *error, size_t size)
{
    enum amdvi_status status;

    machine->window_size = tables_room(&machine->geometry);
    machine->window = calloc(machine->window_size / PAGE, PAGE);
    if (!machine->window || !tables_build(machine)) {
        snprintf(error, size, "no room for %llu MiB of tables",
                 (unsigned long long)machine->window_size >> 20);
        return false;
    }
    write_dte(machine);
    status = create_device(machine, settings);
    if (status != AMDVI_OK || !start_device(machine)) {
        snprintf(error, size, "the device does not start: %s", amdvi_status_text(status));
        return false;
    }
    make_commands(machine);
    return translates(machine, error, size);
}

bool machine_open(struct machine *machine, const struct geometry *geometry, const char *const *settings,
                  char *error, size_t size)
{
    *machine =
        (struct machine){.geometry = *geometry, .next = FIRST_TABLE, .random = UINT64_C(0x9e3779b97f4a7c15)};
    if (set_up(machine, settings, error, size))
        return true;
    machine_close(machine);
    return false;
}

void machine_close(struct machine *machine)
{
    amdvi_destroy(machine->device);
    free(machine->window);
    machine->device = NULL;
    machine->window = NULL;
}

struct amdvi_request machine_request(const struct machine *machine, uint64_t index)
{
    return (struct amdvi_request){.device = REQUESTER,
                                  .op = AMDVI_READ,
                                  .has_pasid = machine->geometry.tables != TABLES_V1,
                                  .pasid = machine->geometry.tables != TABLES_V1 ? PASID : 0,
                                  .address = machine_address(&machine->geometry, index),
                                  .length = 64};
}

/* ---------------------------------------------------------------- commands */

static void put_command(struct machine *machine, uint64_t word0, uint64_t word1)
{
    uint64_t words[2] = {word0, word1};

    memcpy(machine->window + RING + machine->ring_tail, words, sizeof(words));
    machine->ring_tail = (machine->ring_tail + sizeof(words)) % RING_BYTES;
}

bool machine_invalidate(struct machine *machine, const uint64_t *pages, unsigned count)
{
    const struct commands *commands = &machine->commands;

    for (unsigned i = 0; i < count; i++)
        put_command(machine, commands->invalidate[0],
                    commands->invalidate[1] | machine_address(&machine->geometry, pages[i]));
    put_command(machine, commands->wait[0], commands->wait[1]);
    return amdvi_mmio_write(machine->device, commands->doorbell, 8, machine->ring_tail) == AMDVI_OK &&
           amdvi_run(machine->device) == AMDVI_OK;
}
