// SPDX-License-Identifier: Apache-2.0
/* An example machine: README.md beside this file says what it shows. */
#include <cstdio>
#include <cstdlib>

#include "testbench/systemc/platform/machine.h"
#include "testbench/systemc/world.h"

using namespace platform;
using sc_core::sc_time;
namespace tb = testbench;

namespace
{

enum : std::uint16_t { GENERATOR0 = 0x08, GENERATOR1 = 0x10, NIC = 0x18, NVME = 0x20 };
enum : std::uint64_t { PAGE = 4096, IOVA = 0x10000000 };

/* Device drivers and the IOMMU's driver in one thread, as a kernel would do it. */
class driver : public sc_core::sc_module
{
  public:
    tlm_utils::simple_initiator_socket<driver, 64> regs;
    unsigned packets = 0, commands = 0, unmapped = 0;
    bool good = true;

    driver(sc_core::sc_module_name name, dram &memory, interrupt_controller &irq, nic &n, nvme &d,
           timeline &t)
        : sc_core::sc_module(name), regs("regs"), memory_(memory), irq_(irq), nic_(n), nvme_(d), timeline_(t),
          world_(memory.bytes, [this](std::uint64_t offset, std::uint64_t value) { write(offset, value); })
    {
        SC_HAS_PROCESS(driver);
        SC_THREAD(run);
    }

  private:
    void write(std::uint64_t offset, std::uint64_t value)
    {
        tlm::tlm_generic_payload p;
        sc_time delay;

        p.set_write();
        p.set_address(offset);
        p.set_data_ptr(reinterpret_cast<unsigned char *>(&value));
        p.set_data_length(8);
        p.set_streaming_width(8);
        regs->b_transport(p, delay);
        wait(delay);
    }
    template <typename T> T &at(std::uint64_t spa)
    {
        return *reinterpret_cast<T *>(memory_.bytes.data() + spa);
    }
    void wait_for_iommu()
    {
        const std::uint64_t value = world_.wait();
        while (!world_.stored(value))
            wait(sc_time(100, sc_core::SC_NS));
    }
    std::uint64_t new_device(std::uint16_t id, std::uint16_t domain, unsigned index, std::uint8_t vector)
    {
        const std::uint64_t root = world_.device(id, domain);
        world_.remap(world_.interrupts(id), index, vector);
        return root;
    }
    void set_up();
    void send_packets();
    void read_blocks();
    void take_a_page_away();
    void run();

    dram &memory_;
    interrupt_controller &irq_;
    nic &nic_;
    nvme &nvme_;
    timeline &timeline_;
    tb::world world_;
    std::uint64_t nic_root_ = 0, nvme_root_ = 0;
    static constexpr std::uint64_t buffers = tb::AT_DATA + 0x200000;
};

void driver::set_up()
{
    world_.start();
    for (std::uint16_t id : {GENERATOR0, GENERATOR1}) {
        const std::uint64_t root = world_.device(id, id);
        for (unsigned i = 0; i < 256; i++)
            world_.map(root, IOVA + i * PAGE, tb::AT_DATA + (id - GENERATOR0) * 0x20000 + i * PAGE);
    }
    nic_root_ = new_device(NIC, NIC, 1, 0x41);
    nvme_root_ = new_device(NVME, NVME, 2, 0x42);
    for (unsigned i = 0; i < 64; i++) {
        world_.map(nic_root_, IOVA + i * PAGE, buffers + i * PAGE);
        world_.map(nvme_root_, IOVA + i * PAGE, buffers + (64 + i) * PAGE);
    }
    world_.command("cmd_inv_all", {});
    wait_for_iommu();
    timeline_.note("driver", "IOMMU is set up");
}

void driver::send_packets()
{
    std::uint64_t expected = 0;

    nic_.ring = IOVA;
    nic_.size = 16;
    for (unsigned i = 0; i < 8; i++) {
        const std::uint64_t offset = PAGE + i * 1536 + 700; /* some lie across two pages */
        at<nic::descriptor>(buffers + i * sizeof(nic::descriptor)) = {IOVA + offset, 1500, 0};
        for (unsigned b = 0; b < 1500; b++) {
            at<unsigned char>(buffers + offset + b) = static_cast<unsigned char>(i + b);
            expected += static_cast<unsigned char>(i + b);
        }
    }
    nic_.tail = 8;
    nic_.doorbell.notify();
    timeline_.note("driver", "8 packets to send");
    while (irq_.count[0x41] < 8)
        wait(irq_.raised[0x41]);
    for (unsigned i = 0; i < 8; i++)
        packets += at<nic::descriptor>(buffers + i * sizeof(nic::descriptor)).done;
    good &= packets == 8 && nic_.sum == expected;
    timeline_.note("driver", "packets are sent");
}

void driver::read_blocks()
{
    nvme_.submissions = IOVA;
    nvme_.completions = IOVA + PAGE;
    for (unsigned i = 0; i < 4; i++)
        at<nvme::command>(buffers + 64 * PAGE + i * sizeof(nvme::command)) = {IOVA + (2 + i * 2) * PAGE, 2,
                                                                              i};
    nvme_.tail = 4;
    nvme_.doorbell.notify();
    timeline_.note("driver", "4 reads of 8 KiB");
    while (irq_.count[0x42] < 4)
        wait(irq_.raised[0x42]);
    for (unsigned i = 0; i < 4; i++)
        commands += at<unsigned char>(buffers + (64 + 2 + i * 2 + 1) * PAGE) == i + 1;
    good &= commands == 4;
    timeline_.note("driver", "blocks are read");
}

/* A page is unmapped and invalidated; what the device still writes there is refused and logged. */
void driver::take_a_page_away()
{
    at<std::uint64_t>(world_.map(nvme_root_, IOVA + 11 * PAGE, 0)) = 0;
    world_.invalidate_page(NVME, IOVA + 11 * PAGE);
    wait_for_iommu();
    timeline_.note("driver", "a page is unmapped");
    at<nvme::command>(buffers + 64 * PAGE + 4 * sizeof(nvme::command)) = {IOVA + 10 * PAGE, 2, 9};
    nvme_.tail = 5;
    nvme_.doorbell.notify();
    while (irq_.count[0x42] < 5)
        wait(irq_.raised[0x42]);
    unmapped = static_cast<unsigned>(at<std::uint64_t>(tb::AT_EVENTS + 8) == IOVA + 11 * PAGE);
    good &= unmapped == 1 && nvme_.faults == 1;
    timeline_.note("driver", "the event log has the refused write");
}

void driver::run()
{
    set_up();
    send_packets();
    read_blocks();
    take_a_page_away();
}

void print_table(const std::vector<const dma_device *> &devices, const dram &memory, amdvi_device *iommu)
{
    amdvi_statistics s;

    std::printf("\n%-12s %10s %12s %8s %14s\n", "device", "requests", "bytes", "faults", "mean latency");
    for (const dma_device *d : devices)
        std::printf("%-12s %10llu %12llu %8llu %11.0f ns\n", d->name(), (unsigned long long)d->requests,
                    (unsigned long long)d->bytes, (unsigned long long)d->faults,
                    d->busy.to_seconds() * 1e9 / static_cast<double>(d->requests));
    amdvi_get_statistics(iommu, &s);
    std::printf("\nIOMMU: %llu requests, %llu walks, PTC %llu hits %llu misses, %llu interrupts remapped, "
                "%llu commands, "
                "%llu events\nmemory: %llu accesses, %llu bytes\n",
                (unsigned long long)s.requests, (unsigned long long)s.walks, (unsigned long long)s.ptc_hits,
                (unsigned long long)s.ptc_misses, (unsigned long long)s.interrupts_remapped,
                (unsigned long long)s.commands, (unsigned long long)s.events,
                (unsigned long long)memory.accesses, (unsigned long long)memory.moved);
}

} // namespace

int sc_main(int argc, char **argv)
{
    const unsigned count = argc > 1 ? static_cast<unsigned>(std::strtoul(argv[1], nullptr, 0)) : 2000;
    amdvi::iommu_options options;
    timeline what;

    options.ports = 4;
    amdvi::basic_iommu<64> iommu("iommu", options);
    dram memory("memory", 16 << 20, sc_time(80, sc_core::SC_NS), 20);
    interrupt_controller irq("interrupts", what);
    generator one("generator0", GENERATOR0, IOVA, 8, count), two("generator1", GENERATOR1, IOVA, 256, count);
    nic network("nic", NIC);
    nvme disk("nvme", NVME, what);
    driver software("driver", memory, irq, network, disk, what);

    one.dma.bind(iommu.in[0]);
    two.dma.bind(iommu.in[1]);
    network.dma.bind(iommu.in[2]);
    disk.dma.bind(iommu.in[3]);
    software.regs.bind(iommu.regs);
    iommu.out.bind(irq.from_devices);
    iommu.mem.bind(irq.from_iommu);
    irq.to_memory.bind(memory.data);
    irq.to_tables.bind(memory.tables);
    sc_core::sc_start();
    for (const auto &e : what.entries)
        std::printf("%12.3f us  %-10s  %s\n", e.when.to_seconds() * 1e6, e.who.c_str(), e.what.c_str());
    print_table({&one, &two, &network, &disk}, memory, iommu.device());
    const bool good = software.good && software.unmapped && one.faults == 0 && two.faults == 0;
    std::printf("%s\n", good ? "all as expected" : "NOT as expected");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
