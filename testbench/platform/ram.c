// SPDX-License-Identifier: Apache-2.0
/* Windows are parts of one file, mapped into a stretch of addresses that is reserved from physical address 0
 * to the end of the last window. */
#include "testbench/platform/ram.h"

#include "testbench/platform/refuse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const uint64_t HIGHEST = UINT64_C(1) << 46;

struct view {
    struct view *next;
    uint8_t *bytes;
    uint64_t pa, size;
};

struct ram {
    int file;
    uint8_t *origin;
    uint64_t span;
    struct ram_window window[MACHINE_RAM_MAX];
    uint64_t offset[MACHINE_RAM_MAX]; /* in the file */
    size_t count;
    struct view *views;
};

/* ---------------------------------------------------------------- description */

static bool whole_pages(uint64_t base, uint64_t size)
{
    return size != 0 && (base | size) % RAM_PAGE == 0 && size <= HIGHEST && base <= HIGHEST - size;
}

static bool overlap(const struct machine_ram *a, const struct machine_ram *b)
{
    return a->base < b->base + b->size && b->base < a->base + a->size;
}

static bool windows_good(const struct machine_ram *windows, size_t count, struct machine_error *error)
{
    if (count == 0 || count > MACHINE_RAM_MAX)
        return refuse(error, "ram: %zu windows, 1 to %d are possible", count, MACHINE_RAM_MAX);
    for (size_t i = 0; i < count; i++) {
        if (!whole_pages(windows[i].base, windows[i].size))
            return refuse(error, "ram[%zu]: not whole pages of 4 KiB below 2^46", i);
        for (size_t j = 0; j < i; j++)
            if (overlap(&windows[i], &windows[j]))
                return refuse(error, "ram[%zu]: overlaps ram[%zu]", i, j);
    }
    return true;
}

static int by_base(const void *a, const void *b)
{
    const struct ram_window *left = a, *right = b;

    return left->base < right->base ? -1 : left->base > right->base;
}

static void take_windows(struct ram *ram, const struct machine_ram *windows, size_t count)
{
    uint64_t offset = 0;

    ram->count = count;
    for (size_t i = 0; i < count; i++)
        ram->window[i] = (struct ram_window){.base = windows[i].base, .size = windows[i].size};
    qsort(ram->window, count, sizeof(ram->window[0]), by_base);
    for (size_t i = 0; i < count; i++) {
        ram->offset[i] = offset;
        offset += ram->window[i].size;
    }
    ram->span = ram->window[count - 1].base + ram->window[count - 1].size;
}

/* ---------------------------------------------------------------- mappings */

static bool map_window(struct ram *ram, size_t index)
{
    struct ram_window *window = &ram->window[index];

    window->bytes = mmap(ram->origin + window->base, window->size, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_FIXED | MAP_NORESERVE, ram->file, (off_t)ram->offset[index]);
    return window->bytes != MAP_FAILED;
}

static bool map_all(struct ram *ram)
{
    uint64_t last = ram->count - 1;
    void *reserved;

    ram->file = memfd_create("ram", MFD_CLOEXEC);
    if (ram->file < 0 || ftruncate(ram->file, (off_t)(ram->offset[last] + ram->window[last].size)))
        return false;
    reserved = mmap(NULL, ram->span, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (reserved == MAP_FAILED)
        return false;
    ram->origin = reserved;
    for (size_t i = 0; i < ram->count; i++)
        if (!map_window(ram, i))
            return false;
    return true;
}

struct ram *ram_create(const struct machine_ram *windows, size_t count, struct machine_error *error)
{
    struct ram *ram;

    if (!windows_good(windows, count, error))
        return NULL;
    ram = calloc(1, sizeof(*ram));
    if (!ram)
        return NULL;
    ram->file = -1;
    take_windows(ram, windows, count);
    if (map_all(ram))
        return ram;
    refuse(error, "ram: the system refuses: %s", strerror(errno));
    ram_destroy(ram);
    return NULL;
}

void ram_destroy(struct ram *ram)
{
    if (!ram)
        return;
    while (ram->views)
        ram_unmap(ram, ram->views->bytes);
    if (ram->origin)
        munmap(ram->origin, ram->span);
    if (ram->file >= 0)
        close(ram->file);
    free(ram);
}

/* ---------------------------------------------------------------- places */

void *ram_origin(const struct ram *ram)
{
    return ram->origin;
}

const struct ram_window *ram_window(const struct ram *ram, size_t index)
{
    return index < ram->count ? &ram->window[index] : NULL;
}

/* The number of windows when there is none that holds all of it. */
static size_t window_of(const struct ram *ram, uint64_t pa, uint64_t length)
{
    size_t i = 0;

    while (i < ram->count && (pa - ram->window[i].base >= ram->window[i].size ||
                              length > ram->window[i].size - (pa - ram->window[i].base)))
        i++;
    return i;
}

void *ram_at(const struct ram *ram, uint64_t pa, uint64_t length)
{
    return window_of(ram, pa, length) < ram->count ? ram->origin + pa : NULL;
}

static bool inside(const void *pointer, const uint8_t *bytes, uint64_t size, uint64_t *offset)
{
    *offset = (uintptr_t)pointer - (uintptr_t)bytes;
    return *offset < size;
}

bool ram_address(const struct ram *ram, const void *pointer, uint64_t *pa)
{
    uint64_t offset;

    if (inside(pointer, ram->origin, ram->span, &offset)) {
        *pa = offset;
        return window_of(ram, offset, 1) < ram->count;
    }
    for (const struct view *view = ram->views; view; view = view->next) {
        if (inside(pointer, view->bytes, view->size, &offset)) {
            *pa = view->pa + offset;
            return true;
        }
    }
    return false;
}

/* ---------------------------------------------------------------- second views */

void *ram_map(struct ram *ram, uint64_t pa, uint64_t size)
{
    size_t index = window_of(ram, pa, size);
    struct view *view;
    void *bytes;

    if (index == ram->count || !whole_pages(pa, size))
        return NULL;
    view = malloc(sizeof(*view));
    if (!view)
        return NULL;
    bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, ram->file,
                 (off_t)(ram->offset[index] + (pa - ram->window[index].base)));
    if (bytes == MAP_FAILED) {
        free(view);
        return NULL;
    }
    *view = (struct view){.next = ram->views, .bytes = bytes, .pa = pa, .size = size};
    ram->views = view;
    return bytes;
}

void ram_unmap(struct ram *ram, void *bytes)
{
    for (struct view **at = &ram->views; *at; at = &(*at)->next) {
        struct view *view = *at;
        if (view->bytes != bytes)
            continue;
        *at = view->next;
        munmap(view->bytes, view->size);
        free(view);
        return;
    }
}

/* ---------------------------------------------------------------- words */

uint64_t ram_get(const struct ram *ram, uint64_t pa)
{
    const void *from = ram_at(ram, pa, sizeof(uint64_t));
    uint64_t value = 0;

    if (from)
        memcpy(&value, from, sizeof(value));
    return value;
}

void ram_set(const struct ram *ram, uint64_t pa, uint64_t value)
{
    void *to = ram_at(ram, pa, sizeof(value));

    if (to)
        memcpy(to, &value, sizeof(value));
}
