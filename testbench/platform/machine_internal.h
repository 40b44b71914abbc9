// SPDX-License-Identifier: Apache-2.0
/* What the files of machine.h share, and what devices of the machine use. */
#ifndef AMDVI_PLATFORM_MACHINE_INTERNAL_H
#define AMDVI_PLATFORM_MACHINE_INTERNAL_H

#include "testbench/platform/acpi.h"
#include "testbench/platform/machine.h"
#include "testbench/platform/messages.h"
#include "testbench/platform/timers.h"

struct dma_device;

/* An IOMMU and an IOAPIC in their places. */
struct machine_unit {
    struct machine *machine;
    struct machine_iommu what;
    struct amdvi_config *config;
    void *unit; /* of the machine's way */
    struct amdvi_device *device;
    bool held;
};

struct machine_input {
    struct machine *machine;
    struct machine_ioapic what;
    struct ioapic *ioapic;
};

struct machine {
    struct machine_config config;
    struct ram *ram;
    struct pcie_topology *pci;
    struct machine_unit unit[MACHINE_IOMMUS_MAX];
    struct machine_input input[MACHINE_IOAPICS_MAX];
    struct dma_device *devices;
    struct messages messages;
    struct timers timers;
    struct acpi_tables tables;
    uint64_t now;
    struct machine_statistics statistics;
};

/* machine_check.c */
/* Whether all of it can be; else a text. */
bool machine_config_good(const struct machine_config *config, struct machine_error *error);
/* Whether the windows of the IOMMUs, RAM, IOAPICs and BARs are apart. */
bool machine_places_good(const struct machine *machine, struct machine_error *error);

/* machine_units.c */
static inline const struct machine_way *machine_way_of(const struct machine *machine)
{
    return machine->config.way ? machine->config.way : &way_direct;
}
enum amdvi_status machine_add_units(struct machine *machine, struct machine_error *error);
/* Resets the IOMMUs, then opens and locks their register windows. */
enum amdvi_status machine_open_units(struct machine *machine);

/* machine_ivrs.c */
enum amdvi_status machine_build_ivrs(struct machine *machine);

/* machine_requests.c */
struct machine_unit *machine_unit_of(struct machine *machine, uint16_t segment, uint16_t device);
/*
 * A request with its data; interrupts become messages. AMDVI_ERR_MEMORY: a good address with nothing behind
 * it. Past IOMMUs everything is allowed.
 */
enum amdvi_status machine_request(struct machine *machine, uint16_t segment,
                                  const struct amdvi_request *request, void *data,
                                  struct amdvi_result *result);
/* A message interrupt of a device or IOAPIC. */
void machine_message(struct machine *machine, uint16_t segment, uint16_t requester, uint64_t address,
                     uint32_t data);
/* Memory for IOMMUs, where no window is: BARs. */
struct amdvi_memory machine_memory(struct machine *machine);

/* machine_time.c */
/* The IOMMUs work, what is due happens; nothing is delivered. */
void machine_work(struct machine *machine);
/* The end of every call: work unless in late mode, then what was raised is delivered. */
void machine_finish(struct machine *machine);

/* dma_device.c */
/* Of the devices of a machine, for callbacks of IOMMUs. */
enum amdvi_atc_answer dma_devices_invalidate(struct machine *machine, struct machine_unit *unit,
                                             const struct amdvi_atc_invalidation *invalidation);
void dma_devices_respond(struct machine *machine, struct machine_unit *unit,
                         const struct amdvi_prg_response *response);

#endif
