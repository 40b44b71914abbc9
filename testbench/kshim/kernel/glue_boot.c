// SPDX-License-Identifier: GPL-2.0-only
/* Boot: what start_kernel() does, as far as buses, interrupts and IOMMUs are concerned; suspend and shutdown.
 */
#include <generated/utsrelease.h>
#include <linux/amd-iommu.h>
#include <linux/crash_dump.h>
#include <linux/device.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/ioport.h>
#include <linux/kernel_stat.h>
#include <linux/kobject.h>
#include <linux/maple_tree.h>
#include <linux/platform_device.h>
#include <linux/radix-tree.h>
#include <linux/seq_file.h>
#include <linux/syscore_ops.h>

#include <asm/io_apic.h>
#include <asm/irq_remapping.h>
#include <asm/irqdomain.h>
#include <asm/x86_init.h>

#include "glue.h"

const struct kshim_ops *kshim_ops;
enum system_states system_state;
struct kernel_stat kstat;
struct kobject *kernel_kobj;
bool initcall_debug;
bool static_key_initialized = true;
unsigned long long elfcorehdr_addr = ELFCORE_ADDR_MAX;

/* What the linker fragment collects. */
extern const struct obs_kernel_param __setup_start[], __setup_end[];
extern initcall_entry_t __initcall_start_0[], __initcall_start_4[], __initcall_start_5[],
    __initcall_start_rootfs[], __initcall_end_7[];

int devices_init(void);
int buses_init(void);
int classes_init(void);
int firmware_init(void);
int platform_bus_init(void);
int irq_remapping_prepare(void);
int irq_remapping_enable(void);
void lapic_assign_system_vectors(void);

static void set_one(char *word)
{
    const struct obs_kernel_param *parameter;

    for (parameter = __setup_start; parameter < __setup_end; parameter++) {
        size_t length = strlen(parameter->str);

        if (strncmp(word, parameter->str, length))
            continue;
        if (!parameter->early) {
            parameter->setup_func(word + length);
            return;
        }
        if (word[length] && word[length] != '=')
            continue;
        parameter->setup_func(word + length + (word[length] == '='));
        return;
    }
    pr_warn("unknown kernel parameter: %s\n", word);
}

/* Of any length. The copy stays, as setters may keep what they were given. */
static int set_parameters(const char *line)
{
    size_t bytes = strlen(line) + 1;
    char *rest = kshim_take(bytes, 0), *word;

    if (!rest)
        return -ENOMEM;
    memcpy(rest, line, bytes);
    while ((word = strsep(&rest, " ")) != NULL)
        if (*word)
            set_one(word);
    return 0;
}

static void call(initcall_entry_t *from, initcall_entry_t *to)
{
    for (; from < to; from++) {
        int result = initcall_from_entry(from)();

        if (result && result != -ENODEV)
            pr_warn("initcall %pS: %d\n", initcall_from_entry(from), result);
    }
}

static void start_cores(void)
{
    radix_tree_init();
    maple_tree_init();
    seq_file_init();
    early_irq_init();
    x86_create_pci_msi_domain();
    lapic_assign_system_vectors();
    devices_init();
    buses_init();
    classes_init();
    firmware_init();
    platform_bus_init();
    kernel_kobj = kobject_create_and_add("kernel", NULL);
}

static int start_iommu(void)
{
    amd_iommu_detect();
    if (!irq_remapping_prepare())
        irq_remapping_enable();
    setup_IO_APIC();
    call(__initcall_start_0, __initcall_start_5);
    kshim_pci_scan();
    call(__initcall_start_5, __initcall_start_rootfs);
    return x86_init.iommu.iommu_init ? x86_init.iommu.iommu_init() : 0;
}

int kshim_boot(const struct kshim_ops *ops)
{
    int result;

    if (ops->version != KSHIM_ABI_VERSION || ops->size < sizeof(*ops))
        return -EINVAL;
    kshim_ops = ops;
    kshim_pages_start();
    kshim_threads_start();
    kshim_x86_start();
    if (ops->flags & KSHIM_KDUMP)
        elfcorehdr_addr = 0x1000;
    iomem_resource.end = (1ull << 52) - 1;
    result = set_parameters(ops->command_line);
    if (result)
        return result;
    kshim_ioapics_start();
    start_cores();
    result = start_iommu();
    call(__initcall_start_rootfs, __initcall_end_7);
    system_state = SYSTEM_RUNNING;
    kshim_run_all();
    return result;
}

/* --- suspend: what the driver registered is called, as by the system core */

static LIST_HEAD(cores);

#ifdef KSHIM_SYSCORE_DATA
typedef struct syscore kshim_core;
#define CORE_CALL(core, method) (core)->ops->method((core)->data)
#define CORE_HAS(core, method)  ((core)->ops->method != NULL)
void kshim_register_core(kshim_core *core) KERNEL(register_syscore);
#else
typedef struct syscore_ops kshim_core;
#define CORE_CALL(core, method) (core)->method()
#define CORE_HAS(core, method)  ((core)->method != NULL)
void kshim_register_core(kshim_core *core) KERNEL(register_syscore_ops);
#endif

void kshim_register_core(kshim_core *core)
{
    list_add_tail(&core->node, &cores);
}

int kshim_suspend(void)
{
    unsigned long flags;
    kshim_core *core;
    int result = 0;

    local_irq_save(flags);
    list_for_each_entry(core, &cores, node) if (!result && CORE_HAS(core, suspend)) result =
        CORE_CALL(core, suspend);
    local_irq_restore(flags);
    return result;
}

void kshim_resume(void)
{
    unsigned long flags;
    kshim_core *core;

    local_irq_save(flags);
    list_for_each_entry(core, &cores, node) if (CORE_HAS(core, resume)) CORE_CALL(core, resume);
    local_irq_restore(flags);
    kshim_run_all();
}

void kshim_shutdown(void)
{
    if (x86_platform.iommu_shutdown)
        x86_platform.iommu_shutdown();
}

/* --- the way in */

extern struct bug_entry __start___bug_table[], __stop___bug_table[];

static int trap_kind(unsigned long address)
{
    const struct bug_entry *bug;

    for (bug = __start___bug_table; bug < __stop___bug_table; bug++)
        if ((unsigned long)&bug->bug_addr_disp + bug->bug_addr_disp == address)
            return bug->flags & BUGFLAG_WARNING ? 1 : 2;
    return 0;
}

static void leaks(struct kshim_leaks *out)
{
    *out = (struct kshim_leaks){
        .pages = kshim_pages_used,
        .slabs = kshim_slabs_used,
        .slab_bytes = kshim_slab_bytes,
        .threads = kshim_threads_alive(),
        .timers = kshim_timers_count(),
        .works = kshim_works_count(),
    };
}

static const struct kshim_entry entry = {
    .version = KSHIM_ABI_VERSION,
    .size = sizeof(struct kshim_entry),
    .release = UTS_RELEASE,
    .added = KSHIM_ADDED,
    .api = &kshim_api,
    .boot = kshim_boot,
    .interrupt = kshim_interrupt,
    .run = kshim_run_all,
    .next_timer = kshim_timer_next,
    .trap_kind = trap_kind,
    .leaks = leaks,
    .locks_held = kshim_locks_held,
    .owner = &kshim_owner,
};

const struct kshim_entry *kshim_entry(void)
{
    return &entry;
}
