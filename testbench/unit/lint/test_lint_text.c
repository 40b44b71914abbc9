// SPDX-License-Identifier: Apache-2.0
/*
 * The whole line of each kind of finding, clause by clause: what a reader greps for, and which numbers stand
 * where. The findings are made up, each number in them is another one; commands are raw words (6.1 to 6.5).
 */
#include "model/lint/lint.h" /* first: its functions have parameters with names of the scene's variables */

#include "testbench/unit/lint/scene.h"
#include "testbench/unit/run.h"

#include <check.h>
#include <string.h>

#define PAGES_COMMAND                                                                                        \
    0x3000000000000000u                    /* INVALIDATE_IOMMU_PAGES; DomainID from bit 32, PASID from bit 0 \
                                            */
#define DEVTAB_COMMAND 0x2000000000000000u /* INVALIDATE_DEVTAB_ENTRY; DeviceID from bit 0 */
#define PDE            2u                  /* in the second word */
#define GN             4u

struct row {
    struct amdvi_lint_finding finding;
    const char *text;
};

#define READ                                                                                                 \
    {                                                                                                        \
        .device = 0x1234, .address = 0x5000                                                                  \
    }
#define WRITE                                                                                                \
    {                                                                                                        \
        .device = 0x1234, .address = 0x5000, .op = AMDVI_WRITE, .has_pasid = true, .pasid = 0x77             \
    }
#define CHANGE                                                                                               \
    .word = 0xa000, .old_value = 0xb1, .new_value = 0xb2, .changed = {.line = 21}, .filled = {.line = 22},   \
    .danger_records = 23, .danger_ns = 24
#define CHANGED                                                                                              \
    "; 0xa000 changed from 0xb1 to 0xb2 in line 21, read in line 22; dangerous for 23 records, 24 ns"
#define NEEDED   .domain = 0x31, .first = 0x5000, .last = 0x5fff
#define NEED     "; needed INVALIDATE_IOMMU_PAGES domain 0x31 0x5000 to 0x5fff"
#define GUEST    .has_guest = true, .guest = 0x41, .guest_device = 0x42
#define OF_GUEST " (guest 0041, its device 0042)"
#define MOVED    .got = 0xc1000, .should = 0xc2000, .got_perm = 3, .should_perm = 3
#define MOVE     ": went to 0xc1000, memory says 0xc2000"

static const struct row rows[] = {
    {{.kind = AMDVI_LINT_STALE_ENTRY,
      .severity = AMDVI_LINT_WINDOW,
      .times = 1,
      .cache = AMDVI_CACHE_PTC,
      .request = READ,
      CHANGE,
      NEEDED,
      MOVED},
     "stale-entry: read of 1234 at 0x5000 met a stale translation" MOVE CHANGED NEED},
    {{.kind = AMDVI_LINT_STALE_ENTRY,
      .severity = AMDVI_LINT_MISTAKE,
      .times = 1,
      .entries = 9,
      .cache = AMDVI_CACHE_PTC,
      .request = WRITE,
      CHANGE,
      NEEDED,
      GUEST,
      .got = 0xc1000,
      .got_perm = 3,
      .pasid = 0x78,
      .needed = {PAGES_COMMAND, GN | PDE},
      .lack = AMDVI_LINT_LACKS_PASID,
      .near = {PAGES_COMMAND | 0x79, GN},
      .near_at = {.line = 25}},
     "stale-entry: write of 1234 at 0x5000 with PASID 0x77" OF_GUEST
     " met a stale translation: went to 0xc1000, memory refuses it (9 entries)" CHANGED
     "; INVALIDATE_IOMMU_PAGES in line 25 is for PASID 0x79; it was never invalidated"
     "; needed INVALIDATE_IOMMU_PAGES domain 0x31 PASID 0x78 0x5000 to 0x5fff PDE=1"},
    {{.kind = AMDVI_LINT_STALE_ENTRY,
      .severity = AMDVI_LINT_MISTAKE,
      .times = 1,
      .cache = AMDVI_CACHE_PDC,
      .request = READ,
      .domain = 0x31,
      .last = UINT64_MAX,
      .should = 0xc2000,
      .should_perm = 3,
      .proof = AMDVI_LINT_RELIED,
      .lack = AMDVI_LINT_LACKS_DOMAIN,
      .near = {PAGES_COMMAND | 0x32ull << 32},
      .near_at = {.line = 25}},
     "stale-entry: read of 1234 at 0x5000 met a stale directory: refused, memory says 0xc2000"
     "; the change was not seen; INVALIDATE_IOMMU_PAGES in line 25 is for domain 0x32"
     "; software relied on the change already; needed INVALIDATE_IOMMU_PAGES domain 0x31 all pages"},
    {{.kind = AMDVI_LINT_STALE_ENTRY,
      .severity = AMDVI_LINT_MISTAKE,
      .times = 1,
      .cache = AMDVI_CACHE_DTC,
      .request = READ,
      .got = 0xd1,
      .should = 0xd2,
      CHANGE,
      .proof = AMDVI_LINT_WAITED,
      .lack = AMDVI_LINT_LACKS_DEVICE,
      .near = {DEVTAB_COMMAND | 0x1235},
      .near_at = {.line = 25}},
     "stale-entry: read of 1234 at 0x5000 met a stale device table entry: 0xd1 cached, 0xd2 in memory" CHANGED
     "; INVALIDATE_DEVTAB_ENTRY in line 25 is for device 1235; a COMPLETION_WAIT came without its "
     "invalidation"
     "; needed INVALIDATE_DEVTAB_ENTRY 1234"},
    {{.kind = AMDVI_LINT_STALE_ENTRY,
      .severity = AMDVI_LINT_MISTAKE,
      .times = 1,
      .cache = AMDVI_CACHE_ITC,
      .interrupt = true,
      .data = 0x61,
      .request = READ,
      .got = 0xd1,
      .should = 0xd2,
      CHANGE,
      .proof = AMDVI_LINT_OVERDUE},
     "stale-entry: interrupt of 1234, data 0x61 met a stale interrupt entry: 0xd1 cached, 0xd2 in "
     "memory" CHANGED
     "; it lasts longer than a flush queue may take; needed INVALIDATE_INTERRUPT_TABLE 1234"},
    {{.kind = AMDVI_LINT_STALE_ENTRY,
      .severity = AMDVI_LINT_MISTAKE,
      .cache = AMDVI_CACHE_PDC,
      CHANGE,
      NEEDED,
      GUEST,
      .got = 0xc1000,
      .proof = AMDVI_LINT_REUSED,
      .lack = AMDVI_LINT_LACKS_PDE,
      .near = {PAGES_COMMAND},
      .near_at = {.line = 25}},
     "stale-entry: the directory for 0x5000 to 0x5fff of domain 0x31" OF_GUEST
     " may lead to the table at 0xc1000 yet" CHANGED "; INVALIDATE_IOMMU_PAGES in line 25 has PDE=0"
     "; the address was mapped anew without an invalidation" NEED},
    {{.kind = AMDVI_LINT_STALE_ENTRY,
      .severity = AMDVI_LINT_WINDOW,
      .times = 1,
      .cache = AMDVI_CACHE_GCR3,
      .request = READ,
      CHANGE,
      NEEDED,
      MOVED,
      .lack = AMDVI_LINT_LACKS_RANGE,
      .missed = 0x1fff,
      .near = {PAGES_COMMAND},
      .near_at = {.line = 25}},
     "stale-entry: read of 1234 at 0x5000 met a stale GCR3 entry" MOVE CHANGED
     "; INVALIDATE_IOMMU_PAGES in line 25 ends 2 pages short" NEED},
    {{.kind = AMDVI_LINT_STALE_ENTRY,
      .severity = AMDVI_LINT_WINDOW,
      .times = 1,
      .cache = AMDVI_CACHE_PTC,
      .request = READ,
      CHANGE,
      NEEDED,
      MOVED,
      .lack = AMDVI_LINT_LACKS_RANGE,
      .missed = 0x2000,
      .late = true,
      .near = {PAGES_COMMAND},
      .near_at = {.line = 25}},
     "stale-entry: read of 1234 at 0x5000 met a stale translation" MOVE CHANGED
     "; INVALIDATE_IOMMU_PAGES in line 25 begins 3 pages late" NEED},
    {{.kind = AMDVI_LINT_STALE_DIRTY,
      .severity = AMDVI_LINT_MISTAKE,
      .cache = AMDVI_CACHE_PTC,
      .request = WRITE,
      CHANGE,
      NEEDED,
      .got = 0xc1000,
      .proof = AMDVI_LINT_NOT_WAITED,
      .lack = AMDVI_LINT_LACKS_GN,
      .near = {PAGES_COMMAND, GN},
      .near_at = {.line = 25}},
     "stale-dirty: write of 1234 at 0x5000 with PASID 0x77 went to 0xc1000 and left no dirty bit: its "
     "translation is"
     " from before the bit was cleared" CHANGED "; INVALIDATE_IOMMU_PAGES in line 25 has GN=1"
     "; the driver went on without a COMPLETION_WAIT" NEED},
    {{.kind = AMDVI_LINT_MISSING_WAIT,
      .request = READ,
      CHANGE,
      MOVED,
      .cache = AMDVI_CACHE_PTC,
      .near = {PAGES_COMMAND},
      .near_at = {.line = 25}},
     "missing-wait: INVALIDATE_IOMMU_PAGES in line 25 and no COMPLETION_WAIT behind it before the driver "
     "went on"
     "; read of 1234 at 0x5000 met the old translation" MOVE CHANGED},
    {{.kind = AMDVI_LINT_MISSING_WAIT, .near = {DEVTAB_COMMAND}, .near_at = {.line = 25}},
     "missing-wait: INVALIDATE_DEVTAB_ENTRY in line 25 and no COMPLETION_WAIT behind it before the driver "
     "went on"},
    {{.kind = AMDVI_LINT_STALE_ATC,
      .cache = AMDVI_CACHE_PTC,
      .request = READ,
      CHANGE,
      NEEDED,
      MOVED,
      GUEST,
      .near_at = {.line = 25}},
     "stale-atc: the ATC of 1234 may keep 0x5000 to 0x5fff" OF_GUEST MOVE CHANGED
     "; INVALIDATE_IOMMU_PAGES in line 25 and no INVALIDATE_IOTLB_PAGES behind it"
     "; needed INVALIDATE_IOTLB_PAGES 1234 0x5000 to 0x5fff"},
    {{.kind = AMDVI_LINT_STALE_ATC,
      .cache = AMDVI_CACHE_PTC,
      .request = WRITE,
      .pasid = 0x77,
      CHANGE,
      NEEDED,
      MOVED,
      .near_at = {.line = 25}},
     "stale-atc: the ATC of 1234 may keep 0x5000 to 0x5fff with PASID 0x77" MOVE CHANGED
     "; INVALIDATE_IOMMU_PAGES in line 25 and no INVALIDATE_IOTLB_PAGES behind it"
     "; needed INVALIDATE_IOTLB_PAGES 1234 0x5000 to 0x5fff"},
    {{.kind = AMDVI_LINT_TORN_DTE,
      .severity = AMDVI_LINT_MISTAKE,
      .request = READ,
      GUEST,
      .word = 0xa000,
      .got = 0x1601,
      .should = 0xd2,
      .domain = 0x31,
      .filled = {.line = 22}},
     "torn-dte: device table entry of 1234" OF_GUEST
     ": hardware read it in line 22 between two partial writes"
     ", the first at 0xa000: 0x1601 0xd2; table 0x1000 under domain 0x31, which is neither the old nor the "
     "new entry"},
    {{.kind = AMDVI_LINT_TORN_IRTE,
      .severity = AMDVI_LINT_NOTE,
      .request = READ,
      .word = 0xa018,
      .got = 0xd1,
      .should = 0xd2},
     "torn-irte: interrupt entry at 0xa010: between two partial writes a device could have read"
     ", the first at 0xa018: 0xd1 0xd2: neither the old nor the new interrupt"},
    {{.kind = AMDVI_LINT_RESERVED_BITS, .request = READ, .word = 0xa000, .new_value = 0xb2},
     "reserved-bits: read of 1234 at 0x5000 met reserved bits in 0xa000, value 0xb2"},
    {{.kind = AMDVI_LINT_RESERVED_BITS,
      .request = READ,
      .word = 0xa000,
      .new_value = 0xb2,
      .changed = {.record = 20, .line = 21}},
     "reserved-bits: read of 1234 at 0x5000 met reserved bits in 0xa000, value 0xb2, written in line 21"},
    {{.kind = AMDVI_LINT_SHARED_DOMAIN,
      .request = READ,
      MOVED,
      .cache = AMDVI_CACHE_PTC,
      .sharer = 0x1235,
      .domain = 0x31},
     "shared-domain: read of 1234 at 0x5000" MOVE "; 1235 shares its domain 0x31 with other host tables"},
    {{.kind = AMDVI_LINT_BASE_WHILE_RUNNING, .word = 0x8, .old_value = 0xb1, .new_value = 0xb2},
     "base-while-running: register 0x8 changed from 0xb1 to 0xb2 while its unit was running"},
    {{.kind = AMDVI_LINT_REGISTER_WHILE_RUNNING, .word = 0x2000, .old_value = 0xb1, .new_value = 0xb2},
     "register-while-running: register 0x2000 changed from 0xb1 to 0xb2"
     ": hardware moves this pointer while the ring runs"},
    {{.kind = AMDVI_LINT_REGISTER_WHILE_RUNNING, .word = 0x2008, .old_value = 0xb1, .new_value = 0xb2},
     "register-while-running: register 0x2008 changed from 0xb1 to 0xb2"
     ": it moves only over new commands, within the ring"},
    {{.kind = AMDVI_LINT_REGISTER_WHILE_RUNNING, .word = 0x2010, .old_value = 0xb1, .new_value = 0xb2},
     "register-while-running: register 0x2010 changed from 0xb1 to 0xb2"
     ": it moves only over records that are there, within the ring"},
    {{.kind = AMDVI_LINT_REGISTER_WHILE_RUNNING, .word = 0x18, .old_value = 0xb1, .new_value = 0xb2},
     "register-while-running: register 0x18 changed from 0xb1 to 0xb2"
     ": devices use entries that were read in the other way"},
    {{.kind = AMDVI_LINT_WIPED_ENABLES, .guest = 0x41, .word = 0x18, .old_value = 0xb1, .new_value = 0xb2},
     "wiped-enables: guest 0041: VF Control 0x18 changed from 0xb1 to 0xb2: the new base took the enable "
     "bits along"},
    {{.kind = AMDVI_LINT_MAP_UNMAPPED, .guest = 0x41, .word = 0xa000, .new_value = 0xb2},
     "map-unmapped: guest 0041: DID map write 0xb2 goes to private address 0xa000, not mapped"},
    {{.kind = AMDVI_LINT_DIRTY_LOST, .guest = 0x41, .word = 0xa000},
     "dirty-lost: guest 0041 has commands left, software cleared its dirty bit in private address 0xa000"},
    {{.kind = AMDVI_LINT_GUEST_CONTROL,
      .guest = 0x41,
      .word = 0x18,
      .old_value = 0xb1,
      .new_value = 0xb2,
      .bit = 12},
     "guest-control: guest 0041 wrote Control 0xb2, bit 12 did not get to VF Control 0x18, which is 0xb1"},
    {{.kind = AMDVI_LINT_GUEST_NOT_RESET, .guest = 0x41, .word = 0x18, .old_value = 0xb1, .new_value = 0xb2},
     "guest-not-reset: guest 0041: VF Control 0x18 changed from 0xb1 to 0xb2, a new owner, without "
     "RESET_VMMIO"
     ": rings of the one before are still there"},
    {{.kind = AMDVI_LINT_MAP_TO_ZERO, .guest = 0x41, .guest_device = 0x42, .word = 0xa000},
     "map-to-zero: guest 0041: a command for its device 0042 went to host device 0, by the map entry at "
     "0xa000"},
    {{.kind = AMDVI_LINT_RING_OVERWRITTEN, .word = 0xa000},
     "ring-overwritten: the command at 0xa000 was written over before it was fetched"},
    {{.kind = AMDVI_LINT_UNSEEN_COMMAND, .word = 0xa000},
     "unseen-command: a command was written at 0xa000 and the tail never moved over it"},
    {{.kind = AMDVI_LINT_WAIT_BACKWARDS, .word = 0xa000, .old_value = 0xb2, .new_value = 0xb1},
     "wait-backwards: COMPLETION_WAITs stored 0xb2 and then 0xb1 at 0xa000"
     ": who waits for the first may wait for ever"},
    {{.kind = AMDVI_LINT_EMPTY_DOORBELL, .new_value = 0xb2},
     "empty-doorbell: command tail 0xb2 written again, no command is new"},
    {{.kind = AMDVI_LINT_PPR_ANSWER, .request = READ, .index = 12, .data = 2},
     "ppr-answer: COMPLETE_PPR_REQUEST for 1234, group 12, has response code 0x2, which means nothing"},
    {{.kind = AMDVI_LINT_PPR_ANSWER, .request = READ, .index = 12, .data = 14},
     "ppr-answer: COMPLETE_PPR_REQUEST for 1234, group 12, has response code 0xe, which means nothing"},
    {{.kind = AMDVI_LINT_PPR_ANSWER, .request = WRITE, .index = 12, .data = 1},
     "ppr-answer: COMPLETE_PPR_REQUEST for 1234 asks for PASID 0x77, which the entry withholds (GPRP=0)"},
    {{.kind = AMDVI_LINT_PPR_ANSWER, .request = WRITE, .index = 12, .data = 15},
     "ppr-answer: COMPLETE_PPR_REQUEST for 1234 asks for PASID 0x77, which the entry withholds (GPRP=0)"},
    {{.kind = AMDVI_LINT_PPR_ANSWER,
      .severity = AMDVI_LINT_MISTAKE,
      .request = WRITE,
      .index = 12,
      .changed = {.line = 21}},
     "ppr-answer: page requests of 1234, group 12, of line 21 were never answered"},
    {{.kind = AMDVI_LINT_PPR_ANSWER,
      .severity = AMDVI_LINT_MISTAKE,
      .request = WRITE,
      .index = 12,
      .times = 1,
      .changed = {.line = 21}},
     "ppr-answer: page requests of 1234, group 12, of line 21 were answered with another PASID than 0x77"},
    {{.kind = AMDVI_LINT_PPR_ANSWER,
      .severity = AMDVI_LINT_MISTAKE,
      .request = WRITE,
      .index = 12,
      .times = 2,
      .changed = {.line = 21}},
     "ppr-answer: page requests of 1234, group 12, of line 21 were answered twice"},
};

START_TEST(a_finding_reads)
{
    struct amdvi_lint_finding finding = rows[_i].finding;

    lint_report(lint, &finding);
    ck_assert_uint_eq(findings, 1);
    ck_assert_str_eq(text, rows[_i].text);
    ck_assert_ptr_null(finding.text); /* it lived for the callback */
}
END_TEST

START_TEST(each_kind_has_a_row)
{
    bool seen[AMDVI_LINT_KINDS] = {false};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *name = amdvi_lint_kind_name(rows[i].finding.kind);

        seen[rows[i].finding.kind] = true;
        ck_assert_int_eq(strncmp(rows[i].text, name, strlen(name)), 0);
    }
    for (unsigned kind = 0; kind < AMDVI_LINT_KINDS; kind++)
        ck_assert_msg(seen[kind], "%s has no row", amdvi_lint_kind_name(kind));
    ck_assert_str_eq(amdvi_lint_kind_name(AMDVI_LINT_KINDS), "unknown");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("findings in words");
    TCase *tests = tcase_create("findings in words");

    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_finding_reads, 0, sizeof(rows) / sizeof(rows[0]));
    tcase_add_test(tests, each_kind_has_a_row);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
