// SPDX-License-Identifier: Apache-2.0
/* Commands and registers by the names of their fields (amdvi/layout.h). */
#ifndef AMDVI_SYSTEMC_WORDS_H
#define AMDVI_SYSTEMC_WORDS_H

#include <cstdint>

#include <amdvi/layout.h>

namespace amdvi::face
{

struct command_range {
    bool all;
    std::uint64_t first, last;
};

/* What a command takes away from those who keep translations. */
class command_words
{
  public:
    enum effect { HARMLESS, DEVICE, DEVICE_RANGE, RANGE, EVERYTHING };

    explicit command_words(const std::uint64_t words[2]);
    effect kind() const
    {
        return kind_;
    }
    std::uint16_t device() const;
    bool of_guest() const;
    command_range range() const;

  private:
    std::uint64_t field(const char *name) const;

    const std::uint64_t *words_;
    const amdvi_layout *layout_;
    effect kind_;
};

/* A field of a register or table entry; 0 for one that there is not. */
std::uint64_t field_of(const char *layout, const char *field, const std::uint64_t *words);

/* Whether a write to a host register leaves all translations as they are: pointers of rings, status,
 * counters. */
bool register_moves_only(std::uint64_t offset);
bool vf_register_moves_only(std::uint64_t offset);

} // namespace amdvi::face

#endif
