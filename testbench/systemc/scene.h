// SPDX-License-Identifier: Apache-2.0
/* What most tests begin with: device 0 in domain 1 with a few pages; at the end nothing is under way, no rule
 * broken. */
#ifndef AMDVI_TESTBENCH_SYSTEMC_SCENE_H
#define AMDVI_TESTBENCH_SYSTEMC_SCENE_H

#include "testbench/systemc/cases.h"

namespace testbench
{

constexpr std::uint64_t PAGE = 0x1000;

template <unsigned BUSWIDTH> struct scene_of : bench<BUSWIDTH> {
    explicit scene_of(const amdvi::iommu_options &options = {}) : bench<BUSWIDTH>(options)
    {
        sc_core::sc_start(sc_core::SC_ZERO_TIME);
        root = this->world.device(0, 1);
        /* Pages whose memory lies the wrong way round, a read-only one, none behind. */
        this->world.map(root, 0x10000, AT_DATA + 5 * PAGE);
        this->world.map(root, 0x11000, AT_DATA + 2 * PAGE);
        this->world.map(root, 0x12000, AT_DATA + 7 * PAGE, MAY_READ);
        this->world.start();
        for (unsigned i = 0; i < 16 * PAGE; i++)
            this->memory.bytes[AT_DATA + i] = static_cast<unsigned char>(i * 7 + i / PAGE);
    }
    ~scene_of()
    {
        this->at_rest();
        CHECK_MESSAGE(this->broken() == 0, this->findings());
    }
    /* Pages for tables of guests, at their own addresses. */
    void map_heap()
    {
        for (std::uint64_t page = AT_HEAP; page < AT_HEAP + 0x100000; page += PAGE)
            this->world.map(root, page, page);
    }
    std::uint64_t root;
};

using scene = scene_of<32>;

} // namespace testbench

#endif
