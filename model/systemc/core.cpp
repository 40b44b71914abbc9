// SPDX-License-Identifier: Apache-2.0
#include "model/systemc/core.h"

#include "model/systemc/words.h"

#include <amdvi/host.h>

namespace amdvi::face
{

/* ---------------------------------------------------------------- making one */

struct config_deleter {
    void operator()(amdvi_config *config) const
    {
        amdvi_config_destroy(config);
    }
};

using config_ptr = std::unique_ptr<amdvi_config, config_deleter>;

static void refuse(const std::string &what)
{
    SC_REPORT_FATAL("/amdvi/config", what.c_str());
}

/* Keys of the library, then those of its timed executor. */
static amdvi_status set(amdvi_config *config, clockwork &timing, const std::string &key,
                        const std::string &value)
{
    const amdvi_status timed = timing.set(key, value);

    return timed == AMDVI_ERR_UNKNOWN_KEY ? amdvi_config_set(config, key.c_str(), value.c_str()) : timed;
}

static config_ptr configuration(const iommu_options &options, clockwork &timing)
{
    amdvi_config *made = nullptr;

    if (amdvi_config_create(&made) != AMDVI_OK)
        SC_REPORT_FATAL("/amdvi/memory", "no memory for a configuration");
    config_ptr config(made);
    for (const auto &[key, value] : options.config) {
        const amdvi_status status = set(made, timing, key, value);
        if (status != AMDVI_OK)
            refuse(key + "=" + value + ": " + amdvi_status_text(status));
    }
    return config;
}

static iommu_options checked(const iommu_options &options)
{
    if (options.ports == 0)
        refuse("ports=0: a module has at least one port");
    if (options.default_device_id.size() > options.ports)
        refuse("default_device_id: more entries than ports");
    if (options.most_under_way == 0 || options.most_under_way > 65536)
        refuse("most_under_way=" + std::to_string(options.most_under_way) + ": not in 1 to 65536");
    return options;
}

struct core::callbacks {
    static void interrupt(void *context, const amdvi_irq *irq)
    {
        auto c = static_cast<core *>(context);
        c->interrupts_.push_back(*irq);
        c->wave.message();
        c->work_ = true;
    }
    static amdvi_atc_answer atc(void *context, const amdvi_atc_invalidation *invalidation)
    {
        auto c = static_cast<core *>(context);
        amdvi_atc_answer answer;

        if (!c->atc_invalidate)
            return AMDVI_ATC_DONE;
        c->gate_.going_out();
        answer = c->atc_invalidate(*invalidation);
        c->pending_devices_ |= answer == AMDVI_ATC_PENDING;
        c->work_ |= c->pending_devices_;
        return answer;
    }
    static void prg(void *context, const amdvi_prg_response *response)
    {
        auto c = static_cast<core *>(context);
        c->responses_.push_back(*response);
        c->work_ = true;
    }
    static void command(void *context, const amdvi_command_info *info)
    {
        auto c = static_cast<core *>(context);
        c->gate_.going_out();
        c->dmi.on_command(*info);
    }
};

void core::on_issue(void *context, const amdvi_ask *ask)
{
    auto c = static_cast<core *>(context);

    c->asks_.push_back(*ask);
    c->work_ = true;
}

void core::on_complete(void *context, const amdvi_completion *completion)
{
    auto c = static_cast<core *>(context);

    c->transactions.on_complete(*completion);
    c->work_ = true;
}

core::core(const iommu_options &given)
    : options(checked(given)), out(times), mem(times), memory(*this), dmi(*this), timing(*this),
      transactions(*this), wave(*this)
{
    for (unsigned i = 0; i < options.ports; i++)
        ports.push_back(std::make_unique<device_port>(*this, i));
    for (unsigned i = 0; i < inside::SPACES; i++)
        spaces[i] = std::make_unique<register_port>(*this, static_cast<inside::space>(i));
    out.on_invalidate = [this](sc_dt::uint64 first, sc_dt::uint64 last) { dmi.on_target(first, last); };
    create();
}

core::~core()
{
    amdvi_observer_detach(observation_);
}

/* The device's clock counts nanoseconds, the timed executor's picoseconds: the simulation's must be as fine.
 */
static void check_resolution(bool timing)
{
    if (sc_core::sc_time(1, sc_core::SC_NS).value() == 0)
        refuse("the time resolution of the simulation is coarser than 1 ns");
    if (timing && sc_core::sc_time(1, sc_core::SC_PS).value() == 0)
        refuse("timing=on: the time resolution of the simulation is coarser than 1 ps");
}

void core::create()
{
    const config_ptr config = configuration(options, timing);
    const amdvi_memory port = memory.callbacks();
    amdvi_callbacks hooks{};
    amdvi_observer own{};
    amdvi_device *made = nullptr;

    check_resolution(timing.wanted());
    hooks.context = own.context = this;
    hooks.interrupt = callbacks::interrupt;
    hooks.atc_invalidate = callbacks::atc;
    hooks.prg_response = callbacks::prg;
    own.command = callbacks::command;
    if (amdvi_create(config.get(), &port, &hooks, nullptr, &made) != AMDVI_OK)
        SC_REPORT_FATAL("/amdvi/memory", "no memory for a device");
    device.reset(made);
    amdvi_observe(made, &own);
    start_timing();
}

void core::start_timing()
{
    const amdvi_status status = timing.wanted() ? timing.start() : AMDVI_OK;

    if (status == AMDVI_ERR_NO_MEMORY)
        SC_REPORT_FATAL("/amdvi/memory", "no memory for the timed executor");
    if (status != AMDVI_OK)
        refuse("timing: a parameter is out of its range");
}

void core::make_external()
{
    amdvi_external face{};

    if (external_ || timing.on())
        return;
    face.context = this;
    face.issue = on_issue;
    face.complete = on_complete;
    face.most = options.most_under_way;
    if (amdvi_external_attach(device.get(), &face) != AMDVI_OK)
        SC_REPORT_FATAL("/amdvi/memory", "no memory for non-blocking transport");
    external_ = true;
}

/* ---------------------------------------------------------------- registers and observers */

/* From a callback of the library nobody is taken off: nothing can be read, and heard, from there. */
core::unobserved::unobserved(core &c)
    : core_(c), off_(c.observation_ && amdvi_observer_detach(c.observation_) == AMDVI_OK)
{
    if (off_)
        core_.observation_ = nullptr;
}

core::unobserved::~unobserved()
{
    if (off_)
        amdvi_observer_attach(core_.device.get(), &core_.user_, &core_.observation_);
}

std::uint64_t core::read_field(const char *name, const char *field)
{
    const amdvi_register *reg = amdvi_register_find(name);
    std::uint64_t value = 0;
    unobserved quiet(*this);

    amdvi_mmio_read(device.get(), reg->offset, reg->width, &value);
    return amdvi_field_get(amdvi_layout_field(reg->layout, field), &value);
}

bool core::has_guest_tables(std::uint16_t id)
{
    amdvi_dte_view view{};
    sc_core::sc_time none;
    bool guest = true;

    if (!try_enter(none))
        return true;
    memory.only_look(true);
    if (amdvi_inspect_dte(device.get(), id, &view) == AMDVI_OK && !view.beyond_table && !view.read_error)
        guest = field_of("dte", "GV", view.words) != 0;
    memory.only_look(false);
    gate_.leave();
    return guest;
}

bool core::look(const amdvi_request &request, amdvi_result &result, bool *updates)
{
    sc_core::sc_time none;
    amdvi_status status;
    bool unused;

    if (!try_enter(none))
        return false;
    memory.only_look(true);
    status = amdvi_look_updates(device.get(), &request, &result, updates ? updates : &unused);
    memory.only_look(false);
    gate_.leave();
    return status == AMDVI_OK;
}

void core::register_written(std::uint64_t offset)
{
    if (register_moves_only(offset))
        return;
    gate_.going_out();
    dmi.revoke_all();
    if (offset / 8 * 8 == amdvi_register_find("exclusion_base")->offset)
        pages_matter_ = read_field("exclusion_base", "ExEn") != 0;
}

void core::observe(const amdvi_observer &observer)
{
    sc_core::sc_time none;

    if (!enter(none)) {
        SC_REPORT_ERROR("/amdvi/argument", "observe() from a callback");
        return;
    }
    amdvi_observer_detach(observation_);
    observation_ = nullptr;
    user_ = observer;
    watched_ = user_.access || user_.request || user_.hit;
    if (amdvi_observer_attach(device.get(), &user_, &observation_) != AMDVI_OK)
        SC_REPORT_FATAL("/amdvi/memory", "no memory for an observer");
    gate_.going_out();
    if (watched_)
        dmi.revoke_all();
    leave(none);
}

void core::grant_pointers(bool yes)
{
    pointers_ = yes;
    if (!yes)
        dmi.revoke_all();
}

/* ---------------------------------------------------------------- calls of the platform */

bool core::try_enter(sc_core::sc_time &delay)
{
    if (!gate_.try_enter())
        return false;
    memory.spend_on(&delay);
    if (timing.on())
        timing.catch_up();
    return true;
}

void core::catch_up()
{
    const std::uint64_t now = sc_core::sc_time_stamp().value() / sc_core::sc_time(1, sc_core::SC_NS).value();

    if (now > clock_ && !timing.on()) /* which tells the time itself */
        amdvi_advance(device.get(), now - clock_);
    clock_ = now;
}

void core::run()
{
    catch_up();
    amdvi_run(device.get());
}

/* Under time, where nothing has to be done before what comes now: inside, at the present. False: something
 * has. */
bool core::enter_at_once()
{
    if (!timing.on() || settling_ || gate_.inside() || pends())
        return false;
    gate_.enter();
    memory.spend_on(&no_delay_);
    timing.catch_up_with_events();
    return true;
}

bool core::begin_at_once(flight *f)
{
    if (!enter_at_once())
        return false;
    const bool may = !timing.awaits();
    if (may) {
        transactions.begin(f);
        timing.catch_up_again();
    }
    gate_.leave();
    return may;
}

/* In the middle of somebody's call, what it has led to. */
void core::go_on()
{
    if (work_ || pends() || sends() || wave.traced())
        stir_gently();
    else
        timing.arm();
}

void core::arrived(flight *f)
{
    if (!begin_at_once(f))
        arrivals_.push_back(f);
    go_on();
}

void core::atc_complete(std::uint32_t tag)
{
    finished_.push_back(tag);
    stir();
}

amdvi_page_request_result core::page_request(const struct amdvi_page_request &request)
{
    amdvi_page_request_result result{};
    sc_core::sc_time none;

    if (!enter(none)) {
        SC_REPORT_ERROR("/amdvi/argument", "page_request() from the middle of an operation");
        return result;
    }
    if (amdvi_page_request(device.get(), &request, &result) != AMDVI_OK)
        SC_REPORT_ERROR("/amdvi/argument", "page_request(): a number does not fit its field");
    leave(none);
    return result;
}

void core::answered(const amdvi_ask &ask, amdvi_memory_result result, const unsigned char *data)
{
    answer a{ask.id, ask.address, ask.length, ask.kind != AMDVI_ASK_WRITE, result, {}};

    std::memcpy(a.data, data, sizeof(a.data));
    if (!enter_at_once()) {
        answers_.push_back(a);
        stir_gently();
        return;
    }
    take_answer(a);
    timing.catch_up_again();
    gate_.leave();
    go_on();
}

void core::time_passes()
{
    sc_core::sc_time none;

    if (try_enter(none))
        gate_.leave();
    stir();
}

/* Without time: until nothing is under way, by debug transport; also from somebody's callback. */
void core::answer_all_at_once()
{
    std::uint32_t pending = 0;

    settling_by_debug_ = true;
    do {
        memory.answer_all();
        step_on(nullptr);
        amdvi_external_pending(device.get(), &pending);
    } while (pending > 0 && (memory.busy() || !asks_.empty()));
    settling_by_debug_ = false;
}

/* Translations under way end with what memory shows now; their transactions go on as they would. */
void core::reset()
{
    sc_core::sc_time none;

    if (!enter(none)) {
        SC_REPORT_ERROR("/amdvi/argument", "reset() from the middle of an operation");
        return;
    }
    if (timing.on()) {
        memory.forget_all();
        asks_.clear();
        answers_.clear();
        timing.stop();
        transactions.answer_at_once();
    } else {
        gate_.leave();
        answer_all_at_once();
        gate_.enter();
    }
    amdvi_reset(device.get());
    start_timing();
    pages_matter_ = false;
    gate_.going_out();
    dmi.revoke_all();
    work_ = true;
    leave(none);
}

} // namespace amdvi::face
