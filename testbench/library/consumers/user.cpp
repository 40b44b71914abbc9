// SPDX-License-Identifier: Apache-2.0
/* A user in C++17: structures by their bare names, callbacks that are lambdas, a device that frees itself. */
#include <amdvi/amdvi.h>

#include <cstdint>
#include <cstring>
#include <iostream>
#include <memory>
#include <vector>

namespace
{

constexpr std::uint64_t device_table = 0x200000, page_table = 0x300000, page = 0x400000;

using ram = std::vector<unsigned char>;

void put(ram &bytes, std::uint64_t address, std::uint64_t value)
{
    std::memcpy(bytes.data() + address, &value, sizeof(value));
}

/* One page for device 0, with the layouts of docs/examples/minimal.c. */
void map(ram &bytes)
{
    put(bytes, page_table + 5 * 8, page | 1 | 3ull << 61);
    put(bytes, device_table, page_table | 3 | 1 << 9 | 3ull << 61);
}

amdvi_memory port_of(ram &bytes)
{
    amdvi_memory port{};

    port.context = &bytes;
    port.read = [](void *context, std::uint64_t spa, void *data, std::size_t length) {
        const ram &from = *static_cast<ram *>(context);

        if (spa >= from.size() || length > from.size() - spa)
            return AMDVI_MEMORY_MASTER_ABORT;
        std::memcpy(data, from.data() + spa, length);
        return AMDVI_MEMORY_OK;
    };
    return port;
}

struct closer {
    void operator()(amdvi_device *device) const
    {
        amdvi_destroy(device);
    }
    void operator()(amdvi_config *config) const
    {
        amdvi_config_destroy(config);
    }
};

void write_to(amdvi_device *iommu, std::uint64_t iova)
{
    amdvi_request request{};
    amdvi_result result{};

    request.op = AMDVI_WRITE;
    request.address = iova;
    request.length = 64;
    amdvi_translate(iommu, &request, &result);
    std::cout << "IOVA 0x" << std::hex << iova << " -> ";
    if (result.ok)
        std::cout << "physical 0x" << result.pa << "\n";
    else
        std::cout << amdvi_event_name(result.fault.event) << ": " << amdvi_reason_text(result.fault.reason)
                  << "\n";
}

} // namespace

int main()
{
    ram bytes(16 << 20);
    const amdvi_memory port = port_of(bytes);
    amdvi_config *made = nullptr;
    amdvi_device *device = nullptr;

    map(bytes);
    if (amdvi_config_create(&made) != AMDVI_OK)
        return 1;
    const std::unique_ptr<amdvi_config, closer> config(made);
    if (amdvi_create(config.get(), &port, nullptr, nullptr, &device) != AMDVI_OK)
        return 1;
    const std::unique_ptr<amdvi_device, closer> iommu(device);
    amdvi_mmio_write(iommu.get(), 0x00, 8, device_table);
    amdvi_mmio_write(iommu.get(), 0x18, 8, 1); /* IommuEn */
    amdvi_run(iommu.get());
    write_to(iommu.get(), 0x5040);
    write_to(iommu.get(), 0x6040);
    return 0;
}
