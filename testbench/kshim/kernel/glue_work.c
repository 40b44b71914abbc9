// SPDX-License-Identifier: GPL-2.0-only
/* Work queues: kernel threads take what waits; of one queue no more at a time than it allows. */
#include <linux/interrupt.h>
#include <linux/timer.h>
#include <linux/workqueue.h>

#include "glue.h"

enum { NAME = 32, MOST_AT_ONCE = 64 };

struct workqueue_struct {
    struct list_head pending;
    unsigned int at_once, active;
    char name[NAME];
};

struct worker {
    struct list_head idle; /* in idle_workers while it has nothing to do */
    struct kshim_thread *thread;
    struct workqueue_struct *queue; /* what it takes from next */
    struct work_struct *current_work;
    struct list_head all;
};

static LIST_HEAD(idle_workers);
static LIST_HEAD(all_workers);
static unsigned int pending_works;

#define SYSTEM_QUEUE(name)                                                                                   \
    static struct workqueue_struct queue_of_##name = {LIST_HEAD_INIT(queue_of_##name.pending), MOST_AT_ONCE, \
                                                      0, #name};                                             \
    struct workqueue_struct *name = &queue_of_##name
SYSTEM_QUEUE(system_wq);
SYSTEM_QUEUE(system_highpri_wq);
SYSTEM_QUEUE(system_long_wq);
SYSTEM_QUEUE(system_unbound_wq);
SYSTEM_QUEUE(system_freezable_wq);
SYSTEM_QUEUE(system_power_efficient_wq);
struct workqueue_struct *kshim_system_percpu KERNEL(system_percpu_wq) = &queue_of_system_wq;
struct workqueue_struct *kshim_system_dfl KERNEL(system_dfl_wq) = &queue_of_system_unbound_wq;

static void do_one(struct worker *worker)
{
    struct workqueue_struct *queue = worker->queue;
    struct work_struct *work = list_first_entry(&queue->pending, struct work_struct, entry);

    list_del_init(&work->entry);
    pending_works--;
    clear_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(work));
    worker->current_work = work;
    work->func(work);
    worker->current_work = NULL;
    kshim_wake_blocked(work);
}

static int worker_main(void *data)
{
    struct worker *worker = data;

    for (;;) {
        while (!list_empty(&worker->queue->pending))
            do_one(worker);
        worker->queue->active--;
        kshim_wake_blocked(worker->queue);
        list_add(&worker->idle, &idle_workers);
        kshim_thread->runnable = false;
        kshim_wait(NULL);
    }
    return 0;
}

static struct worker *worker_new(void)
{
    struct worker *worker = kshim_take(sizeof(*worker), __GFP_ZERO);

    if (!worker)
        return NULL;
    worker->thread = kshim_thread_new(worker_main, worker, "kworker");
    list_add_tail(&worker->all, &all_workers);
    return worker;
}

/* A worker for a queue that may have one more. */
static void dispatch(struct workqueue_struct *queue)
{
    struct worker *worker;

    if (queue->active >= queue->at_once)
        return;
    worker = list_first_entry_or_null(&idle_workers, struct worker, idle);
    if (worker)
        list_del(&worker->idle);
    else
        worker = worker_new();
    if (!worker)
        return;
    worker->queue = queue;
    queue->active++;
    kshim_thread_start(worker->thread);
}

static bool enqueue(struct workqueue_struct *queue, struct work_struct *work)
{
    if (test_and_set_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(work)))
        return false;
    list_add_tail(&work->entry, &queue->pending);
    pending_works++;
    dispatch(queue);
    return true;
}

unsigned int kshim_works_count(void)
{
    return pending_works;
}

static struct workqueue_struct *queue_new(const char *format, unsigned int at_once, va_list arguments)
{
    struct workqueue_struct *queue = kshim_take(sizeof(*queue), __GFP_ZERO);

    if (!queue)
        return NULL;
    INIT_LIST_HEAD(&queue->pending);
    queue->at_once = at_once ? min_t(unsigned int, at_once, MOST_AT_ONCE) : MOST_AT_ONCE;
    vsnprintf(queue->name, sizeof(queue->name), format, arguments);
    return queue;
}

#define ALLOCATES(name, symbol)                                                                              \
    struct workqueue_struct *name(const char *format, unsigned int flags, int at_once, ...) KERNEL(symbol);  \
    struct workqueue_struct *name(const char *format, unsigned int flags, int at_once, ...)                  \
    {                                                                                                        \
        struct workqueue_struct *queue;                                                                      \
        va_list arguments;                                                                                   \
                                                                                                             \
        va_start(arguments, at_once);                                                                        \
        queue = queue_new(format, at_once, arguments);                                                       \
        va_end(arguments);                                                                                   \
        return queue;                                                                                        \
    }
ALLOCATES(kshim_alloc_workqueue, alloc_workqueue)
ALLOCATES(kshim_alloc_workqueue_profiled, alloc_workqueue_noprof)
#undef ALLOCATES

bool kshim_queue_work(int cpu, struct workqueue_struct *queue, struct work_struct *work)
    KERNEL(queue_work_on);
bool kshim_queue_work(int cpu, struct workqueue_struct *queue, struct work_struct *work)
{
    return enqueue(queue, work);
}

void kshim_flush_queue(struct workqueue_struct *queue) KERNEL(__flush_workqueue);
void kshim_flush_queue(struct workqueue_struct *queue)
{
    while (queue->active || !list_empty(&queue->pending)) {
        kshim_thread->blocked_on = queue;
        kshim_thread->runnable = false;
        kshim_wait("a work queue");
    }
    kshim_thread->blocked_on = NULL;
}

void kshim_destroy_queue(struct workqueue_struct *queue) KERNEL(destroy_workqueue);
void kshim_destroy_queue(struct workqueue_struct *queue)
{
    kshim_flush_queue(queue);
    kshim_give(queue);
}

static bool is_running(struct work_struct *work)
{
    struct worker *worker;

    list_for_each_entry(worker, &all_workers,
                        all) if (worker->current_work == work && worker->thread != kshim_thread) return true;
    return false;
}

static bool is_queued(struct work_struct *work)
{
    return test_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(work)) && !list_empty(&work->entry);
}

static bool wait_for(struct work_struct *work)
{
    bool waited = false;

    while (is_queued(work) || is_running(work)) {
        kshim_thread->blocked_on = work;
        kshim_thread->runnable = false;
        kshim_wait("a work item");
        waited = true;
    }
    kshim_thread->blocked_on = NULL;
    return waited;
}

bool kshim_flush_work(struct work_struct *work) KERNEL(flush_work);
bool kshim_flush_work(struct work_struct *work)
{
    return wait_for(work);
}

static bool take_back(struct work_struct *work)
{
    bool queued = is_queued(work);

    if (queued) {
        list_del_init(&work->entry);
        pending_works--;
        clear_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(work));
    }
    return queued;
}

bool kshim_cancel_work(struct work_struct *work) KERNEL(cancel_work);
bool kshim_cancel_work(struct work_struct *work)
{
    return take_back(work);
}

bool kshim_cancel_work_sync(struct work_struct *work) KERNEL(cancel_work_sync);
bool kshim_cancel_work_sync(struct work_struct *work)
{
    bool queued = take_back(work);

    wait_for(work);
    return queued;
}

/* --- work that waits for its time */

void kshim_delayed_work(struct timer_list *timer) KERNEL(delayed_work_timer_fn);
void kshim_delayed_work(struct timer_list *timer)
{
    struct delayed_work *delayed = container_of(timer, struct delayed_work, timer);

    clear_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(&delayed->work));
    enqueue(delayed->wq, &delayed->work);
}

static void start_delayed(struct workqueue_struct *queue, struct delayed_work *delayed, unsigned long delay)
{
    delayed->wq = queue;
    if (!delay) {
        enqueue(queue, &delayed->work);
        return;
    }
    set_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(&delayed->work));
    mod_timer(&delayed->timer, jiffies + delay);
}

bool kshim_queue_delayed(int cpu, struct workqueue_struct *queue, struct delayed_work *delayed,
                         unsigned long delay) KERNEL(queue_delayed_work_on);
bool kshim_queue_delayed(int cpu, struct workqueue_struct *queue, struct delayed_work *delayed,
                         unsigned long delay)
{
    if (test_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(&delayed->work)))
        return false;
    start_delayed(queue, delayed, delay);
    return true;
}

bool kshim_mod_delayed(int cpu, struct workqueue_struct *queue, struct delayed_work *delayed,
                       unsigned long delay) KERNEL(mod_delayed_work_on);
bool kshim_mod_delayed(int cpu, struct workqueue_struct *queue, struct delayed_work *delayed,
                       unsigned long delay)
{
    bool was_pending = timer_pending(&delayed->timer) || is_queued(&delayed->work);

    timer_delete(&delayed->timer);
    take_back(&delayed->work);
    clear_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(&delayed->work));
    start_delayed(queue, delayed, delay);
    return was_pending;
}

bool kshim_cancel_delayed(struct delayed_work *delayed) KERNEL(cancel_delayed_work_sync);
bool kshim_cancel_delayed(struct delayed_work *delayed)
{
    bool was_pending = timer_delete(&delayed->timer) || take_back(&delayed->work);

    clear_bit(WORK_STRUCT_PENDING_BIT, work_data_bits(&delayed->work));
    wait_for(&delayed->work);
    return was_pending;
}

/* --- soft interrupts that drivers schedule; run where timers run */

void kshim_tasklet(struct tasklet_struct *tasklet) KERNEL(__tasklet_schedule);
void kshim_tasklet(struct tasklet_struct *tasklet)
{
    clear_bit(TASKLET_STATE_SCHED, &tasklet->state);
    tasklet->callback(tasklet);
}

/* --- functions that a kernel would run beside: here and now */

u64 kshim_async(void (*function)(void *, u64), void *data, int node) KERNEL(async_schedule_node);
u64 kshim_async(void (*function)(void *, u64), void *data, int node)
{
    function(data, 0);
    return 0;
}

void kshim_async_sync(void) KERNEL(async_synchronize_full);
void kshim_async_sync(void)
{
}

int kshim_call_single(int cpu, void (*function)(void *), void *data, int wait)
    KERNEL(smp_call_function_single);
int kshim_call_single(int cpu, void (*function)(void *), void *data, int wait)
{
    function(data);
    return 0;
}
