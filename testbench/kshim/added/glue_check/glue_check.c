// SPDX-License-Identifier: GPL-2.0-only
/* What no driver asks of the glue, tried once at boot: each promise is a line of the log when it is held, and
 * an error line when it is not, which fails the scenario (glue/check). */
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/srcu.h>

#include "glue.h"

static void tell(bool held, const char *promise)
{
    if (held)
        pr_info("glue: %s\n", promise);
    else
        pr_err("glue: not held: %s\n", promise);
}

/* ------------------------------------------------------------------------------ SRCU */

DEFINE_STATIC_SRCU(at_build);
static unsigned int called, order;

static void first(struct rcu_head *head)
{
    called++;
    order = order * 10 + 1;
}

static void second(struct rcu_head *head)
{
    called++;
    order = order * 10 + 2;
}

/* Two readers; RCU itself has none, so that its callbacks run each time. */
static void check_srcu(struct srcu_struct *domain)
{
    struct rcu_head heads[2];
    int outer = srcu_read_lock(domain), inner = srcu_read_lock(domain);
    bool early;

    called = order = 0;
    call_srcu(domain, &heads[0], first);
    call_srcu(domain, &heads[1], second);
    synchronize_rcu();
    srcu_read_unlock(domain, inner);
    synchronize_rcu();
    early = called;
    srcu_read_unlock(domain, outer);
    synchronize_rcu();
    tell(!early && order == 12, "callbacks of SRCU wait for its last reader");
    call_srcu(domain, &heads[0], first);
    synchronize_rcu();
    tell(called == 3, "callbacks of SRCU without a reader run");
}

/* ------------------------------------------------------------------------------ files */

static unsigned int released;

static int refuse(struct inode *inode, struct file *file)
{
    return -EBUSY;
}

static int release(struct inode *inode, struct file *file)
{
    released++;
    return 0;
}

static const struct file_operations operations = {.open = refuse, .release = release};
static struct miscdevice device = {.name = "glue-check", .fops = &operations};

static void check_refused_file(void)
{
    unsigned long before = kshim_slabs_used;
    void *file = kshim_file_open(device.name);

    tell(!file && kshim_slabs_used == before && !released, "a file that is not opened leaves nothing");
}

/* A list of all that is left: pages, or objects of a size. */
struct hoard {
    struct hoard *next;
    unsigned int order;
};

static struct hoard *hoard_pages(void)
{
    struct hoard *all = NULL;
    struct page *page;
    int order;

    for (order = 13; order >= 0; order--)
        while ((page = kshim_pages_take(order, 0)) != NULL) {
            struct hoard *one = page_address(page);

            *one = (struct hoard){.next = all, .order = order};
            all = one;
        }
    return all;
}

static struct hoard *hoard_objects(size_t bytes)
{
    struct hoard *all = NULL, *one;

    while ((one = kshim_take(bytes, 0)) != NULL) {
        one->next = all;
        all = one;
    }
    return all;
}

static void give_objects(struct hoard *all)
{
    struct hoard *next;

    for (; all; all = next) {
        next = all->next;
        kshim_give(all);
    }
}

static void give_pages(struct hoard *all)
{
    struct hoard *next;

    for (; all; all = next) {
        next = all->next;
        kshim_pages_give(virt_to_page(all), all->order);
    }
}

/* Room for the file itself, and for nothing else. */
static void check_file_without_memory(void)
{
    struct hoard *pages = hoard_pages(), *inodes = hoard_objects(sizeof(struct inode)),
                 *files = hoard_objects(sizeof(struct file)), *one = kshim_take(sizeof(struct file), 0);
    unsigned long before;
    void *file;

    tell(!one, "memory ends");
    one = files;
    if (one)
        files = one->next;
    kshim_give(one);
    before = kshim_slabs_used;
    file = kshim_file_open(device.name);
    tell(one && !file && kshim_slabs_used == before, "a file without memory leaves nothing");
    give_objects(files);
    give_objects(inodes);
    give_pages(pages);
}

static int glue_check(void)
{
    static struct srcu_struct at_run;

    init_srcu_struct(&at_run);
    check_srcu(&at_build);
    check_srcu(&at_run);
    misc_register(&device);
    check_refused_file();
    check_file_without_memory();
    misc_deregister(&device);
    return 0;
}
device_initcall(glue_check);
