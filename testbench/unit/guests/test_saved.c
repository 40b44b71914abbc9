// SPDX-License-Identifier: Apache-2.0
/*
 * Saved states whose sum is right and whose contents are not: a restore refuses and has changed nothing, or
 * gives a device that works and can be saved again. And what a state must carry across.
 */
#include "amdvi/host.h"
#include "amdvi/inject.h"
#include "testbench/unit/guests/saved_busy.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void guest_refused(enum amdvi_status expected)
{
    enum amdvi_status status;

    saved_seal(&bad);
    status = amdvi_guest_restore(w.device, guest_id(B), bad.bytes, bad.size);
    ck_assert_str_eq(amdvi_status_text(status), amdvi_status_text(expected));
    saved_device(&after, w.device);
    ck_assert(saved_same(&before, &after));
    saved_guest(&bad, w.device, guest_id(C));
}

/* ---------------------------------------------------------------- what goes across */

/* COMPLETION_WAIT of the host and of the guest wait for what was under way before the move. */
START_TEST(unanswered_invalidations_move_along)
{
    struct world new;
    uint32_t host, guest;

    teardown();
    world_open(&w, NULL, true);
    world_open_bare(&new, NULL, true);
    host = host_invalidation(&w);
    guest = guest_invalidation(&w, A);
    saved_device(&good, w.device);
    memcpy(new.bytes, w.bytes, WORLD_BYTES);
    ck_assert_int_eq(amdvi_restore(new.device, good.bytes, good.size), AMDVI_OK);
    host_command(&new, UINT64_C(1) << 60 | H_STORE | 1, 0x77);
    guest_wait(&new, A, G_STORE, 0x88);
    ck_assert_uint_eq(get64(&new, H_STORE), 0);
    ck_assert_uint_eq(guest_get64(&new, A, G_STORE), 0);
    ck_assert_int_eq(amdvi_atc_complete(new.device, guest), AMDVI_OK);
    world_run(&new);
    ck_assert_uint_eq(guest_get64(&new, A, G_STORE), 0x88);
    ck_assert_uint_eq(get64(&new, H_STORE), 0);
    ck_assert_int_eq(amdvi_atc_complete(new.device, host), AMDVI_OK);
    world_run(&new);
    ck_assert_uint_eq(get64(&new, H_STORE), 0x77);
    world_close(&new);
}
END_TEST

/* Commands that a guest has handed over, and that were not begun before the move, are done at the new place
 * without another doorbell: the queue is entered again, whether the guest or the whole device was saved, and
 * without the dirty-status area, too (no private space: its device has no entry). */
START_TEST(commands_that_were_not_begun_are_done_at_the_new_place)
{
    uint64_t words[2];
    struct world new;
    bool has_work;

    teardown();
    world_open(&w, "caches=off", true);
    world_open(&new, "caches=off", true);
    wait_words(G_STORE, 0x99, words);
    guest_put_command(&w, A, 0, words[0], words[1]);
    ck_assert_int_eq(amdvi_vf_write(w.device, guest_id(A), VF_TAIL, 8, 16), AMDVI_OK);
    if (_i)
        saved_guest(&good, w.device, guest_id(A));
    else
        saved_device(&good, w.device);
    memcpy(new.bytes, w.bytes, WORLD_BYTES);
    if (_i == 2)
        world_dte(&new, OWN_DEVICE, (const uint64_t[4]){0});
    ck_assert_int_eq(_i ? amdvi_guest_restore(new.device, guest_id(A), good.bytes, good.size)
                        : amdvi_restore(new.device, good.bytes, good.size),
                     AMDVI_OK);
    ck_assert_uint_eq(guest_get64(&new, A, G_STORE), 0);
    ck_assert_int_eq(amdvi_has_work(new.device, &has_work), AMDVI_OK);
    ck_assert(has_work); /* a host that looks before it calls, calls */
    world_run(&new);
    ck_assert_uint_eq(guest_get64(&new, A, G_STORE), 0x99);
    ck_assert_uint_eq(vf_read(&new, A, VF_HEAD), 16);
    world_close(&new);
}
END_TEST

/* InvTimeOut is 1 s in the world's control register (2.4): the record comes at the new place (7.3). */
START_TEST(a_time_out_runs_on_at_the_new_place)
{
    enum { IOTLB_INV_TIMEOUT = 7, BEFORE = 600000000, REST = 400000000 };
    uint64_t tail;

    ck_assert_int_eq(amdvi_advance(w.device, BEFORE), AMDVI_OK);
    saved_device(&good, w.device);
    ck_assert_int_eq(amdvi_restore(w.device, good.bytes, good.size), AMDVI_OK);
    tail = reg_read(&w, R_EVT_TAIL);
    ck_assert_int_eq(amdvi_advance(w.device, REST - 1), AMDVI_OK);
    world_run(&w);
    ck_assert_uint_eq(reg_read(&w, R_EVT_TAIL), tail);
    ck_assert_int_eq(amdvi_advance(w.device, 1), AMDVI_OK);
    world_run(&w);
    ck_assert_uint_eq(reg_read(&w, R_EVT_TAIL), tail + 2 * 16);
    ck_assert_uint_eq(get64(&w, H_EVT + tail) >> 60, IOTLB_INV_TIMEOUT);
}
END_TEST

START_TEST(an_untouched_guest_is_saved_as_reset)
{
    saved_guest(&bad, w.device, 0x33);
    ck_assert_int_eq(amdvi_guest_restore(w.device, guest_id(C), bad.bytes, bad.size), AMDVI_OK);
    ck_assert_uint_eq(vfc_read(&w, C, VFC_CMD), 0);
    ck_assert_uint_eq(vf_read(&w, C, VF_STATUS), 0);
    guest_wait(&w, C, G_STORE, 1);
    ck_assert_uint_eq(guest_get64(&w, C, G_STORE), 0);
}
END_TEST

/* ---------------------------------------------------------------- one guest */

START_TEST(a_damaged_guest_is_refused)
{
    saved_guest(&bad, w.device, guest_id(C));
    saved_put(&bad, SAVED_HEADER, SAVED_STATE, 4);
    guest_refused(AMDVI_ERR_CORRUPT);
    saved_splice(&bad, bad.size - SAVED_SUM - 8, 8, 0);
    saved_put(&bad, SAVED_HEADER + 4, saved_get(&bad, SAVED_HEADER + 4, 8) - 8, 8);
    guest_refused(AMDVI_ERR_CORRUPT);
    saved_append(&bad, SAVED_GUEST, 0);
    guest_refused(AMDVI_ERR_CORRUPT);
    saved_splice(&bad, SAVED_HEADER, bad.size - SAVED_HEADER - SAVED_SUM, 0);
    guest_refused(AMDVI_ERR_CORRUPT);
    saved_put(&bad, 8, 9, 4);
    guest_refused(AMDVI_ERR_UNSUPPORTED);
}
END_TEST

START_TEST(a_guest_that_waits_for_a_device_is_not_replaced)
{
    saved_guest(&bad, w.device, guest_id(C));
    ck_assert_int_eq(amdvi_guest_restore(w.device, guest_id(A), bad.bytes, bad.size), AMDVI_ERR_BUSY);
    saved_device(&after, w.device);
    ck_assert(saved_same(&before, &after));
}
END_TEST

START_TEST(a_rejected_guest_id_takes_no_guest)
{
    teardown();
    world_open(&w, "viommu.reserved_guest_ids=rejected", true);
    saved_guest(&good, w.device, guest_id(A));
    ck_assert_int_eq(amdvi_guest_restore(w.device, 0, good.bytes, good.size), AMDVI_ERR_UNSUPPORTED);
    ck_assert_int_eq(amdvi_guest_restore(w.device, 0x8000, good.bytes, good.size), AMDVI_ERR_UNSUPPORTED);
    ck_assert_int_eq(amdvi_guest_restore(w.device, 0x7fff, good.bytes, good.size), AMDVI_OK);
}
END_TEST

/* ---------------------------------------------------------------- arguments */

START_TEST(null_arguments_are_refused)
{
    size_t size;

    ck_assert_int_eq(amdvi_save(NULL, NULL, 0, &size), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_save(w.device, NULL, 0, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_guest_save(NULL, 1, NULL, 0, &size), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_guest_save(w.device, 1, NULL, 0, NULL), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_restore(NULL, good.bytes, good.size), AMDVI_ERR_ARGUMENT);
    ck_assert_int_eq(amdvi_guest_restore(NULL, 1, good.bytes, good.size), AMDVI_ERR_ARGUMENT);
}
END_TEST

START_TEST(a_device_without_virtual_iommus_has_no_guests_to_move)
{
    size_t size;

    saved_guest(&bad, w.device, guest_id(C));
    teardown();
    world_open_bare(&w, "preset=legacy", true);
    ck_assert_int_eq(amdvi_guest_save(w.device, 1, NULL, 0, &size), AMDVI_ERR_UNSUPPORTED);
    ck_assert_int_eq(amdvi_guest_restore(w.device, 1, bad.bytes, bad.size), AMDVI_ERR_UNSUPPORTED);
    saved_device(&good, w.device);
    before = good;
    size = saved_length(&bad, SAVED_HEADER + SAVED_SECTION);
    bad = good;
    saved_append(&bad, SAVED_GUEST, size);
    refused(AMDVI_ERR_UNSUPPORTED);
}
END_TEST

/* ---------------------------------------------------------------- memory of the library */

struct heap {
    unsigned left; /* allocations that succeed */
};

static void *take(void *context, size_t bytes)
{
    struct heap *heap = context;

    return heap->left && heap->left-- ? malloc(bytes) : NULL;
}

static void give(void *context, void *block)
{
    ck_assert_ptr_nonnull(context);
    free(block);
}

static struct amdvi_device *device_on(struct heap *heap)
{
    struct amdvi_allocator allocator = {.context = heap, .allocate = take, .release = give};
    struct amdvi_memory memory = {.direct = w.bytes, .direct_size = WORLD_BYTES};
    struct amdvi_device *device;

    heap->left = UINT32_MAX;
    ck_assert_int_eq(amdvi_create(w.config, &memory, NULL, &allocator, &device), AMDVI_OK);
    return device;
}

/* Guests 6, 7 and 106h: two blocks of 256 and three guests; then the two unanswered invalidations and their
 * list. */
START_TEST(a_restore_without_memory_leaves_a_device_after_reset)
{
    struct heap heap;
    struct amdvi_device *device = device_on(&heap);

    saved_device(&before, device);
    ck_assert_int_eq(amdvi_mmio_write(device, 0x0, 8, H_DEVTAB | 7), AMDVI_OK);
    heap.left = (unsigned)_i;
    ck_assert_int_eq(amdvi_restore(device, good.bytes, good.size), AMDVI_ERR_NO_MEMORY);
    saved_device(&after, device);
    ck_assert(saved_same(&before, &after));
    heap.left = 8;
    ck_assert_int_eq(amdvi_restore(device, good.bytes, good.size), AMDVI_OK);
    saved_device(&after, device);
    ck_assert(saved_same(&good, &after));
    amdvi_destroy(device);
}
END_TEST

START_TEST(a_guest_needs_memory_to_be_restored)
{
    struct heap heap;
    struct amdvi_device *device = device_on(&heap);

    saved_device(&before, device);
    saved_guest(&good, w.device, guest_id(C));
    heap.left = (unsigned)_i;
    ck_assert_int_eq(amdvi_guest_restore(device, 9, good.bytes, good.size), AMDVI_ERR_NO_MEMORY);
    saved_device(&after, device);
    ck_assert(saved_same(&before, &after));
    amdvi_destroy(device);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("saved");
    TCase *tests = tcase_create("saved");

    tcase_set_timeout(tests, 120);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, unanswered_invalidations_move_along);
    tcase_add_loop_test(tests, commands_that_were_not_begun_are_done_at_the_new_place, 0, 3);
    tcase_add_test(tests, a_time_out_runs_on_at_the_new_place);
    tcase_add_test(tests, an_untouched_guest_is_saved_as_reset);
    tcase_add_test(tests, a_damaged_guest_is_refused);
    tcase_add_test(tests, a_guest_that_waits_for_a_device_is_not_replaced);
    tcase_add_test(tests, a_rejected_guest_id_takes_no_guest);
    tcase_add_test(tests, null_arguments_are_refused);
    tcase_add_test(tests, a_device_without_virtual_iommus_has_no_guests_to_move);
    tcase_add_loop_test(tests, a_restore_without_memory_leaves_a_device_after_reset, 0, 8);
    tcase_add_loop_test(tests, a_guest_needs_memory_to_be_restored, 0, 2);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
