// SPDX-License-Identifier: Apache-2.0
/* What the tests of DPI-C in C begin with. */
#ifndef AMDVI_TESTBENCH_DPI_SCENE_H
#define AMDVI_TESTBENCH_DPI_SCENE_H

#include <amdvi/dpi.h>
#include <check.h>

enum {
    DEVICES = 0x100000,
    TABLE = 0x200000,
    PAGE = 0x400000,
    COMMANDS = 0x10000,
    STORE = 0x40000,
    LOG = 0x50000,
    MMIO = AMDVI_DPI_MMIO
};

/* Device 0 with page 5 mapped, rings on. */
static inline int scene(void)
{
    int handle = amdvi_dpi_create("preset=genoa", 16);

    ck_assert_int_ge(handle, 1);
    amdvi_dpi_poke(handle, DEVICES, TABLE | 3 | 1 << 9 | 3LL << 61);
    amdvi_dpi_poke(handle, TABLE + 5 * 8, PAGE | 1 | 3LL << 61);
    ck_assert_int_eq(amdvi_dpi_write(handle, MMIO, 0, 0, 8, DEVICES), 0);
    ck_assert_int_eq(amdvi_dpi_write(handle, MMIO, 0, 8, 8, COMMANDS | 9LL << 56), 0);
    ck_assert_int_eq(amdvi_dpi_write(handle, MMIO, 0, 0x18, 8, 0x1001), 0);
    return handle;
}

#endif
