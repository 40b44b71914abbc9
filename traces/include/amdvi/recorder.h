// SPDX-License-Identifier: Apache-2.0
/*
 * A recorder: writes a trace of everything that is done to a device, in any host, so that replaying it gives
 * the same results bit by bit.
 *
 *     struct amdvi_recorder_options options = {.config = config, .form = AMDVI_TRACE_FORM_BINARY,
 *                                              .write = amdvi_trace_write_to_file, .context = file};
 *     struct amdvi_recorder *recorder;
 *     amdvi_create(config, &memory, &callbacks, NULL, &device);
 *     amdvi_recorder_create(device, &options, &recorder);
 *     // ...                                 the device works as always
 *     amdvi_recorder_finish(recorder);       // the rest is written
 *     amdvi_recorder_destroy(recorder);      // before amdvi_destroy()
 *
 * What is written: the configuration; every access to registers, PCI configuration space, VF and VF Control
 * pages; amdvi_run() (the trace has autorun=0) and amdvi_reset(); every request, with its data where a write
 * moved data, and its result; log records, interrupts, PRG responses, ATC invalidations and all that the
 * device wrote into memory, as expectations.
 *
 * Memory. A host cannot see the stores of its software. The recorder therefore keeps what the trace has
 * established so far (a sparse copy: pages that hold anything but zero) and compares it with what the device
 * reads; where they differ, a `mem` record goes before the action that read. Memory that the device never
 * reads is not in the trace.
 *
 * What a trace cannot say, and `inexact` counts: ATC invalidations that a device answers late, restored
 * state, memory that fails or is written by somebody else while the device is at work. A plan of faults is
 * reproduced when it stands in the configuration (inject.plan), not when amdvi_inject() sets it. The device's
 * clock (amdvi_advance()) becomes a comment; amdvi_guest_map_fill() the single writes that
 * it stands for, which look into caches more often. What a read gets is not recorded; a read that moves the
 * data of several pages looks into caches twice for all but the first, which replay does not.
 *
 * Attach a recorder to a device as amdvi_create() or amdvi_reset() leaves it. It costs a comparison for each
 * memory access and a record for each action. One recorder belongs to one device and its thread.
 */
#ifndef AMDVI_RECORDER_H
#define AMDVI_RECORDER_H

#include "amdvi/amdvi.h"
#include "amdvi/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

struct amdvi_recorder;

struct amdvi_recorder_options {
    const struct amdvi_config *config; /* that the device was created with; used by the create call only */
    enum amdvi_trace_form form;
    amdvi_trace_write_fn write; /* takes the bytes of the trace; must outlive the recorder */
    void *context;              /* of `write` */
    uint64_t ram;               /* bytes of memory from address 0, for the trace; 0: as configured */
    uint64_t memory_limit;      /* most bytes of host memory for the copy; 0: no limit */
    bool scans; /* amdvi_recorder_scan() will be called: what the device reads is remembered */
};

struct amdvi_recorder_statistics {
    uint64_t actions;      /* accesses, requests, runs, resets */
    uint64_t memory_bytes; /* in `mem` records */
    uint64_t expectations; /* results and all else that replay checks */
    uint64_t inexact;      /* what replay may do otherwise, see above */
};

/*
 * Attaches a recorder and writes the configuration. `options` is copied. AMDVI_TRACE_ERR_ARGUMENT for a null
 * pointer or a `ram` beyond 2^52, AMDVI_TRACE_ERR_MEMORY, AMDVI_TRACE_ERR_IO when `write` refuses.
 */
enum amdvi_trace_status amdvi_recorder_create(struct amdvi_device *device,
                                              const struct amdvi_recorder_options *options,
                                              struct amdvi_recorder **recorder);

/*
 * Detaches from the device and writes what is pending, the numbers of log records, and the index of the
 * binary form. The first error of the whole recording: AMDVI_TRACE_ERR_IO when `write` refused,
 * AMDVI_TRACE_ERR_MEMORY; the trace ends where it happened. Calling it again gives the same answer.
 */
enum amdvi_trace_status amdvi_recorder_finish(struct amdvi_recorder *recorder);

/* Detaches, if that is still to be done, without finishing the trace. Null does nothing. */
void amdvi_recorder_destroy(struct amdvi_recorder *recorder);

/* Records from here on carry this time, t= in nanoseconds. */
enum amdvi_trace_status amdvi_recorder_time(struct amdvi_recorder *recorder, uint64_t nanoseconds);

/*
 * A host that does see a store of its software, after it happened: goes into the trace at once, whether the
 * device reads it or not, if it changes anything. AMDVI_TRACE_ERR_RANGE beyond the trace's `ram`.
 */
enum amdvi_trace_status amdvi_recorder_store(struct amdvi_recorder *recorder, uint64_t spa, const void *bytes,
                                             size_t length);

/* Reads memory as software sees it now; false where there is none. At most 4096 bytes, within one page. */
typedef bool (*amdvi_recorder_read_fn)(void *context, uint64_t spa, void *bytes, size_t length);

/*
 * Compares all pages from which the device has read with memory now: what software has changed goes into the
 * trace here, not when the device reads it the next time. For hosts that see no stores; before each doorbell
 * is a good time, since then the trace has tables as they were when the driver called. What stands in other
 * pages is told by amdvi_recorder_store(): the first commands of a ring, above all. AMDVI_TRACE_ERR_ARGUMENT
 * without `scans` in the options.
 */
enum amdvi_trace_status amdvi_recorder_scan(struct amdvi_recorder *recorder, amdvi_recorder_read_fn read,
                                            void *context);

/* A comment line; `text` without line ends. */
enum amdvi_trace_status amdvi_recorder_comment(struct amdvi_recorder *recorder, const char *text);

/* What was recorded so far. AMDVI_TRACE_ERR_ARGUMENT for null. */
enum amdvi_trace_status amdvi_recorder_get_statistics(const struct amdvi_recorder *recorder,
                                                      struct amdvi_recorder_statistics *statistics);

#ifdef __cplusplus
}
#endif

#endif
