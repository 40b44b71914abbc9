// SPDX-License-Identifier: GPL-2.0-only
/*
 * RCU: a reader is whoever has preemption off. Callbacks run when a scheduling point finds nobody reading, so
 * what a reader still holds is really there, and what nobody frees in time shows.
 */
#include <linux/rcupdate.h>
#include <linux/srcu.h>

#include "glue.h"

static struct rcu_head *first, **last = &first;

static void add(struct rcu_head *head, rcu_callback_t function)
{
    head->next = NULL;
    head->func = function;
    *last = head;
    last = &head->next;
}

/* kfree_rcu() names an object by the offset of its head (before 6.4), or by a pointer. */
static void run_one(struct rcu_head *head)
{
    unsigned long offset = (unsigned long)head->func;

    if (offset < 4096)
        kshim_give((void *)head - offset);
    else
        head->func(head);
}

bool kshim_rcu_run(void)
{
    struct rcu_head *head = first;

    if (!head || kshim_rcu_readers())
        return false;
    first = NULL;
    last = &first;
    while (head) {
        struct rcu_head *next = head->next;

        run_one(head);
        head = next;
    }
    return true;
}

void kshim_call_rcu(struct rcu_head *head, rcu_callback_t function) KERNEL(call_rcu);
void kshim_call_rcu(struct rcu_head *head, rcu_callback_t function)
{
    add(head, function);
}

#if BEFORE(6, 4)
void kshim_kvfree_rcu(struct rcu_head *head, rcu_callback_t offset) KERNEL(kvfree_call_rcu);
void kshim_kvfree_rcu(struct rcu_head *head, rcu_callback_t offset)
{
    add(head, offset);
}
#else
void kshim_kvfree_rcu(struct rcu_head *head, void *object) KERNEL(kvfree_call_rcu);
void kshim_kvfree_rcu(struct rcu_head *head, void *object)
{
    if (head)
        add(head, (rcu_callback_t)((void *)head - object));
    else
        kshim_give(object);
}
#endif

static void wait_for_readers(void)
{
    struct kshim_thread *self = kshim_thread;

    might_sleep();
    while (kshim_rcu_readers()) {
        self->runnable = true;
        kshim_wait("readers of RCU");
    }
    kshim_rcu_run();
}

void kshim_synchronize_rcu(void) KERNEL(synchronize_rcu);
void kshim_synchronize_rcu(void)
{
    wait_for_readers();
}

void kshim_synchronize_rcu_fast(void) KERNEL(synchronize_rcu_expedited);
void kshim_synchronize_rcu_fast(void)
{
    wait_for_readers();
}

void kshim_rcu_barrier(void) KERNEL(rcu_barrier);
void kshim_rcu_barrier(void)
{
    wait_for_readers();
}

/* --- SRCU: readers may sleep, so they are counted, in the structure as tiny SRCU lays it out. Callbacks wait
 * there for the last reader, and then with those of RCU for a scheduling point. */

int kshim_srcu_init(struct srcu_struct *domain) KERNEL(init_srcu_struct);
int kshim_srcu_init(struct srcu_struct *domain)
{
    memset(domain, 0, sizeof(*domain));
    domain->srcu_cb_tail = &domain->srcu_cb_head;
    return 0;
}

int kshim_srcu_init2(struct srcu_struct *domain) KERNEL(init_srcu_struct_generic);
int kshim_srcu_init2(struct srcu_struct *domain)
{
    return kshim_srcu_init(domain);
}

void kshim_srcu_cleanup(struct srcu_struct *domain) KERNEL(cleanup_srcu_struct);
void kshim_srcu_cleanup(struct srcu_struct *domain)
{
}

static bool has_readers(const struct srcu_struct *domain)
{
    return domain->srcu_lock_nesting[0] || domain->srcu_lock_nesting[1];
}

static void let_callbacks_go(struct srcu_struct *domain)
{
    struct rcu_head *head = domain->srcu_cb_head, *next;

    domain->srcu_cb_head = NULL;
    domain->srcu_cb_tail = &domain->srcu_cb_head;
    for (; head; head = next) {
        next = head->next;
        add(head, head->func);
    }
}

void kshim_srcu_unlock(struct srcu_struct *domain, int index) KERNEL(__srcu_read_unlock);
void kshim_srcu_unlock(struct srcu_struct *domain, int index)
{
    domain->srcu_lock_nesting[index]--;
    if (!has_readers(domain))
        let_callbacks_go(domain);
}

void kshim_synchronize_srcu(struct srcu_struct *domain) KERNEL(synchronize_srcu);
void kshim_synchronize_srcu(struct srcu_struct *domain)
{
    while (has_readers(domain)) {
        kshim_thread->runnable = true;
        kshim_wait("readers of SRCU");
    }
}

void kshim_call_srcu(struct srcu_struct *domain, struct rcu_head *head, rcu_callback_t function)
    KERNEL(call_srcu);
void kshim_call_srcu(struct srcu_struct *domain, struct rcu_head *head, rcu_callback_t function)
{
    head->next = NULL;
    head->func = function;
    *domain->srcu_cb_tail = head;
    domain->srcu_cb_tail = &head->next;
    if (!has_readers(domain))
        let_callbacks_go(domain);
}
