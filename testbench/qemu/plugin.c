// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What QEMU calls when the object is given to -plugin: that is after all types are known and before the board
 * and the devices are made, which is the moment to add a type of device.
 */
#include <qemu/osdep.h>

#include <hw/boards.h>
#include <qemu/cutils.h>
#include <qemu/error-report.h>

#include <qemu/qemu-plugin.h>

#include "capture.h"
#include "unit.h"

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

/* What traps and the watch saw, while no thread of a device is in the unit. */
static bool finish(struct unit *unit)
{
    bool whole;

    qemu_rec_mutex_lock(&unit->lock);
    traps_finish(unit);
    whole = watch_finish(&unit->watch);
    qemu_rec_mutex_unlock(&unit->lock);
    return whole;
}

/* QEMU calls this when its own exit() is all but done, with nothing of its own behind it: a file that is not
 * whole can still become its exit status. */
static void at_exit(qemu_plugin_id_t id, void *data)
{
    bool whole = true;

    for (unsigned i = 0; i < units_count; i++)
        whole &= finish(units[i]);
    whole &= capture_finish();
    if (whole)
        return;
    fflush(NULL);
    _exit(EXIT_FAILURE);
}

/* capture=FILE: QEMU's own IOMMU is recorded; npcache=off is about that one, too. */
static bool take_argument(const char *argument)
{
    const char *path = NULL;

    if (strstart(argument, "capture=", &path))
        return capture_install(path);
    if (strcmp(argument, "npcache=off")) {
        error_report("amdvi: %s: the object takes capture=FILE and npcache=off", argument);
        return false;
    }
    capture_without_npcache();
    return true;
}

static bool take_arguments(int count, char **arguments)
{
    for (int i = 0; i < count; i++)
        if (!take_argument(arguments[i]))
            return false;
    return true;
}

static void allow_on_machine(void)
{
    MachineClass *machine = MACHINE_GET_CLASS(qdev_get_machine());

    machine_class_allow_dynamic_sysbus_dev(machine, UNIT_TYPE);
    machine_class_allow_dynamic_sysbus_dev(machine, UNIT_TYPE_EXTRA);
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    if (!version_check() || !take_arguments(argc, argv))
        return 1;
    spaces_register_types();
    southbridge_register_type();
    device_register_types();
    allow_on_machine();
    qemu_plugin_register_atexit_cb(id, at_exit, NULL);
    return 0;
}
