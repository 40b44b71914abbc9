// SPDX-License-Identifier: GPL-2.0-only
/* Interrupts of devices: requested as a driver does, counted, remapped, and handed to guests (AVIC). */
#include <linux/amd-iommu.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/irq.h>

#include <asm/irq_remapping.h>

#include "api.h"

enum { USERS = 32, VECTORS = 64 };

struct irq_user {
    char name[16];
    struct pci_dev *device;
    int vectors;
    u64 counts[VECTORS];
};

static struct irq_user users[USERS];

static struct irq_user *user_of(const char *name)
{
    unsigned int at;

    for (at = 0; at < USERS; at++)
        if (!strcmp(users[at].name, name))
            return &users[at];
    return NULL;
}

/* What the next handler does beside counting. */
static struct {
    struct device *device;
    u64 iova, bytes;
} chore;

int api_irq_unmaps(const char *name, kshim_u64 iova, kshim_u64 bytes)
{
    if (chore.device)
        return -EBUSY;
    chore.device = api_get(name);
    chore.iova = iova;
    chore.bytes = bytes;
    return chore.device ? 0 : -ENODEV;
}

static void do_chore(void)
{
    struct device *device = chore.device;

    if (!device)
        return;
    chore.device = NULL;
    dma_unmap_page(device, chore.iova, chore.bytes, DMA_BIDIRECTIONAL);
    api_put(device);
}

static irqreturn_t count_it(int irq, void *data)
{
    ++*(u64 *)data;
    do_chore();
    return IRQ_HANDLED;
}

static int request_all(struct irq_user *user)
{
    int each, result;

    for (each = 0; each < user->vectors; each++) {
        result = request_irq(pci_irq_vector(user->device, each), count_it, 0, "kshim", &user->counts[each]);
        if (result)
            break;
    }
    if (each == user->vectors)
        return each;
    while (each--)
        free_irq(pci_irq_vector(user->device, each), &user->counts[each]);
    return result;
}

int api_irq_request(const char *name, int count, int msix)
{
    struct device *device = api_get(name);
    struct irq_user *user = user_of("");
    int result;

    if (!device || !user || user_of(name) || count < 1 || count > VECTORS)
        return device ? -EINVAL : -ENODEV;
    memset(user, 0, sizeof(*user));
    user->device = to_pci_dev(device);
    result = pci_alloc_irq_vectors(user->device, 1, count, msix ? PCI_IRQ_MSIX : PCI_IRQ_MSI);
    if (result > 0) {
        user->vectors = result;
        result = request_all(user);
        if (result < 0)
            pci_free_irq_vectors(user->device);
    }
    if (result > 0)
        strscpy(user->name, name, sizeof(user->name));
    else
        put_device(device);
    return result;
}

void api_irq_release(const char *name)
{
    struct irq_user *user = user_of(name);
    int each;

    if (!user)
        return;
    for (each = 0; each < user->vectors; each++)
        free_irq(pci_irq_vector(user->device, each), &user->counts[each]);
    pci_free_irq_vectors(user->device);
    put_device(&user->device->dev);
    user->name[0] = 0;
}

static bool is_vector(const struct irq_user *user, int index)
{
    return user && index >= 0 && index < user->vectors;
}

kshim_u64 api_irq_count(const char *name, int index)
{
    struct irq_user *user = user_of(name);

    return is_vector(user, index) ? user->counts[index] : 0;
}

/* What a kernel for one processor leaves out of the vector domain: the vector stays where it is. */
static int keep_vector(struct irq_data *data, const struct cpumask *mask, bool force)
{
    return IRQ_SET_MASK_OK;
}

/* To the only processor there is: entries are written anew all the same. The core of the kernel has nothing
 * to move interrupts with, so the chips are asked, under the lock that they expect. */
int api_irq_affinity(const char *name, int index)
{
    struct irq_user *user = user_of(name);
    struct irq_data *data, *root;
    struct irq_desc *desc;
    unsigned long flags;
    int result;

    if (!is_vector(user, index))
        return -EINVAL;
    desc = irq_to_desc(pci_irq_vector(user->device, index));
    data = root = irq_desc_get_irq_data(desc);
    while (root->parent_data)
        root = root->parent_data;
    if (!root->chip->irq_set_affinity)
        root->chip->irq_set_affinity = keep_vector;
    raw_spin_lock_irqsave(&desc->lock, flags);
    result = data->chip->irq_set_affinity(data, cpu_online_mask, true);
    raw_spin_unlock_irqrestore(&desc->lock, flags);
    return result < 0 ? result : 0;
}

/* --- posted interrupts */

static u64 notified;
static u32 notified_tag;

static int notify(u32 tag)
{
    notified++;
    notified_tag = tag;
    return 0;
}

kshim_u64 api_avic_notified(kshim_u32 *last_tag)
{
    *last_tag = notified_tag;
    return notified;
}

static int set_guest(struct irq_user *user, int index, struct amd_iommu_pi_data *data)
{
    int irq = pci_irq_vector(user->device, index);

    return irq_set_vcpu_affinity(irq, data);
}

#ifdef KSHIM_PI_VCPU_DATA
int api_avic_start(const char *name, int index, kshim_u64 backing_page, kshim_u32 tag, int vector, int apic)
{
    struct irq_user *user = user_of(name);
    struct vcpu_data vcpu = {.pi_desc_addr = backing_page, .vector = vector};
    struct amd_iommu_pi_data data = {
        .ga_tag = tag, .base = backing_page, .is_guest_mode = true, .vcpu_data = &vcpu};
    int result;

    if (!is_vector(user, index))
        return -EINVAL;
    amd_iommu_register_ga_log_notifier(notify);
    result = set_guest(user, index, &data);
    if (!result && data.ir_data)
        result = amd_iommu_update_ga(apic, apic >= 0, data.ir_data);
    return result;
}
#else
int api_avic_start(const char *name, int index, kshim_u64 backing_page, kshim_u32 tag, int vector, int apic)
{
    struct irq_user *user = user_of(name);
    struct amd_iommu_pi_data data = {.ga_tag = tag,
                                     .vapic_addr = backing_page,
                                     .vector = vector,
                                     .cpu = apic,
                                     .ga_log_intr = apic < 0,
                                     .is_guest_mode = true};

    if (!is_vector(user, index))
        return -EINVAL;
    amd_iommu_register_ga_log_notifier(notify);
    return set_guest(user, index, &data);
}
#endif

int api_avic_stop(const char *name, int index)
{
    struct irq_user *user = user_of(name);
    struct amd_iommu_pi_data data = {.is_guest_mode = false};

    return is_vector(user, index) ? set_guest(user, index, &data) : -EINVAL;
}
