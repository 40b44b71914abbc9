// SPDX-License-Identifier: Apache-2.0
/*
 * When the parts that guests use answer: not before t, at t. Register slots, the status of dirty bits, ID
 * maps, guests' rings, the cache of GCR3 roots. Expected times are sums of the parameters, worked out by hand
 * from the structure (docs/timing.md): a doorbell 200, a read 150, a write 100, an array 3, decoding 4.
 */
#include "testbench/studies/guests.h"
#include "testbench/unit/run.h"

enum {
    NS = 1000,
    DOORBELL = 200,
    READ = 150,
    WRITE = 100,
    ARRAY = 3,
    DECODE = 4,
    DIRTY_LINES = 128,
    CYCLE = 1
};
/* A doorbell writes the tail into the guest's register slot and marks it as dirty: words that are read first.
 */
enum { RUNG = DOORBELL + 2 * (READ + WRITE) };
/* The ring looks which slots are dirty, and reads base and tail of that one. */
enum { FOUND = DIRTY_LINES * CYCLE + 2 * READ };
/* An invalidation behind the read of its line: entry of DomIDMap, a set for each of three page sizes, head.
 */
enum { INVALIDATION = DECODE + READ + 3 * CYCLE + WRITE };
/* Base and tail again; the translation of the ring's page is looked up, as that domain's have gone. */
enum { NEXT = 2 * READ + ARRAY };
/* The line is there; the address of the store is looked up. */
enum { WAIT = DECODE + ARRAY + WRITE };
enum { FLUSH = RUNG + FOUND + READ + INVALIDATION + NEXT + WAIT };

static struct world w;
static struct guests g;
static uint64_t since; /* ps: what is expected counts from here */

/* What is under way ends, and the next nanosecond begins. */
static void begin(void)
{
    ck_assert_int_eq(amdvi_timed_run(w.timed, AMDVI_TIMED_NEVER), AMDVI_OK);
    since = (amdvi_timed_now(w.timed) / NS + 1) * NS;
}

/* Two guests, each of which has flushed twice: two lines of its ring are used up, and its tables are known.
 */
static void open_guests(const char *entries, const char *dirty_held)
{
    const char *const settings[] = {"map.entries", entries, "map.dirty_held", dirty_held, NULL};

    ck_assert(world_open(&w, NULL, NULL, settings));
    guests_open(&w, &g, 2);
    for (unsigned i = 0; i < 4; i++) {
        begin();
        guests_flush(&w, &g, i % 2, since);
    }
    begin();
    ck_assert(!w.failed);
}

static void close_guests(void)
{
    ck_assert(!w.failed);
    guests_close(&g);
    world_close(&w);
}

/* The store of the guest's COMPLETION_WAIT is not there before, and is there at `ns`. */
static void flushed_at(unsigned guest, uint64_t ns)
{
    while (!guests_flushed(&w, &g, guest) && amdvi_timed_next(w.timed) != AMDVI_TIMED_NEVER)
        ck_assert_int_eq(amdvi_timed_run(w.timed, amdvi_timed_next(w.timed)), AMDVI_OK);
    ck_assert(guests_flushed(&w, &g, guest));
    ck_assert_msg(amdvi_timed_now(w.timed) == since + ns * NS, "stored at %.3f ns, not at %llu",
                  (double)(amdvi_timed_now(w.timed) - since) / 1e3, (unsigned long long)ns);
}

START_TEST(a_flush_of_either_guest)
{
    open_guests("0", "on");
    guests_flush(&w, &g, 0, since);
    flushed_at(0, FLUSH);
    begin();
    guests_flush(&w, &g, 1, since);
    flushed_at(1, FLUSH);
    close_guests();
}
END_TEST

START_TEST(another_command_of_the_same_line)
{
    open_guests("0", "on");
    guests_invalidate(&w, &g, 0, false);
    guests_flush(&w, &g, 0, since);
    flushed_at(0, FLUSH + INVALIDATION + NEXT);
    close_guests();
}
END_TEST

/* At the clock's last moment no next period comes: a guest that its cap holds back stays so, and running
 * ends.
 */
START_TEST(a_cap_at_the_end_of_the_clock)
{
    const struct amdvi_guest_share share = {.weight = 1, .commands = 1, .period_ns = 1000};

    open_guests("0", "on");
    ck_assert_int_eq(amdvi_timed_guest_share(w.timed, 0, &share), AMDVI_OK);
    guests_flush(&w, &g, 0, AMDVI_TIMED_LAST);
    ck_assert_int_eq(amdvi_timed_run(w.timed, AMDVI_TIMED_NEVER), AMDVI_OK);
    ck_assert(!guests_flushed(&w, &g, 0));
    ck_assert_uint_eq(amdvi_timed_now(w.timed), AMDVI_TIMED_LAST);
    close_guests();
}
END_TEST

/* Base and tail, twice each, and the entry of DomIDMap; with one entry each of them drives out the one
 * before. */
START_TEST(kept_words_take_a_cycle)
{
    open_guests("4096", "on");
    guests_flush(&w, &g, 0, since);
    flushed_at(0, FLUSH - 5 * (READ - CYCLE));
    close_guests();
    open_guests("1", "on");
    guests_flush(&w, &g, 0, since);
    flushed_at(0, FLUSH);
    close_guests();
}
END_TEST

START_TEST(the_status_of_dirty_bits_in_memory)
{
    open_guests("0", "off");
    guests_flush(&w, &g, 0, since);
    flushed_at(0, FLUSH + DIRTY_LINES * (READ - CYCLE));
    close_guests();
}
END_TEST

/* ---------------------------------------------------------------- GCR3 roots */

enum { NESTED_DEVICE = 0x18, NESTED_DOMAIN = 6, PASIDS = 2, PAGE = 4096, FAR = 9 };
#define GVA UINT64_C(0x40000000)
#define GPA (WORLD_GPA_BASE + 0x3000000)

static void open_nested(void)
{
    struct nested n = {.host_levels = 4, .guest_levels = 4, .glx = 0, .host_shift = SHIFT_4K};

    ck_assert(world_open(&w, NULL, NULL, (const char *const[]){"l1.entries", "0", NULL}));
    world_nested(&w, &n);
    for (unsigned pasid = 1; pasid <= PASIDS; pasid++) {
        uint64_t root = world_pasid(&w, &n, pasid);
        for (unsigned i = 0; i < 2 * FAR; i++) {
            world_back(&w, &n, GPA + i * PAGE);
            world_guest_map(&w, &n, root, GVA + i * PAGE, GPA + i * PAGE, SHIFT_4K);
        }
    }
    world_dte_nested(&w, NESTED_DEVICE, NESTED_DOMAIN, &n);
}

static void reads_at(uint32_t pasid, unsigned page, unsigned reads, uint64_t ns)
{
    begin();
    ck_assert_int_eq(amdvi_timed_run(w.timed, since), AMDVI_OK);
    ck_assert_uint_eq(world_read_pasid(&w, NESTED_DEVICE, pasid, GVA + (uint64_t)page * PAGE), reads);
    ck_assert_msg(w.last_end == since + ns * NS, "ended at %.3f ns, not at %llu",
                  (double)(w.last_end - since) / 1e3, (unsigned long long)ns);
}

/* L1 1, link 8 there and back; DTC and PTC in a row with two page sizes more, GCR3, directories of guest and
 * host one after the other; the guest's leaf and the host's. */
START_TEST(a_root_that_is_kept)
{
    enum { WAY = 1 + 8 + 8, L2 = 2 * ARRAY + 2 * CYCLE + ARRAY + 2 * ARRAY };

    open_nested();
    for (uint32_t pasid = 1; pasid <= PASIDS; pasid++)
        world_read_pasid(&w, NESTED_DEVICE, pasid, GVA);
    for (uint32_t pasid = 1; pasid <= PASIDS; pasid++)
        reads_at(pasid, FAR, 2, WAY + L2 + 2 * READ);
    ck_assert(!w.failed);
    world_close(&w);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("earliest of guests");
    TCase *guests = tcase_create("guests"), *roots = tcase_create("roots");

    tcase_add_test(guests, a_flush_of_either_guest);
    tcase_add_test(guests, another_command_of_the_same_line);
    tcase_add_test(guests, a_cap_at_the_end_of_the_clock);
    tcase_add_test(guests, kept_words_take_a_cycle);
    tcase_add_test(guests, the_status_of_dirty_bits_in_memory);
    tcase_add_test(roots, a_root_that_is_kept);
    suite_add_tcase(suite, guests);
    suite_add_tcase(suite, roots);
    return run_suite(suite);
}
