// SPDX-License-Identifier: Apache-2.0
/* What the tests of the lint about guests share: a world of guests under lint, and the last finding. */
#ifndef AMDVI_TEST_GUEST_LINT_H
#define AMDVI_TEST_GUEST_LINT_H

#include "amdvi/lint.h"
#include "testbench/unit/guests/world.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

static struct world w;
static struct amdvi_lint *lint;
static unsigned findings;
static struct amdvi_lint_finding found;
static char text[1024];

static inline void on_finding(void *context, const struct amdvi_lint_finding *finding)
{
    (void)context;
    found = *finding;
    snprintf(text, sizeof(text), "%s", finding->text);
    findings++;
}

static inline void setup(void)
{
    struct amdvi_lint_options options = {.finding = on_finding};

    findings = 0;
    world_open(&w, NULL, true);
    ck_assert_int_eq(amdvi_lint_create(w.device, &options, &lint), AMDVI_OK);
}

/* A world with other settings. */
static inline void reopen(void (*open)(struct world *w, const char *settings, bool by_gpa),
                          const char *settings)
{
    struct amdvi_lint_options options = {.finding = on_finding};

    amdvi_lint_destroy(lint);
    world_close(&w);
    open(&w, settings, true);
    ck_assert_int_eq(amdvi_lint_create(w.device, &options, &lint), AMDVI_OK);
}

static inline void teardown(void)
{
    amdvi_lint_destroy(lint);
    world_close(&w);
}

/* Software writes eight bytes. */
static inline void poke(uint64_t spa, uint64_t value)
{
    amdvi_lint_mark(lint, findings + 1, 0);
    amdvi_lint_write(lint, spa, &value, sizeof(value));
    put64(&w, spa, value);
}

static inline void expect_one(enum amdvi_lint_kind kind, uint16_t guest)
{
    ck_assert_msg(findings == 1, "%u findings, the newest: %s", findings, text);
    ck_assert_int_eq(found.kind, kind);
    ck_assert_int_eq(found.severity, AMDVI_LINT_MISTAKE);
    if (!found.has_guest) /* the device's owner, not who is to blame */
        ck_assert_uint_eq(found.guest, guest);
    ck_assert_ptr_nonnull(strstr(text, amdvi_lint_kind_name(kind)));
}

#endif
