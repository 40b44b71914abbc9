// SPDX-License-Identifier: Apache-2.0
/* Inside of a recorder: the action under way, what is expected of it, and the memory of the trace. */
#ifndef AMDVI_TRACES_RECORDER_INTERNAL_H
#define AMDVI_TRACES_RECORDER_INTERNAL_H

#include "amdvi/recorder.h"
#include "traces/replay_internal.h"

enum { RECORDER_ACTIONS = 2, RECORDER_IRQ_KINDS = 5 };

/* An expect_* record; `raw` is what its bytes point to. */
struct expected {
    struct amdvi_trace_record record;
    uint8_t raw[16];
};

/* A range of memory that the device has written. */
struct written {
    uint64_t spa;
    uint64_t length;
};

/* An interrupt of a guest's virtual IOMMU. */
struct guest_raised {
    uint16_t gid;
    uint8_t kind; /* enum amdvi_trace_irq */
    uint64_t count;
};

/*
 * One action is held back until the next begins: memory that it reads has to stand before it, and what
 * follows from it behind it.
 */
struct action {
    struct amdvi_trace_record record[RECORDER_ACTIONS]; /* an 8-byte access of PCI space is two */
    unsigned records;
    bool answered;
    struct amdvi_trace_record answer;
    char answer_data[32];
    struct amdvi_call_info fill; /* with `filling`: DID-map writes in bulk */
    bool filling;
    struct list expected; /* struct expected */
    struct list written;  /* struct written */
    struct list guests;   /* struct guest_raised */
    uint64_t raised[RECORDER_IRQ_KINDS];
    /* a write that moves data */
    bool takes_data;
    uint8_t *data;
    size_t data_room, data_length;
    struct list moved; /* struct written */
};

struct amdvi_recorder {
    struct amdvi_device *device;
    struct amdvi_observation *observation;
    struct amdvi_trace_writer *writer;
    struct amdvi_sparse *memory; /* as a player of the trace has it */
    struct amdvi_sparse *read;   /* has the pages that the device has read from; null: no scans */
    uint64_t ram;
    bool timed;
    uint64_t now;
    struct action action;
    struct amdvi_recorder_statistics statistics;
    enum amdvi_trace_status status; /* the first error; nothing is written after it */
    bool finished;
};

/* recorder.c */
void recorder_fail(struct amdvi_recorder *recorder, enum amdvi_trace_status status);
/* Writes one record at once. */
void recorder_write(struct amdvi_recorder *recorder, struct amdvi_trace_record *record);
/* Writes the action under way and what is expected of it. */
void recorder_flush(struct amdvi_recorder *recorder);
/* One more record of the action under way. */
struct amdvi_trace_record *recorder_act(struct amdvi_recorder *recorder, enum amdvi_trace_kind kind);

/* recorder_config.c */
void recorder_config(struct amdvi_recorder *recorder, const struct amdvi_config *config);

/* recorder_observer.c */
extern const struct amdvi_observer recorder_observer;

/* recorder_memory.c */
void recorder_access(struct amdvi_recorder *recorder, const struct amdvi_access_info *info);
/* Makes the trace's memory hold these bytes, by `mem` records where it differs. */
void recorder_establish(struct amdvi_recorder *recorder, uint64_t spa, const uint8_t *bytes, size_t length);
void recorder_expect_written(struct amdvi_recorder *recorder);
void recorder_write_moved(struct amdvi_recorder *recorder);

/* recorder_scan.c */
void recorder_remember_read(struct amdvi_recorder *recorder, uint64_t spa, size_t length);

/* recorder_expect.c */
struct amdvi_trace_record *recorder_expect(struct amdvi_recorder *recorder, enum amdvi_trace_kind kind,
                                           const uint64_t raw[2]);
void recorder_event(struct amdvi_recorder *recorder, const struct amdvi_event_info *info);
void recorder_irq(struct amdvi_recorder *recorder, const struct amdvi_irq *irq);
void recorder_expect_irqs(struct amdvi_recorder *recorder);
/* The logs of all guests may count from 0 again. */
void recorder_forget_guests(struct amdvi_recorder *recorder);

#endif
