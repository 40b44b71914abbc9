// SPDX-License-Identifier: Apache-2.0
/*
 * Traces: what happened to an AMD IOMMU, one record after the other.
 *
 * A trace is opened by content (text form, binary form, or one of the captures that other tools write) and
 * read as one neutral stream of records. A record is a kind, a set of keys and their values. One grammar
 * table says which keys a kind takes; it drives the parser, the printer, the binary coding and the listing
 * for users.
 *
 *     struct amdvi_trace_error error;
 *     struct amdvi_trace_reader *reader;
 *     struct amdvi_trace_record record;
 *     enum amdvi_trace_status status = amdvi_trace_open(path, NULL, &reader, &error);
 *     while (status == AMDVI_TRACE_OK && (status = amdvi_trace_next(reader, &record)) == AMDVI_TRACE_OK)
 *         use(&record);
 *     if (status != AMDVI_TRACE_END)
 *         puts(reader ? amdvi_trace_last_error(reader)->text : error.text);
 *     amdvi_trace_close(reader);
 *
 * A reader or writer belongs to one thread at a time; there is no global state. Strings and bytes of a record
 * belong to the reader and stay valid until the next call on it.
 */
#ifndef AMDVI_TRACE_H
#define AMDVI_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero and positive values are outcomes, negative ones are errors. */
enum amdvi_trace_status {
    AMDVI_TRACE_OK = 0,           /* done; from amdvi_trace_next(): here is a record */
    AMDVI_TRACE_END = 1,          /* the input ended where it should */
    AMDVI_TRACE_TRUNCATED = 2,    /* the input ended too early; everything before was delivered */
    AMDVI_TRACE_ERR_SYNTAX = -1,  /* the text cannot be understood */
    AMDVI_TRACE_ERR_CORRUPT = -2, /* binary or compressed bytes are damaged */
    AMDVI_TRACE_ERR_VERSION = -3, /* written by a newer version */
    AMDVI_TRACE_ERR_IO = -4,
    AMDVI_TRACE_ERR_MEMORY = -5,
    AMDVI_TRACE_ERR_RANGE = -6,       /* a record number, size or limit that is not there */
    AMDVI_TRACE_ERR_UNSUPPORTED = -7, /* this source cannot do that */
    AMDVI_TRACE_ERR_ARGUMENT = -8,    /* the caller's record or argument is not valid */
};

/* The name of a status in words; never null. */
const char *amdvi_trace_status_name(enum amdvi_trace_status status);

struct amdvi_trace_error {
    enum amdvi_trace_status status;
    uint64_t line;  /* 0: not about a line */
    char text[512]; /* "FILE:LINE: message" */
};

/* ------------------------------------------------------------------------------------------------ records */

enum amdvi_trace_kind {
    AMDVI_TRACE_KIND_HEADER,  /* "amdvi-trace 1"; delivered with keep_layout only */
    AMDVI_TRACE_KIND_COMMENT, /* a whole comment line; keep_layout only */
    AMDVI_TRACE_KIND_BLANK,   /* an empty line; keep_layout only */
    AMDVI_TRACE_KIND_CONFIG,
    AMDVI_TRACE_KIND_MEM,
    AMDVI_TRACE_KIND_FILL,
    AMDVI_TRACE_KIND_MEMFILE,
    AMDVI_TRACE_KIND_MMIO_WRITE,
    AMDVI_TRACE_KIND_MMIO_READ,
    AMDVI_TRACE_KIND_PCI_WRITE,
    AMDVI_TRACE_KIND_PCI_READ,
    AMDVI_TRACE_KIND_VF_WRITE,
    AMDVI_TRACE_KIND_VF_READ,
    AMDVI_TRACE_KIND_VFC_WRITE,
    AMDVI_TRACE_KIND_VFC_READ,
    AMDVI_TRACE_KIND_RUN,
    AMDVI_TRACE_KIND_DMA,
    AMDVI_TRACE_KIND_ATS,
    AMDVI_TRACE_KIND_PRI,
    AMDVI_TRACE_KIND_INT,
    AMDVI_TRACE_KIND_OK,
    AMDVI_TRACE_KIND_FAULT,
    AMDVI_TRACE_KIND_EXPECT_MEM,
    AMDVI_TRACE_KIND_EXPECT_EVENT,
    AMDVI_TRACE_KIND_EXPECT_PPR,
    AMDVI_TRACE_KIND_EXPECT_GA,
    AMDVI_TRACE_KIND_EXPECT_COUNT,
    AMDVI_TRACE_KIND_EXPECT_PRG,
    AMDVI_TRACE_KIND_EXPECT_IRQ,
    AMDVI_TRACE_KIND_EXPECT_ATC_INV,
    AMDVI_TRACE_KIND_RESET, /* behind the others: the number of a kind is its code in the binary form */
    AMDVI_TRACE_KINDS
};

enum amdvi_trace_key {
    AMDVI_TRACE_KEY_ADDR,
    AMDVI_TRACE_KEY_DATA,
    AMDVI_TRACE_KEY_LEN,
    AMDVI_TRACE_KEY_BYTE,
    AMDVI_TRACE_KEY_FILE,
    AMDVI_TRACE_KEY_OFFSET,
    AMDVI_TRACE_KEY_ZSTD,
    AMDVI_TRACE_KEY_OFF,
    AMDVI_TRACE_KEY_SIZE,
    AMDVI_TRACE_KEY_VALUE,
    AMDVI_TRACE_KEY_MASK,
    AMDVI_TRACE_KEY_GID,
    AMDVI_TRACE_KEY_DEV,
    AMDVI_TRACE_KEY_OP,
    AMDVI_TRACE_KEY_PASID,
    AMDVI_TRACE_KEY_PRIV,
    AMDVI_TRACE_KEY_AT,
    AMDVI_TRACE_KEY_NW,
    AMDVI_TRACE_KEY_EXEC,
    AMDVI_TRACE_KEY_TAG,
    AMDVI_TRACE_KEY_R,
    AMDVI_TRACE_KEY_W,
    AMDVI_TRACE_KEY_X,
    AMDVI_TRACE_KEY_LAST,
    AMDVI_TRACE_KEY_PA,
    AMDVI_TRACE_KEY_PERM,
    AMDVI_TRACE_KEY_VECTOR,
    AMDVI_TRACE_KEY_DEST,
    AMDVI_TRACE_KEY_MODE,
    AMDVI_TRACE_KEY_TYPE,
    AMDVI_TRACE_KEY_KIND,
    AMDVI_TRACE_KEY_REPLY,
    AMDVI_TRACE_KEY_FLAGS,
    AMDVI_TRACE_KEY_LOG,
    AMDVI_TRACE_KEY_INDEX,
    AMDVI_TRACE_KEY_DOM,
    AMDVI_TRACE_KEY_RAW,
    AMDVI_TRACE_KEY_EVENT,
    AMDVI_TRACE_KEY_PPR,
    AMDVI_TRACE_KEY_GA,
    AMDVI_TRACE_KEY_CODE,
    AMDVI_TRACE_KEY_COUNT,
    AMDVI_TRACE_KEY_T,   /* any record: nanoseconds from the start */
    AMDVI_TRACE_KEY_VM,  /* any record: a label, text */
    AMDVI_TRACE_KEY_CPU, /* any record: a label, text */
    AMDVI_TRACE_KEYS
};

/* Values of enumerated keys, as they stand in amdvi_trace_record.num. */
enum amdvi_trace_op {
    AMDVI_TRACE_OP_READ,
    AMDVI_TRACE_OP_WRITE,
    AMDVI_TRACE_OP_EXEC,
    AMDVI_TRACE_OP_ATOMIC,
};
enum amdvi_trace_at {
    AMDVI_TRACE_AT_UNTRANSLATED,
    AMDVI_TRACE_AT_TRANSLATED,
};
enum amdvi_trace_reply {
    AMDVI_TRACE_REPLY_ABORT,
    AMDVI_TRACE_REPLY_ZERO,
    AMDVI_TRACE_REPLY_DROP,
};
enum amdvi_trace_irq { /* kind= of expect_irq */
                       AMDVI_TRACE_IRQ_EVENT,
                       AMDVI_TRACE_IRQ_PPR,
                       AMDVI_TRACE_IRQ_GA,
                       AMDVI_TRACE_IRQ_COMWAIT,
                       AMDVI_TRACE_IRQ_MSI,
};

/* kind= of fault and expect_event is the event code of the log record (1 … 0xe). */

/* perm= */
#define AMDVI_TRACE_PERM_R 1u
#define AMDVI_TRACE_PERM_W 2u
#define AMDVI_TRACE_PERM_X 4u

/* flags= of fault and expect_event: bits 59:48 of the event record, and bits 31:27 of its first word shifted
 * to 24:20. */
#define AMDVI_TRACE_FLAG_GN         (1u << 0)
#define AMDVI_TRACE_FLAG_NX         (1u << 1)
#define AMDVI_TRACE_FLAG_US         (1u << 2)
#define AMDVI_TRACE_FLAG_I          (1u << 3)
#define AMDVI_TRACE_FLAG_PR         (1u << 4)
#define AMDVI_TRACE_FLAG_RW         (1u << 5)
#define AMDVI_TRACE_FLAG_PE         (1u << 6)
#define AMDVI_TRACE_FLAG_RZ         (1u << 7)
#define AMDVI_TRACE_FLAG_TR         (1u << 8)
#define AMDVI_TRACE_FLAG_TYPE_SHIFT 9
#define AMDVI_TRACE_FLAG_TYPE_MASK  (7u << 9)
#define AMDVI_TRACE_FLAG_VNR        (1u << 20)
#define AMDVI_TRACE_FLAG_VEVENT     (1u << 22)
#define AMDVI_TRACE_FLAG_VPTR       (1u << 23)
#define AMDVI_TRACE_FLAG_VCMD       (1u << 24)
/* An INVALID_PPR_REQUEST record has the flags of a page request; the names it shares with others are above.
 */
#define AMDVI_TRACE_FLAG_R (1u << 25)
#define AMDVI_TRACE_FLAG_W (1u << 26)
#define AMDVI_TRACE_FLAG_X (1u << 27)
/* The hardware has answered the request itself; not a part of a fault's reason, so `fault` need not name it.
 */
#define AMDVI_TRACE_FLAG_RX (1u << 28)

/* flags= of expect_ppr: bits 59:48 of the PPR record; LAST is bit 41 of the record, kept apart. */
#define AMDVI_TRACE_PPR_X    (1u << 1)
#define AMDVI_TRACE_PPR_R    (1u << 2)
#define AMDVI_TRACE_PPR_W    (1u << 5)
#define AMDVI_TRACE_PPR_US   (1u << 6)
#define AMDVI_TRACE_PPR_RZ   (1u << 7)
#define AMDVI_TRACE_PPR_GN   (1u << 8)
#define AMDVI_TRACE_PPR_LAST (1u << 16)
/* An INVALID_PPR_REQUEST record has GN elsewhere, and RX. */
#define AMDVI_TRACE_INVALID_PPR_RX (1u << 0)
#define AMDVI_TRACE_INVALID_PPR_GN (1u << 9)

/* log= : a GuestID, or this. */
#define AMDVI_TRACE_LOG_HOST UINT64_MAX

/* KEY=VALUE of a config record, verbatim and in order. */
struct amdvi_trace_pair {
    const char *key;
    const char *value;
};

struct amdvi_trace_record {
    enum amdvi_trace_kind kind;
    uint64_t line;                  /* 1 is the first line of the text (or of the imported file) */
    uint64_t have;                  /* bit n: key n is present */
    uint64_t num[AMDVI_TRACE_KEYS]; /* only where the have bit is set and the key is no text or bytes */
    const uint8_t *bytes;           /* data= or raw=, lowest address first */
    size_t bytes_len;
    const char *data_text; /* data= of "ok" as written: a number after int, bytes after dma */
    const char *file;      /* file= */
    const char *vm;
    const char *cpu;
    const struct amdvi_trace_pair *pairs; /* config */
    size_t pairs_count;
    const char *comment; /* text after '#', or NULL; of a COMMENT record: its whole text */
};

#define AMDVI_TRACE_BIT(key) (UINT64_C(1) << (key))

/* Whether the record states this key. */
static inline bool amdvi_trace_has(const struct amdvi_trace_record *record, enum amdvi_trace_key key)
{
    return record->have & AMDVI_TRACE_BIT(key);
}

/* The number of a key; `otherwise` when the record does not state it. */
static inline uint64_t amdvi_trace_num(const struct amdvi_trace_record *record, enum amdvi_trace_key key,
                                       uint64_t otherwise)
{
    return amdvi_trace_has(record, key) ? record->num[key] : otherwise;
}

/* An empty record of a kind, to be filled for a writer. */
void amdvi_trace_record_init(struct amdvi_trace_record *record, enum amdvi_trace_kind kind);

/* States a key of a record that is filled for a writer. */
static inline void amdvi_trace_set(struct amdvi_trace_record *record, enum amdvi_trace_key key,
                                   uint64_t value)
{
    record->have |= AMDVI_TRACE_BIT(key);
    record->num[key] = value;
}

/* data= (or raw=) of a record, as bytes; they must outlive the record. */
void amdvi_trace_set_bytes(struct amdvi_trace_record *record, enum amdvi_trace_key key, const void *bytes,
                           size_t len);

/*
 * data= of an "ok" that follows an "int" is a number, not bytes. Returns false when it is absent or no
 * number. (After a dma use record.bytes; it is NULL when the text is no byte string.)
 */
bool amdvi_trace_ok_int_data(const struct amdvi_trace_record *record, uint64_t *value);

/* ------------------------------------------------------------------------------------------------ grammar */

enum amdvi_trace_type {
    AMDVI_TRACE_TYPE_NUMBER,
    AMDVI_TRACE_TYPE_BOOL,
    AMDVI_TRACE_TYPE_SIZE_4_8,
    AMDVI_TRACE_TYPE_SIZE_1_2_4,
    AMDVI_TRACE_TYPE_BYTES,
    AMDVI_TRACE_TYPE_OK_DATA, /* bytes or number, decided by the request above */
    AMDVI_TRACE_TYPE_TEXT,
    AMDVI_TRACE_TYPE_OP,
    AMDVI_TRACE_TYPE_AT,
    AMDVI_TRACE_TYPE_REPLY,
    AMDVI_TRACE_TYPE_EVENT,
    AMDVI_TRACE_TYPE_IRQ,
    AMDVI_TRACE_TYPE_PERM,
    AMDVI_TRACE_TYPE_FLAGS,
    AMDVI_TRACE_TYPE_PPR_FLAGS,
    AMDVI_TRACE_TYPE_LOG,
    AMDVI_TRACE_TYPE_DEVICE, /* a number, or 01:00.0 or 0000:01:00.0 */
};

struct amdvi_trace_rule {
    uint8_t key;  /* enum amdvi_trace_key */
    uint8_t type; /* enum amdvi_trace_type */
    bool required;
    bool decimal; /* printed so */
    uint64_t max; /* of a number */
};

struct amdvi_trace_kind_info {
    const char *name;
    const char *help;
    const struct amdvi_trace_rule *rules; /* in the order of the canonical text */
    size_t rules_count;
};

const struct amdvi_trace_kind_info *
amdvi_trace_kind_info(enum amdvi_trace_kind kind); /* NULL: no such kind */
/* "addr" and its like; null for a number that is no key. */
const char *amdvi_trace_key_name(enum amdvi_trace_key key);
const char *amdvi_trace_event_name(uint64_t code); /* NULL: not an event code */

/* Names of a flags= value, '+'-joined, or "0". Returns the length, like snprintf. */
size_t amdvi_trace_flags_text(uint64_t flags, char *buffer, size_t size);
/* The same for flags= of a page-request record. */
size_t amdvi_trace_ppr_flags_text(uint64_t flags, char *buffer, size_t size);

/* The whole grammar as lines for people. */
void amdvi_trace_grammar_print(FILE *out);

/* Says whether a record obeys the grammar (a writer checks by itself). error may be NULL. */
enum amdvi_trace_status amdvi_trace_record_check(const struct amdvi_trace_record *record,
                                                 struct amdvi_trace_error *error);

/* Canonical text of a record without line end. Returns the length needed, like snprintf; 0 if out of memory.
 */
size_t amdvi_trace_format(const struct amdvi_trace_record *record, char *buffer, size_t size);

/* ------------------------------------------------------------------------------------------------ reading */

enum amdvi_trace_source {
    AMDVI_TRACE_SOURCE_TEXT,
    AMDVI_TRACE_SOURCE_BINARY,
    AMDVI_TRACE_SOURCE_CAPTURE, /* "amd-iommu-capture text 1" */
    AMDVI_TRACE_SOURCE_QEMU_LOG,
    AMDVI_TRACE_SOURCE_FTRACE,
};

/* What a source is and how much a player can conclude from it. */
struct amdvi_trace_info {
    enum amdvi_trace_source source;
    const char *source_name;
    bool compressed;             /* the whole input is wrapped in zstd */
    bool can_check_translations; /* results of dma and ats are stated */
    bool can_check_interrupts;   /* results of int are stated */
    bool can_check_stores;       /* stores by the IOMMU are stated */
    bool has_memory;             /* tables and rings are in the trace */
    bool can_seek;
};

/* What an importer met, beside the records it made. */
struct amdvi_trace_import_counts {
    uint64_t lines;
    uint64_t commands;
    uint64_t translations;
    uint64_t translation_faults;
    uint64_t interrupts;
    uint64_t stores;
    uint64_t memory_updates;
    uint64_t register_accesses;
    uint64_t unchecked; /* requests without an expectation because the source could not be sure */
    uint64_t skipped;   /* lines that say nothing new */
    uint64_t unknown;   /* lines kept as comments */
};

struct amdvi_trace_options {
    bool keep_layout;  /* deliver header, comment and blank records, too */
    size_t max_line;   /* longest line or record in bytes, 0: 256 MiB */
    uint64_t max_pipe; /* most bytes kept of a pipe or callback that must be read twice, 0: 1 GiB */
};

struct amdvi_trace_reader;

/* Returns bytes read, 0 at the end, negative on failure. */
typedef long (*amdvi_trace_read_fn)(void *context, void *buffer, size_t size);

/* "-" is standard input. options may be NULL. On failure *reader is NULL and error tells why. */
enum amdvi_trace_status amdvi_trace_open(const char *path, const struct amdvi_trace_options *options,
                                         struct amdvi_trace_reader **reader, struct amdvi_trace_error *error);
/* The bytes must stay until the reader is closed. name stands in messages. */
enum amdvi_trace_status amdvi_trace_open_memory(const void *bytes, size_t len, const char *name,
                                                const struct amdvi_trace_options *options,
                                                struct amdvi_trace_reader **reader,
                                                struct amdvi_trace_error *error);
/* Reads from a function. `name` stands in messages. */
enum amdvi_trace_status amdvi_trace_open_callback(amdvi_trace_read_fn read, void *context, const char *name,
                                                  const struct amdvi_trace_options *options,
                                                  struct amdvi_trace_reader **reader,
                                                  struct amdvi_trace_error *error);
void amdvi_trace_close(struct amdvi_trace_reader *reader); /* NULL is allowed */

/* AMDVI_TRACE_OK with a record, or END, TRUNCATED, or an error; the last three stay so when called again. */
enum amdvi_trace_status amdvi_trace_next(struct amdvi_trace_reader *reader,
                                         struct amdvi_trace_record *record);

/*
 * Binary traces: the next record delivered is number n, from 0, counted over all records of the file (header,
 * comments and blank lines included).
 */
enum amdvi_trace_status amdvi_trace_seek(struct amdvi_trace_reader *reader, uint64_t number);

/* What the last call said in words; lives until the next one. */
const struct amdvi_trace_error *amdvi_trace_last_error(const struct amdvi_trace_reader *reader);
/* Of a text or binary trace that was imported: complete when its comments at the start have been read. */
const struct amdvi_trace_info *amdvi_trace_info(const struct amdvi_trace_reader *reader);
/*
 * How much of the input has been read, and how much there is: bytes as they are stored, compressed where they
 * are. The reader reads ahead. False, with nothing written, where nobody knows: pipes and callbacks.
 */
bool amdvi_trace_progress(const struct amdvi_trace_reader *reader, uint64_t *done, uint64_t *size);
/* Of an import: what was taken over and what was left out; all zero for traces. Never null. */
const struct amdvi_trace_import_counts *amdvi_trace_import_counts(const struct amdvi_trace_reader *reader);

/* ------------------------------------------------------------------------------------------------ writing */

enum amdvi_trace_form {
    AMDVI_TRACE_FORM_TEXT,
    AMDVI_TRACE_FORM_BINARY,
};

struct amdvi_trace_writer;

/* Returns 0 when all bytes were taken. */
typedef int (*amdvi_trace_write_fn)(void *context, const void *bytes, size_t len);

/* The header record is written by itself when the first record that is no comment or blank line is another
 * one. */
enum amdvi_trace_status amdvi_trace_writer_open(enum amdvi_trace_form form, amdvi_trace_write_fn write,
                                                void *context, struct amdvi_trace_writer **writer,
                                                struct amdvi_trace_error *error);
/* Refuses a record that the grammar does not allow (nothing is written then and the writer stays usable). */
enum amdvi_trace_status amdvi_trace_write(struct amdvi_trace_writer *writer,
                                          const struct amdvi_trace_record *record);
/* Writes what is pending and, in the binary form, the index. The writer still must be closed. */
enum amdvi_trace_status amdvi_trace_writer_finish(struct amdvi_trace_writer *writer);
/* Frees the writer; what is pending is lost without amdvi_trace_writer_finish(). Null does nothing. */
void amdvi_trace_writer_close(struct amdvi_trace_writer *writer);
/* What was wrong with the last record that was refused. */
const struct amdvi_trace_error *amdvi_trace_writer_error(const struct amdvi_trace_writer *writer);

/* A write function for a FILE * as context. */
int amdvi_trace_write_to_file(void *file, const void *bytes, size_t len);

/* Copies all records (open the reader with keep_layout to lose nothing) and finishes the writer. */
enum amdvi_trace_status amdvi_trace_copy(struct amdvi_trace_reader *reader,
                                         struct amdvi_trace_writer *writer);

#ifdef __cplusplus
}
#endif

#endif
