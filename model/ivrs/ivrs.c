// SPDX-License-Identifier: Apache-2.0
/* Builds the ACPI IVRS table (1.3). */
#include "amdvi/ivrs.h"

#include "model/config/config.h"
#include "model/ivrs/ivrs_layout.h"

#include <string.h>

/* ---------------------------------------------------------------- bytes */

/* Counts beyond its room, so that the size needed is known in the end. */
struct writer {
    uint8_t *out;
    size_t room, at;
    bool bad;
};

static void put_byte(struct writer *w, uint8_t byte)
{
    if (w->at < w->room)
        w->out[w->at] = byte;
    w->at++;
}

static void put(struct writer *w, const uint64_t *words, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        put_byte(w, (uint8_t)(words[i / 8] >> i % 8 * 8));
}

static void put_text(struct writer *w, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        put_byte(w, (uint8_t)text[i]);
}

/* Up to `limit` characters as a number, padded with `pad`. */
static uint64_t packed(struct writer *w, const char *text, unsigned limit, char pad)
{
    size_t length = text ? strlen(text) : 0;
    uint64_t value = 0;

    w->bad |= length > limit;
    for (unsigned i = 0; i < limit; i++)
        value |= (uint64_t)(uint8_t)(i < length ? text[i] : pad) << 8 * i;
    return value;
}

/* ---------------------------------------------------------------- device entries */

static void put_entry(struct writer *w, unsigned type, uint16_t device, uint8_t setting)
{
    uint64_t entry = ivhd_entry_set_type(0, type);

    entry = ivhd_entry_set_deviceid(entry, device);
    entry = ivhd_entry_set_setting(entry, setting);
    put(w, &entry, IVHD_SHORT_BYTES);
}

static void put_alias(struct writer *w, const struct amdvi_ivrs_alias *alias)
{
    uint64_t entry = ivhd_alias_set_type(0, IVHD_ALIAS);

    entry = ivhd_alias_set_deviceid(entry, alias->device);
    entry = ivhd_alias_set_setting(entry, alias->setting);
    entry = ivhd_alias_set_source(entry, alias->alias);
    put(w, &entry, IVHD_LONG_BYTES);
}

static void put_special(struct writer *w, const struct amdvi_ivrs_special *special)
{
    uint64_t entry = ivhd_special_set_type(0, IVHD_SPECIAL);

    entry = ivhd_special_set_setting(entry, special->setting);
    entry = ivhd_special_set_handle(entry, special->handle);
    entry = ivhd_special_set_source(entry, special->source);
    entry = ivhd_special_set_variety(entry,
                                     special->hpet ? IVHD_SPECIAL_VARIETY_HPET : IVHD_SPECIAL_VARIETY_IOAPIC);
    put(w, &entry, IVHD_LONG_BYTES);
}

static void put_acpi(struct writer *w, const struct amdvi_ivrs_acpi *acpi)
{
    bool text = acpi->uid == AMDVI_IVRS_UID_TEXT, number = acpi->uid == AMDVI_IVRS_UID_NUMBER;
    size_t length = text && acpi->uid_text ? strlen(acpi->uid_text) : number ? sizeof(uint64_t) : 0;
    uint64_t entry[3] = {0};

    w->bad |= length > UINT8_MAX || acpi->uid > AMDVI_IVRS_UID_TEXT || (text && length == 0);
    ivhd_acpi_set_type(entry, IVHD_ACPI);
    ivhd_acpi_set_deviceid(entry, acpi->device);
    ivhd_acpi_set_setting(entry, acpi->setting);
    ivhd_acpi_set_hid(entry, packed(w, acpi->hid, 8, 0));
    ivhd_acpi_set_cid(entry, packed(w, acpi->cid, 8, 0));
    ivhd_acpi_set_uidformat(entry, acpi->uid);
    ivhd_acpi_set_uidlength(entry, length);
    put(w, entry, IVHD_ACPI_BYTES);
    if (number)
        put(w, &acpi->uid_number, length);
    else
        put_text(w, acpi->uid_text, length);
}

static void put_entries(struct writer *w, const struct amdvi_ivrs_unit *unit, unsigned type)
{
    w->bad |= unit->last && unit->last < unit->first;
    if (unit->last) {
        put_entry(w, IVHD_RANGE_START, unit->first, AMDVI_IVRS_NOTHING);
        put_entry(w, IVHD_RANGE_END, unit->last, AMDVI_IVRS_NOTHING);
    }
    for (size_t i = 0; i < unit->functions_count; i++)
        put_entry(w, IVHD_SELECT, unit->functions[i], AMDVI_IVRS_NOTHING);
    for (size_t i = 0; i < unit->aliases_count; i++)
        put_alias(w, &unit->aliases[i]);
    for (size_t i = 0; i < unit->specials_count; i++)
        put_special(w, &unit->specials[i]);
    for (size_t i = 0; type == IVHD_TYPE_40 && i < unit->acpi_count; i++)
        put_acpi(w, &unit->acpi[i]);
}

/* ---------------------------------------------------------------- IVHD */

/* The old feature word repeats what EFR and the counter configuration say. */
static uint64_t features(const uint64_t *config)
{
    uint64_t efr = config[CONFIG_EFR], word = 0;

    word = ivhd_features_set_xtsup(word, reg_efr_xtsup(efr));
    word = ivhd_features_set_nxsup(word, reg_efr_nxsup(efr));
    word = ivhd_features_set_gtsup(word, reg_efr_gtsup(efr));
    word = ivhd_features_set_glxsup(word, reg_efr_glxsup(efr));
    word = ivhd_features_set_iasup(word, reg_efr_iasup(efr));
    word = ivhd_features_set_gasup(word, reg_efr_gasup(efr));
    word = ivhd_features_set_hesup(word, reg_efr_hesup(efr));
    word = ivhd_features_set_pasmax(word, reg_efr_pasmax(efr));
    word = ivhd_features_set_gats(word, reg_efr_gats(efr));
    word = ivhd_features_set_hats(word, reg_efr_hats(efr));
    if (reg_efr_pcsup(efr)) {
        word = ivhd_features_set_pncounters(word, config[CONFIG_PMU_COUNTERS]);
        word = ivhd_features_set_pnbanks(word, config[CONFIG_PMU_BANKS]);
    }
    return ivhd_features_set_msinumppr(word, cap_misc0_msinumppr(config[CONFIG_MISC0]));
}

static uint64_t attributes(const uint64_t *config)
{
    uint64_t efr = config[CONFIG_EFR], word = 0;

    word = ivhd_attributes_set_hatdis(word, reg_efr_hats(efr) == REG_EFR_HATS_NONE);
    if (reg_efr_pcsup(efr)) {
        word = ivhd_attributes_set_pncounters(word, config[CONFIG_PMU_COUNTERS]);
        word = ivhd_attributes_set_pnbanks(word, config[CONFIG_PMU_BANKS]);
    }
    return ivhd_attributes_set_msinumppr(word, cap_misc0_msinumppr(config[CONFIG_MISC0]));
}

static void set_flags(uint64_t *head, const uint64_t *config, unsigned type)
{
    uint64_t cap = config[CONFIG_CAP_HEADER], efr = config[CONFIG_EFR];

    ivhd_set_httunen(head, cap_header_httunnel(cap));
    ivhd_set_iotlbsup(head, cap_header_iotlbsup(cap));
    ivhd_set_coherent(head, 1);
    if (type != IVHD_TYPE_10)
        return;
    ivhd_set_prefsup(head, reg_efr_prefsup(efr));
    ivhd_set_pprsup(head, reg_efr_pprsup(efr));
}

/* The base as the capability block shows it (1.2): aligned to the window, as far as the block has bits. */
static uint64_t window_base(const uint64_t *config)
{
    uint64_t base = config[CONFIG_MMIO_BASE];

    return cap_base_lo_base(base) | cap_base_hi_base(base >> 32);
}

static void make_head(uint64_t head[5], const struct amdvi_ivrs_unit *unit, unsigned type)
{
    const uint64_t *config = unit->config->value;

    ivhd_set_type(head, type);
    set_flags(head, config, type);
    ivhd_set_deviceid(head, config[CONFIG_DEVID]);
    ivhd_set_capoffset(head, IVRS_CAP_OFFSET);
    ivhd_set_base(head, window_base(config));
    ivhd_set_segment(head, unit->segment);
    ivhd_set_msinum(head, cap_misc0_msinum(config[CONFIG_MISC0]));
    ivhd_set_features(head, type == IVHD_TYPE_10 ? features(config) : attributes(config));
    ivhd_set_efr(head, config[CONFIG_EFR]);
    ivhd_set_efr2(head, config[CONFIG_EFR2]);
}

static size_t entries_length(const struct amdvi_ivrs_unit *unit, unsigned type, bool *bad)
{
    struct writer count = {0};

    put_entries(&count, unit, type);
    *bad |= count.bad;
    return count.at;
}

static void put_ivhd(struct writer *w, const struct amdvi_ivrs_unit *unit, unsigned type)
{
    size_t bytes = ivhd_head_bytes(type), length = bytes + entries_length(unit, type, &w->bad);
    uint64_t head[5] = {0};

    w->bad |= length > UINT16_MAX;
    make_head(head, unit, type);
    ivhd_set_length(head, length);
    put(w, head, bytes);
    put_entries(w, unit, type);
}

/* ---------------------------------------------------------------- IVMD */

static unsigned memory_type(const struct amdvi_ivrs_memory *memory)
{
    if (memory->all)
        return IVMD_TYPE_ALL;
    return memory->first == memory->last ? IVMD_TYPE_DEVICE : IVMD_TYPE_RANGE;
}

static void put_ivmd(struct writer *w, const struct amdvi_ivrs_unit *unit,
                     const struct amdvi_ivrs_memory *memory)
{
    unsigned type = memory_type(memory);
    uint64_t block[4] = {0};

    w->bad |= type == IVMD_TYPE_RANGE && memory->last < memory->first;
    ivmd_set_type(block, type);
    ivmd_set_unity(block, memory->unity);
    ivmd_set_ir(block, memory->read);
    ivmd_set_iw(block, memory->write);
    ivmd_set_exclusion(block, memory->exclusion);
    ivmd_set_length(block, IVMD_BYTES);
    ivmd_set_deviceid(block, type == IVMD_TYPE_ALL ? 0 : memory->first);
    ivmd_set_lastdeviceid(block, type == IVMD_TYPE_RANGE ? memory->last : 0);
    ivmd_set_segment(block, unit->segment);
    ivmd_set_start(block, memory->start);
    ivmd_set_bytes(block, memory->bytes);
    put(w, block, IVMD_BYTES);
}

/* ---------------------------------------------------------------- the table */

static uint64_t information(const struct amdvi_ivrs_table *table)
{
    const uint64_t *config = table->units[0].config->value;
    uint64_t misc = config[CONFIG_MISC0], info = 0;

    info = ivinfo_set_efrsup(info, cap_header_efrsup(config[CONFIG_CAP_HEADER]));
    info = ivinfo_set_dmaremap(info, table->dma_remap);
    info = ivinfo_set_gvasize(info, cap_misc0_gvasize(misc));
    info = ivinfo_set_pasize(info, cap_misc0_pasize(misc));
    info = ivinfo_set_vasize(info, cap_misc0_vasize(misc));
    return ivinfo_set_htatsresv(info, cap_misc0_htatsresv(misc));
}

static unsigned types_of(const struct amdvi_ivrs_table *table)
{
    unsigned all = AMDVI_IVRS_10 | AMDVI_IVRS_11 | AMDVI_IVRS_40;

    return table->types ? table->types & all : all;
}

static void put_header(struct writer *w, const struct amdvi_ivrs_table *table, size_t length)
{
    uint64_t head[6] = {0};

    ivrs_header_set_signature(head, packed(w, "IVRS", 4, 0));
    ivrs_header_set_length(head, length);
    ivrs_header_set_revision(head, types_of(table) & AMDVI_IVRS_40 ? 2 : 1);
    ivrs_header_set_oemid(head, packed(w, table->oem_id ? table->oem_id : "AMDVI", 6, ' '));
    ivrs_header_set_oemtableid(head, packed(w, table->oem_table_id ? table->oem_table_id : "IOMMU", 8, ' '));
    ivrs_header_set_oemrevision(head, table->oem_revision);
    ivrs_header_set_creatorid(head, packed(w, "AMDV", 4, ' '));
    ivrs_header_set_creatorrevision(head, AMDVI_VERSION_MAJOR << 16 | AMDVI_VERSION_MINOR);
    ivrs_header_set_ivinfo(head, information(table));
    put(w, head, IVRS_HEADER_BYTES);
}

static void put_blocks(struct writer *w, const struct amdvi_ivrs_table *table)
{
    unsigned types = types_of(table);

    for (size_t i = 0; i < table->units_count; i++) {
        if (types & AMDVI_IVRS_10)
            put_ivhd(w, &table->units[i], IVHD_TYPE_10);
        if (types & AMDVI_IVRS_11)
            put_ivhd(w, &table->units[i], IVHD_TYPE_11);
        if (types & AMDVI_IVRS_40)
            put_ivhd(w, &table->units[i], IVHD_TYPE_40);
    }
    for (size_t i = 0; i < table->units_count; i++)
        for (size_t j = 0; j < table->units[i].memory_count; j++)
            put_ivmd(w, &table->units[i], &table->units[i].memory[j]);
}

static bool table_complete(const struct amdvi_ivrs_table *table)
{
    if (!table || !table->units || table->units_count == 0)
        return false;
    for (size_t i = 0; i < table->units_count; i++) {
        const struct amdvi_ivrs_unit *unit = &table->units[i];
        if (!unit->config || (unit->functions_count && !unit->functions) ||
            (unit->aliases_count && !unit->aliases) || (unit->specials_count && !unit->specials) ||
            (unit->acpi_count && !unit->acpi) || (unit->memory_count && !unit->memory))
            return false;
    }
    return true;
}

/* Without room: only counts. */
static struct writer measure(const struct amdvi_ivrs_table *table)
{
    struct writer count = {0};

    put_header(&count, table, 0);
    put_blocks(&count, table);
    return count;
}

enum amdvi_status amdvi_ivrs_build(const struct amdvi_ivrs_table *table, void *buffer, size_t room,
                                   size_t *bytes)
{
    struct writer size, w = {.out = buffer, .room = buffer ? room : 0};
    uint8_t sum = 0;

    if (!bytes || !table_complete(table))
        return AMDVI_ERR_ARGUMENT;
    size = measure(table);
    *bytes = size.at;
    if (size.bad)
        return AMDVI_ERR_BAD_VALUE;
    if (size.at > w.room)
        return AMDVI_ERR_TOO_SMALL;
    put_header(&w, table, size.at);
    put_blocks(&w, table);
    for (size_t i = 0; i < size.at; i++)
        sum = (uint8_t)(sum + w.out[i]);
    w.out[IVRS_CHECKSUM_AT] = (uint8_t)-sum;
    return AMDVI_OK;
}

/* ---------------------------------------------------------------- what firmware would say */

static uint16_t device_id(unsigned bus, unsigned slot, unsigned function)
{
    return (uint16_t)(bus << 8 | slot << 3 | function);
}

enum amdvi_status amdvi_ivrs_default_unit(const struct amdvi_config *config, uint8_t last_bus,
                                          struct amdvi_ivrs_storage *storage, struct amdvi_ivrs_unit *unit)
{
    enum { ROOT_IOAPIC = 33, SOUTHBRIDGE_IOAPIC = 32 };
    unsigned bus = config ? (unsigned)config->value[CONFIG_DEVID] >> 8 : 0;
    uint16_t southbridge = device_id(0, 0x14, 0);

    if (!config || !storage || !unit || last_bus < bus)
        return AMDVI_ERR_ARGUMENT;
    *storage = (struct amdvi_ivrs_storage){
        .specials = {{.handle = ROOT_IOAPIC, .source = device_id(bus, 0, 1)},
                     {.hpet = true, .handle = 0, .source = southbridge},
                     {.handle = SOUTHBRIDGE_IOAPIC,
                      .source = southbridge,
                      .setting = AMDVI_IVRS_SOUTHBRIDGE}},
        .acpi = {{.hid = "AMDI0040", .device = device_id(0, 0x13, 1), .setting = AMDVI_IVRS_EMMC}}};
    *unit = (struct amdvi_ivrs_unit){.config = config,
                                     .first = device_id(bus, 0, 3),
                                     .last = device_id(last_bus, 0x1f, 7),
                                     .specials = storage->specials,
                                     .specials_count = bus == 0 ? 3 : 1,
                                     .acpi = storage->acpi,
                                     .acpi_count = bus == 0};
    return AMDVI_OK;
}

enum amdvi_status amdvi_ivrs_set_ioapics(struct amdvi_ivrs_storage *storage, struct amdvi_ivrs_unit *unit,
                                         unsigned root, unsigned southbridge)
{
    size_t kept = 0;

    if (!storage || !unit || unit->specials != storage->specials || root > AMDVI_IVRS_NO_IOAPIC ||
        southbridge > AMDVI_IVRS_NO_IOAPIC)
        return AMDVI_ERR_ARGUMENT;
    for (size_t i = 0; i < unit->specials_count; i++) {
        struct amdvi_ivrs_special special = storage->specials[i];
        unsigned id = special.setting == AMDVI_IVRS_SOUTHBRIDGE ? southbridge : root;
        if (!special.hpet && id == AMDVI_IVRS_NO_IOAPIC)
            continue;
        special.handle = special.hpet ? special.handle : (uint8_t)id;
        storage->specials[kept++] = special;
    }
    unit->specials_count = kept;
    return AMDVI_OK;
}
