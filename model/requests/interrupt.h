// SPDX-License-Identifier: Apache-2.0
/* The interrupt job: from a device's message to the processor's, or to a guest (8). */
#ifndef AMDVI_MODEL_INTERRUPT_H
#define AMDVI_MODEL_INTERRUPT_H

#include "model/guests/fault_route.h"
#include "model/logs/posting.h"
#include "model/lookup/dtc.h"
#include "model/lookup/itc.h"
#include "model/observe/watch.h"

enum interrupt_state {
    INTERRUPT_BEGIN,
    INTERRUPT_DEVICE_ENTRY, /* the device table entry is looked up */
    INTERRUPT_ENTRY,        /* the interrupt remapping entry is looked up */
    INTERRUPT_REFRESH,      /* the fields of a guest's entry that are never cached are read */
    INTERRUPT_POST,
    INTERRUPT_REPORT, /* the record of a fault is on its way */
    INTERRUPT_DONE,
};

struct interrupt_job {
    uint8_t state; /* enum interrupt_state */
    struct job *job;
    uint16_t requester;
    struct int_message message;
    struct amdvi_int_result result;
    const struct dte *dte;
    uint32_t index;
    bool suppressed; /* IRTE.SupIOPF */
    uint8_t error;   /* of the fault: enum walk_error */
    enum reason reason;
    uint64_t fault_address;
    struct dte_fetch device_entry;
    struct irte_fetch entry;
    struct irte irte;
    struct posting posting;
    struct fault_report report;
    struct watch watch;
};

static inline void interrupt_begin(struct interrupt_job *d, struct job *job, uint16_t requester,
                                   uint64_t address, uint32_t data)
{
    d->state = INTERRUPT_BEGIN;
    d->job = job;
    d->requester = requester;
    d->message = (struct int_message){.address = address, .data = data};
}

/* False: it has asked. */
bool interrupt_step(struct amdvi_device *device, struct interrupt_job *d);

#endif
