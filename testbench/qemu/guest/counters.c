// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * counters DISK DEVICEID: counts with the kernel's driver of the IOMMU's performance counters what the disk's
 * controller translates while 1,000 blocks are read, and what a device translates that is not there.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define UNIT "/sys/bus/event_source/devices/amd_iommu_0/"

enum { READS = 1000, BLOCK = 4096, ABSENT = 0x0ff8, DEVICE_SHIFT = 8, WHOLE_DEVICE = 0xffff };

static unsigned number(const char *path, const char *format)
{
    FILE *file = fopen(path, "r");
    unsigned value = 0;

    if (!file || fscanf(file, format, &value) != 1)
        perror(path);
    if (file)
        fclose(file);
    return value;
}

static int count_of(uint64_t device)
{
    struct perf_event_attr event = {.size = sizeof(event),
                                    .type = number(UNIT "type", "%u"),
                                    .config = number(UNIT "events/mem_trans_total", "csource=%x") |
                                              device << DEVICE_SHIFT,
                                    .config1 = WHOLE_DEVICE};

    return (int)syscall(SYS_perf_event_open, &event, -1, 0, -1, 0);
}

static int read_blocks(const char *disk)
{
    int file = open(disk, O_RDONLY | O_DIRECT), done = 0;
    void *block = aligned_alloc(BLOCK, BLOCK);

    while (file >= 0 && block && done < READS && pread(file, block, BLOCK, (off_t)done * BLOCK) == BLOCK)
        done++;
    free(block);
    return done;
}

int main(int count, char **words)
{
    uint64_t seen = 0, absent = 0;
    int counter, other, done;

    if (count != 3)
        return 2;
    counter = count_of(strtoul(words[2], NULL, 16));
    other = count_of(ABSENT);
    if (counter < 0 || other < 0) {
        perror("perf_event_open");
        return 1;
    }
    done = read_blocks(words[1]);
    if (read(counter, &seen, sizeof(seen)) != sizeof(seen) ||
        read(other, &absent, sizeof(absent)) != sizeof(absent))
        return 1;
    printf("%llu translations for %d reads, %llu of nobody\n", (unsigned long long)seen, done,
           (unsigned long long)absent);
    return !(done == READS && seen >= READS && !absent);
}
