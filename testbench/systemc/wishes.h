// SPDX-License-Identifier: Apache-2.0
/* What a program here is asked for: --NAME NUMBER, --NAME on|off. */
#ifndef AMDVI_TESTBENCH_SYSTEMC_WISHES_H
#define AMDVI_TESTBENCH_SYSTEMC_WISHES_H

#include <cstdint>
#include <initializer_list>

namespace testbench
{

struct wish {
    const char *name;
    std::uint64_t *number; /* null: it is a switch */
    bool *on;
    std::uint64_t least = 0, most = UINT64_MAX; /* of a number */
};

/* False: an option is unknown, or has no value of its kind or in its range; standard error says which. */
bool take_wishes(int argc, char **argv, std::initializer_list<wish> known);

} // namespace testbench

#endif
