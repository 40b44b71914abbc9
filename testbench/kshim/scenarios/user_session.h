/* SPDX-License-Identifier: GPL-2.0-only */
/* iommufd as a VMM uses it: the calls of /dev/iommu, and a session with one device and one address space. */
#ifndef KSHIM_USER_SESSION_H
#define KSHIM_USER_SESSION_H

#include "scenarios.h"

/* The public interface of /dev/iommu: numbers and arguments. */
#define FILE_CALL(number) (0x3b00u | (number))
enum {
    CALL_DESTROY = 0x80,
    CALL_SPACE = 0x81,
    CALL_MAP = 0x85,
    CALL_UNMAP = 0x86,
    CALL_TABLE = 0x89,
    CALL_TRACK = 0x8b,
    CALL_BITMAP = 0x8c,
    CALL_VIRTUAL_IOMMU = 0x90,
    CALL_VIRTUAL_DEVICE = 0x91
};
/* The driver of 7.3 looks at no type; 0 is refused before it is asked. */
enum { VIRTUAL_TYPE = 1 };
enum { MAP_FIXED = 1, MAP_WRITE = 2, MAP_READ = 4, TABLE_NESTS = 1, TABLE_TRACKS = 2 };

struct call_destroy {
    uint32_t size, id;
};
struct call_space {
    uint32_t size, flags, id;
};
struct call_map {
    uint32_t size, flags, space, reserved;
    uint64_t user, length, iova;
};
struct call_unmap {
    uint32_t size, space;
    uint64_t iova, length;
};
struct call_table {
    uint32_t size, flags, device, parent, id, reserved, type, data_bytes;
    uint64_t data;
    uint32_t fault, reserved2;
};
struct call_track {
    uint32_t size, flags, table, reserved;
};
struct call_bitmap {
    uint32_t size, table, flags, reserved;
    uint64_t iova, length, page, data;
};

struct call_virtual_iommu {
    uint32_t size, flags, type, device, table, id, data_bytes, reserved;
    uint64_t data;
};
struct call_virtual_device {
    uint32_t size, iommu, device, id;
    uint64_t virtual_id;
};

enum { PAGES = 2048, ORDER = 9 };
#define IOVA 0x40000000ull

struct session {
    const char *name; /* of the device */
    void *file, *bound;
    uint32_t device, space, table;
    uint64_t pa;     /* 1 << ORDER pages of the kernel's, mapped several times in a row */
    uint64_t bitmap; /* a page of the user's, which the kernel pins */
};

/* One call; its result, which has to be `wanted`. */
long user_call_gives(struct world *world, struct session *session, unsigned number, void *argument,
                     long wanted, const char *what);
void user_call(struct world *world, struct session *session, unsigned number, void *argument,
               const char *what);
void user_destroy(struct world *world, struct session *session, uint32_t id, const char *what);

/* /dev/iommu, an empty address space and the device, bound. */
void user_open(struct world *world, struct session *session, const char *device);
/* Where a page of the address space lies: in order, or so that no two neighbours make a larger leaf. */
uint64_t user_place(const struct session *session, uint64_t page, bool scattered);
/* Maps `bytes` of the machine's RAM at `pa` to `iova`, and PAGES pages from IOVA on. */
void user_map(struct world *world, struct session *session, uint64_t iova, uint64_t pa, uint64_t bytes);
void user_map_all(struct world *world, struct session *session, bool scattered);
/* Unmaps what was mapped there, in whole mappings. */
void user_unmap(struct world *world, struct session *session, uint64_t iova, uint64_t bytes);
/* Detaches, unmaps and frees everything; the device has its default domain again. */
void user_close(struct world *world, struct session *session, struct dma_device *device);

#endif
