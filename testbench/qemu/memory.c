// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine's memory as the library sees it. RAM is read directly; writes go through QEMU, which has to
 * know which pages change (migration, code that was translated).
 */
#include "unit.h"

#include <exec/address-spaces.h>
#include <hw/i386/pc.h>
#include <qemu/atomic.h>

/* Below 1 MiB the chipset decides between RAM and ROM. */
enum { LOW_BYTES = 0x100000 };

static enum amdvi_memory_result result_of(MemTxResult result)
{
    if (result == MEMTX_OK)
        return AMDVI_MEMORY_OK;
    return result & MEMTX_DECODE_ERROR ? AMDVI_MEMORY_MASTER_ABORT : AMDVI_MEMORY_TARGET_ABORT;
}

static enum amdvi_memory_result read_memory(void *context, uint64_t spa, void *data, size_t length)
{
    return result_of(address_space_read(&address_space_memory, spa, MEMTXATTRS_UNSPECIFIED, data, length));
}

static enum amdvi_memory_result write_memory(void *context, uint64_t spa, const void *data, size_t length)
{
    return result_of(address_space_write(&address_space_memory, spa, MEMTXATTRS_UNSPECIFIED, data, length));
}

/* Of what is no RAM, QEMU maps a copy for writing, whose bytes are nobody's. */
static bool is_ram(void *place)
{
    ram_addr_t offset;

    return memory_region_from_host(place, &offset) != NULL;
}

static enum amdvi_memory_result compare_exchange(void *context, uint64_t spa, uint64_t expected,
                                                 uint64_t desired, uint64_t *seen)
{
    hwaddr length = sizeof(uint64_t);
    void *place = address_space_map(&address_space_memory, spa, &length, true, MEMTXATTRS_UNSPECIFIED);
    bool whole =
        place && length == sizeof(uint64_t) && QEMU_PTR_IS_ALIGNED(place, sizeof(uint64_t)) && is_ram(place);

    if (whole)
        *seen = le64_to_cpu(qatomic_cmpxchg((uint64_t *)place, cpu_to_le64(expected), cpu_to_le64(desired)));
    if (place)
        address_space_unmap(&address_space_memory, place, length, true, whole ? length : 0);
    return whole ? AMDVI_MEMORY_OK : AMDVI_MEMORY_TARGET_ABORT;
}

struct amdvi_memory memory_callbacks(void)
{
    return (struct amdvi_memory){
        .read = read_memory, .write = write_memory, .compare_exchange = compare_exchange};
}

static bool add_window(struct amdvi_device *device, uint64_t base, uint64_t size, uint8_t *bytes)
{
    const struct amdvi_window window = {.base = base, .size = size, .bytes = bytes, .read_only = true};

    return !size || amdvi_window_add(device, &window) == AMDVI_OK;
}

bool memory_add_windows(struct amdvi_device *device)
{
    MachineState *machine = MACHINE(qdev_get_machine());
    X86MachineState *x86 = X86_MACHINE(machine);
    uint64_t below = x86->below_4g_mem_size;
    uint8_t *bytes;

    /* RAM in several pieces (NUMA) has no one place in this process: all of it goes through QEMU. */
    if (!machine->ram || !memory_region_is_ram(machine->ram) || below < LOW_BYTES)
        return true;
    bytes = memory_region_get_ram_ptr(machine->ram);
    return add_window(device, LOW_BYTES, below - LOW_BYTES, bytes + LOW_BYTES) &&
           add_window(device, x86->above_4g_mem_start, x86->above_4g_mem_size, bytes + below);
}

uint64_t memory_end(void)
{
    X86MachineState *x86 = X86_MACHINE(qdev_get_machine());

    return x86->above_4g_mem_size ? x86->above_4g_mem_start + x86->above_4g_mem_size : x86->below_4g_mem_size;
}
