// SPDX-License-Identifier: Apache-2.0
/*
 * Who took how long: requests by device, domain and guest, commands by kind, waits by queue, performance
 * counters. Only kept when it is asked for.
 */
#ifndef AMDVI_STUDIES_LEDGER_H
#define AMDVI_STUDIES_LEDGER_H

#include "testbench/studies/spread.h"
#include "testbench/studies/world.h"

#include "amdvi/experiment.h"

enum { LEDGER_IDS = 65536, LEDGER_COMMANDS = 16, LEDGER_EVENTS = 24 };

struct tracks;

struct ledger_row {
    enum experiment_detail_kind kind;
    uint32_t id;
    uint32_t domain, guest; /* rows of a device's; 0: none */
    uint64_t faults, reads;
    struct spread latency; /* of domains and guests: their devices', once the ledger is finished */
};

struct ledger {
    struct ledger_row *rows; /* number 0 is not used */
    uint32_t count, room;
    uint32_t *by_id[EXPERIMENT_DETAIL_KINDS]; /* rows by DeviceID, DomainID, GuestID, command */
    struct spread port_wait, walker_wait; /* until the ledger is finished without those that did not wait */
    uint64_t host_doorbell, *guest_doorbell; /* when the tail was written last, ps */
    struct world *world;                     /* the first one that was opened: what is kept is of this one */
    struct tracks *tracks;                   /* may be null */
    struct experiment_details details;
    bool failed;
};

bool ledger_open(struct ledger *ledger);
void ledger_close(struct ledger *ledger);
/* The device's counters are set to Linux's 24 events, and commands are told. */
void ledger_watch(struct ledger *ledger, struct world *world);
void ledger_completed(struct ledger *ledger, struct world *world,
                      const struct amdvi_timed_completion *completion);
/* Warm-up is over. */
void ledger_restart(struct ledger *ledger, struct world *world);
/* The world is about to be closed: details are made. */
void ledger_finish(struct ledger *ledger, struct world *world);

#endif
