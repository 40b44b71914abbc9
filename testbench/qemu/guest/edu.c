// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * DMA at will: QEMU's device `edu`, given to user space by VFIO, copies between its own buffer and any
 * address.
 *
 *     edu /dev/vfio/GROUP 0000:00:08.0 rights|fuzz|faults [SEED]
 *
 * - rights: pages mapped for reading, for writing, for both, and not at all; what is not allowed must change
 *   nothing.
 * - fuzz: random mappings of random sizes, checked by copies through the device, then taken away; afterwards
 *   the old addresses must not work. Prints its seed.
 * - faults: accesses that nobody mapped, for the event log.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, CHUNK = 1024, BUFFER = 0x40000 }; /* the device's buffer, as its DMA engine names it */
enum { SOURCE = 0x80, TARGET = 0x88, COUNT = 0x90, COMMAND = 0x98, START = 1, FROM_DEVICE = 2 };
enum { SLOTS = 12, ROUNDS = 70, MOST_PAGES = 700 };

static int container, device;
static volatile uint8_t *registers;
static unsigned checks, failures;
static uint64_t random_state;

static void expect(bool ok, const char *what, uint64_t iova)
{
    checks++;
    if (ok)
        return;
    failures++;
    printf("CHECK edu: %s at %#llx\n", what, (unsigned long long)iova);
}

static uint64_t random_number(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void write_register(unsigned offset, uint64_t value)
{
    *(volatile uint64_t *)(registers + offset) = value;
}

/* `iova` to the device's buffer, or with `out` the other way. */
static void copy(uint64_t iova, unsigned bytes, bool out)
{
    write_register(SOURCE, out ? BUFFER : iova);
    write_register(TARGET, out ? iova : BUFFER);
    write_register(COUNT, bytes);
    write_register(COMMAND, START | (out ? FROM_DEVICE : 0));
    while (*(volatile uint64_t *)(registers + COMMAND) & START)
        usleep(1000);
}

static bool map(uint64_t iova, void *memory, uint64_t bytes, uint32_t rights)
{
    struct vfio_iommu_type1_dma_map request = {
        .argsz = sizeof(request), .flags = rights, .vaddr = (uintptr_t)memory, .iova = iova, .size = bytes};
    return ioctl(container, VFIO_IOMMU_MAP_DMA, &request) == 0;
}

static bool unmap(uint64_t iova, uint64_t bytes)
{
    struct vfio_iommu_type1_dma_unmap request = {.argsz = sizeof(request), .iova = iova, .size = bytes};

    return ioctl(container, VFIO_IOMMU_UNMAP_DMA, &request) == 0 && request.size == bytes;
}

static void die(const char *what)
{
    printf("CHECK edu FAILED: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void enable_bus_master(void)
{
    struct vfio_region_info config = {.argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX};
    uint16_t command;

    if (ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &config) ||
        pread(device, &command, 2, (off_t)config.offset + 4) != 2)
        die("configuration space");
    command |= 6;
    if (pwrite(device, &command, 2, (off_t)config.offset + 4) != 2)
        die("bus master");
}

static void open_device(const char *group_path, const char *name)
{
    struct vfio_region_info bar = {.argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX};
    int group = open(group_path, O_RDWR);

    container = open("/dev/vfio/vfio", O_RDWR);
    if (group < 0 || container < 0 || ioctl(group, VFIO_GROUP_SET_CONTAINER, &container) ||
        ioctl(container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
        die(group_path);
    device = ioctl(group, VFIO_GROUP_GET_DEVICE_FD, name);
    if (device < 0 || ioctl(device, VFIO_DEVICE_GET_REGION_INFO, &bar))
        die(name);
    registers = mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, device, (off_t)bar.offset);
    if (registers == MAP_FAILED)
        die("registers");
    enable_bus_master();
}

static uint8_t *pages(uint64_t bytes)
{
    uint8_t *memory =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    if (memory == MAP_FAILED)
        die("memory");
    return memory;
}

/* Whether the device can read the first bytes of `from` and write them to `to`. */
static bool carries(uint64_t from, uint64_t to, const uint8_t *seen, uint8_t mark)
{
    copy(from, CHUNK, false);
    copy(to, CHUNK, true);
    return seen[0] == mark && seen[CHUNK - 1] == mark;
}

static void test_rights(void)
{
    enum { READ_ONLY = 0x100000, WRITE_ONLY = 0x200000, BOTH = 0x300000, NOTHING = 0x400000 };
    uint8_t *memory = pages(3 * PAGE);

    memset(memory, 0x11, PAGE);
    if (!map(READ_ONLY, memory, PAGE, VFIO_DMA_MAP_FLAG_READ) ||
        !map(WRITE_ONLY, memory + PAGE, PAGE, VFIO_DMA_MAP_FLAG_WRITE) ||
        !map(BOTH, memory + 2 * PAGE, PAGE, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE))
        die("mapping");
    expect(carries(READ_ONLY, BOTH, memory + 2 * PAGE, 0x11), "what may be read and written is", BOTH);
    expect(carries(READ_ONLY, WRITE_ONLY, memory + PAGE, 0x11), "what may be written is", WRITE_ONLY);
    memset(memory, 0x22, PAGE);
    copy(BOTH, CHUNK, false);
    copy(READ_ONLY, CHUNK, true);
    expect(memory[0] == 0x22, "a page for reading was written", READ_ONLY);
    memset(memory + 2 * PAGE, 0x33, PAGE);
    expect(!carries(NOTHING, READ_ONLY, memory, 0x11), "a page that is not mapped was read", NOTHING);
    expect(unmap(READ_ONLY, PAGE) && unmap(WRITE_ONLY, PAGE) && unmap(BOTH, PAGE), "unmapping", 0);
    memset(memory, 0x44, 3 * PAGE);
    copy(BOTH, CHUNK, true);
    expect(memory[2 * PAGE] == 0x44, "a page was written after its unmapping", BOTH);
    munmap(memory, 3 * PAGE);
}

struct slot {
    uint64_t iova, bytes;
    uint8_t *memory;
    uint8_t mark;
};

static struct slot slots[SLOTS];

static void fill_slot(struct slot *slot)
{
    static const uint64_t bases[] = {0x10000000, UINT64_C(0x700000000), UINT64_C(0x4000000000),
                                     UINT64_C(0x7f0000000000)};
    unsigned index = (unsigned)(slot - slots);

    slot->bytes = (1 + random_number() % (random_number() % 4 ? 8 : MOST_PAGES)) * PAGE;
    slot->iova = bases[random_number() % 4] + (uint64_t)index * 0x800000 +
                 (random_number() % 2 ? 0 : random_number() % 64 * PAGE);
    slot->mark = (uint8_t)(1 + random_number() % 255);
    slot->memory = pages(slot->bytes);
    memset(slot->memory, slot->mark, slot->bytes);
    if (!map(slot->iova, slot->memory, slot->bytes, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)) {
        munmap(slot->memory, slot->bytes); /* beyond what the IOMMU's tables reach */
        slot->memory = NULL;
    }
}

static void use_slot(const struct slot *slot)
{
    uint64_t last = (slot->bytes / PAGE - 1) * PAGE, from = random_number() % (slot->bytes / PAGE) * PAGE;
    bool alone = from == last;

    memset(slot->memory + last, 0, CHUNK);
    copy(slot->iova + from, CHUNK, false);
    copy(slot->iova + last, CHUNK, true);
    expect(slot->memory[last] == (alone ? 0 : slot->mark), "a copy arrived", slot->iova + last);
    memset(slot->memory + last, slot->mark, CHUNK);
}

static void empty_slot(struct slot *slot)
{
    expect(unmap(slot->iova, slot->bytes), "unmapping", slot->iova);
    memset(slot->memory, slot->mark, CHUNK);
    registers[4] = 0; /* the device's inverter: something harmless between the unmapping and the access */
    copy(slot->iova, CHUNK, true);
    expect(slot->memory[0] == slot->mark && slot->memory[CHUNK - 1] == slot->mark,
           "memory was written after its unmapping", slot->iova);
    munmap(slot->memory, slot->bytes);
    slot->memory = NULL;
}

static void test_fuzz(uint64_t seed)
{
    random_state = seed;
    printf("FACT edu seed %llu\n", (unsigned long long)seed);
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct slot *slot = &slots[random_number() % SLOTS];
        if (!slot->memory)
            fill_slot(slot);
        else if (random_number() % 3 == 0)
            empty_slot(slot);
        else
            use_slot(slot);
    }
    for (struct slot *slot = slots; slot < slots + SLOTS; slot++)
        if (slot->memory)
            empty_slot(slot);
}

static void test_faults(void)
{
    for (unsigned i = 0; i < 4; i++) {
        copy(UINT64_C(0x1234567000) + (uint64_t)i * PAGE, 4, false);
        copy(UINT64_C(0x7654321000) + (uint64_t)i * PAGE, 4, true);
    }
    checks++;
}

int main(int argc, char **argv)
{
    if (argc < 4)
        return 2;
    setvbuf(stdout, NULL, _IONBF, 0);
    open_device(argv[1], argv[2]);
    if (!strcmp(argv[3], "rights"))
        test_rights();
    else if (!strcmp(argv[3], "fuzz"))
        test_fuzz(argc > 4 ? strtoull(argv[4], NULL, 0) : 1);
    else
        test_faults();
    printf("CHECK edu-%s %s (%u checks)\n", argv[3], failures ? "FAILED" : "ok", checks);
    return failures != 0;
}
