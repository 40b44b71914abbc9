// SPDX-License-Identifier: Apache-2.0
/* Lines out of the device: status bits, interrupts, PCI, answers to page requests. */
#ifndef AMDVI_MODEL_SIGNALS_H
#define AMDVI_MODEL_SIGNALS_H

#include "model/device.h"

/* status.c */
void status_set(struct amdvi_device *device, uint64_t bits);

/* prg.c */
/* Whether the response to a request with a PASID carries it (9.4); `dte` is null when there is no entry. */
bool prg_carries_pasid(const struct amdvi_device *device, const struct dte *dte);
void prg_respond(struct amdvi_device *device, const struct amdvi_prg_response *response);

/* pci.c */
void pci_reset(struct amdvi_device *device);
/* After a reset: bits that software or the device changes; all others are as the configuration says. */
void pci_restore(struct amdvi_device *device, const uint8_t bytes[PCI_CONFIG_BYTES]);
void pci_signal_target_abort(struct amdvi_device *device);
bool pci_msi_message(const struct amdvi_device *device, unsigned number, uint64_t *address, uint32_t *data);
/* Where the configuration space puts a window of the device; false: disabled, or absent (1.2, viommu 1.3). */
enum pci_window { PCI_WINDOW_REGISTERS, PCI_WINDOW_VF, PCI_WINDOW_VFC };
bool pci_window(const struct amdvi_device *device, enum pci_window window, uint64_t *base);
uint32_t pci_read32(const struct amdvi_device *device, unsigned offset);
void pci_write32(struct amdvi_device *device, unsigned offset, uint32_t value, uint32_t enable);

/* irq.c */
/* If the control register enables interrupts of this cause; in any case. */
void irq_raise(struct amdvi_device *device, enum amdvi_irq_cause cause);
void irq_send(struct amdvi_device *device, enum amdvi_irq_cause cause);
/* Tells the host and whoever observes of an interrupt that is made. */
void irq_tell(struct amdvi_device *device, const struct amdvi_irq *irq);

#endif
