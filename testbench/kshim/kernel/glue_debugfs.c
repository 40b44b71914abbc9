// SPDX-License-Identifier: GPL-2.0-only
/* debugfs: a tree of names, so that tests read what the driver offers there, through its own file operations.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/seq_file.h>

#include "glue.h"

enum { NAME = 48 };

struct node {
    struct dentry dentry; /* what the driver holds; its d_fsdata leads here */
    struct list_head list;
    struct node *parent;
    const struct file_operations *operations; /* null: a folder */
    void *data;
    char name[NAME];
};

static LIST_HEAD(nodes);

static struct node *node_new(const char *name, struct dentry *parent)
{
    struct node *node = kshim_take(sizeof(*node), __GFP_ZERO);

    if (!node)
        return NULL;
    strscpy(node->name, name, sizeof(node->name));
    node->parent = IS_ERR_OR_NULL(parent) ? NULL : container_of(parent, struct node, dentry);
    list_add_tail(&node->list, &nodes);
    return node;
}

struct dentry *kshim_debugfs_dir(const char *name, struct dentry *parent) KERNEL(debugfs_create_dir);
struct dentry *kshim_debugfs_dir(const char *name, struct dentry *parent)
{
    struct node *node = node_new(name, parent);

    return node ? &node->dentry : ERR_PTR(-ENOMEM);
}

static struct dentry *file_new(const char *name, struct dentry *parent, void *data,
                               const struct file_operations *operations)
{
    struct node *node = node_new(name, parent);

    if (!node)
        return ERR_PTR(-ENOMEM);
    node->operations = operations;
    node->data = data;
    return &node->dentry;
}

struct dentry *kshim_debugfs_file(const char *name, umode_t mode, struct dentry *parent, void *data,
                                  const struct file_operations *operations) KERNEL(debugfs_create_file);
struct dentry *kshim_debugfs_file(const char *name, umode_t mode, struct dentry *parent, void *data,
                                  const struct file_operations *operations)
{
    return file_new(name, parent, data, operations);
}

struct dentry *kshim_debugfs_file_full(const char *name, umode_t mode, struct dentry *parent, void *data,
                                       const void *extra, const struct file_operations *operations)
    KERNEL(debugfs_create_file_full);
struct dentry *kshim_debugfs_file_full(const char *name, umode_t mode, struct dentry *parent, void *data,
                                       const void *extra, const struct file_operations *operations)
{
    return file_new(name, parent, data, operations);
}

static bool is_below(const struct node *node, const struct node *top)
{
    for (; node; node = node->parent)
        if (node == top)
            return true;
    return false;
}

static void remove(struct node *top)
{
    struct node *node, *next;

    list_for_each_entry_safe(node, next, &nodes, list) if (node != top && is_below(node, top))
        list_del(&node->list);
    list_del(&top->list);
}

void kshim_debugfs_remove(struct dentry *dentry) KERNEL(debugfs_remove);
void kshim_debugfs_remove(struct dentry *dentry)
{
    if (!IS_ERR_OR_NULL(dentry))
        remove(container_of(dentry, struct node, dentry));
}

static struct node *child(struct node *parent, const char *name, size_t length)
{
    struct node *node;

    list_for_each_entry(node, &nodes, list) if (node->parent == parent && strlen(node->name) == length &&
                                                !strncmp(node->name, name, length)) return node;
    return NULL;
}

void kshim_debugfs_lookup_remove(const char *name, struct dentry *parent) KERNEL(debugfs_lookup_and_remove);
void kshim_debugfs_lookup_remove(const char *name, struct dentry *parent)
{
    struct node *node =
        child(IS_ERR_OR_NULL(parent) ? NULL : container_of(parent, struct node, dentry), name, strlen(name));

    if (node)
        remove(node);
}

static struct node *find(const char *path)
{
    struct node *node = NULL;

    while (*path) {
        size_t length = strcspn(path, "/");

        node = child(node, path, length);
        if (!node)
            return NULL;
        path += length + (path[length] == '/');
    }
    return node;
}

static struct file *open_node(struct node *node)
{
    static struct file file;
    static struct inode inode;
    int result;

    memset(&file, 0, sizeof(file));
    memset(&inode, 0, sizeof(inode));
    inode.i_private = node->data;
    file.f_inode = &inode;
    file.f_op = node->operations;
    file.f_mode = FMODE_READ | FMODE_WRITE | FMODE_LSEEK | FMODE_PREAD;
    result = node->operations->open ? node->operations->open(&inode, &file) : 0;
    return result ? ERR_PTR(result) : &file;
}

static void close_node(struct file *file)
{
    if (file->f_op->release)
        file->f_op->release(file->f_inode, file);
}

/* What the driver's own show function prints. */
long kshim_debugfs_read(const char *path, char *buffer, kshim_u64 size)
{
    struct node *node = find(path);
    struct seq_file *sequence;
    struct file *file;
    long bytes;

    if (!node || !node->operations)
        return -ENOENT;
    file = open_node(node);
    if (IS_ERR(file))
        return PTR_ERR(file);
    sequence = file->private_data;
    sequence->buf = buffer;
    sequence->size = size;
    bytes = sequence->op->show(sequence, NULL);
    if (!bytes)
        bytes = sequence->count;
    sequence->buf = NULL;
    close_node(file);
    return bytes;
}

long kshim_debugfs_write(const char *path, const char *text)
{
    struct node *node = find(path);
    struct file *file;
    loff_t position = 0;
    long bytes;

    if (!node || !node->operations || !node->operations->write)
        return -ENOENT;
    file = open_node(node);
    if (IS_ERR(file))
        return PTR_ERR(file);
    bytes = node->operations->write(file, text, strlen(text), &position);
    close_node(file);
    return bytes;
}
