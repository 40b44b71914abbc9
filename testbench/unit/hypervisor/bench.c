// SPDX-License-Identifier: Apache-2.0
#include "bench.h"

#include "tables/layout.h"

#include <check.h>
#include <string.h>

static void make(struct bench *bench, const char *key, const char *value,
                 const struct amdvi_callbacks *callbacks)
{
    struct amdvi_memory port;

    memset(bench, 0, sizeof(*bench));
    bench->options.devid = 2;
    bench->memory = hv_memory_create(BENCH_BASE, BENCH_RAM);
    ck_assert_ptr_nonnull(bench->memory);
    ck_assert_int_eq(amdvi_config_create(&bench->config), AMDVI_OK);
    if (key)
        ck_assert_int_eq(amdvi_config_set(bench->config, key, value), AMDVI_OK);
    port = hv_memory_port(bench->memory);
    ck_assert_int_eq(amdvi_create(bench->config, &port, callbacks, NULL, &bench->device), AMDVI_OK);
}

void bench_machine(struct bench *bench, const char *key, const char *value)
{
    make(bench, key, value, NULL);
}

void bench_machine_with(struct bench *bench, const struct amdvi_callbacks *callbacks)
{
    make(bench, NULL, NULL, callbacks);
}

void bench_start(struct bench *bench)
{
    ck_assert_int_eq(hv_driver_create(bench->device, bench->memory, &bench->options, &bench->driver), HV_OK);
    ck_assert_int_eq(hv_device_add(bench->driver, BENCH_DEVICE, true), HV_OK);
    ck_assert_int_eq(hv_device_add(bench->driver, BENCH_OTHER, false), HV_OK);
}

void bench_free(struct bench *bench)
{
    hv_driver_destroy(bench->driver);
    amdvi_destroy(bench->device);
    amdvi_config_destroy(bench->config);
    hv_memory_destroy(bench->memory);
}

uint64_t bench_register(const struct bench *bench, uint64_t offset)
{
    uint64_t value;

    ck_assert_int_eq(amdvi_mmio_read(bench->device, offset, 8, &value), AMDVI_OK);
    return value;
}

struct amdvi_result bench_read(const struct bench *bench, uint16_t device, uint64_t address)
{
    struct amdvi_request request = {.device = device, .op = AMDVI_READ, .address = address, .length = 8};
    struct amdvi_result result;

    ck_assert_int_eq(amdvi_translate(bench->device, &request, &result), AMDVI_OK);
    return result;
}

struct hv_stage2 *bench_stage2(struct bench *bench, uint64_t bytes, uint64_t *spa)
{
    struct hv_stage2 *stage2;

    ck_assert_int_eq(hv_stage2_create(bench->driver, &stage2), HV_OK);
    *spa = hv_memory_take(bench->memory, bytes, HV_PAGE);
    ck_assert_uint_ne(*spa, 0);
    ck_assert_int_eq(hv_stage2_map(stage2, BENCH_GPA, *spa, bytes, HV_READ | HV_WRITE, HV_PAGE), HV_OK);
    return stage2;
}

static uint64_t directory(uint64_t gpa)
{
    return v2_set_us(v2_set_rw(v2_set_p(v2_set_addr(0, gpa), 1), 1), 1);
}

void bench_guest_tables(struct bench *bench, uint64_t spa, unsigned first, uint64_t gva, uint64_t gpa,
                        uint16_t domain, uint64_t entry[4])
{
    uint64_t table = BENCH_GPA + first * HV_PAGE, at = spa + first * HV_PAGE;

    hv_memory_set(bench->memory, at, gcr3_set_v(gcr3_set_addr(0, table + HV_PAGE), 1));
    for (unsigned level = 4; level > 0; level--) {
        uint64_t place = at + (5 - level) * HV_PAGE + (gva >> (12 + 9 * (level - 1)) & 511) * 8;
        hv_memory_set(bench->memory, place, directory(level > 1 ? table + (6 - level) * HV_PAGE : gpa));
    }
    memset(entry, 0, 4 * sizeof(entry[0]));
    dte_set_v(entry, 1);
    dte_set_tv(entry, 1);
    dte_set_ir(entry, 1);
    dte_set_iw(entry, 1);
    dte_set_gv(entry, 1);
    dte_set_giov(entry, 1);
    dte_set_gcr3_root(entry, table);
    dte_set_domainid(entry, domain);
}
