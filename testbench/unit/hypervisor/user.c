// SPDX-License-Identifier: Apache-2.0
#include "user.h"

#include <check.h>

enum { TABLES = 8 /* page of guest memory that they begin at */ };

/* A parent with all of the guest's memory. */
static void give_memory(struct user *user, struct bench *bench)
{
    const uint64_t bytes = USER_PAGES * HV_PAGE;

    ck_assert_int_eq(hv_fd_parent_alloc(user->fd, user->device, &user->parent), HV_OK);
    user->ram = hv_memory_take(bench->memory, bytes, HV_PAGE);
    ck_assert_int_eq(
        hv_fd_map(user->fd, user->parent, BENCH_GPA, user->ram, bytes, HV_READ | HV_WRITE, HV_PAGE), HV_OK);
}

void user_start(struct user *user, struct bench *bench, uint16_t device, enum hv_viommu_type type)
{
    bench_machine(bench, NULL, NULL);
    bench_start(bench);
    ck_assert_int_eq(hv_fd_create(1, &user->fd), HV_OK);
    ck_assert_int_eq(hv_fd_bind(user->fd, bench->driver, device, &user->device), HV_OK);
    give_memory(user, bench);
    user->alloc = (struct hv_viommu_alloc){.device = user->device, .parent = user->parent, .type = type};
    ck_assert_int_eq(hv_fd_viommu_alloc(user->fd, &user->alloc), HV_OK);
    user->viommu = user->alloc.viommu;
    ck_assert_int_eq(hv_fd_vdevice_alloc(user->fd, user->viommu, user->device, USER_GDEV, &user->vdevice),
                     HV_OK);
    bench_guest_tables(bench, user->ram, TABLES, USER_GVA, BENCH_GPA + USER_PAGE, USER_GDOM, user->entry);
}

void user_end(struct user *user, struct bench *bench)
{
    hv_fd_close(user->fd);
    bench_free(bench);
}
