// SPDX-License-Identifier: Apache-2.0
#include "testbench/systemc/wishes.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace testbench
{

static bool take_number(const char *text, const wish &w)
{
    char *end = nullptr;

    errno = 0;
    *w.number = std::strtoull(text, &end, 0);
    return *text >= '0' && *text <= '9' && *end == 0 && errno == 0 && *w.number >= w.least &&
           *w.number <= w.most;
}

static bool take_switch(const char *text, bool &on)
{
    on = std::strcmp(text, "on") == 0;
    return on || std::strcmp(text, "off") == 0;
}

static std::string kind_of(const wish &w)
{
    if (!w.number)
        return "on|off";
    if (w.most == UINT64_MAX)
        return "NUMBER";
    return std::to_string(w.least) + ".." + std::to_string(w.most);
}

static bool take(const char *name, const char *value, std::initializer_list<wish> known)
{
    for (const wish &w : known)
        if (std::strcmp(name, w.name) == 0)
            return value && (w.number ? take_number(value, w) : take_switch(value, *w.on));
    return false;
}

bool take_wishes(int argc, char **argv, std::initializer_list<wish> known)
{
    for (int i = 1; i < argc; i += 2) {
        const char *value = i + 1 < argc ? argv[i + 1] : nullptr;
        if (take(argv[i], value, known))
            continue;
        std::fprintf(stderr, "%s: %s %s: there are", argv[0], argv[i], value ? value : "");
        for (const wish &w : known)
            std::fprintf(stderr, " %s %s", w.name, kind_of(w).c_str());
        std::fprintf(stderr, "\n");
        return false;
    }
    return true;
}

} // namespace testbench
