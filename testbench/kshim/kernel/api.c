// SPDX-License-Identifier: GPL-2.0-only
/* The table of what tests may do, and devices by name. */
#include "api.h"

struct device *api_get(const char *name)
{
    return bus_find_device_by_name(&pci_bus_type, NULL, name);
}

void api_put(struct device *device)
{
    put_device(device);
}

const struct kshim_api kshim_api = {
    .domain_alloc = api_domain_alloc,
    .domain_free = api_domain_free,
    .attach = api_attach,
    .detach = api_detach,
    .map = api_map,
    .unmap = api_unmap,
    .iova_to_phys = api_iova_to_phys,
    .page_sizes = api_page_sizes,
    .domain_type = api_domain_type,
    .dma_mask = api_dma_mask,
    .dma_map = api_dma_map,
    .dma_unmap = api_dma_unmap,
    .dma_map_sg = api_dma_map_sg,
    .dma_unmap_sg = api_dma_unmap_sg,
    .dma_alloc = api_dma_alloc,
    .dma_free = api_dma_free,
    .page_alloc = api_page_alloc,
    .page_free = api_page_free,
    .irq_request = api_irq_request,
    .irq_release = api_irq_release,
    .irq_count = api_irq_count,
    .irq_affinity = api_irq_affinity,
    .irq_unmaps = api_irq_unmaps,
    .pin_request = api_pin_request,
    .pin_release = api_pin_release,
    .pin_count = api_pin_count,
    .sva_attach = api_sva_attach,
    .sva_detach = api_sva_detach,
    .sva_changed = api_sva_changed,
    .sva_requests = api_sva_requests,
    .feature = api_feature,
    .race = api_race,
    .device_enable = api_device_enable,
    .device_remove = api_device_remove,
    .bus_rescan = api_bus_rescan,
    .device_reset = api_device_reset,
    .device_references = api_device_references,
    .suspend = kshim_suspend,
    .resume = kshim_resume,
    .shutdown = kshim_shutdown,
    .file_open = kshim_file_open,
    .file_ioctl = kshim_file_ioctl,
    .file_mmap = kshim_file_mmap,
    .file_munmap = kshim_file_munmap,
    .file_close = kshim_file_close,
    .fd_bind = api_fd_bind,
    .fd_attach = api_fd_attach,
    .fd_detach = api_fd_detach,
    .fd_unbind = api_fd_unbind,
    .fd_nests = api_fd_nests,
    .counter = api_counter,
    .debugfs_read = kshim_debugfs_read,
    .debugfs_write = kshim_debugfs_write,
    .avic_start = api_avic_start,
    .avic_stop = api_avic_stop,
    .avic_notified = api_avic_notified,
};
