// SPDX-License-Identifier: Apache-2.0
/* Interface (b): each call but those of event queues with its success and every error that its description
 * names (viommu 9.4). */
#include "run.h"
#include "user.h"

#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "tables/layout.h"
#include "testbench/hypervisor/internal.h"

#include <string.h>

enum { SLOTS = 12 };

static struct bench b;
static struct user u;
static const uint64_t gva = USER_GVA;

static void setup(void)
{
    user_start(&u, &b, BENCH_DEVICE, HV_VIOMMU_AMD);
}

static void teardown(void)
{
    user_end(&u, &b);
}

START_TEST(a_guest_runs_on_its_objects)
{
    struct hv_queue_alloc queue = {
        .viommu = u.viommu, .gpa = BENCH_GPA, .length = 8, .flags = HV_QUEUE_ENABLE};
    uint64_t words[2] = {0};
    struct hv_vf_page page;
    hv_handle nested;

    ck_assert_uint_eq(u.alloc.vf_offset, HV_PAGE);
    ck_assert_int_eq(hv_fd_vf_page(u.fd, u.viommu, u.alloc.vf_offset, &page), HV_OK);
    ck_assert_int_eq(hv_fd_queue_alloc(u.fd, &queue), HV_OK);
    ck_assert_int_eq(hv_fd_nested_alloc(u.fd, u.viommu, u.entry, &nested), HV_OK);
    ck_assert(!bench_read(&b, BENCH_DEVICE, gva).ok);
    ck_assert_int_eq(hv_fd_attach(u.fd, u.device, nested), HV_OK);
    ck_assert_uint_eq(bench_read(&b, BENCH_DEVICE, gva).pa, u.ram + USER_PAGE);
    cmd_set_opcode(words, CMD_COMPLETION_WAIT);
    cmd_completion_wait_set_s(words, 1);
    cmd_completion_wait_set_address(words, BENCH_GPA + HV_PAGE);
    cmd_completion_wait_set_data(words, 77);
    hv_memory_set(b.memory, u.ram, words[0]);
    hv_memory_set(b.memory, u.ram + 8, words[1]);
    ck_assert_int_eq(amdvi_vf_write(page.device, page.guest_id, VF_CMD_TAIL_OFFSET, 8, 16), AMDVI_OK);
    ck_assert_int_eq(amdvi_run(page.device), AMDVI_OK);
    ck_assert_uint_eq(hv_memory_get(b.memory, u.ram + HV_PAGE), 77);
}
END_TEST

/* Everything that can be seen of the device and of its memory. */
static uint64_t fingerprint(void)
{
    uint64_t hash = 0, value;
    struct amdvi_statistics statistics;
    struct amdvi_cache_line line;
    const uint8_t *bytes = hv_memory_at(b.memory, BENCH_BASE, BENCH_RAM);

    for (uint64_t i = 0; i < BENCH_RAM; i += 8) {
        memcpy(&value, bytes + i, 8);
        hash = (hash ^ value) * UINT64_C(0x100000001b3);
    }
    for (uint64_t at = 0; at < 0x4000; at += 8)
        hash = (hash ^ bench_register(&b, at)) * UINT64_C(0x100000001b3);
    for (unsigned at = 0; at < 64; at += 8) {
        ck_assert_int_eq(amdvi_vfc_read(b.device, 1, at, 8, &value), AMDVI_OK);
        hash = (hash ^ value) * UINT64_C(0x100000001b3);
    }
    for (unsigned cache = 0; cache < AMDVI_CACHES; cache++)
        for (uint32_t at = 0; !amdvi_inspect_cache(b.device, (enum amdvi_cache)cache, &at, &line);)
            hash = (hash ^ line.address ^ line.target) * UINT64_C(0x100000001b3);
    ck_assert_int_eq(amdvi_get_statistics(b.device, &statistics), AMDVI_OK);
    return hash ^ statistics.commands;
}

START_TEST(allocating_a_nested_table_touches_nothing)
{
    uint64_t before = fingerprint();
    hv_handle nested;

    ck_assert_int_eq(hv_fd_nested_alloc(u.fd, u.viommu, u.entry, &nested), HV_OK);
    ck_assert_uint_eq(fingerprint(), before);
}
END_TEST

START_TEST(equal_entries_share_tables_and_equal_numbers_share_domains)
{
    hv_handle a, c, d;
    uint64_t other[4];

    memcpy(other, u.entry, sizeof(other));
    dte_set_glx(other, 1);
    ck_assert_int_eq(hv_fd_nested_share(u.fd, u.viommu, u.entry, &a), HV_OK);
    ck_assert_int_eq(hv_fd_nested_share(u.fd, u.viommu, u.entry, &c), HV_OK);
    ck_assert_int_eq(hv_fd_nested_share(u.fd, u.viommu, other, &d), HV_OK);
    ck_assert(a == c && a != d);
    ck_assert_int_eq(hv_fd_destroy_object(u.fd, a), HV_OK);
    ck_assert_int_eq(hv_fd_attach(u.fd, u.device, a), HV_OK);
    ck_assert_int_eq(hv_fd_destroy_object(u.fd, a), HV_OK);
    ck_assert_int_eq(hv_fd_destroy_object(u.fd, a), HV_ERR_NO_OBJECT);
    ck_assert_uint_eq(bench_read(&b, BENCH_DEVICE, gva).pa, u.ram + USER_PAGE); /* the attachment holds it */
}
END_TEST

static uint16_t mapped_domain(void)
{
    uint16_t id;

    ck_assert(hv_guest_domain(b.driver->guests, USER_GDOM, &id));
    return id;
}

/* The map and the number of a guest domain go with its last table, and with them all that was cached. */
START_TEST(domains_that_go_leave_nothing)
{
    uint64_t place = u.ram + (8 + 4) * HV_PAGE + (gva >> 12 & 511) * 8;
    uint16_t none = mapped_domain(), first;
    hv_handle nested;

    ck_assert_int_eq(hv_fd_nested_alloc(u.fd, u.viommu, u.entry, &nested), HV_OK);
    ck_assert_uint_eq(mapped_domain(), none); /* from the attachment on */
    ck_assert_int_eq(hv_fd_attach(u.fd, u.device, nested), HV_OK);
    first = mapped_domain();
    ck_assert_uint_ne(first, none);
    ck_assert_uint_eq(bench_read(&b, BENCH_DEVICE, gva).pa, u.ram + USER_PAGE);
    ck_assert_int_eq(hv_fd_destroy_object(u.fd, nested), HV_OK);
    ck_assert_uint_eq(mapped_domain(), first); /* attached still */
    ck_assert_int_eq(hv_fd_detach(u.fd, u.device), HV_OK);
    ck_assert_uint_eq(mapped_domain(), none);
    hv_memory_set(b.memory, place, v2_set_addr(hv_memory_get(b.memory, place), BENCH_GPA + 33 * HV_PAGE));
    ck_assert_int_eq(hv_fd_nested_alloc(u.fd, u.viommu, u.entry, &nested), HV_OK);
    ck_assert_int_eq(hv_fd_attach(u.fd, u.device, nested), HV_OK);
    ck_assert_uint_eq(mapped_domain(), first); /* the same number again, */
    ck_assert_uint_eq(bench_read(&b, BENCH_DEVICE, gva).pa,
                      u.ram + 33 * HV_PAGE); /* and nothing of its past */
}
END_TEST

START_TEST(software_invalidations_are_exact)
{
    uint64_t commands[2][2] = {{0}}, place = u.ram + (8 + 4) * HV_PAGE + (gva >> 12 & 511) * 8;
    hv_handle nested;
    unsigned done;

    ck_assert_int_eq(hv_fd_nested_alloc(u.fd, u.viommu, u.entry, &nested), HV_OK);
    ck_assert_int_eq(hv_fd_attach(u.fd, u.device, nested), HV_OK);
    ck_assert(bench_read(&b, BENCH_DEVICE, gva).ok);
    hv_memory_set(b.memory, place, v2_set_addr(hv_memory_get(b.memory, place), BENCH_GPA + 33 * HV_PAGE));
    ck_assert_uint_eq(bench_read(&b, BENCH_DEVICE, gva).pa, u.ram + USER_PAGE); /* really stale */
    cmd_set_opcode(commands[0], CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(commands[0], USER_GDOM);
    cmd_inv_pages_set_gn(commands[0], 1);
    cmd_inv_pages_set_address(commands[0], gva);
    cmd_set_opcode(commands[1], CMD_RESET_VMMIO);
    ck_assert_int_eq(hv_fd_invalidate(u.fd, u.viommu, commands, 2, &done), HV_ERR_COMMAND);
    ck_assert_uint_eq(done, 1);
    ck_assert_uint_eq(bench_read(&b, BENCH_DEVICE, gva).pa, u.ram + 33 * HV_PAGE);
    ck_assert_int_eq(hv_fd_invalidate(u.fd, nested, commands, 1, &done), HV_OK);
    cmd_inv_pages_set_domainid(commands[0], USER_GDOM + 1);
    ck_assert_int_eq(hv_fd_invalidate(u.fd, nested, commands, 1, &done), HV_ERR_COMMAND);
    ck_assert_int_eq(hv_fd_invalidate(u.fd, u.device, commands, 1, &done), HV_ERR_NO_OBJECT);
    ck_assert_int_eq(hv_fd_invalidate(u.fd, u.viommu, NULL, 1, &done), HV_ERR_ARGUMENT);
}
END_TEST

START_TEST(wrong_devices_and_orders_are_refused)
{
    hv_handle other, nested, second, vdev2, none;
    struct hv_viommu_alloc more = u.alloc;

    ck_assert_int_eq(hv_fd_bind(u.fd, b.driver, BENCH_DEVICE, &none), HV_ERR_BUSY);
    ck_assert_int_eq(hv_fd_bind(u.fd, b.driver, 0x777, &none), HV_ERR_NO_OBJECT);
    ck_assert_int_eq(hv_fd_bind(u.fd, b.driver, BENCH_OTHER, &other), HV_OK);
    ck_assert_int_eq(hv_fd_nested_alloc(u.fd, u.viommu, u.entry, &nested), HV_OK);
    ck_assert_int_eq(hv_fd_attach(u.fd, other, nested), HV_ERR_ORDER);
    ck_assert_int_eq(hv_fd_detach(u.fd, other), HV_ERR_ORDER);
    ck_assert_int_eq(hv_fd_vdevice_alloc(u.fd, u.viommu, other, USER_GDEV, &vdev2), HV_ERR_EXISTS);
    ck_assert_int_eq(hv_fd_vdevice_alloc(u.fd, u.viommu, u.device, USER_GDEV + 1, &vdev2), HV_ERR_EXISTS);
    ck_assert_int_eq(hv_fd_vdevice_alloc(u.fd, u.viommu, other, 0x10000, &vdev2), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_fd_vdevice_alloc(u.fd, u.parent, other, 1, &vdev2), HV_ERR_NO_OBJECT);
    more.type = HV_VIOMMU_MEDIATED;
    ck_assert_int_eq(hv_fd_viommu_alloc(u.fd, &more), HV_OK);
    second = more.viommu;
    ck_assert_int_eq(hv_fd_vdevice_alloc(u.fd, second, other, USER_GDEV, &vdev2), HV_OK);
    ck_assert_int_eq(hv_fd_attach(u.fd, other, nested), HV_ERR_FOREIGN);
    ck_assert_int_eq(hv_fd_attach(u.fd, other, u.parent), HV_OK);
    ck_assert_uint_eq(bench_read(&b, BENCH_OTHER, BENCH_GPA).pa, u.ram);
    ck_assert_int_eq(hv_fd_attach(u.fd, other, u.vdevice), HV_ERR_NO_OBJECT);
    more.parent = u.device;
    ck_assert_int_eq(hv_fd_viommu_alloc(u.fd, &more), HV_ERR_NO_OBJECT);
    more.type = (enum hv_viommu_type)1;
    ck_assert_int_eq(hv_fd_viommu_alloc(u.fd, &more), HV_ERR_ARGUMENT);
}
END_TEST

START_TEST(queues_say_what_is_wrong)
{
    struct hv_queue_alloc good = {.viommu = u.viommu, .type = HV_QUEUE_EVT, .gpa = BENCH_GPA, .length = 8}, q;
    struct hv_vf_page page;

#define REFUSED(change, status)                                                                              \
    q = good;                                                                                                \
    change;                                                                                                  \
    ck_assert_int_eq(hv_fd_queue_alloc(u.fd, &q), status)
    REFUSED(q.gpa = BENCH_GPA + 8, HV_ERR_ARGUMENT);
    REFUSED(q.length = 7, HV_ERR_ARGUMENT);
    REFUSED(q.length = 16, HV_ERR_ARGUMENT);
    REFUSED(q.flags = HV_QUEUE_PPR_AUTO, HV_ERR_ARGUMENT);
    REFUSED(q.type = HV_QUEUE_TYPES, HV_ERR_ARGUMENT);
    REFUSED(q.index = 1, HV_ERR_UNSUPPORTED);
    REFUSED(q.length = 15, HV_ERR_UNMAPPED);
    REFUSED(q.gpa = 0, HV_ERR_UNMAPPED);
    REFUSED(q.viommu = u.parent, HV_ERR_NO_OBJECT);
    REFUSED((void)q, HV_OK);
    REFUSED((void)q, HV_ERR_EXISTS);
#undef REFUSED
    ck_assert_int_eq(hv_fd_vf_page(u.fd, u.viommu, 0, &page), HV_ERR_ARGUMENT);
}
END_TEST

/* A queue that changes is not disabled on the way; one that cannot change stays what it was. */
START_TEST(queues_change_in_place)
{
    struct hv_queue_alloc good = {.viommu = u.viommu,
                                  .gpa = BENCH_GPA,
                                  .length = 8,
                                  .flags = HV_QUEUE_ENABLE},
                          q;
    uint64_t value;

    ck_assert_int_eq(hv_fd_queue_alloc(u.fd, &good), HV_OK);
    q = good;
    q.flags |= HV_QUEUE_INTERRUPT;
    q.gpa += HV_PAGE;
    ck_assert_int_eq(hv_fd_queue_change(u.fd, &q), HV_OK);
    ck_assert_int_eq(amdvi_vfc_read(b.device, 1, VFC_CMD_CONTROL_OFFSET, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(vfc_cmd_control_base(value), BENCH_GPA + HV_PAGE);
    ck_assert(vfc_cmd_control_cmdbufen(value) && vfc_cmd_control_comwaitinten(value));
    q.gpa = 0;
    ck_assert_int_eq(hv_fd_queue_change(u.fd, &q), HV_ERR_UNMAPPED);
    q.gpa = BENCH_GPA + 8;
    ck_assert_int_eq(hv_fd_queue_change(u.fd, &q), HV_ERR_ARGUMENT);
    q.type = HV_QUEUE_EVT;
    ck_assert_int_eq(hv_fd_queue_change(u.fd, &q), HV_ERR_ARGUMENT);
    q.queue = u.viommu;
    ck_assert_int_eq(hv_fd_queue_change(u.fd, &q), HV_ERR_NO_OBJECT);
    ck_assert_int_eq(hv_fd_queue_change(u.fd, NULL), HV_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_vfc_read(b.device, 1, VFC_CMD_CONTROL_OFFSET, 8, &value), AMDVI_OK);
    ck_assert_uint_eq(vfc_cmd_control_base(value), BENCH_GPA + HV_PAGE);
    ck_assert_int_eq(hv_fd_destroy_object(u.fd, good.queue), HV_OK);
    ck_assert_int_eq(hv_fd_queue_change(u.fd, &good), HV_ERR_NO_OBJECT);
}
END_TEST

START_TEST(mediated_ones_have_no_hardware)
{
    struct hv_viommu_alloc more = u.alloc;
    struct hv_queue_alloc queue = {.gpa = BENCH_GPA, .length = 8};
    struct hv_interrupt interrupt = {.valid = true, .vector = 0x41};
    struct hv_vf_page page;

    more.type = HV_VIOMMU_MEDIATED;
    ck_assert_int_eq(hv_fd_viommu_alloc(u.fd, &more), HV_OK);
    ck_assert_uint_eq(more.vf_offset, 0);
    queue.viommu = more.viommu;
    ck_assert_int_eq(hv_fd_queue_alloc(u.fd, &queue), HV_ERR_UNSUPPORTED);
    ck_assert_int_eq(hv_fd_vf_page(u.fd, more.viommu, 0, &page), HV_ERR_UNSUPPORTED);
    ck_assert_int_eq(hv_fd_interrupt(u.fd, more.viommu, HV_INTERRUPT_EVENT, &interrupt), HV_ERR_UNSUPPORTED);
    ck_assert_int_eq(hv_fd_interrupt(u.fd, u.viommu, HV_INTERRUPT_EVENT, &interrupt), HV_OK);
    ck_assert_int_eq(hv_fd_interrupt(u.fd, u.viommu, (enum hv_interrupt_type)2, &interrupt), HV_ERR_ARGUMENT);
}
END_TEST

START_TEST(handles_are_not_mistaken)
{
    struct hv_fd *two, *none;
    hv_handle again;

    ck_assert_int_eq(hv_fd_create(64, &none), HV_ERR_ARGUMENT);
    ck_assert_int_eq(hv_fd_create(2, &two), HV_OK);
    ck_assert_int_eq(hv_fd_destroy_object(two, u.device), HV_ERR_NO_OBJECT);
    ck_assert_int_eq(hv_fd_parent_alloc(two, u.device, &again), HV_ERR_NO_OBJECT);
    ck_assert_int_eq(hv_fd_destroy_object(u.fd, u.vdevice), HV_OK);
    ck_assert_int_eq(hv_fd_destroy_object(u.fd, u.vdevice), HV_ERR_NO_OBJECT);
    ck_assert_int_eq(hv_fd_vdevice_alloc(u.fd, u.viommu, u.device, USER_GDEV, &again), HV_OK);
    ck_assert_uint_ne(again, u.vdevice); /* same slot, next generation */
    ck_assert_int_eq(hv_fd_destroy_object(u.fd, 0), HV_ERR_NO_OBJECT);
    hv_fd_close(two);
}
END_TEST

static uint32_t seed;

static uint32_t any(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

/* Makes whatever can be made from what lives, and destroys in any order. */
START_TEST(any_order_of_making_and_destroying)
{
    hv_handle h[SLOTS] = {0};
    uint64_t used = hv_memory_used(b.memory), e[4];
    struct hv_fd *many;

    seed = 7;
    ck_assert_int_eq(hv_fd_create(3, &many), HV_OK);
    for (unsigned i = 0; i < 2000; i++) {
        unsigned n = any(SLOTS), kind = any(13);
        hv_handle p = h[any(SLOTS)], q = h[any(SLOTS)], made = 0;
        struct hv_viommu_alloc a = {
            .device = p, .parent = q, .type = any(8) ? HV_VIOMMU_MEDIATED : HV_VIOMMU_AMD};
        struct hv_queue_alloc c = {
            .viommu = p, .gpa = BENCH_GPA, .length = 8, .type = (enum hv_queue_type)any(3)};
        unsigned done;

        memcpy(e, u.entry, sizeof(e));
        dte_set_domainid(e, any(4));
        switch (kind) {
        case 0:
            hv_fd_bind(many, b.driver, BENCH_OTHER, &made);
            break;
        case 1:
            if (!hv_fd_parent_alloc(many, p, &made))
                hv_fd_map(many, made, BENCH_GPA, u.ram, USER_PAGES * HV_PAGE, HV_READ | HV_WRITE, HV_PAGE);
            break;
        case 2:
        case 3:
            made = hv_fd_viommu_alloc(many, &a) ? 0 : a.viommu;
            break;
        case 4:
            hv_fd_vdevice_alloc(many, p, q, any(3), &made);
            break;
        case 5:
            made = hv_fd_queue_alloc(many, &c) ? 0 : c.queue;
            break;
        case 6:
        case 7:
            (kind == 6 ? hv_fd_nested_alloc : hv_fd_nested_share)(many, p, e, &made);
            break;
        case 8:
        case 9:
            hv_fd_attach(many, p, q);
            break;
        case 10:
            hv_fd_detach(many, p);
            break;
        case 11:
            hv_fd_eventq_alloc(many, p, AMDVI_LOG_PPR, 4, &made);
            hv_fd_invalidate(many, q, NULL, 0, &done);
            break;
        default:
            hv_fd_destroy_object(many, p);
        }
        bench_read(&b, BENCH_OTHER, gva);
        if (made && h[n])
            hv_fd_destroy_object(many, h[n]);
        if (made)
            h[n] = made;
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        hv_handle t = h[any(SLOTS)];
        while (t && !hv_fd_destroy_object(many, t))
            ;
    }
    for (unsigned i = 0; i < SLOTS; i++)
        while (!hv_fd_destroy_object(many, h[i]))
            ;
    ck_assert_uint_eq(hv_fd_objects(many), 0);
    hv_fd_close(many);
    ck_assert_uint_eq(hv_memory_used(b.memory), used);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("iommufd");

    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, a_guest_runs_on_its_objects);
    tcase_add_test(tcase, allocating_a_nested_table_touches_nothing);
    tcase_add_test(tcase, equal_entries_share_tables_and_equal_numbers_share_domains);
    tcase_add_test(tcase, domains_that_go_leave_nothing);
    tcase_add_test(tcase, software_invalidations_are_exact);
    tcase_add_test(tcase, wrong_devices_and_orders_are_refused);
    tcase_add_test(tcase, queues_say_what_is_wrong);
    tcase_add_test(tcase, queues_change_in_place);
    tcase_add_test(tcase, mediated_ones_have_no_hardware);
    tcase_add_test(tcase, handles_are_not_mistaken);
    tcase_add_test(tcase, any_order_of_making_and_destroying);
    return run_tests(tcase);
}
