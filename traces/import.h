// SPDX-License-Identifier: Apache-2.0
/* What the importers share: one line of somebody else's text becomes a few records. */
#ifndef AMDVI_TRACES_IMPORT_H
#define AMDVI_TRACES_IMPORT_H

#include "internal.h"

#define IMPORT_RECORDS 32 /* most records that one line can become */
#define IMPORT_TEXT    224
#define IMPORT_PAIRS   6
#define IMPORT_WORDS   16

/* 4 PiB: addresses of a real machine are all inside. */
#define IMPORT_RAM "0x10000000000000"

struct import_queue {
    struct amdvi_trace_record record[IMPORT_RECORDS];
    char text[IMPORT_RECORDS][IMPORT_TEXT];
    struct amdvi_trace_pair pairs[IMPORT_PAIRS];
    char pair_text[IMPORT_PAIRS][24];
    size_t next, count;
    uint64_t line;
    uint64_t time;
    bool time_pending; /* the next record carries it */
};

typedef enum amdvi_trace_status (*import_line_fn)(struct amdvi_trace_reader *reader, char *line, size_t len);

/* Gives what is queued, and asks for more lines until something is. */
enum amdvi_trace_status import_next(struct amdvi_trace_reader *reader, struct import_queue *queue,
                                    import_line_fn take, struct amdvi_trace_record *record);

/* Room is for IMPORT_RECORDS; a full queue gives the last place again, so that no input can run over it. */
struct amdvi_trace_record *import_add(struct import_queue *queue, enum amdvi_trace_kind kind);
void import_comment(struct import_queue *queue, const char *format, ...) TRACE_PRINTF(2, 3);
/* A comment at the end of the record that was added last. */
void import_note(struct import_queue *queue, const char *format, ...) TRACE_PRINTF(2, 3);
/* The line itself as a comment. */
void import_verbatim(struct import_queue *queue, const char *line, size_t len);
void import_mmio_write(struct import_queue *queue, uint64_t off, unsigned size, uint64_t value);
/* What the source does not have, as a comment that the readers of our own forms know: it survives the import.
 */
void import_gaps(struct import_queue *queue, const struct amdvi_trace_info *info);
/* Adds KEY=VALUE to a config record that was added before. */
void import_pair(struct import_queue *queue, struct amdvi_trace_record *config, const char *key,
                 const char *format, ...) TRACE_PRINTF(4, 5);
void import_time(struct import_queue *queue, uint64_t ns);

struct import_words {
    char *word[IMPORT_WORDS];
    size_t len[IMPORT_WORDS];
    size_t count;
};
/* Splits at blanks; words beyond the last place stay together in it. */
void import_split(struct import_words *words, char *line, size_t len);
bool import_hex(const struct import_words *words, size_t at, uint64_t *value);
bool import_is(const struct import_words *words, size_t at, const char *text);
/* The number after a word such as "addr". */
bool import_after(const struct import_words *words, const char *name, uint64_t *value);

#endif
