// SPDX-License-Identifier: Apache-2.0
/* Options from CCI parameters, with a stand-in for CCI (stand_in/cci_configuration says what that shows). */
#include <amdvi/layout.h>
#include <amdvi/systemc_cci.h>

#include "testbench/systemc/cases.h"

using namespace testbench;

static_assert(AMDVI_CCI == 1);

namespace
{

void defaults_are_those_of_the_options()
{
    amdvi::cci_iommu_options parameters("parameters");
    const amdvi::iommu_options options = parameters.options(), plain;

    CHECK(options.ports == plain.ports && options.most_under_way == plain.most_under_way);
    CHECK(options.report_dropped_writes == plain.report_dropped_writes);
    CHECK(options.complete_early == plain.complete_early);
    CHECK(options.config.empty() && options.default_device_id.empty());
}

void values_reach_the_module()
{
    amdvi::cci_iommu_options parameters("parameters");
    std::uint64_t efr = 0;

    parameters.ports.set_value(2);
    parameters.config.set_value("preset=rome  efr=0x1");
    parameters.default_device_id.set_value("8 0x10");
    parameters.report_dropped_writes.set_value(false);
    parameters.complete_early.set_value(true);
    const amdvi::iommu_options options = parameters.options();
    amdvi::iommu made("made", options);
    CHECK(made.in.size() == 2 && !options.report_dropped_writes && options.complete_early);
    CHECK((options.default_device_id == std::vector<std::uint16_t>{8, 0x10}));
    amdvi_mmio_read(made.device(), amdvi_register_find("efr")->offset, 8, &efr);
    CHECK(efr == 1);
}

std::string refusal(const char *config, const char *ids)
{
    amdvi::cci_iommu_options parameters("parameters");

    parameters.config.set_value(config);
    parameters.default_device_id.set_value(ids);
    try {
        parameters.options();
    } catch (const sc_core::sc_report &report) {
        return std::string(report.get_msg_type()) + " " + report.get_msg();
    }
    return "";
}

void mistakes_are_fatal()
{
    sc_core::sc_report_handler::set_actions(sc_core::SC_FATAL, sc_core::SC_THROW);
    simulated([] { CHECK(refusal("preset", "") == "/amdvi/config config: preset: no KEY=VALUE"); });
    for (const char *id : {"0x10000", "-1", "8x"})
        simulated([=] { CHECK(refusal("", id).find("/amdvi/config default_device_id: ") == 0); });
    simulated([] { CHECK(refusal("preset=rome", "0xffff") == ""); });
}

} // namespace

int main(int argc, char **argv)
{
    return run_cases(
        argc, argv,
        {CASE(defaults_are_those_of_the_options), CASE(values_reach_the_module), CASE(mistakes_are_fatal)});
}
