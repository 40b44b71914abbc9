// SPDX-License-Identifier: GPL-2.0-only
/* A guest, by iommufd's calls [viommu 9.4]: virtual IOMMU, devices, queues, nested tables. */
#include <linux/io.h>

#include "hw_viommu.h"

enum { PAGE_OF_GUEST = 4096, CONTROL_OF_GUEST = 64, GUEST_LAST = 0x7fff, TRANSLATION_FIRST = 0xffff };
enum { MAP_DEVICES = 0x00, MAP_DOMAINS = 0x08, MISC = 0x10, COMMANDS = 0x20, EVENTS = 0x28, REQUESTS = 0x30 };
enum { MAP_DEVICES_BYTES = 1 << 20, MAP_DOMAINS_BYTES = 1 << 19 };
#define MAP_DEVICES_AT  0x1000000000ull
#define MAP_DOMAINS_AT  0x2000000000ull
#define MAP_WRITE       BIT_ULL(63)
#define MAP_VALID       1ull
#define RESET_REGISTERS (10ull << 60 | BIT_ULL(31) | BIT_ULL(28))
#define ENTRY_GUEST     BIT_ULL(15) /* vImuEn, of the last word */
#define QUEUE_RUNS      0x300ull    /* enable and interrupt enable; of requests also what they log */
#define REQUESTS_RUN    0x700ull

struct hw_guest {
    struct amd_iommu_viommu base;
    const struct iommufd_viommu_ops *driver; /* what the driver itself offers */
    struct hw_iommu *hw;
    int number;
    u16 translation; /* DeviceID whose entry leads through stage 2 */
    void *devices, *domains;
    unsigned long mmap_offset;
};

struct hw_device {
    struct iommufd_vdevice core;
    struct list_head list;
};

static LIST_HEAD(devices);

static struct hw_guest *guest_of(struct iommufd_viommu *viommu)
{
    return container_of(viommu, struct hw_guest, base.core);
}

static u8 __iomem *control_of(struct hw_guest *guest)
{
    return guest->hw->control + guest->number * CONTROL_OF_GUEST;
}

static void map_id(struct hw_guest *guest, int map, u16 guests, u16 hosts)
{
    writeq(MAP_WRITE | (u64)guests << 46 | (u64)hosts << 14 | MAP_VALID, control_of(guest) + map);
}

/* Numbers that nobody has given lead somewhere all the same: an unknown one would be an error. */
static void fill_maps(struct hw_guest *guest)
{
    unsigned int each;

    for (each = 0; each < HW_MAP_ENTRIES; each++)
        map_id(guest, MAP_DOMAINS, each, guest->base.parent->id);
    for (each = 0; each < HW_MAP_ENTRIES; each++)
        map_id(guest, MAP_DEVICES, each, 0);
}

/* --- what exists as long as the guest does */

static int translate_buffers(struct hw_guest *guest)
{
    u64 words[4];
    int result;

    hw_command(guest->hw, RESET_REGISTERS | guest->number, 0);
    hw_v1_words(&guest->base.parent->domain, words);
    result = hw_wait(guest->hw) ?: hw_write_entry(guest->hw, guest->translation, words);
    if (!result)
        writeq((u64)guest->translation << 16, control_of(guest) + MISC);
    return result;
}

static int add_maps(struct hw_guest *guest)
{
    u64 number = guest->number;

    guest->devices =
        hw_private_add(guest->hw, MAP_DEVICES_AT + number * MAP_DEVICES_BYTES, MAP_DEVICES_BYTES);
    guest->domains =
        hw_private_add(guest->hw, MAP_DOMAINS_AT + number * MAP_DOMAINS_BYTES, MAP_DOMAINS_BYTES);
    if (!guest->devices || !guest->domains)
        return -ENOMEM;
    fill_maps(guest);
    return 0;
}

static void remove_maps(struct hw_guest *guest)
{
    u64 number = guest->number;

    if (guest->devices)
        hw_private_remove(guest->hw, MAP_DEVICES_AT + number * MAP_DEVICES_BYTES, MAP_DEVICES_BYTES,
                          guest->devices);
    if (guest->domains)
        hw_private_remove(guest->hw, MAP_DOMAINS_AT + number * MAP_DOMAINS_BYTES, MAP_DOMAINS_BYTES,
                          guest->domains);
}

static void guest_stop(struct hw_guest *guest)
{
    static const u64 nothing[4];

    writeq(0, control_of(guest) + COMMANDS);
    writeq(0, control_of(guest) + MISC);
    remove_maps(guest);
    hw_write_entry(guest->hw, guest->translation, nothing);
    iommufd_viommu_destroy_mmap(&guest->base.core, guest->mmap_offset);
    ida_free(&guest->hw->guests, guest->number);
}

static void guest_destroy(struct iommufd_viommu *viommu)
{
    struct hw_guest *guest = guest_of(viommu);

    guest_stop(guest);
    guest->driver->destroy(viommu);
}

/* --- devices */

static void guest_device_destroy(struct iommufd_vdevice *core)
{
    struct hw_guest *guest = guest_of(core->viommu);

    map_id(guest, MAP_DEVICES, core->virt_id, 0);
    list_del(&container_of(core, struct hw_device, core)->list);
}

static int guest_device_init(struct iommufd_vdevice *core)
{
    struct device *device = iommufd_vdevice_to_device(core);
    struct hw_guest *guest = guest_of(core->viommu);

    if (core->virt_id >= HW_MAP_ENTRIES)
        return -EINVAL;
    map_id(guest, MAP_DEVICES, core->virt_id, pci_dev_id(to_pci_dev(device)));
    core->destroy = guest_device_destroy;
    list_add(&container_of(core, struct hw_device, core)->list, &devices);
    return 0;
}

/* The guest's number of a domain, by the host's. */
static void map_domain(struct hw_guest *guest, u16 host_domain)
{
    struct guest_domain_mapping_info *info;
    unsigned long number;

    xa_for_each(&guest->base.gdomid_array, number, info) if (info->hdom_id == host_domain)
        map_id(guest, MAP_DOMAINS, number, host_domain);
}

static struct hw_device *device_of(struct device *device)
{
    struct hw_device *each;

    list_for_each_entry(each, &devices,
                        list) if (iommufd_vdevice_to_device(&each->core) == device) return each;
    return NULL;
}

void __real_amd_iommu_update_dte(struct amd_iommu *iommu, struct iommu_dev_data *data,
                                 struct dev_table_entry *entry);
void __wrap_amd_iommu_update_dte(struct amd_iommu *iommu, struct iommu_dev_data *data,
                                 struct dev_table_entry *entry);

/* The driver writes an entry: with guest tables it becomes a guest's. */
void __wrap_amd_iommu_update_dte(struct amd_iommu *iommu, struct iommu_dev_data *data,
                                 struct dev_table_entry *entry)
{
    struct hw_device *device = entry->data[0] & DTE_FLAG_GV ? device_of(data->dev) : NULL;
    struct hw_guest *guest = device ? guest_of(device->core.viommu) : NULL;

    if (guest)
        entry->data[3] |= ENTRY_GUEST | device->core.virt_id << 16 | (u64)guest->number << 32;
    __real_amd_iommu_update_dte(iommu, data, entry);
    if (guest)
        map_domain(guest, entry->data[1] & DTE_DOMID_MASK);
}

/* --- queues */

static size_t queue_size(struct iommufd_viommu *viommu, enum iommu_hw_queue_type kind)
{
    unsigned int type = kind;

    return type >= HW_QUEUE_COMMANDS && type <= HW_QUEUE_REQUESTS ? sizeof(struct iommufd_hw_queue) : 0;
}

static int register_of(const struct iommufd_hw_queue *queue)
{
    unsigned int type = queue->type;

    return type == HW_QUEUE_COMMANDS ? COMMANDS : type == HW_QUEUE_EVENTS ? EVENTS : REQUESTS;
}

static void queue_destroy(struct iommufd_hw_queue *queue)
{
    writeq(0, control_of(guest_of(queue->viommu)) + register_of(queue));
}

/* `length` is 2^n records of 16 bytes, n from 8 to 15 [viommu 3]. The hardware goes by the guest's address.
 */
static int queue_init(struct iommufd_hw_queue *queue, u32 index, phys_addr_t pa)
{
    u64 code = ilog2(queue->length) - 4, base = queue->base_addr;
    bool requests = register_of(queue) == REQUESTS;

    if (index || !is_power_of_2(queue->length) || code < 8 || code > 15 || !PAGE_ALIGNED(base))
        return -EINVAL;
    queue->destroy = queue_destroy;
    writeq(code | (requests ? REQUESTS_RUN | base << 4 : QUEUE_RUNS | base),
           control_of(guest_of(queue->viommu)) + register_of(queue));
    return 0;
}

/* --- */

static const struct iommufd_viommu_ops operations = {
    .destroy = guest_destroy,
    .alloc_domain_nested = amd_iommu_alloc_domain_nested,
    .vdevice_size = sizeof(struct hw_device),
    .vdevice_init = guest_device_init,
    .get_hw_queue_size = queue_size,
    .hw_queue_init_phys = queue_init,
};

size_t __real_amd_iommufd_get_viommu_size(struct device *device, enum iommu_viommu_type type);
size_t __wrap_amd_iommufd_get_viommu_size(struct device *device, enum iommu_viommu_type type);

size_t __wrap_amd_iommufd_get_viommu_size(struct device *device, enum iommu_viommu_type type)
{
    if ((int)type != HW_VIOMMU_TYPE)
        return __real_amd_iommufd_get_viommu_size(device, type);
    return hw_iommu_of(get_amd_iommu_from_dev(device)) ? sizeof(struct hw_guest) : 0;
}

static int guest_start(struct hw_guest *guest, const struct iommu_user_data *user)
{
    struct iommufd_viommu *viommu = &guest->base.core;
    struct hw_viommu_data data = {0};
    int result;

    guest->hw = hw_iommu_of(container_of(viommu->iommu_dev, struct amd_iommu, iommu));
    guest->number = ida_alloc_range(&guest->hw->guests, 1, GUEST_LAST, GFP_KERNEL);
    if (guest->number < 0)
        return guest->number;
    guest->translation = TRANSLATION_FIRST + 1 - guest->number;
    result = iommufd_viommu_alloc_mmap(viommu, guest->hw->vf_pa + (u64)guest->number * PAGE_OF_GUEST,
                                       PAGE_OF_GUEST, &guest->mmap_offset);
    if (result) {
        ida_free(&guest->hw->guests, guest->number);
        return result;
    }
    data.mmap_offset = guest->mmap_offset;
    result = translate_buffers(guest) ?: add_maps(guest) ?: copy_to_user(user->uptr, &data, sizeof(data)) ? -EFAULT : 0;
    if (result)
        guest_stop(guest);
    return result;
}

int __real_amd_iommufd_viommu_init(struct iommufd_viommu *viommu, struct iommu_domain *parent,
                                   const struct iommu_user_data *user);
int __wrap_amd_iommufd_viommu_init(struct iommufd_viommu *viommu, struct iommu_domain *parent,
                                   const struct iommu_user_data *user);

int __wrap_amd_iommufd_viommu_init(struct iommufd_viommu *viommu, struct iommu_domain *parent,
                                   const struct iommu_user_data *user)
{
    struct hw_guest *guest = guest_of(viommu);
    int result;

    if ((int)viommu->type != HW_VIOMMU_TYPE)
        return __real_amd_iommufd_viommu_init(viommu, parent, user);
    if (!user || user->len != sizeof(struct hw_viommu_data))
        return -EINVAL;
    result = __real_amd_iommufd_viommu_init(viommu, parent, user);
    if (result)
        return result;
    guest->driver = viommu->ops;
    result = guest_start(guest, user);
    if (result)
        guest->driver->destroy(viommu);
    else
        viommu->ops = &operations;
    return result;
}
