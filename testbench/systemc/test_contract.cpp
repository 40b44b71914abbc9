// SPDX-License-Identifier: Apache-2.0
/* Names, types and defaults that platforms are compiled against: a change here breaks somebody's build. */
#include <type_traits>

#include <tlm_utils/simple_initiator_socket.h>
#include <tlm_utils/simple_target_socket.h>

#include "testbench/systemc/cases.h"

using namespace testbench;

namespace
{

using amdvi::dma_extension;

static_assert(std::is_base_of_v<tlm::tlm_extension<dma_extension>, dma_extension>);
static_assert(std::is_same_v<decltype(dma_extension::device_id), std::uint16_t>);
static_assert(std::is_same_v<decltype(dma_extension::has_pasid), bool>);
static_assert(std::is_same_v<decltype(dma_extension::pasid), std::uint32_t>);
static_assert(std::is_same_v<decltype(dma_extension::privileged), bool>);
static_assert(std::is_same_v<decltype(dma_extension::execute), bool>);
static_assert(std::is_same_v<decltype(dma_extension::no_write), bool>);
static_assert(std::is_same_v<decltype(dma_extension::atomic), bool>);
static_assert(std::is_same_v<decltype(dma_extension::type), dma_extension::address_type>);
static_assert(std::is_same_v<decltype(dma_extension::result), amdvi_result>);
static_assert(std::is_enum_v<dma_extension::address_type> &&
              !std::is_convertible_v<dma_extension::address_type, int>);

static_assert(std::is_same_v<decltype(amdvi::iommu_options::ports), unsigned>);
static_assert(
    std::is_same_v<decltype(amdvi::iommu_options::config), std::vector<std::pair<std::string, std::string>>>);
static_assert(std::is_same_v<decltype(amdvi::iommu_options::default_device_id), std::vector<std::uint16_t>>);
static_assert(std::is_same_v<decltype(amdvi::iommu_options::report_dropped_writes), bool>);
static_assert(std::is_same_v<decltype(amdvi::iommu_options::most_under_way), unsigned>);
static_assert(std::is_same_v<decltype(amdvi::iommu_options::complete_early), bool>);

static_assert(std::is_same_v<amdvi::iommu, amdvi::basic_iommu<32>>);
static_assert(std::is_base_of_v<sc_core::sc_module, amdvi::iommu>);
static_assert(std::is_constructible_v<amdvi::iommu, sc_core::sc_module_name>);
static_assert(std::is_constructible_v<amdvi::iommu, sc_core::sc_module_name, const amdvi::iommu_options &>);

template <unsigned BUSWIDTH> constexpr bool has_its_calls()
{
    using module = amdvi::basic_iommu<BUSWIDTH>;
    using atc = std::function<amdvi_atc_answer(const amdvi_atc_invalidation &)>;
    using prg = std::function<void(const amdvi_prg_response &)>;
    using irq = std::function<void(const amdvi_irq &)>;
    using trace = void (module::*)(sc_core::sc_trace_file *, const std::string &);

    static_assert(std::is_same_v<decltype(&module::on_atc_invalidate), void (module::*)(atc)>);
    static_assert(std::is_same_v<decltype(&module::on_prg_response), void (module::*)(prg)>);
    static_assert(std::is_same_v<decltype(&module::on_interrupt), void (module::*)(irq)>);
    static_assert(std::is_same_v<decltype(&module::atc_complete), void (module::*)(std::uint32_t)>);
    static_assert(
        std::is_same_v<decltype(&module::page_request),
                       struct amdvi_page_request_result (module::*)(const struct amdvi_page_request &)>);
    static_assert(std::is_same_v<decltype(&module::observe), void (module::*)(const amdvi_observer &)>);
    static_assert(std::is_same_v<decltype(&module::grant_pointers), void (module::*)(bool)>);
    static_assert(static_cast<trace>(&module::trace) != nullptr);
    static_assert(std::is_same_v<decltype(&module::reset), void (module::*)()>);
    static_assert(std::is_same_v<decltype(&module::device), amdvi_device *(module::*)()>);
    return true;
}
static_assert(has_its_calls<32>() && has_its_calls<64>() && has_its_calls<128>());

void defaults_are_as_written()
{
    const amdvi::iommu_options options;
    const dma_extension who;

    CHECK(options.ports == 1 && options.config.empty() && options.default_device_id.empty());
    CHECK(options.report_dropped_writes && options.most_under_way == 4096 && !options.complete_early);
    CHECK(who.device_id == 0 && !who.has_pasid && who.pasid == 0 && !who.privileged && !who.execute);
    CHECK(!who.no_write && !who.atomic && who.type == dma_extension::address_type::untranslated);
    CHECK(!who.result.ok);
}

void extensions_are_cloned_and_copied()
{
    dma_extension who, other;

    who.device_id = 0x1234;
    who.has_pasid = true;
    who.pasid = 0xfffff;
    who.privileged = who.execute = who.no_write = who.atomic = true;
    who.type = dma_extension::address_type::translated;
    who.result.pa = 42;
    other.copy_from(who);
    tlm::tlm_extension_base *const made = other.clone();
    const auto &copy = *static_cast<dma_extension *>(made);
    CHECK(copy.device_id == 0x1234 && copy.has_pasid && copy.pasid == 0xfffff && copy.result.pa == 42);
    CHECK(copy.privileged && copy.execute && copy.no_write && copy.atomic);
    CHECK(copy.type == dma_extension::address_type::translated);
    made->free();
}

/* Sockets of the library and of its utilities, of every kind of side, with the bus width of the module. */
template <unsigned BUSWIDTH> struct platform : sc_core::sc_module {
    amdvi::basic_iommu<BUSWIDTH> iommu;
    tlm_utils::simple_initiator_socket<platform, BUSWIDTH> device, cpu, pci, vf, vfc;
    tlm_utils::simple_target_socket<platform, BUSWIDTH> memory, tables;
    hand<BUSWIDTH> second;

    platform(sc_core::sc_module_name name, const amdvi::iommu_options &options)
        : sc_core::sc_module(name), iommu("iommu", options), device("device"), cpu("cpu"), pci("pci"),
          vf("vf"), vfc("vfc"), memory("memory"), tables("tables"), second("second")
    {
        memory.register_b_transport(this, &platform::access);
        tables.register_b_transport(this, &platform::access);
        device.bind(iommu.in[0]);
        second.socket.bind(iommu.in[1]);
        iommu.out.bind(memory);
        iommu.mem.bind(tables);
        cpu.bind(iommu.regs);
        pci.bind(iommu.pci);
        vf.bind(iommu.vf);
        vfc.bind(iommu.vfc);
    }
    void access(tlm::tlm_generic_payload &p, sc_core::sc_time &)
    {
        seen += p.get_address();
        p.set_response_status(tlm::TLM_OK_RESPONSE);
    }
    std::uint64_t seen = 0;
};

template <unsigned BUSWIDTH> void binds()
{
    amdvi::iommu_options options;
    unsigned char data[4] = {};

    options.ports = 2;
    platform<BUSWIDTH> p("platform", options);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    CHECK(p.iommu.in.size() == 2);
    CHECK(p.second.transfer(tlm::TLM_WRITE_COMMAND, 0x1000, data, 4) == tlm::TLM_OK_RESPONSE);
    CHECK(p.seen == 0x1000); /* the IOMMU is off: it passes */
}

void sockets_bind_to_the_utilities()
{
    simulated(binds<32>);
    simulated(binds<64>);
    simulated(binds<128>);
}

} // namespace

int main(int argc, char **argv)
{
    return run_cases(argc, argv,
                     {CASE(defaults_are_as_written), CASE(extensions_are_cloned_and_copied),
                      CASE(sockets_bind_to_the_utilities)});
}
