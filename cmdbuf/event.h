// SPDX-License-Identifier: Apache-2.0
/*
 * Records of the event, PPR and GA logs (reference/iommu.md 7.2, 7.3, 7.7, 7.8; viommu.md 8.3).
 */
#ifndef AMDVI_CMDBUF_EVENT_H
#define AMDVI_CMDBUF_EVENT_H

#include "cmdbuf/layout.h"

#include <stdbool.h>
#include <stdint.h>

/* Flags as the 12-bit number of record bits 59:48, the form drivers print (7.2). */
enum event_flag {
    EVENT_GN = 1 << 0,
    EVENT_NX = 1 << 1,
    EVENT_US = 1 << 2,
    EVENT_I = 1 << 3,
    EVENT_PR = 1 << 4,
    EVENT_RW = 1 << 5,
    EVENT_PE = 1 << 6,
    EVENT_RZ = 1 << 7,
    EVENT_TR = 1 << 8,
};

/* An event before it becomes a record. */
struct event {
    uint8_t code;   /* enum evt_code; 0: no event */
    uint16_t flags; /* record bits 59:48, type field included */
    uint16_t device;
    uint16_t domain; /* GN=0 */
    uint32_t pasid;  /* GN=1 */
    uint64_t address;
    uint8_t vflags;    /* dword 0 bits 31:27 */
    uint16_t guest_id; /* codes 0xB and 0xC */
    uint8_t source;    /* code 0xC */
};

/* Position of the type field of hardware-error events and of INVALID_DEVICE_REQUEST within flags. */
static inline uint16_t event_type(unsigned type)
{
    return (uint16_t)(type << 9);
}

void event_encode(const struct event *event, uint64_t record[2]);

struct ppr_request {
    uint16_t device;
    bool has_pasid, read, write, exec, user, last;
    uint32_t pasid;
    uint16_t prg_index;
    bool answered; /* refused: RX, the hardware has sent the response */
    uint64_t address;
};

void ppr_encode(const struct ppr_request *request, uint64_t record[2]);

/* The refused form: the body of a PPR entry under an event code, RX and GN at places of its own (7.3 code 9).
 */
void ppr_encode_invalid(const struct ppr_request *request, uint64_t record[2]);

uint64_t ga_encode(uint32_t tag, uint16_t device);

#endif
