/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The boundary between a kernel instance (a shared object with the unmodified driver inside) and what stands
 * around it. Plain C without a header of the kernel or of the C library, so that either side may include it.
 *
 * An instance exports one symbol, kshim_entry(). Its surroundings give it a machine (struct kshim_ops) at
 * boot and drive it by struct kshim_entry. All calls come from one thread; an operation may call back into
 * the entry of another instance, and into kshim_entry.interrupt() of its own.
 *
 * Addresses: `pa` is a physical address of this instance's machine, and RAM begins at pa 0. Times are
 * nanoseconds. Results: 0 or a negative errno of the kernel's, unless said otherwise.
 */
#ifndef KSHIM_ABI_H
#define KSHIM_ABI_H

#define KSHIM_ABI_VERSION 2

typedef unsigned long long kshim_u64;
typedef unsigned int kshim_u32;
typedef unsigned short kshim_u16;
typedef unsigned char kshim_u8;

/* What a test must not overlook. */
enum kshim_trouble {
    KSHIM_WARN,       /* WARN() and its like */
    KSHIM_BUG,        /* BUG(): die() follows */
    KSHIM_PANIC,      /* die() follows */
    KSHIM_STUB,       /* a function of the kernel's that the shim does not have: die() follows */
    KSHIM_LOCKS,      /* a lock misused */
    KSHIM_SLEEP,      /* sleeping where nobody may */
    KSHIM_MEMORY,     /* memory freed twice, or written after it was freed */
    KSHIM_STUCK,      /* everything waits, and no time will help: die() follows */
    KSHIM_ERROR_LINE, /* a line of the log with level "error" or worse */
};

enum kshim_flag {
    KSHIM_INTERLEAVE = 1, /* switch between kernel threads at locks and register accesses, as `seed` says */
    KSHIM_KDUMP = 2,      /* a crash kernel: is_kdump_kernel() is true */
    KSHIM_LA57 = 4,       /* the processor has 5-level page tables */
};

/* An I/O interrupt controller, as ACPI tells it. */
struct kshim_ioapic {
    kshim_u32 id;
    kshim_u32 pa; /* of its registers; 0: it has none, and nothing is behind its pins */
};

struct kshim_ops {
    kshim_u32 version; /* KSHIM_ABI_VERSION */
    kshim_u32 size;    /* of this structure */
    void *context;     /* first argument of every operation */
    const char *name;
    const char *command_line; /* of the kernel, of any length: "amd_iommu=pgtbl_v2 iommu.strict=0" */
    void *ram;                /* page aligned; pa 0 up to ram_size */
    kshim_u64 ram_size;
    kshim_u64 seed;                     /* of every choice: equal seeds, equal runs */
    kshim_u32 flags;                    /* enum kshim_flag */
    const struct kshim_ioapic *ioapics; /* must stay */
    kshim_u32 ioapics_count;

    kshim_u64 (*mmio_read)(void *context, kshim_u64 pa, int bytes);
    void (*mmio_write)(void *context, kshim_u64 pa, int bytes, kshim_u64 value);
    /* Configuration space; nobody there: all ones. */
    kshim_u32 (*config_read)(void *context, int segment, int bus, int devfn, int offset, int bytes);
    void (*config_write)(void *context, int segment, int bus, int devfn, int offset, int bytes,
                         kshim_u32 value);
    /* The n-th ACPI table of a signature, or null. It must stay. */
    void *(*acpi_table)(void *context, const char *signature, int n);
    /* The IOMMUs' buses: the last bus number of a segment that is scanned, or -1 when there is no such
     * segment. */
    int (*last_bus)(void *context, int segment);

    kshim_u64 (*now)(void *context);
    /* Lets time pass: a busy wait of the kernel's, or nothing to do until then. */
    void (*delay)(void *context, kshim_u64 ns);

    void (*log)(void *context, int level,
                const char *line); /* level 0 (worst) to 7; no new line at the end */
    void (*trouble)(void *context, enum kshim_trouble trouble, const char *text);
    void (*die)(void *context, const char *why) __attribute__((noreturn));

    void *(*reserve)(void *context,
                     kshim_u64 bytes); /* zeroed address space, page aligned; null when there is none */
    /* Coroutines. Switching to null goes back to who called the instance. */
    void *(*coroutine_new)(void *context, void (*function)(void *), void *argument);
    void (*coroutine_free)(void *context, void *coroutine);
    void (*coroutine_switch)(void *context, void *coroutine);

    /* RAM below is seen and never given to anybody: it belongs to a kernel that crashed. */
    kshim_u64 ram_first;

    /* A file operation maps physical pages for its user (a VF MMIO page), or 0 bytes: what was mapped at that
     * address no longer is. May be null. */
    void (*mapped)(void *context, kshim_u64 user_address, kshim_u64 pa, kshim_u64 bytes);

    /* Address space that shows `count` pages of RAM, by their physical addresses, in a row; null when there
     * is none. */
    void *(*view)(void *context, const kshim_u64 *pages, kshim_u64 count);
    void (*unview)(void *context, void *place, kshim_u64 bytes);

    /* The processor has handled this vector, which may be a level interrupt's; may be null. */
    void (*end_of_interrupt)(void *context, kshim_u8 vector);
};

/* What is in use. A test takes it before and after. */
struct kshim_leaks {
    kshim_u64 pages, slabs; /* in use now */
    kshim_u64 slab_bytes;
    kshim_u64 threads, timers, works;
};

struct kshim_scatter {
    kshim_u64 pa, bytes;
    kshim_u64 iova, iova_bytes; /* answer; iova_bytes 0: merged into one before */
};

/*
 * What tests do inside the kernel: thin covers of exported functions. `device` is a PCI name
 * ("0000:00:01.0"); a device that is not there gives -19 (ENODEV). Domains, files and objects are handles of
 * the kernel's.
 */
struct kshim_api {
    /* iommu_domain_alloc() or its successor; null when the driver refuses. */
    void *(*domain_alloc)(const char *device);
    void (*domain_free)(void *domain);
    int (*attach)(void *domain, const char *device);
    int (*detach)(void *domain, const char *device);
    int (*map)(void *domain, kshim_u64 iova, kshim_u64 pa, kshim_u64 bytes,
               int prot);                                              /* prot: 1 read, 2 write */
    kshim_u64 (*unmap)(void *domain, kshim_u64 iova, kshim_u64 bytes); /* bytes unmapped, flush included */
    kshim_u64 (*iova_to_phys)(void *domain, kshim_u64 iova);
    kshim_u64 (*page_sizes)(void *domain);
    /* Default domain of a device's group: "identity", "DMA", "DMA-FQ", "blocked", "unmanaged" or "other". */
    const char *(*domain_type)(const char *device);

    int (*dma_mask)(const char *device, int bits);
    /* ~0 when it fails. `direction`: 0 both ways, 1 to the device, 2 from it. */
    kshim_u64 (*dma_map)(const char *device, kshim_u64 pa, kshim_u64 bytes, int direction);
    void (*dma_unmap)(const char *device, kshim_u64 iova, kshim_u64 bytes, int direction);
    int (*dma_map_sg)(const char *device, struct kshim_scatter *list, int count, int direction);
    void (*dma_unmap_sg)(const char *device, struct kshim_scatter *list, int count, int direction);
    /* Coherent memory, and where the kernel sees it; ~0 when it fails. `atomic`: of one who must not sleep.
     */
    kshim_u64 (*dma_alloc)(const char *device, kshim_u64 bytes, int atomic, void **memory);
    void (*dma_free)(const char *device, kshim_u64 iova, void *memory, kshim_u64 bytes);

    kshim_u64 (*page_alloc)(int order); /* pa of zeroed pages, 0 when there are none */
    void (*page_free)(kshim_u64 pa, int order);

    /* MSI or MSI-X vectors with a handler that counts; how many were given, or an errno. */
    int (*irq_request)(const char *device, int count, int msix);
    void (*irq_release)(const char *device);
    kshim_u64 (*irq_count)(const char *device, int index);
    int (*irq_affinity)(const char *device, int index);
    /* The next interrupt with a handler of ours unmaps this inside of it, as network drivers do. */
    int (*irq_unmaps)(const char *device, kshim_u64 iova, kshim_u64 bytes);

    /* A pin of the I/O interrupt controllers, all counted in one row, with a handler that counts, and that
     * writes 1 to the 4-byte register at pa `content` unless that is 0. `level`: it asks as long as it is
     * low. */
    int (*pin_request)(int gsi, int level, kshim_u64 content);
    void (*pin_release)(int gsi);
    kshim_u64 (*pin_count)(int gsi);

    /*
     * Shared address spaces: PASID 1 and up of a device over guest tables that the test has made at `pgd` (4
     * levels, or 5 with KSHIM_LA57). Null where the version has none, or the driver refuses. Page requests of
     * it are counted and answered: 0 success, 1 invalid, 2 failure.
     */
    void *(*sva_attach)(const char *device, kshim_u32 pasid, kshim_u64 pgd);
    void (*sva_detach)(void *shared);
    void (*sva_changed)(void *shared, kshim_u64 first, kshim_u64 end); /* what an mm notifier tells */
    kshim_u64 (*sva_requests)(void *shared, int answer);
    int (*feature)(const char *device, const char *name, int on); /* "iopf", "sva" */

    /* `count` (1 to 8) kernel threads at once, each with one of the devices: `steps` pages mapped and
     * unmapped. How many mappings failed, or an errno. Of use with KSHIM_INTERLEAVE. */
    int (*race)(const char *const *devices, int count, int steps);
    int (*device_enable)(const char *device); /* as a driver's probe does: memory decoding, bus master */
    int (*device_remove)(const char *device);
    int (*bus_rescan)(int segment, int bus);
    int (*device_reset)(const char *device);
    int (*device_references)(const char *device);

    int (*suspend)(void);
    void (*resume)(void);
    void (*shutdown)(void);

    void *(*file_open)(const char *misc_device);
    long (*file_ioctl)(void *file, kshim_u32 command, void *argument);
    /* Whole pages, at an address that the user chooses; `mapped` of the operations tells what lies there. */
    int (*file_mmap)(void *file, kshim_u64 user_address, kshim_u64 bytes, kshim_u64 offset);
    int (*file_munmap)(kshim_u64 user_address);
    void (*file_close)(void *file);
    void *(*fd_bind)(void *file, const char *device, kshim_u32 *id);
    int (*fd_attach)(void *bound, kshim_u32 *pt_id);
    int (*fd_detach)(void *bound);
    void (*fd_unbind)(void *bound);
    /* Virtual IOMMUs that are made from now on take nested tables, also where the version's driver has them
     * and does not offer them (7.x). -95 (EOPNOTSUPP): it has none. */
    int (*fd_nests)(void);

    /* Performance counters, by the functions that the driver exports for them: bank, counter, and the offset
     * of a register of its block, a multiple of 8 up to 0x28. */
    int (*counter)(int iommu, int bank, int counter, int offset, int write, kshim_u64 *value);

    /* A file of debugfs ("iommu/amd/iommu00/mmio") or an attribute; bytes, or an errno. */
    long (*debugfs_read)(const char *path, char *buffer, kshim_u64 size);
    long (*debugfs_write)(const char *path, const char *text);

    /* Posted interrupts (AVIC): the ga_log notifier counts. */
    int (*avic_start)(const char *device, int index, kshim_u64 backing_page, kshim_u32 tag, int vector,
                      int apic);
    int (*avic_stop)(const char *device, int index);
    kshim_u64 (*avic_notified)(kshim_u32 *last_tag);
};

struct kshim_owner;

struct kshim_entry {
    kshim_u32 version; /* KSHIM_ABI_VERSION */
    kshim_u32 size;
    const char *release; /* "6.12.111" */
    const char *added;   /* name of code that is linked in beside the kernel's, or "" */
    const struct kshim_api *api;

    /* Takes the machine on, scans its buses and starts the driver. Once for each loaded copy. */
    int (*boot)(const struct kshim_ops *ops);
    /* An interrupt message arrived. -22 (EINVAL) when its vector belongs to nobody. */
    int (*interrupt)(kshim_u64 address, kshim_u32 data);
    /* Runs kernel threads, work and what is due, until all wait. */
    void (*run)(void);
    /* The next timer, in `now()` terms; ~0 when there is none. */
    kshim_u64 (*next_timer)(void);
    /* What the address of a trapping instruction means: 0 nothing, 1 WARN, 2 BUG. */
    int (*trap_kind)(unsigned long address);
    void (*leaks)(struct kshim_leaks *leaks);
    /* Locks that are held now by the caller of the instance: 0 whenever a call of the API has returned. */
    int (*locks_held)(void);
    /* For a hypervisor's driver beside the kernel: kshim_owner.h. */
    const struct kshim_owner *owner;
};

/* The one exported symbol. */
#ifdef __KERNEL__
__attribute__((visibility("default")))
#endif
const struct kshim_entry *
kshim_entry(void);

#endif
