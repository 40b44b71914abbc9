// SPDX-License-Identifier: GPL-2.0-only
/* One processor with a local interrupt controller that is only as much as vectors need, and interrupts into
 * it. */
#include <linux/hardirq.h>
#include <linux/init.h>
#include <linux/interrupt.h>
#include <linux/iommu.h>
#include <linux/irq.h>
#include <linux/irqdesc.h>
#include <linux/kernel_stat.h>
#include <linux/mm.h>
#include <linux/msi.h>

#include <asm/apic.h>
#include <asm/hw_irq.h>
#include <asm/i8259.h>
#include <asm/irqdomain.h>
#include <asm/processor.h>
#include <asm/x86_init.h>

#include "glue.h"

struct cpuinfo_x86 boot_cpu_data;
struct x86_init_ops x86_init;
struct x86_platform_ops x86_platform;
struct x86_apic_ops x86_apic_ops;
DEFINE_PER_CPU(vector_irq_t, vector_irq);
DECLARE_BITMAP(system_vectors, NR_VECTORS);
struct cpumask __cpu_online_mask, __cpu_possible_mask, __cpu_present_mask;
const unsigned long cpu_bit_bitmap[BITS_PER_LONG + 1][BITS_TO_LONGS(NR_CPUS)] = {[1][0] = 1};
pteval_t __default_kernel_pte_mask = ~0ull;
int iommu_detected, no_iommu;
int kshim_interrupts_pending;

/* "iommu=" of x86, as far as it concerns this driver. */
static int set_iommu(char *words)
{
    char *word;

    while ((word = strsep(&words, ",")) != NULL) {
        if (!strcmp(word, "pt"))
            iommu_set_default_passthrough(true);
        else if (!strcmp(word, "nopt"))
            iommu_set_default_translated(true);
        else if (!strcmp(word, "off"))
            no_iommu = 1;
        else
            pr_warn("iommu=%s means nothing here\n", word);
    }
    return 0;
}
early_param("iommu", set_iommu);

static int legacy_probe(void)
{
    return 0;
}

static struct legacy_pic no_legacy = {.probe = legacy_probe};
struct legacy_pic *legacy_pic = &no_legacy;

static u8 in_service; /* the vector whose handler runs */

/* End of interrupt: controllers with level inputs hear of it. */
static void end_interrupt(void)
{
    if (kshim_ops->end_of_interrupt)
        kshim_ops->end_of_interrupt(kshim_ops->context, in_service);
}

/* Registers of the controller: what is in service came from a level input, and nothing else is set. */
static u32 read_apic(u32 reg)
{
    return reg >= APIC_TMR && reg < APIC_IRR ? ~0u : 0;
}

#if BEFORE(6, 6)
static void end_interrupt_by_write(u32 reg, u32 value)
{
    end_interrupt();
}
#else
/* The kernel calls them by static calls, which are nothing else than functions of these names. */
u32 kshim_call_read(u32 reg) KERNEL(__SCT__apic_call_read);
u32 kshim_call_read(u32 reg)
{
    return read_apic(reg);
}

void kshim_call_eoi(void) KERNEL(__SCT__apic_call_eoi);
void kshim_call_eoi(void)
{
    end_interrupt();
}
#endif

static void nothing(void)
{
}

static void no_write(u32 reg, u32 value)
{
}

/* What would reach the controller's registers does nothing. */
static void quieten_apic(void)
{
#if BEFORE(6, 6)
    apic->eoi_write = end_interrupt_by_write;
#else
    apic->eoi = end_interrupt;
#endif
    apic->read = read_apic;
    apic->write = no_write;
}

void kshim_x86_start(void)
{
    struct cpuinfo_x86 *cpu = &boot_cpu_data;
    bool la57 = kshim_ops->flags & KSHIM_LA57;

    cpu->x86_vendor = X86_VENDOR_AMD;
    cpu->x86 = 0x19;
    set_cpu_cap(cpu, X86_FEATURE_CX16);
    set_cpu_cap(cpu, X86_FEATURE_LM);
    if (la57)
        set_cpu_cap(cpu, X86_FEATURE_LA57);
    cpu->x86_phys_bits = la57 ? 52 : 48;
    cpu->x86_virt_bits = la57 ? 57 : 48;
    __cpu_online_mask.bits[0] = __cpu_possible_mask.bits[0] = __cpu_present_mask.bits[0] = 1;
    x86_init.irqs.create_pci_msi_domain = native_create_pci_msi_domain;
    x86_init.mpparse.setup_ioapic_ids = nothing;
    quieten_apic();
}

void kshim_compose_msg(struct irq_cfg *config, struct msi_msg *message, bool dmar)
    KERNEL(__irq_msi_compose_msg);
void kshim_compose_msg(struct irq_cfg *config, struct msi_msg *message, bool dmar)
{
    memset(message, 0, sizeof(*message));
    message->arch_addr_lo.base_address = X86_MSI_BASE_ADDRESS_LOW;
    message->arch_addr_lo.destid_0_7 = config->dest_apicid & 0xff;
    message->arch_data.vector = config->vector;
}

/* --- interrupts */

static u8 waiting[256];
static unsigned int waiting_first, waiting_count;
static bool delivering;

bool kshim_in_interrupt(void)
{
    return in_hardirq();
}

void kshim_irq_enter(void) KERNEL(irq_enter_rcu);
void kshim_irq_enter(void)
{
    preempt_count_add(HARDIRQ_OFFSET);
}

void kshim_irq_exit(void) KERNEL(irq_exit_rcu);
void kshim_irq_exit(void)
{
    preempt_count_sub(HARDIRQ_OFFSET);
}

static void handle(u8 vector)
{
    struct irq_desc *descriptor = __this_cpu_read(vector_irq[vector]);

    kshim_flags = 0;
    in_service = vector;
    kshim_irq_enter();
    if (IS_ERR_OR_NULL(descriptor))
        pr_warn("interrupt vector %#x belongs to nobody\n", vector);
    else
        generic_handle_irq_desc(descriptor);
    kshim_irq_exit();
    kshim_flags = KSHIM_IF;
}

/* The flag has gone on: what waits is delivered, one after the other, then timers. */
void kshim_interrupts_enabled(void)
{
    if (delivering || in_hardirq())
        return;
    delivering = true;
    while (waiting_count) {
        u8 vector = waiting[waiting_first];

        waiting_first = (waiting_first + 1) % ARRAY_SIZE(waiting);
        waiting_count--;
        handle(vector);
    }
    delivering = false;
    kshim_interrupts_pending = 0;
    if (kshim_timers_due() && !in_interrupt())
        kshim_timers_run();
}

static bool is_waiting(u8 vector)
{
    unsigned int each;

    for (each = 0; each < waiting_count; each++)
        if (waiting[(waiting_first + each) % ARRAY_SIZE(waiting)] == vector)
            return true;
    return false;
}

/* As in a controller's request register, a vector that waits already is not counted twice. */
int kshim_interrupt(kshim_u64 address, kshim_u32 data)
{
    u8 vector = data & 0xff;

    if (vector < FIRST_EXTERNAL_VECTOR || IS_ERR_OR_NULL(__this_cpu_read(vector_irq[vector])))
        return -EINVAL;
    if (!is_waiting(vector)) {
        waiting[(waiting_first + waiting_count) % ARRAY_SIZE(waiting)] = vector;
        waiting_count++;
    }
    kshim_interrupts_pending = 1;
    if (!irqs_disabled())
        kshim_interrupts_enabled();
    return 0;
}

void kshim_bh_enable(unsigned long from, unsigned int count) KERNEL(__local_bh_enable_ip);
void kshim_bh_enable(unsigned long from, unsigned int count)
{
    preempt_count_sub(count);
    if (!in_interrupt() && !irqs_disabled() && kshim_timers_due())
        kshim_timers_run();
}

/* --- PCI before there are buses: the driver's quirks look at the southbridge */

u32 kshim_read_config(u8 bus, u8 slot, u8 function, u8 offset) KERNEL(read_pci_config);
u32 kshim_read_config(u8 bus, u8 slot, u8 function, u8 offset)
{
    return kshim_ops->config_read(kshim_ops->context, 0, bus, slot << 3 | function, offset, 4);
}

u16 kshim_read_config16(u8 bus, u8 slot, u8 function, u8 offset) KERNEL(read_pci_config_16);
u16 kshim_read_config16(u8 bus, u8 slot, u8 function, u8 offset)
{
    return kshim_ops->config_read(kshim_ops->context, 0, bus, slot << 3 | function, offset, 2);
}
