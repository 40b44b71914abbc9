// SPDX-License-Identifier: Apache-2.0
/* Internal: the maps of a guest in memory and in the private space. */
#ifndef AMDVI_HYPERVISOR_GUEST_MAPS_H
#define AMDVI_HYPERVISOR_GUEST_MAPS_H

#include "testbench/hypervisor/internal.h"

enum hv_status hv_guest_maps_create(struct hv_guest *guest);
/* Also of a guest whose maps were made in part. */
void hv_guest_maps_destroy(struct hv_guest *guest);
/* Every entry is written unused. */
enum hv_status hv_guest_maps_clear(struct hv_guest *guest);

#endif
