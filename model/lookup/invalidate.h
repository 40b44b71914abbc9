// SPDX-License-Identifier: Apache-2.0
/* Invalidations as commands make them: what is cached goes, and lookups under way are marked (ticket.h). */
#ifndef AMDVI_MODEL_INVALIDATE_H
#define AMDVI_MODEL_INVALIDATE_H

#include "model/port/jobs.h"

/* Opcode 3 (6.4). Returns how many lines went one by one and how many generations by which many
 * lines go at once: what performance counter 13h adds up (2.9). */
unsigned invalidate_pages(struct amdvi_device *device, const struct tlb_space *space,
                          const struct cmd_range *range, bool pde);
/* Only what is nested in the domain (viommu 11 #16). */
void invalidate_combined(struct amdvi_device *device, uint16_t domain);
/* Translations and device table entries of one guest's devices (viommu 11 #14). */
void invalidate_owner(struct amdvi_device *device, uint16_t guest_id);
/* All translations and device table entries. */
void invalidate_translations(struct amdvi_device *device);

#endif
