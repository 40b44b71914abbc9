// SPDX-License-Identifier: Apache-2.0
#include "testbench/platform/ioapic.h"

#include <stdlib.h>

enum { INDEX_ID = 0, INDEX_VERSION = 1, INDEX_ENTRIES = 0x10 };
enum { VERSION = 0x21 };

/* Low halves: what software writes, vector to mask without delivery status and remote IRR. */
static const uint32_t WRITABLE = 0x0001afff;

struct ioapic {
    uint8_t id, index;
    ioapic_message *message;
    void *context;
    uint32_t low[IOAPIC_PINS], high[IOAPIC_PINS];
    bool line[IOAPIC_PINS];
};

struct ioapic *ioapic_create(uint8_t id, ioapic_message *message, void *context)
{
    struct ioapic *ioapic = calloc(1, sizeof(*ioapic));

    if (!ioapic)
        return NULL;
    *ioapic = (struct ioapic){.id = id, .message = message, .context = context};
    ioapic_reset(ioapic);
    return ioapic;
}

void ioapic_destroy(struct ioapic *ioapic)
{
    free(ioapic);
}

void ioapic_reset(struct ioapic *ioapic)
{
    ioapic->index = 0;
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        ioapic->low[pin] = IOAPIC_MASKED;
        ioapic->high[pin] = 0;
    }
}

/* ---------------------------------------------------------------- messages */

/* Vector and delivery mode go into the data as they stand in the entry; destination (high half, bits 31:24)
 * and its mode (bit 11) into the address. A level interrupt is asserted until its end. */
static void send(struct ioapic *ioapic, unsigned pin)
{
    uint32_t low = ioapic->low[pin];
    uint64_t address = 0xfee00000u | ioapic->high[pin] >> 24 << 12 | (low >> 11 & 1) << 2;
    uint32_t data = (low & 0x7ff) | (low & IOAPIC_LEVEL ? IOAPIC_LEVEL | 1u << 14 : 0);

    if (low & IOAPIC_LEVEL)
        ioapic->low[pin] |= IOAPIC_REMOTE_IRR;
    ioapic->message(ioapic->context, address, data);
}

/* A level input whose interrupt is not yet at the processor. */
static void send_level(struct ioapic *ioapic, unsigned pin)
{
    uint32_t low = ioapic->low[pin];

    if (ioapic->line[pin] && low & IOAPIC_LEVEL && !(low & (IOAPIC_MASKED | IOAPIC_REMOTE_IRR)))
        send(ioapic, pin);
}

void ioapic_set_pin(struct ioapic *ioapic, unsigned pin, bool active)
{
    bool rises;

    if (pin >= IOAPIC_PINS)
        return;
    rises = active && !ioapic->line[pin];
    ioapic->line[pin] = active;
    if (rises && !(ioapic->low[pin] & (IOAPIC_LEVEL | IOAPIC_MASKED)))
        send(ioapic, pin);
    send_level(ioapic, pin);
}

void ioapic_eoi(struct ioapic *ioapic, uint8_t vector)
{
    for (unsigned pin = 0; pin < IOAPIC_PINS; pin++) {
        if (!(ioapic->low[pin] & IOAPIC_REMOTE_IRR) || (ioapic->low[pin] & 0xff) != vector)
            continue;
        ioapic->low[pin] &= ~(uint32_t)IOAPIC_REMOTE_IRR;
        send_level(ioapic, pin);
    }
}

/* ---------------------------------------------------------------- registers */

static uint32_t read_indexed(const struct ioapic *ioapic)
{
    unsigned entry = (unsigned)(ioapic->index - INDEX_ENTRIES) / 2;

    if (ioapic->index == INDEX_ID)
        return (uint32_t)ioapic->id << 24;
    if (ioapic->index == INDEX_VERSION)
        return VERSION | (IOAPIC_PINS - 1) << 16;
    if (ioapic->index < INDEX_ENTRIES || entry >= IOAPIC_PINS)
        return 0;
    return ioapic->index & 1 ? ioapic->high[entry] : ioapic->low[entry];
}

/* A switch to edge forgets that a level interrupt was under way: how drivers end one without an EOI register.
 */
static void write_low(struct ioapic *ioapic, unsigned pin, uint32_t value)
{
    uint32_t kept = ioapic->low[pin] & (value & IOAPIC_LEVEL ? IOAPIC_REMOTE_IRR : 0u);

    ioapic->low[pin] = kept | (value & WRITABLE);
    send_level(ioapic, pin);
}

static void write_indexed(struct ioapic *ioapic, uint32_t value)
{
    unsigned entry = (unsigned)(ioapic->index - INDEX_ENTRIES) / 2;

    if (ioapic->index == INDEX_ID)
        ioapic->id = (uint8_t)(value >> 24);
    if (ioapic->index < INDEX_ENTRIES || entry >= IOAPIC_PINS)
        return;
    if (ioapic->index & 1)
        ioapic->high[entry] = value;
    else
        write_low(ioapic, entry, value);
}

uint32_t ioapic_read(struct ioapic *ioapic, uint64_t offset, unsigned size)
{
    if (size != 4)
        return 0;
    if (offset == IOAPIC_INDEX)
        return ioapic->index;
    return offset == IOAPIC_DATA ? read_indexed(ioapic) : 0;
}

void ioapic_write(struct ioapic *ioapic, uint64_t offset, unsigned size, uint32_t value)
{
    if (size != 4)
        return;
    if (offset == IOAPIC_INDEX)
        ioapic->index = (uint8_t)value;
    else if (offset == IOAPIC_DATA)
        write_indexed(ioapic, value);
    else if (offset == IOAPIC_EOI)
        ioapic_eoi(ioapic, (uint8_t)value);
}
