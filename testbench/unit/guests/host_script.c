// SPDX-License-Identifier: Apache-2.0
#include "testbench/unit/guests/host_script.h"

#include "testbench/unit/guests/victim.h"

static unsigned pick(struct host_script *h, unsigned below)
{
    return (unsigned)(next_random(&h->random) >> 33) % below;
}

/* ---------------------------------------------------------------- areas of the private space (viommu 2.1) */

static void take_area(struct host_script *h)
{
    world_private_area(h->w, h->g, (enum world_area)pick(h, WORLD_AREAS), false);
    flush_private(h->w);
}

static void give_areas(struct host_script *h)
{
    for (unsigned which = 0; which < WORLD_AREAS; which++)
        world_private_area(h->w, h->g, (enum world_area)which, true);
    flush_private(h->w);
}

/* ---------------------------------------------------------------- VMs */

static void flush_trans_device(struct host_script *h)
{
    host_command(h->w, UINT64_C(2) << 60 | trans_device(h->g), 0);
}

static void take_trans_device(struct host_script *h)
{
    world_dte(h->w, trans_device(h->g), (const uint64_t[4]){0});
    flush_trans_device(h);
}

static void give_trans_device(struct host_script *h)
{
    world_trans_dte(h->w, h->g, trans_device(h->g));
    flush_trans_device(h);
}

/* RESET_VMMIO with All and vCmd before the next VM, or what VF Control holds is left to it (14 #3). */
static void next_vm(struct host_script *h, bool reset)
{
    if (reset)
        host_command(h->w, UINT64_C(10) << 60 | UINT64_C(0x90000000) | guest_id(h->g), 0);
    world_start_guest(h->w, h->g);
}

uint64_t host_script_step(struct host_script *h)
{
    switch (pick(h, 12)) {
    case 0:
    case 1:
        next_vm(h, true);
        break;
    case 2:
        next_vm(h, false);
        break;
    case 3:
        take_area(h);
        break;
    case 4:
    case 5:
        give_areas(h);
        break;
    case 6:
        take_trans_device(h);
        break;
    case 7:
    case 8:
        give_trans_device(h);
        break;
    default:
        break;
    }
    host_command(h->w, UINT64_C(4) << 60 | host_device(h->served, 0), UINT64_C(0x7ffffffffffff001));
    host_command(h->w, UINT64_C(1) << 60 | H_STORE | 1, ++h->step);
    return get64(h->w, H_STORE);
}
