// SPDX-License-Identifier: Apache-2.0
/* Configurations that cannot be: each is refused with a text that names the field. */
#include "testbench/platform/dma_device.h"
#include "testbench/unit/platform/suites.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzabcdef"

static const char *const long_key[] = {LETTERS LETTERS "=1", NULL};
static const char *const no_pair[] = {"preset", NULL}, *const no_key[] = {"nonsense=1", NULL},
                         *const no_value[] = {"ptc.ways=3", NULL};

static void spoil(struct machine_config *c, int what)
{
    switch (what) {
    case 0:
        c->ram[0].size = 0;
        break;
    case 1:
        c->ram[0].size = UINT64_C(4) << 30;
        break;
    case 2:
        c->iommus[0].keys = no_pair;
        break;
    case 3:
        c->iommus[0].keys = no_key;
        break;
    case 4:
        c->iommus[0].keys = no_value;
        break;
    case 5:
        c->iommus[0].registers = 0xfd040000;
        break;
    case 6:
        c->iommus[0].vf = 0xe001000000;
        break;
    case 7:
        c->iommus[0].vf_control = 0xe000000000;
        break;
    case 8:
        c->iommus[1] = c->iommus[0];
        c->iommus_count = 2;
        break;
    case 9:
        c->iommus[0].first = 9;
        c->iommus[0].last = 8;
        break;
    case 10:
        c->iommus_count = 9;
        break;
    case 11:
        c->ioapics_count = 9;
        break;
    case 12:
        c->pci_memory_bytes = 0x20001000;
        break;
    case 13:
        c->ioapics[0].base = 0xfd1ff000;
        break;
    case 14:
        c->iommus[0].last = 0x4003;
        c->iommus[1] = (struct machine_iommu){.device = 0x4002, .first = 0x4003, .last = 0x4003};
        c->iommus_count = 2;
        break;
    case 16:
        c->iommus[0].keys = long_key;
        break;
    case 15:
        c->iommus[1] = (struct machine_iommu){.device = 0x0002, .first = 0x0003, .last = 0x0003};
        c->iommus_count = 2;
        c->iommus[0].first = 0x0100;
        break;
    default:
        c->pci_memory = 0xf0000000;
        c->pci_memory_bytes = 0xe000000;
        break;
    }
}

static const char *const complaints[] = {
    "ram: 0 windows, 1 to 16 are possible",
    "pci_memory: overlaps RAM window 0",
    "iommus[0].keys: 'preset' is not key=value",
    "iommus[0].keys: 'nonsense=1': unknown configuration key",
    "iommus[0].keys: 'ptc.ways=3': value not legal for this key",
    "iommus[0].registers: not a multiple of its size",
    "iommus[0].vf: not a multiple of its size",
    "iommus[0].vf_control: overlaps iommus[0].vf",
    "iommus[1]: takes DeviceIDs of iommus[0]",
    "iommus[0].last: below first",
    "iommus_count: more than 8",
    "ioapics_count: more than 8",
    "pci_memory: not below 4 GiB",
    "iommus[0].registers: overlaps ioapics[0].base",
    "iommus[1]: takes DeviceIDs of iommus[0]",
    "iommus[1]: takes DeviceIDs of iommus[0]",
    "iommus[0].keys: '" LETTERS LETTERS "=1' is not key=value",
    "iommus[0].registers: overlaps pci_memory",
};

START_TEST(test_configurations_that_cannot_be)
{
    struct machine_config config;
    struct machine *machine = NULL;
    struct machine_error error = {""};

    machine_config_default(&config);
    spoil(&config, _i);
    ck_assert_int_ne(machine_create(&config, &machine, &error), AMDVI_OK);
    ck_assert_str_eq(error.text, complaints[_i]);
    ck_assert_ptr_null(machine);
    ck_assert_int_ne(machine_create(&config, &machine, NULL), AMDVI_OK);
}
END_TEST

START_TEST(test_null)
{
    struct machine_config config;
    struct machine *machine;

    machine_config_default(&config);
    ck_assert_int_eq(machine_create(NULL, &machine, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(machine_create(&config, NULL, NULL), AMDVI_ERR_ARGUMENT);
    machine_destroy(NULL);
}
END_TEST

START_TEST(test_bars_beyond_the_memory_for_them)
{
    struct machine *machine;
    struct machine_config config;
    const struct pcie_description what = {.devfn = 8, .bar = {{.bytes = 0x2000}}};

    machine_config_default(&config);
    config.pci_memory_bytes = 0x1000;
    ck_assert_int_eq(machine_create(&config, &machine, NULL), AMDVI_OK);
    ck_assert_ptr_nonnull(dma_device_create(machine, &what, NULL));
    ck_assert_int_eq(machine_power_on(machine), AMDVI_ERR_TOO_SMALL);
    machine_destroy(machine);
}
END_TEST

Suite *configurations_suite(void)
{
    Suite *suite = suite_create("configurations");
    TCase *tc = tcase_create("refused");

    tcase_add_loop_test(tc, test_configurations_that_cannot_be, 0, 18);
    tcase_add_test(tc, test_null);
    tcase_add_test(tc, test_bars_beyond_the_memory_for_them);
    suite_add_tcase(suite, tc);
    return suite;
}
