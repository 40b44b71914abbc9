// SPDX-License-Identifier: Apache-2.0
/* The table of published and derived results (performance 2). */
#include "testbench/studies/rows.h"

static const struct {
    struct validation public;
    row *run;
} rows[] = {
    {{"V1",
      "entries read by a translation: 3 to 6 host, 4 and 5 guest levels, GLX 0 to 2, all page sizes; caches "
      "warmed one by one",
      "(H+1)(G+X+2) cold; 2(X+1)+2G+1, 2G+1, 2, 0 warm", "derived from the architecture", "exact", "none",
      true},
     row_counts},
    {{"V2", "page-serial stream at 100 G with the published misses of each directory cache, 5 and 40 flows",
      "79.6 and 35.5 Gb/s (1.76 and 4.36 reads a page)", "F&S, SOSP'24", "5 %", "none", false},
     row_stream},
    {{"V3", "the same with contiguous IOVAs, directories kept on unmap, one ranged invalidation for 64 pages",
      "directory misses <= 0.054 and reads <= 1.36 a page, invalidations / 64, >= 97 % of the throughput "
      "without IOMMU",
      "F&S, SOSP'24", "as stated", "none", false},
     row_kept_directories},
    {{"V4",
      "ring of buffers in scattered regions of 2 MiB, each used once a round, directory cache of 64 and of "
      "128 lines",
      "misses rise monotonically, knee between 64 and 128 regions; contiguous: flat", "F&S, SOSP'24", "shape",
      "none", false},
     row_locality},
    {{"V5", "100 lines of 64 bytes outstanding, four serial reads of 100 ns each", "128 Gb/s",
      "F&S, SOSP'24; Little's law", "2 %", "none", false},
     row_little},
    {{"V6",
      "INVALIDATE_IOMMU_PAGES and COMPLETION_WAIT of a guest, trapped and in hardware, 1 and 8 processors",
      "70 to 90 % less; trapped 7 to 9 us", "Linux commit 918eb5c856f6 (NVIDIA Grace); xlab-uiuc 2025",
      "as stated", "trap.dispatch", false},
     row_trap},
    {{"V7", "tenants on a 200 Gb/s link, one request at a time",
      "201 / 201 / 65.9 / 12.6 / 12.5 / 11.9 / 11.9 / 11.9 / 11.8 Gb/s at 1 to 1,024 tenants",
      "HyperSIO, ISCA'20", "5 %, 10 % at 4 and 8", "none", false},
     row_tenants},
    {{"V8", "200 Gb/s stream into buffers of 4 KiB and 2 MiB, working set across the PTC's reach",
      "up to 20 % loss with 4 KiB, none with 2 MiB", "PeerJ CS 2023", "15 to 25 %; < 1 %",
      "transfers under way", false},
     row_wall},
    {{"V9", "performance counters of a strict map, use, unmap, flush trace, host tables only",
      "commands : invalidations = 2 : 1; guest reads 0; hits + misses = translations",
      "LKML 2021, Ryzen 4700U and 2400GE", "exact", "none", true},
     row_pmu},
    {{"V10", "10 Gb/s of packets of 1,500 bytes: strict, deferred by 250, mappings reused",
      "43 %, 91 %, 100 % of the line rate", "vIOMMU, ATC'11", "8, 5, 2 points", "software time a packet",
      false},
     row_modes},
    {{"V11", "reads of tables that merging by 64-byte line saves, irregular and strided streams",
      "about 37 %; 0 with a stride; never more than 87.5 %", "page-walk coalescing, MICRO'18", "25 to 45 %",
      "share of neighbours", false},
     row_merging},
    {{"V12", "unmap of a parent domain with N nested ones", "N + 1 commands; time linear, R^2 > 0.999",
      "Linux nested.c", "exact", "none", true},
     row_nested_unmap},
    {{"V13", "deferred flushing", "at most 10 ms and 250 entries", "Linux, deferred-flush commit", "exact",
      "none", true},
     row_lazy},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

const struct validation *validation_at(size_t index)
{
    return index < ROWS ? &rows[index].public : NULL;
}

void validation_run(size_t index, struct validation_outcome *outcome)
{
    *outcome = (struct validation_outcome){0};
    if (index >= ROWS)
        return;
    rows[index].run(outcome);
    if (!outcome->ran && !outcome->value[0])
        SAY(outcome, "it could not be run: no memory, or a request failed");
}
