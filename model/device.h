// SPDX-License-Identifier: Apache-2.0
/*
 * Inside of a device. Each part of model/ has its own file; what they share is this structure.
 */
#ifndef AMDVI_MODEL_DEVICE_H
#define AMDVI_MODEL_DEVICE_H

#include "amdvi/amdvi.h"
#include "amdvi/host.h"
#include "cmdbuf/command.h"
#include "cmdbuf/event.h"
#include "cmdbuf/ring.h"
#include "model/caches/cache.h"
#include "model/caches/tlb.h"
#include "model/config/config.h"
#include "model/layout.h"
#include "model/observe/observer.h"
#include "model/observe/pmu.h"
#include "model/port/ask.h"
#include "model/port/inject.h"
#include "model/port/lock.h"
#include "model/port/steps.h"
#include "model/registers.h"
#include "model/signals/atc_pending.h"
#include "tables/irte.h"
#include "tables/walk.h"

enum { REGISTER_MAP_END = 0x4020, NO_REGISTER = 0xff, DEVICES = 65536, PCI_CONFIG_BYTES = 256 };

/* A cached device table entry. */
struct dtc_line {
    uint16_t device;
    uint32_t decoded; /* device.decode_epoch when `dte` was made from its raw words */
    struct dte dte;
};

/* A cached interrupt remapping entry. */
struct itc_line {
    uint16_t device;
    uint32_t index;
    uint32_t gen;
    uint32_t epoch;
    uint64_t raw[2];
};

/* A log of the host or of a guest. `stopped`: overflowed, waits for its enable bit to rise (7.1). */
struct log_state {
    bool stopped[2]; /* A, B */
    bool active_b;   /* dual logs: which one is written */
    uint64_t count;  /* records since the enable bit last rose */
};

/* A command as it was fetched. */
struct command_held {
    bool held; /* it is blocked, and goes on where it was */
    bool legal, mapped, told;
    uint64_t words[2];
    uint64_t host[2]; /* with the host's IDs */
    uint64_t address; /* SPA, of guests the address as the guest names it */
};

struct command_job;
struct guest;
struct record_writer;
struct record;

struct amdvi_device {
    struct amdvi_config config;
    struct amdvi_memory memory;
    struct amdvi_window windows[AMDVI_WINDOWS_MAX]; /* beside the one of `memory` */
    unsigned window_count;
    struct amdvi_callbacks callbacks;
    struct amdvi_allocator allocator;
    struct amdvi_observer observer; /* stands for all in `observations` */
    struct amdvi_observation *observations;
    struct amdvi_observation own_observation; /* of amdvi_observe() */
    bool observed;
    bool watched; /* somebody wants every request to go the whole way: device_watch() */
    bool away;    /* a callback or an observer runs: device_leave() */
    bool caches;

    uint64_t reg[REG_COUNT];
    struct reg_mask mask[REG_COUNT];
    uint8_t register_at[REGISTER_MAP_END / 4];
    uint8_t pci[PCI_CONFIG_BYTES];

    struct tables_env env;
    struct dte_segments segments;
    struct cmd_rules rules;
    uint32_t decode_epoch;
    bool command_run;
    uint32_t command_restarts;           /* changes with every start and stop of the host's ring */
    struct command_held command_blocked; /* at the head of the host's ring */
    struct command_job *host_commands, *guest_commands; /* commands/command.h */
    struct log_state logs[3];                           /* enum amdvi_log */
    struct record_writer *writer; /* of executors that answer later; null: nobody (logs/record.h) */

    struct cache dtc, itc;
    const struct dtc_line *dtc_last; /* the line that answered last; null when it may be gone */
    struct dtc_line uncached;        /* caches off: the last entry, decoded */
    uint32_t *itc_gen;               /* per DeviceID */
    uint32_t itc_epoch;
    uint64_t *reported; /* per DeviceID: SE has let its one fault through (7.5) */
    struct tlb tlb;
    struct pmu pmu;
    struct inject inject;

    /* HW-vIOMMU */
    struct reg_mask vf_mask[VF_COUNT], vfc_mask[VFC_COUNT];
    struct guest ***guest_pages; /* [GuestID / 256][GuestID % 256]; null without HW-vIOMMU */
    struct guest *guests;        /* all that exist */
    struct guest *queue_first, *queue_last;
    struct guest *named; /* whose maps this run has read */
    uint32_t guest_count;
    bool guests_unsettled;   /* the control register has changed what guests may do (guests_settle()) */
    uint32_t guest_run;      /* number of the run under way */
    struct held *held_dirty; /* one for each page of dirty status */
    uint64_t *held_entries;  /* bit per DeviceID: guests hold translations made from its entry (held.h) */
    uint64_t held_epoch;
    struct job_lock dirty_lock;    /* the words of dirty status */
    struct job_lock register_lock; /* accesses of software */
    /* logs/record.h: writes a guest's record, `guest_writer` is where the writer stands in it. */
    bool (*guest_record)(struct amdvi_device *device, struct job *job, const struct record *record,
                         bool begin, void *frame, bool *written);
    void *guest_writer;

    struct atc_table atc;
    uint64_t now;

    struct amdvi_statistics statistics;
    struct external *external;     /* who answers jobs later; null: nobody (port.h) */
    struct job *jobs;              /* of those that are under way */
    uint64_t marks;                /* invalidations that covered one of them */
    struct jobs_wait command_wait; /* the host's COMPLETION_WAIT and the lookups under way */
};

static inline uint64_t control(const struct amdvi_device *device)
{
    return device->reg[REG_CONTROL];
}

static inline bool iommu_enabled(const struct amdvi_device *device)
{
    return device->reg[REG_CONTROL] & 1;
}

/* While a callback or an observer runs, calls that would change the device are refused (AMDVI_ERR_BUSY): what
 * called it stands in the middle of something. One may run inside another, so what was is put back. */
static inline bool device_leave(struct amdvi_device *device)
{
    bool was = device->away;

    device->away = true;
    return was;
}

static inline void device_return(struct amdvi_device *device, bool was)
{
    device->away = was;
}

static inline bool device_busy(const struct amdvi_device *device)
{
    return __builtin_expect(device->away, 0);
}

/* observer.c: after a change of what wants to see every request. */
void device_watch(struct amdvi_device *device);

/* A call of the public interface begins; see enum amdvi_call. */
static inline void tell_call_with(struct amdvi_device *device, const struct amdvi_call_info *info)
{
    if (device->observer.call)
        device->observer.call(device->observer.context, info);
}

static inline void tell_call(struct amdvi_device *device, enum amdvi_call call, uint64_t value)
{
    if (__builtin_expect(device->observed, 0))
        tell_call_with(device, &(struct amdvi_call_info){.call = call, .value = value});
}

/* control.c: the control register's write, and what follows from it. */
uint64_t control_legal(const struct amdvi_device *device, uint64_t old, uint64_t value);
void control_changed(struct amdvi_device *device, uint64_t old);
/* The host's ring starts anew: what was blocked at its head is fetched again. */
void command_restart(struct amdvi_device *device);
void device_derive(struct amdvi_device *device);
void segments_derive(struct amdvi_device *device);

/* regs.c */
/* amdvi_mmio_write() without what guests see of it: guests_settle() comes after. */
enum amdvi_status mmio_write(struct amdvi_device *device, uint64_t offset, unsigned size, uint64_t value);
void regs_reset(struct amdvi_device *device);
uint64_t status_value(const struct amdvi_device *device);

/* status.c */
void status_set(struct amdvi_device *device, uint64_t bits);

/* prg.c */
/* Whether the response to a request with a PASID carries it (9.4); `dte` is null when there is no entry. */
bool prg_carries_pasid(const struct amdvi_device *device, const struct dte *dte);
void prg_respond(struct amdvi_device *device, const struct amdvi_prg_response *response);

/* pci.c */
void pci_reset(struct amdvi_device *device);
void pci_signal_target_abort(struct amdvi_device *device);
bool pci_msi_message(const struct amdvi_device *device, unsigned number, uint64_t *address, uint32_t *data);
/* Where the configuration space puts a window of the device; false: disabled, or absent (1.2, viommu 1.3). */
enum pci_window { PCI_WINDOW_REGISTERS, PCI_WINDOW_VF, PCI_WINDOW_VFC };
bool pci_window(const struct amdvi_device *device, enum pci_window window, uint64_t *base);
uint32_t pci_read32(const struct amdvi_device *device, unsigned offset);
void pci_write32(struct amdvi_device *device, unsigned offset, uint32_t value, uint32_t enable);

/* irq.c */
/* If the control register enables interrupts of this cause; in any case. */
void irq_raise(struct amdvi_device *device, enum amdvi_irq_cause cause);
void irq_send(struct amdvi_device *device, enum amdvi_irq_cause cause);
/* Tells the host and whoever observes of an interrupt that is made. */
void irq_tell(struct amdvi_device *device, const struct amdvi_irq *irq);

/* host_log.c */
bool log_running(const struct amdvi_device *device, enum amdvi_log log, bool b);
void log_enable_rose(struct amdvi_device *device, enum amdvi_log log);
/* The control register was `old`. */
void log_dual_changed(struct amdvi_device *device, uint64_t old);
/* Software has taken these overflow bits of the status register back. */
void log_overflow_cleared(struct amdvi_device *device, uint64_t bits);

/* dtc.c: the device table entry of a device, from the cache or from memory. */
struct dte_fetch {
    bool asked; /* false before the first call */
    const struct dte *dte;
    enum reason reason;
    uint8_t error; /* enum walk_error of REASON_DTE_READ_ERROR */
    uint64_t address;
    uint64_t raw[4];
    struct dtc_line spare; /* the entry when no cache holds it, or when the cache may lose it meanwhile */
};
/* True: `fetch` has the entry or the reason why there is none. */
bool dtc_fetch(struct amdvi_device *device, struct job *job, uint16_t requester, struct dte_fetch *fetch);
/* The cached entry of the device that asked last, if it still is what a fetch would give; else null. */
static inline const struct dte *dtc_again(const struct amdvi_device *device, uint16_t requester)
{
    const struct dtc_line *line = device->dtc_last;

    return line && line->device == requester && line->decoded == device->decode_epoch ? &line->dte : NULL;
}

void dtc_invalidate(struct amdvi_device *device, uint16_t requester);
void dtc_invalidate_all(struct amdvi_device *device);
void dtc_invalidate_guest(struct amdvi_device *device, uint16_t guest_id);
/* The entry that the cache holds, untouched; null if there is none. */
const struct dte *dtc_peek(const struct amdvi_device *device, uint16_t requester);

/* itc.c: interrupt remapping entries. */
struct irte_fetch {
    bool asked; /* false before the first call */
    uint64_t raw[2];
    uint64_t address;
    enum reason reason;
    uint8_t error; /* enum walk_error of REASON_INT_READ_ERROR */
    bool cached;
};
bool itc_fetch(struct amdvi_device *device, struct job *job, const struct dte *dte, uint16_t requester,
               uint32_t index, struct irte_fetch *fetch);
bool itc_read(struct amdvi_device *device, struct job *job, uint64_t address, uint64_t raw[2],
              uint8_t *error);
void itc_invalidate(struct amdvi_device *device, uint16_t requester);
void itc_invalidate_all(struct amdvi_device *device);
/* The entry that the cache holds, untouched; null if there is none. */
const uint64_t *itc_peek(const struct amdvi_device *device, uint16_t requester, uint32_t index);

/* fault.c: the one place that makes a fault (house idea IV). */
struct fault_facts {
    uint16_t device;
    uint16_t domain;
    uint32_t pasid;
    uint64_t address;
    bool guest; /* GN */
    bool giov;  /* GN without a PASID of its own */
    bool user, exec;
    bool write;       /* of a translation request: it asks for write permission */
    bool translation; /* TR: ATS translation request */
    bool interrupt;   /* I */
    bool posted;      /* a write: nobody waits for its completion */
    bool suppressed;  /* IRTE.SupIOPF */
    uint8_t vflags;   /* accesses for a guest's virtual IOMMU (viommu 8.3) */
    uint8_t error;    /* enum walk_error of read errors */
};
/* The answer to the device and the record of the fault; false: nothing is to be recorded. */
bool fault_make(struct amdvi_device *device, enum reason reason, const struct fault_facts *facts,
                const struct dte *dte, struct event *event, struct amdvi_fault *fault);
/* A fault whose record is on its way (guests/fault_route.h). */
struct fault_report {
    struct steps steps, both;
    struct event event;
};

/* event.c: after an event's record was written or lost. */
void event_written(struct amdvi_device *device, const uint64_t record[2], bool logged);

#endif
