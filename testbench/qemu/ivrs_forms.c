// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * IVRS tables as firmware may write them: which types of blocks there are, and an order that is legal but
 * not the usual one. Offsets are those of the table (iommu 1.3).
 */
#include "unit.h"

#include <qemu/bswap.h>
#include <qemu/error-report.h>

enum { TABLE_LENGTH = 4, TABLE_CHECKSUM = 9, TABLE_BLOCKS = 0x30, BLOCK_LENGTH = 2, BLOCKS_MAX = 64 };
enum { HEAD_10 = 24, HEAD_OTHER = 40, SHORT_ENTRY = 4, LONG_ENTRY = 8 };
enum {
    ENTRY_RANGE = 0x03,
    ENTRY_RANGE_END = 0x04,
    ENTRY_SPECIAL = 0x48,
    ENTRY_LONG = 0x40,
    ENTRY_ACPI = 0xf0
};

struct word {
    const char *text;
    unsigned types;
    bool odd, special;
};

bool ivrs_form_parse(const char *text, struct ivrs_form *form)
{
    static const struct word words[] = {{.text = "all", .types = 0},
                                        {.text = "10", .types = AMDVI_IVRS_10},
                                        {.text = "11", .types = AMDVI_IVRS_11},
                                        {.text = "40", .types = AMDVI_IVRS_40},
                                        {.text = "odd", .odd = true},
                                        {.text = "special", .special = true}};
    g_auto(GStrv) parts = g_strsplit(text ? text : "all", "+", 0);

    *form = (struct ivrs_form){0};
    for (char **part = parts; *part; part++) {
        size_t i = 0;
        while (i < ARRAY_SIZE(words) && strcmp(*part, words[i].text))
            i++;
        if (i == ARRAY_SIZE(words)) {
            error_report("amdvi-iommu: ivrs=%s: it takes all, 10, 11, 40, odd and special, joined by +",
                         text);
            return false;
        }
        form->types |= words[i].types;
        form->odd |= words[i].odd;
        form->special |= words[i].special;
    }
    return true;
}

/* ------------------------------------------------------------------ an odd order */

static size_t head_bytes(const uint8_t *block)
{
    return block[0] == 0x10 ? HEAD_10 : HEAD_OTHER;
}

static size_t entry_bytes(const uint8_t *entry)
{
    return entry[0] < ENTRY_LONG ? SHORT_ENTRY : LONG_ENTRY;
}

static void put_short(GByteArray *out, unsigned type, unsigned device)
{
    const uint8_t entry[SHORT_ENTRY] = {(uint8_t)type, (uint8_t)device, (uint8_t)(device >> 8)};

    g_byte_array_append(out, entry, sizeof(entry));
}

/* The later half first, and padding between the two. */
static void put_range(GByteArray *out, unsigned first, unsigned last)
{
    unsigned middle = first + (last - first) / 2;

    put_short(out, ENTRY_RANGE, middle + 1);
    put_short(out, ENTRY_RANGE_END, last);
    put_short(out, 0, 0);
    put_short(out, ENTRY_RANGE, first);
    put_short(out, ENTRY_RANGE_END, middle);
}

/* Special devices come before all ranges; entries of ACPI devices, which have any length, stay the last. */
static void put_entries(GByteArray *out, const uint8_t *at, const uint8_t *end)
{
    const uint8_t *entry;

    put_short(out, 0, 0);
    for (entry = at; entry < end && entry[0] != ENTRY_ACPI; entry += entry_bytes(entry))
        if (entry[0] == ENTRY_SPECIAL)
            g_byte_array_append(out, entry, LONG_ENTRY);
    for (entry = at; entry < end && entry[0] != ENTRY_ACPI; entry += entry_bytes(entry)) {
        if (entry[0] == ENTRY_RANGE)
            put_range(out, lduw_le_p(entry + 1), lduw_le_p(entry + SHORT_ENTRY + 1));
        else if (entry[0] != ENTRY_SPECIAL && entry[0] != ENTRY_RANGE_END)
            g_byte_array_append(out, entry, (guint)entry_bytes(entry));
    }
    g_byte_array_append(out, entry, (guint)(end - entry));
}

static void put_block(GByteArray *out, const uint8_t *block)
{
    size_t length = lduw_le_p(block + BLOCK_LENGTH), begin = out->len;

    if (block[0] != 0x10 && block[0] != 0x11 && block[0] != 0x40) {
        g_byte_array_append(out, block, (guint)length);
        return;
    }
    g_byte_array_append(out, block, (guint)head_bytes(block));
    put_entries(out, block + head_bytes(block), block + length);
    stw_le_p(out->data + begin + BLOCK_LENGTH, (uint16_t)(out->len - begin));
}

static void seal(GByteArray *table)
{
    uint8_t sum = 0;

    stl_le_p(table->data + TABLE_LENGTH, table->len);
    table->data[TABLE_CHECKSUM] = 0;
    for (guint i = 0; i < table->len; i++)
        sum = (uint8_t)(sum + table->data[i]);
    table->data[TABLE_CHECKSUM] = (uint8_t)-sum;
}

/* Blocks of the last type come first. */
size_t ivrs_form_reorder(uint8_t *bytes, size_t size, size_t room)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    const uint8_t *blocks[BLOCKS_MAX];
    size_t count = 0;

    for (size_t at = TABLE_BLOCKS; at < size && count < BLOCKS_MAX;
         at += lduw_le_p(bytes + at + BLOCK_LENGTH))
        blocks[count++] = bytes + at;
    g_byte_array_append(out, bytes, TABLE_BLOCKS);
    while (count-- > 0)
        put_block(out, blocks[count]);
    seal(out);
    if (out->len > room)
        return 0;
    memcpy(bytes, out->data, out->len);
    return out->len;
}
