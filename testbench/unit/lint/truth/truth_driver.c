// SPDX-License-Identifier: Apache-2.0
/* The random driver: it maps and unmaps, invalidates at once or by a flush queue, and errs by plan. */
#include "cmdbuf/layout.h"
#include "model/layout.h"
#include "model/registers.h"
#include "tables/layout.h"
#include "testbench/unit/lint/truth/truth.h"

#include <string.h>

enum { RING_BYTES = 512 * 16, FAULTY_ONE_IN = 8, USED = 0x60, DIRECTORY_ONE_IN = 8 };
static const uint64_t everything = INT64_MAX & ~UINT64_C(0xfff);

uint64_t truth_draw(struct truth *t, uint64_t below)
{
    uint64_t z = t->random += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (z ^ z >> 31) % below;
}

void truth_step(struct truth *t)
{
    t->ns += truth_draw(t, 20000);
    t->record++;
    t->of_record[t->record % TRUTH_RECORDS] = t->now;
    amdvi_lint_mark(t->lint, t->record, t->ns);
}

/* Devices do not wait for the driver. */
static void meanwhile(struct truth *t)
{
    for (uint64_t n = truth_draw(t, 3); n; n--)
        truth_ask(t);
}

/* ---------------------------------------------------------------- tables */

static bool is_guest(unsigned domain)
{
    return domain == TRUTH_DOMAINS - 1;
}

static uint64_t leaf(struct truth *t, unsigned domain, unsigned page)
{
    uint64_t address = truth_address(domain, page);

    return is_guest(domain) ? machine_guest_entry(&t->m, t->roots[domain], address)
                            : machine_host_entry(&t->m, t->roots[domain], 3, 1, address);
}

static uint64_t entry_of(unsigned domain, uint64_t spa)
{
    if (!spa)
        return 0;
    if (is_guest(domain))
        return spa | 7 | USED;
    return v1_set_ir(v1_set_iw(v1_set_pr(spa, 1), 1), 1);
}

static void set_page(struct truth *t, unsigned domain, unsigned page, uint64_t spa)
{
    truth_step(t);
    machine_poke(&t->m, leaf(t, domain, page), entry_of(domain, spa));
    if (t->pages[domain][page].mapped)
        truth_changed(t, domain, page);
    t->pages[domain][page].mapped = spa;
}

static uint64_t any_memory(struct truth *t)
{
    return MACHINE_DATA + truth_draw(t, 1 << 20) * 0x1000;
}

static void guest_tables(struct truth *t, unsigned domain)
{
    uint64_t gcr3 = machine_page(&t->m);

    machine_dte(&t->m, truth_device(domain), truth_domain_id(domain), 0, 0);
    machine_dte_guest(&t->m, truth_device(domain), gcr3);
    machine_poke(&t->m, gcr3 + TRUTH_PASID * 8, t->roots[domain] | 1);
}

/* Accessed bits of directories are set: they are no change. */
static void use_directories(struct truth *t, unsigned domain)
{
    uint64_t table = t->roots[domain];

    for (unsigned level = 0; level < 3; level++) {
        machine_poke(&t->m, table, machine_peek(&t->m, table) | USED);
        table = v2_addr(machine_peek(&t->m, table));
    }
}

void truth_tables(struct truth *t)
{
    for (unsigned d = 0; d < TRUTH_DOMAINS; d++) {
        t->roots[d] = machine_page(&t->m);
        t->spare[d] = machine_page(&t->m);
        if (is_guest(d))
            guest_tables(t, d);
        else
            machine_dte(&t->m, truth_device(d), truth_domain_id(d), 3, t->roots[d]);
        for (unsigned page = 0; page < TRUTH_PAGES; page++) {
            t->pages[d][page].mapped = any_memory(t);
            machine_poke(&t->m, leaf(t, d, page), entry_of(d, t->pages[d][page].mapped));
        }
        if (is_guest(d))
            use_directories(t, d);
    }
}

/* Another table of the lowest level, with other pages. */
static void swap_directory(struct truth *t, unsigned domain)
{
    uint64_t at = machine_host_entry(&t->m, t->roots[domain], 3, 2, truth_address(domain, 0));
    uint64_t entry = machine_peek(&t->m, at), old = v1_addr(entry);

    truth_step(t);
    for (unsigned i = 0; i < TRUTH_PAGES; i++) {
        t->pages[domain][i].mapped = any_memory(t);
        machine_poke(&t->m, t->spare[domain] + truth_address(domain, i) / 0x1000 % 512 * 8,
                     entry_of(domain, t->pages[domain][i].mapped));
    }
    truth_step(t);
    machine_poke(&t->m, at, v1_set_addr(entry, t->spare[domain]));
    t->spare[domain] = old;
    for (unsigned i = 0; i < TRUTH_PAGES; i++)
        truth_changed(t, domain, i);
}

/* ---------------------------------------------------------------- commands */

static void run(struct truth *t)
{
    amdvi_run(t->m.device);
}

/* Into the ring; the device sees it now or later. */
static void give(struct truth *t, const uint64_t words[2])
{
    truth_step(t);
    machine_poke(&t->m, MACHINE_COMMANDS + t->m.tail, words[0]);
    machine_poke(&t->m, MACHINE_COMMANDS + t->m.tail + 8, words[1]);
    t->m.tail = (t->m.tail + 16) % RING_BYTES;
    machine_set_register(&t->m, reg_info[REG_CMD_TAIL].offset, t->m.tail);
    if (truth_draw(t, 3) == 0)
        run(t);
}

static void flush(struct truth *t, unsigned domain, uint16_t id, uint64_t address, bool pde)
{
    uint64_t words[2] = {0};

    cmd_inv_pages_set_opcode(words, CMD_INVALIDATE_IOMMU_PAGES);
    cmd_inv_pages_set_domainid(words, id);
    cmd_inv_pages_set_gn(words, is_guest(domain));
    cmd_inv_pages_set_pasid(words, is_guest(domain) ? TRUTH_PASID : 0);
    cmd_inv_pages_set_pde(words, pde);
    cmd_inv_pages_set_s(words, address == everything);
    cmd_inv_pages_set_address(words, address);
    give(t, words);
}

static void wait_for(struct truth *t)
{
    uint64_t words[2] = {0};

    cmd_completion_wait_set_opcode(words, CMD_COMPLETION_WAIT);
    cmd_completion_wait_set_s(words, 1);
    cmd_completion_wait_set_address(words, MACHINE_STORE);
    words[1] = ++t->m.stores;
    give(t, words);
    meanwhile(t);
    run(t);
    if (machine_peek(&t->m, MACHINE_STORE) != t->m.stores)
        t->failure = "the device does not execute commands";
}

/* Some other domain than it should be. */
static uint16_t id_for(const struct truth *t, unsigned domain)
{
    bool other = t->operations[t->now].fault == FAULT_OTHER_DOMAIN;

    return truth_domain_id(other ? domain + TRUTH_DOMAINS : domain);
}

/* ---------------------------------------------------------------- operations */

static void begin(struct truth *t, unsigned domain, enum fault fault)
{
    t->now = ++t->operation_count;
    t->operations[t->now] =
        (struct operation){.fault = fault, .under_way = true, .domain = truth_domain_id(domain)};
}

static void finish(struct truth *t)
{
    t->operations[t->now].under_way = false;
    if (t->relies)
        amdvi_lint_rely(t->lint);
}

/* Where nobody says when an operation is over, one without a command looks like part of the next. */
static enum fault any_fault(struct truth *t, unsigned from, unsigned to)
{
    unsigned fault = from + (unsigned)truth_draw(t, to - from + 1);

    if (truth_draw(t, FAULTY_ONE_IN))
        return FAULT_NONE;
    return fault == FAULT_NOTHING && !t->relies ? FAULT_NO_INVALIDATION : (enum fault)fault;
}

static void flush_range(struct truth *t, unsigned domain, unsigned first, unsigned count)
{
    enum fault fault = t->operations[t->now].fault;

    if (fault == FAULT_NO_INVALIDATION || fault == FAULT_NOTHING)
        return;
    for (unsigned i = 0; i < count - (fault == FAULT_SHORT); i++) {
        flush(t, domain, id_for(t, domain), truth_address(domain, first + i), true);
        meanwhile(t);
    }
}

static void flush_all(struct truth *t, unsigned domain)
{
    enum fault fault = t->operations[t->now].fault;

    if (fault != FAULT_NO_INVALIDATION && fault != FAULT_NOTHING)
        flush(t, domain, id_for(t, domain), everything, fault != FAULT_NO_PDE);
}

static void wait_unless(struct truth *t)
{
    enum fault fault = t->operations[t->now].fault;

    if (fault != FAULT_NOTHING && fault != FAULT_NO_WAIT)
        wait_for(t);
}

/* Unmaps, or maps elsewhere, pages side by side. */
static void unmap_at_once(struct truth *t, unsigned domain)
{
    unsigned first = (unsigned)truth_draw(t, TRUTH_PAGES);
    unsigned count = 1 + (unsigned)truth_draw(t, TRUTH_PAGES - first < 5 ? TRUTH_PAGES - first : 5);
    bool gone = truth_draw(t, 2);

    begin(t, domain, any_fault(t, FAULT_NO_INVALIDATION, FAULT_NO_WAIT));
    for (unsigned i = 0; i < count; i++) {
        set_page(t, domain, first + i, gone ? 0 : any_memory(t));
        meanwhile(t);
    }
    flush_range(t, domain, first, count);
    wait_unless(t);
    finish(t);
}

/* Nothing of the domain is cached any more that was there when it was flushed. */
static void leave_queue(struct truth *t, unsigned domain)
{
    for (uint32_t i = 1; i < t->operation_count; i++)
        if (t->operations[i].domain == truth_domain_id(domain))
            t->operations[i].queued = false;
    for (unsigned i = 0; i < TRUTH_PAGES; i++)
        t->pages[domain][i].waiting = false;
    t->queue[domain] = 0;
}

/* Of a domain whose invalidations are queued one that was forgotten looks like one that is late. */
static void replace_table(struct truth *t, unsigned domain)
{
    enum fault fault = t->queues ? FAULT_NONE : any_fault(t, FAULT_NO_INVALIDATION, FAULT_NO_PDE);

    begin(t, domain, fault == FAULT_SHORT ? FAULT_NO_PDE : fault);
    t->operations[t->now].directory = true;
    swap_directory(t, domain);
    meanwhile(t);
    flush_all(t, domain);
    meanwhile(t);
    wait_unless(t);
    leave_queue(t, domain);
    finish(t);
}

static void blame_page(struct truth *t, const struct truth_page *p)
{
    for (unsigned i = 0; i < p->count; i++)
        if (t->operations[p->operations[i]].queued)
            t->operations[p->operations[i]].fault = FAULT_REUSED;
}

/* What was not mapped needs no invalidation. */
static void map_free(struct truth *t, unsigned domain)
{
    enum fault reuse = t->queues && truth_draw(t, 64) == 0 ? FAULT_REUSED : FAULT_NONE;

    begin(t, domain, FAULT_NONE);
    for (unsigned i = 0; i < TRUTH_PAGES; i++) {
        struct truth_page *p = &t->pages[domain][i];
        if (p->mapped || truth_draw(t, 2) || (p->waiting && !reuse))
            continue;
        if (p->waiting)
            blame_page(t, p);
        set_page(t, domain, i, any_memory(t));
    }
    finish(t);
}

/* ---------------------------------------------------------------- the flush queue */

static void unmap_queued(struct truth *t, unsigned domain)
{
    unsigned page = (unsigned)truth_draw(t, TRUTH_PAGES);
    struct operation *o;

    if (!t->pages[domain][page].mapped)
        return;
    begin(t, domain, t->queue[domain] && t->queue_ns[domain] > t->ns ? FAULT_LATE : FAULT_NONE);
    set_page(t, domain, page, 0);
    t->pages[domain][page].waiting = true;
    o = &t->operations[t->now];
    o->queued = true;
    o->ns = t->ns;
    o->entries = (uint32_t)t->queue_entries++;
    if (!t->queue[domain]++)
        t->queue_ns[domain] = t->ns;
    finish(t);
}

/* Whom a flush that goes wrong lets down. */
static void blame_waiting(struct truth *t, unsigned domain, enum fault fault)
{
    for (uint32_t i = 1; i <= t->operation_count && fault; i++)
        if (t->operations[i].queued && t->operations[i].domain == truth_domain_id(domain))
            t->operations[i].fault = fault;
}

static void flush_queue(struct truth *t, unsigned domain)
{
    enum fault fault = any_fault(t, FAULT_OTHER_DOMAIN, FAULT_OTHER_DOMAIN);

    blame_waiting(t, domain, fault);
    begin(t, domain, fault);
    flush_all(t, domain);
    meanwhile(t);
    wait_for(t);
    if (!fault)
        leave_queue(t, domain);
    t->queue[domain] = 0;
    finish(t);
}

static bool queue_is_due(struct truth *t, unsigned domain)
{
    uint64_t age = t->ns - t->queue_ns[domain];

    if (!t->queue[domain] || t->ns < t->queue_ns[domain] || age <= QUEUE_NS / 2)
        return false;
    if (truth_draw(t, 16))
        return true;
    blame_waiting(t, domain, FAULT_LATE); /* forgets it for a while */
    t->queue_ns[domain] = t->ns + 2 * QUEUE_NS;
    return false;
}

/* ---------------------------------------------------------------- a step, a life */

static void operate(struct truth *t)
{
    unsigned domain = (unsigned)truth_draw(t, TRUTH_DOMAINS);

    if (truth_draw(t, 2))
        map_free(t, domain);
    else if (!is_guest(domain) && truth_draw(t, DIRECTORY_ONE_IN) == 0)
        replace_table(t, domain);
    else if (t->queues)
        unmap_queued(t, domain);
    else
        unmap_at_once(t, domain);
}

/* The last operations of all are right: what was forgotten before shows by them. */
void truth_close_down(struct truth *t)
{
    for (unsigned d = 0; d < TRUTH_DOMAINS; d++) {
        begin(t, d, FAULT_NONE);
        if (!t->queues)
            set_page(t, d, 0, 0);
        flush_all(t, d);
        wait_for(t);
        finish(t);
    }
    run(t);
}

void truth_act(struct truth *t)
{
    for (unsigned d = 0; t->queues && d < TRUTH_DOMAINS; d++)
        if (queue_is_due(t, d))
            flush_queue(t, d);
    if (truth_draw(t, 4) == 0)
        operate(t);
    else if (truth_draw(t, 16) == 0)
        run(t);
    else
        truth_ask(t);
}
