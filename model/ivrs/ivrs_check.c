// SPDX-License-Identifier: Apache-2.0
/* Reads an IVRS table the way drivers do and names the first mistake (1.3, consumer rules). */
#include "amdvi/ivrs.h"

#include "model/ivrs/ivrs_layout.h"

#include <string.h>

struct reader {
    const uint8_t *bytes;
    size_t length;
    struct amdvi_ivrs_summary *summary;
    uint64_t efr; /* of the 11h block of the same IOMMU */
    uint16_t efr_device;
    bool efr_seen;
};

static bool fail(struct reader *r, size_t offset, const char *text)
{
    r->summary->offset = offset;
    r->summary->text = text;
    return false;
}

/* `bytes` bytes as little-endian words; what lies beyond the table reads as 0. */
static void get(const struct reader *r, size_t offset, uint64_t *words, size_t bytes)
{
    memset(words, 0, (bytes + 7) / 8 * 8);
    for (size_t i = 0; i < bytes && offset + i < r->length; i++)
        words[i / 8] |= (uint64_t)r->bytes[offset + i] << i % 8 * 8;
}

static bool any(const uint64_t *words, const uint64_t *mask, size_t count)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < count; i++)
        bits |= words[i] & mask[i];
    return bits;
}

/* ---------------------------------------------------------------- header */

static bool check_header(struct reader *r, size_t room)
{
    uint64_t head[6], reserved[6];
    uint8_t sum = 0;

    if (room < IVRS_HEADER_BYTES)
        return fail(r, 0, "shorter than its header");
    r->length = room;
    get(r, 0, head, IVRS_HEADER_BYTES);
    if (memcmp(r->bytes, "IVRS", 4) != 0)
        return fail(r, 0, "signature is not IVRS");
    if (ivrs_header_length(head) < IVRS_HEADER_BYTES || ivrs_header_length(head) > room)
        return fail(r, 4, "length is not that of the table");
    r->length = (size_t)ivrs_header_length(head);
    for (size_t i = 0; i < r->length; i++)
        sum = (uint8_t)(sum + r->bytes[i]);
    if (sum)
        return fail(r, IVRS_CHECKSUM_AT, "checksum is wrong");
    ivrs_header_reserved(0, 0, 0, reserved);
    if (any(head, reserved, 6) || ivrs_header_ivinfo(head) & ivinfo_reserved(0, 0, 0))
        return fail(r, 36, "reserved bits are set");
    return true;
}

/* ---------------------------------------------------------------- device entries */

static size_t entry_length(const struct reader *r, size_t offset)
{
    unsigned type = r->bytes[offset];
    uint64_t entry[3];

    if (type < 0x40)
        return IVHD_SHORT_BYTES;
    if (type < 0x80)
        return IVHD_LONG_BYTES;
    if (type != IVHD_ACPI)
        return 0;
    get(r, offset, entry, IVHD_ACPI_BYTES);
    return IVHD_ACPI_BYTES + (size_t)ivhd_acpi_uidlength(entry);
}

static bool known_entry(unsigned type)
{
    return type <= IVHD_RANGE_END || type == IVHD_ALIAS || type == IVHD_ALIAS_START ||
           (type >= IVHD_EXTENDED && type <= IVHD_SPECIAL) || type == IVHD_ACPI;
}

static bool check_special(struct reader *r, size_t offset, uint64_t entry)
{
    uint64_t variety = ivhd_special_variety(entry);

    if (ivhd_special_deviceid(entry))
        return fail(r, offset, "special device with a DeviceID");
    if (variety != IVHD_SPECIAL_VARIETY_IOAPIC && variety != IVHD_SPECIAL_VARIETY_HPET)
        return fail(r, offset, "special device of unknown variety");
    return true;
}

static bool check_acpi(struct reader *r, size_t offset, unsigned block)
{
    uint64_t entry[3], format, length;

    get(r, offset, entry, IVHD_ACPI_BYTES);
    format = ivhd_acpi_uidformat(entry);
    length = ivhd_acpi_uidlength(entry);
    if (block != IVHD_TYPE_40)
        return fail(r, offset, "ACPI device outside a block of type 40h");
    if (!(ivhd_acpi_hid(entry) & 0xff))
        return fail(r, offset, "ACPI device without HID");
    if (format > IVHD_ACPI_UIDFORMAT_STRING || (format == IVHD_ACPI_UIDFORMAT_NONE && length != 0) ||
        (format == IVHD_ACPI_UIDFORMAT_INTEGER && length != 8) ||
        (format == IVHD_ACPI_UIDFORMAT_STRING && length == 0))
        return fail(r, offset, "length of the UID is not that of its format");
    return true;
}

/* A range stays open from its start entry to the next entry 04h. */
struct range {
    bool open;
    uint64_t first;
};

static bool check_range(struct reader *r, size_t offset, unsigned type, uint64_t entry, struct range *range)
{
    bool start = type == IVHD_RANGE_START || type == IVHD_ALIAS_START || type == IVHD_EXTENDED_START;

    if (type == IVHD_RANGE_END) {
        if (!range->open)
            return fail(r, offset, "end of a range that did not start");
        if (ivhd_entry_deviceid(entry) < range->first)
            return fail(r, offset, "range runs backwards");
        range->open = false;
    } else if (range->open && type != IVHD_PADDING) {
        return fail(r, offset, "range is not closed");
    } else if (start) {
        *range = (struct range){.open = true, .first = ivhd_entry_deviceid(entry)};
    }
    return true;
}

static bool check_entry(struct reader *r, size_t offset, unsigned block, struct range *range)
{
    unsigned type = r->bytes[offset];
    uint64_t entry;

    get(r, offset, &entry, sizeof(entry));
    if (!known_entry(type))
        return fail(r, offset, "unknown device entry");
    if (type != IVHD_PADDING && ivhd_entry_setting(entry) & ivhd_entry_reserved(0, 0, 0) >> 24)
        return fail(r, offset, "reserved bit of the DTE setting");
    if ((type == IVHD_ALIAS || type == IVHD_ALIAS_START) && entry & ivhd_alias_reserved(0, 0, 0))
        return fail(r, offset, "reserved bits are set");
    if (type == IVHD_SPECIAL && !check_special(r, offset, entry))
        return false;
    if (type == IVHD_ACPI && !check_acpi(r, offset, block))
        return false;
    return check_range(r, offset, type, entry, range);
}

static bool check_entries(struct reader *r, size_t offset, size_t start, size_t end, unsigned block)
{
    struct range range = {0};

    while (offset < end) {
        size_t length = entry_length(r, offset);
        if (length == 0)
            return fail(r, offset, "device entry of unknown length");
        if (offset + length > end)
            return fail(r, offset, "device entry crosses the end of its block");
        if (r->bytes[offset] < 0x80 && (offset - start) % 4)
            return fail(r, offset, "device entry is not aligned");
        if (!check_entry(r, offset, block, &range))
            return false;
        r->summary->entries++;
        offset += length;
    }
    if (range.open)
        return fail(r, end, "range is not closed");
    return true;
}

/* ---------------------------------------------------------------- blocks */

/* 11h and 40h of one IOMMU tell the same, and a window of 512 KB is aligned. */
static bool check_images(struct reader *r, size_t offset, const uint64_t head[5])
{
    uint64_t efr = ivhd_efr(head);
    uint16_t device = (uint16_t)ivhd_deviceid(head);

    if (ivhd_features(head) & ivhd_attributes_reserved(0, 0, 0))
        return fail(r, offset + 20, "reserved bits are set");
    if (r->efr_seen && r->efr_device == device && r->efr != efr)
        return fail(r, offset + 24, "feature images of one IOMMU differ");
    r->efr = efr;
    r->efr_device = device;
    r->efr_seen = true;
    return true;
}

static bool check_ivhd(struct reader *r, size_t offset, size_t length)
{
    unsigned type = r->bytes[offset];
    size_t bytes = ivhd_head_bytes(type);
    uint64_t head[5], reserved[5];

    if (length < bytes)
        return fail(r, offset + 2, "block is shorter than its header");
    get(r, offset, head, bytes);
    ivhd_reserved(0, 0, 0, reserved);
    if (any(head, reserved, bytes / 8))
        return fail(r, offset, "reserved bits are set");
    if (type != IVHD_TYPE_10 && (ivhd_prefsup(head) || ivhd_pprsup(head)))
        return fail(r, offset + 1, "flags that only type 10h has");
    if (type != IVHD_TYPE_10 && !check_images(r, offset, head))
        return false;
    r->summary->ivhd_10 += type == IVHD_TYPE_10;
    r->summary->ivhd_11 += type == IVHD_TYPE_11;
    r->summary->ivhd_40 += type == IVHD_TYPE_40;
    return check_entries(r, offset + bytes, offset, offset + length, type);
}

static bool check_ivmd(struct reader *r, size_t offset, size_t length)
{
    uint64_t block[4];

    if (length != IVMD_BYTES)
        return fail(r, offset + 2, "IVMD block has not 32 bytes");
    get(r, offset, block, IVMD_BYTES);
    if (ivmd_type(block) == IVMD_TYPE_RANGE && ivmd_lastdeviceid(block) < ivmd_deviceid(block))
        return fail(r, offset + 4, "range runs backwards");
    r->summary->ivmd++;
    return true;
}

static bool check_block(struct reader *r, size_t offset, size_t length, unsigned revision)
{
    switch (r->bytes[offset]) {
    case IVHD_TYPE_40:
        if (revision < 2)
            return fail(r, offset, "type 40h in a table of revision 1");
        return check_ivhd(r, offset, length);
    case IVHD_TYPE_10:
    case IVHD_TYPE_11:
        return check_ivhd(r, offset, length);
    case IVMD_TYPE_ALL:
    case IVMD_TYPE_DEVICE:
    case IVMD_TYPE_RANGE:
        return check_ivmd(r, offset, length);
    default:
        return fail(r, offset, "unknown block");
    }
}

static bool check_blocks(struct reader *r)
{
    size_t offset = IVRS_HEADER_BYTES;
    uint64_t words[6];

    get(r, 0, words, IVRS_HEADER_BYTES);
    for (unsigned revision = (unsigned)ivrs_header_revision(words); offset < r->length;) {
        size_t length;
        if (r->length - offset < 4)
            return fail(r, offset, "rest is shorter than a block");
        get(r, offset, words, 4);
        length = (size_t)ivhd_length(words);
        if (length < 4 || length > r->length - offset)
            return fail(r, offset + 2, "block crosses the end of the table");
        if (!check_block(r, offset, length, revision))
            return false;
        offset += length;
    }
    return true;
}

enum amdvi_status amdvi_ivrs_check(const void *table, size_t bytes, struct amdvi_ivrs_summary *summary)
{
    struct reader r = {.bytes = table, .summary = summary};

    if (!table || !summary)
        return AMDVI_ERR_ARGUMENT;
    *summary = (struct amdvi_ivrs_summary){0};
    return check_header(&r, bytes) && check_blocks(&r) ? AMDVI_OK : AMDVI_ERR_BAD_VALUE;
}
