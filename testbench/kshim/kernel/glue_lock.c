// SPDX-License-Identifier: GPL-2.0-only
/*
 * Locks, and what can be done wrong with them: taken twice, given back by somebody else, taken both inside
 * and outside of interrupts without keeping them off, held at the end. In interleaving mode threads really
 * meet at them.
 *
 * Of the kernel's debugging fields `owner` names the thread, and `owner_cpu` keeps how the lock was used so
 * far, with the number of its class: the locks that one place initialises. What interrupts do with one of
 * them they may do with all.
 */
#include <linux/mutex.h>
#include <linux/rwsem.h>
#include <linux/spinlock.h>

#include "glue.h"

enum usage {
    USED_IN_INTERRUPT = 1,
    USED_INTERRUPTS_ON = 2,        /* outside, with interrupts on */
    USED_UNDER_INTERRUPT_LOCK = 4, /* while a lock was held that interrupts take as well */
    USED_TOLD = 8,
    USAGES = 16, /* above: the class, 0 for locks that nobody initialised at run time */
    CLASSES = 1024,
};

static const void *class_place[CLASSES];
static bool class_in_interrupt[CLASSES];

/* The class of locks that `place` initialises; 0 when there are too many. */
static unsigned int class_of(const void *place)
{
    unsigned int at;

    for (at = 1; at < CLASSES && class_place[at] && class_place[at] != place; at++)
        ;
    if (at == CLASSES)
        return 0;
    class_place[at] = place;
    return at;
}

static unsigned int usage_of(const raw_spinlock_t *lock)
{
    return ~lock->owner_cpu; /* -1 when the lock is made */
}

void kshim_hold(const void *lock)
{
    struct kshim_thread *self = kshim_thread;

    if (self->held_count < ARRAY_SIZE(self->held))
        self->held[self->held_count] = lock;
    self->held_count++;
}

void kshim_let_go(const void *lock)
{
    struct kshim_thread *self = kshim_thread;
    unsigned int at, end = min_t(unsigned int, self->held_count, ARRAY_SIZE(self->held));

    for (at = end; at--;) {
        if (self->held[at] != lock)
            continue;
        for (; at + 1 < end; at++)
            self->held[at] = self->held[at + 1];
        break;
    }
    if (self->held_count)
        self->held_count--;
}

int kshim_locks_held(void)
{
    return kshim_thread->held_count;
}

static bool held_in_interrupts_too(void)
{
    struct kshim_thread *self = kshim_thread;
    unsigned int at, end = min_t(unsigned int, self->held_count, ARRAY_SIZE(self->held));

    for (at = 0; at < end; at++) {
        const raw_spinlock_t *lock = self->held[at];

        if (lock->magic == SPINLOCK_MAGIC &&
            (usage_of(lock) & USED_IN_INTERRUPT || class_in_interrupt[usage_of(lock) / USAGES % CLASSES]))
            return true;
    }
    return false;
}

/* What an interrupt may take, directly or behind another lock, must never be taken with interrupts on. */
static void note_usage(raw_spinlock_t *lock, void *from)
{
    unsigned int usage = usage_of(lock);

    if (kshim_in_interrupt()) {
        usage |= USED_IN_INTERRUPT;
        class_in_interrupt[usage / USAGES % CLASSES] = usage >= USAGES;
    } else if (!irqs_disabled())
        usage |= USED_INTERRUPTS_ON;
    if (irqs_disabled() && held_in_interrupts_too())
        usage |= USED_UNDER_INTERRUPT_LOCK;
    if (usage & USED_INTERRUPTS_ON && usage & (USED_IN_INTERRUPT | USED_UNDER_INTERRUPT_LOCK) &&
        !(usage & USED_TOLD)) {
        kshim_trouble(KSHIM_LOCKS, "lock taken with interrupts on, although interrupts take it%s, at %pS",
                      usage & USED_IN_INTERRUPT ? "" : " behind another one", from);
        usage |= USED_TOLD;
    }
    lock->owner_cpu = ~usage;
}

static void spin_wait(raw_spinlock_t *lock, void *from)
{
    struct kshim_thread *self = kshim_thread;

    while (lock->owner != SPINLOCK_OWNER_INIT) {
        if (lock->owner == self)
            kshim_die(KSHIM_LOCKS, "a lock is taken by its holder again, at %pS%s", from,
                      kshim_in_interrupt() ? ", in an interrupt" : "");
        self->blocked_on = lock;
        self->runnable = false;
        kshim_wait("a spin lock");
    }
    self->blocked_on = NULL;
}

static void spin_take(raw_spinlock_t *lock, void *from)
{
    kshim_maybe_switch();
    if (lock->magic != SPINLOCK_MAGIC)
        kshim_die(KSHIM_LOCKS, "%px is no spin lock, at %pS", lock, from);
    if (lock->owner != SPINLOCK_OWNER_INIT)
        spin_wait(lock, from);
    note_usage(lock, from);
    lock->owner = kshim_thread;
    lock->raw_lock.slock = 0;
    kshim_hold(lock);
}

static void spin_give(raw_spinlock_t *lock, void *from)
{
    if (lock->owner != kshim_thread)
        kshim_trouble(KSHIM_LOCKS, "a lock is given back that is not held, at %pS", from);
    lock->owner = SPINLOCK_OWNER_INIT;
    lock->raw_lock.slock = 1;
    kshim_let_go(lock);
    if (kshim_ops->flags & KSHIM_INTERLEAVE)
        kshim_wake_blocked(lock);
}

#define FROM __builtin_return_address(0)

void kshim_spin_init(raw_spinlock_t *lock, const char *name, void *key, short inner)
    KERNEL(__raw_spin_lock_init);
void kshim_spin_init(raw_spinlock_t *lock, const char *name, void *key, short inner)
{
    lock->raw_lock = (arch_spinlock_t)__ARCH_SPIN_LOCK_UNLOCKED;
    lock->magic = SPINLOCK_MAGIC;
    lock->owner = SPINLOCK_OWNER_INIT;
    lock->owner_cpu = ~(class_of(__builtin_return_address(0)) * USAGES);
}

void kshim_spin_lock(raw_spinlock_t *lock) KERNEL(_raw_spin_lock);
void kshim_spin_lock(raw_spinlock_t *lock)
{
    preempt_disable();
    spin_take(lock, FROM);
}

void kshim_spin_unlock(raw_spinlock_t *lock) KERNEL(_raw_spin_unlock);
void kshim_spin_unlock(raw_spinlock_t *lock)
{
    spin_give(lock, FROM);
    preempt_enable();
    kshim_maybe_switch();
}

unsigned long kshim_spin_lock_irqsave(raw_spinlock_t *lock) KERNEL(_raw_spin_lock_irqsave);
unsigned long kshim_spin_lock_irqsave(raw_spinlock_t *lock)
{
    unsigned long flags;

    local_irq_save(flags);
    preempt_disable();
    spin_take(lock, FROM);
    return flags;
}

void kshim_spin_unlock_irqrestore(raw_spinlock_t *lock, unsigned long flags)
    KERNEL(_raw_spin_unlock_irqrestore);
void kshim_spin_unlock_irqrestore(raw_spinlock_t *lock, unsigned long flags)
{
    spin_give(lock, FROM);
    local_irq_restore(flags);
    preempt_enable();
    kshim_maybe_switch();
}

void kshim_spin_lock_irq(raw_spinlock_t *lock) KERNEL(_raw_spin_lock_irq);
void kshim_spin_lock_irq(raw_spinlock_t *lock)
{
    local_irq_disable();
    preempt_disable();
    spin_take(lock, FROM);
}

void kshim_spin_unlock_irq(raw_spinlock_t *lock) KERNEL(_raw_spin_unlock_irq);
void kshim_spin_unlock_irq(raw_spinlock_t *lock)
{
    spin_give(lock, FROM);
    local_irq_enable();
    preempt_enable();
    kshim_maybe_switch();
}

void kshim_spin_lock_bh(raw_spinlock_t *lock) KERNEL(_raw_spin_lock_bh);
void kshim_spin_lock_bh(raw_spinlock_t *lock)
{
    preempt_count_add(SOFTIRQ_LOCK_OFFSET);
    spin_take(lock, FROM);
}

void kshim_spin_unlock_bh(raw_spinlock_t *lock) KERNEL(_raw_spin_unlock_bh);
void kshim_spin_unlock_bh(raw_spinlock_t *lock)
{
    spin_give(lock, FROM);
    preempt_count_sub(SOFTIRQ_LOCK_OFFSET);
}

int kshim_spin_trylock(raw_spinlock_t *lock) KERNEL(_raw_spin_trylock);
int kshim_spin_trylock(raw_spinlock_t *lock)
{
    if (lock->owner != SPINLOCK_OWNER_INIT)
        return 0;
    preempt_disable();
    spin_take(lock, FROM);
    return 1;
}

/* --- readers and writers: `owner` is the writer or the number of readers */

void kshim_rwlock_init(rwlock_t *lock, const char *name, void *key) KERNEL(__rwlock_init);
void kshim_rwlock_init(rwlock_t *lock, const char *name, void *key)
{
    lock->magic = RWLOCK_MAGIC;
    lock->owner = SPINLOCK_OWNER_INIT;
    lock->owner_cpu = 0; /* readers */
}

static void rw_take(rwlock_t *lock, bool write)
{
    struct kshim_thread *self = kshim_thread;

    kshim_maybe_switch();
    preempt_disable();
    if ((int)lock->owner_cpu < 0)
        lock->owner_cpu = 0;
    while (lock->owner != SPINLOCK_OWNER_INIT || (write && lock->owner_cpu)) {
        if (lock->owner == self)
            kshim_die(KSHIM_LOCKS, "a reader-writer lock is taken by its writer again");
        self->blocked_on = lock;
        self->runnable = false;
        kshim_wait("a reader-writer lock");
    }
    self->blocked_on = NULL;
    if (write)
        lock->owner = self;
    else
        lock->owner_cpu++;
    kshim_hold(lock);
}

static void rw_give(rwlock_t *lock, bool write)
{
    if (write ? lock->owner != kshim_thread : !lock->owner_cpu)
        kshim_trouble(KSHIM_LOCKS, "a reader-writer lock is given back that is not held");
    else if (write)
        lock->owner = SPINLOCK_OWNER_INIT;
    else
        lock->owner_cpu--;
    kshim_let_go(lock);
    kshim_wake_blocked(lock);
    preempt_enable();
}

#define RW(name, write)                                                                                      \
    void kshim_##name##_lock(rwlock_t *lock) KERNEL(_raw_##name##_lock);                                     \
    void kshim_##name##_lock(rwlock_t *lock)                                                                 \
    {                                                                                                        \
        rw_take(lock, write);                                                                                \
    }                                                                                                        \
    void kshim_##name##_unlock(rwlock_t *lock) KERNEL(_raw_##name##_unlock);                                 \
    void kshim_##name##_unlock(rwlock_t *lock)                                                               \
    {                                                                                                        \
        rw_give(lock, write);                                                                                \
    }                                                                                                        \
    unsigned long kshim_##name##_lock_irqsave(rwlock_t *lock) KERNEL(_raw_##name##_lock_irqsave);            \
    unsigned long kshim_##name##_lock_irqsave(rwlock_t *lock)                                                \
    {                                                                                                        \
        unsigned long flags;                                                                                 \
                                                                                                             \
        local_irq_save(flags);                                                                               \
        rw_take(lock, write);                                                                                \
        return flags;                                                                                        \
    }                                                                                                        \
    void kshim_##name##_unlock_irqrestore(rwlock_t *lock, unsigned long flags)                               \
        KERNEL(_raw_##name##_unlock_irqrestore);                                                             \
    void kshim_##name##_unlock_irqrestore(rwlock_t *lock, unsigned long flags)                               \
    {                                                                                                        \
        rw_give(lock, write);                                                                                \
        local_irq_restore(flags);                                                                            \
    }
RW(read, false)
RW(write, true)
