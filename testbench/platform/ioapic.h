// SPDX-License-Identifier: Apache-2.0
/*
 * An I/O APIC with 24 inputs: registers by index and data, redirection entries, edge and level inputs. Its
 * interrupts are message writes under its own DeviceID.
 */
#ifndef AMDVI_PLATFORM_IOAPIC_H
#define AMDVI_PLATFORM_IOAPIC_H

#include <stdbool.h>
#include <stdint.h>

enum { IOAPIC_PINS = 24, IOAPIC_BYTES = 4096 };
enum { IOAPIC_INDEX = 0x00, IOAPIC_DATA = 0x10, IOAPIC_EOI = 0x40 };
/* Redirection entries: bits of the low and high half. */
enum {
    IOAPIC_REMOTE_IRR = 1 << 14,
    IOAPIC_LEVEL = 1 << 15,
    IOAPIC_MASKED = 1 << 16,
};

typedef void ioapic_message(void *context, uint64_t address, uint32_t data);

struct ioapic;

/* Null without memory. */
struct ioapic *ioapic_create(uint8_t id, ioapic_message *message, void *context);
void ioapic_destroy(struct ioapic *ioapic);
void ioapic_reset(struct ioapic *ioapic);

/* Accesses of 4 bytes; others, and offsets without a register, read 0 and write nothing. */
uint32_t ioapic_read(struct ioapic *ioapic, uint64_t offset, unsigned size);
void ioapic_write(struct ioapic *ioapic, uint64_t offset, unsigned size, uint32_t value);

/* Whether an input asks, whatever its polarity; edge inputs send when it begins to. Pins beyond the last one
 * do nothing. An edge while the input is masked is lost. */
void ioapic_set_pin(struct ioapic *ioapic, unsigned pin, bool active);
/* A level interrupt with this vector in its entry is done; if its input still asks, it is sent again. With
 * interrupt remapping that vector is the low part of the index, not the processor's. */
void ioapic_eoi(struct ioapic *ioapic, uint8_t vector);

#endif
