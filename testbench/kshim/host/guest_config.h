/* SPDX-License-Identifier: GPL-2.0-only */
/* Configuration space of passed devices as the guest sees it: the device's own, but for where its messages
 * go. */
#ifndef KSHIM_GUEST_CONFIG_H
#define KSHIM_GUEST_CONFIG_H

#include "guest.h"

void guest_config_start(struct guest_device *passed);
uint32_t guest_config_read(struct guest *guest, uint8_t devfn, unsigned offset, unsigned bytes);
void guest_config_write(struct guest *guest, uint8_t devfn, unsigned offset, unsigned bytes, uint32_t value);

#endif
