// SPDX-License-Identifier: GPL-2.0-only
#include "instance.h"

#include "coroutine.h"
#include "kernel_log.h"
#include "signals.h"
#include "symbols.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct instance {
    char object[256], name[16];
    void *handle;
    uintptr_t base, end; /* where it is loaded */
    const struct kshim_entry *entry;
    struct kshim_ops ops;   /* what the kernel gets */
    struct kshim_ops outer; /* the caller's, with its context */
    struct coroutine_set coroutines;
    struct kernel_log log;
    struct instance *next;
};

static struct instance *instances; /* of the process: signals have no context */

/* ------------------------------------------------------------------------------ loading */

/* A name of its own for the loader, which keeps one copy of each file. */
static void *open_copy(const char *object, char *error, size_t size)
{
    int from = open(object, O_RDONLY | O_CLOEXEC), to = memfd_create("kernel-instance", MFD_CLOEXEC);
    char path[64], buffer[1 << 16];
    void *handle = NULL;
    ssize_t bytes;

    if (from < 0 || to < 0) {
        snprintf(error, size, "%s cannot be opened", object);
    } else {
        while ((bytes = read(from, buffer, sizeof(buffer))) > 0)
            if (write(to, buffer, (size_t)bytes) != bytes)
                break;
        snprintf(path, sizeof(path), "/proc/self/fd/%d", to);
        handle = bytes ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
        if (!handle)
            snprintf(error, size, "%s cannot be loaded: %s", object,
                     bytes ? "it cannot be copied" : dlerror());
    }
    if (from >= 0)
        close(from);
    /* `to` stays open: its number is what makes the path unique */
    return handle;
}

/* The last address, by the segments of the file in memory. */
static uintptr_t end_of(uintptr_t base)
{
    const ElfW(Ehdr) *header = (const ElfW(Ehdr) *)base;
    const ElfW(Phdr) *segment = (const ElfW(Phdr) *)(base + header->e_phoff);
    uintptr_t end = base;

    for (unsigned each = 0; each < header->e_phnum; each++)
        if (segment[each].p_type == PT_LOAD && base + segment[each].p_vaddr + segment[each].p_memsz > end)
            end = base + segment[each].p_vaddr + segment[each].p_memsz;
    return end;
}

static bool find_entry(struct instance *self, char *error, size_t size)
{
    const struct kshim_entry *(*entry)(void);
    struct link_map *map;
    void *symbol = dlsym(self->handle, "kshim_entry");

    if (!symbol || dlinfo(self->handle, RTLD_DI_LINKMAP, &map)) {
        snprintf(error, size, "%s is no kernel instance", self->object);
        return false;
    }
    memcpy(&entry, &symbol, sizeof(entry));
    self->base = (uintptr_t)map->l_addr;
    self->end = end_of(self->base);
    self->entry = entry();
    if (self->entry->version == KSHIM_ABI_VERSION && self->entry->size >= sizeof(*self->entry))
        return true;
    snprintf(error, size, "%s was built for version %u of the boundary, this is %d: build it again",
             self->object, self->entry->version, KSHIM_ABI_VERSION);
    return false;
}

static bool owns(uintptr_t address, void *context)
{
    const struct instance *self = context;

    return address >= self->base && address < self->end;
}

static enum trap trap_at(uintptr_t address, void *context)
{
    struct instance *self = context;
    char text[256], place[200];
    int kind = self->entry->trap_kind(address);

    instance_place_text(self, address - self->base, place, sizeof(place));
    snprintf(text, sizeof(text), "%s: %s", kind == 1 ? "WARN" : "BUG", place);
    if (kind)
        kernel_log_trouble(&self->log, kind == 1 ? KSHIM_WARN : KSHIM_BUG, text);
    return kind == 1 ? TRAP_GO_ON : kind == 2 ? TRAP_END : TRAP_UNKNOWN;
}

static void died_at(uintptr_t address, const char *why, void *context)
{
    struct instance *self = context;
    char place[200];

    instance_place_text(self, address - self->base, place, sizeof(place));
    fprintf(stderr, "%s: the kernel ended: %s at %s\n", self->name, why, place);
    kernel_log_print_tail(&self->log, stderr, 40);
}

struct instance *instance_load(const char *object, const char *name, char *error, size_t size)
{
    struct instance *self = calloc(1, sizeof(*self));

    if (!self) {
        snprintf(error, size, "no memory");
        return NULL;
    }
    snprintf(self->object, sizeof(self->object), "%s", object);
    snprintf(self->name, sizeof(self->name), "%s", name);
    kernel_log_start(&self->log, self->name);
    self->handle = open_copy(object, error, size);
    if (!self->handle || !find_entry(self, error, size)) {
        instance_unload(self);
        return NULL;
    }
    signals_watch(&(struct signal_owner){.context = self, .owns = owns, .trap = trap_at, .died = died_at});
    self->next = instances;
    instances = self;
    return self;
}

void instance_unload(struct instance *instance)
{
    if (!instance)
        return;
    for (struct instance **link = &instances; *link; link = &(*link)->next)
        if (*link == instance) {
            *link = instance->next;
            break;
        }
    signals_forget(instance);
    kernel_log_end(&instance->log);
    /* the object stays loaded: threads of the kernel that wait have frames in it */
    free(instance);
}

/* ------------------------------------------------------------------------------ operations */

static struct instance *of(void *context)
{
    return context;
}

static kshim_u64 mmio_read(void *context, kshim_u64 pa, int bytes)
{
    return of(context)->outer.mmio_read(of(context)->outer.context, pa, bytes);
}

static void mmio_write(void *context, kshim_u64 pa, int bytes, kshim_u64 value)
{
    of(context)->outer.mmio_write(of(context)->outer.context, pa, bytes, value);
}

static kshim_u32 config_read(void *context, int segment, int bus, int devfn, int offset, int bytes)
{
    return of(context)->outer.config_read(of(context)->outer.context, segment, bus, devfn, offset, bytes);
}

static void config_write(void *context, int segment, int bus, int devfn, int offset, int bytes,
                         kshim_u32 value)
{
    of(context)->outer.config_write(of(context)->outer.context, segment, bus, devfn, offset, bytes, value);
}

static void *acpi_table(void *context, const char *signature, int n)
{
    return of(context)->outer.acpi_table(of(context)->outer.context, signature, n);
}

static int last_bus(void *context, int segment)
{
    return of(context)->outer.last_bus(of(context)->outer.context, segment);
}

static kshim_u64 now(void *context)
{
    return of(context)->outer.now(of(context)->outer.context);
}

static void delay(void *context, kshim_u64 ns)
{
    of(context)->outer.delay(of(context)->outer.context, ns);
}

static void mapped(void *context, kshim_u64 user_address, kshim_u64 pa, kshim_u64 bytes)
{
    if (of(context)->outer.mapped)
        of(context)->outer.mapped(of(context)->outer.context, user_address, pa, bytes);
}

static void end_of_interrupt(void *context, kshim_u8 vector)
{
    if (of(context)->outer.end_of_interrupt)
        of(context)->outer.end_of_interrupt(of(context)->outer.context, vector);
}

static void log_line(void *context, int level, const char *line)
{
    kernel_log_add(&of(context)->log, level, line);
}

static void trouble(void *context, enum kshim_trouble kind, const char *text)
{
    kernel_log_trouble(&of(context)->log, kind, text);
}

static void __attribute__((noreturn)) die(void *context, const char *why)
{
    struct instance *self = of(context);

    fprintf(stderr, "%s: the kernel ended: %s\n", self->name, why);
    instance_print_troubles(self, stderr);
    kernel_log_print_tail(&self->log, stderr, 40);
    fflush(NULL);
    _exit(INSTANCE_EXIT_DIED);
}

static void *reserve(void *context, kshim_u64 bytes)
{
    void *place =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    (void)context;
    return place == MAP_FAILED ? NULL : place;
}

/* A mapping of no length that is moved is shared: the same pages of the file a second time. */
static void *view(void *context, const kshim_u64 *pages, kshim_u64 count)
{
    const struct kshim_ops *ops = &of(context)->ops;
    unsigned char *place =
        mmap(NULL, count << 12, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (place == MAP_FAILED)
        return NULL;
    for (kshim_u64 each = 0; each < count; each++) {
        unsigned char *from = (unsigned char *)ops->ram + pages[each];

        if (mremap(from, 0, 1 << 12, MREMAP_MAYMOVE | MREMAP_FIXED, place + (each << 12)) != MAP_FAILED)
            continue;
        munmap(place, count << 12);
        return NULL;
    }
    return place;
}

static void unview(void *context, void *place, kshim_u64 bytes)
{
    (void)context;
    munmap(place, bytes);
}

static void *new_coroutine(void *context, void (*function)(void *), void *argument)
{
    (void)context;
    return coroutine_new(function, argument);
}

static void free_coroutine(void *context, void *coroutine)
{
    (void)context;
    coroutine_free(coroutine);
}

static void switch_coroutine(void *context, void *coroutine)
{
    coroutine_switch(&of(context)->coroutines, coroutine);
}

int instance_boot(struct instance *instance, const struct kshim_ops *ops)
{
    instance->outer = *ops;
    instance->ops = (struct kshim_ops){
        .version = KSHIM_ABI_VERSION,
        .size = sizeof(instance->ops),
        .context = instance,
        .name = instance->name,
        .command_line = ops->command_line,
        .ram = ops->ram,
        .ram_size = ops->ram_size,
        .ram_first = ops->ram_first,
        .seed = ops->seed,
        .flags = ops->flags,
        .ioapics = ops->ioapics,
        .ioapics_count = ops->ioapics_count,
        .mmio_read = mmio_read,
        .mmio_write = mmio_write,
        .config_read = config_read,
        .config_write = config_write,
        .acpi_table = acpi_table,
        .last_bus = last_bus,
        .now = now,
        .delay = delay,
        .log = log_line,
        .trouble = trouble,
        .die = die,
        .reserve = reserve,
        .coroutine_new = new_coroutine,
        .coroutine_free = free_coroutine,
        .coroutine_switch = switch_coroutine,
        .mapped = mapped,
        .view = view,
        .unview = unview,
        .end_of_interrupt = end_of_interrupt,
    };
    /* a file system behind a table that nobody mounts here */
    kernel_log_excuse(&instance->log, "Cannot mount iomem pseudo filesystem");
    return instance->entry->boot(&instance->ops);
}

/* ------------------------------------------------------------------------------ looking */

const struct kshim_api *instance_api(const struct instance *instance)
{
    return instance->entry->api;
}

const struct kshim_entry *instance_entry(const struct instance *instance)
{
    return instance->entry;
}

const char *instance_release(const struct instance *instance)
{
    return instance->entry->release;
}

unsigned instance_version(const struct instance *instance)
{
    unsigned parts[3] = {0};

    sscanf(instance->entry->release, "%u.%u.%u", &parts[0], &parts[1], &parts[2]);
    return parts[0] << 16 | parts[1] << 8 | (parts[2] & 0xff);
}

void instance_log_to(struct instance *instance, FILE *stream)
{
    instance->log.stream = stream;
}

const char *instance_log_find(const struct instance *instance, const char *text, size_t *from)
{
    return kernel_log_find(&instance->log, text, from);
}

size_t instance_log_lines(const struct instance *instance)
{
    return instance->log.count;
}

size_t instance_log_count(const struct instance *instance, const char *text)
{
    size_t from = 0, count = 0;

    while (kernel_log_find(&instance->log, text, &from))
        count++;
    return count;
}

unsigned instance_troubles(const struct instance *instance, enum kshim_trouble kind)
{
    return kernel_log_troubles(&instance->log, kind);
}

unsigned instance_all_troubles(const struct instance *instance)
{
    unsigned sum = 0;

    for (int kind = 0; kind < KERNEL_LOG_KINDS; kind++)
        sum += kernel_log_troubles(&instance->log, (enum kshim_trouble)kind);
    return sum;
}

const char *instance_first_trouble(const struct instance *instance)
{
    return instance->log.first_count ? instance->log.first[0] : "";
}

void instance_print_troubles(const struct instance *instance, FILE *stream)
{
    kernel_log_print_troubles(&instance->log, stream);
}

void instance_excuse(struct instance *instance, const char *text)
{
    kernel_log_excuse(&instance->log, text);
}

size_t instance_excused(const struct instance *instance)
{
    return instance->log.excused;
}

const char *instance_trouble_name(enum kshim_trouble kind)
{
    return kernel_log_kind_name(kind);
}

/* Frames are chained: everything here is compiled with frame pointers. */
size_t instance_stack(const struct instance *instance, uint64_t places[INSTANCE_STACK])
{
    uintptr_t *frame = __builtin_frame_address(0);
    size_t count = 0;

    while (frame && count < INSTANCE_STACK) {
        uintptr_t *next = (uintptr_t *)frame[0];

        if (owns(frame[1], (void *)(uintptr_t)instance))
            places[count++] = frame[1] - instance->base;
        if (next <= frame || next > frame + (1 << 20))
            break;
        frame = next;
    }
    return count;
}

void instance_place_text(const struct instance *instance, uint64_t place, char *text, size_t size)
{
    symbols_text(instance->object, place, text, size);
}
