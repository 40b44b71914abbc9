// SPDX-License-Identifier: Apache-2.0
/*
 * Approximately timed through the module against the C library's timed executor: the same requests at the
 * same times, a memory of the same constant latency; every completion must come at the same picosecond with
 * the same result. And the results must be those of the direct executor. systemc-timed [--requests N] [--seed
 * N] [--gap PS] [--checkers off]
 */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <random>

#include <amdvi/timed.h>

#include "testbench/systemc/bench.h"

using namespace testbench;

namespace
{

enum : unsigned { PORTS = 4, PAGES = 2048 };
enum : std::uint64_t { BASE = 0x40000000, PAGE_SIZE = 4096 };

struct job {
    std::uint64_t when; /* ps */
    unsigned port;
    amdvi_request request;
    std::uint64_t done_c = 0, done_tlm = 0;
    amdvi_result direct{}, c{}, tlm{};
};

std::vector<job> draw(std::uint64_t seed, std::uint64_t count, std::uint64_t gap)
{
    std::mt19937_64 random(seed);
    std::vector<job> jobs(count);
    std::uint64_t now = 1000;

    for (job &j : jobs) {
        now += 1 + random() % (2 * gap);
        j.when = now;
        j.port = static_cast<unsigned>(random() % PORTS);
        j.request = amdvi_request{};
        j.request.device = static_cast<std::uint16_t>(j.port);
        j.request.op = random() % 3 ? AMDVI_READ : AMDVI_WRITE;
        /* Mostly near each other, with some far away. */
        j.request.address =
            BASE + (random() % 4 ? random() % 64 : random() % (PAGES + 8)) * PAGE_SIZE + random() % 500 * 8;
        j.request.length = 8;
    }
    return jobs;
}

/* Pages of four devices; some read-only, one device whose bits are updated. */
void build(bench<64> &b, std::uint64_t seed)
{
    std::mt19937_64 random(seed + 1);

    for (unsigned d = 0; d < PORTS; d++) {
        const std::uint64_t root =
            b.world.device(static_cast<std::uint16_t>(d), static_cast<std::uint16_t>(d + 1));
        for (unsigned i = 0; i < PAGES; i++)
            if (random() % 20)
                b.world.map(root, BASE + i * PAGE_SIZE, AT_DATA + (i * 37 + d) % 1024 * PAGE_SIZE,
                            random() % 10 ? 3u : unsigned(MAY_READ));
    }
    b.world.set_device(3, {{"HAD", 3}});
}

struct initiator : sc_core::sc_module, tlm::tlm_mm_interface {
    struct item {
        explicit item(tlm::tlm_mm_interface *mm) : p(mm)
        {
            p.set_extension(&who);
        }
        ~item()
        {
            p.clear_extension(&who);
        }
        tlm::tlm_generic_payload p;
        amdvi::dma_extension who;
        unsigned char data[8] = {};
        job *what = nullptr;
    };
    bench<64> &machine;
    std::vector<job> &jobs;
    std::vector<std::unique_ptr<item>> all;
    std::vector<item *> free_items;
    std::unordered_map<tlm::tlm_generic_payload *, item *> items;
    std::uint64_t ended = 0;

    initiator(sc_core::sc_module_name name, bench<64> &b, std::vector<job> &j)
        : sc_core::sc_module(name), machine(b), jobs(j)
    {
        SC_HAS_PROCESS(initiator);
        SC_THREAD(run);
    }
    void free(tlm::tlm_generic_payload *p) override
    {
        free_items.push_back(items[p]);
    }
    item &fresh()
    {
        if (free_items.empty()) {
            all.push_back(std::make_unique<item>(this));
            items[&all.back()->p] = all.back().get();
            free_items.push_back(all.back().get());
        }
        item *i = free_items.back();
        free_items.pop_back();
        return *i;
    }
    void send(job &j)
    {
        item &i = fresh();
        tlm::tlm_phase phase = tlm::BEGIN_REQ;
        sc_core::sc_time delay;

        i.what = &j;
        i.who.device_id = j.request.device;
        hand<64>::fill(i.p, j.request.op == AMDVI_READ ? tlm::TLM_READ_COMMAND : tlm::TLM_WRITE_COMMAND,
                       j.request.address, i.data, 8);
        i.p.acquire();
        machine.device(j.port).socket->nb_transport_fw(i.p, phase, delay);
    }
    tlm::tlm_sync_enum response(tlm::tlm_generic_payload &p, tlm::tlm_phase &phase,
                                const sc_core::sc_time &delay)
    {
        if (phase != tlm::BEGIN_RESP)
            return tlm::TLM_ACCEPTED;
        item *i = items[&p];
        i->what->done_tlm =
            (sc_core::sc_time_stamp() + delay).value() / sc_core::sc_time(1, sc_core::SC_PS).value();
        i->what->tlm = i->who.result;
        ended++;
        p.release();
        return tlm::TLM_COMPLETED;
    }
    void run()
    {
        wait(sc_core::sc_time(1, sc_core::SC_PS));
        for (job &j : jobs) {
            wait(sc_core::sc_time::from_value(j.when * sc_core::sc_time(1, sc_core::SC_PS).value()) -
                 sc_core::sc_time_stamp());
            send(j);
        }
    }
};

/* ---------------------------------------------------------------- the C library */

struct plain {
    std::vector<unsigned char> bytes;
    amdvi_config *config = nullptr;
    amdvi_device *device = nullptr;

    explicit plain(const ram_core &memory) : bytes(memory.bytes)
    {
        amdvi_memory port{};
        port.direct = bytes.data();
        port.direct_size = bytes.size();
        amdvi_config_create(&config);
        amdvi_create(config, &port, nullptr, nullptr, &device);
    }
    ~plain()
    {
        amdvi_destroy(device);
        amdvi_config_destroy(config);
    }
};

void replay_registers(amdvi_device *device,
                      const std::vector<std::pair<std::uint64_t, std::uint64_t>> &writes)
{
    for (const auto &[offset, value] : writes)
        amdvi_mmio_write(device, offset, 8, value);
    amdvi_run(device);
}

double run_c(plain &machine, std::vector<job> &jobs)
{
    amdvi_timed_parameters parameters;
    amdvi_timed_host host{};
    amdvi_timed *timed = nullptr;
    const std::clock_t begin = std::clock();

    amdvi_timed_preset_parameters(&parameters, nullptr);
    amdvi_timed_set(&parameters, "memory.write", "150ns");
    host.context = jobs.data();
    host.complete = [](void *context, const amdvi_timed_completion *c) {
        job &j = static_cast<job *>(context)[c->what->tag];
        j.done_c = c->done;
        j.c = *c->what->result;
    };
    amdvi_timed_create(machine.device, &parameters, &host, nullptr, &timed);
    for (std::size_t i = 0; i < jobs.size(); i++) {
        amdvi_timed_run(timed, jobs[i].when);
        amdvi_timed_request(timed, jobs[i].when, jobs[i].port, &jobs[i].request, i);
    }
    amdvi_timed_run(timed, AMDVI_TIMED_NEVER);
    amdvi_timed_destroy(timed);
    return static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

bool same(const amdvi_result &a, const amdvi_result &b)
{
    if (a.ok != b.ok)
        return false;
    return a.ok ? a.pa == b.pa && a.perm == b.perm && a.covered == b.covered
                : a.fault.reason == b.fault.reason && a.fault.address == b.fault.address;
}

int compare(const std::vector<job> &jobs)
{
    std::uint64_t times = 0, results = 0, direct = 0, faults = 0;

    for (const job &j : jobs) {
        faults += !j.c.ok;
        results += !same(j.c, j.tlm);
        direct += !same(j.direct, j.tlm);
        if (j.done_c != j.done_tlm && times++ < 5)
            std::printf("request %td of port %u at %llu: C ends at %llu, TLM at %llu\n", &j - jobs.data(),
                        j.port, (unsigned long long)j.when, (unsigned long long)j.done_c,
                        (unsigned long long)j.done_tlm);
    }
    std::printf("%zu requests, %llu faults: %llu times differ, %llu results differ from the timed "
                "executor's, %llu from "
                "the direct one's\n",
                jobs.size(), (unsigned long long)faults, (unsigned long long)times,
                (unsigned long long)results, (unsigned long long)direct);
    return times + results + direct == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

} // namespace

int sc_main(int argc, char **argv)
{
    std::uint64_t count = 20000, seed = 1, gap = 70000;
    bool checked = true;
    amdvi::iommu_options options;
    std::vector<std::pair<std::uint64_t, std::uint64_t>> writes;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (std::strcmp(argv[i], "--requests") == 0)
            count = std::strtoull(argv[i + 1], nullptr, 0);
        if (std::strcmp(argv[i], "--seed") == 0)
            seed = std::strtoull(argv[i + 1], nullptr, 0);
        if (std::strcmp(argv[i], "--checkers") == 0)
            checked = std::strcmp(argv[i + 1], "off") != 0;
        if (std::strcmp(argv[i], "--gap") == 0)
            gap = std::strtoull(argv[i + 1], nullptr, 0);
    }
    std::printf("seed %llu\n", (unsigned long long)seed);
    options.ports = PORTS;
    options.most_under_way = 65536;
    options.config = {{"timing", "on"}, {"timing.memory.write", "150ns"}};
    std::vector<job> jobs = draw(seed, count, gap);
    bench<64> machine(options, "", checked);
    initiator devices("devices", machine, jobs);
    sc_core::sc_start(sc_core::SC_ZERO_TIME);
    build(machine, seed);
    machine.tables.latency = sc_core::sc_time(150, sc_core::SC_NS);
    plain timed(machine.tables), direct(machine.tables);
    world again(machine.tables, [&](std::uint64_t offset, std::uint64_t value) {
        writes.push_back({offset, value});
        machine.cpu.write(offset, value);
    });
    again.start({{"HADUpdate", 3}});
    replay_registers(timed.device, writes);
    replay_registers(direct.device, writes);
    for (unsigned i = 0; i < PORTS; i++)
        machine.device(i).on_phase = [&](auto &p, auto &phase, auto &delay) {
            return devices.response(p, phase, delay);
        };
    for (job &j : jobs)
        amdvi_translate(direct.device, &j.request, &j.direct);
    const double c = run_c(timed, jobs);
    const std::clock_t begin = std::clock();
    sc_core::sc_start();
    const double tlm = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    machine.at_rest();
    std::printf("processor time: C %.3f s, TLM %.3f s; %llu transactions checked, %llu violations\n%s", c,
                tlm, (unsigned long long)machine.transactions(), (unsigned long long)machine.broken(),
                machine.findings().c_str());
    const int result = compare(jobs);
    return devices.ended == count && machine.broken() == 0 ? result : EXIT_FAILURE;
}
