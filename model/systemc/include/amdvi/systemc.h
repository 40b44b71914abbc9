// SPDX-License-Identifier: Apache-2.0
/*
 * The IOMMU as a SystemC TLM-2.0 module: bind sockets, program it through `regs`, send requests of devices
 * through `in`. C++17, SystemC 2.3.4. docs/systemc.md is the manual; the C headers say what each structure
 * means.
 *
 * Everything happens in the thread of the simulation. Two modules share nothing. Sockets that a platform does
 * not need may stay unbound: what would leave there counts as an access to nothing.
 */
#ifndef AMDVI_SYSTEMC_H
#define AMDVI_SYSTEMC_H

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <systemc>
#include <tlm>

#include <amdvi/amdvi.h>

namespace amdvi
{

/* What a TLM payload does not say about a request of a device. Without it: an untranslated request of the
 * port's default device. */
struct dma_extension : tlm::tlm_extension<dma_extension> {
    std::uint16_t device_id = 0;
    bool has_pasid = false;
    std::uint32_t pasid = 0; /* 20 bits */
    bool privileged = false, execute = false, no_write = false, atomic = false;
    enum class address_type { untranslated, translation_request, translated };
    address_type type = address_type::untranslated;
    /* Answer: of the first page, or the fault. Valid when b_transport has returned, or at BEGIN_RESP. */
    amdvi_result result{};

    tlm::tlm_extension_base *clone() const override;
    void copy_from(const tlm::tlm_extension_base &other) override;
};

struct iommu_options {
    unsigned ports = 1;                                      /* sockets in[0] to in[ports - 1] */
    std::vector<std::pair<std::string, std::string>> config; /* the library's keys, in order */
    std::vector<std::uint16_t> default_device_id; /* of a port's transactions without extension; 0 beyond */
    bool report_dropped_writes = true;            /* a posted write that is dropped: address error, else OK */
    unsigned most_under_way = 4096; /* non-blocking transactions at once, 1 to 65536; more wait for END_REQ */
    /* With timing=on: a non-blocking request whose end is certain as it comes, and whose target ends its
     * transactions in their call, returns TLM_COMPLETED from its own call, with the time to its end as delay.
     * For initiators that heed the delay; its data are moved at once. */
    bool complete_early = false;
};

namespace face
{

class core;

/* A module's inside: what does not depend on the width of its bus. Not for users. */
class inside
{
  public:
    explicit inside(const iommu_options &options);
    ~inside();
    inside(const inside &) = delete;
    inside &operator=(const inside &) = delete;

    enum space { REGS, PCI, VF, VFC, SPACES };
    tlm::tlm_fw_transport_if<> &in(unsigned port);
    tlm::tlm_fw_transport_if<> &registers(space which);
    tlm::tlm_bw_transport_if<> &out();
    tlm::tlm_bw_transport_if<> &mem();
    /* After elaboration; null: not bound. */
    void connect_in(unsigned port, tlm::tlm_bw_transport_if<> *initiator);
    void connect_registers(space which, tlm::tlm_bw_transport_if<> *initiator);
    void connect_out(tlm::tlm_fw_transport_if<> *target);
    void connect_mem(tlm::tlm_fw_transport_if<> *target);

    core *operator->()
    {
        return core_.get();
    }
    void on_atc_invalidate(std::function<amdvi_atc_answer(const amdvi_atc_invalidation &)> function);
    void on_prg_response(std::function<void(const amdvi_prg_response &)> function);
    void on_interrupt(std::function<void(const amdvi_irq &)> function);
    void atc_complete(std::uint32_t tag);
    amdvi_page_request_result page_request(const struct amdvi_page_request &request);
    void observe(const amdvi_observer &observer);
    void grant_pointers(bool yes);
    void trace(sc_core::sc_trace_file *file, const std::string &name);
    void reset();
    amdvi_device *device();

  private:
    std::unique_ptr<core> core_;
};

} // namespace face

/* SC_REPORT_FATAL with the id "/amdvi/config" for mistakes in the options. */
template <unsigned BUSWIDTH> class basic_iommu : public sc_core::sc_module
{
  public:
    using target_socket =
        tlm::tlm_target_socket<BUSWIDTH, tlm::tlm_base_protocol_types, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;
    using initiator_socket =
        tlm::tlm_initiator_socket<BUSWIDTH, tlm::tlm_base_protocol_types, 1, sc_core::SC_ZERO_OR_MORE_BOUND>;

    basic_iommu(sc_core::sc_module_name name, const iommu_options &options = {})
        : sc_core::sc_module(name), in("in", options.ports), out("out"), mem("mem"), regs("regs"), pci("pci"),
          vf("vf"), vfc("vfc"), inside_(options)
    {
        for (unsigned i = 0; i < in.size(); i++)
            in[i].bind(inside_.in(i));
        regs.bind(inside_.registers(inside_.REGS));
        pci.bind(inside_.registers(inside_.PCI));
        vf.bind(inside_.registers(inside_.VF));
        vfc.bind(inside_.registers(inside_.VFC));
        out.bind(inside_.out());
        mem.bind(inside_.mem());
    }

    sc_core::sc_vector<target_socket> in; /* requests of devices, one a port */
    initiator_socket out;                 /* translated requests, remapped interrupts */
    initiator_socket mem;                 /* what the IOMMU itself reads and writes; its own interrupts */
    target_socket regs;                   /* MMIO window */
    target_socket pci;                    /* configuration space */
    target_socket vf;                     /* VF pages, at GuestID * 4096 + offset */
    target_socket vfc;                    /* VF Control, at GuestID * 64 + offset */

    /* A translation cache of a device is to drop something. May call atc_complete() at once. Without a
     * function every invalidation is done at once. */
    void on_atc_invalidate(std::function<amdvi_atc_answer(const amdvi_atc_invalidation &)> function)
    {
        inside_.on_atc_invalidate(std::move(function));
    }
    /* Called when the command has been executed; may call anything of the module. */
    void on_prg_response(std::function<void(const amdvi_prg_response &)> function)
    {
        inside_.on_prg_response(std::move(function));
    }
    /* Every struct amdvi_irq, also those that are no message on a bus (doorbells of guests); may call
     * anything. */
    void on_interrupt(std::function<void(const amdvi_irq &)> function)
    {
        inside_.on_interrupt(std::move(function));
    }
    /* Tags that nobody waits for are ignored, with a warning of the id "/amdvi/atc". */
    void atc_complete(std::uint32_t tag)
    {
        inside_.atc_complete(tag);
    }
    /* Numbers out of range: not ok, and a report of the id "/amdvi/argument". */
    struct amdvi_page_request_result page_request(const struct amdvi_page_request &request)
    {
        return inside_.page_request(request);
    }
    /* Takes the place of the observer that was set before; an empty one takes it off. It must not call the
     * module. */
    void observe(const amdvi_observer &observer)
    {
        inside_.observe(observer);
    }
    /* False: nobody gets a direct pointer until it is true again, and who has one loses it: for those who
     * must see every request, and listen at device(). */
    void grant_pointers(bool yes)
    {
        inside_.grant_pointers(yes);
    }
    /*
     * Signals for a waveform, below `name`: cmd_head, cmd_tail, event_head, event_tail, ppr_head, ppr_tail
     * (bytes, as the registers), requests and accesses (under way by non-blocking transport, from devices and
     * to memory), walkers (at work, with timing=on), interrupts (how many the device has sent). Before the
     * simulation begins.
     */
    void trace(sc_core::sc_trace_file *file, const std::string &name)
    {
        inside_.trace(file, name);
    }
    using sc_core::sc_module::trace;
    void reset()
    {
        inside_.reset();
    }
    /* For inspection only: whoever changes it goes behind the module's back. */
    amdvi_device *device()
    {
        return inside_.device();
    }

  protected:
    void end_of_elaboration() override
    {
        for (unsigned i = 0; i < in.size(); i++)
            inside_.connect_in(i, bound(in[i]));
        inside_.connect_registers(inside_.REGS, bound(regs));
        inside_.connect_registers(inside_.PCI, bound(pci));
        inside_.connect_registers(inside_.VF, bound(vf));
        inside_.connect_registers(inside_.VFC, bound(vfc));
        inside_.connect_out(bound(out));
        inside_.connect_mem(bound(mem));
    }

  private:
    template <typename SOCKET> static auto bound(SOCKET &socket) -> decltype(socket.operator->())
    {
        return socket.size() > 0 ? socket.operator->() : nullptr;
    }

    face::inside inside_;
};

using iommu = basic_iommu<32>;

} // namespace amdvi

#endif
