// SPDX-License-Identifier: Apache-2.0
/* Windows of plain memory beside the one that a device was created with. */
#include "amdvi/host.h"

#include "model/device.h"

static bool overlap(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    return a_size && b_size && a <= b + (b_size - 1) && b <= a + (a_size - 1);
}

static bool taken(const struct amdvi_device *device, const struct amdvi_window *window)
{
    const struct amdvi_memory *memory = &device->memory;

    for (unsigned i = 0; i < device->window_count; i++)
        if (overlap(window->base, window->size, device->windows[i].base, device->windows[i].size))
            return true;
    return overlap(window->base, window->size, memory->direct_base, memory->direct_size);
}

enum amdvi_status amdvi_window_add(struct amdvi_device *device, const struct amdvi_window *window)
{
    if (!device || !window || !window->bytes || window->size == 0 ||
        window->base + (window->size - 1) < window->base || taken(device, window))
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    if (device->window_count == AMDVI_WINDOWS_MAX)
        return AMDVI_ERR_NO_MEMORY;
    device->windows[device->window_count++] = *window;
    return AMDVI_OK;
}

enum amdvi_status amdvi_window_remove(struct amdvi_device *device, uint64_t base)
{
    if (!device)
        return AMDVI_ERR_ARGUMENT;
    if (device_busy(device))
        return AMDVI_ERR_BUSY;
    for (unsigned i = 0; i < device->window_count; i++)
        if (device->windows[i].base == base) {
            device->windows[i] = device->windows[--device->window_count];
            return AMDVI_OK;
        }
    return AMDVI_ERR_ARGUMENT;
}
