// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The machine's IVRS table, built by the library and handed to QEMU as one more ACPI table. It is made when
 * all devices are: only then it is known which root buses there are.
 */
#include "unit.h"

#include <hw/acpi/acpi.h>
#include <hw/i386/pc.h>
#include <qapi/error.h>
#include <qemu/config-file.h>
#include <qemu/error-report.h>
#include <qemu/option.h>
#include <sysemu/sysemu.h>

#include <sys/mman.h>

#include "amdvi/ivrs.h"

enum { IOAPIC_ID = 0, LAST_BUS = 0xff };

struct ivrs_type {
    const char *name;
    unsigned types;
};

static bool parse_types(const char *text, unsigned *types)
{
    static const struct ivrs_type known[] = {{"all", 0},
                                             {"10", AMDVI_IVRS_10},
                                             {"11", AMDVI_IVRS_11},
                                             {"40", AMDVI_IVRS_40},
                                             {"10+11", AMDVI_IVRS_10 | AMDVI_IVRS_11},
                                             {"11+40", AMDVI_IVRS_11 | AMDVI_IVRS_40}};

    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        if (!text || !strcmp(text, known[i].name)) {
            *types = known[i].types;
            return true;
        }
    }
    error_report("amdvi-iommu: ivrs=%s: it takes all, 10, 11, 40, 10+11 or 11+40", text);
    return false;
}

/* Buses of a unit end before the next root bus that has a unit of its own. */
static unsigned last_bus(const struct unit *unit)
{
    unsigned first = (unsigned)pci_bus_num(unit->root), last = LAST_BUS;

    for (unsigned i = 0; i < units_count; i++) {
        unsigned other = (unsigned)pci_bus_num(units[i]->root);
        if (other > first)
            last = MIN(last, other - 1);
    }
    return last;
}

static void describe(const struct unit *unit, const struct amdvi_ivrs_special *ioapic,
                     struct amdvi_ivrs_unit *out)
{
    unsigned first = (unsigned)pci_bus_num(unit->root);

    *out = (struct amdvi_ivrs_unit){.config = unit->config,
                                    .first = (uint16_t)PCI_BUILD_BDF(first, 0),
                                    .last = (uint16_t)PCI_BUILD_BDF(last_bus(unit), 0xff)};
    if (!unit->extra && unit_remaps(unit)) {
        out->specials = ioapic;
        out->specials_count = 1;
    }
}

/* QEMU takes tables from files. */
static void install(const void *table, size_t bytes, Error **errp)
{
    int file = memfd_create("ivrs", 0);
    char *path = g_strdup_printf("/proc/self/fd/%d", file);
    QemuOpts *options = qemu_opts_create(qemu_find_opts("acpi"), NULL, 0, &error_abort);

    if (file < 0 || qemu_write_full(file, table, bytes) != (ssize_t)bytes)
        error_setg(errp, "no memory for the IVRS table");
    else if (qemu_opt_set(options, "file", path, errp))
        acpi_table_add(options, errp);
    qemu_opts_del(options);
    g_free(path);
    if (file >= 0)
        close(file);
}

static void build(Notifier *notifier, void *data)
{
    static const struct amdvi_ivrs_special ioapic = {
        .handle = IOAPIC_ID, .source = IOAPIC_REQUESTER, .setting = AMDVI_IVRS_SOUTHBRIDGE};
    struct amdvi_ivrs_unit described[UNITS_MAX];
    struct amdvi_ivrs_table table = {.units = described, .units_count = units_count};
    unsigned char bytes[4096];
    size_t size = 0;
    Error *error = NULL;

    if (!parse_types(units[0]->ivrs, &table.types))
        exit(1);
    for (unsigned i = 0; i < units_count; i++)
        describe(units[i], &ioapic, &described[i]);
    if (amdvi_ivrs_build(&table, bytes, sizeof(bytes), &size) != AMDVI_OK)
        error_setg(&error, "the IVRS table cannot be built");
    else
        install(bytes, size, &error);
    if (error) {
        error_report_err(error);
        exit(1);
    }
}

void ivrs_on_machine_done(void)
{
    static Notifier done = {.notify = build};

    if (units_count == 1)
        qemu_add_machine_init_done_notifier(&done);
}
