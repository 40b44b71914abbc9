// SPDX-License-Identifier: Apache-2.0
#ifndef AMDVI_TRACES_REPLAY_INTERNAL_H
#define AMDVI_TRACES_REPLAY_INTERNAL_H

#include "amdvi/layout.h"
#include "amdvi/replay.h"
#include "amdvi/timed.h"

enum { REPLAY_TEXT = 512, IRQ_KINDS = 5 };

/* A growing array of plain structures. */
struct list {
    void *items;
    size_t count, room, item_bytes;
};

struct logged {
    uint64_t record[2];
};

/* A record of a guest's log, kept in the order they came. */
struct guest_logged {
    uint16_t gid;
    uint8_t log; /* enum amdvi_log */
    uint64_t index;
    uint64_t record[2];
};

struct atc_seen {
    uint16_t dev;
    bool has_pasid;
    uint32_t pasid;
    uint64_t addr, size;
};

struct prg_seen {
    uint16_t dev;
    bool has_pasid;
    uint32_t pasid;
    uint16_t index;
    uint8_t code;
};

struct irq_seen {
    uint64_t count;
    uint64_t vectors[4]; /* bit set of those seen */
    uint8_t last_vector;
};

struct guest_irq {
    uint16_t gid;
    uint8_t kind; /* enum amdvi_trace_irq */
    struct irq_seen seen;
};

enum request_kind { REQUEST_NONE, REQUEST_DMA, REQUEST_INT, REQUEST_PRI };

/* The request just above, as expectations refer to it. */
struct last_request {
    enum request_kind kind;
    bool stated; /* an expectation spoke of it */
    uint64_t stated_line;
    struct amdvi_trace_record record;
    struct amdvi_request rq;
    struct amdvi_result result;
    struct amdvi_int_result message;
    struct amdvi_page_request_result page;
    bool data_failed;
    uint64_t answered; /* under time: ns */
};

/* With timing=on; see replay_timed.c. */
struct replay_time {
    struct amdvi_timed_parameters parameters;
    bool has_parameters;
    struct amdvi_timed *timed; /* null without time */
    bool ended;                /* what was submitted last */
    enum amdvi_status status;
    uint64_t value;    /* of a register */
    uint64_t answered; /* ns */
};

struct amdvi_replay {
    struct amdvi_replay_options options;
    struct amdvi_config *config;
    struct amdvi_sparse *memory;
    struct amdvi_device *device;
    struct amdvi_observation *observation; /* goes with the device */
    struct amdvi_lint *lint;               /* null without one */
    uint64_t lint_ns;
    bool autorun;
    struct amdvi_replay_counts counts;
    struct last_request last;
    struct list logs[3];    /* enum amdvi_log: struct logged */
    struct list guest_logs; /* struct guest_logged, of all guests */
    struct list guest_irqs; /* struct guest_irq */
    struct list atc, prg;
    struct irq_seen irqs[IRQ_KINDS]; /* enum amdvi_trace_irq */
    bool out_of_memory;
    char error[REPLAY_TEXT];
    struct replay_time time;
    uint8_t *data; /* for requests that move data */
    size_t data_room;
};

/* Which figure of the counts a check belongs to. */
enum check_class { CHECK_TRANSLATION, CHECK_INTERRUPT, CHECK_STORE, CHECK_REGISTER, CHECK_OTHER };

/* A check under way: collects what differs. */
struct check {
    char expected[REPLAY_TEXT], got[REPLAY_TEXT];
    bool failed;
};

void check_fail(struct check *check, const char *expected, const char *got);
void check_number(struct check *check, const char *key, uint64_t expected, uint64_t got);
void check_text(struct check *check, const char *key, const char *expected, const char *got);
void check_bytes(struct check *check, const char *key, const uint8_t *expected, const uint8_t *got,
                 size_t length);
void check_flags(struct check *check, const struct amdvi_trace_record *record, unsigned event, uint64_t got);
void check_report(struct amdvi_replay *replay, const struct amdvi_trace_record *record,
                  enum check_class class, const struct check *check);

enum amdvi_replay_status replay_fail(struct amdvi_replay *replay, const struct amdvi_trace_record *record,
                                     const char *format, ...) __attribute__((format(printf, 3, 4)));

/* replay_list.c */
bool list_add(struct list *list, const void *item);
void list_remove(struct list *list, size_t index);
void list_free(struct list *list);

/* replay_device.c */
enum amdvi_status replay_set(struct amdvi_replay *replay, const struct amdvi_trace_pair *pair);
/* "FILE:LINE: config KEY=VALUE: why", where `what` is "config". */
enum amdvi_replay_status replay_setting_failed(struct amdvi_replay *replay,
                                               const struct amdvi_trace_record *record, const char *what,
                                               const struct amdvi_trace_pair *pair, enum amdvi_status status);
enum amdvi_replay_status replay_start(struct amdvi_replay *replay, const struct amdvi_trace_record *record);
enum amdvi_replay_status replay_run(struct amdvi_replay *replay, const struct amdvi_trace_record *record);
enum amdvi_replay_status replay_reset(struct amdvi_replay *replay, const struct amdvi_trace_record *record);
enum amdvi_replay_status replay_memfile(struct amdvi_replay *replay, const struct amdvi_trace_record *record);
uint8_t *replay_room(struct amdvi_replay *replay, size_t bytes);

/* replay_lint.c: before each record that acts. */
enum amdvi_status replay_lint_start(struct amdvi_replay *replay);
void replay_lint_record(struct amdvi_replay *replay, const struct amdvi_trace_record *record);

/* replay_timed.c: answers of requests are in replay->last. */
bool replay_time_is_setting(const char *key);
enum amdvi_status replay_time_set(struct replay_time *time, const char *key, const char *value);
enum amdvi_status replay_time_start(struct amdvi_replay *replay);
enum amdvi_status replay_time_pass(struct replay_time *time, const struct amdvi_trace_record *record);
enum amdvi_status replay_time_translate(struct replay_time *time, const struct amdvi_request *request);
enum amdvi_status replay_time_interrupt(struct replay_time *time, uint16_t device, uint64_t address,
                                        uint32_t data);
enum amdvi_status replay_time_page_request(struct replay_time *time,
                                           const struct amdvi_page_request *request);
enum amdvi_status replay_time_register(struct replay_time *time, struct amdvi_register_access *access);
enum amdvi_status replay_time_run(struct amdvi_replay *replay);

/* replay_guest.c */
void guest_log_keep(struct amdvi_replay *replay, const struct amdvi_event_info *info);
const uint64_t *guest_log_find(const struct amdvi_replay *replay, uint16_t gid, enum amdvi_log log,
                               uint64_t index);
struct irq_seen *guest_irq_of(struct amdvi_replay *replay, uint16_t gid, uint8_t kind);

/* answer.c: what came out of a request as an `ok` or `fault` record. `data` holds the record's data= text. */
uint64_t answer_flags(const struct amdvi_fault *fault);
uint64_t answer_reply(const struct amdvi_fault *fault);
uint64_t answer_page_flags(uint64_t flags);
void answer_fault(const struct amdvi_fault *fault, struct amdvi_trace_record *record);
void answer_translation(const struct amdvi_result *result, struct amdvi_trace_record *record);
void answer_message(const struct amdvi_int_result *m, struct amdvi_trace_record *record, char *data,
                    size_t size);
void answer_page_request(const struct amdvi_page_request_result *result, struct amdvi_trace_record *record);

/* replay_request.c */
enum amdvi_replay_status replay_request(struct amdvi_replay *replay, const struct amdvi_trace_record *record);
enum amdvi_replay_status replay_answer(struct amdvi_replay *replay, const struct amdvi_trace_record *record);
void replay_state_result(struct amdvi_replay *replay);

/* replay_expect.c */
enum amdvi_replay_status replay_expect(struct amdvi_replay *replay, const struct amdvi_trace_record *record);
enum amdvi_replay_status replay_register(struct amdvi_replay *replay,
                                         const struct amdvi_trace_record *record);

#endif
