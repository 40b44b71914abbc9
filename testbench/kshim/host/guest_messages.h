/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * MSI of a device whose messages a kernel below remaps, as VFIO does it: the capability that the guest sees
 * is made here, the kernel's driver of the device asks for as many interrupts, and each that arrives becomes
 * a message of the guest's, remapped by the guest's own tables.
 */
#ifndef KSHIM_GUEST_MESSAGES_H
#define KSHIM_GUEST_MESSAGES_H

#include "guest.h"

bool guest_messages_are_at(const struct guest_device *passed, unsigned offset);
uint32_t guest_messages_read(const struct guest_device *passed, unsigned offset, unsigned bytes);
void guest_messages_write(struct guest *guest, struct guest_device *passed, unsigned offset, unsigned bytes,
                          uint32_t value);
/* Gives the guest what has arrived at the kernel since the last time. */
void guest_messages_take(struct guest *guest);
/* The kernel's interrupts go back. */
void guest_messages_end(struct guest *guest);

#endif
