// SPDX-License-Identifier: Apache-2.0
/* The grammar: which keys a kind of record takes, which it needs, and what their values are. */
#include "internal.h"

#include <inttypes.h>
#include <string.h>

#define KEY(name) AMDVI_TRACE_KEY_##name
#define NEED(name, ...)                                                                                      \
    {                                                                                                        \
        .key = KEY(name), .required = true, __VA_ARGS__                                                      \
    }
#define MAY(name, ...)                                                                                       \
    {                                                                                                        \
        .key = KEY(name), .required = false, __VA_ARGS__                                                     \
    }
#define HEX(most) .type = AMDVI_TRACE_TYPE_NUMBER, .max = (most)
#define DEC(most) .type = AMDVI_TRACE_TYPE_NUMBER, .max = (most), .decimal = true
#define OF(name)  .type = AMDVI_TRACE_TYPE_##name, .max = UINT64_MAX
#define BDF       .type = AMDVI_TRACE_TYPE_DEVICE, .max = 0xffff
#define FLAG      .type = AMDVI_TRACE_TYPE_BOOL, .max = 1, .decimal = true
#define ANY       UINT64_MAX
#define GUEST     0xffff
#define PASID20   0xfffff
#define PRG_INDEX 0x1ff

static const struct amdvi_trace_rule mem_rules[] = {NEED(ADDR, HEX(ANY)), NEED(DATA, OF(BYTES))};
static const struct amdvi_trace_rule fill_rules[] = {NEED(ADDR, HEX(ANY)), NEED(LEN, HEX(ANY)),
                                                     NEED(BYTE, HEX(0xff))};
static const struct amdvi_trace_rule memfile_rules[] = {
    NEED(ADDR, HEX(ANY)), NEED(FILE, OF(TEXT)), MAY(OFFSET, HEX(ANY)), MAY(LEN, HEX(ANY)), MAY(ZSTD, FLAG)};
static const struct amdvi_trace_rule mmio_write_rules[] = {NEED(OFF, HEX(ANY)), NEED(SIZE, OF(SIZE_4_8)),
                                                           NEED(VALUE, HEX(ANY))};
static const struct amdvi_trace_rule mmio_read_rules[] = {NEED(OFF, HEX(ANY)), NEED(SIZE, OF(SIZE_4_8)),
                                                          MAY(VALUE, HEX(ANY)), MAY(MASK, HEX(ANY))};
static const struct amdvi_trace_rule pci_write_rules[] = {NEED(OFF, HEX(0xfff)), NEED(SIZE, OF(SIZE_1_2_4)),
                                                          NEED(VALUE, HEX(ANY))};
static const struct amdvi_trace_rule pci_read_rules[] = {NEED(OFF, HEX(0xfff)), NEED(SIZE, OF(SIZE_1_2_4)),
                                                         MAY(VALUE, HEX(ANY)), MAY(MASK, HEX(ANY))};
static const struct amdvi_trace_rule vf_write_rules[] = {NEED(GID, HEX(GUEST)), NEED(OFF, HEX(ANY)),
                                                         NEED(SIZE, OF(SIZE_4_8)), NEED(VALUE, HEX(ANY))};
static const struct amdvi_trace_rule vf_read_rules[] = {NEED(GID, HEX(GUEST)), NEED(OFF, HEX(ANY)),
                                                        NEED(SIZE, OF(SIZE_4_8)), MAY(VALUE, HEX(ANY)),
                                                        MAY(MASK, HEX(ANY))};
static const struct amdvi_trace_rule dma_rules[] = {
    NEED(DEV, BDF),           NEED(ADDR, HEX(ANY)), NEED(LEN, HEX(ANY)), NEED(OP, OF(OP)),
    MAY(PASID, HEX(PASID20)), MAY(PRIV, FLAG),      MAY(AT, OF(AT)),     MAY(DATA, OF(BYTES))};
static const struct amdvi_trace_rule ats_rules[] = {
    NEED(DEV, BDF), NEED(ADDR, HEX(ANY)), MAY(LEN, HEX(ANY)), MAY(PASID, HEX(PASID20)),
    MAY(NW, FLAG),  MAY(EXEC, FLAG),      MAY(PRIV, FLAG)};
static const struct amdvi_trace_rule pri_rules[] = {NEED(DEV, BDF),
                                                    NEED(ADDR, HEX(ANY)),
                                                    NEED(TAG, HEX(PRG_INDEX)),
                                                    MAY(PASID, HEX(PASID20)),
                                                    MAY(PRIV, FLAG),
                                                    MAY(R, FLAG),
                                                    MAY(W, FLAG),
                                                    MAY(X, FLAG),
                                                    MAY(LAST, FLAG)};
static const struct amdvi_trace_rule int_rules[] = {NEED(DEV, BDF), NEED(ADDR, HEX(ANY)),
                                                    NEED(DATA, HEX(UINT32_MAX))};
static const struct amdvi_trace_rule ok_rules[] = {
    MAY(PA, HEX(ANY)),   MAY(SIZE, HEX(ANY)),    MAY(LEN, HEX(ANY)),    MAY(PERM, OF(PERM)),
    MAY(ADDR, HEX(ANY)), MAY(DATA, OF(OK_DATA)), MAY(VECTOR, HEX(ANY)), MAY(DEST, HEX(ANY)),
    MAY(MODE, DEC(ANY)), MAY(TYPE, DEC(ANY))};
static const struct amdvi_trace_rule fault_rules[] = {MAY(KIND, OF(EVENT)), MAY(REPLY, OF(REPLY)),
                                                      MAY(FLAGS, OF(FLAGS))};
static const struct amdvi_trace_rule expect_event_rules[] = {
    NEED(LOG, OF(LOG)),  NEED(INDEX, DEC(ANY)), MAY(KIND, OF(EVENT)),
    MAY(DEV, BDF),       MAY(DOM, HEX(0xffff)), MAY(PASID, HEX(PASID20)),
    MAY(ADDR, HEX(ANY)), MAY(FLAGS, OF(FLAGS)), MAY(RAW, OF(BYTES))};
static const struct amdvi_trace_rule expect_ppr_rules[] = {
    NEED(LOG, OF(LOG)),       NEED(INDEX, DEC(ANY)), MAY(DEV, BDF),
    MAY(PASID, HEX(PASID20)), MAY(ADDR, HEX(ANY)),   MAY(TAG, HEX(PRG_INDEX)),
    MAY(FLAGS, OF(PPR_FLAGS))};
static const struct amdvi_trace_rule expect_ga_rules[] = {NEED(INDEX, DEC(ANY)), MAY(TAG, HEX(UINT32_MAX)),
                                                          MAY(DEV, BDF)};
static const struct amdvi_trace_rule expect_count_rules[] = {NEED(LOG, OF(LOG)), MAY(EVENT, DEC(ANY)),
                                                             MAY(PPR, DEC(ANY)), MAY(GA, DEC(ANY))};
static const struct amdvi_trace_rule expect_prg_rules[] = {NEED(DEV, BDF), NEED(INDEX, DEC(PRG_INDEX)),
                                                           NEED(CODE, HEX(0xff)), MAY(PASID, HEX(PASID20))};
static const struct amdvi_trace_rule expect_irq_rules[] = {NEED(KIND, OF(IRQ)), MAY(GID, HEX(GUEST)),
                                                           MAY(VECTOR, HEX(ANY)), MAY(COUNT, DEC(ANY))};
static const struct amdvi_trace_rule expect_atc_inv_rules[] = {
    NEED(DEV, BDF), NEED(ADDR, HEX(ANY)), NEED(SIZE, HEX(ANY)), MAY(PASID, HEX(PASID20))};

#define PLAIN(word, text)                                                                                    \
    {                                                                                                        \
        .name = (word), .help = (text)                                                                       \
    }
#define WITH(word, table, text)                                                                              \
    {                                                                                                        \
        .name = (word), .help = (text), .rules = (table), .rules_count = sizeof(table) / sizeof((table)[0])  \
    }

static const struct amdvi_trace_kind_info kinds[AMDVI_TRACE_KINDS] = {
    [AMDVI_TRACE_KIND_HEADER] = PLAIN("amdvi-trace", "\"amdvi-trace 1\", the first record"),
    [AMDVI_TRACE_KIND_COMMENT] = PLAIN("#", "a comment"),
    [AMDVI_TRACE_KIND_BLANK] = PLAIN("", "an empty line"),
    [AMDVI_TRACE_KIND_CONFIG] = PLAIN("config", "configuration, KEY=VALUE ..., before the first action"),
    [AMDVI_TRACE_KIND_MEM] = WITH("mem", mem_rules, "set system memory bytes"),
    [AMDVI_TRACE_KIND_FILL] = WITH("fill", fill_rules, "set a range of system memory"),
    [AMDVI_TRACE_KIND_MEMFILE] = WITH("memfile", memfile_rules, "load a raw image into system memory"),
    [AMDVI_TRACE_KIND_MMIO_WRITE] = WITH("mmio_write", mmio_write_rules, "register write by the host"),
    [AMDVI_TRACE_KIND_MMIO_READ] = WITH("mmio_read", mmio_read_rules, "register read, a check with value="),
    [AMDVI_TRACE_KIND_PCI_WRITE] = WITH("pci_write", pci_write_rules, "PCI configuration write"),
    [AMDVI_TRACE_KIND_PCI_READ] = WITH("pci_read", pci_read_rules, "PCI configuration read"),
    [AMDVI_TRACE_KIND_VF_WRITE] = WITH("vf_write", vf_write_rules, "write to the guest's VF MMIO page"),
    [AMDVI_TRACE_KIND_VF_READ] = WITH("vf_read", vf_read_rules, "read of the guest's VF MMIO page"),
    [AMDVI_TRACE_KIND_VFC_WRITE] = WITH("vfc_write", vf_write_rules, "write to the VF Control block"),
    [AMDVI_TRACE_KIND_VFC_READ] = WITH("vfc_read", vf_read_rules, "read of the VF Control block"),
    [AMDVI_TRACE_KIND_RUN] = PLAIN("run", "let the device work until it is quiet"),
    [AMDVI_TRACE_KIND_DMA] = WITH("dma", dma_rules, "a DMA request"),
    [AMDVI_TRACE_KIND_ATS] = WITH("ats", ats_rules, "an ATS translation request"),
    [AMDVI_TRACE_KIND_PRI] = WITH("pri", pri_rules, "a page request"),
    [AMDVI_TRACE_KIND_INT] = WITH("int", int_rules, "an interrupt request"),
    [AMDVI_TRACE_KIND_OK] = WITH("ok", ok_rules, "expected success of the request above"),
    [AMDVI_TRACE_KIND_FAULT] = WITH("fault", fault_rules, "expected failure of the request above"),
    [AMDVI_TRACE_KIND_EXPECT_MEM] = WITH("expect_mem", mem_rules, "check memory"),
    [AMDVI_TRACE_KIND_EXPECT_EVENT] =
        WITH("expect_event", expect_event_rules, "check a record of an event log"),
    [AMDVI_TRACE_KIND_EXPECT_PPR] = WITH("expect_ppr", expect_ppr_rules, "check a record of a PPR log"),
    [AMDVI_TRACE_KIND_EXPECT_GA] = WITH("expect_ga", expect_ga_rules, "check a record of the GA log"),
    [AMDVI_TRACE_KIND_EXPECT_COUNT] = WITH("expect_count", expect_count_rules, "number of records logged"),
    [AMDVI_TRACE_KIND_EXPECT_PRG] = WITH("expect_prg", expect_prg_rules, "a page-request-group response"),
    [AMDVI_TRACE_KIND_EXPECT_IRQ] = WITH("expect_irq", expect_irq_rules, "interrupts raised by the IOMMU"),
    [AMDVI_TRACE_KIND_EXPECT_ATC_INV] =
        WITH("expect_atc_inv", expect_atc_inv_rules, "an invalidation reached a device's translation cache"),
    [AMDVI_TRACE_KIND_RESET] = PLAIN("reset", "the device is reset; memory stays"),
};

#define NAME(key, word) [KEY(key)] = {(word), sizeof(word) - 1}

const struct trace_key_name trace_key_names[AMDVI_TRACE_KEYS] = {
    NAME(ADDR, "addr"),   NAME(DATA, "data"),     NAME(LEN, "len"),       NAME(BYTE, "byte"),
    NAME(FILE, "file"),   NAME(OFFSET, "offset"), NAME(ZSTD, "zstd"),     NAME(OFF, "off"),
    NAME(SIZE, "size"),   NAME(VALUE, "value"),   NAME(MASK, "mask"),     NAME(GID, "gid"),
    NAME(DEV, "dev"),     NAME(OP, "op"),         NAME(PASID, "pasid"),   NAME(PRIV, "priv"),
    NAME(AT, "at"),       NAME(NW, "nw"),         NAME(EXEC, "exec"),     NAME(TAG, "tag"),
    NAME(R, "r"),         NAME(W, "w"),           NAME(X, "x"),           NAME(LAST, "last"),
    NAME(PA, "pa"),       NAME(PERM, "perm"),     NAME(VECTOR, "vector"), NAME(DEST, "dest"),
    NAME(MODE, "mode"),   NAME(TYPE, "type"),     NAME(KIND, "kind"),     NAME(REPLY, "reply"),
    NAME(FLAGS, "flags"), NAME(LOG, "log"),       NAME(INDEX, "index"),   NAME(DOM, "dom"),
    NAME(RAW, "raw"),     NAME(EVENT, "event"),   NAME(PPR, "ppr"),       NAME(GA, "ga"),
    NAME(CODE, "code"),   NAME(COUNT, "count"),   NAME(T, "t"),           NAME(VM, "vm"),
    NAME(CPU, "cpu"),
};

const struct amdvi_trace_rule trace_label_t = {.key = KEY(T), DEC(ANY)};

const struct amdvi_trace_kind_info *amdvi_trace_kind_info(enum amdvi_trace_kind kind)
{
    return (unsigned)kind < AMDVI_TRACE_KINDS ? &kinds[kind] : NULL;
}

const char *amdvi_trace_key_name(enum amdvi_trace_key key)
{
    return (unsigned)key < AMDVI_TRACE_KEYS ? trace_key_names[key].text : NULL;
}

bool trace_kind_by_name(const char *name, size_t len, enum amdvi_trace_kind *kind)
{
    for (unsigned k = 0; k < AMDVI_TRACE_KINDS; k++) {
        const char *is = kinds[k].name;
        if (is[0] != name[0] || k == AMDVI_TRACE_KIND_COMMENT || k == AMDVI_TRACE_KIND_BLANK)
            continue;
        if (strlen(is) == len && !memcmp(is, name, len)) {
            *kind = (enum amdvi_trace_kind)k;
            return true;
        }
    }
    return false;
}

static const char *type_help(const struct amdvi_trace_rule *rule)
{
    static const char *const text[] = {
        [AMDVI_TRACE_TYPE_NUMBER] = "",
        [AMDVI_TRACE_TYPE_BOOL] = "0|1",
        [AMDVI_TRACE_TYPE_SIZE_4_8] = "4|8",
        [AMDVI_TRACE_TYPE_SIZE_1_2_4] = "1|2|4",
        [AMDVI_TRACE_TYPE_BYTES] = "HEX...",
        [AMDVI_TRACE_TYPE_OK_DATA] = "HEX...|NUMBER",
        [AMDVI_TRACE_TYPE_TEXT] = "TEXT",
        [AMDVI_TRACE_TYPE_OP] = "read|write|exec|atomic",
        [AMDVI_TRACE_TYPE_AT] = "untranslated|translated",
        [AMDVI_TRACE_TYPE_REPLY] = "abort|zero|drop",
        [AMDVI_TRACE_TYPE_EVENT] = "EVENT_NAME",
        [AMDVI_TRACE_TYPE_IRQ] = "event|ppr|ga|comwait|msi",
        [AMDVI_TRACE_TYPE_PERM] = "rwx|-",
        [AMDVI_TRACE_TYPE_FLAGS] = "NAME+...|0",
        [AMDVI_TRACE_TYPE_PPR_FLAGS] = "NAME+...|0",
        [AMDVI_TRACE_TYPE_LOG] = "host|GID",
        [AMDVI_TRACE_TYPE_DEVICE] = "NUMBER|BUS:DEVICE.FUNCTION",
    };
    return text[rule->type];
}

static void print_kind(FILE *out, const struct amdvi_trace_kind_info *info)
{
    fprintf(out, "%s", info->name);
    for (size_t i = 0; i < info->rules_count; i++) {
        const struct amdvi_trace_rule *rule = &info->rules[i];
        fprintf(out, " %s%s=%s%s", rule->required ? "" : "[", trace_key_names[rule->key].text,
                type_help(rule), rule->required ? "" : "]");
    }
    fprintf(out, "\n    %s\n", info->help);
}

void amdvi_trace_grammar_print(FILE *out)
{
    for (unsigned k = 0; k < AMDVI_TRACE_KINDS; k++) {
        if (k != AMDVI_TRACE_KIND_COMMENT && k != AMDVI_TRACE_KIND_BLANK)
            print_kind(out, &kinds[k]);
    }
    fprintf(out, "any record: [t=] [vm=TEXT] [cpu=TEXT]\n    nanoseconds from the start, and labels\n");
}
