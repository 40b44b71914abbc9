// SPDX-License-Identifier: Apache-2.0
/*
 * How a machine reaches its IOMMUs: by the calls of amdvi.h (way_direct), by an executor that keeps time
 * (way_timed.h), or by whatever else stands between a processor, devices and an IOMMU, such as the sockets of
 * a SystemC module. Functions are called one at a time and may not call the machine, but for the callbacks of
 * struct machine_order.
 */
#ifndef AMDVI_PLATFORM_WAY_H
#define AMDVI_PLATFORM_WAY_H

#include "amdvi/amdvi.h"

#ifdef __cplusplus
extern "C" {
#endif

struct ram;

/* An IOMMU as the machine wants it. What is pointed to lives as long as the machine, `config` as the call. */
struct machine_order {
    size_t index; /* of the IOMMU */
    const struct amdvi_config *config;
    const struct ram *ram;      /* in place, for who can use it (ram.h) */
    struct amdvi_memory memory; /* the whole address space but registers of IOMMUs: RAM, BARs */
    struct amdvi_callbacks callbacks;
};

struct machine_way {
    /* `*unit` is the first argument of the others; `*device` the C object, for inspection and observers. */
    enum amdvi_status (*create)(void *context, const struct machine_order *order, void **unit,
                                struct amdvi_device **device);
    void (*destroy)(void *unit); /* null does nothing */
    enum amdvi_status (*reset)(void *unit);

    /* The processor: as amdvi_bus_read(), amdvi_pci_read() and their like. A write may take effect later. */
    enum amdvi_status (*bus_read)(void *unit, uint64_t spa, unsigned size, uint64_t *value);
    enum amdvi_status (*bus_write)(void *unit, uint64_t spa, unsigned size, uint64_t value);
    enum amdvi_status (*pci_read)(void *unit, unsigned offset, unsigned size, uint64_t *value);
    enum amdvi_status (*pci_write)(void *unit, unsigned offset, unsigned size, uint64_t value);

    /* Devices: as amdvi_dma(), amdvi_interrupt(), amdvi_translate(), amdvi_page_request(),
     * amdvi_atc_complete(). */
    enum amdvi_status (*dma)(void *unit, const struct amdvi_request *request, void *data,
                             struct amdvi_result *result);
    enum amdvi_status (*interrupt)(void *unit, uint16_t requester, uint64_t address, uint32_t data,
                                   struct amdvi_int_result *result);
    enum amdvi_status (*translate)(void *unit, const struct amdvi_request *request,
                                   struct amdvi_result *result);
    enum amdvi_status (*page_request)(void *unit, const struct amdvi_page_request *request,
                                      struct amdvi_page_request_result *result);
    enum amdvi_status (*atc_complete)(void *unit, uint32_t tag);

    /* Does what can be done now; false: there was nothing. Who works by himself says false. */
    bool (*work)(void *unit);
    /* Time passes: so many nanoseconds, after which the machine's clock stands at `now`. A unit with a clock
     * of its own that is beyond that does nothing. */
    void (*advance)(void *unit, uint64_t nanoseconds, uint64_t now);
    /* The unit's own clock in ns, rounded up; 0 of one that has none. The machine's follows it. */
    uint64_t (*now)(void *unit);
};

/* The context of its create() is not used. */
extern const struct machine_way way_direct;

#ifdef __cplusplus
}
#endif

#endif
