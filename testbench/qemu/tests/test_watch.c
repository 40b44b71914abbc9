// SPDX-License-Identifier: GPL-2.0-or-later
/* What looks on at a unit keeps out while a thread of a device is in it. */
#include "testbench/qemu/watch.h"

#include "testbench/unit/run.h"

#include <stdlib.h>

/* How long a thread that does not wait may take: ample, as the test waits for so long when all is well. */
enum { PATIENCE_MS = 300 };

int address_space_memory;
static QEMUTimer timer;
static struct amdvi_config *config;
static struct amdvi_device *device;
static QemuRecMutex lock;
static struct watch watch;
static char path[] = "/tmp/amdvi-watch-XXXXXX";
static int earlier; /* what was at that path before */

void fake_error(const char *format, ...)
{
    ck_abort_msg("%s", format);
}

void fake_error_of(int number, const char *format, ...)
{
    ck_abort_msg("%s: %s", format, strerror(number));
}

QEMUTimer *timer_new_ms(enum fake_clock clock, void (*fire)(void *opaque), void *opaque)
{
    timer = (QEMUTimer){.fire = fire, .opaque = opaque};
    return &timer;
}

void timer_mod(QEMUTimer *made, int64_t when)
{
    ck_assert_ptr_eq(made, &timer);
}

int64_t qemu_clock_get_ms(enum fake_clock clock)
{
    return 0;
}

int64_t qemu_clock_get_ns(enum fake_clock clock)
{
    return 0;
}

int address_space_read(const int *space, uint64_t address, int attributes, void *bytes, size_t length)
{
    return MEMTX_ERROR;
}

static enum amdvi_memory_result no_memory(void *context, uint64_t spa, void *data, size_t length)
{
    return AMDVI_MEMORY_MASTER_ABORT;
}

static enum amdvi_memory_result no_write(void *context, uint64_t spa, const void *data, size_t length)
{
    return AMDVI_MEMORY_MASTER_ABORT;
}

static void setup(void)
{
    const struct amdvi_memory memory = {.read = no_memory, .write = no_write};
    struct watch_options options = {.live = path, .lock = &lock};
    pthread_mutexattr_t recursive;

    earlier = mkstemp(path);
    ck_assert_int_ge(earlier, 0);
    ck_assert_int_eq(write(earlier, "x", 1), 1);
    pthread_mutexattr_init(&recursive);
    pthread_mutexattr_settype(&recursive, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&lock, &recursive);
    ck_assert_int_eq(amdvi_config_create(&config), AMDVI_OK);
    ck_assert_int_eq(amdvi_create(config, &memory, NULL, NULL, &device), AMDVI_OK);
    memset(&watch, 0, sizeof(watch));
    ck_assert(watch_start(&watch, &options, device, config, NULL));
}

static void teardown(void)
{
    watch_finish(&watch);
    amdvi_destroy(device);
    amdvi_config_destroy(config);
    unlink(path);
    close(earlier);
}

static void *fire(void *argument)
{
    timer.fire(timer.opaque);
    return argument;
}

static void *finish(void *argument)
{
    ck_assert(watch_finish(&watch));
    return argument;
}

static struct amdvi_live_view view(void)
{
    struct amdvi_live_view seen;

    ck_assert_int_eq(amdvi_live_read(watch.page, &seen), AMDVI_OK);
    return seen;
}

/* Whether a thread that does this waits for one that is in the unit; it has ended when this returns. */
static bool waits(void *(*act)(void *argument))
{
    struct timespec end;
    pthread_t thread;
    bool waited;

    pthread_mutex_lock(&lock);
    ck_assert_int_eq(pthread_create(&thread, NULL, act, NULL), 0);
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_nsec += PATIENCE_MS * 1000000L;
    end.tv_sec += end.tv_nsec / 1000000000L;
    end.tv_nsec %= 1000000000L;
    waited = pthread_timedjoin_np(thread, NULL, &end) == ETIMEDOUT;
    pthread_mutex_unlock(&lock);
    if (waited)
        ck_assert_int_eq(pthread_join(thread, NULL), 0);
    return waited;
}

START_TEST(the_live_page_waits_for_who_is_in_the_unit)
{
    watch.now = 5;
    ck_assert(waits(fire));
    ck_assert_uint_eq(view().ns, 5);
}
END_TEST

START_TEST(the_end_waits_for_who_is_in_the_unit)
{
    ck_assert(waits(finish));
    ck_assert(view().ended);
}
END_TEST

/* Whoever has mapped the page of a machine before this one must not meet a shorter file. */
START_TEST(the_page_of_an_earlier_machine_stays_whole)
{
    char mark = 0;

    ck_assert_int_eq(pread(earlier, &mark, 1, 0), 1);
    ck_assert_int_eq(mark, 'x');
    ck_assert_int_eq(pread(earlier, &mark, 1, 1), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watch");
    TCase *tcase = tcase_create("watch");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, the_live_page_waits_for_who_is_in_the_unit);
    tcase_add_test(tcase, the_end_waits_for_who_is_in_the_unit);
    tcase_add_test(tcase, the_page_of_an_earlier_machine_stays_whole);
    suite_add_tcase(suite, tcase);
    return run_suite(suite);
}
