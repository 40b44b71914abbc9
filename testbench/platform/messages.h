// SPDX-License-Identifier: Apache-2.0
/*
 * What is on its way to the processors: messages and doorbells, in the order in which they were raised. They
 * are put in from callbacks of IOMMUs, in the middle of an operation, and taken out when that is over.
 */
#ifndef AMDVI_PLATFORM_MESSAGES_H
#define AMDVI_PLATFORM_MESSAGES_H

#include "testbench/platform/machine.h"

enum { MESSAGES_ROOM = 1024 };

enum message_kind { MESSAGE_OWN, MESSAGE_WAKE, MESSAGE_DEVICE, MESSAGE_DOORBELL };

struct message {
    enum message_kind kind;
    uint64_t address; /* of a doorbell: the processor */
    uint32_t data;    /* of a doorbell: the vector */
};

struct messages {
    struct message ring[MESSAGES_ROOM];
    size_t first, count;
    uint64_t lose; /* so many of the next ones */
    uint64_t merged, lost;
};

/* When there is no room, one equal to one that waits is merged with it, as in an interrupt controller. */
void messages_put(struct messages *messages, const struct message *message);
bool messages_take(struct messages *messages, struct message *message);
/* An interrupt of an IOMMU's own, if it leaves the IOMMU as a message or a doorbell. */
void messages_put_irq(struct messages *messages, const struct amdvi_irq *irq);

#endif
