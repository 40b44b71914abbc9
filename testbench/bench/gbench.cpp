// SPDX-License-Identifier: Apache-2.0
// The benchmarks under Google benchmark, for its options and its comparison scripts. AMDVI_CAPTURE names the
// capture of the replay.
#include "amdvi/bench.h"

#include <benchmark/benchmark.h>

#include <cstdlib>

namespace
{

void measure(benchmark::State &state, size_t index)
{
    struct bench_settings settings = {std::getenv("AMDVI_CAPTURE"), false};
    char error[256] = "";
    struct bench *bench = bench_open(index, &settings, error, sizeof(error));
    uint64_t total = 0;

    if (!bench) {
        state.SkipWithError(error);
        return;
    }
    for (auto _ : state) {
        uint64_t operations = 4096;
        double seconds = bench_do(bench, &operations);
        if (seconds < 0) {
            state.SkipWithError("the measured code failed");
            break;
        }
        state.SetIterationTime(seconds);
        total += operations;
    }
    state.SetItemsProcessed(static_cast<int64_t>(total));
    bench_close(bench);
}

} // namespace

int main(int argc, char **argv)
{
    for (size_t i = 0; i < bench_count(); i++)
        benchmark::RegisterBenchmark(bench_case_at(i)->name, measure, i)->UseManualTime();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
