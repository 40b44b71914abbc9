// SPDX-License-Identifier: Apache-2.0
/* Findings in words. */
#include "model/lint/lint.h"
#include "model/lint/lint_pointers.h"
#include "model/lookup/dtc.h"

#include "tables/layout.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

const char *amdvi_lint_kind_name(enum amdvi_lint_kind kind)
{
    static const char *const names[AMDVI_LINT_KINDS] = {
        [AMDVI_LINT_STALE_ENTRY] = "stale-entry",
        [AMDVI_LINT_TORN_DTE] = "torn-dte",
        [AMDVI_LINT_RESERVED_BITS] = "reserved-bits",
        [AMDVI_LINT_BASE_WHILE_RUNNING] = "base-while-running",
        [AMDVI_LINT_SHARED_DOMAIN] = "shared-domain",
        [AMDVI_LINT_EMPTY_DOORBELL] = "empty-doorbell",
        [AMDVI_LINT_WIPED_ENABLES] = "wiped-enables",
        [AMDVI_LINT_MAP_UNMAPPED] = "map-unmapped",
        [AMDVI_LINT_DIRTY_LOST] = "dirty-lost",
        [AMDVI_LINT_GUEST_CONTROL] = "guest-control",
        [AMDVI_LINT_MISSING_WAIT] = "missing-wait",
        [AMDVI_LINT_STALE_DIRTY] = "stale-dirty",
        [AMDVI_LINT_TORN_IRTE] = "torn-irte",
        [AMDVI_LINT_RING_OVERWRITTEN] = "ring-overwritten",
        [AMDVI_LINT_UNSEEN_COMMAND] = "unseen-command",
        [AMDVI_LINT_WAIT_BACKWARDS] = "wait-backwards",
        [AMDVI_LINT_GUEST_NOT_RESET] = "guest-not-reset",
        [AMDVI_LINT_MAP_TO_ZERO] = "map-to-zero",
        [AMDVI_LINT_PPR_ANSWER] = "ppr-answer",
        [AMDVI_LINT_REGISTER_WHILE_RUNNING] = "register-while-running",
        [AMDVI_LINT_STALE_ATC] = "stale-atc",
    };

    return (unsigned)kind < AMDVI_LINT_KINDS ? names[kind] : "unknown";
}

static const char *cache_name(enum amdvi_cache cache)
{
    static const char *const names[AMDVI_CACHES] = {"device table entry", "interrupt entry", "translation",
                                                    "directory", "GCR3 entry"};

    return names[cache];
}

struct text {
    char *at;
    size_t left;
};

static void add(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *format, ...)
{
    va_list arguments;
    int length;

    va_start(arguments, format);
    length = vsnprintf(t->at, t->left, format, arguments);
    va_end(arguments);
    if ((size_t)length >= t->left) /* an error, too */
        length = (int)t->left - 1;
    t->at += length;
    t->left -= (size_t)length;
}

/* The guest's names for the host's device and domain. */
static void add_guest(struct text *t, const struct amdvi_lint_finding *f)
{
    if (!f->has_guest)
        return;
    add(t, " (guest %04x, its device %04x", f->guest, f->guest_device);
    if (f->has_guest_domain)
        add(t, ", its domain 0x%x", f->guest_domain);
    add(t, ")");
}

static void add_request(struct text *t, const struct amdvi_lint_finding *f)
{
    const struct amdvi_request *rq = &f->request;

    if (f->interrupt)
        add(t, "interrupt of %04x, data 0x%x", rq->device, f->data);
    else
        add(t, "%s of %04x at 0x%" PRIx64, rq->op == AMDVI_WRITE ? "write" : "read", rq->device, rq->address);
    if (rq->has_pasid)
        add(t, " with PASID 0x%x", rq->pasid);
    add_guest(t, f);
}

static void add_difference(struct text *t, const struct amdvi_lint_finding *f)
{
    if (f->cache == AMDVI_CACHE_DTC || f->cache == AMDVI_CACHE_ITC)
        add(t, ": 0x%" PRIx64 " cached, 0x%" PRIx64 " in memory", f->got, f->should);
    else if (!f->got_perm)
        add(t, ": refused, memory says 0x%" PRIx64, f->should);
    else if (!f->should_perm)
        add(t, ": went to 0x%" PRIx64 ", memory refuses it", f->got);
    else
        add(t, ": went to 0x%" PRIx64 ", memory says 0x%" PRIx64, f->got, f->should);
}

static void add_change(struct text *t, const struct amdvi_lint_finding *f)
{
    if (!f->word) {
        add(t, "; the change was not seen");
        return;
    }
    add(t,
        "; 0x%" PRIx64 " changed from 0x%" PRIx64 " to 0x%" PRIx64 " in line %" PRIu64
        ", read in line %" PRIu64,
        f->word, f->old_value, f->new_value, f->changed.line, f->filled.line);
    add(t, "; dangerous for %" PRIu64 " records, %" PRIu64 " ns", f->danger_records, f->danger_ns);
}

static const char *proof_text(enum amdvi_lint_proof proof)
{
    static const char *const texts[] = {
        [AMDVI_LINT_NEVER] = "it was never invalidated",
        [AMDVI_LINT_WAITED] = "a COMPLETION_WAIT came without its invalidation",
        [AMDVI_LINT_NOT_WAITED] = "the driver went on without a COMPLETION_WAIT",
        [AMDVI_LINT_REUSED] = "the address was mapped anew without an invalidation",
        [AMDVI_LINT_OVERDUE] = "it lasts longer than a flush queue may take",
        [AMDVI_LINT_RELIED] = "software relied on the change already",
    };

    return texts[proof];
}

static const char *command_name(unsigned opcode)
{
    static const char *const names[16] = {
        [CMD_INVALIDATE_DEVTAB_ENTRY] = "INVALIDATE_DEVTAB_ENTRY",
        [CMD_INVALIDATE_IOMMU_PAGES] = "INVALIDATE_IOMMU_PAGES",
        [CMD_INVALIDATE_INTERRUPT_TABLE] = "INVALIDATE_INTERRUPT_TABLE",
        [CMD_INVALIDATE_IOMMU_ALL] = "INVALIDATE_IOMMU_ALL",
    };

    return names[opcode] ? names[opcode] : "command";
}

static void add_lack(struct text *t, const struct amdvi_lint_finding *f)
{
    switch (f->lack) {
    case AMDVI_LINT_LACKS_DOMAIN:
        add(t, "is for domain 0x%x", (unsigned)cmd_inv_pages_domainid(f->near));
        break;
    case AMDVI_LINT_LACKS_PASID:
        add(t, "is for PASID 0x%x", (unsigned)cmd_inv_pages_pasid(f->near));
        break;
    case AMDVI_LINT_LACKS_GN:
        add(t, "has GN=1");
        break;
    case AMDVI_LINT_LACKS_RANGE:
        add(t, f->late ? "begins %" PRIu64 " pages late" : "ends %" PRIu64 " pages short",
            f->missed / 4096 + 1);
        break;
    case AMDVI_LINT_LACKS_PDE:
        add(t, "has PDE=0");
        break;
    default:
        add(t, "is for device %04x", (unsigned)cmd_inv_devtab_deviceid(f->near));
        break;
    }
}

/* The command that came closest, and what it lacked. */
static void add_near(struct text *t, const struct amdvi_lint_finding *f)
{
    if (f->lack == AMDVI_LINT_NO_COMMAND)
        return;
    add(t, "; %s in line %" PRIu64 " ", command_name((unsigned)cmd_opcode(f->near)), f->near_at.line);
    add_lack(t, f);
}

static void add_needed(struct text *t, const struct amdvi_lint_finding *f)
{
    if (f->severity == AMDVI_LINT_MISTAKE)
        add(t, "; %s", proof_text(f->proof));
    if (f->cache == AMDVI_CACHE_DTC) {
        add(t, "; needed INVALIDATE_DEVTAB_ENTRY %04x", f->request.device);
    } else if (f->cache == AMDVI_CACHE_ITC) {
        add(t, "; needed INVALIDATE_INTERRUPT_TABLE %04x", f->request.device);
    } else {
        add(t, "; needed INVALIDATE_IOMMU_PAGES domain 0x%x", f->domain);
        if (cmd_inv_pages_gn(f->needed))
            add(t, " PASID 0x%x", f->pasid);
        if (f->last == UINT64_MAX && f->first == 0)
            add(t, " all pages");
        else
            add(t, " 0x%" PRIx64 " to 0x%" PRIx64, f->first, f->last);
        if (cmd_inv_pages_pde(f->needed))
            add(t, " PDE=1");
    }
}

/* Functions and lines of the driver, where its host knows them. */
static void add_place(struct text *t, const struct amdvi_lint *lint, const char *what,
                      const struct amdvi_lint_mark *mark)
{
    char place[160] = "";

    if (mark->place && lint->options.place_text &&
        lint->options.place_text(lint->options.context, mark->place, place, sizeof(place)))
        add(t, "; %s by %s", what, place);
}

static void add_places(struct text *t, const struct amdvi_lint *lint, const struct amdvi_lint_finding *f)
{
    add_place(t, lint, "changed", &f->changed);
    add_place(t, lint, "invalidated", &f->near_at);
}

/* A directory entry that is still cached for all that is known, and that no request has met. */
static void describe_directory(struct text *t, const struct amdvi_lint_finding *f)
{
    add(t, "the directory for 0x%" PRIx64 " to 0x%" PRIx64 " of domain 0x%x", f->first, f->last, f->domain);
    add_guest(t, f);
    add(t, " may lead to the table at 0x%" PRIx64 " yet", f->got);
    add_change(t, f);
    add_near(t, f);
    add_needed(t, f);
}

static void describe_stale(struct text *t, const struct amdvi_lint_finding *f)
{
    if (!f->times) {
        describe_directory(t, f);
        return;
    }
    add_request(t, f);
    add(t, " met a stale %s", cache_name(f->cache));
    add_difference(t, f);
    if (f->entries > 1)
        add(t, " (%" PRIu64 " entries)", f->entries);
    add_change(t, f);
    add_near(t, f);
    add_needed(t, f);
}

/* An invalidation that nobody waited for; with a request if one has met the old entry. */
static void describe_wait(struct text *t, const struct amdvi_lint_finding *f)
{
    add(t, "%s in line %" PRIu64, command_name((unsigned)cmd_opcode(f->near)), f->near_at.line);
    add(t, " and no COMPLETION_WAIT behind it before the driver went on");
    if (!f->word)
        return;
    add(t, "; ");
    add_request(t, f);
    add(t, " met the old %s", cache_name(f->cache));
    add_difference(t, f);
    add_change(t, f);
}

/* What a device keeps in a cache of its own. */
static void describe_atc(struct text *t, const struct amdvi_lint_finding *f)
{
    add(t, "the ATC of %04x may keep 0x%" PRIx64 " to 0x%" PRIx64, f->request.device, f->first, f->last);
    if (f->request.has_pasid)
        add(t, " with PASID 0x%x", f->pasid);
    add_guest(t, f);
    add_difference(t, f);
    add_change(t, f);
    add(t, "; INVALIDATE_IOMMU_PAGES in line %" PRIu64 " and no INVALIDATE_IOTLB_PAGES behind it",
        f->near_at.line);
    add(t, "; needed INVALIDATE_IOTLB_PAGES %04x 0x%" PRIx64 " to 0x%" PRIx64, f->request.device, f->first,
        f->last);
}

static void describe_dirty(struct text *t, const struct amdvi_lint_finding *f)
{
    add_request(t, f);
    add(t, " went to 0x%" PRIx64 " and left no dirty bit: its translation is from before the bit was cleared",
        f->got);
    add_change(t, f);
    add_near(t, f);
    add_needed(t, f);
}

/* What a device reads, or could have read, between two pieces of an update. */
static void describe_torn(struct text *t, const struct amdvi_lint_finding *f)
{
    bool entry = f->kind == AMDVI_LINT_TORN_DTE;

    if (entry) {
        add(t, "device table entry of %04x", f->request.device);
        add_guest(t, f);
    } else {
        add(t, "interrupt entry at 0x%" PRIx64, f->word & ~(uint64_t)15);
    }
    if (f->severity == AMDVI_LINT_MISTAKE)
        add(t, ": hardware read it in line %" PRIu64 " between two partial writes", f->filled.line);
    else
        add(t, ": between two partial writes a device could have read");
    add(t, ", the first at 0x%" PRIx64 ": 0x%" PRIx64 " 0x%" PRIx64, f->word, f->got, f->should);
    if (entry)
        add(t, "; table 0x%" PRIx64 " under domain 0x%x, which is neither the old nor the new entry",
            dte_host_root(&f->got), f->domain);
    else
        add(t, ": neither the old nor the new interrupt");
}

static void describe_answer(struct text *t, const struct amdvi_lint_finding *f)
{
    if (f->severity == AMDVI_LINT_NOTE && f->data > 1 && f->data < 0xf) {
        add(t, "COMPLETE_PPR_REQUEST for %04x, group %u, has response code 0x%x, which means nothing",
            f->request.device, (unsigned)f->index, f->data);
        return;
    }
    if (f->severity == AMDVI_LINT_NOTE) {
        add(t, "COMPLETE_PPR_REQUEST for %04x asks for PASID 0x%x, which the entry withholds (GPRP=0)",
            f->request.device, f->request.pasid);
        return;
    }
    add(t, "page requests of %04x, group %u, of line %" PRIu64 " were ", f->request.device,
        (unsigned)f->index, f->changed.line);
    if (f->times == 1)
        add(t, "answered with another PASID than 0x%x", f->request.pasid);
    else
        add(t, "%s", f->times ? "answered twice" : "never answered");
}

static void describe_ring(struct text *t, const struct amdvi_lint_finding *f)
{
    if (f->kind == AMDVI_LINT_RING_OVERWRITTEN)
        add(t, "the command at 0x%" PRIx64 " was written over before it was fetched", f->word);
    else if (f->kind == AMDVI_LINT_UNSEEN_COMMAND)
        add(t, "a command was written at 0x%" PRIx64 " and the tail never moved over it", f->word);
    else
        add(t,
            "COMPLETION_WAITs stored 0x%" PRIx64 " and then 0x%" PRIx64 " at 0x%" PRIx64
            ": who waits for the first may wait for ever",
            f->old_value, f->new_value, f->word);
}

/* What a hypervisor did about a guest; the default is a doorbell of the host. */
static void describe_other(struct text *t, const struct amdvi_lint_finding *f)
{
    switch (f->kind) {
    case AMDVI_LINT_WIPED_ENABLES:
        add(t,
            "guest %04x: VF Control 0x%" PRIx64 " changed from 0x%" PRIx64 " to 0x%" PRIx64
            ": the new base took the enable bits along",
            f->guest, f->word, f->old_value, f->new_value);
        break;
    case AMDVI_LINT_MAP_UNMAPPED:
        add(t, "guest %04x: DID map write 0x%" PRIx64 " goes to private address 0x%" PRIx64 ", not mapped",
            f->guest, f->new_value, f->word);
        break;
    case AMDVI_LINT_DIRTY_LOST:
        add(t, "guest %04x has commands left, software cleared its dirty bit in private address 0x%" PRIx64,
            f->guest, f->word);
        break;
    case AMDVI_LINT_GUEST_CONTROL:
        add(t,
            "guest %04x wrote Control 0x%" PRIx64 ", bit %u did not get to VF Control 0x%" PRIx64
            ", which is 0x%" PRIx64,
            f->guest, f->new_value, f->bit, f->word, f->old_value);
        break;
    case AMDVI_LINT_GUEST_NOT_RESET:
        add(t,
            "guest %04x: VF Control 0x%" PRIx64 " changed from 0x%" PRIx64 " to 0x%" PRIx64
            ", a new owner, without RESET_VMMIO: rings of the one before are still there",
            f->guest, f->word, f->old_value, f->new_value);
        break;
    case AMDVI_LINT_MAP_TO_ZERO:
        add(t,
            "guest %04x: a command for its device %04x went to host device 0, by the map entry at 0x%" PRIx64,
            f->guest, f->guest_device, f->word);
        break;
    case AMDVI_LINT_PPR_ANSWER:
        describe_answer(t, f);
        break;
    case AMDVI_LINT_RING_OVERWRITTEN:
    case AMDVI_LINT_UNSEEN_COMMAND:
    case AMDVI_LINT_WAIT_BACKWARDS:
        describe_ring(t, f);
        break;
    default:
        add(t, "command tail 0x%" PRIx64 " written again, no command is new", f->new_value);
        break;
    }
}

static void describe(struct text *t, const struct amdvi_lint_finding *f)
{
    add(t, "%s: ", amdvi_lint_kind_name(f->kind));
    switch (f->kind) {
    case AMDVI_LINT_STALE_ENTRY:
        describe_stale(t, f);
        break;
    case AMDVI_LINT_MISSING_WAIT:
        describe_wait(t, f);
        break;
    case AMDVI_LINT_STALE_DIRTY:
        describe_dirty(t, f);
        break;
    case AMDVI_LINT_STALE_ATC:
        describe_atc(t, f);
        break;
    case AMDVI_LINT_TORN_DTE:
    case AMDVI_LINT_TORN_IRTE:
        describe_torn(t, f);
        break;
    case AMDVI_LINT_RESERVED_BITS:
        add_request(t, f);
        add(t, " met reserved bits in 0x%" PRIx64 ", value 0x%" PRIx64, f->word, f->new_value);
        if (f->changed.record)
            add(t, ", written in line %" PRIu64, f->changed.line);
        break;
    case AMDVI_LINT_SHARED_DOMAIN:
        add_request(t, f);
        add_difference(t, f);
        add(t, "; %04x shares its domain 0x%x with other host tables", f->sharer, f->domain);
        break;
    case AMDVI_LINT_BASE_WHILE_RUNNING:
        add(t,
            "register 0x%" PRIx64 " changed from 0x%" PRIx64 " to 0x%" PRIx64 " while its unit was running",
            f->word, f->old_value, f->new_value);
        break;
    case AMDVI_LINT_REGISTER_WHILE_RUNNING:
        add(t, "register 0x%" PRIx64 " changed from 0x%" PRIx64 " to 0x%" PRIx64 ": %s", f->word,
            f->old_value, f->new_value, lint_register_rule(f));
        break;
    default:
        describe_other(t, f);
        break;
    }
}

/* Whose device and domain it is, where the finding is about a request. */
static void name_guest(const struct amdvi_lint *lint, struct amdvi_lint_finding *f)
{
    const struct dte *dte = f->request.device ? dtc_peek(lint->device, f->request.device) : NULL;

    if (!f->has_guest && dte && dte->vimu) {
        f->has_guest = true;
        f->guest = dte->guest_id;
        f->guest_device = dte->guest_device;
    }
    f->has_guest_domain =
        f->has_guest && shadow_guest_domain(lint->device, f->guest, f->domain, &f->guest_domain);
}

void lint_report(struct amdvi_lint *lint, struct amdvi_lint_finding *finding)
{
    struct text text = {.at = lint->text, .left = sizeof(lint->text)};

    lint->statistics.findings[finding->kind] += finding->severity != AMDVI_LINT_WINDOW;
    if (!lint->options.finding)
        return;
    name_guest(lint, finding);
    describe(&text, finding);
    add_places(&text, lint, finding);
    finding->text = lint->text;
    lint->options.finding(lint->options.context, finding);
    finding->text = NULL;
}
