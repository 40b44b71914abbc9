// SPDX-License-Identifier: Apache-2.0
/* Internal: the commands that studies put into rings of host and guests, two words each (iommu 6.2). */
#ifndef AMDVI_STUDIES_COMMANDS_H
#define AMDVI_STUDIES_COMMANDS_H

#include "testbench/studies/places.h"

enum { COMMAND_WORDS = 2, RING_ENTRY_BYTES = 16 };

/* INVALIDATE_IOMMU_PAGES: which pages. */
struct command_pages {
    uint16_t domain;
    bool directories; /* PDE */
    bool guest;       /* GN: of a PASID's addresses */
    uint32_t pasid;
    uint64_t address;
    uint64_t count; /* 1; a power of two, to which the address is aligned; 0: the whole domain */
};
void command_pages(const struct places *places, const struct command_pages *pages, uint64_t *words);

/* COMPLETION_WAIT that stores `data`. */
void command_wait(const struct places *places, uint64_t address, uint64_t data, uint64_t *words);
/* RESET_VMMIO of all registers of a guest and of its command engine. */
void command_reset_guest(const struct places *places, uint16_t guest, uint64_t *words);
/* A command that names a device: `place` is where. */
void command_of_device(const struct places *places, enum place place, uint16_t device, uint64_t *words);
/* INVALIDATE_IOMMU_ALL. */
void command_all(const struct places *places, uint64_t *words);

#endif
