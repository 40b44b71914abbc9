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

/* What firmware describes beside PCI functions; that the machine has none of the kind does no harm. */
static const struct amdvi_ivrs_special specials[] = {
    {.handle = IOAPIC_ID, .source = IOAPIC_REQUESTER, .setting = AMDVI_IVRS_SOUTHBRIDGE},
    {.hpet = true, .handle = 0, .source = IOAPIC_REQUESTER}};
static const struct amdvi_ivrs_acpi acpi_devices[] = {
    {.hid = "AMDI0040", .device = PCI_BUILD_BDF(0, PCI_DEVFN(0x13, 1)), .setting = AMDVI_IVRS_EMMC},
    {.hid = "AMDI0020",
     .device = PCI_BUILD_BDF(0, PCI_DEVFN(0x13, 5)),
     .uid = AMDVI_IVRS_UID_TEXT,
     .uid_text = "FUR0"}};

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

static void describe(struct unit *unit, const struct ivrs_form *form, struct amdvi_ivrs_unit *out)
{
    unsigned first = (unsigned)pci_bus_num(unit->root);

    *out = (struct amdvi_ivrs_unit){.config = unit->config,
                                    .first = (uint16_t)PCI_BUILD_BDF(first, 0),
                                    .last = (uint16_t)PCI_BUILD_BDF(last_bus(unit), 0xff)};
    if (unit->extra)
        return;
    if (unit_remaps(unit)) {
        out->specials = specials;
        out->specials_count = form->special ? ARRAY_SIZE(specials) : 1;
    }
    if (form->special) {
        out->acpi = acpi_devices;
        out->acpi_count = ARRAY_SIZE(acpi_devices);
    }
    traps_describe(unit, out);
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

/* The length of the table in `bytes`; 0: there is none that fits. */
static size_t make(const struct ivrs_form *form, uint8_t *bytes, size_t room)
{
    struct amdvi_ivrs_unit described[UNITS_MAX];
    struct amdvi_ivrs_table table = {.units = described, .units_count = units_count, .types = form->types};
    struct amdvi_ivrs_summary summary;
    size_t size = 0;

    for (unsigned i = 0; i < units_count; i++)
        describe(units[i], form, &described[i]);
    if (amdvi_ivrs_build(&table, bytes, room, &size) != AMDVI_OK)
        return 0;
    if (form->odd)
        size = ivrs_form_reorder(bytes, size, room);
    return amdvi_ivrs_check(bytes, size, &summary) == AMDVI_OK ? size : 0;
}

static void build(Notifier *notifier, void *data)
{
    struct ivrs_form form;
    uint8_t bytes[4096];
    size_t size;
    Error *error = NULL;

    if (!ivrs_form_parse(units[0]->ivrs, &form))
        exit(1);
    size = make(&form, bytes, sizeof(bytes));
    if (size)
        install(bytes, size, &error);
    else
        error_setg(&error, "the IVRS table cannot be built");
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
