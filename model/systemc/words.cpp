// SPDX-License-Identifier: Apache-2.0
#include "model/systemc/words.h"

#include <cstring>

namespace amdvi::face
{

static command_words::effect effect_of(const amdvi_layout *layout)
{
    static const struct {
        const char *name;
        command_words::effect effect;
    } known[] = {
        {"cmd_completion_wait", command_words::HARMLESS}, {"cmd_inv_devtab", command_words::DEVICE},
        {"cmd_inv_pages", command_words::RANGE},          {"cmd_inv_iotlb", command_words::DEVICE_RANGE},
        {"cmd_inv_intr", command_words::HARMLESS},        {"cmd_prefetch", command_words::DEVICE_RANGE},
        {"cmd_complete_ppr", command_words::HARMLESS},    {"cmd_insert_guest_event", command_words::HARMLESS},
    };

    if (layout)
        for (const auto &k : known)
            if (std::strcmp(layout->name, k.name) == 0)
                return k.effect;
    return command_words::EVERYTHING;
}

command_words::command_words(const std::uint64_t words[2])
    : words_(words),
      layout_(amdvi_layout_of_command(static_cast<unsigned>(field_of("cmd", "Opcode", words)))),
      kind_(effect_of(layout_))
{
}

std::uint64_t command_words::field(const char *name) const
{
    const amdvi_field *field = amdvi_layout_field(layout_, name);

    return field ? amdvi_field_get(field, words_) : 0;
}

std::uint16_t command_words::device() const
{
    return static_cast<std::uint16_t>(field("DeviceID"));
}

bool command_words::of_guest() const
{
    return field("GN") != 0;
}

/* With S the lowest zero bit of the address says the size [6.3]. */
command_range command_words::range() const
{
    const std::uint64_t address = field("Address"), page = 4095;
    std::uint64_t ones = page;

    if (field("S") == 0)
        return {false, address & ~page, address | page};
    while (ones >> 51 == 0 && address & (ones + 1))
        ones = ones * 2 + 1;
    ones = ones * 2 + 1;
    return {ones >> 51 != 0, address & ~ones, address | ones};
}

std::uint64_t field_of(const char *layout, const char *field, const std::uint64_t *words)
{
    const amdvi_field *found = amdvi_layout_field(amdvi_layout_find(layout), field);

    return found ? amdvi_field_get(found, words) : 0;
}

static bool ends_with(const char *name, const char *end)
{
    const std::size_t n = std::strlen(name), e = std::strlen(end);

    return n >= e && std::strcmp(name + n - e, end) == 0;
}

static bool moves_only(const amdvi_register *reg)
{
    return reg && (ends_with(reg->name, "_head") || ends_with(reg->name, "_tail") ||
                   std::strcmp(reg->name, "status") == 0 || std::strncmp(reg->name, "counter", 7) == 0);
}

bool register_moves_only(std::uint64_t offset)
{
    return moves_only(amdvi_register_at(static_cast<std::uint32_t>(offset)));
}

bool vf_register_moves_only(std::uint64_t offset)
{
    return moves_only(amdvi_vf_register_at(static_cast<std::uint32_t>(offset)));
}

} // namespace amdvi::face
