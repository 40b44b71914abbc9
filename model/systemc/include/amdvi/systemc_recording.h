// SPDX-License-Identifier: Apache-2.0
/*
 * Records what is done to an IOMMU of a platform as a trace (amdvi/recorder.h), with the time of the
 * simulation: `amdvi replay` plays it again without the platform, `amdvi trace export` makes a timeline of
 * it. Link amdvi-traces.
 *
 *     amdvi::iommu iommu("iommu", options);
 *     amdvi::recording recording(iommu, options, "run.amdvi");
 *
 * It begins before anything has touched the module, and ends with the object, which goes before the module.
 * While it lives nobody gets a direct pointer, so that every request comes by.
 */
#ifndef AMDVI_SYSTEMC_RECORDING_H
#define AMDVI_SYSTEMC_RECORDING_H

#include <cstdint>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

#include <amdvi/recorder.h>
#include <amdvi/systemc.h>

namespace amdvi
{

class recording
{
  public:
    /* `options` are those of the module; `ram`: bytes of memory from address 0 in the trace, 0: as
     * configured. SC_REPORT_FATAL with the id "/amdvi/recording" when it cannot begin. */
    template <unsigned BUSWIDTH>
    recording(basic_iommu<BUSWIDTH> &iommu, const iommu_options &options, const std::string &path,
              amdvi_trace_form form = AMDVI_TRACE_FORM_TEXT, std::uint64_t ram = 0)
        : pointers_([&iommu](bool yes) { iommu.grant_pointers(yes); }),
          file_(std::fopen(path.c_str(), "wb"), std::fclose)
    {
        if (!file_)
            SC_REPORT_FATAL("/amdvi/recording", ("cannot be written: " + path).c_str());
        iommu.grant_pointers(false);
        watch_time(iommu.device());
        begin(iommu.device(), options, form, ram);
    }
    ~recording()
    {
        finish();
        pointers_(true);
    }
    recording(const recording &) = delete;
    recording &operator=(const recording &) = delete;

    /* The rest is written; nothing is recorded any more. What it gives is the first error of all:
     * AMDVI_TRACE_ERR_IO also when the file could not be closed. */
    amdvi_trace_status finish()
    {
        if (recorder_) {
            amdvi_observer_detach(observation_);
            status_ = amdvi_recorder_finish(recorder_.get());
            recorder_.reset();
            if (std::fclose(file_.release()) != 0 && status_ == AMDVI_TRACE_OK)
                status_ = AMDVI_TRACE_ERR_IO;
        }
        return status_;
    }
    amdvi_recorder_statistics statistics() const
    {
        amdvi_recorder_statistics statistics{};

        amdvi_recorder_get_statistics(recorder_.get(), &statistics);
        return statistics;
    }

  private:
    struct config_of {
        explicit config_of(const iommu_options &options)
        {
            if (amdvi_config_create(&made) != AMDVI_OK)
                SC_REPORT_FATAL("/amdvi/recording", "no memory for a configuration");
            for (const auto &[key, value] : options.config)
                amdvi_config_set(made, key.c_str(), value.c_str()); /* those of time are not the device's */
        }
        ~config_of()
        {
            amdvi_config_destroy(made);
        }
        amdvi_config *made = nullptr;
    };
    struct recorder_deleter {
        void operator()(amdvi_recorder *recorder) const
        {
            amdvi_recorder_destroy(recorder);
        }
    };

    /* Attached before the recorder, so that it hears of each call first. */
    void watch_time(amdvi_device *device)
    {
        amdvi_observer clock{};

        clock.context = this;
        clock.call = [](void *self, const amdvi_call_info *info) {
            static_cast<recording *>(self)->tell_time();
            static_cast<recording *>(self)->walks_ = info->call == AMDVI_CALL_REQUEST;
        };
        clock.request = [](void *self, const amdvi_request *, const amdvi_result *) {
            static_cast<recording *>(self)->requested();
        };
        amdvi_observer_attach(device, &clock, &observation_);
    }
    /* What a request has brought about is written together with it, so its time was told when it began; only
     * those that caches answer have no beginning. */
    void requested()
    {
        if (!walks_)
            tell_time();
        walks_ = false;
    }
    void tell_time()
    {
        const auto ns = sc_core::sc_time_stamp().value() / sc_core::sc_time(1, sc_core::SC_NS).value();

        if (recorder_)
            amdvi_recorder_time(recorder_.get(), ns);
    }
    void begin(amdvi_device *device, const iommu_options &options, amdvi_trace_form form, std::uint64_t ram)
    {
        const config_of config(options);
        amdvi_recorder_options how{};
        amdvi_recorder *made = nullptr;

        how.config = config.made;
        how.form = form;
        how.write = amdvi_trace_write_to_file;
        how.context = file_.get();
        how.ram = ram;
        status_ = amdvi_recorder_create(device, &how, &made);
        recorder_.reset(made);
        if (status_ == AMDVI_TRACE_OK)
            return;
        amdvi_observer_detach(observation_);
        pointers_(true);
        SC_REPORT_FATAL("/amdvi/recording", amdvi_trace_status_name(status_));
    }

    std::function<void(bool)> pointers_;
    std::unique_ptr<std::FILE, int (*)(std::FILE *)> file_;
    std::unique_ptr<amdvi_recorder, recorder_deleter> recorder_;
    amdvi_observation *observation_ = nullptr;
    bool walks_ = false; /* a request has begun that no cache answered */
    amdvi_trace_status status_ = AMDVI_TRACE_OK;
};

} // namespace amdvi

#endif
