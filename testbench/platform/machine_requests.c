// SPDX-License-Identifier: Apache-2.0
/* The way of requests and messages: through the IOMMU that takes them, to memory, to the processors. */
#include "testbench/platform/machine_internal.h"

#include "testbench/platform/pcie.h"
#include "testbench/platform/ram.h"

#include <string.h>

static const uint64_t INTERRUPTS_FIRST = 0xfee00000, INTERRUPTS_LAST = 0xfeefffff;

struct machine_unit *machine_unit_of(struct machine *machine, uint16_t segment, uint16_t device)
{
    for (size_t i = 0; i < machine->config.iommus_count; i++) {
        struct machine_unit *unit = &machine->unit[i];
        if (unit->what.segment == segment && device >= unit->what.first && device <= unit->what.last &&
            device != unit->what.device)
            return unit;
    }
    return NULL;
}

struct amdvi_device *machine_iommu_of(struct machine *machine, uint16_t segment, uint16_t device)
{
    struct machine_unit *unit = machine_unit_of(machine, segment, device);

    return unit ? unit->device : NULL;
}

/* ---------------------------------------------------------------- memory */

/* The largest naturally aligned access at `pa` of at most `length` bytes. */
static unsigned piece(uint64_t pa, size_t length)
{
    unsigned size = 8;

    while (pa % size || size > length)
        size /= 2;
    return size;
}

static enum amdvi_memory_result read_registers(struct machine *machine, uint64_t pa, uint8_t *data,
                                               size_t length)
{
    for (size_t done = 0; done < length;) {
        unsigned size = piece(pa + done, length - done);
        uint64_t value;
        if (!pcie_memory_read(machine->pci, pa + done, size, &value))
            return AMDVI_MEMORY_MASTER_ABORT;
        memcpy(data + done, &value, size);
        done += size;
    }
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_result write_registers(struct machine *machine, uint64_t pa, const uint8_t *data,
                                                size_t length)
{
    for (size_t done = 0; done < length;) {
        unsigned size = piece(pa + done, length - done);
        uint64_t value = 0;
        memcpy(&value, data + done, size);
        if (!pcie_memory_write(machine->pci, pa + done, size, value))
            return AMDVI_MEMORY_MASTER_ABORT;
        done += size;
    }
    return AMDVI_MEMORY_OK;
}

/* RAM is here for accesses across the end of a window, and for requests past IOMMUs. */
static enum amdvi_memory_result read_memory(void *context, uint64_t pa, void *data, size_t length)
{
    struct machine *machine = context;
    const void *from = ram_at(machine->ram, pa, length);

    if (!from)
        return read_registers(machine, pa, data, length);
    memcpy(data, from, length);
    return AMDVI_MEMORY_OK;
}

static enum amdvi_memory_result write_memory(void *context, uint64_t pa, const void *data, size_t length)
{
    struct machine *machine = context;
    void *to = ram_at(machine->ram, pa, length);

    if (!to)
        return write_registers(machine, pa, data, length);
    memcpy(to, data, length);
    return AMDVI_MEMORY_OK;
}

/* Tables of an IOMMU lie in RAM, which it reaches in place; registers of devices know no atomic accesses. */
struct amdvi_memory machine_memory(struct machine *machine)
{
    return (struct amdvi_memory){.context = machine, .read = read_memory, .write = write_memory};
}

/* ---------------------------------------------------------------- interrupts */

static bool in_interrupt_range(uint64_t address)
{
    return address >= INTERRUPTS_FIRST && address <= INTERRUPTS_LAST;
}

static void put_message(struct machine *machine, uint64_t address, uint32_t data)
{
    const struct message message = {.kind = MESSAGE_DEVICE, .address = address, .data = data};

    messages_put(&machine->messages, &message);
}

static void remap(struct machine *machine, struct machine_unit *unit, uint16_t requester, uint64_t address,
                  uint32_t data, struct amdvi_int_result *result)
{
    enum amdvi_status status =
        machine_way_of(machine)->interrupt(unit->unit, requester, address, data, result);

    if (status != AMDVI_OK || !result->ok)
        machine->statistics.refused_messages++;
    else if (result->posted)
        machine->statistics.posted++;
    else
        put_message(machine, result->address, result->data);
}

static void write_as_data(struct machine *machine, uint16_t segment, uint16_t requester, uint64_t address,
                          uint32_t data)
{
    const struct amdvi_request request = {
        .device = requester, .op = AMDVI_WRITE, .address = address, .length = sizeof(data)};
    struct amdvi_result result;

    if (machine_request(machine, segment, &request, &data, &result) != AMDVI_OK || !result.ok)
        machine->statistics.refused_messages++;
}

/* A message is a write of 4 bytes; only its address makes it an interrupt. */
void machine_message(struct machine *machine, uint16_t segment, uint16_t requester, uint64_t address,
                     uint32_t data)
{
    struct machine_unit *unit = machine_unit_of(machine, segment, requester);
    struct amdvi_int_result result;

    if (!in_interrupt_range(address))
        write_as_data(machine, segment, requester, address, data);
    else if (unit)
        remap(machine, unit, requester, address, data, &result);
    else
        put_message(machine, address, data);
}

/* ---------------------------------------------------------------- requests */

/* A device that writes into the interrupt range by itself. */
static enum amdvi_status request_as_interrupt(struct machine *machine, struct machine_unit *unit,
                                              const struct amdvi_request *request, const void *data,
                                              struct amdvi_result *result)
{
    struct amdvi_int_result message = {.ok = true, .address = request->address};
    uint32_t word;

    memcpy(&word, data, sizeof(word));
    if (unit)
        remap(machine, unit, request->device, request->address, word, &message);
    else
        put_message(machine, request->address, word);
    *result = (struct amdvi_result){.ok = message.ok,
                                    .identity = true,
                                    .perm = AMDVI_RIGHT_WRITE,
                                    .pa = message.address,
                                    .size = 4,
                                    .covered = 4,
                                    .fault = message.fault};
    return AMDVI_OK;
}

static enum amdvi_status request_directly(struct machine *machine, const struct amdvi_request *request,
                                          void *data, struct amdvi_result *result)
{
    enum amdvi_memory_result answer;

    *result = (struct amdvi_result){.ok = true,
                                    .identity = true,
                                    .perm = AMDVI_RIGHT_READ | AMDVI_RIGHT_WRITE,
                                    .pa = request->address,
                                    .size = RAM_PAGE,
                                    .covered = RAM_PAGE - request->address % RAM_PAGE};
    answer = request->op == AMDVI_WRITE ? write_memory(machine, request->address, data, request->length)
                                        : read_memory(machine, request->address, data, request->length);
    return answer == AMDVI_MEMORY_OK ? AMDVI_OK : AMDVI_ERR_MEMORY;
}

enum amdvi_status machine_request(struct machine *machine, uint16_t segment,
                                  const struct amdvi_request *request, void *data,
                                  struct amdvi_result *result)
{
    struct machine_unit *unit = machine_unit_of(machine, segment, request->device);

    if (amdvi_request_is_interrupt(request))
        return request_as_interrupt(machine, unit, request, data, result);
    return unit ? machine_way_of(machine)->dma(unit->unit, request, data, result)
                : request_directly(machine, request, data, result);
}
