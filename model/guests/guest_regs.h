// SPDX-License-Identifier: Apache-2.0
/* Accesses to a guest's registers, and what else changes them, as steps (port/steps.h). */
#ifndef AMDVI_MODEL_GUEST_REGS_H
#define AMDVI_MODEL_GUEST_REGS_H

#include "model/guests/guest_work.h"

/* An access by software. */
struct guest_access {
    struct steps steps, way;
    bool control; /* VF Control, else VF MMIO */
    bool write, stored;
    uint16_t guest_id;
    unsigned size;
    enum amdvi_status status; /* out */
    uint64_t offset;
    uint64_t value; /* what is written, or was read */
    struct guest *guest;
    uint64_t old, now;
    struct guest_work work;
};

static inline void guest_access_begin(struct guest_access *access)
{
    access->steps.at = access->way.at = 0;
    guest_work_begin(&access->work);
}

bool guest_access_step(struct amdvi_device *device, struct job *job, struct guest_access *access);

/* RESET_VMMIO (7.5). */
struct guest_reset {
    struct steps steps;
    uint8_t i; /* the register that is cleared */
    struct guest *guest;
    struct guest_work work;
};

bool guest_reset_registers(struct amdvi_device *device, struct job *job, uint16_t id, bool all, bool engine,
                           struct guest_reset *reset);

#endif
