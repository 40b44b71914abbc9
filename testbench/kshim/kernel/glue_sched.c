// SPDX-License-Identifier: GPL-2.0-only
/*
 * The scheduler: kernel threads are coroutines, and so is whoever calls the instance. A thread runs until it
 * waits. In interleaving mode it may also be stopped at a lock or a register access, as if each thread had a
 * processor of its own; interrupt flag and preemption count belong to the thread.
 */
#include <linux/cred.h>
#include <linux/kthread.h>
#include <linux/preempt.h>
#include <linux/sched/mm.h>
#include <linux/sched/task.h>
#include <linux/sched/user.h>
#include <linux/slab.h>

#include "glue.h"

/* How long everything may wait for the machine without a timer of the kernel's, and in what steps. */
#define PATIENCE_NS      (2000ull * NSEC_PER_MSEC)
#define PATIENCE_STEP_NS (100ull * NSEC_PER_USEC)

#if SINCE(6, 2) && BEFORE(6, 15)
DEFINE_PER_CPU_ALIGNED(struct pcpu_hot, pcpu_hot) = {.preempt_count = PREEMPT_ENABLED};
#else
DEFINE_PER_CPU(struct task_struct *, current_task);
DEFINE_PER_CPU(typeof(__preempt_count), __preempt_count) = PREEMPT_ENABLED;
#endif

struct task_struct *kshim_current;
unsigned long kshim_flags = KSHIM_IF;
struct kshim_thread *kshim_thread;

static struct kshim_thread caller; /* of the instance */
static LIST_HEAD(threads);
static u64 random_state;

/* splitmix64: every choice follows from the seed. */
u64 kshim_random(void)
{
    u64 mix = random_state += 0x9e3779b97f4a7c15ull;

    mix = (mix ^ mix >> 30) * 0xbf58476d1ce4e5b9ull;
    mix = (mix ^ mix >> 27) * 0x94d049bb133111ebull;
    return mix ^ mix >> 31;
}

void kshim_threads_start(void)
{
    static struct mm_struct memory;
    static struct user_struct user;
    static struct cred credentials;
    struct task_struct *task = &caller.task;

    random_state = kshim_ops->seed;
    credentials.user = &user;
    refcount_set(&user.__count, 1);
    atomic_set(&memory.mm_count, 1);
    atomic_set(&memory.mm_users, 1);
    task->cred = task->real_cred = &credentials;
    task->mm = &memory;
    task->group_leader = task;
    refcount_set(&task->usage, 2);
    strscpy(task->comm, "caller", sizeof(task->comm));
    caller.runnable = caller.started = true;
    preempt_count_set(0);
    list_add_tail(&caller.list, &threads);
    kshim_thread = &caller;
    kshim_current = task;
}

static void thread_main(void *data)
{
    struct kshim_thread *self = data;

    self->result = self->function(self->data);
    self->dead = true;
    self->runnable = false;
    for (;;)
        kshim_wait("its end");
}

struct kshim_thread *kshim_thread_new(int (*function)(void *), void *data, const char *name)
{
    struct kshim_thread *thread = kshim_take(sizeof(*thread), __GFP_ZERO);

    if (!thread)
        return NULL;
    thread->function = function;
    thread->data = data;
    thread->flags = KSHIM_IF;
    strscpy(thread->task.comm, name, sizeof(thread->task.comm));
    thread->task.cred = thread->task.real_cred = caller.task.cred;
    thread->task.group_leader = &thread->task;
    thread->task.flags = PF_KTHREAD;
    refcount_set(&thread->task.usage, 2);
    thread->coroutine = kshim_ops->coroutine_new(kshim_ops->context, thread_main, thread);
    list_add_tail(&thread->list, &threads);
    return thread;
}

struct kshim_thread *kshim_thread_of(struct task_struct *task)
{
    return container_of(task, struct kshim_thread, task);
}

void kshim_wake(struct kshim_thread *thread)
{
    WRITE_ONCE(thread->task.__state, TASK_RUNNING);
    thread->runnable = !thread->dead;
}

void kshim_thread_start(struct kshim_thread *thread)
{
    thread->started = true;
    kshim_wake(thread);
}

void kshim_wake_blocked(const void *lock)
{
    struct kshim_thread *thread;

    list_for_each_entry(thread, &threads, list) if (thread->blocked_on == lock) thread->runnable = true;
}

unsigned int kshim_threads_alive(void)
{
    struct kshim_thread *thread;
    unsigned int count = 0;

    list_for_each_entry(thread, &threads, list) count += thread != &caller && !thread->dead;
    return count;
}

/* Whether some thread, this one or one that was stopped, is reading under RCU. */
bool kshim_rcu_readers(void)
{
    struct kshim_thread *thread;

    if (preempt_count())
        return true;
    list_for_each_entry(thread, &threads,
                        list) if (thread != kshim_thread && thread->preempt_count) return true;
    return false;
}

static void switch_to(struct kshim_thread *thread)
{
    struct kshim_thread *self = kshim_thread;

    if (thread == self)
        return;
    self->flags = kshim_flags;
    self->preempt_count = preempt_count();
    kshim_thread = thread;
    kshim_current = &thread->task;
    kshim_flags = thread->flags;
    preempt_count_set(thread->preempt_count);
    kshim_ops->coroutine_switch(kshim_ops->context, thread->coroutine);
}

/* The next runnable one after `from`, in a circle; in interleaving mode any. */
static struct kshim_thread *pick(struct kshim_thread *from, bool with_caller)
{
    struct kshim_thread *thread, *found = NULL;
    unsigned int count = 0;

    list_for_each_entry(thread, &from->list, list)
    {
        if (&thread->list == &threads || !thread->runnable || (thread == &caller && !with_caller))
            continue;
        if (!(kshim_ops->flags & KSHIM_INTERLEAVE))
            return thread;
        if (kshim_random() % ++count == 0)
            found = thread;
    }
    if (found)
        return found;
    return from->runnable && (from != &caller || with_caller) ? from : NULL;
}

static void __noreturn report_stuck(void)
{
    struct kshim_thread *thread;

    list_for_each_entry(thread, &threads, list) if (!thread->dead && thread->waits_for)
        kshim_trouble(KSHIM_STUCK, "%s waits for %s", thread->task.comm, thread->waits_for);
    kshim_die(KSHIM_STUCK, "everything waits, and nothing is left that could wake anybody");
}

/* Nobody can run: callbacks first, then the next timer, then the machine. */
static void idle(void)
{
    u64 waited = 0;

    while (!pick(kshim_thread, true)) {
        u64 next = kshim_timer_next(), now = kshim_now();

        if (kshim_rcu_run())
            continue;
        if (next == ~0ull && waited >= PATIENCE_NS)
            report_stuck();
        next = min(next == ~0ull ? PATIENCE_STEP_NS : next > now ? next - now : 0, PATIENCE_STEP_NS);
        waited += next;
        kshim_pass(next);
        local_irq_enable();
    }
}

void kshim_wait(const char *what)
{
    struct kshim_thread *self = kshim_thread;

    self->waits_for = what;
    idle();
    switch_to(pick(self, true));
    self->waits_for = NULL;
}

void kshim_maybe_switch(void)
{
    struct kshim_thread *other;

    if (!(kshim_ops->flags & KSHIM_INTERLEAVE) || kshim_in_interrupt() || kshim_random() % 4)
        return;
    other = pick(kshim_thread, true);
    if (other)
        switch_to(other);
}

static void bury(void)
{
    struct kshim_thread *thread, *next;

    list_for_each_entry_safe(thread, next, &threads, list)
    {
        if (!thread->dead || refcount_read(&thread->task.usage) > 1)
            continue;
        list_del(&thread->list);
        kshim_ops->coroutine_free(kshim_ops->context, thread->coroutine);
        kshim_give(thread);
    }
}

void kshim_run_all(void)
{
    struct kshim_thread *thread;

    if (kshim_thread != &caller)
        return; /* called back from inside: whoever called first goes on */
    do {
        kshim_time_update();
        while ((thread = pick(&caller, false)) != NULL)
            switch_to(thread);
    } while (kshim_rcu_run() || pick(&caller, false));
    bury();
}

static void check_may_sleep(const char *where, int line)
{
    static bool told;

    if (!irqs_disabled() && !preempt_count())
        return;
    if (!told)
        kshim_trouble(KSHIM_SLEEP,
                      "%s:%d may sleep with interrupts %s, preemption count %#x, holding %u locks", where,
                      line, irqs_disabled() ? "off" : "on", preempt_count(), kshim_thread->held_count);
    told = true; /* once: the same place would fill the log */
}

void kshim_might_sleep(const char *file, int line) KERNEL(__might_sleep);
void kshim_might_sleep(const char *file, int line)
{
    check_may_sleep(file, line);
}

void kshim_might_resched(const char *file, int line, unsigned int offsets) KERNEL(__might_resched);
void kshim_might_resched(const char *file, int line, unsigned int offsets)
{
    check_may_sleep(file, line);
}

void kshim_schedule(void) KERNEL(schedule);
void kshim_schedule(void)
{
    check_may_sleep("schedule", 0);
    kshim_thread->runnable = READ_ONCE(kshim_current->__state) == TASK_RUNNING;
    kshim_wait("a wake-up");
    WRITE_ONCE(kshim_current->__state, TASK_RUNNING);
}

int kshim_cond_resched(void) KERNEL(__cond_resched);
int kshim_cond_resched(void)
{
    kshim_maybe_switch();
    return 0;
}

int kshim_wake_up_process(struct task_struct *task) KERNEL(wake_up_process);
int kshim_wake_up_process(struct task_struct *task)
{
    struct kshim_thread *thread = kshim_thread_of(task);

    if (thread->started)
        kshim_wake(thread);
    else
        kshim_thread_start(thread);
    return 1;
}

int kshim_wake_up_state(struct task_struct *task, unsigned int state) KERNEL(wake_up_state);
int kshim_wake_up_state(struct task_struct *task, unsigned int state)
{
    return kshim_wake_up_process(task);
}

struct task_struct *kshim_kthread_create(int (*function)(void *), void *data, int node, const char *format,
                                         ...) KERNEL(kthread_create_on_node);
struct task_struct *kshim_kthread_create(int (*function)(void *), void *data, int node, const char *format,
                                         ...)
{
    char name[TASK_COMM_LEN];
    struct kshim_thread *thread;
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(name, sizeof(name), format, arguments);
    va_end(arguments);
    thread = kshim_thread_new(function, data, name);
    return thread ? &thread->task : ERR_PTR(-ENOMEM);
}

bool kshim_kthread_should_stop(void) KERNEL(kthread_should_stop);
bool kshim_kthread_should_stop(void)
{
    return kshim_thread->stop;
}

void *kshim_kthread_data(struct task_struct *task) KERNEL(kthread_data);
void *kshim_kthread_data(struct task_struct *task)
{
    return kshim_thread_of(task)->data;
}

static int stop(struct task_struct *task, bool put)
{
    struct kshim_thread *thread = kshim_thread_of(task);

    thread->stop = true;
    if (thread->started)
        kshim_wake(thread);
    else
        thread->dead = true;
    while (!thread->dead) {
        kshim_thread->runnable = true;
        kshim_wait("a thread that was told to stop");
    }
    refcount_dec(&task->usage); /* the thread's own */
    if (put)
        put_task_struct(task);
    return thread->result;
}

int kshim_kthread_stop(struct task_struct *task) KERNEL(kthread_stop);
int kshim_kthread_stop(struct task_struct *task)
{
    return stop(task, false);
}

int kshim_kthread_stop_put(struct task_struct *task) KERNEL(kthread_stop_put);
int kshim_kthread_stop_put(struct task_struct *task)
{
    return stop(task, true);
}

/* A thread is buried by bury(), which still looks at its count. */
void kshim_put_task(struct task_struct *task) KERNEL(__put_task_struct);
void kshim_put_task(struct task_struct *task)
{
}
