// SPDX-License-Identifier: Apache-2.0
/* Handles: slot, generation and the context's tag in one number, so that old and foreign ones are told apart.
 */
#include "testbench/hypervisor/fd_objects.h"

#include <stdlib.h>

enum {
    SLOT_BITS = 12,
    GENERATION_BITS = 14,
    SLOTS = 1 << SLOT_BITS,
    GENERATIONS = 1 << GENERATION_BITS,
    TAGS = 64
};

struct slot {
    struct fd_object *object;
    unsigned generation; /* GENERATIONS: used up, never again */
};

struct hv_fd {
    unsigned tag;
    struct fd_object *objects;
    unsigned count;
    struct slot slots[SLOTS];
};

enum hv_status hv_fd_create(unsigned tag, struct hv_fd **fd)
{
    if (!fd || tag >= TAGS)
        return HV_ERR_ARGUMENT;
    *fd = calloc(1, sizeof(**fd));
    if (!*fd)
        return HV_ERR_NO_MEMORY;
    (*fd)->tag = tag;
    for (unsigned i = 0; i < SLOTS; i++)
        (*fd)->slots[i].generation = 1;
    return HV_OK;
}

static struct slot *free_slot(struct hv_fd *fd)
{
    for (unsigned i = 0; i < SLOTS; i++)
        if (!fd->slots[i].object && fd->slots[i].generation < GENERATIONS)
            return &fd->slots[i];
    return NULL;
}

void *fd_new(struct hv_fd *fd, enum fd_kind kind, size_t bytes)
{
    struct slot *slot = free_slot(fd);
    struct fd_object *object = slot ? calloc(1, bytes) : NULL;
    unsigned index;

    if (!object)
        return NULL;
    index = (unsigned)(slot - fd->slots);
    slot->object = object;
    *object = (struct fd_object){.kind = kind, .refs = 1, .handles = 1, .fd = fd, .next = fd->objects};
    object->handle = fd->tag << (SLOT_BITS + GENERATION_BITS) | slot->generation << SLOT_BITS | index;
    fd->objects = object;
    fd->count++;
    return object;
}

static struct slot *slot_of(struct hv_fd *fd, hv_handle handle)
{
    struct slot *slot = &fd->slots[handle % SLOTS];
    hv_handle expected =
        fd->tag << (SLOT_BITS + GENERATION_BITS) | slot->generation << SLOT_BITS | (handle % SLOTS);

    return slot->object && handle == expected ? slot : NULL;
}

struct fd_object *fd_any(struct hv_fd *fd, hv_handle handle)
{
    const struct slot *slot = fd ? slot_of(fd, handle) : NULL;

    return slot ? slot->object : NULL;
}

void *fd_get(struct hv_fd *fd, hv_handle handle, enum fd_kind kind)
{
    struct fd_object *object = fd_any(fd, handle);

    return object && object->kind == kind ? object : NULL;
}

struct fd_object *fd_first(struct hv_fd *fd)
{
    return fd->objects;
}

void fd_hold(struct fd_object *object)
{
    object->refs++;
}

static void end(struct fd_object *object)
{
    switch (object->kind) {
    case FD_DEVICE:
        fd_device_end((struct fd_device *)object);
        break;
    case FD_PARENT:
        hv_stage2_destroy(((struct fd_parent *)object)->stage2);
        break;
    case FD_VIOMMU:
        fd_viommu_end((struct fd_viommu *)object);
        break;
    case FD_VDEVICE:
        fd_vdevice_end((struct fd_vdevice *)object);
        break;
    case FD_QUEUE:
        fd_queue_end((struct fd_queue *)object);
        break;
    case FD_NESTED:
        fd_nested_end((struct fd_nested *)object);
        break;
    case FD_EVENTQ:
        fd_eventq_end((struct fd_eventq *)object);
        break;
    }
}

void fd_drop(struct fd_object *object)
{
    struct fd_object **link;

    if (--object->refs > 0)
        return;
    for (link = &object->fd->objects; *link != object; link = &(*link)->next)
        ;
    *link = object->next;
    object->fd->count--;
    end(object);
    free(object);
}

enum hv_status hv_fd_destroy_object(struct hv_fd *fd, hv_handle handle)
{
    struct slot *slot = fd ? slot_of(fd, handle) : NULL;
    struct fd_object *object;

    if (!slot)
        return HV_ERR_NO_OBJECT;
    object = slot->object;
    if (--object->handles > 0)
        return HV_OK;
    slot->object = NULL;
    slot->generation++;
    object->handle = 0;
    if (object->kind == FD_DEVICE)
        fd_device_unbind((struct fd_device *)object);
    fd_drop(object);
    return HV_OK;
}

void hv_fd_close(struct hv_fd *fd)
{
    if (!fd)
        return;
    for (unsigned i = 0; i < SLOTS; i++) {
        struct fd_object *object = fd->slots[i].object;
        while (object && fd->slots[i].object == object)
            hv_fd_destroy_object(fd, object->handle);
    }
    free(fd);
}

unsigned hv_fd_objects(const struct hv_fd *fd)
{
    return fd->count;
}
