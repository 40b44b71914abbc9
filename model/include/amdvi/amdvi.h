// SPDX-License-Identifier: Apache-2.0
/*
 * amdvi: a model of the AMD IOMMU.
 *
 * A device is a context object. It owns no thread and no file, keeps no state outside itself, and calls
 * its surroundings only through the callbacks that it was given. Any number of devices live in one
 * process; calls on different devices may run at the same time, calls on one device must not.
 *
 * Units and names: addresses are bytes; SPA system physical, GPA guest physical, IOVA the address in a
 * request; DeviceID is PCI bus[15:8] device[7:3] function[2:0]; sections in brackets are those of the
 * project's reference of the architecture (docs/reference).
 *
 * What the library calls (memory, callbacks, observers) runs in the middle of an operation. It may call what
 * takes a `const struct amdvi_device *`, apart from amdvi_save() and amdvi_guest_save(), what takes no
 * device, and anything on another device; all other calls on the same device give AMDVI_ERR_BUSY and do
 * nothing, amdvi_destroy() included. What they want to do they do when the call that called them has
 * returned. Allocators call no device.
 *
 * Every call returns a status. A status other than AMDVI_OK means that the call changed nothing, unless
 * its description says otherwise. Architectural faults are results, not statuses.
 *
 * Stability. While the major version is 0, a new minor version may change anything, and its notes say so; a
 * new patch version changes neither the API nor the ABI. From 1.0 on a program that was compiled with one
 * version of the headers works with every later library of the same major version:
 *  - functions, constants and members of structures stay; enumerations gain values, so have a `default`;
 *  - amdvi_memory, amdvi_callbacks, amdvi_observer, amdvi_statistics and the options and statistics of lint
 * and replay may gain members at the end. Calls that take one have a form `..._sized` with the size that the
 * caller knows; the short form passes it by itself. An older caller gets what it knows, and what it does not
 * know is off. A newer caller is refused (AMDVI_ERR_UNSUPPORTED) only where it uses what the library does not
 * have;
 *  - structures that the library makes and lends (what callbacks and observers are told) gain members at the
 * end, too;
 *  - all other structures keep their size: requests, results, faults, page requests, cache lines, tables of
 * ivrs.h. A zeroed member means "as if it were not there": start every structure with `= {0}` or `{}`.
 */
#ifndef AMDVI_AMDVI_H
#define AMDVI_AMDVI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "amdvi/reasons.h"

#ifdef __cplusplus
extern "C" {
#endif

#define AMDVI_VERSION_MAJOR 0
#define AMDVI_VERSION_MINOR 2
#define AMDVI_VERSION_PATCH 0

/* "0.2.0": the version of the library that is linked, which may differ from the header's. */
const char *amdvi_version(void);

enum amdvi_status {
    AMDVI_OK = 0,
    AMDVI_ERR_ARGUMENT,    /* a null pointer or a value outside its documented range */
    AMDVI_ERR_NO_MEMORY,   /* the allocator returned null */
    AMDVI_ERR_UNKNOWN_KEY, /* no configuration key of that name */
    AMDVI_ERR_BAD_VALUE,   /* the key does not take that value */
    AMDVI_ERR_ACCESS,      /* width or alignment that a register space does not accept */
    AMDVI_ERR_MEMORY,      /* a memory callback failed during a data transfer */
    AMDVI_ERR_UNSUPPORTED, /* not present in this device */
    AMDVI_ERR_END,         /* iteration is over */
    AMDVI_ERR_TOO_SMALL,   /* the buffer does not hold the answer; the size needed was told */
    AMDVI_ERR_CORRUPT,     /* saved bytes are damaged or not of this kind */
    AMDVI_ERR_BUSY,  /* something under way must end first: above all the call that this one comes from */
    AMDVI_ERR_STUCK, /* something is under way under time, and nothing happens any more */
};

/* A short English text, never null. */
const char *amdvi_status_text(enum amdvi_status status);

/* ------------------------------------------------------------------------------ configuration */

/* All keys of a device with their values; see `amdvi config --explain`. */
struct amdvi_config;

struct amdvi_config_key {
    const char *name;
    const char *fallback; /* default, in the form that amdvi_config_set() takes */
    const char *values;   /* legal values, in words */
    const char *meaning;
    const char *source; /* where the default comes from */
};

/* Starts with every key at its default (preset genoa). Free with amdvi_config_destroy(). */
enum amdvi_status amdvi_config_create(struct amdvi_config **config);
/* Null does nothing. Devices made with it go on: they have a copy. */
void amdvi_config_destroy(struct amdvi_config *config);

/*
 * Sets one key. Numbers are decimal or 0x hex. `preset` sets efr, efr2 and the capability values at once, and
 * `spec` efr, efr2 and dte.reserved, so they come before the keys that refine them.
 * AMDVI_ERR_UNKNOWN_KEY or AMDVI_ERR_BAD_VALUE on mistakes.
 */
enum amdvi_status amdvi_config_set(struct amdvi_config *config, const char *key, const char *value);

/* The value as amdvi_config_set() would take it, cut to `size` bytes with the final 0. */
enum amdvi_status amdvi_config_get(const struct amdvi_config *config, const char *key, char *value,
                                   size_t size);

/* Number value of a key with a numeric or on/off value. */
enum amdvi_status amdvi_config_number(const struct amdvi_config *config, const char *key, uint64_t *value);

/* Key number `index`, from 0, in the order of the documentation; null after the last one. */
const struct amdvi_config_key *amdvi_config_key_at(size_t index);

/* Name of preset number `index`, from 0; null after the last one. */
const char *amdvi_preset_at(size_t index);

/* The bits of a device table entry, low word first, that must be 0 with this configuration [3.4, 17.2].
 * AMDVI_ERR_ARGUMENT for a null pointer. */
enum amdvi_status amdvi_config_dte_reserved(const struct amdvi_config *config, uint64_t words[4]);

/* A feature whose bits software can see and set, while the model only keeps them. */
struct amdvi_stored_feature {
    const char *name;
    const char *where;  /* its bits */
    const char *lacks;  /* what does not happen, in words */
    const char *source; /* why: section of the reference, or a key that changes it */
};

/* Number `index`, from 0, of those that a device of this configuration advertises; null after the last one
 * and for a null configuration. */
const struct amdvi_stored_feature *amdvi_stored_feature_at(const struct amdvi_config *config, size_t index);

/* ------------------------------------------------------------------------------ surroundings */

/* How memory answered; the values are the type codes of hardware-error events [7.3]. */
enum amdvi_memory_result {
    AMDVI_MEMORY_OK = 0,
    AMDVI_MEMORY_MASTER_ABORT = 1, /* nothing at that address */
    AMDVI_MEMORY_TARGET_ABORT = 2, /* the target refused */
    AMDVI_MEMORY_DATA_ERROR = 3,   /* poison */
};

/*
 * System memory. The callbacks may be called from any call on the device (what they may call in turn stands
 * at the top of this file), with lengths of 1 to 4096 bytes that never cross a 4 KiB page. compare_exchange
 * replaces the 8 bytes at `spa` by `desired` if they equal `expected`, atomically against other users of the
 * memory, and returns what was there in `seen`.
 *
 * `direct` may name a window of plain memory: addresses [direct_base, direct_base + direct_size) are then
 * read and written there without a call. The window must outlive the device. More windows, also read-only
 * ones: amdvi_window_add() in amdvi/host.h.
 *
 * Memory may fail at any access; every access is made once and not tried again. What follows is the same
 * everywhere. An entry of a table that cannot be read, or whose accessed or dirty bit cannot be set, makes
 * the request fail, with a hardware-error event of the result's type [7.3]; nothing of it is cached. A
 * command that cannot be read, or whose store fails, stops its ring with COMMAND_HARDWARE_ERROR. A log record
 * that cannot be written is lost. A guest's buffers and slots fail as viommu 8.3 says. A device's own data
 * give AMDVI_ERR_MEMORY. A callback that is null, or returns a value that is no result, counts as
 * AMDVI_MEMORY_MASTER_ABORT; a compare_exchange that is null as AMDVI_MEMORY_TARGET_ABORT.
 */
struct amdvi_memory {
    void *context;
    enum amdvi_memory_result (*read)(void *context, uint64_t spa, void *data, size_t length);
    enum amdvi_memory_result (*write)(void *context, uint64_t spa, const void *data, size_t length);
    enum amdvi_memory_result (*compare_exchange)(void *context, uint64_t spa, uint64_t expected,
                                                 uint64_t desired, uint64_t *seen);
    void *direct;
    uint64_t direct_base;
    uint64_t direct_size;
};

/* Why the device interrupts [8.7]. */
enum amdvi_irq_cause {
    AMDVI_IRQ_EVENT,
    AMDVI_IRQ_PPR,
    AMDVI_IRQ_GA,
    AMDVI_IRQ_COMPLETION_WAIT,
    AMDVI_IRQ_VAPIC, /* doorbell of a posted guest interrupt for the processor `destination`; `vector` is the
                        guest's, whose IRR bit is set already [8.6] */
    AMDVI_IRQ_GAPPI, /* physical interrupt that wakes `destination` for a guest that does not run: GAPPIEn=1,
                        IsRun=0; `vector` is GATag[7:0] [8.6] */
};

struct amdvi_irq {
    enum amdvi_irq_cause cause;
    bool guest; /* of a guest's virtual IOMMU, the doorbell for it included; `guest_id` counts */
    uint16_t guest_id;
    bool deliverable; /* MSI or XT register enabled; else only the condition exists */
    uint64_t address; /* message address */
    uint32_t data;
    uint8_t vector;
    uint32_t destination;
    bool logical;
};

/* ATS Invalidate Request to a device's translation cache [6.4, opcode 4]. */
struct amdvi_atc_invalidation {
    uint16_t device;
    bool has_pasid;
    uint32_t pasid;
    uint64_t address; /* 0 with size 0: everything */
    uint64_t size;    /* bytes, a power of two; 0: everything */
    uint32_t tag;     /* for amdvi_atc_complete() */
};

/* What the device's translation cache answers. */
enum amdvi_atc_answer { AMDVI_ATC_DONE, AMDVI_ATC_PENDING };

/* PRG response to a device [7.7, opcode 7]. */
struct amdvi_prg_response {
    uint16_t device;
    bool has_pasid;
    uint32_t pasid;
    uint16_t index; /* page-request-group index, 9 bits */
    uint8_t code;   /* 4 bits: 0 success, 1 invalid request, 0xF failure; software may send any other */
};

/* All may be null. What they may call stands at the top of this file. */
struct amdvi_callbacks {
    void *context;
    void (*interrupt)(void *context, const struct amdvi_irq *irq);
    enum amdvi_atc_answer (*atc_invalidate)(void *context, const struct amdvi_atc_invalidation *invalidation);
    void (*prg_response)(void *context, const struct amdvi_prg_response *response);
};

/* Memory of the library itself; null functions mean malloc and free. */
struct amdvi_allocator {
    void *context;
    void *(*allocate)(void *context, size_t bytes);
    void (*release)(void *context, void *block);
};

/* ------------------------------------------------------------------------------ devices */

struct amdvi_device;

/*
 * A device after power-on reset. `config`, `memory`, `callbacks` and `allocator` are copied; callbacks and
 * allocator may be null. Frees nothing of the caller's; the caller frees the device with amdvi_destroy().
 * AMDVI_ERR_ARGUMENT, AMDVI_ERR_NO_MEMORY; AMDVI_ERR_UNSUPPORTED: a structure of a newer header asks for what
 * this library does not have.
 */
enum amdvi_status amdvi_create_sized(const struct amdvi_config *config, const struct amdvi_memory *memory,
                                     size_t memory_size, const struct amdvi_callbacks *callbacks,
                                     size_t callbacks_size, const struct amdvi_allocator *allocator,
                                     struct amdvi_device **device);
/* amdvi_create_sized() with the structures of this header. */
static inline enum amdvi_status amdvi_create(const struct amdvi_config *config,
                                             const struct amdvi_memory *memory,
                                             const struct amdvi_callbacks *callbacks,
                                             const struct amdvi_allocator *allocator,
                                             struct amdvi_device **device)
{
    return amdvi_create_sized(config, memory, sizeof(*memory), callbacks, sizeof(*callbacks), allocator,
                              device);
}
/* AMDVI_OK also for null. AMDVI_ERR_BUSY from a callback of the device, which then lives on. */
enum amdvi_status amdvi_destroy(struct amdvi_device *device);

/* Back to the state after amdvi_create(): registers, rings, caches, statistics. */
enum amdvi_status amdvi_reset(struct amdvi_device *device);

/*
 * Register window [2]: naturally aligned accesses of 4 or 8 bytes below the window's size. Offsets without
 * a register read 0 and ignore writes. Other widths, alignments and offsets give AMDVI_ERR_ACCESS, a read
 * value of 0, and no effect. Writes only note work: amdvi_run() does it.
 */
enum amdvi_status amdvi_mmio_read(struct amdvi_device *device, uint64_t offset, unsigned size,
                                  uint64_t *value);
/* The write that belongs to amdvi_mmio_read(); bits of `value` beyond `size` do not count. */
enum amdvi_status amdvi_mmio_write(struct amdvi_device *device, uint64_t offset, unsigned size,
                                   uint64_t value);
/* Size of the window in bytes: 512 KiB with performance counters (EFR.PCSup), else 16 KiB [2.1]. */
uint64_t amdvi_mmio_size(const struct amdvi_device *device);

/* PCI configuration space of the IOMMU's function [1.1, 1.2]: aligned accesses of 1, 2 or 4 bytes below 4096;
 * 8-byte accesses are taken as two of 4. From 256 on there is nothing: reads give all-ones, writes do
 * nothing, as for a function without extended configuration space. */
enum amdvi_status amdvi_pci_read(struct amdvi_device *device, unsigned offset, unsigned size,
                                 uint64_t *value);
/* The write that belongs to amdvi_pci_read(). */
enum amdvi_status amdvi_pci_write(struct amdvi_device *device, unsigned offset, unsigned size,
                                  uint64_t value);

/* A guest's VF MMIO page and VF Control block (viommu 3, 4). AMDVI_ERR_UNSUPPORTED in devices without
 * HW-vIOMMU. */
enum amdvi_status amdvi_vf_read(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                unsigned size, uint64_t *value);
/* Writes a register of the VF MMIO page: what the guest itself does. */
enum amdvi_status amdvi_vf_write(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                 unsigned size, uint64_t value);
/* Reads a register of the VF Control block, which only the hypervisor sees (viommu 3). */
enum amdvi_status amdvi_vfc_read(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                 unsigned size, uint64_t *value);
/* Writes a register of the VF Control block. */
enum amdvi_status amdvi_vfc_write(struct amdvi_device *device, uint16_t guest_id, uint64_t offset,
                                  unsigned size, uint64_t value);

/* Works until nothing is left to do. Bounded by the work in the rings. */
enum amdvi_status amdvi_run(struct amdvi_device *device);

/* Which ID map of a guest. */
enum amdvi_guest_map { AMDVI_MAP_DEVICES, AMDVI_MAP_DOMAINS };

/*
 * DID-map writes in bulk (viommu 3.1, 6): entries `first` to `first + count - 1` of a guest's DevIDMap or
 * DomIDMap, all to one host ID, as that many writes of DID Map Control would make them. AMDVI_ERR_UNSUPPORTED
 * without HW-vIOMMU or while IommuEn or vIommuEn is 0; AMDVI_ERR_MEMORY when a page of the table is not
 * mapped or fails: pages before it are written, and the host log has what a single write would have left
 * there (key viommu.map_fault).
 */
enum amdvi_status amdvi_guest_map_fill(struct amdvi_device *device, uint16_t guest_id,
                                       enum amdvi_guest_map map, uint32_t first, uint32_t count,
                                       uint16_t host_id, uint16_t queue_id, bool valid);

/*
 * Migration. amdvi_save() writes everything that a device is, except its caches, to `buffer`; `needed` is the
 * size in any case (AMDVI_ERR_TOO_SMALL, and nothing useful in the buffer, when `size` is less; a null buffer
 * asks for the size). amdvi_restore() takes it into a device of the same configuration, in this or another
 * process; memory is the caller's to move. The guest calls do the same for one guest's registers and rings;
 * its maps are memory. What a processor has put into the guest's register slot in memory, and the device has
 * not looked at since, is not in it: read those registers first (amdvi_vf_read()). Damaged bytes give
 * AMDVI_ERR_CORRUPT, another version AMDVI_ERR_UNSUPPORTED, another configuration or kind AMDVI_ERR_ARGUMENT,
 * and change nothing. Restoring a device sets its statistics back to 0 and empties its caches, as a reset
 * does; observers stay and are told (AMDVI_CALL_RESTORE); restoring a guest leaves statistics and caches as
 * they are. AMDVI_ERR_BUSY: a device has yet to answer an invalidation of that guest. When memory runs out,
 * AMDVI_ERR_NO_MEMORY, amdvi_restore() leaves a device as after amdvi_reset().
 */
enum amdvi_status amdvi_save(const struct amdvi_device *device, void *buffer, size_t size, size_t *needed);
/* Takes what amdvi_save() wrote into `device`. */
enum amdvi_status amdvi_restore(struct amdvi_device *device, const void *buffer, size_t size);
/* Like amdvi_save(), of one guest. */
enum amdvi_status amdvi_guest_save(const struct amdvi_device *device, uint16_t guest_id, void *buffer,
                                   size_t size, size_t *needed);
/* Takes what amdvi_guest_save() wrote into a guest of `device`; its GuestID may be another one. */
enum amdvi_status amdvi_guest_restore(struct amdvi_device *device, uint16_t guest_id, const void *buffer,
                                      size_t size);

/* The device's clock, nanoseconds from reset: only time-outs look at it. Never goes back. */
enum amdvi_status amdvi_advance(struct amdvi_device *device, uint64_t nanoseconds);

/* ------------------------------------------------------------------------------ requests */

enum amdvi_op { AMDVI_READ, AMDVI_WRITE, AMDVI_EXECUTE, AMDVI_ATOMIC };

/* PCIe address type [9.1]. */
enum amdvi_at { AMDVI_UNTRANSLATED, AMDVI_TRANSLATION_REQUEST, AMDVI_TRANSLATED };

enum { AMDVI_RIGHT_READ = 1, AMDVI_RIGHT_WRITE = 2, AMDVI_RIGHT_EXEC = 4 };

struct amdvi_request {
    uint16_t device;
    uint8_t op; /* enum amdvi_op */
    uint8_t at; /* enum amdvi_at */
    bool has_pasid;
    bool privileged;
    bool execute;   /* translation request: ask for execute permission */
    bool no_write;  /* translation request: NW flag */
    uint32_t pasid; /* 20 bits */
    uint64_t address;
    uint64_t length; /* bytes, 1 to 2^30 (1 GiB), not beyond the end of the 64-bit address space */
};

/* What the requester sees when a request fails. No rule of the reference makes this library answer with
 * zeros: AMDVI_REPLY_ZERO is there because traces of other implementations may say so (reply=zero). */
enum amdvi_reply { AMDVI_REPLY_NONE, AMDVI_REPLY_ABORT, AMDVI_REPLY_ZERO, AMDVI_REPLY_DROP };

struct amdvi_fault {
    uint8_t reason;   /* enum amdvi_reason */
    uint8_t event;    /* enum amdvi_evt; 0: the architecture knows no event for this reason */
    uint8_t reply;    /* enum amdvi_reply */
    bool logged;      /* a record was written */
    uint16_t flags;   /* record bits 59:48 [7.2] */
    uint8_t vflags;   /* record bits 31:27 */
    uint16_t domain;  /* valid without the GN flag */
    uint32_t pasid;   /* valid with the GN flag */
    uint64_t address; /* address field of the record */
};

struct amdvi_result {
    bool ok;
    bool identity; /* not translated; `size` is then 4096, the page that this is true of, or 4 for an
                      interrupt */
    uint8_t perm;  /* AMDVI_RIGHT_* granted; execute only if it was asked for */
    bool untranslated_only, no_snoop_forbidden, global, privileged_page; /* ATS attributes [9.2] */
    uint64_t pa;                                                         /* SPA of the first byte */
    uint64_t size;                                                       /* page size of the walk */
    uint64_t covered;         /* bytes from `pa` that this one translation covers */
    struct amdvi_fault fault; /* only written when !ok */
};

/*
 * One request; AMDVI_ERR_ARGUMENT when a field of it is outside its range. A request that crosses pages is
 * translated page by page; the first page that faults makes the whole request fail
 * [15 D11]. `result` describes the first page, or the fault. Aligned 4-byte writes without PASID to
 * FEE0_0000h-FEEF_FFFFh are interrupts [8.1]: `pa` is then the remapped address. Moves no data.
 */
enum amdvi_status amdvi_translate(struct amdvi_device *device, const struct amdvi_request *request,
                                  struct amdvi_result *result);

/* Whether the request is taken as an interrupt: an aligned 4-byte write without PASID to
 * FEE0_0000h-FEEF_FFFFh [8.1]. False for null. */
bool amdvi_request_is_interrupt(const struct amdvi_request *request);

/*
 * The same for `count` requests, with many walks under way at once. Results are those of a loop, except where
 * requests of different devices race for an accessed or dirty bit of a shared table entry.
 */
enum amdvi_status amdvi_translate_batch(struct amdvi_device *device, const struct amdvi_request *requests,
                                        struct amdvi_result *results, size_t count);

/* amdvi_translate() and then the data: `data` holds request->length bytes. AMDVI_ERR_MEMORY when the
 * memory behind a good translation fails; part of a write may then be done. */
enum amdvi_status amdvi_dma(struct amdvi_device *device, const struct amdvi_request *request, void *data,
                            struct amdvi_result *result);

struct amdvi_int_result {
    bool ok;
    bool posted;      /* went to a guest's vAPIC page [8.6]; there is no message */
    uint64_t address; /* message that reaches the interrupt controller */
    uint32_t data;
    uint8_t vector;
    uint8_t type; /* delivery type, data bits 10:8 */
    uint32_t destination;
    bool logical;
    struct amdvi_fault fault; /* when !ok */
};

/* A message-signalled interrupt of a device [8]. */
enum amdvi_status amdvi_interrupt(struct amdvi_device *device, uint16_t requester, uint64_t address,
                                  uint32_t data, struct amdvi_int_result *result);

struct amdvi_page_request {
    uint16_t device;
    bool has_pasid, privileged, read, write, execute, last;
    uint32_t pasid;
    uint16_t prg_index; /* 0 to 511 */
    uint64_t address;
};

struct amdvi_page_request_result {
    bool ok; /* an entry was logged */
    struct amdvi_fault fault;
};

/* A PCIe page request [7.7, 9.4]. AMDVI_ERR_ARGUMENT, and nothing happens, when a number does not fit its
 * field: `pasid` 20 bits, `prg_index` 9 bits. */
enum amdvi_status amdvi_page_request(struct amdvi_device *device, const struct amdvi_page_request *request,
                                     struct amdvi_page_request_result *result);

/*
 * How the ring of a guest shares the command processor with those of others, which the specification leaves
 * open [viommu 11 #34]. Turns go round; each is of `weight` times viommu.commands_per_turn commands. A guest
 * with `commands` gets no more than so many in each `period_ns` of the device's clock (amdvi_advance()), and
 * goes on in a run (amdvi_run()) of the next period. It is a setting of the host's, like configuration keys:
 * not part of what is saved, and gone with amdvi_reset().
 */
struct amdvi_guest_share {
    uint32_t weight;    /* 1 to 65535 */
    uint32_t commands;  /* 0: no cap */
    uint64_t period_ns; /* with `commands`: 1 or more */
};

/* AMDVI_ERR_ARGUMENT for a null pointer or a number out of range, AMDVI_ERR_UNSUPPORTED without HW-vIOMMU or
 * for a GuestID that the device rejects, AMDVI_ERR_NO_MEMORY, AMDVI_ERR_BUSY from inside a callback. */
enum amdvi_status amdvi_set_guest_share(struct amdvi_device *device, uint16_t guest_id,
                                        const struct amdvi_guest_share *share);

/* When, by the device's clock in nanoseconds, the first guest that its cap holds back may go on; UINT64_MAX:
 * none is held back. */
enum amdvi_status amdvi_guest_share_next(const struct amdvi_device *device, uint64_t *when);

/* A device finished the invalidation `tag` that it had answered with AMDVI_ATC_PENDING. Unknown tags give
 * AMDVI_ERR_ARGUMENT and change nothing: such as those that timed out, or whose guest was reset meanwhile
 * (RESET_VMMIO: its commands in flight are nobody's any more). */
enum amdvi_status amdvi_atc_complete(struct amdvi_device *device, uint32_t tag);

/* "host page not present": never null. */
const char *amdvi_reason_text(unsigned reason);
/* "IO_PAGE_FAULT"; null for codes without a name. */
const char *amdvi_event_name(unsigned code);

/* ------------------------------------------------------------------------------ looking inside */

/* Where an access of the device to memory comes from. */
enum amdvi_access {
    AMDVI_ACCESS_DTE,
    AMDVI_ACCESS_HOST_ENTRY,
    AMDVI_ACCESS_GCR3_ENTRY,
    AMDVI_ACCESS_GUEST_ENTRY,
    AMDVI_ACCESS_IRTE,
    AMDVI_ACCESS_COMMAND,
    AMDVI_ACCESS_LOG,
    AMDVI_ACCESS_STORE, /* COMPLETION_WAIT */
    AMDVI_ACCESS_VAPIC,
    AMDVI_ACCESS_MAP,  /* DevIDMap, DomIDMap, private space */
    AMDVI_ACCESS_DATA, /* a device's own data */
};

struct amdvi_access_info {
    enum amdvi_access access;
    bool write;
    /* Answered by a cache, not by memory: by `cache`, an enum amdvi_cache. Of an entry of the device table or
     * of an interrupt table, address and value are what memory would have shown. Of a directory or a
     * translation a cache knows only where it leads: `address` is that table or page, `length` 0. */
    bool cached;
    uint8_t cache;
    uint8_t level;     /* of a table entry, from 1 */
    uint64_t address;  /* SPA */
    uint64_t value[4]; /* as many as `length` bytes fill */
    uint32_t length;
    enum amdvi_memory_result result;
    const void *data; /* all `length` bytes, until the callback returns; null when the access failed */
};

struct amdvi_command_info {
    bool guest;
    uint16_t guest_id;
    uint64_t address; /* SPA or GPA of the command */
    uint64_t words[2];
    uint64_t executed[2]; /* with host IDs */
    bool legal;
};

enum amdvi_log { AMDVI_LOG_EVENT, AMDVI_LOG_PPR, AMDVI_LOG_GA };

struct amdvi_event_info {
    bool guest;
    uint16_t guest_id;
    bool logged;
    uint64_t record[2];
    uint64_t index; /* of a logged record, from 0 since the log's enable bit rose */
    enum amdvi_log log;
};

/* What a cache, not memory, has answered for one page of a request or for one interrupt. */
struct amdvi_hit_info {
    uint32_t caches; /* bit n: something came from enum amdvi_cache n */
    uint16_t device;
    const struct amdvi_request *request; /* null: an interrupt */
    const struct amdvi_result *result;   /* of the page at `address`; null: an interrupt */
    const struct amdvi_int_result *message;
    uint64_t address; /* of the page's part of the request, or of the message */
    uint32_t data;    /* of the message */
    uint16_t domain;
    bool guest; /* translated by guest tables: `pasid` counts */
    uint32_t pasid;
    /* No request of a device: the IOMMU's own access to a guest's buffer (TransDevID) or to the private
     * space, told once for each lookup that needed no walk. `request` and `result` describe it all the same.
     */
    bool own;
};

/* Which call on the device begins. */
enum amdvi_call {
    AMDVI_CALL_REGISTERS, /* of any space: MMIO, PCI, VF, VF Control */
    AMDVI_CALL_REQUEST,   /* not told when a cache answers: nothing happens then before `request` is told */
    AMDVI_CALL_INTERRUPT,
    AMDVI_CALL_PAGE_REQUEST,
    AMDVI_CALL_RUN,
    AMDVI_CALL_RESET,
    AMDVI_CALL_ADVANCE,      /* `value`: nanoseconds */
    AMDVI_CALL_ATC_COMPLETE, /* `value`: tag */
    AMDVI_CALL_MAP_FILL,     /* the arguments of amdvi_guest_map_fill() */
    AMDVI_CALL_RESTORE,
    AMDVI_CALL_GUEST_RESTORE, /* `guest_id` */
};

struct amdvi_call_info {
    enum amdvi_call call;
    uint64_t value;
    uint16_t guest_id;
    enum amdvi_guest_map map;
    uint32_t first, count;
    uint16_t host_id, queue_id;
    bool valid;
};

/* The one tap: recorders, lint, statistics and explanations hang on it. Functions may be null; they must
 * not call the device. */
struct amdvi_observer {
    void *context;
    /* Requests take the long way while somebody listens to this one: cached answers are told, too (but see
     * `vouch`). */
    void (*access)(void *context, const struct amdvi_access_info *info);
    void (*request)(void *context, const struct amdvi_request *request, const struct amdvi_result *result);
    void (*interrupt)(void *context, uint16_t requester, uint64_t address, uint32_t data,
                      const struct amdvi_int_result *result);
    void (*command)(void *context, const struct amdvi_command_info *info);
    void (*event)(void *context, const struct amdvi_event_info *info);
    void (*mmio)(void *context, bool write, uint64_t offset, unsigned size, uint64_t value);
    /* Requests take the long way while somebody listens to this one. */
    void (*hit)(void *context, const struct amdvi_hit_info *info);
    /* Accesses to a guest's VF MMIO page or, with `control`, to its VF Control block: writes before they take
     * effect, reads after. */
    void (*guest_mmio)(void *context, uint16_t guest_id, bool control, bool write, uint64_t offset,
                       unsigned size, uint64_t value);
    /* Before anything that the call does, once its arguments are known to be good. */
    void (*call)(void *context, const struct amdvi_call_info *info);
    /* PCI configuration space: writes before they take effect, reads after. */
    void (*pci)(void *context, bool write, unsigned offset, unsigned size, uint64_t value);
    void (*page_request)(void *context, const struct amdvi_page_request *request,
                         const struct amdvi_page_request_result *result);
    /* What the callbacks of the device are told, after them. */
    void (*irq)(void *context, const struct amdvi_irq *irq);
    void (*atc_invalidate)(void *context, const struct amdvi_atc_invalidation *invalidation,
                           enum amdvi_atc_answer answer);
    void (*prg_response)(void *context, const struct amdvi_prg_response *response);
    /* With `access` or `hit`: a cache is about to answer an untranslated request inside one page. True when
     * this observer need not be told of it: `access` and `hit` are then left out, and `request` may be. Asked
     * only where it is the one observer with either of them. Without it all requests take the long way. */
    bool (*vouch)(void *context, const struct amdvi_request *request, const struct amdvi_result *result);
};

/*
 * The host's own observer: takes the place of the one that was set by this call before; null takes it off.
 * The structure is copied. Others stay: those attached below, and those of a lint or a recorder.
 */
enum amdvi_status amdvi_observe_sized(struct amdvi_device *device, const struct amdvi_observer *observer,
                                      size_t size);
/* amdvi_observe_sized() with the structure of this header. */
static inline enum amdvi_status amdvi_observe(struct amdvi_device *device,
                                              const struct amdvi_observer *observer)
{
    return amdvi_observe_sized(device, observer, sizeof(*observer));
}

struct amdvi_observation;

/*
 * One observer more, any number of them. They are told in the order in which they were attached, the one of
 * amdvi_observe() first. `observation` is for amdvi_observer_detach(); what is still attached when the device
 * is destroyed goes with it. Reset and restore leave observers attached. AMDVI_ERR_ARGUMENT,
 * AMDVI_ERR_NO_MEMORY; AMDVI_ERR_BUSY from a callback.
 */
enum amdvi_status amdvi_observer_attach_sized(struct amdvi_device *device,
                                              const struct amdvi_observer *observer, size_t size,
                                              struct amdvi_observation **observation);
/* amdvi_observer_attach_sized() with the structure of this header. */
static inline enum amdvi_status amdvi_observer_attach(struct amdvi_device *device,
                                                      const struct amdvi_observer *observer,
                                                      struct amdvi_observation **observation)
{
    return amdvi_observer_attach_sized(device, observer, sizeof(*observer), observation);
}
/* AMDVI_OK also for null. Before amdvi_destroy() of the device. AMDVI_ERR_BUSY from a callback: it stays
 * attached. */
enum amdvi_status amdvi_observer_detach(struct amdvi_observation *observation);

/* Counters since reset. New ones are added at the end. */
struct amdvi_statistics {
    uint64_t requests, passed, translated, faulted, interrupts, interrupts_remapped, interrupts_faulted;
    uint64_t page_requests, ats_requests;
    uint64_t dtc_hits, dtc_misses, ptc_hits, ptc_misses, pdc_hits, pdc_misses, gcr3_hits, gcr3_misses;
    uint64_t itc_hits, itc_misses;
    uint64_t walks, reads_dte, reads_host, reads_guest, reads_gcr3, reads_irte, updates;
    uint64_t commands, commands_by_opcode[16], completion_waits, invalidations;
    uint64_t entries_invalidated;
    uint64_t events, events_by_code[16], events_lost, ppr_entries, ga_entries, own_interrupts;
    uint64_t guest_commands;
    uint64_t parity_errors; /* cache entries thrown away because of injected bit errors */
};

/* Copies the first `size` bytes of the counters; members that the library does not have become 0.
 * AMDVI_ERR_ARGUMENT for null. */
enum amdvi_status amdvi_get_statistics_sized(const struct amdvi_device *device,
                                             struct amdvi_statistics *statistics, size_t size);
/* amdvi_get_statistics_sized() with the structure of this header. */
static inline enum amdvi_status amdvi_get_statistics(const struct amdvi_device *device,
                                                     struct amdvi_statistics *statistics)
{
    return amdvi_get_statistics_sized(device, statistics, sizeof(*statistics));
}

/* How many records were written to a log since its enable bit last rose. The records themselves come
 * through the observer. */
enum amdvi_status amdvi_log_count(const struct amdvi_device *device, enum amdvi_log log, uint64_t *count);

/* The same for the event and PPR logs of a guest. */
enum amdvi_status amdvi_guest_log_count(const struct amdvi_device *device, uint16_t guest_id,
                                        enum amdvi_log log, uint64_t *count);

/* What amdvi_inspect_dte() found. */
struct amdvi_dte_view {
    uint64_t words[4];
    uint64_t address; /* SPA */
    bool cached;
    bool beyond_table;
    bool read_error;
};
/* The device table entry that requests of `requester` meet: cached or from memory, without side effects. */
enum amdvi_status amdvi_inspect_dte(struct amdvi_device *device, uint16_t requester,
                                    struct amdvi_dte_view *view);

enum amdvi_cache {
    AMDVI_CACHE_DTC,
    AMDVI_CACHE_ITC,
    AMDVI_CACHE_PTC,
    AMDVI_CACHE_PDC,
    AMDVI_CACHE_GCR3,
    AMDVI_CACHES
};

/* One live line of a cache, in the terms of that cache. */
struct amdvi_cache_line {
    uint32_t slot;
    uint16_t device; /* DTC, ITC */
    uint16_t domain; /* PTC, PDC, GCR3 */
    bool has_pasid;
    uint32_t pasid;
    uint32_t index; /* ITC */
    uint8_t level;  /* PDC */
    uint8_t kind;   /* PDC: 0 host directory, 2 guest directory */
    uint8_t perm;
    uint64_t address; /* tag */
    uint64_t size;    /* bytes that the line covers */
    uint64_t target;  /* SPA, table, or first word of an entry */
};

/* Live lines from slot `*cursor` on (start with 0); AMDVI_ERR_END after the last one. */
enum amdvi_status amdvi_inspect_cache(const struct amdvi_device *device, enum amdvi_cache cache,
                                      uint32_t *cursor, struct amdvi_cache_line *line);
/* Lines and ways of a cache. AMDVI_ERR_ARGUMENT for null or a number that is no cache. */
enum amdvi_status amdvi_cache_geometry(const struct amdvi_device *device, enum amdvi_cache cache,
                                       uint32_t *entries, uint32_t *ways);

#ifdef __cplusplus
}
#endif

#endif
