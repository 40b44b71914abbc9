// SPDX-License-Identifier: Apache-2.0
#include "testbench/systemc/world.h"

#include <amdvi/layout.h>

#include <cstdio>
#include <cstdlib>

namespace testbench
{

enum : unsigned { LEVELS = 3, RING_CODE = 9, RING_BYTES = 512 * 16 };

void set_fields(const char *layout, std::uint64_t *words,
                std::initializer_list<std::pair<const char *, std::uint64_t>> fields)
{
    const amdvi_layout *found = amdvi_layout_find(layout);

    for (const auto &[name, value] : fields) {
        const amdvi_field *field = amdvi_layout_field(found, name);
        if (!field) {
            std::fprintf(stderr, "world: %s has no field %s\n", layout, name);
            std::abort();
        }
        amdvi_field_set(field, words, value);
    }
}

static std::uint64_t word(const char *layout,
                          std::initializer_list<std::pair<const char *, std::uint64_t>> fields)
{
    std::uint64_t words[4] = {};

    set_fields(layout, words, fields);
    return words[0];
}

static std::uint64_t offset(const char *name)
{
    return amdvi_register_find(name)->offset;
}

/* ---------------------------------------------------------------- registers */

void world::control(std::initializer_list<std::pair<const char *, std::uint64_t>> fields)
{
    set_fields("reg_control", &control_, fields);
    write_(offset("control"), control_);
}

void world::start(std::initializer_list<std::pair<const char *, std::uint64_t>> fields)
{
    write_(offset("devtab_base"), AT_DEVICES | 0x1ff);
    write_(offset("cmd_base"), word("reg_cmd_base", {{"Base", AT_COMMANDS}, {"Len", RING_CODE}}));
    write_(offset("event_base"), word("reg_event_base", {{"Base", AT_EVENTS}, {"Len", RING_CODE}}));
    write_(offset("ppr_base"), word("reg_ppr_base", {{"Base", AT_PPRS}, {"Len", RING_CODE}}));
    set_fields("reg_control", &control_, fields);
    control({{"IommuEn", 1},
             {"EventLogEn", 1},
             {"CmdBufEn", 1},
             {"PPRLogEn", 1},
             {"PPREn", 1},
             {"GTEn", 1},
             {"GAEn", 1},
             {"Coherent", 1}});
}

/* ---------------------------------------------------------------- tables */

std::uint64_t world::page()
{
    heap_ += 4096;
    return heap_ - 4096;
}

void world::set_device(std::uint16_t id, std::initializer_list<std::pair<const char *, std::uint64_t>> fields)
{
    std::uint64_t entry[4];

    std::memcpy(entry, bytes_.data() + AT_DEVICES + id * 32, sizeof(entry));
    set_fields("dte", entry, fields);
    std::memcpy(bytes_.data() + AT_DEVICES + id * 32, entry, sizeof(entry));
}

std::uint64_t world::device(std::uint16_t id, std::uint16_t domain,
                            std::initializer_list<std::pair<const char *, std::uint64_t>> more)
{
    const std::uint64_t root = page();

    set_device(id, {{"V", 1},
                    {"TV", 1},
                    {"Mode", LEVELS},
                    {"Host root", root},
                    {"IR", 1},
                    {"IW", 1},
                    {"I", 1},
                    {"DomainID", domain}});
    set_device(id, more);
    return root;
}

std::uint64_t world::map(std::uint64_t root, std::uint64_t iova, std::uint64_t spa, unsigned rights,
                         unsigned level)
{
    std::uint64_t table = root, slot, entry;

    for (unsigned at = LEVELS; at > level; at--) {
        slot = table + (iova >> (12 + 9 * (at - 1)) & 511) * 8;
        entry = peek(slot);
        if (entry == 0) {
            entry = word("v1", {{"PR", 1}, {"NextLevel", at - 1}, {"Addr", page()}, {"IR", 1}, {"IW", 1}});
            poke(slot, entry);
        }
        table = amdvi_field_get(amdvi_layout_field(amdvi_layout_find("v1"), "Addr"), &entry);
    }
    slot = table + (iova >> (12 + 9 * (level - 1)) & 511) * 8;
    poke(slot, word("v1", {{"PR", 1}, {"Addr", spa}, {"IR", rights & 1}, {"IW", rights >> 1 & 1}}));
    return slot;
}

std::uint64_t world::guest(std::uint16_t id)
{
    const std::uint64_t root = page();

    set_device(id, {{"GV", 1}, {"GCR3 root", root}});
    return root;
}

std::uint64_t world::guest_map(std::uint64_t root, std::uint32_t pasid, std::uint64_t gva, std::uint64_t gpa)
{
    const amdvi_field *address = amdvi_layout_field(amdvi_layout_find("v2"), "Addr");
    std::uint64_t slot = root + pasid * 8, entry = peek(slot), table;

    if (entry == 0) {
        entry = word("gcr3", {{"V", 1}, {"Addr", page()}});
        poke(slot, entry);
    }
    table = amdvi_field_get(address, &entry);
    for (unsigned shift = 39; shift > 12; shift -= 9) {
        slot = table + (gva >> shift & 511) * 8;
        entry = peek(slot);
        if (entry == 0) {
            entry = word("v2", {{"P", 1}, {"RW", 1}, {"US", 1}, {"Addr", page()}});
            poke(slot, entry);
        }
        table = amdvi_field_get(address, &entry);
    }
    slot = table + (gva >> 12 & 511) * 8;
    poke(slot, word("v2", {{"P", 1}, {"RW", 1}, {"US", 1}, {"Addr", gpa}}));
    return slot;
}

std::uint64_t world::interrupts(std::uint16_t id)
{
    const std::uint64_t table = page();

    set_device(id, {{"IV", 1}, {"IntTable root", table}, {"IntTabLen", 8}, {"IntCtl", 2}});
    return table;
}

void world::remap(std::uint64_t table, unsigned index, std::uint8_t vector, std::uint8_t destination)
{
    std::uint64_t entry[2] = {};

    set_fields("irte", entry, {{"RemapEn", 1}, {"Vector", vector}, {"xAPIC Destination", destination}});
    std::memcpy(bytes_.data() + table + index * 16, entry, sizeof(entry));
}

/* ---------------------------------------------------------------- commands */

void world::command(const char *layout, std::initializer_list<std::pair<const char *, std::uint64_t>> fields)
{
    std::uint64_t words[2] = {};

    set_fields(layout, words, {{"Opcode", amdvi_layout_find(layout)->opcode}});
    set_fields(layout, words, fields);
    std::memcpy(bytes_.data() + AT_COMMANDS + tail_, words, sizeof(words));
    tail_ = (tail_ + sizeof(words)) % RING_BYTES;
}

void world::ring()
{
    write_(offset("cmd_tail"), tail_);
}

std::uint64_t world::wait()
{
    command("cmd_completion_wait", {{"S", 1}, {"Address", AT_STORE}, {"Data", ++stores_}});
    ring();
    return stores_;
}

void world::invalidate_page(std::uint16_t domain, std::uint64_t iova)
{
    command("cmd_inv_pages", {{"DomainID", domain}, {"Address", iova}});
}

void world::invalidate_device(std::uint16_t id)
{
    command("cmd_inv_devtab", {{"DeviceID", id}});
}

} // namespace testbench
