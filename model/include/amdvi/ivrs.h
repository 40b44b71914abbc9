// SPDX-License-Identifier: Apache-2.0
/*
 * The ACPI table that tells software about IOMMUs [1.3]: built from configurations and a description of
 * what hangs on their root buses, and checked the way drivers read it.
 *
 *     unsigned char buffer[4096];
 *     size_t bytes;
 *     struct amdvi_ivrs_storage storage;
 *     struct amdvi_ivrs_unit unit;
 *     amdvi_ivrs_default_unit(config, 0xff, &storage, &unit);
 *     struct amdvi_ivrs_table table = {.units = &unit, .units_count = 1};
 *     amdvi_ivrs_build(&table, buffer, sizeof(buffer), &bytes);
 *
 * Everything is the caller's: the functions keep no pointer and allocate nothing.
 */
#ifndef AMDVI_IVRS_H
#define AMDVI_IVRS_H

#include "amdvi/amdvi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a DTE setting byte says about a device (bits as in the table's entries). */
enum amdvi_ivrs_setting {
    AMDVI_IVRS_NOTHING = 0,
    AMDVI_IVRS_SOUTHBRIDGE = 0xd7, /* every interrupt type passes, SysMgt 1: what firmware gives the FCH */
    AMDVI_IVRS_EMMC = 0xf7,        /* the same with SysMgt 3 */
};

/* A function that issues its requests under another DeviceID: legacy PCI behind a bridge. Entry 42h. */
struct amdvi_ivrs_alias {
    uint16_t device, alias;
    uint8_t setting;
};

/* An IOAPIC or a HPET. Entry 48h. */
struct amdvi_ivrs_special {
    bool hpet;
    uint8_t handle;  /* IOAPIC id as in the MADT, or HPET number */
    uint16_t source; /* DeviceID of its interrupts */
    uint8_t setting;
};

enum amdvi_ivrs_uid { AMDVI_IVRS_UID_NONE, AMDVI_IVRS_UID_NUMBER, AMDVI_IVRS_UID_TEXT };

/* A device that only ACPI knows. Entry F0h, in blocks of type 40h. */
struct amdvi_ivrs_acpi {
    const char *hid; /* at most 8 characters */
    const char *cid; /* the same, or null */
    uint16_t device;
    uint8_t setting;
    enum amdvi_ivrs_uid uid;
    uint64_t uid_number;
    const char *uid_text; /* at most 255 characters */
};

/* Memory that devices use without the driver's doing. IVMD block. */
struct amdvi_ivrs_memory {
    bool all;             /* of every device; else of [first, last] */
    uint16_t first, last; /* DeviceIDs; equal: one device */
    bool unity, read, write, exclusion;
    uint64_t start, bytes;
};

/* One IOMMU and its root bus. EFR, EFR2, capability values, MMIO base, DeviceID and counters come from its
 * configuration. */
struct amdvi_ivrs_unit {
    const struct amdvi_config *config;
    uint16_t segment;
    uint16_t first, last;      /* DeviceIDs from ... to: entries 03h and 04h; `last` 0: no range */
    const uint16_t *functions; /* PCIe functions: entries 02h */
    size_t functions_count;
    const struct amdvi_ivrs_alias *aliases;
    size_t aliases_count;
    const struct amdvi_ivrs_special *specials;
    size_t specials_count;
    const struct amdvi_ivrs_acpi *acpi;
    size_t acpi_count;
    const struct amdvi_ivrs_memory *memory;
    size_t memory_count;
};

/* Which IVHD types are written; 0 means all three, as firmware does. */
enum { AMDVI_IVRS_10 = 1, AMDVI_IVRS_11 = 2, AMDVI_IVRS_40 = 4 };

struct amdvi_ivrs_table {
    const struct amdvi_ivrs_unit *units;
    size_t units_count;
    unsigned types;
    bool dma_remap;           /* IVinfo: pre-boot DMA protection is active */
    const char *oem_id;       /* at most 6 characters; null: "AMDVI " */
    const char *oem_table_id; /* at most 8 characters; null: "IOMMU   " */
    uint32_t oem_revision;
};

/* Room that a default unit points into; must live as long as the unit. */
struct amdvi_ivrs_storage {
    struct amdvi_ivrs_special specials[3];
    struct amdvi_ivrs_acpi acpi[1];
};

/*
 * The unit that firmware would describe for the IOMMU of `config` whose root bus has the buses from its own
 * to `last_bus`: every function, its IOAPIC, and on bus 0 the southbridge's HPET, IOAPIC and eMMC [1.3,
 * recipe]. IOAPIC ids are 33 for the root complex and 32 for the southbridge; see below for others.
 */
enum amdvi_status amdvi_ivrs_default_unit(const struct amdvi_config *config, uint8_t last_bus,
                                          struct amdvi_ivrs_storage *storage, struct amdvi_ivrs_unit *unit);

enum { AMDVI_IVRS_NO_IOAPIC = 0x100 };

/*
 * Gives the IOAPICs of a default unit the ids that the host's MADT has. A driver that finds an IOAPIC there
 * without an entry here turns interrupt remapping off, so they must agree. AMDVI_IVRS_NO_IOAPIC leaves one
 * out; `southbridge` counts for the unit of bus 0 only. AMDVI_ERR_ARGUMENT for null, an id above 255 that is
 * not that value, or a unit that does not point into `storage`.
 */
enum amdvi_status amdvi_ivrs_set_ioapics(struct amdvi_ivrs_storage *storage, struct amdvi_ivrs_unit *unit,
                                         unsigned root, unsigned southbridge);

/*
 * Writes the table into `buffer`, which has `room` bytes, and its length into `bytes`. AMDVI_ERR_TOO_SMALL:
 * nothing was written and `bytes` says how much room it takes (`buffer` may then be null).
 * AMDVI_ERR_BAD_VALUE: a text is too long, a block has more than 65535 bytes, or a range runs backwards.
 *
 * Entries of 4 and 8 bytes are aligned to 4 within their block; ACPI entries have any length and come
 * last. Blocks follow each other without gaps, so put units with ACPI entries last if blocks behind
 * them have to be aligned too.
 */
enum amdvi_status amdvi_ivrs_build(const struct amdvi_ivrs_table *table, void *buffer, size_t room,
                                   size_t *bytes);

/* What amdvi_ivrs_check() found. */
struct amdvi_ivrs_summary {
    unsigned ivhd_10, ivhd_11, ivhd_40, ivmd;
    unsigned entries; /* of all IVHD blocks, padding included */
    size_t offset;    /* of the first mistake */
    const char *text; /* what it is; null if there is none */
};

/*
 * Reads a table as drivers do: signature, lengths, checksum, block and entry types, alignment, closed
 * ranges, revision against types, reserved bits, feature images that agree. AMDVI_ERR_BAD_VALUE: there is a
 * mistake, and `summary` names the first one. Any bytes may be given.
 */
enum amdvi_status amdvi_ivrs_check(const void *table, size_t bytes, struct amdvi_ivrs_summary *summary);

#ifdef __cplusplus
}
#endif

#endif
