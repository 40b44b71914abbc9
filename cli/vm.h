// SPDX-License-Identifier: Apache-2.0
/* The parts of `amdvi vm` and `amdvi top`. QEMU runs in a process of its own; what it shows is a file. */
#ifndef AMDVI_CLI_VM_H
#define AMDVI_CLI_VM_H

#include "cli/cli.h"

#include "amdvi/live.h"

enum { VM_UNITS = 8 };

struct vm_options {
    struct settings settings;
    const char *qemu, *object;
    const char *lint; /* property of the device: on, windows, off */
    const char *record, *json;
    bool quiet;
    bool own;        /* QEMU's own IOMMU, not the model */
    bool no_npcache; /* of that one */
    int count;       /* of QEMU's own arguments */
    char **arguments;
};

/* Files of one run. Unit n > 0 has ".n" behind the names. */
struct vm_files {
    char *live, *findings;
};

/* ---- vm_arguments.c */

/* QEMU's command line, ended by null: the object, the machine and the device are added where the user has not
 * named them. The caller frees with vm_arguments_free(). Null without memory. */
char **vm_arguments(const struct vm_options *options, const struct vm_files *files);
void vm_arguments_free(char **arguments);
/* Whether the user has named the model's device. */
bool vm_names_model(const struct vm_options *options);
/* Whether QEMU is only asked about itself ("-device help", "-version"): there is no machine then. */
bool vm_only_asks(const struct vm_options *options);

/* ---- vm_report.c */

struct vm_finding {
    char *severity, *kind, *text;
    uint64_t ns;
};

struct vm_unit {
    struct amdvi_live_view view;
    struct vm_finding *findings;
    size_t count, mistakes;
};

/* What a run has left behind of unit `index`; false: there is no such unit. */
bool vm_unit_read(const struct vm_files *files, unsigned index, struct vm_unit *unit);
void vm_unit_free(struct vm_unit *unit);
void vm_report_print(const struct vm_unit *unit, unsigned index);
struct json_object *vm_report_json(const struct vm_unit *unit);
/* "FILE", or "FILE.n" of unit n > 0; the caller frees. */
char *vm_file_name(const char *file, unsigned index);

/* ---- live_page.c */

/* A live page that another process writes; a message on stderr and null when it is none. */
const struct amdvi_live_page *live_page_open(const char *path);
void live_page_close(const struct amdvi_live_page *page);
/* Where a process with this number shows its device: in XDG_RUNTIME_DIR or /tmp. The caller frees. */
char *live_page_name(long process);
/* The newest page of this user; null if there is none. The caller frees. */
char *live_page_newest(void);

#endif
