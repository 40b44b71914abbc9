// SPDX-License-Identifier: GPL-2.0-only
/* Locks that sleep. A mutex keeps its owner, a semaphore for readers and writers its count (-1: a writer). */
#include <linux/mutex.h>
#include <linux/rwsem.h>

#include "glue.h"

#define FROM __builtin_return_address(0)

static void block(const void *lock, const char *what)
{
    kshim_thread->blocked_on = lock;
    kshim_thread->runnable = false;
    kshim_wait(what);
    kshim_thread->blocked_on = NULL;
}

void kshim_mutex_init(struct mutex *lock, const char *name, void *key) KERNEL(__mutex_init);
void kshim_mutex_init(struct mutex *lock, const char *name, void *key)
{
    memset(lock, 0, sizeof(*lock));
}

void kshim_mutex_init_generic(struct mutex *lock) KERNEL(mutex_init_generic);
void kshim_mutex_init_generic(struct mutex *lock)
{
    memset(lock, 0, sizeof(*lock));
}

static struct kshim_thread *owner_of(struct mutex *lock)
{
    return (struct kshim_thread *)atomic_long_read(&lock->owner);
}

static void mutex_own(struct mutex *lock)
{
    atomic_long_set(&lock->owner, (long)kshim_thread);
    kshim_hold(lock);
}

static void mutex_take(struct mutex *lock, void *from)
{
    might_sleep();
    kshim_maybe_switch();
    while (owner_of(lock)) {
        if (owner_of(lock) == kshim_thread)
            kshim_die(KSHIM_LOCKS, "a mutex is taken by its holder again, at %pS", from);
        block(lock, "a mutex");
    }
    mutex_own(lock);
}

void kshim_mutex_lock(struct mutex *lock) KERNEL(mutex_lock);
void kshim_mutex_lock(struct mutex *lock)
{
    mutex_take(lock, FROM);
}

int kshim_mutex_lock_interruptible(struct mutex *lock) KERNEL(mutex_lock_interruptible);
int kshim_mutex_lock_interruptible(struct mutex *lock)
{
    mutex_take(lock, FROM);
    return 0;
}

int kshim_mutex_lock_killable(struct mutex *lock) KERNEL(mutex_lock_killable);
int kshim_mutex_lock_killable(struct mutex *lock)
{
    mutex_take(lock, FROM);
    return 0;
}

int kshim_mutex_trylock(struct mutex *lock) KERNEL(mutex_trylock);
int kshim_mutex_trylock(struct mutex *lock)
{
    if (owner_of(lock))
        return 0;
    mutex_own(lock); /* without a switch in between: this never sleeps */
    return 1;
}

void kshim_mutex_unlock(struct mutex *lock) KERNEL(mutex_unlock);
void kshim_mutex_unlock(struct mutex *lock)
{
    if (owner_of(lock) != kshim_thread)
        kshim_trouble(KSHIM_LOCKS, "a mutex is given back that is not held, at %pS", FROM);
    atomic_long_set(&lock->owner, 0);
    kshim_let_go(lock);
    kshim_wake_blocked(lock);
    kshim_maybe_switch();
}

bool kshim_mutex_is_locked(struct mutex *lock) KERNEL(mutex_is_locked);
bool kshim_mutex_is_locked(struct mutex *lock)
{
    return owner_of(lock);
}

/* --- semaphores for readers and writers */

void kshim_rwsem_init(struct rw_semaphore *lock, const char *name, void *key) KERNEL(__init_rwsem);
void kshim_rwsem_init(struct rw_semaphore *lock, const char *name, void *key)
{
    memset(lock, 0, sizeof(*lock));
}

static bool rwsem_try(struct rw_semaphore *lock, bool write)
{
    long count = atomic_long_read(&lock->count);

    if (count < 0 || (write && count))
        return false;
    atomic_long_set(&lock->count, write ? -1 : count + 1);
    if (write)
        atomic_long_set(&lock->owner, (long)kshim_thread);
    kshim_hold(lock);
    return true;
}

static void rwsem_take(struct rw_semaphore *lock, bool write, void *from)
{
    might_sleep();
    kshim_maybe_switch();
    while (!rwsem_try(lock, write)) {
        if (atomic_long_read(&lock->count) < 0 && atomic_long_read(&lock->owner) == (long)kshim_thread)
            kshim_die(KSHIM_LOCKS, "a semaphore is taken by its writer again, at %pS", from);
        block(lock, "a reader-writer semaphore");
    }
}

static void rwsem_give(struct rw_semaphore *lock, bool write, void *from)
{
    long count = atomic_long_read(&lock->count);

    if (write ? count != -1 : count <= 0)
        kshim_trouble(KSHIM_LOCKS, "a semaphore is given back that is not held, at %pS", from);
    atomic_long_set(&lock->count, write ? 0 : count - 1);
    kshim_let_go(lock);
    kshim_wake_blocked(lock);
    kshim_maybe_switch();
}

void kshim_down_read(struct rw_semaphore *lock) KERNEL(down_read);
void kshim_down_read(struct rw_semaphore *lock)
{
    rwsem_take(lock, false, FROM);
}

int kshim_down_read_interruptible(struct rw_semaphore *lock) KERNEL(down_read_interruptible);
int kshim_down_read_interruptible(struct rw_semaphore *lock)
{
    rwsem_take(lock, false, FROM);
    return 0;
}

int kshim_down_read_killable(struct rw_semaphore *lock) KERNEL(down_read_killable);
int kshim_down_read_killable(struct rw_semaphore *lock)
{
    rwsem_take(lock, false, FROM);
    return 0;
}

int kshim_down_read_trylock(struct rw_semaphore *lock) KERNEL(down_read_trylock);
int kshim_down_read_trylock(struct rw_semaphore *lock)
{
    return rwsem_try(lock, false);
}

void kshim_down_write(struct rw_semaphore *lock) KERNEL(down_write);
void kshim_down_write(struct rw_semaphore *lock)
{
    rwsem_take(lock, true, FROM);
}

int kshim_down_write_killable(struct rw_semaphore *lock) KERNEL(down_write_killable);
int kshim_down_write_killable(struct rw_semaphore *lock)
{
    rwsem_take(lock, true, FROM);
    return 0;
}

int kshim_down_write_trylock(struct rw_semaphore *lock) KERNEL(down_write_trylock);
int kshim_down_write_trylock(struct rw_semaphore *lock)
{
    return rwsem_try(lock, true);
}

void kshim_up_read(struct rw_semaphore *lock) KERNEL(up_read);
void kshim_up_read(struct rw_semaphore *lock)
{
    rwsem_give(lock, false, FROM);
}

void kshim_up_write(struct rw_semaphore *lock) KERNEL(up_write);
void kshim_up_write(struct rw_semaphore *lock)
{
    rwsem_give(lock, true, FROM);
}

void kshim_downgrade_write(struct rw_semaphore *lock) KERNEL(downgrade_write);
void kshim_downgrade_write(struct rw_semaphore *lock)
{
    atomic_long_set(&lock->count, 1);
    kshim_wake_blocked(lock);
}
