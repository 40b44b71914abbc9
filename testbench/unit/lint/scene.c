// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/lint/scene.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

struct machine m;
struct amdvi_lint *lint;
struct amdvi_lint_options options;
uint64_t root, gcr3, guest, interrupts, line;
struct amdvi_lint_finding found;
char text[1024];
unsigned findings;

static void on_finding(void *context, const struct amdvi_lint_finding *finding)
{
    (void)context;
    found = *finding;
    snprintf(text, sizeof(text), "%s", finding->text);
    findings++;
}

static void on_write(void *context, uint64_t spa, const void *bytes, size_t length)
{
    (void)context;
    amdvi_lint_write(lint, spa, bytes, length);
}

uint64_t step(void)
{
    line++;
    amdvi_lint_mark(lint, line, line * 1000);
    return line;
}

void attach(void)
{
    options.finding = on_finding;
    options.costs = true;
    ck_assert_int_eq(amdvi_lint_create(m.device, &options, &lint), AMDVI_OK);
    m.wrote = on_write;
}

static void tables(void)
{
    root = machine_page(&m);
    gcr3 = machine_page(&m);
    guest = machine_page(&m);
    interrupts = machine_page(&m);
    machine_dte(&m, DEVICE, DOMAIN, 3, root);
    machine_dte_interrupts(&m, DEVICE, interrupts, 9);
    for (unsigned i = 0; i < 8; i++)
        machine_map(&m, root, 3, IOVA + i * 0x1000, MACHINE_DATA + i * 0x1000, MACHINE_READ_WRITE);
    machine_irte(&m, interrupts, 3, 0x41);
    machine_dte(&m, OTHER, DOMAIN + 1, 0, 0);
    machine_dte_guest(&m, OTHER, gcr3);
    machine_poke(&m, gcr3 + PASID * 8, guest | 1);
    machine_guest_map(&m, guest, GVA, MACHINE_DATA);
}

static void open_machine(bool callbacks, const char *key, const char *value)
{
    findings = 0;
    line = 0;
    lint = NULL;
    memset(&found, 0, sizeof(found));
    memset(&options, 0, sizeof(options));
    machine_init(&m);
    m.no_window = callbacks;
    if (key)
        machine_set(&m, key, value);
    machine_start(&m);
    tables();
}

void setup(void)
{
    open_machine(false, NULL, NULL);
    attach();
}

void teardown(void)
{
    amdvi_lint_destroy(lint);
    machine_free(&m);
}

void again(const struct amdvi_lint_options *wanted)
{
    teardown();
    open_machine(false, NULL, NULL);
    options = *wanted;
    attach();
}

void again_in_callbacks(void)
{
    teardown();
    open_machine(true, NULL, NULL);
    attach();
}

void again_with(const char *key, const char *value)
{
    teardown();
    open_machine(false, key, value);
    attach();
}

struct amdvi_lint_statistics statistics(void)
{
    struct amdvi_lint_statistics s;

    ck_assert_int_eq(amdvi_lint_statistics(lint, &s), AMDVI_OK);
    return s;
}

unsigned reported(void)
{
    amdvi_lint_finish(lint);
    return findings;
}

void expect_one(enum amdvi_lint_kind kind, enum amdvi_lint_severity severity)
{
    const char *name = amdvi_lint_kind_name(kind);

    ck_assert_msg(findings == 1, "%u findings, the newest: %s", findings, text);
    ck_assert_int_eq(found.kind, kind);
    ck_assert_int_eq(found.severity, severity);
    ck_assert_msg(strncmp(text, name, strlen(name)) == 0, "%s", text);
}

uint64_t leaf_of(uint64_t iova)
{
    return machine_host_entry(&m, root, 3, 1, iova);
}

void unmap_page(uint64_t iova)
{
    step();
    machine_poke(&m, leaf_of(iova), 0);
}

struct amdvi_result ask(uint64_t iova)
{
    step();
    return machine_read(&m, DEVICE, iova);
}

struct amdvi_result ask_guest(uint32_t pasid, uint64_t gva)
{
    step();
    return machine_read_pasid(&m, OTHER, pasid, gva);
}

void replace_directory(uint64_t iova)
{
    uint64_t at = machine_host_entry(&m, root, 3, 2, iova), page = machine_page(&m);

    step();
    machine_poke(&m, at, (machine_peek(&m, at) & UINT64_C(0xfff0000000000fff)) | page);
    machine_map(&m, root, 3, iova + 0x20000, MACHINE_DATA, MACHINE_READ_WRITE);
}

void load_entry(uint16_t device, uint64_t raw[4])
{
    for (unsigned i = 0; i < 4; i++)
        raw[i] = machine_peek(&m, machine_dte_address(device) + 8 * i);
}

void edit_entry(uint16_t device, void (*change)(uint64_t *raw))
{
    uint64_t at = machine_dte_address(device), raw[4];

    load_entry(device, raw);
    change(raw);
    for (unsigned i = 4; i-- > 0;)
        if (machine_peek(&m, at + 8 * i) != raw[i])
            machine_poke(&m, at + 8 * i, raw[i]);
}
