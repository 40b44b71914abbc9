/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the parts of the glue share: the kernel's surroundings as far as the driver and the cores around it
 * need them. Functions of the kernel whose prototype differs between versions are given names of our own,
 * bound to the kernel's symbol by KERNEL(); only the ABI matters then.
 */
#ifndef KSHIM_GLUE_H
#define KSHIM_GLUE_H

#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/version.h>

#include "kshim_abi.h"

#define KERNEL(symbol)       __asm__(#symbol)
#define SINCE(major, minor)  (LINUX_VERSION_CODE >= KERNEL_VERSION(major, minor, 0))
#define BEFORE(major, minor) (!SINCE(major, minor))

extern const struct kshim_ops *kshim_ops;

/* --- glue_log.c: what a test must not overlook */
void kshim_trouble(enum kshim_trouble trouble, const char *format, ...) __printf(2, 3);
void kshim_die(enum kshim_trouble trouble, const char *format, ...) __printf(2, 3) __noreturn;
void kshim_stub(const char *symbol) __noreturn;

/* --- glue_pages.c: RAM in pages */
void kshim_pages_start(void);
struct page *kshim_pages_take(unsigned int order, gfp_t flags);
void kshim_pages_give(struct page *page, unsigned int order);
extern unsigned long kshim_pages_used;

/* --- glue_memtype.c: pages that a driver made uncached */
void kshim_memtype_start(void);
void kshim_memtype_given(u64 pfn, u64 pages);

/* --- glue_page_ext.c */
void kshim_page_ext_start(void);

/* --- glue_slab.c: RAM in pieces */
void *kshim_take(size_t bytes, gfp_t flags);
void kshim_give(const void *object);
extern unsigned long kshim_slabs_used, kshim_slab_bytes;

/* --- glue_sched.c: threads as coroutines. The caller of the instance is one of them, the first. */
struct kshim_thread {
    struct list_head list;
    struct task_struct task;
    void *coroutine; /* null: the caller of the instance */
    int (*function)(void *data);
    void *data;
    int result;
    bool started, runnable, stop, dead;
    const char *waits_for;  /* in words, for the report when everything waits */
    const void *blocked_on; /* a lock */
    const void *held[16];   /* locks */
    unsigned int held_count;
    /* kept while another one runs */
    unsigned long flags;
    int preempt_count;
};
extern struct kshim_thread *kshim_thread; /* the one that runs */
void kshim_threads_start(void);
struct kshim_thread *kshim_thread_new(int (*function)(void *), void *data, const char *name);
void kshim_thread_start(struct kshim_thread *thread);
struct kshim_thread *kshim_thread_of(struct task_struct *task);
/* Lets others run until this one is runnable again; says in words what it waits for. */
void kshim_wait(const char *what);
void kshim_wake(struct kshim_thread *thread);
/* Wakes whoever is blocked on a lock. */
void kshim_wake_blocked(const void *lock);
/* Runs all that can run; only for the caller of the instance. */
void kshim_run_all(void);
/* In interleaving mode: perhaps lets another one run. */
void kshim_maybe_switch(void);
unsigned int kshim_threads_alive(void);
u64 kshim_random(void);

/* --- glue_time.c */
u64 kshim_now(void);
void kshim_pass(u64 ns); /* lets time pass, in the machine too */
void kshim_time_update(void);
u64 kshim_timer_next(void); /* ~0: none */
bool kshim_timers_due(void);
void kshim_timers_run(void);
unsigned int kshim_timers_count(void);

/* --- glue_work.c */
unsigned int kshim_works_count(void);

/* --- glue_rcu.c: callbacks run when nobody is in the middle of anything */
bool kshim_rcu_run(void);
bool kshim_rcu_readers(void); /* glue_sched.c */

/* --- glue_interrupt.c */
int kshim_interrupt(kshim_u64 address, kshim_u32 data);
void kshim_x86_start(void);
bool kshim_in_interrupt(void);

/* --- glue_ioapic.c */
void kshim_ioapics_start(void);
/* What lies behind a fixed address of the kernel's. */
bool kshim_fixed_address(u64 address, u64 *pa);
/* Registers of a controller that has none; false: it is another's. */
bool kshim_empty_ioapic_read(u64 pa, u64 *value);
bool kshim_empty_ioapic_write(u64 pa, u64 value);

/* --- glue_lock.c */
void kshim_hold(const void *lock);
void kshim_let_go(const void *lock);
int kshim_locks_held(void);

/* --- glue_pci.c */
void kshim_pci_scan(void);

/* --- glue_boot.c */
int kshim_boot(const struct kshim_ops *ops);
int kshim_suspend(void);
void kshim_resume(void);
void kshim_shutdown(void);

/* --- glue_file.c */
void *kshim_file_open(const char *name);
long kshim_file_ioctl(void *file, kshim_u32 command, void *argument);
void kshim_file_close(void *file);

/* --- glue_mmap.c */
int kshim_file_mmap(void *file, kshim_u64 user_address, kshim_u64 bytes, kshim_u64 offset);
int kshim_file_munmap(kshim_u64 user_address);

/* --- glue_debugfs.c */
long kshim_debugfs_read(const char *path, char *buffer, kshim_u64 size);
long kshim_debugfs_write(const char *path, const char *text);

extern const struct kshim_api kshim_api;
extern const struct kshim_owner kshim_owner; /* api_owner.c */

#endif
