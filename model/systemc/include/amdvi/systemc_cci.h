// SPDX-License-Identifier: Apache-2.0
/*
 * The options of a module as CCI parameters, where Accellera's CCI library is installed: a platform's broker
 * presets them as it does those of other models. AMDVI_CCI says whether there is one. Debian has none.
 *
 *     amdvi::cci_iommu_options parameters("iommu_options");
 *     amdvi::iommu iommu("iommu", parameters.options());
 */
#ifndef AMDVI_SYSTEMC_CCI_H
#define AMDVI_SYSTEMC_CCI_H

#include <amdvi/systemc.h>

#if __has_include(<cci_configuration>)
#define AMDVI_CCI 1
#include <cci_configuration>
#else
#define AMDVI_CCI 0
#endif

#if AMDVI_CCI

#include <cstdlib>
#include <sstream>

namespace amdvi
{

/* Names of parameters are those of iommu_options below the name of this module. */
class cci_iommu_options : public sc_core::sc_module
{
  public:
    explicit cci_iommu_options(sc_core::sc_module_name name)
        : sc_core::sc_module(name), ports("ports", 1, "sockets in[0] to in[ports - 1]"),
          most_under_way("most_under_way", 4096, "non-blocking transactions at once"),
          report_dropped_writes("report_dropped_writes", true, "a dropped posted write is an address error"),
          complete_early("complete_early", false, "requests may end in their own call, ahead of their time"),
          config("config", "", "keys of the library in their order: KEY=VALUE, separated by spaces"),
          default_device_id("default_device_id", "", "DeviceIDs of the ports, separated by spaces")
    {
    }

    cci::cci_param<unsigned> ports, most_under_way;
    cci::cci_param<bool> report_dropped_writes, complete_early;
    cci::cci_param<std::string> config, default_device_id;

    /* As they are now. SC_REPORT_FATAL with the id "/amdvi/config" for what is no KEY=VALUE, or no DeviceID.
     */
    iommu_options options() const
    {
        iommu_options all;

        all.ports = ports.get_value();
        all.most_under_way = most_under_way.get_value();
        all.report_dropped_writes = report_dropped_writes.get_value();
        all.complete_early = complete_early.get_value();
        for (const std::string &word : words(config.get_value()))
            all.config.push_back(setting(word));
        for (const std::string &word : words(default_device_id.get_value()))
            all.default_device_id.push_back(device_id(word));
        return all;
    }

  private:
    static std::vector<std::string> words(const std::string &text)
    {
        std::istringstream in(text);
        std::vector<std::string> all;

        for (std::string word; in >> word;)
            all.push_back(word);
        return all;
    }
    static std::pair<std::string, std::string> setting(const std::string &word)
    {
        const std::size_t at = word.find('=');

        if (at == std::string::npos)
            SC_REPORT_FATAL("/amdvi/config", ("config: " + word + ": no KEY=VALUE").c_str());
        return {word.substr(0, at), word.substr(at + 1)};
    }
    static std::uint16_t device_id(const std::string &word)
    {
        char *end = nullptr;
        const unsigned long id = std::strtoul(word.c_str(), &end, 0);

        if (*end || word[0] == '-' || id > 0xffff)
            SC_REPORT_FATAL("/amdvi/config", ("default_device_id: " + word + ": not in 0 to 0xffff").c_str());
        return static_cast<std::uint16_t>(id);
    }
};

} // namespace amdvi

#endif

#endif
