// SPDX-License-Identifier: Apache-2.0
/*
 * A machine with a lint beside its device: DEVICE has a host table of three levels and remapped interrupts,
 * OTHER a guest table behind a GCR3 table. Each finding is kept with its text.
 */
#ifndef AMDVI_TEST_LINT_SCENE_H
#define AMDVI_TEST_LINT_SCENE_H

#include "amdvi/lint.h"
#include "machine/machine.h"

enum { DEVICE = 0x100, OTHER = 0x208, DOMAIN = 7, PASID = 5, IOVA = 0x10000, GVA = 0x4000 };

extern struct machine m;
extern struct amdvi_lint *lint;
extern struct amdvi_lint_options options;
extern uint64_t root, gcr3, guest, interrupts, line;
extern struct amdvi_lint_finding found; /* the newest */
extern char text[1024];
extern unsigned findings;

void setup(void);
void teardown(void);
/* A lint beside the device of `m`; software's writes are told to it. */
void attach(void);
/* Line numbers count up, a microsecond each. */
uint64_t step(void);
/* Everything anew, with these options; with memory by callbacks only, so that it may be gone. */
void again(const struct amdvi_lint_options *wanted);
void again_in_callbacks(void);
/* With this configuration. */
void again_with(const char *key, const char *value);
struct amdvi_lint_statistics statistics(void);
/* What is reported at the end: findings until then and now. */
unsigned reported(void);
/* There is one finding, of this kind, and its text begins with the kind's name. */
void expect_one(enum amdvi_lint_kind kind, enum amdvi_lint_severity severity);

/* The leaf entry of a page in DEVICE's table; the page goes; DEVICE reads there. */
uint64_t leaf_of(uint64_t iova);
void unmap_page(uint64_t iova);
struct amdvi_result ask(uint64_t iova);
/* OTHER reads with a PASID. */
struct amdvi_result ask_guest(uint32_t pasid, uint64_t gva);
/* A new table behind a directory entry, with the page at `iova` + 20000h in the new one only. */
void replace_directory(uint64_t iova);

/* A device table entry: its words, and a change of them, written from the last word to the first. */
void load_entry(uint16_t device, uint64_t raw[4]);
void edit_entry(uint16_t device, void (*change)(uint64_t *raw));

#endif
