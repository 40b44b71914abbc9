// SPDX-License-Identifier: Apache-2.0
/* How many requests the model's side of a lockstep takes a second, without a simulator: a translation and its
 * effects, hits and walks. dpi-speed [REQUESTS] */
#include <amdvi/dpi.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DEVICES = 0x100000, TABLE = 0x200000, DATA = 0x400000, PAGES = 512, MMIO = AMDVI_DPI_MMIO };

static double seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

/* Device 0 with a table of one level; negative: why not. */
static int scene(const char *keys)
{
    int handle = amdvi_dpi_create(keys, 16);

    if (handle < 0)
        return handle;
    amdvi_dpi_poke(handle, DEVICES, TABLE | 3 | 1 << 9 | 3LL << 61);
    for (long long page = 0; page < PAGES; page++)
        amdvi_dpi_poke(handle, TABLE + page * 8, (DATA + page * 4096) | 1 | 3LL << 61);
    amdvi_dpi_write(handle, MMIO, 0, 0, 8, DEVICES);
    amdvi_dpi_write(handle, MMIO, 0, 0x18, 8, 1);
    return handle;
}

/* Millions a second; 0: an answer was wrong. */
static double rate(const char *keys, long count)
{
    int handle = scene(keys), ok = 1, perm, reason, kind, length;
    double begin = seconds();
    long long pa = 0, address, data;

    for (long i = 0; i < count && handle > 0; i++) {
        long long iova = i * 37 % PAGES * 4096 + 0x40;
        amdvi_dpi_translate(handle, 0, 0, 0, 0, 0, iova, 8, &ok, &pa, &perm, &reason);
        if (!ok || pa != DATA + iova)
            return 0;
        while (amdvi_dpi_effect(handle, &kind, &address, &data, &length) == 0)
            ;
    }
    begin = seconds() - begin;
    amdvi_dpi_destroy(handle);
    return handle > 0 && begin > 0 ? (double)count / begin / 1e6 : 0;
}

int main(int argc, char **argv)
{
    long count = argc > 1 ? strtol(argv[1], NULL, 0) : 2000000;
    double hits = rate("preset=genoa", count), walks = rate("preset=genoa;caches=off", count);

    printf("hits %.2f, walks %.2f million requests/s\n", hits, walks);
    return hits > 0 && walks > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
