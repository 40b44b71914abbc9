// SPDX-License-Identifier: GPL-2.0-only
/* Wait queues and completions. */
#include <linux/completion.h>
#include <linux/wait.h>

#include "glue.h"

void kshim_init_waitqueue(struct wait_queue_head *head, const char *name, void *key)
    KERNEL(__init_waitqueue_head);
void kshim_init_waitqueue(struct wait_queue_head *head, const char *name, void *key)
{
    spin_lock_init(&head->lock);
    INIT_LIST_HEAD(&head->head);
}

int kshim_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
    KERNEL(default_wake_function);
int kshim_wake_function(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
    kshim_wake(kshim_thread_of(entry->private));
    return 1;
}

int kshim_autoremove(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
    KERNEL(autoremove_wake_function);
int kshim_autoremove(struct wait_queue_entry *entry, unsigned int mode, int flags, void *key)
{
    kshim_wake(kshim_thread_of(entry->private));
    list_del_init(&entry->entry);
    return 1;
}

void kshim_init_wait_entry(struct wait_queue_entry *entry, int flags) KERNEL(init_wait_entry);
void kshim_init_wait_entry(struct wait_queue_entry *entry, int flags)
{
    entry->flags = flags;
    entry->private = kshim_current;
    entry->func = kshim_autoremove;
    INIT_LIST_HEAD(&entry->entry);
}

static void enqueue(struct wait_queue_head *head, struct wait_queue_entry *entry, int state)
{
    if (list_empty(&entry->entry))
        list_add_tail(&entry->entry, &head->head);
    WRITE_ONCE(kshim_current->__state, state);
}

long kshim_prepare_event(struct wait_queue_head *head, struct wait_queue_entry *entry, int state)
    KERNEL(prepare_to_wait_event);
long kshim_prepare_event(struct wait_queue_head *head, struct wait_queue_entry *entry, int state)
{
    enqueue(head, entry, state);
    return 0;
}

void kshim_prepare(struct wait_queue_head *head, struct wait_queue_entry *entry, int state)
    KERNEL(prepare_to_wait);
void kshim_prepare(struct wait_queue_head *head, struct wait_queue_entry *entry, int state)
{
    enqueue(head, entry, state);
}

void kshim_finish_wait(struct wait_queue_head *head, struct wait_queue_entry *entry) KERNEL(finish_wait);
void kshim_finish_wait(struct wait_queue_head *head, struct wait_queue_entry *entry)
{
    WRITE_ONCE(kshim_current->__state, TASK_RUNNING);
    list_del_init(&entry->entry);
}

void kshim_add_wait(struct wait_queue_head *head, struct wait_queue_entry *entry) KERNEL(add_wait_queue);
void kshim_add_wait(struct wait_queue_head *head, struct wait_queue_entry *entry)
{
    list_add_tail(&entry->entry, &head->head);
}

void kshim_remove_wait(struct wait_queue_head *head, struct wait_queue_entry *entry)
    KERNEL(remove_wait_queue);
void kshim_remove_wait(struct wait_queue_head *head, struct wait_queue_entry *entry)
{
    list_del(&entry->entry);
}

int kshim_wake_up(struct wait_queue_head *head, unsigned int mode, int count, void *key) KERNEL(__wake_up);
int kshim_wake_up(struct wait_queue_head *head, unsigned int mode, int count, void *key)
{
    struct wait_queue_entry *entry, *next;

    list_for_each_entry_safe(entry, next, &head->head, entry) entry->func(entry, mode, 0, key);
    return 0;
}

int kshim_wake_up_locked(struct wait_queue_head *head, unsigned int mode, int count) KERNEL(__wake_up_locked);
int kshim_wake_up_locked(struct wait_queue_head *head, unsigned int mode, int count)
{
    return kshim_wake_up(head, mode, count, NULL);
}

void kshim_init_swait(struct swait_queue_head *head, const char *name, void *key)
    KERNEL(__init_swait_queue_head);
void kshim_init_swait(struct swait_queue_head *head, const char *name, void *key)
{
    raw_spin_lock_init(&head->lock);
    INIT_LIST_HEAD(&head->task_list);
}

/* --- completions: a counter; whoever waits looks at it again when it is woken */

void kshim_complete(struct completion *done) KERNEL(complete);
void kshim_complete(struct completion *done)
{
    if (done->done != UINT_MAX)
        done->done++;
    kshim_wake_blocked(done);
}

void kshim_complete_all(struct completion *done) KERNEL(complete_all);
void kshim_complete_all(struct completion *done)
{
    done->done = UINT_MAX;
    kshim_wake_blocked(done);
}

void kshim_wait_completion(struct completion *done) KERNEL(wait_for_completion);
void kshim_wait_completion(struct completion *done)
{
    struct kshim_thread *self = kshim_thread;

    while (!done->done) {
        self->blocked_on = done;
        self->runnable = false;
        kshim_wait("a completion");
    }
    self->blocked_on = NULL;
    if (done->done != UINT_MAX)
        done->done--;
}

int kshim_wait_completion_killable(struct completion *done) KERNEL(wait_for_completion_killable);
int kshim_wait_completion_killable(struct completion *done)
{
    kshim_wait_completion(done);
    return 0;
}

int kshim_wait_completion_interruptible(struct completion *done) KERNEL(wait_for_completion_interruptible);
int kshim_wait_completion_interruptible(struct completion *done)
{
    kshim_wait_completion(done);
    return 0;
}

bool kshim_try_wait_completion(struct completion *done) KERNEL(try_wait_for_completion);
bool kshim_try_wait_completion(struct completion *done)
{
    if (!done->done)
        return false;
    if (done->done != UINT_MAX)
        done->done--;
    return true;
}
