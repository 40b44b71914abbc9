// SPDX-License-Identifier: GPL-2.0-only
/*
 * A machine by chance, whose debugfs is the driver's own debugfs.c: writes the texts into files, and on
 * standard output what the machine holds, so that an importer can be held against it. debugfs-machine SEED
 * FOLDER
 */
#include "driver.h"

#include <sys/stat.h>

enum { DEVICES = 64, MMIO_BYTES = 0x4000, FILES = 8, IRTES = 512, CAPABILITY = 0x40 };

struct dentry *iommu_debugfs_dir;
struct amd_iommu the_iommu;
struct amd_iommu_pci_seg the_segment;
int amd_iommu_guest_ir, irq_remapping_enabled = 1;

static struct created {
    char name[32];
    void *data;
    const struct file_operations *operations;
} created[FILES];
static unsigned files;
static u64 state;

static u64 chance(void)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state * 0x2545f4914f6cdd1d;
}

/* ------------------------------------------------------------------ what the driver asks for */

struct dentry *debugfs_create_dir(const char *name, struct dentry *parent)
{
    struct dentry *folder = malloc(sizeof(*folder));

    (void)parent;
    if (!folder)
        exit(2);
    folder->path = strncmp(name, "iommu", 5) ? "" : strdup(name);
    return folder;
}

void debugfs_create_file(const char *name, int mode, struct dentry *parent, void *data,
                         const struct file_operations *operations)
{
    (void)mode, (void)parent;
    if (files == FILES)
        exit(2);
    snprintf(created[files].name, sizeof(created[files].name), "%s", name);
    created[files].data = data;
    created[files++].operations = operations;
}

int pci_read_config_dword(const struct pci_dev *device, int place, u32 *value)
{
    *value = device->config[place / 4 % 64];
    return 0;
}

/* ------------------------------------------------------------------ the machine */

static void make_device(u16 device, struct irq_remap_table **tables)
{
    u64 *words = the_iommu.dev_table[device].data;
    bool long_table = chance() & 1;
    struct irq_remap_table *table = calloc(1, sizeof(*table));

    words[0] = 3 | 1 << 9 | (chance() & 0xffffff) << 12 | 3ULL << 61;
    words[1] = chance() & 0xffff;
    words[2] =
        1 | (long_table ? DTE_INTTABLEN_2K : DTE_INTTABLEN_512) | (0x100ULL + device) << 20 | 2ULL << 60;
    the_segment.rlookup_table[device] = &the_iommu;
    if (!table || !(table->table = calloc(2048, 16)))
        exit(2);
    tables[device] = table;
    for (unsigned i = 0; i < 6; i++) {
        u64 index = chance() % IRTES;
        if (amd_iommu_guest_ir) {
            u64 entry[2] = {(chance() & ~1ULL) | (chance() & 1), chance()};
            memcpy(table->table + index * 4, entry, 16);
        } else {
            table->table[index] = (u32)chance();
        }
    }
}

static void make_machine(void)
{
    static struct pci_dev function;
    static struct amd_iommu *units[DEVICES];
    static struct irq_remap_table *tables[DEVICES];

    amd_iommu_guest_ir = chance() % 3;
    the_iommu = (struct amd_iommu){.mmio_phys_end = MMIO_BYTES,
                                   .dev = &function,
                                   .cap_ptr = CAPABILITY,
                                   .mmio_base = calloc(1, MMIO_BYTES + 8),
                                   .cmd_buf = calloc(CMD_BUFFER_ENTRIES, 16),
                                   .dev_table = calloc(DEVICES, sizeof(struct dev_table_entry))};
    the_segment = (struct amd_iommu_pci_seg){
        .last_bdf = DEVICES - 1, .rlookup_table = units, .irq_lookup_table = tables};
    if (!the_iommu.mmio_base || !the_iommu.cmd_buf || !the_iommu.dev_table)
        exit(2);
    for (unsigned i = 0; i < 8; i++) {
        u64 value = chance() & 0xffffffffff000;
        memcpy(the_iommu.mmio_base + 8 * i, &value, 8);
        function.config[CAPABILITY / 4 + i] = (u32)chance();
    }
    for (unsigned i = 0; i < 2; i++) {
        u64 value = chance() & 0x1ff0;
        memcpy(the_iommu.mmio_base + 0x2000 + 8 * i, &value, 8);
    }
    for (unsigned i = 0; i < CMD_BUFFER_ENTRIES * 2; i++) {
        u64 value = chance();
        memcpy(the_iommu.cmd_buf + 8 * i, &value, 8);
    }
    for (unsigned i = 0; i < 5; i++)
        make_device((u16)(chance() % DEVICES), tables);
}

/* ------------------------------------------------------------------ reading it */

static void ask(const char *name, const char *question, FILE *out)
{
    for (unsigned i = 0; i < files; i++) {
        struct seq_file seq = {created[i].data, out};
        struct file file = {&seq};
        loff_t place = 0;
        if (strcmp(created[i].name, name))
            continue;
        if (question && created[i].operations->write(&file, question, strlen(question), &place) < 0)
            exit(2);
        if (out)
            created[i].operations->show(&seq, NULL);
    }
}

static FILE *open_in(const char *folder, const char *name)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "w");
    if (!file)
        exit(2);
    return file;
}

static void dump_unit(const char *folder)
{
    FILE *mmio, *capability, *ring;
    char question[16], path[4096];

    snprintf(path, sizeof(path), "%s/iommu00", folder);
    mkdir(path, 0755);
    mmio = open_in(path, "mmio"), capability = open_in(path, "capability"), ring = open_in(path, "cmdbuf");
    ask("mmio", NULL, mmio);
    for (unsigned offset = 0; offset <= 0x38; offset += 8) {
        snprintf(question, sizeof(question), "0x%x", offset);
        ask("mmio", question, mmio);
        printf("register 0x%x 0x%llx\n", offset, (unsigned long long)readq(the_iommu.mmio_base + offset));
    }
    for (unsigned offset = 0; offset <= 0x14; offset += 4) {
        snprintf(question, sizeof(question), "%u", offset);
        ask("capability", question, capability);
        printf("capability 0x%x 0x%x\n", offset, the_iommu.dev->config[(CAPABILITY + offset) / 4]);
    }
    ask("cmdbuf", NULL, ring);
    fclose(mmio), fclose(capability), fclose(ring);
}

static void tell_device(u16 device)
{
    const u64 *words = the_iommu.dev_table[device].data;
    const u32 *table = the_segment.irq_lookup_table[device]->table;

    printf("entry %u 0x%016llx%016llx%016llx%016llx\n", device, (unsigned long long)words[3],
           (unsigned long long)words[2], (unsigned long long)words[1], (unsigned long long)words[0]);
    for (unsigned i = 0; i < IRTES; i++) {
        const u64 *wide = (const u64 *)(const void *)table + 2 * i;
        if (amd_iommu_guest_ir && wide[0] & 1)
            printf("interrupt %u %u 0x%016llx%016llx\n", device, i, (unsigned long long)wide[1],
                   (unsigned long long)wide[0]);
        else if (!amd_iommu_guest_ir && table[i] & 1)
            printf("interrupt %u %u 0x%08x\n", device, i, table[i]);
    }
}

static void dump_devices(const char *folder)
{
    FILE *entries = open_in(folder, "devtbl"), *interrupts = open_in(folder, "irqtbl");
    char question[32];

    ask("devtbl", NULL, entries);
    for (u16 device = 0; device < DEVICES; device++) {
        if (!the_segment.rlookup_table[device])
            continue;
        snprintf(question, sizeof(question), "%04x:%02x:%02x.%x", 0, PCI_BUS_NUM(device), PCI_SLOT(device),
                 PCI_FUNC(device));
        ask("devid", question, NULL);
        ask("devtbl", NULL, entries);
        ask("irqtbl", NULL, interrupts);
        tell_device(device);
    }
    fclose(entries), fclose(interrupts);
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    state = strtoull(argv[1], NULL, 0) * 0x9e3779b97f4a7c15 + 1;
    for (unsigned i = 0; i < 16; i++)
        chance();
    make_machine();
    amd_iommu_debugfs_setup();
    mkdir(argv[2], 0755);
    printf("head %llu\ntail %llu\n", (unsigned long long)readq(the_iommu.mmio_base + 0x2000) >> 4,
           (unsigned long long)readq(the_iommu.mmio_base + 0x2008) >> 4);
    for (unsigned i = 0; i < CMD_BUFFER_ENTRIES; i++) {
        printf("command %u ", i);
        for (unsigned byte = 0; byte < 16; byte++)
            printf("%02x", the_iommu.cmd_buf[16 * i + byte]);
        putchar('\n');
    }
    dump_unit(argv[2]);
    dump_devices(argv[2]);
    return 0;
}
