// SPDX-License-Identifier: Apache-2.0
/*
 * A device whose memory is answered later: the surroundings get each question of the device with an id, and
 * answer when they like and in any order. So table reads can go out on a bus, walks overlap, and a write or
 * an invalidation may come between two reads of a walk. There is no clock in it: SystemC, DPI-C,
 * co-simulation and timing stand on top.
 *
 * amdvi_external_attach() names the surroundings. amdvi_submit_request() then leads to calls of their issue()
 * function, each answered by amdvi_memory_done(), and in the end to one of complete() with the request's tag.
 *
 * Rings, logs and registers of guests ask in the same way: amdvi_run() only starts the work on the rings, and
 * what fails completes when its record is written. Calls that answer at once (amdvi_translate() and the like)
 * go on working, through the callbacks of struct amdvi_memory; their records queue up behind those that are
 * on their way and count as written. What is submitted is under way until it completes. An invalidation that
 * covers a translation under way lets it answer, but nothing of it is kept, and the COMPLETION_WAIT behind
 * the invalidation waits for it [6.4].
 */
#ifndef AMDVI_EXTERNAL_H
#define AMDVI_EXTERNAL_H

#include <amdvi/amdvi.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { AMDVI_ASK_BYTES = 64 };

enum amdvi_ask_kind {
    AMDVI_ASK_READ,
    AMDVI_ASK_WRITE,
    AMDVI_ASK_UPDATE, /* compare-exchange of 8 aligned bytes: `desired` replaces `expected` */
};

/* Who asks. */
enum amdvi_asker {
    AMDVI_ASKER_SUBMISSION,  /* something submitted: its tag is told */
    AMDVI_ASKER_HOST_RING,   /* commands of the host */
    AMDVI_ASKER_GUEST_RINGS, /* commands of guests */
    AMDVI_ASKER_LOG,         /* the writer of records */
    AMDVI_ASKERS
};

/*
 * What was used of the device's arrays and of its command processor on the way to a question or to an end,
 * since the question before. The model takes no time for it; whoever keeps time may charge it.
 */
struct amdvi_work {
    uint16_t dtc, itc;      /* lookups of device table and interrupt entries */
    uint16_t ptc;           /* lookups of translations */
    uint16_t ptc_sizes;     /* page sizes that they looked for, one after the other, smallest first */
    uint16_t pdc, gcr3;     /* lookups of directories */
    uint16_t commands;      /* decoded */
    uint16_t invalidations; /* executed */
    /* What invalidations look at. By address or name: sets. By domain or all: every line of the array. */
    uint32_t ptc_sets, pdc_sets, entry_sets;    /* `entry`: of the device and the interrupt table cache */
    uint32_t ptc_lines, pdc_lines, entry_lines; /* `pdc`: the GCR3 cache with it */
};

/* A question of the device to memory. */
struct amdvi_ask {
    uint64_t id; /* for amdvi_memory_done(); never 0, never used twice */
    enum amdvi_ask_kind kind;
    enum amdvi_access access; /* what it is for */
    uint8_t level;            /* of a table entry, from 1 */
    uint32_t length;          /* bytes, 1 to AMDVI_ASK_BYTES, inside one aligned 64-byte line or an entry */
    uint64_t address;         /* SPA */
    uint64_t expected, desired;
    uint8_t data[AMDVI_ASK_BYTES]; /* AMDVI_ASK_WRITE: what is written */
    enum amdvi_asker asker;
    uint64_t tag; /* AMDVI_ASKER_SUBMISSION: as submitted */
    struct amdvi_work work;
};

enum amdvi_submission {
    AMDVI_SUBMITTED_REQUEST,
    AMDVI_SUBMITTED_INTERRUPT,
    AMDVI_SUBMITTED_PAGE_REQUEST,
    AMDVI_SUBMITTED_REGISTER,
    AMDVI_SUBMITTED_PREFETCH,
};

/* How something submitted has ended. Only the members of its kind count; they live as long as the call. */
struct amdvi_completion {
    enum amdvi_submission kind;
    uint64_t tag; /* as submitted */
    /* AMDVI_OK; AMDVI_ERR_BUSY: taken back by amdvi_reset(), nothing else counts; else of a register access
     */
    enum amdvi_status status;
    const struct amdvi_request *request;
    const struct amdvi_result *result;
    const struct amdvi_int_result *interrupt;
    const struct amdvi_page_request_result *page_request;
    uint64_t value;                /* of a register read */
    const struct amdvi_work *work; /* since the last question */
};

/*
 * The surroundings. issue() and complete() may call amdvi_submit_*() and amdvi_memory_done(), also for the
 * very question that they are asked; other calls that change the device give AMDVI_ERR_BUSY from there, and
 * these, too, while everything is taken back (amdvi_external_cancel(), amdvi_reset()).
 */
struct amdvi_external {
    void *context;
    void (*issue)(void *context, const struct amdvi_ask *ask);
    void (*complete)(void *context, const struct amdvi_completion *completion);
    uint32_t most; /* submissions under way at once, 1 to 65536; each takes some 3 KiB while it is */
    /* May be null. Host's or guests' rings have come to their end for now; `work` since their last question.
     * It may call nothing of this device. */
    void (*rested)(void *context, enum amdvi_asker asker, const struct amdvi_work *work);
};

/*
 * Takes the surroundings on, or off with null. The structure is copied. AMDVI_ERR_BUSY while anything is
 * under way, AMDVI_ERR_ARGUMENT when a function is missing or `most` is out of range.
 */
enum amdvi_status amdvi_external_attach(struct amdvi_device *device, const struct amdvi_external *external);

/* Takes everything back that is under way: submissions complete with AMDVI_ERR_BUSY, rings and records that
 * were in the middle of something begin again with their next command. AMDVI_ERR_BUSY from inside a callback,
 * AMDVI_ERR_UNSUPPORTED without surroundings. */
enum amdvi_status amdvi_external_cancel(struct amdvi_device *device);

/* How many submissions are under way. */
enum amdvi_status amdvi_external_pending(const struct amdvi_device *device, uint32_t *count);

/*
 * Submissions. AMDVI_ERR_UNSUPPORTED without surroundings, AMDVI_ERR_BUSY when `most` are under way,
 * AMDVI_ERR_ARGUMENT for what the call that answers at once refuses, AMDVI_ERR_NO_MEMORY. The completion may
 * come before the call returns.
 */
enum amdvi_status amdvi_submit_request(struct amdvi_device *device, const struct amdvi_request *request,
                                       uint64_t tag);
/* A message-signalled interrupt; ends in a completion with `message`. */
enum amdvi_status amdvi_submit_interrupt(struct amdvi_device *device, uint16_t requester, uint64_t address,
                                         uint32_t data, uint64_t tag);
/* A page request; ends in a completion when its record is written or lost. */
enum amdvi_status amdvi_submit_page_request(struct amdvi_device *device,
                                            const struct amdvi_page_request *request, uint64_t tag);

/* Pages that a walker may translate ahead of requests: `count` of 4 KiB, 1 to 256, from `address` on. */
struct amdvi_prefetch {
    uint16_t device;
    bool has_pasid;
    uint32_t pasid;
    uint64_t address;
    unsigned count;
};

/* Walks and keeps what it finds, up to the first page that is not there. It sets no accessed bit, reports no
 * fault and gives nothing back; where a translation would have to set a bit, nothing happens (as
 * PREFETCH_IOMMU_PAGES, 6.4 opcode 6). */
enum amdvi_status amdvi_submit_prefetch(struct amdvi_device *device, const struct amdvi_prefetch *prefetch,
                                        uint64_t tag);

/* Register spaces of a device: offsets and sizes as for the calls that answer at once. */
enum amdvi_register_space { AMDVI_SPACE_MMIO, AMDVI_SPACE_PCI, AMDVI_SPACE_VF, AMDVI_SPACE_VFC };

struct amdvi_register_access {
    enum amdvi_register_space space;
    bool write;
    uint16_t guest_id; /* AMDVI_SPACE_VF and AMDVI_SPACE_VFC */
    unsigned size;
    uint64_t offset;
    uint64_t value; /* of a write */
};

/* Accesses to registers are done one after the other, in the order of their submission. */
enum amdvi_status amdvi_submit_register(struct amdvi_device *device,
                                        const struct amdvi_register_access *access, uint64_t tag);

/*
 * The answer to question `id`: `data` is what was read, or, of an update, the 8 bytes that were there before;
 * null for a write or with an error. AMDVI_ERR_ARGUMENT for an id that is not open, AMDVI_ERR_BUSY from
 * inside a callback other than the surroundings' own.
 */
enum amdvi_status amdvi_memory_done(struct amdvi_device *device, uint64_t id, enum amdvi_memory_result result,
                                    const void *data);

/* The same with the answer that the device's own memory gives now: its direct window, its callbacks. */
enum amdvi_status amdvi_memory_answer(struct amdvi_device *device, uint64_t id);

/* Whether the members of a request are in their ranges. */
bool amdvi_request_is_legal(const struct amdvi_request *request);

/*
 * A request that the caches answer at once and that is nothing special, as amdvi_translate() would answer it:
 * `*answered`. Else nothing has happened, and the request may be submitted. `work` is what a hit takes.
 */
enum amdvi_status amdvi_answer_cached(struct amdvi_device *device, const struct amdvi_request *request,
                                      struct amdvi_result *result, struct amdvi_work *work, bool *answered);

#ifdef __cplusplus
}
#endif

#endif
