// SPDX-License-Identifier: Apache-2.0
/* The page of a virtual APIC, into which the device posts (viommu 2.4): its interrupt request register. */
#include "testbench/hypervisor/vmm_internal.h"

#include <string.h>

enum { IRR = 0x200, IRR_STRIDE = 16, IRR_WORDS = 8, WORD_BITS = 32 };

/* 256 bits, 32 in each 16 bytes. */
static bool take_highest(uint8_t *page, uint8_t *vector)
{
    for (size_t i = IRR_WORDS; i-- > 0;) {
        uint8_t *at = page + IRR + i * IRR_STRIDE;
        uint32_t word;

        memcpy(&word, at, sizeof(word));
        if (!word)
            continue;
        *vector = (uint8_t)(i * WORD_BITS + 31u - (unsigned)__builtin_clz(word));
        word &= ~(UINT32_C(1) << *vector % WORD_BITS);
        memcpy(at, &word, sizeof(word));
        return true;
    }
    return false;
}

enum hv_status hv_vmm_take_interrupt(struct hv_vmm *vmm, uint8_t *vector)
{
    void *page;

    if (!vmm || !vector)
        return HV_ERR_ARGUMENT;
    page = hv_memory_at(hv_driver_memory(vmm->driver), vmm->options.vapic, HV_PAGE);
    if (!vmm->options.vapic || !page || !vmm->vf.device)
        return HV_ERR_UNSUPPORTED;
    return take_highest(page, vector) ? HV_OK : HV_ERR_EMPTY;
}
