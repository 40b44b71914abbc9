// SPDX-License-Identifier: Apache-2.0
/*
 * Executors: they answer what a walk asks (house idea I). `direct` answers at once; the batch executor
 * (batch.c) answers one question of many walks in turn.
 */
#ifndef AMDVI_MODEL_EXEC_H
#define AMDVI_MODEL_EXEC_H

#include "model/port/memory.h"

/* Answers one question from memory or the caches. */
void exec_answer(struct amdvi_device *device, struct walk *walk, enum walk_ask ask,
                 const struct tlb_space *space);

/* Runs a walk to its end. */
void exec_direct(struct amdvi_device *device, struct walk *walk, const struct walk_request *request,
                 const struct tlb_space *space);

#endif
