// SPDX-License-Identifier: GPL-2.0-or-later
/* Snapshots and migration: all that a unit is are the bytes of amdvi_save(). Caches are empty after it. */
#include "unit.h"

#include <migration/vmstate.h>
#include <qemu/error-report.h>

static void drop(struct unit *unit)
{
    g_free(unit->saved);
    unit->saved = NULL;
    unit->saved_bytes = 0;
}

static int save(void *opaque)
{
    struct unit *unit = opaque;
    size_t needed = 0;
    enum amdvi_status status;

    drop(unit);
    unit_enter(unit);
    amdvi_save(unit->device, NULL, 0, &needed);
    unit->saved = g_malloc(needed);
    unit->saved_bytes = (uint32_t)needed;
    status = amdvi_save(unit->device, unit->saved, needed, &needed);
    unit_leave(unit);
    return status == AMDVI_OK ? 0 : -EINVAL;
}

static int saved(void *opaque)
{
    drop(opaque);
    return 0;
}

static int load(void *opaque, int version)
{
    struct unit *unit = opaque;
    enum amdvi_status status;

    unit_enter(unit);
    status = amdvi_restore(unit->device, unit->saved, unit->saved_bytes);
    unit_leave(unit);
    drop(unit);
    if (status == AMDVI_OK)
        return 0;
    error_report("amdvi-iommu: the saved state does not fit this device: %s", amdvi_status_text(status));
    return -EINVAL;
}

const VMStateDescription unit_state = {
    .name = UNIT_TYPE,
    .version_id = 1,
    .minimum_version_id = 1,
    /* Before all devices behind it, some of which look for their rings while they are loaded. */
    .priority = MIG_PRI_IOMMU,
    .pre_save = save,
    .post_save = saved,
    .post_load = load,
    .fields = (VMStateField[]){VMSTATE_UINT32(saved_bytes, struct unit),
                               VMSTATE_VBUFFER_ALLOC_UINT32(saved, struct unit, 1, NULL, saved_bytes),
                               VMSTATE_END_OF_LIST()},
};
