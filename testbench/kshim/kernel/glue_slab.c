// SPDX-License-Identifier: GPL-2.0-only
/* kmalloc and caches: size classes of powers of two, naturally aligned, poisoned; large ones are pages. */
#include <linux/mm.h>
#include <linux/slab.h>

#include "glue.h"

enum {
    SMALLEST = 4, /* 16 bytes */
    CLASSES = PAGE_SHIFT,
    POISON_TAKEN = 0x5a,
    POISON_GIVEN = 0x6b,
    MARK_LARGE = 0x100, /* in page->private, with the order or the class */
    MARK_SLAB = 0x200,
};

unsigned long kshim_slabs_used, kshim_slab_bytes;

/* A free object: its first word chains, the rest is poison. */
struct free_object {
    struct free_object *next;
};
static struct free_object *free_of[CLASSES];

static int class_of(size_t bytes)
{
    return bytes <= 1 << SMALLEST ? SMALLEST : fls64(bytes - 1);
}

static void *take_large(unsigned int order, gfp_t flags)
{
    struct page *page = kshim_pages_take(order, flags & ~__GFP_COMP);

    if (!page)
        return NULL;
    kshim_pages_used -= 1ul << order; /* counted as a slab */
    page->private = MARK_LARGE + order;
    return page_address(page);
}

static bool refill(int class)
{
    struct page *page = kshim_pages_take(0, 0);
    unsigned long at;

    if (!page)
        return false;
    kshim_pages_used--;
    page->private = MARK_SLAB + class;
    memset(page_address(page), POISON_GIVEN, PAGE_SIZE);
    for (at = 0; at < PAGE_SIZE; at += 1ul << class) {
        struct free_object *object = page_address(page) + at;

        object->next = free_of[class];
        free_of[class] = object;
    }
    return true;
}

static void *take_small(int class, gfp_t flags)
{
    struct free_object *object;
    size_t bytes = 1ul << class;

    if (!free_of[class] && !refill(class))
        return NULL;
    object = free_of[class];
    free_of[class] = object->next;
    if (memchr_inv(object + 1, POISON_GIVEN, bytes - sizeof(*object)))
        kshim_trouble(KSHIM_MEMORY, "an object of %zu bytes was written after it was freed", bytes);
    memset(object, flags & __GFP_ZERO ? 0 : POISON_TAKEN, bytes);
    return object;
}

void *kshim_take(size_t bytes, gfp_t flags)
{
    int class = class_of(bytes);
    void *object;

    if (!bytes)
        return ZERO_SIZE_PTR;
    object = class < CLASSES ? take_small(class, flags) : take_large(class - PAGE_SHIFT, flags);
    if (object) {
        kshim_slabs_used++;
        kshim_slab_bytes += 1ul << class;
    }
    return object;
}

static size_t size_of(const void *object)
{
    unsigned long mark = virt_to_page(object)->private;

    return mark & MARK_LARGE ? PAGE_SIZE << (mark & 0xff) : 1ul << (mark & 0xff);
}

static void give_small(void *place, int class)
{
    struct free_object *object = place;

    memset(object, POISON_GIVEN, 1ul << class);
    object->next = free_of[class];
    free_of[class] = object;
}

void kshim_give(const void *object)
{
    struct page *page;
    unsigned long mark;

    if (ZERO_OR_NULL_PTR(object))
        return;
    page = virt_addr_valid(object) ? virt_to_page(object) : NULL;
    mark = page ? page->private : 0;
    if (!(mark & (MARK_LARGE | MARK_SLAB)) || !IS_ALIGNED((unsigned long)object, 1ul << (mark & 0xff))) {
        kshim_trouble(KSHIM_MEMORY, "%px was freed, which is no object", object);
        return;
    }
    kshim_slabs_used--;
    kshim_slab_bytes -= size_of(object);
    if (mark & MARK_LARGE) {
        kshim_pages_used += 1ul << (mark & 0xff);
        kshim_pages_give(page, mark & 0xff);
    } else {
        give_small((void *)object, mark & 0xff);
    }
}

static void *again(const void *object, size_t bytes, gfp_t flags)
{
    size_t old = ZERO_OR_NULL_PTR(object) ? 0 : size_of(object);
    void *larger;

    if (old && old >= bytes)
        return (void *)object;
    larger = kshim_take(bytes, flags);
    if (larger && old) {
        memcpy(larger, object, old);
        kshim_give(object);
    }
    return larger;
}

/* --- the kernel's names */

#if BEFORE(6, 10)
#define ALLOCATOR(symbol) KERNEL(symbol)
#else
#define ALLOCATOR(symbol) __asm__(#symbol "_noprof")
#endif

#define TAKES(name, symbol, extra, ...)                                                                      \
    void *name(__VA_ARGS__) symbol;                                                                          \
    void *name(__VA_ARGS__)                                                                                  \
    {                                                                                                        \
        return kshim_take(bytes, flags | (extra));                                                           \
    }
TAKES(kshim_kmalloc, ALLOCATOR(__kmalloc), 0, size_t bytes, gfp_t flags)
#if BEFORE(6, 10)
TAKES(kshim_kmalloc_node, KERNEL(__kmalloc_node), 0, size_t bytes, gfp_t flags)
TAKES(kshim_kmalloc_track, KERNEL(__kmalloc_node_track_caller), 0, size_t bytes, gfp_t flags)
TAKES(kshim_kvmalloc, KERNEL(kvmalloc_node), 0, size_t bytes, gfp_t flags)
#else
/* DECL_BUCKET_PARAMS is the size, and a set of buckets only where they are configured. */
TAKES(kshim_kmalloc_node, KERNEL(__kmalloc_node_noprof), 0, size_t bytes, gfp_t flags)
TAKES(kshim_kmalloc_track, KERNEL(__kmalloc_node_track_caller_noprof), 0, size_t bytes, gfp_t flags)
#if BEFORE(6, 17)
TAKES(kshim_kvmalloc, KERNEL(__kvmalloc_node_noprof), 0, size_t bytes, gfp_t flags)
#else
TAKES(kshim_kvmalloc, KERNEL(__kvmalloc_node_noprof), 0, size_t bytes, unsigned long align, gfp_t flags)
#endif
#endif
TAKES(kshim_kmalloc_large, ALLOCATOR(kmalloc_large), 0, size_t bytes, gfp_t flags)
TAKES(kshim_kmalloc_large2, KERNEL(__kmalloc_large_noprof), 0, size_t bytes, gfp_t flags)
TAKES(kshim_kmalloc_trace, KERNEL(kmalloc_trace), 0, void *cache, gfp_t flags, size_t bytes)
TAKES(kshim_kmalloc_cache, KERNEL(__kmalloc_cache_noprof), 0, void *cache, gfp_t flags, size_t bytes)
TAKES(kshim_kmalloc_cache_node, KERNEL(__kmalloc_cache_node_noprof), 0, void *cache, gfp_t flags, int node,
      size_t bytes)
TAKES(kshim_vmalloc_flags, ALLOCATOR(__vmalloc), 0, unsigned long bytes, gfp_t flags)
TAKES(kshim_percpu_flags, KERNEL(__alloc_percpu_gfp), __GFP_ZERO, size_t bytes, size_t align, gfp_t flags)
TAKES(kshim_percpu_profiled, KERNEL(pcpu_alloc_noprof), __GFP_ZERO, size_t bytes, size_t align, bool reserved,
      gfp_t flags)
#undef TAKES

void *kshim_percpu(size_t bytes, size_t align) KERNEL(__alloc_percpu);
void *kshim_percpu(size_t bytes, size_t align)
{
    return kshim_take(bytes, __GFP_ZERO);
}

void *kshim_vmalloc(unsigned long bytes) ALLOCATOR(vmalloc);
void *kshim_vmalloc(unsigned long bytes)
{
    return kshim_take(bytes, 0);
}

void *kshim_vzalloc(unsigned long bytes) ALLOCATOR(vzalloc);
void *kshim_vzalloc(unsigned long bytes)
{
    return kshim_take(bytes, __GFP_ZERO);
}

void *kshim_krealloc(const void *object, size_t bytes, gfp_t flags) ALLOCATOR(krealloc);
void *kshim_krealloc(const void *object, size_t bytes, gfp_t flags)
{
    return again(object, bytes, flags);
}

void *kshim_krealloc_align(const void *object, size_t bytes, unsigned long align, gfp_t flags)
    KERNEL(krealloc_node_align_noprof);
void *kshim_krealloc_align(const void *object, size_t bytes, unsigned long align, gfp_t flags)
{
    return again(object, bytes, flags);
}

#define GIVES(name, symbol)                                                                                  \
    void name(const void *object) KERNEL(symbol);                                                            \
    void name(const void *object)                                                                            \
    {                                                                                                        \
        kshim_give(object);                                                                                  \
    }
GIVES(kshim_kfree, kfree)
GIVES(kshim_kfree_sensitive, kfree_sensitive)
GIVES(kshim_vfree, vfree)
GIVES(kshim_kvfree, kvfree)
GIVES(kshim_free_percpu, free_percpu)
#undef GIVES

size_t kshim_ksize(const void *object) KERNEL(ksize);
size_t kshim_ksize(const void *object)
{
    return ZERO_OR_NULL_PTR(object) ? 0 : size_of(object);
}

size_t kshim_size_roundup(size_t bytes) KERNEL(kmalloc_size_roundup);
size_t kshim_size_roundup(size_t bytes)
{
    return bytes ? 1ul << class_of(bytes) : 0;
}

/* --- caches: a size, an alignment and a constructor */

struct kmem_cache {
    unsigned int bytes;
    void (*constructor)(void *object);
};

static struct kmem_cache *cache_new(unsigned int bytes, unsigned int align, void (*constructor)(void *))
{
    struct kmem_cache *cache = kshim_take(sizeof(*cache), 0);

    if (cache)
        *cache = (struct kmem_cache){max(bytes, align), constructor};
    return cache;
}

#if BEFORE(6, 12)
struct kmem_cache *kshim_cache_create(const char *name, unsigned int bytes, unsigned int align,
                                      unsigned int flags, void (*constructor)(void *))
    KERNEL(kmem_cache_create);
struct kmem_cache *kshim_cache_create(const char *name, unsigned int bytes, unsigned int align,
                                      unsigned int flags, void (*constructor)(void *))
{
    return cache_new(bytes, align, constructor);
}
#else
struct kmem_cache *kshim_cache_create(const char *name, unsigned int bytes, struct kmem_cache_args *arguments,
                                      unsigned int flags) KERNEL(__kmem_cache_create_args);
struct kmem_cache *kshim_cache_create(const char *name, unsigned int bytes, struct kmem_cache_args *arguments,
                                      unsigned int flags)
{
    return cache_new(bytes, arguments->align, arguments->ctor);
}
#endif

static void *cache_take(struct kmem_cache *cache, gfp_t flags)
{
    void *object = kshim_take(cache->bytes, flags);

    if (object && cache->constructor)
        cache->constructor(object);
    return object;
}

void *kshim_cache_alloc(struct kmem_cache *cache, gfp_t flags) ALLOCATOR(kmem_cache_alloc);
void *kshim_cache_alloc(struct kmem_cache *cache, gfp_t flags)
{
    return cache_take(cache, flags);
}

void *kshim_cache_alloc_lru(struct kmem_cache *cache, void *lru, gfp_t flags) ALLOCATOR(kmem_cache_alloc_lru);
void *kshim_cache_alloc_lru(struct kmem_cache *cache, void *lru, gfp_t flags)
{
    return cache_take(cache, flags);
}

void *kshim_cache_alloc_node(struct kmem_cache *cache, gfp_t flags, int node)
    ALLOCATOR(kmem_cache_alloc_node);
void *kshim_cache_alloc_node(struct kmem_cache *cache, gfp_t flags, int node)
{
    return cache_take(cache, flags);
}

void kshim_cache_free(struct kmem_cache *cache, void *object) KERNEL(kmem_cache_free);
void kshim_cache_free(struct kmem_cache *cache, void *object)
{
    kshim_give(object);
}

void kshim_cache_free_bulk(struct kmem_cache *cache, size_t count, void **objects)
    KERNEL(kmem_cache_free_bulk);
void kshim_cache_free_bulk(struct kmem_cache *cache, size_t count, void **objects)
{
    while (count--)
        kshim_give(objects[count]);
}

int kshim_cache_alloc_bulk(struct kmem_cache *cache, gfp_t flags, size_t count, void **objects)
    ALLOCATOR(kmem_cache_alloc_bulk);
int kshim_cache_alloc_bulk(struct kmem_cache *cache, gfp_t flags, size_t count, void **objects)
{
    size_t each;

    for (each = 0; each < count; each++) {
        objects[each] = cache_take(cache, flags);
        if (!objects[each]) {
            kshim_cache_free_bulk(cache, each, objects);
            return 0;
        }
    }
    return count;
}

void kshim_cache_destroy(struct kmem_cache *cache) KERNEL(kmem_cache_destroy);
void kshim_cache_destroy(struct kmem_cache *cache)
{
    kshim_give(cache);
}

/* Objects kept ahead for a caller that must not fail later (7.x): there is always enough here. */
struct sheaf {
    unsigned int count;
};

void *kshim_sheaf_prefill(struct kmem_cache *cache, gfp_t flags, unsigned int count)
    KERNEL(kmem_cache_prefill_sheaf);
void *kshim_sheaf_prefill(struct kmem_cache *cache, gfp_t flags, unsigned int count)
{
    struct sheaf *sheaf = kshim_take(sizeof(*sheaf), 0);

    if (sheaf)
        sheaf->count = count;
    return sheaf;
}

int kshim_sheaf_refill(struct kmem_cache *cache, gfp_t flags, struct sheaf **sheaf, unsigned int count)
    KERNEL(kmem_cache_refill_sheaf);
int kshim_sheaf_refill(struct kmem_cache *cache, gfp_t flags, struct sheaf **sheaf, unsigned int count)
{
    (*sheaf)->count = max((*sheaf)->count, count);
    return 0;
}

void kshim_sheaf_return(struct kmem_cache *cache, gfp_t flags, struct sheaf *sheaf)
    KERNEL(kmem_cache_return_sheaf);
void kshim_sheaf_return(struct kmem_cache *cache, gfp_t flags, struct sheaf *sheaf)
{
    kshim_give(sheaf);
}

void *kshim_sheaf_take(struct kmem_cache *cache, gfp_t flags, struct sheaf *sheaf)
    KERNEL(kmem_cache_alloc_from_sheaf_noprof);
void *kshim_sheaf_take(struct kmem_cache *cache, gfp_t flags, struct sheaf *sheaf)
{
    if (sheaf->count)
        sheaf->count--;
    return cache_take(cache, flags);
}

unsigned int kshim_sheaf_size(struct sheaf *sheaf) KERNEL(kmem_cache_sheaf_size);
unsigned int kshim_sheaf_size(struct sheaf *sheaf)
{
    return sheaf->count;
}
