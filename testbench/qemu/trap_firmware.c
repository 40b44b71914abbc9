// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Firmware with pre-boot DMA protection: its device table gives every device of the first buses the same
 * identity mapping of the first 4 GiB, and is in force when the operating system comes. What firmware's
 * drivers read and write (SeaBIOS looks at all disks) is translated by it, and cached. Tables, ring and log
 * lie in memory that no map of the machine names, so nobody overwrites them.
 */
#include "unit.h"

#include <exec/address-spaces.h>
#include <qapi/error.h>

#include "amdvi/layout.h"

enum {
    TABLE = FIRMWARE_BASE,
    TABLE_BYTES = 0x10000,
    PAGES = TABLE + TABLE_BYTES, /* one level-3 table: an entry is 1 GiB */
    RING = PAGES + 0x1000,
    LOG = RING + 0x1000,
    DOMAIN = 0xf1,
    LEVELS = 3,
    GIB = 1u << 30,
};

struct setting_of {
    const char *field;
    uint64_t value;
};

static void fill(const char *layout, uint64_t *words, const struct setting_of *settings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        amdvi_field_set(amdvi_layout_field(amdvi_layout_find(layout), settings[i].field), words,
                        settings[i].value);
}

static void store(uint64_t address, const void *bytes, size_t length)
{
    address_space_write(&address_space_memory, address, MEMTXATTRS_UNSPECIFIED, bytes, length);
}

static void write_tables(void)
{
    static const struct setting_of device[] = {
        {"V", 1},  {"TV", 1}, {"Mode", LEVELS},    {"Host root", PAGES},
        {"IR", 1}, {"IW", 1}, {"DomainID", DOMAIN}};
    uint64_t dte[4] = {0};

    fill("dte", dte, device, ARRAY_SIZE(device));
    for (unsigned at = 0; at < TABLE_BYTES; at += sizeof(dte))
        store(TABLE + at, dte, sizeof(dte));
    for (uint64_t i = 0; i < 4; i++) {
        const struct setting_of page[] = {{"PR", 1}, {"Addr", i * GIB}, {"IR", 1}, {"IW", 1}};
        uint64_t entry = 0;
        fill("v1", &entry, page, ARRAY_SIZE(page));
        store(PAGES + i * sizeof(entry), &entry, sizeof(entry));
    }
}

static void write_register(struct unit *unit, const char *name, const struct setting_of *settings,
                           size_t count)
{
    const struct amdvi_register *reg = amdvi_register_find(name);
    uint64_t value = 0;

    amdvi_mmio_read(unit->device, reg->offset, 8, &value);
    fill(reg->layout->name, &value, settings, count);
    watch_register_write(&unit->watch, reg->offset, value, 8);
    amdvi_mmio_write(unit->device, reg->offset, 8, value);
}

void firmware_init(struct unit *unit)
{
    memory_region_init_ram_nomigrate(&unit->traps.firmware, OBJECT(unit), "amdvi-firmware", FIRMWARE_BYTES,
                                     &error_abort);
    memory_region_add_subregion(get_system_memory(), FIRMWARE_BASE, &unit->traps.firmware);
}

void firmware_start(struct unit *unit)
{
    static const struct setting_of table[] = {{"Base", TABLE}, {"Size", TABLE_BYTES / 0x1000 - 1}};
    static const struct setting_of ring[] = {{"Base", RING}, {"Len", 8}};
    static const struct setting_of log[] = {{"Base", LOG}, {"Len", 8}};
    static const struct setting_of rings[] = {{"CmdBufEn", 1}, {"EventLogEn", 1}}, on[] = {{"IommuEn", 1}};

    write_tables();
    write_register(unit, "devtab_base", table, ARRAY_SIZE(table));
    write_register(unit, "cmd_base", ring, ARRAY_SIZE(ring));
    write_register(unit, "event_base", log, ARRAY_SIZE(log));
    write_register(unit, "control", rings, ARRAY_SIZE(rings));
    write_register(unit, "control", on, ARRAY_SIZE(on));
    amdvi_run(unit->device);
}

bool firmware_table_in_use(struct unit *unit)
{
    return trap_field(unit, "devtab_base", "Base") == TABLE;
}
