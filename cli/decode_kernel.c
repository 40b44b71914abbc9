// SPDX-License-Identifier: Apache-2.0
/* Lines that Linux prints about its IOMMU, back into the records they were printed from: "AMD-Vi: Event
 * logged [NAME key=value ...]" with or without commas, the device as key or before the colon, with or without
 * a segment; "DTE[n]:" and "CMD[n]:" behind it; the four 32-bit words of a command as a kprobe of ftrace
 * prints them. Bits that a line does not tell are 0. */
#include "cli/decode.h"

#include <stdlib.h>
#include <string.h>

static const char told[] = "from a line of the kernel's log; bits that it does not tell are 0";

/* The number behind `key`, which stands behind a blank, a comma or a bracket. */
static bool number_after(const char *line, const char *key, uint64_t *value)
{
    size_t length = strlen(key);
    char *end;

    for (const char *at = line; (at = strstr(at, key)); at += length) {
        if (at != line && !strchr(" ,[\t", at[-1]))
            continue;
        *value = strtoull(at + length, &end, 16);
        return end != at + length;
    }
    return false;
}

/* ---------------------------------------------------------------- devices */

/* "0000:01:02.3" or "01:02.3", and whatever stands behind it. */
static bool device_at(const char *text, uint64_t *device)
{
    unsigned segment, bus, slot, function;

    if (sscanf(text, "%4x:%2x:%2x.%1x", &segment, &bus, &slot, &function) != 4 &&
        sscanf(text, "%2x:%2x.%1x", &bus, &slot, &function) != 3)
        return false;
    *device = bus << 8 | (slot & 31) << 3 | (function & 7);
    return true;
}

/* The word before ": AMD-Vi:" is the requester, when the line has no device= of its own. */
static bool device_before(const char *line, uint64_t *device)
{
    const char *end = strstr(line, ": AMD-Vi:"), *start = end;

    while (start && start > line && !strchr(" \t", start[-1]))
        start--;
    return start && device_at(start, device);
}

static bool find_device(const char *line, const char *event, unsigned code, uint64_t *device)
{
    enum { IO_PAGE_FAULT = 2, RMP_PAGE_FAULT = 13, RMP_HARDWARE_ERROR = 14 };
    const char *key = strstr(event, "device=");

    if (key)
        return device_at(key + strlen("device="), device);
    /* Other events stand behind the name of the IOMMU. */
    return (code == IO_PAGE_FAULT || code == RMP_PAGE_FAULT || code == RMP_HARDWARE_ERROR) &&
           device_before(line, device);
}

/* ---------------------------------------------------------------- events */

static void put(struct decoded *value, const char *name, uint64_t number)
{
    const struct amdvi_field *field = amdvi_layout_field(value->layout, name);

    if (field)
        amdvi_field_set(field, value->words, number);
}

static void put_flags(struct decoded *value, uint64_t flags)
{
    const struct amdvi_layout *common = amdvi_layout_find("evt");

    amdvi_field_set(amdvi_layout_field(common, "Flags"), value->words, flags);
}

/* As the driver writes them, with the fields they were taken from. */
static void put_keys(struct decoded *value, const char *event)
{
    static const char *const keys[][2] = {{"domain=", "DomainID"},
                                          {"pasid=", "PASID"},
                                          {"tag=", "Tag"},
                                          {"vmg_tag=", "VmgTag"},
                                          {"flags_rmp=", "RMPFlags"}};
    static const char *const addresses[] = {"address=", "gpa=", "spa="};
    uint64_t number;

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (number_after(event, keys[i][0], &number))
            put(value, keys[i][1], number);
    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++)
        if (number_after(event, addresses[i], &number))
            value->words[1] = number;
    if (number_after(event, "flags=", &number))
        put_flags(value, number);
}

static unsigned event_code(const char *name, size_t length)
{
    static const char alias[] = "RMP_HW_ERROR"; /* the driver's name of RMP_HARDWARE_ERROR */

    for (unsigned code = 1; code < 16; code++) {
        const char *known = amdvi_event_name(code);
        if (known && length == strlen(known) && !memcmp(name, known, length))
            return code;
        if (known && !strcmp(known, "RMP_HARDWARE_ERROR") && length == sizeof(alias) - 1 &&
            !memcmp(name, alias, length))
            return code;
    }
    return 0;
}

/* Low word first, two to a 64-bit word. */
static bool take_words32(const char *line, const char *const keys[4], struct decoded *value)
{
    uint64_t number;

    for (unsigned i = 0; i < 4; i++) {
        if (!number_after(line, keys[i], &number) || number > UINT32_MAX)
            return false;
        value->words[i / 2] |= number << 32 * (i & 1);
    }
    value->bits = 128;
    return true;
}

/* UNKNOWN: the driver prints the record itself. */
static bool unknown_event(const char *event, struct decoded *value)
{
    static const char *const keys[] = {"event[0]=", "event[1]=", "event[2]=", "event[3]="};

    if (!take_words32(event, keys, value))
        return false;
    value->layout = amdvi_layout_of_event((unsigned)(value->words[0] >> 60));
    value->guess = "from a line of the kernel's log";
    if (!value->layout)
        value->layout = amdvi_layout_find("evt");
    return true;
}

static bool take_event(const char *line, const char *event, struct decoded *value)
{
    size_t length = strcspn(event, " ]");
    unsigned code = event_code(event, length);
    uint64_t device;

    if (length == strlen("UNKNOWN") && !memcmp(event, "UNKNOWN", length))
        return unknown_event(event, value);
    value->layout = amdvi_layout_of_event(code);
    if (!code || !value->layout)
        return false;
    put(value, "Code", code);
    put_keys(value, event);
    if (find_device(line, event, code, &device))
        put(value, "DeviceID", device);
    value->bits = 128;
    value->guess = told;
    return true;
}

/* ---------------------------------------------------------------- dumps and commands */

/* "DTE[2]: 2000000195bf6013"; decoded when all four are there. */
static enum kernel_line take_dump(const char *at, bool command, struct kernel_dump *dump,
                                  struct decoded *value)
{
    unsigned index;
    int used = 0;
    unsigned long long word;

    if (sscanf(at, "%*3[A-Z][%u]: %16llx%n", &index, &word, &used) != 2 || !used || index > 3)
        return KERNEL_OTHER;
    if (index == 0)
        *dump = (struct kernel_dump){.command = command};
    if (index != dump->next || command != dump->command)
        return KERNEL_PART;
    if (command)
        dump->words[index / 2] |= (uint64_t)(word & UINT32_MAX) << 32 * (index & 1);
    else
        dump->words[index] = word;
    dump->next = index + 1;
    if (index < 3)
        return KERNEL_PART;
    memcpy(value->words, dump->words, sizeof(value->words));
    value->bits = command ? 128 : 256;
    value->layout = command ? decode_command(value->words) : amdvi_layout_find("dte");
    value->guess = "from lines of the kernel's log";
    return value->layout ? KERNEL_DECODED : KERNEL_OTHER;
}

static enum kernel_line take_command(const char *line, struct decoded *value)
{
    static const char *const keys[] = {"w0=", "w1=", "w2=", "w3="};

    if (!take_words32(line, keys, value))
        return KERNEL_OTHER;
    value->layout = decode_command(value->words);
    value->guess = "four 32-bit words of a command";
    return value->layout ? KERNEL_DECODED : KERNEL_OTHER;
}

enum kernel_line kernel_line(const char *line, struct kernel_dump *dump, struct decoded *value)
{
    static const char logged[] = "Event logged [";
    const char *at = strstr(line, logged);

    *value = (struct decoded){0};
    if (at)
        return take_event(line, at + sizeof(logged) - 1, value) ? KERNEL_DECODED : KERNEL_OTHER;
    if ((at = strstr(line, "DTE[")))
        return take_dump(at, false, dump, value);
    if ((at = strstr(line, "CMD[")))
        return take_dump(at, true, dump, value);
    return take_command(line, value);
}
