/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a scenario stands in: a machine with IOMMUs and devices, a kernel on it, lint and recorder beside
 * them, and a list of what went wrong. One scenario, one process.
 */
#ifndef KSHIM_WORLD_H
#define KSHIM_WORLD_H

#include "instance.h"
#include "kernel_machine.h"
#include "times.h"
#include "world_report.h"

#include "amdvi/lint.h"
#include "testbench/platform/dma_device.h"
#include "testbench/platform/machine.h"
#include "testbench/platform/way_timed.h"

enum { WORLD_GUESTS = 4, WORLD_KEYS = 16, WORLD_KERNEL_BYTES = 256 << 20, WORLD_RAM_BYTES = 512 << 20 };

/* What the command line of the runner says. */
struct run_options {
    const char *object;                            /* of the host's kernel */
    const char *guest_object, *other_guest_object; /* of guests: the first, and the second one beside it */
    const char *record;                            /* file for a trace, or null */
    uint64_t seed;
    unsigned seconds_most; /* the process of a scenario ends after so many; 0: no limit */
    uint64_t steps;        /* of random scenarios; 0: as many as the scenario likes in CI */
    bool verbose, no_lint, blame, interleave, timed;
    struct times times;
};

struct world;
struct guest;

struct world_setup {
    const char *preset;                /* null: genoa */
    const char *keys[WORLD_KEYS];      /* "key=value" of the model, beside */
    const char *command_line;          /* of the kernel; null: "" */
    unsigned iommus;                   /* 0: 1 */
    unsigned ivrs_types;               /* AMDVI_IVRS_*; 0: all */
    bool late;                         /* the IOMMU works when time passes, not in register writes */
    bool queued;                       /* the driver may flush late: the lint allows windows */
    bool timed;                        /* as with --time */
    unsigned flags;                    /* enum kshim_flag */
    uint64_t set_aside;                /* bytes of RAM from 0 up that the kernel sees and leaves to guests */
    void (*plug)(struct world *world); /* more devices, before the machine is switched on */
    void (*before_boot)(struct world *world);
    /* What firmware says of the first IOMMU's devices: IVMD blocks, and functions with another DeviceID. */
    const struct amdvi_ivrs_memory *memory;
    size_t memory_count;
    const struct amdvi_ivrs_alias *aliases;
    size_t aliases_count;
};

struct world {
    const struct run_options *options;
    const struct scenario *scenario;
    struct world_report *report; /* outlives the process of the scenario */
    struct machine *machine;
    struct kernel_machine seen_by_kernel;
    struct instance *kernel;
    const struct kshim_api *api;
    unsigned version; /* of the kernel: 6 << 16 | 12 << 8 */
    struct amdvi_lint *lint[MACHINE_IOMMUS_MAX];
    struct dma_device *nic; /* 00:01.0, in the root complex: MSI, no ATS */
    struct dma_device *gpu; /* 01:00.0, behind a root port: MSI-X, ATS, PRI, PASID */
    struct dma_device *usb; /* 00:03.0, a second device of the root complex */
    struct amdvi_recorder *recorder[MACHINE_IOMMUS_MAX];
    unsigned failures, findings;
    bool timed;
    struct way_timed timing;            /* of the IOMMUs, under time */
    uint64_t doorbell;                  /* ps of the first one's clock: the driver's last write of the tail */
    unsigned awaited[AMDVI_LINT_KINDS]; /* mistakes of a kind that the scenario is about: 0 none, 1 to come, 2
                                           seen */
    /* The kernel writes a register of the nic's; may be null. */
    void (*nic_written)(struct world *world, uint64_t offset, uint64_t value);

    struct guest *guests[WORLD_GUESTS];
    void *own; /* the scenario's */
};

#define WORLD_NIC "0000:00:01.0"
#define WORLD_GPU "0000:01:00.0"
#define WORLD_USB "0000:00:03.0"

#define KERNEL_AT_LEAST(world, major, minor)                                                                 \
    ((world)->version >= ((unsigned)(major) << 16 | (unsigned)(minor) << 8))

/* A scenario: its name is what users type, "mapping/random". */
struct scenario {
    const char *name;
    const char *what; /* one line */
    void (*run)(struct world *world);
    unsigned since, before; /* versions it is for: KSHIM_V(6, 12); 0: all */
    const char *added;      /* code that has to be linked into the kernel (scripts/kernel run --add); null */
    const void *about;      /* what this one of several made alike differs in */
};
#define KSHIM_V(major, minor) ((unsigned)(major) << 16 | (unsigned)(minor) << 8)

/* Builds the machine and boots the kernel on it. False: it did not, which is a failure already. */
bool world_boot(struct world *world, const struct world_setup *setup);
/* The machine alone, for a hypervisor without a kernel below it. */
bool world_build(struct world *world, const struct world_setup *setup);
/* Another kernel takes the machine as the first one left it, which never runs again: after a shutdown in its
 * place, after a crash (KSHIM_KDUMP in the flags) in memory beside it. */
bool world_boot_again(struct world *world, const struct world_setup *setup);
/* The machine goes, with what watched it; another one may be built. */
void world_close(struct world *world);
/* The kernel, if there is one, is looked at for the last time; the machine may take another one. */
void world_end_kernel(struct world *world);
/* The end of a scenario: lint finished, troubles, locks and leaks looked at, parts given back. */
void world_end(struct world *world);

/* Lets the kernel's threads, work and timers run, and the IOMMUs. */
void world_run(struct world *world);
/* An unmap or detach has returned: the lint lets nothing of it be seen any more, unless the driver queues. */
void world_unmapped(struct world *world);
/* The driver is known to make a mistake that the lint finds as this kind: the scenario fails without it. */
void world_await(struct world *world, enum amdvi_lint_kind kind);
/* Under time: the kernel has executed instructions for so long. */
void world_spend(struct world *world, uint64_t ns);
/* Lets time pass, in steps in which all of them run. */
void world_pass(struct world *world, uint64_t ns);

/* Something is not as it should be: printed, counted, the scenario goes on. */
void world_fail(struct world *world, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A line of figures for the report. */
void world_tell(struct world *world, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define FAIL(world, ...) world_fail(world, __FILE__, __LINE__, __VA_ARGS__)
#define EXPECT(world, condition, ...)                                                                        \
    do {                                                                                                     \
        if (!(condition))                                                                                    \
            world_fail(world, __FILE__, __LINE__, __VA_ARGS__);                                              \
    } while (0)
#define EXPECT_LOG(world, text)                                                                              \
    EXPECT(world, instance_log_count((world)->kernel, text), "the kernel did not say \"%s\"", text)

/* The same numbers for the same seed. */
uint64_t world_random(struct world *world);

/* Groups of scenarios, null at the end; a group ends with one without a name. */
extern const struct scenario *const scenario_groups[];

#endif
