// SPDX-License-Identifier: Apache-2.0
/* Tables, rings and logs of an IOMMU in a target's memory, and the registers that name them: what a driver
 * does. */
#ifndef AMDVI_TESTBENCH_SYSTEMC_WORLD_H
#define AMDVI_TESTBENCH_SYSTEMC_WORLD_H

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <utility>

#include "testbench/systemc/ram.h"

namespace testbench
{

/* Places in memory. */
enum : std::uint64_t {
    AT_COMMANDS = 0x10000,
    AT_EVENTS = 0x20000,
    AT_PPRS = 0x30000,
    AT_STORE = 0x40000, /* where COMPLETION_WAIT stores */
    AT_DEVICES = 0x100000,
    AT_HEAP = 0x400000,
    AT_DATA = 0x800000,
};

enum : unsigned { MAY_READ = 1, MAY_WRITE = 2 };

/* Replaces fields, by name, of a layout of the library. */
void set_fields(const char *layout, std::uint64_t *words,
                std::initializer_list<std::pair<const char *, std::uint64_t>> fields);

class world
{
  public:
    /* `write`: how software writes a register of the MMIO window. */
    world(std::vector<unsigned char> &bytes, std::function<void(std::uint64_t, std::uint64_t)> write)
        : bytes_(bytes), write_(std::move(write))
    {
    }
    world(ram_core &memory, std::function<void(std::uint64_t, std::uint64_t)> write)
        : world(memory.bytes, std::move(write))
    {
    }
    /* Everything is named and enabled; further fields of the control register as given. */
    void start(std::initializer_list<std::pair<const char *, std::uint64_t>> control = {});
    void control(std::initializer_list<std::pair<const char *, std::uint64_t>> fields);

    /* V, TV, IR, IW and a host table of three levels; further fields as given. Gives the table. */
    std::uint64_t device(std::uint16_t id, std::uint16_t domain,
                         std::initializer_list<std::pair<const char *, std::uint64_t>> more = {});
    void set_device(std::uint16_t id, std::initializer_list<std::pair<const char *, std::uint64_t>> fields);
    /* A page of 4 KiB at the last level, or with `level` 2 of 2 MiB. Gives the address of its entry. */
    std::uint64_t map(std::uint64_t root, std::uint64_t iova, std::uint64_t spa, unsigned rights = 3,
                      unsigned level = 1);
    /* A guest's table of four levels with identity pages below it: GCR3 table with PASID 0 to 511. */
    std::uint64_t guest(std::uint16_t id);
    std::uint64_t guest_map(std::uint64_t root, std::uint32_t pasid, std::uint64_t gva, std::uint64_t gpa);
    std::uint64_t interrupts(std::uint16_t id);
    void remap(std::uint64_t table, unsigned index, std::uint8_t vector, std::uint8_t destination = 1);
    std::uint64_t page();

    void command(const char *layout, std::initializer_list<std::pair<const char *, std::uint64_t>> fields);
    void ring(); /* the doorbell */
    /* Queues a COMPLETION_WAIT with a store, rings; the value that is stored when it is over. */
    std::uint64_t wait();
    bool stored(std::uint64_t value) const
    {
        return peek(AT_STORE) == value;
    }
    void invalidate_page(std::uint16_t domain, std::uint64_t iova);
    void invalidate_device(std::uint16_t id);

  private:
    std::uint64_t peek(std::uint64_t address) const
    {
        std::uint64_t value;
        std::memcpy(&value, bytes_.data() + address, sizeof(value));
        return value;
    }
    void poke(std::uint64_t address, std::uint64_t value)
    {
        std::memcpy(bytes_.data() + address, &value, sizeof(value));
    }

    std::vector<unsigned char> &bytes_;
    std::function<void(std::uint64_t, std::uint64_t)> write_;
    std::uint64_t heap_ = AT_HEAP, stores_ = 0, control_ = 0;
    std::uint32_t tail_ = 0;
};

} // namespace testbench

#endif
