// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Traps of the conformance kit: things that are legal and rare, which a driver has to be able to bear. A
 * machine has one at most (property `trap` of the first unit). What a trap saw stands among the findings,
 * with severity "trap": its name, and figures as "name=number".
 */
#ifndef TESTBENCH_QEMU_TRAPS_H
#define TESTBENCH_QEMU_TRAPS_H

#include <qemu/osdep.h>

#include <qemu/timer.h>

#include <exec/memory.h>

#include "amdvi/ivrs.h"

struct unit;

enum trap {
    TRAP_NONE,
    TRAP_HANDOVER,  /* firmware has left translation on, and hardware has cached its tables */
    TRAP_STRANGER,  /* requests of a DeviceID that no device has */
    TRAP_OVERFLOW,  /* more faults at once than the event log takes */
    TRAP_UNITY,     /* firmware uses a unity-mapped range (IVMD) of a device without the driver's doing */
    TRAP_ALIAS,     /* a device's requests carry another DeviceID, as its IVRS entry says */
    TRAP_LATE_WAIT, /* the ring stands still for 30 ms now and then */
    TRAP_LOST_WAIT, /* the ring stands still for 4 s once */
    TRAP_ATS,       /* time passes for ATS invalidations that a device does not answer (key inject.plan) */
};

/* A unit's trap, and what it has seen. */
struct traps {
    enum trap kind;
    QEMUTimer *timer;
    int64_t began;
    /* alias, unity: one device of the machine, if there is one of use */
    bool chosen;
    uint16_t victim, alias;
    struct amdvi_ivrs_alias ivrs_alias;
    struct amdvi_ivrs_memory ivrs_memory;
    MemoryRegion firmware; /* RAM that the machine's operating system does not know of */
    /* how often */
    uint64_t doorbells, held, stale; /* answers during a hold that memory no longer gives */
    bool holds;
    int64_t hold_ends;
    bool driver_came;
    uint64_t before; /* requests translated before the driver's first access */
    uint64_t sent, passed, refused;
    uint64_t passed_after, refused_after; /* the first that was refused, that passed */
    uint16_t last; /* the last device whose request was translated, if there was `any` */
    bool any;
    uint16_t wild; /* the device that floods the event log */
    unsigned stage;
    uint64_t events;
    int64_t stage_began, recovered_ns;
};

/* Reads the property; false and `errp` for a name that there is not. */
bool traps_init(struct unit *unit, Error **errp);
/* After a reset of the unit: what firmware does. */
void traps_reset(struct unit *unit);
/* Once all devices are made: what the trap adds to the IVRS. */
void traps_describe(struct unit *unit, struct amdvi_ivrs_unit *out);
/* The DeviceID that requests of a function carry. */
uint16_t traps_requester(const struct unit *unit, uint16_t device);
/* Before a processor writes a register. */
void traps_before_write(struct unit *unit);
/* Whether commands have to wait; called for each write of a register, at `offset`. */
bool traps_hold(struct unit *unit, uint64_t offset);
/* A device's request was answered. */
struct amdvi_request;
struct amdvi_result;
void traps_answered(struct unit *unit, const struct amdvi_request *request,
                    const struct amdvi_result *result);
/* The machine ends: says what was seen. */
void traps_finish(struct unit *unit);

/* ---- trap_firmware.c: firmware that leaves its translation on */
enum {
    FIRMWARE_BASE = 0xfed50000u, /* below the registers of the first unit; nothing of the chipset is here */
    FIRMWARE_BYTES = 0x20000,
    FIRMWARE_SHARED = 0xfed68000u, /* the unity-mapped range */
    FIRMWARE_SHARED_BYTES = 0x4000,
};
void firmware_init(struct unit *unit);
void firmware_start(struct unit *unit);
/* Whether the device table is still firmware's. */
bool firmware_table_in_use(struct unit *unit);

/* ---- trap_stray.c: requests that no driver has asked for */
/* The function that stands for others: a disk or a network card, else a device of no class; false if there
 * is none. */
bool stray_choose(struct unit *unit, uint16_t *device);
/* Every 10 ms. */
void stray_stranger(struct unit *unit);
void stray_overflow(struct unit *unit);
void stray_unity(struct unit *unit);

/* A field of a register as it reads now. */
uint64_t trap_field(struct unit *unit, const char *reg, const char *field);

#endif
