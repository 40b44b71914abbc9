/* SPDX-License-Identifier: GPL-2.0-only */
/* Parts of the API that tests use: struct kshim_api, told there. */
#ifndef KSHIM_API_H
#define KSHIM_API_H

#include <linux/device.h>
#include <linux/pci.h>

#include "glue.h"

/* A device by its PCI name, with a reference that api_put() gives back; null when there is none. */
struct device *api_get(const char *name);
void api_put(struct device *device);

void *api_domain_alloc(const char *device);
void api_domain_free(void *domain);
int api_attach(void *domain, const char *device);
int api_detach(void *domain, const char *device);
int api_map(void *domain, kshim_u64 iova, kshim_u64 pa, kshim_u64 bytes, int prot);
kshim_u64 api_unmap(void *domain, kshim_u64 iova, kshim_u64 bytes);
kshim_u64 api_iova_to_phys(void *domain, kshim_u64 iova);
kshim_u64 api_page_sizes(void *domain);
const char *api_domain_type(const char *device);

int api_dma_mask(const char *device, int bits);
kshim_u64 api_dma_map(const char *device, kshim_u64 pa, kshim_u64 bytes, int direction);
void api_dma_unmap(const char *device, kshim_u64 iova, kshim_u64 bytes, int direction);
int api_dma_map_sg(const char *device, struct kshim_scatter *list, int count, int direction);
void api_dma_unmap_sg(const char *device, struct kshim_scatter *list, int count, int direction);
kshim_u64 api_dma_alloc(const char *device, kshim_u64 bytes, int atomic, void **memory);
void api_dma_free(const char *device, kshim_u64 iova, void *memory, kshim_u64 bytes);
kshim_u64 api_page_alloc(int order);
void api_page_free(kshim_u64 pa, int order);

int api_irq_request(const char *device, int count, int msix);
void api_irq_release(const char *device);
kshim_u64 api_irq_count(const char *device, int index);
int api_irq_affinity(const char *device, int index);
int api_irq_unmaps(const char *device, kshim_u64 iova, kshim_u64 bytes);
int api_avic_start(const char *device, int index, kshim_u64 backing_page, kshim_u32 tag, int vector,
                   int apic);
int api_avic_stop(const char *device, int index);
int api_counter(int iommu, int bank, int counter, int offset, int write, kshim_u64 *value);
kshim_u64 api_avic_notified(kshim_u32 *last_tag);

void *api_sva_attach(const char *device, kshim_u32 pasid, kshim_u64 pgd);
void api_sva_detach(void *shared);
void api_sva_changed(void *shared, kshim_u64 first, kshim_u64 end);
kshim_u64 api_sva_requests(void *shared, int answer);
int api_feature(const char *device, const char *name, int on);

int api_race(const char *const *names, int count, int steps);
int api_device_enable(const char *device);
int api_device_remove(const char *device);
int api_bus_rescan(int segment, int bus);
int api_device_reset(const char *device);
int api_device_references(const char *device);

int api_pin_request(int gsi, int level, kshim_u64 content);
void api_pin_release(int gsi);
kshim_u64 api_pin_count(int gsi);

void *api_fd_bind(void *file, const char *device, kshim_u32 *id);
int api_fd_attach(void *bound, kshim_u32 *pt_id);
int api_fd_detach(void *bound);
void api_fd_unbind(void *bound);
int api_fd_nests(void);

#endif
