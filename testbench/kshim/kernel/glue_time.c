// SPDX-License-Identifier: GPL-2.0-only
/* Time: the machine's clock, jiffies made of it, timers that fire when interrupts may come. */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/timer.h>

#include "glue.h"

u64 jiffies_64 = INITIAL_JIFFIES;
asm(".globl jiffies\n.hidden jiffies\n.set jiffies, jiffies_64\n");

static HLIST_HEAD(timers);
static unsigned int timer_count;
static unsigned long next_expiry; /* of the earliest timer, while there is one */
static bool running_timers;

u64 kshim_now(void)
{
    return kshim_ops->now(kshim_ops->context);
}

static bool due(void)
{
    return timer_count && time_after_eq(jiffies, next_expiry);
}

/* Jiffies follow the clock; a timer whose time has come is an interrupt that waits. */
void kshim_time_update(void)
{
    jiffies_64 = INITIAL_JIFFIES + div_u64(kshim_now(), NSEC_PER_SEC / HZ);
    if (!due())
        return;
    if (irqs_disabled() || in_interrupt())
        kshim_interrupts_pending = 1;
    else
        kshim_timers_run();
}

bool kshim_timers_due(void)
{
    return due() && !running_timers;
}

void kshim_pass(u64 ns)
{
    kshim_ops->delay(kshim_ops->context, ns);
    kshim_time_update();
}

static void find_next(void)
{
    struct timer_list *timer;
    bool first = true;

    hlist_for_each_entry(timer, &timers, entry)
    {
        if (first || time_before(timer->expires, next_expiry))
            next_expiry = timer->expires;
        first = false;
    }
}

u64 kshim_timer_next(void)
{
    long ahead;

    if (!timer_count)
        return ~0ull;
    ahead = next_expiry - (unsigned long)INITIAL_JIFFIES;
    return ahead < 0 ? 0 : ahead * (NSEC_PER_SEC / HZ);
}

unsigned int kshim_timers_count(void)
{
    return timer_count;
}

static bool detach(struct timer_list *timer)
{
    if (!timer_pending(timer))
        return false;
    hlist_del(&timer->entry);
    timer->entry.pprev = NULL;
    timer_count--;
    find_next();
    return true;
}

static void attach(struct timer_list *timer)
{
    if (!timer_count || time_before(timer->expires, next_expiry))
        next_expiry = timer->expires;
    timer_count++;
    hlist_add_head(&timer->entry, &timers);
}

static struct timer_list *expired(void)
{
    struct timer_list *timer;

    hlist_for_each_entry(timer, &timers, entry) if (timer->expires == next_expiry) return timer;
    return NULL;
}

/* In the context of a soft interrupt. */
void kshim_timers_run(void)
{
    struct timer_list *timer;

    if (running_timers)
        return;
    running_timers = true;
    preempt_count_add(SOFTIRQ_OFFSET);
    while (due() && (timer = expired()) != NULL) {
        detach(timer);
        timer->function(timer);
    }
    preempt_count_sub(SOFTIRQ_OFFSET);
    running_timers = false;
}

static void timer_make(struct timer_list *timer, void (*function)(struct timer_list *), unsigned int flags)
{
    timer->function = function;
    timer->flags = flags;
    timer->entry.pprev = NULL;
}

void kshim_timer_init(struct timer_list *timer, void (*function)(struct timer_list *), unsigned int flags,
                      const char *name, void *key) KERNEL(init_timer_key);
void kshim_timer_init(struct timer_list *timer, void (*function)(struct timer_list *), unsigned int flags,
                      const char *name, void *key)
{
    timer_make(timer, function, flags);
}

void kshim_timer_init2(struct timer_list *timer, void (*function)(struct timer_list *), unsigned int flags,
                       const char *name, void *key) KERNEL(timer_init_key);
void kshim_timer_init2(struct timer_list *timer, void (*function)(struct timer_list *), unsigned int flags,
                       const char *name, void *key)
{
    timer_make(timer, function, flags);
}

int kshim_mod_timer(struct timer_list *timer, unsigned long expires) KERNEL(mod_timer);
int kshim_mod_timer(struct timer_list *timer, unsigned long expires)
{
    bool was_pending = detach(timer);

    timer->expires = expires;
    attach(timer);
    return was_pending;
}

void kshim_add_timer(struct timer_list *timer) KERNEL(add_timer);
void kshim_add_timer(struct timer_list *timer)
{
    kshim_mod_timer(timer, timer->expires);
}

#define DELETES(name, symbol)                                                                                \
    int name(struct timer_list *timer) KERNEL(symbol);                                                       \
    int name(struct timer_list *timer)                                                                       \
    {                                                                                                        \
        return detach(timer);                                                                                \
    }
DELETES(kshim_timer_delete, timer_delete)
DELETES(kshim_timer_delete_sync, timer_delete_sync)
DELETES(kshim_timer_shutdown, timer_shutdown)
DELETES(kshim_timer_shutdown_sync, timer_shutdown_sync)
DELETES(kshim_del_timer, del_timer)
DELETES(kshim_del_timer_sync, del_timer_sync)
#undef DELETES

/* --- waiting */

void kshim_udelay(unsigned long microseconds) KERNEL(__udelay);
void kshim_udelay(unsigned long microseconds)
{
    kshim_pass(microseconds * NSEC_PER_USEC);
}

void kshim_ndelay(unsigned long nanoseconds) KERNEL(__ndelay);
void kshim_ndelay(unsigned long nanoseconds)
{
    kshim_pass(nanoseconds);
}

/* Constant delays come in units of 2^-32 seconds of a loop: 0x10c7 of them are a microsecond. */
void kshim_const_udelay(unsigned long loops) KERNEL(__const_udelay);
void kshim_const_udelay(unsigned long loops)
{
    kshim_pass(loops * 1000 / 0x10c7);
    kshim_maybe_switch();
}

struct sleeper {
    struct timer_list timer;
    struct kshim_thread *thread;
};

static void sleeper_wake(struct timer_list *timer)
{
    kshim_wake(container_of(timer, struct sleeper, timer)->thread);
}

/* Until woken, or until the time is over; the jiffies that are left. */
long kshim_schedule_timeout(long timeout) KERNEL(schedule_timeout);
long kshim_schedule_timeout(long timeout)
{
    struct sleeper sleeper = {.thread = kshim_thread};
    unsigned long end = jiffies + timeout;

    if (timeout == MAX_SCHEDULE_TIMEOUT) {
        schedule();
        return timeout;
    }
    timer_make(&sleeper.timer, sleeper_wake, 0);
    kshim_mod_timer(&sleeper.timer, end);
    schedule();
    detach(&sleeper.timer);
    timeout = end - jiffies;
    return timeout < 0 ? 0 : timeout;
}

long kshim_schedule_timeout_uninterruptible(long timeout) KERNEL(schedule_timeout_uninterruptible);
long kshim_schedule_timeout_uninterruptible(long timeout)
{
    WRITE_ONCE(kshim_current->__state, TASK_UNINTERRUPTIBLE);
    return kshim_schedule_timeout(timeout);
}

static void sleep_ns(u64 ns)
{
    might_sleep();
    kshim_schedule_timeout_uninterruptible(
        max_t(u64, 1, div_u64(ns + NSEC_PER_SEC / HZ - 1, NSEC_PER_SEC / HZ)));
}

void kshim_msleep(unsigned int milliseconds) KERNEL(msleep);
void kshim_msleep(unsigned int milliseconds)
{
    sleep_ns(milliseconds * (u64)NSEC_PER_MSEC);
}

void kshim_usleep(unsigned long least, unsigned long most, unsigned int state) KERNEL(usleep_range_state);
void kshim_usleep(unsigned long least, unsigned long most, unsigned int state)
{
    sleep_ns(least * NSEC_PER_USEC);
}

#define CLOCK(name, symbol)                                                                                  \
    u64 name(void) KERNEL(symbol);                                                                           \
    u64 name(void)                                                                                           \
    {                                                                                                        \
        return kshim_now();                                                                                  \
    }
CLOCK(kshim_ktime_get, ktime_get)
CLOCK(kshim_ktime_get_real, ktime_get_real_ns)
CLOCK(kshim_ktime_fast, ktime_get_mono_fast_ns)
CLOCK(kshim_ktime_raw, ktime_get_raw)
CLOCK(kshim_sched_clock, sched_clock)
CLOCK(kshim_local_clock, local_clock)
#undef CLOCK

u64 kshim_get_jiffies(void) KERNEL(get_jiffies_64);
u64 kshim_get_jiffies(void)
{
    return jiffies_64;
}

unsigned long kshim_msecs_to_jiffies(unsigned int milliseconds) KERNEL(__msecs_to_jiffies);
unsigned long kshim_msecs_to_jiffies(unsigned int milliseconds)
{
    return DIV_ROUND_UP(milliseconds * (u64)HZ, MSEC_PER_SEC);
}

unsigned long kshim_usecs_to_jiffies(unsigned int microseconds) KERNEL(__usecs_to_jiffies);
unsigned long kshim_usecs_to_jiffies(unsigned int microseconds)
{
    return DIV_ROUND_UP_ULL(microseconds * (u64)HZ, USEC_PER_SEC);
}

unsigned int kshim_jiffies_to_msecs(unsigned long count) KERNEL(jiffies_to_msecs);
unsigned int kshim_jiffies_to_msecs(unsigned long count)
{
    return count * (MSEC_PER_SEC / HZ);
}
