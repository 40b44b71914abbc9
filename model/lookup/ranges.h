// SPDX-License-Identifier: Apache-2.0
/* Ranges of addresses with a meaning of their own: exclusion (2.3), interrupts and the HyperTransport hole
 * (8.1). */
#ifndef AMDVI_MODEL_RANGES_H
#define AMDVI_MODEL_RANGES_H

#include "model/lookup/translate.h"

/* Inside the range and allowed, a request is neither translated nor checked (2.3). Not with SNP, where the
 * registers bound completion stores instead. */
bool range_excluded(const struct amdvi_device *device, const struct translation *t);

/* Why a request for the interrupt range is refused: reads and odd writes never reach the page tables (8.1).
 */
enum reason range_interrupt_reason(const struct translation *t);

/* The last address up to which requests are decided as one for `address` is: ranges begin and end, and what
 * the tables say of a large page does not count inside them. */
uint64_t range_alike_until(const struct amdvi_device *device, uint64_t address);

enum range_action { RANGE_TRANSLATE, RANGE_FORWARD, RANGE_FAIL };

/* The parts of the HyperTransport hole that a field controls (8.1). The rest of it is ordinary space. */
enum range_action range_special(const struct amdvi_device *device, const struct translation *t,
                                enum reason *reason);

#endif
