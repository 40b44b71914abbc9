// SPDX-License-Identifier: Apache-2.0
/* `amdvi bench`: what many guests cost. */
#include "cli/bench.h"

struct json_object *guests_json(const struct bench_crowd *r)
{
    struct json_object *object = json_object_new_object();

    json_put_count(object, "guests", r->guests);
    json_put_count(object, "active_guests", r->active);
    if (r->driver_us > 0)
        json_put_real(object, "create_by_registers_us_per_guest", r->driver_us);
    else
        json_object_object_add(object, "create_by_registers_us_per_guest", NULL);
    json_put_real(object, "create_in_bulk_us_per_guest", r->bulk_us);
    json_put_real(object, "library_bytes_per_guest", r->library_bytes);
    json_put_real(object, "system_memory_bytes_per_guest", r->memory_bytes);
    json_put_count(object, "resident_bytes", r->total_bytes);
    json_put_real(object, "commands_m_per_s", r->commands_m_per_s);
    json_put_real(object, "command_ns", r->commands_ns);
    json_put_real(object, "hit_ns", r->hit_ns);
    json_put_real(object, "hit_ns_with_one_guest", r->hit_one_ns);
    json_put_real(object, "timed_command_ns", r->timed_command_ns);
    json_put_real(object, "timed_round_us", r->timed_round_us);
    json_put_real(object, "timed_read_p50_ns", r->timed_read_p50_ns);
    json_put_real(object, "timed_read_p99_ns", r->timed_read_p99_ns);
    return object;
}

void guests_print(const struct bench_crowd *r)
{
    printf("\n%u guests of HW-vIOMMU, %u of them active\n", r->guests, r->active);
    if (r->driver_us > 0)
        printf("  made by 131,072 map writes     %12.1f us a guest\n", r->driver_us);
    printf("  made with maps in bulk         %12.1f us a guest\n", r->bulk_us);
    printf("  library memory                 %12.0f bytes a guest\n", r->library_bytes);
    printf("  system memory, maps compact    %12.0f bytes a guest\n", r->memory_bytes);
    printf("  resident memory                %12.1f MiB; must 4096\n", (double)r->total_bytes / 1048576);
    printf("  guest commands                 %12.2f M/s (%.1f ns each); must 5, aim 15\n",
           r->commands_m_per_s, r->commands_ns);
    printf("  translation cache hit          %12.1f ns; with one guest %.1f ns (x%.2f; must 3)\n", r->hit_ns,
           r->hit_one_ns, r->hit_ns / r->hit_one_ns);
    printf("  guest commands under time      %12.2f M/s (%.1f ns each)\n", 1e3 / r->timed_command_ns,
           r->timed_command_ns);
    printf("  64 commands of each under time %12.1f us of the device; reads beside them p50 %.0f ns, p99 "
           "%.0f ns\n",
           r->timed_round_us, r->timed_read_p50_ns, r->timed_read_p99_ns);
}
