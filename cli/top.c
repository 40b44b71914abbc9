// SPDX-License-Identifier: Apache-2.0
/* `amdvi top`: what a running device does, from its live page. */
#include "cli/vm.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char help[] =
    "usage: amdvi top [FILE] [options]\n\n"
    "Shows a device at work: rates, hit rates, faults, positions of rings. FILE is the live page of a\n"
    "replay (amdvi replay --live FILE), or of a machine, as the property live= of its IOMMU names it; "
    "without it\n"
    "the newest machine that this user started with amdvi vm. Ends with the device, or with Ctrl-C.\n\n"
    "  -i, --interval MS  between two looks; default: 1000, at least 50\n"
    "  -n, --looks N      ends after N looks\n"
    "  -1, --once         one look at the totals, for scripts\n"
    "  -h, --help         this text\n\n"
    "examples:\n"
    "  amdvi top\n"
    "  amdvi top --interval 200\n\n"
    "exit codes: 0 done; 2 there is no such device, or the command line cannot be understood\n";

struct top_options {
    const char *path;
    uint64_t interval_ms, looks;
    bool once;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

/* ------------------------------------------------------------------ one look */

struct look {
    struct amdvi_live_view view;
    double seconds; /* of the host's monotonic clock */
};

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void print_row(const char *name, uint64_t before, uint64_t after, double seconds)
{
    if (seconds > 0 && after >= before)
        printf("  %-24s %14" PRIu64 " %12.0f/s\n", name, after, (double)(after - before) / seconds);
    else
        printf("  %-24s %14" PRIu64 "\n", name, after);
}

/* Since the look before; of all when nothing came in between. */
static void print_hits(const char *name, const uint64_t before[2], const uint64_t after[2])
{
    uint64_t hits = after[0] - before[0], misses = after[1] - before[1];

    if (hits + misses == 0) {
        hits = after[0];
        misses = after[1];
    }
    if (hits + misses)
        printf("  %-24s %13.1f%% hits\n", name, 100.0 * (double)hits / (double)(hits + misses));
}

static void print_ring(const char *name, const struct amdvi_live_ring *ring)
{
    if (ring->bytes)
        printf("  %-24s head %#8" PRIx64 "  tail %#8" PRIx64 "  of %#8" PRIx64 "  %12" PRIu64 " entries\n",
               name, ring->head, ring->tail, ring->bytes, ring->passed);
}

static void print_caches(const struct amdvi_statistics *b, const struct amdvi_statistics *a)
{
    print_hits("DTC", (const uint64_t[]){b->dtc_hits, b->dtc_misses},
               (const uint64_t[]){a->dtc_hits, a->dtc_misses});
    print_hits("PTC", (const uint64_t[]){b->ptc_hits, b->ptc_misses},
               (const uint64_t[]){a->ptc_hits, a->ptc_misses});
    print_hits("PDC", (const uint64_t[]){b->pdc_hits, b->pdc_misses},
               (const uint64_t[]){a->pdc_hits, a->pdc_misses});
    print_hits("ITC", (const uint64_t[]){b->itc_hits, b->itc_misses},
               (const uint64_t[]){a->itc_hits, a->itc_misses});
}

static void print_look(const struct look *before, const struct look *after)
{
    const struct amdvi_statistics *b = &before->view.statistics, *a = &after->view.statistics;
    double seconds = after->seconds - before->seconds;

    printf("amdvi top  %.3f s on the device's clock%s\n", (double)after->view.ns / 1e9,
           after->view.ended ? ", ended" : "");
    print_row("requests", b->requests, a->requests, seconds);
    print_row("  translated", b->translated, a->translated, seconds);
    print_row("  refused", b->faulted, a->faulted, seconds);
    print_row("walks", b->walks, a->walks, seconds);
    print_row("interrupts", b->interrupts, a->interrupts, seconds);
    print_row("commands", b->commands, a->commands, seconds);
    print_row("invalidations", b->invalidations, a->invalidations, seconds);
    print_row("events", b->events, a->events, seconds);
    print_row("events lost", b->events_lost, a->events_lost, seconds);
    print_caches(b, a);
    print_ring("command ring", &after->view.commands);
    print_ring("event log", &after->view.events);
    print_ring("PPR log", &after->view.page_requests);
    print_ring("GA log", &after->view.guest_interrupts);
    if (after->view.linted)
        printf("  lint: %" PRIu64 " answers compared, %" PRIu64 " stale, %" PRIu64 " missing invalidations\n",
               after->view.lint.checked, after->view.lint.stale,
               after->view.lint.findings[AMDVI_LINT_STALE_ENTRY]);
    fflush(stdout);
}

/* ------------------------------------------------------------------ looking again and again */

static bool take_look(const struct amdvi_live_page *page, const char *path, struct look *look)
{
    enum amdvi_status status = amdvi_live_read(page, &look->view);

    look->seconds = now();
    if (status == AMDVI_ERR_UNSUPPORTED)
        file_error(path, 0, "the live page is of another version of amdvi");
    else if (status == AMDVI_ERR_CORRUPT)
        file_error(path, 0, "not the live page of a device");
    return status == AMDVI_OK || status == AMDVI_ERR_BUSY;
}

static void wait_for(uint64_t ms)
{
    struct timespec time = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000};

    nanosleep(&time, NULL);
}

static int watch(const struct amdvi_live_page *page, const struct top_options *options)
{
    struct look before = {0}, after;
    bool terminal = isatty(STDOUT_FILENO);

    if (!take_look(page, options->path, &before))
        return CLI_WRONG;
    if (options->once) {
        const struct look none = {.seconds = before.seconds};
        print_look(&none, &before);
        return CLI_OK;
    }
    for (uint64_t i = 0; !stopped && (!options->looks || i < options->looks); i++) {
        wait_for(options->interval_ms);
        if (!take_look(page, options->path, &after))
            return CLI_WRONG;
        fputs(terminal ? "\033[H\033[J" : "", stdout);
        print_look(&before, &after);
        before = after;
        if (after.view.ended)
            break;
    }
    return CLI_OK;
}

static int open_and_watch(const struct top_options *options)
{
    const struct amdvi_live_page *page = live_page_open(options->path);
    struct sigaction stop = {.sa_handler = on_signal};
    int status;

    if (!page)
        return CLI_WRONG;
    sigaction(SIGINT, &stop, NULL);
    status = watch(page, options);
    live_page_close(page);
    return status;
}

/* ------------------------------------------------------------------ command line */

static const struct option long_options[] = {{"interval", required_argument, NULL, 'i'},
                                             {"looks", required_argument, NULL, 'n'},
                                             {"once", no_argument, NULL, '1'},
                                             {"help", no_argument, NULL, 'h'},
                                             {0}};

static bool take_option(struct top_options *options, int option)
{
    if (option == 'n')
        return option_number(&command_top, "--looks", optarg, UINT32_MAX, &options->looks);
    if (option == '1')
        return options->once = true;
    if (!option_number(&command_top, "--interval", optarg, UINT32_MAX, &options->interval_ms))
        return false;
    if (options->interval_ms >= 50)
        return true;
    usage_error(&command_top, "--interval: at least 50");
    return false;
}

static int run(int argc, char **argv)
{
    struct top_options options = {.interval_ms = 1000};
    int option, status;
    char *newest;

    while ((option = option_next(&command_top, argc, argv, ":i:n:1h", long_options, &status)) >= 0)
        if (!take_option(&options, option))
            return CLI_WRONG;
    if (option == OPTION_STOP)
        return status;
    if (argc - optind > 1)
        return usage_error(&command_top, "one file at a time");
    newest = optind < argc ? NULL : live_page_newest();
    options.path = optind < argc ? argv[optind] : newest;
    if (!options.path)
        return usage_error(&command_top, "no machine runs (amdvi vm)");
    status = open_and_watch(&options);
    free(newest);
    return status;
}

const struct command command_top = {"top", "shows what the IOMMU of a running machine or replay does", help,
                                    run};
