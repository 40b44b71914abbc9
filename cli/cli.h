// SPDX-License-Identifier: Apache-2.0
/* What the subcommands of `amdvi` share. */
#ifndef AMDVI_CLI_CLI_H
#define AMDVI_CLI_CLI_H

#include "amdvi/amdvi.h"
#include "amdvi/layout.h"
#include "amdvi/replay.h"
#include "amdvi/trace.h"

#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>

enum cli_exit { CLI_OK = 0, CLI_FAILED = 1, CLI_WRONG = 2 };

struct command {
    const char *name;
    const char *summary; /* one line */
    const char *help;    /* usage, options, examples, exit codes */
    int (*run)(int argc, char **argv);
};

extern const struct command command_replay, command_import, command_convert, command_decode, command_explain,
    command_inspect, command_config, command_bench, command_compare, command_run, command_validate,
    command_vm, command_top, command_study, command_kit;

/* ---- options.c */

/* Next option as getopt_long() gives it; prints help for --help. Returns OPTION_STOP with *status when the
 * command is to end there. */
enum { OPTION_END = -1, OPTION_STOP = -2 };
int option_next(const struct command *command, int argc, char **argv, const char *letters,
                const struct option *options, int *status);
/* Whether an option is one of these letters; numbers above them are none. */
bool option_among(int option, const char *letters);

/* "amdvi replay: message" on stderr; returns CLI_WRONG. */
int usage_error(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* "FILE:LINE: message" on stderr, or "FILE: message" for line 0; returns CLI_WRONG. */
int file_error(const char *path, uint64_t line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Decimal or 0x hex, the whole text. */
bool parse_number(const char *text, uint64_t *value);
/* The same with a message about `what` when it is no number up to `max`. */
bool option_number(const struct command *command, const char *what, const char *text, uint64_t max,
                   uint64_t *value);
/* A DeviceID as number, or as 00:02.0 or 0000:00:02.0. */
bool parse_device(const char *text, uint64_t *device);
/* A line of a trace; they count from 1. */
bool option_line(const struct command *command, const char *what, const char *text, uint64_t *line);
/* The same with a message about `what` when it is none. */
bool option_device(const struct command *command, const char *what, const char *text, uint64_t *device);
/* Whether what is left after the options is one file; else a message. */
bool one_file(const struct command *command, int count, char **files);

/* What a trace is played with: the configuration given by --set, in order, and limits. */
struct settings {
    struct amdvi_trace_pair *pairs;
    size_t count;
    bool memfile_anywhere;
    uint64_t max_memory_mib; /* 0: PLAY_MEMORY_MIB */
};
enum { PLAY_MEMORY_MIB = 4096 };
/* Commands that play traces put PLAY_OPTIONS into their options, PLAY_HELP into their help, hand these
 * options to settings_option(), and start their player's options with settings_player(). */
enum { OPTION_MEMFILE = 0x100, OPTION_MEMORY };
#define PLAY_OPTIONS                                                                                         \
    {"set", required_argument, NULL, 's'}, {"memfile-anywhere", no_argument, NULL, OPTION_MEMFILE},          \
    {                                                                                                        \
        "max-memory", required_argument, NULL, OPTION_MEMORY                                                 \
    }
#define PLAY_HELP                                                                                            \
    "  -s, --set KEY=VALUE   configuration that wins over the trace's own; see amdvi config --explain\n"     \
    "      --memfile-anywhere  a memfile may lie outside the trace's folder\n"                               \
    "      --max-memory MIB  most memory of this machine for the trace's memory (4096)\n"
bool settings_option(const struct command *command, struct settings *settings, int option);
struct amdvi_replay_options settings_player(const struct settings *settings);
/* Takes KEY=VALUE apart in place and checks it against the keys that exist. */
bool settings_add(const struct command *command, struct settings *settings, char *text);
bool settings_put(struct settings *settings, const char *key, const char *value);
void settings_free(struct settings *settings);

/* ---- output.c */

/* A file that takes its place only when it is complete. */
struct output {
    const char *path; /* as the user wrote it; must outlive the output */
    FILE *file;       /* write here; null when not open */
    char *target, *temporary;
};
/* "-" is stdout. False with a message on stderr. */
bool output_open(const struct command *command, const char *path, struct output *output);
/* Without `keep` a file that was there before stays. Whether everything reached the file. */
bool output_close(const struct command *command, struct output *output, bool keep);
/* Whether both names lead to one file that is there; devices and pipes do not count. */
bool same_file(const char *one, const char *other);
/* False, with a message: a pipe or device, which gives its content once. What is not there is for others to
 * tell. */
bool can_be_read_again(const struct command *command, const char *path);

/* ---- progress.c */

/* How far a command is: a line of its own on standard error, while that is a terminal. */
struct progress {
    double start, shown;     /* seconds of a clock that never goes back */
    bool on, plain, written; /* plain: without escape sequences; written: the line is there */
};

enum { PROGRESS_TEXT = 64 };

void progress_begin(struct progress *progress);
/* Whether a tenth of a second has passed since the last time that this said so. */
bool progress_due(struct progress *progress);
double progress_seconds(const struct progress *progress);
/* Writes the line, over the one before; what is wider than a narrow terminal is cut. */
void progress_print(struct progress *progress, const char *text);
/* Writes "WHAT: 42 %, 3 s left", if it is due; `share` is 0 to 1. */
void progress_tell(struct progress *progress, const char *what, double share);
/* Takes the line away, for other output or at the end. */
void progress_clear(struct progress *progress);
/* "42 %, 3 s left" when `seconds` have passed; from ten minutes on in minutes. */
void progress_share(char *text, size_t size, double share, double seconds);

/* ---- json.c */

void json_put_text(struct json_object *object, const char *key, const char *text);
void json_put_hex(struct json_object *object, const char *key, uint64_t value);
void json_put_count(struct json_object *object, const char *key, uint64_t value);
void json_put_real(struct json_object *object, const char *key, double value);
void json_put_bool(struct json_object *object, const char *key, bool value);
void json_add_text(struct json_object *array, const char *text);
/* Prints and releases. */
void json_print(FILE *out, struct json_object *object);

/* ---- format.c */

/* Room for the value of any configuration key; the longest are plans of faults. */
enum { CONFIG_VALUE = 1024 };
enum { COUNT_TEXT = 48 };

/* Which fields to show. */
enum { FIELDS_SET = 1, FIELDS_DOC = 2 };

/* `words` hold the whole layout. One line a field, each after `indent` spaces. */
void fields_print(const struct amdvi_layout *layout, const uint64_t *words, unsigned flags, int indent);
/* "V=1 Mode=LEVEL3 DomainID=0xd": those that are not zero, on one line. */
void fields_brief(FILE *out, const struct amdvi_layout *layout, const uint64_t *words);
struct json_object *fields_json(const struct amdvi_layout *layout, const uint64_t *words);
/* "31:30,5" */
void field_bits_text(const struct amdvi_field *field, char *text, size_t size);
uint64_t field_value(const struct amdvi_layout *layout, const char *field, const uint64_t *words);

/* "0x..." words, low word first. */
void words_text(const uint64_t *words, unsigned bits, char *text, size_t size);
struct json_object *words_json(const uint64_t *words, unsigned bits);

/* "4 KiB", "2 MiB", exact or in bytes. */
const char *size_text(uint64_t bytes, char *text, size_t size);
/* "1 record", "2 records". */
const char *count_text(uint64_t count, const char *one, char text[COUNT_TEXT]);
const char *perm_text(unsigned perm, char text[4]);
const char *op_text(unsigned op);
const char *reply_text(unsigned reply);
/* "INVALIDATE_IOMMU_PAGES", or that the opcode is reserved. */
const char *command_name(unsigned opcode);
/* Without its comment; the caller frees. Null without memory. */
char *record_text(const struct amdvi_trace_record *record);
const char *access_text(enum amdvi_access access);
const char *cache_text(enum amdvi_cache cache);
/* "00:02.0" */
const char *device_text(uint16_t device, char text[8]);

/* Layout of an entry of an interrupt table that has so many bytes. */
const struct amdvi_layout *irte_layout(const uint64_t *words, size_t bytes);
/* Layout of a record of a log; null: of no event that is known. */
const struct amdvi_layout *record_layout(enum amdvi_log log, const uint64_t *words);
/* Layout of what was read or written, or null for plain data. */
const struct amdvi_layout *access_layout(const struct amdvi_access_info *info);

/* ---- convert.c */

struct conversion {
    const struct command *command; /* in whose name messages are */
    const char *in, *out;          /* - is a standard stream */
    enum amdvi_trace_form form;
    bool form_given; /* else the binary form when `out` ends in .atb */
    bool quiet;      /* no report on stderr */
    uint64_t records;
};
/* Binary for a name that ends in .atb. */
enum amdvi_trace_form form_of_name(const char *path);
/* Reads any source that the library's readers know, and writes it as a trace. */
int convert_file(struct conversion *job);

/* ---- spool.c */

/* Makes standard input one that can be read several times: a pipe is copied to a temporary file first. False
 * with a message when that fails. Nothing of it may have been read yet. */
bool spool_input(const struct command *command);

/* ---- hand_over.c */

/* Parts of the command that are Python: a module in a folder. */
struct python_part {
    const char *what;      /* for messages: "the studies" */
    const char *module;    /* what python3 -m takes */
    const char *variable;  /* of the environment: names the folder */
    const char *installed; /* the folder, from that of the command */
    const char *in_tree;   /* or null */
};
/* Where the running command lies; false: nobody says. */
enum { OWN_PATH = 4096 };
bool own_path(char path[OWN_PATH]);
/* Becomes that module, with the words behind argv[0] and AMDVI in the environment; returns only when that
 * fails, or when --help is one of the words (before --) and has been answered. */
int hand_over(const struct command *command, const struct python_part *part, int argc, char **argv);

/* ---- config_diff.c */

/* Prints what two configurations differ in: each is `common`, then one KEY=VALUE of `sides`. */
int config_diff(const struct settings *common, int count, char **sides, bool json);

/* ---- player.c */

/* A trace and the player that plays it. */
struct player {
    const char *path;
    struct amdvi_trace_reader *reader;
    struct amdvi_replay *replay;
    struct amdvi_trace_record record; /* the current one */
    uint64_t records;
    uint64_t line; /* player_run_to(): of the last record that was played */
    char *directory;
    char error[640]; /* the message about what could not be opened, read or played; stays after a failure */
};

/* Opens both; a message on stderr and false when that fails. `options` are completed with name and directory.
 */
bool player_open(struct player *player, const char *path, const struct amdvi_trace_options *reading,
                 struct amdvi_replay_options *options);
void player_close(struct player *player);

enum player_step { PLAYER_RECORD, PLAYER_END, PLAYER_WRONG };
/* Fetches a record without playing it; messages on stderr. */
enum player_step player_fetch(struct player *player);
/* Plays the current record, or another one. */
bool player_play(struct player *player, const struct amdvi_trace_record *record);
/* Plays all records of lines before `line`; 0: all. *found is false when the trace ended before. */
bool player_run_to(struct player *player, uint64_t line, bool *found);

#endif
