// SPDX-License-Identifier: Apache-2.0
#include "testbench/platform/messages.h"

#include "amdvi/host.h"

static bool waits(const struct messages *messages, const struct message *message)
{
    for (size_t i = 0; i < messages->count; i++) {
        const struct message *other = &messages->ring[(messages->first + i) % MESSAGES_ROOM];
        if (other->kind == message->kind && other->address == message->address &&
            other->data == message->data)
            return true;
    }
    return false;
}

static bool gets_lost(struct messages *messages, const struct message *message)
{
    if (message->kind == MESSAGE_DOORBELL || messages->lose == 0)
        return false;
    messages->lose--;
    messages->lost++;
    return true;
}

void messages_put(struct messages *messages, const struct message *message)
{
    if (gets_lost(messages, message))
        return;
    if (messages->count < MESSAGES_ROOM)
        messages->ring[(messages->first + messages->count++) % MESSAGES_ROOM] = *message;
    else if (waits(messages, message))
        messages->merged++;
    else
        messages->lost++;
}

bool messages_take(struct messages *messages, struct message *message)
{
    if (messages->count == 0)
        return false;
    *message = messages->ring[messages->first];
    messages->first = (messages->first + 1) % MESSAGES_ROOM;
    messages->count--;
    return true;
}

void messages_put_irq(struct messages *messages, const struct amdvi_irq *irq)
{
    struct message message = {.address = irq->address, .data = irq->data};

    switch (amdvi_irq_duty_of(irq)) {
    case AMDVI_IRQ_DUTY_MESSAGE:
        message.kind = MESSAGE_OWN;
        break;
    case AMDVI_IRQ_DUTY_WAKE:
        message.kind = MESSAGE_WAKE;
        break;
    case AMDVI_IRQ_DUTY_DOORBELL:
        message =
            (struct message){.kind = MESSAGE_DOORBELL, .address = irq->destination, .data = irq->vector};
        break;
    default:
        return;
    }
    messages_put(messages, &message);
}
