/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel instance: a copy of a shared object, loaded, with its log and everything that a test must not
 * overlook. Any number can live in one process, of any versions.
 */
#ifndef KSHIM_INSTANCE_H
#define KSHIM_INSTANCE_H

#include "kshim_abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct instance;

/* What a kernel that cannot go on does to the process: its last words are printed, and it exits with this. */
enum { INSTANCE_EXIT_DIED = 3 };

/* Loads a copy of `object`; `name` goes before each line of its log. Null: a reason in `error`. */
struct instance *instance_load(const char *object, const char *name, char *error, size_t size);
void instance_unload(struct instance *instance);

/*
 * Fills in what belongs to the instance (coroutines, log, trouble, end, address space, name, version and
 * sizes) and boots. The rest of `ops` (RAM, registers, configuration space, tables, clock, command line,
 * flags, seed) is the caller's, with its context. The kernel's result.
 */
int instance_boot(struct instance *instance, const struct kshim_ops *ops);

const struct kshim_api *instance_api(const struct instance *instance);
const struct kshim_entry *instance_entry(const struct instance *instance);
/* "6.12.111", and as a number: 6 << 16 | 12 << 8 | 111. */
const char *instance_release(const struct instance *instance);
unsigned instance_version(const struct instance *instance);

/* The log goes to `stream` as it comes; null: nowhere. It is kept in any case. */
void instance_log_to(struct instance *instance, FILE *stream);
/* The next line, from line number *from on, that has `text` in it; null: none. *from becomes the one behind
 * it. */
const char *instance_log_find(const struct instance *instance, const char *text, size_t *from);
size_t instance_log_lines(const struct instance *instance);
size_t instance_log_count(const struct instance *instance, const char *text);

/* Troubles so far of one kind, and the text of the first. Error lines that a test provokes are excused
 * before. */
unsigned instance_troubles(const struct instance *instance, enum kshim_trouble kind);
unsigned instance_all_troubles(const struct instance *instance);
/* The first of all; "" when there was none. */
const char *instance_first_trouble(const struct instance *instance);
void instance_print_troubles(const struct instance *instance, FILE *stream);
/* Lines of the log with this text are no trouble; null: none is excused any more. */
void instance_excuse(struct instance *instance, const char *text);
/* So many troubles were excused: a test that provokes one wants to see it. */
size_t instance_excused(const struct instance *instance);
const char *instance_trouble_name(enum kshim_trouble kind);

/* Where the kernel is now: functions of its stack, innermost first, as addresses inside the object. */
enum { INSTANCE_STACK = 16 };
size_t instance_stack(const struct instance *instance, uint64_t places[INSTANCE_STACK]);
/* "iommu_map+0x1c at iommu.c:2451", from the object's own line information. */
void instance_place_text(const struct instance *instance, uint64_t place, char *text, size_t size);

#endif
