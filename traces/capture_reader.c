// SPDX-License-Identifier: Apache-2.0
/* Importer of "amd-iommu-capture text 1": a recorded driver, its memory and what the recorded IOMMU answered.
 */
#include "import.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_EFR  UINT64_C(0x29d3)
#define CONTROL      0x18
#define EFR          0x30
#define EFR2         0x1a0
#define CMD_HEAD     0x2000
#define CMD_TAIL     0x2008
#define CMDS_RUN     ((UINT64_C(1) << 0) | (UINT64_C(1) << 12)) /* IommuEn and CmdBufEn */
#define POINTER_MASK UINT64_C(0x7fff0)

struct capture {
    struct import_queue queue;
    uint64_t efr, efr2; /* found by looking ahead */
    uint64_t devid;
    uint64_t control; /* as last written */
    bool touched;     /* something happened since the start */
    bool pci_noted;
};

static enum amdvi_trace_status bad(struct amdvi_trace_reader *reader, const char *what)
{
    return trace_reader_fail(reader, AMDVI_TRACE_ERR_SYNTAX, reader->stream.line, "capture: %s", what);
}

/* OFF SIZE VAL of r, w, R and W; the size is decimal. */
static bool access_of(const struct import_words *w, uint64_t *off, uint64_t *size, uint64_t *value)
{
    return w->count == 4 && import_hex(w, 1, off) && trace_parse_number(w->word[2], w->len[2], size) &&
           import_hex(w, 3, value);
}

/* -- looking ahead */

static uint64_t merge(uint64_t whole, uint64_t at, uint64_t off, uint64_t size, uint64_t value)
{
    if (size == 8)
        return value;
    return off == at ? (whole & ~UINT64_C(0xffffffff)) | (value & UINT32_MAX)
                     : (whole & UINT32_MAX) | value << 32;
}

struct found {
    bool efr, efr2, devid;
    bool control_only;
};

static void look_at(struct capture *state, struct found *found, char *line, size_t len)
{
    struct import_words w;
    uint64_t off, size, value;
    import_split(&w, line, len);
    if (import_is(&w, 0, "N") && !found->devid)
        found->devid = import_hex(&w, 1, &state->devid) && state->devid <= 0xffff;
    if (!import_is(&w, 0, "R") || !access_of(&w, &off, &size, &value))
        return;
    if (!found->efr && (off & ~UINT64_C(4)) == EFR) {
        state->efr = merge(state->efr, EFR, off, size, value);
        found->efr = size == 8 || off != EFR;
    }
    if (!found->efr2 && (off & ~UINT64_C(4)) == EFR2) {
        state->efr2 = merge(state->efr2, EFR2, off, size, value);
        found->efr2 = size == 8 || off != EFR2;
    }
}

/* The model must be configured before the first action, but the guest reads its features only later. */
static enum amdvi_trace_status look_ahead(struct amdvi_trace_reader *reader)
{
    struct capture *state = reader->state;
    struct found found = {0};
    enum amdvi_trace_status status = AMDVI_TRACE_OK;
    state->efr = DEFAULT_EFR;
    uint64_t limit = reader->options.max_pipe ? reader->options.max_pipe : TRACE_DEFAULT_MAX_PIPE;
    enum trace_input_result kept = trace_input_keep(reader->stream.input, limit);
    if (kept == TRACE_INPUT_TOO_LONG)
        return trace_reader_fail(reader, AMDVI_TRACE_ERR_RANGE, 0,
                                 "more than %llu bytes from a pipe, and a capture is read twice: give a file",
                                 (unsigned long long)limit);
    if (kept != TRACE_INPUT_OK)
        return trace_reader_fail(reader, AMDVI_TRACE_ERR_IO, 0, "the input cannot be read a second time");
    status = trace_stream_rewind(&reader->stream, &reader->error);
    while (status == AMDVI_TRACE_OK && !(found.efr && found.efr2 && found.devid)) {
        char *line;
        size_t len;
        status = trace_stream_line(&reader->stream, &line, &len, &reader->error);
        if (status == AMDVI_TRACE_OK)
            look_at(state, &found, line, len);
    }
    return status < 0 ? status : trace_stream_rewind(&reader->stream, &reader->error);
}

static void add_start(struct capture *state)
{
    struct import_queue *queue = &state->queue;
    import_add(queue, AMDVI_TRACE_KIND_HEADER);
    import_comment(queue, "imported from an amd-iommu-capture text");
    struct amdvi_trace_record *config = import_add(queue, AMDVI_TRACE_KIND_CONFIG);
    import_pair(queue, config, "preset", "emulator-min");
    import_pair(queue, config, "efr", "0x%llx", (unsigned long long)state->efr);
    import_pair(queue, config, "efr2", "0x%llx", (unsigned long long)state->efr2);
    import_pair(queue, config, "devid", "0x%llx", (unsigned long long)state->devid);
    import_pair(queue, config, "ram", IMPORT_RAM);
}

/* -- lines */

/* A reset while the machine runs: what a driver would write to bring every register back. */
static enum amdvi_trace_status take_reset(struct amdvi_trace_reader *reader, struct capture *state)
{
    static const uint16_t lengths[] = {0x08, 0x10, 0x38}; /* ring length 8 after reset */
    static const uint16_t zeros[] = {0x00, 0x20, 0x28, 0x2000, 0x2008, 0x2010, 0x2018, 0x2030, 0x2038};
    struct import_queue *queue = &state->queue;
    import_comment(queue, "reset%s",
                   state->touched ? ", as register writes; caches keep what they hold" : "");
    state->control = 0;
    if (!state->touched)
        return AMDVI_TRACE_OK;
    import_mmio_write(queue, CONTROL, 8, 0);
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++)
        import_mmio_write(queue, lengths[i], 8, UINT64_C(8) << 56);
    for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++)
        import_mmio_write(queue, zeros[i], 8, 0);
    import_mmio_write(queue, CONTROL, 8, UINT64_C(1) << 10);
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status take_pci(struct amdvi_trace_reader *reader, struct capture *state,
                                        const struct import_words *w)
{
    uint64_t off, size, value;
    bool write = w->word[0][0] == 'w';
    if (!access_of(w, &off, &size, &value) || off > 0xfff || (size != 1 && size != 2 && size != 4))
        return bad(reader, "a PCI access is r|w OFF SIZE VAL");
    if (!state->pci_noted)
        import_comment(&state->queue,
                       "PCI accesses are not checked: the capability layout is the recorded one's");
    state->pci_noted = true;
    struct amdvi_trace_record *record =
        import_add(&state->queue, write ? AMDVI_TRACE_KIND_PCI_WRITE : AMDVI_TRACE_KIND_PCI_READ);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_OFF, off);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_SIZE, size);
    if (write)
        amdvi_trace_set(record, AMDVI_TRACE_KEY_VALUE, value);
    reader->counts.register_accesses++;
    return AMDVI_TRACE_OK;
}

/* The recorded IOMMU drained its ring before the write returned: the head stands at the tail. */
static void expect_drained(struct capture *state, uint64_t tail)
{
    struct amdvi_trace_record *record = import_add(&state->queue, AMDVI_TRACE_KIND_MMIO_READ);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_OFF, CMD_HEAD);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_SIZE, 8);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_VALUE, tail & POINTER_MASK);
}

static enum amdvi_trace_status take_mmio(struct amdvi_trace_reader *reader, struct capture *state,
                                         const struct import_words *w)
{
    uint64_t off, size, value;
    bool write = w->word[0][0] == 'W';
    if (!access_of(w, &off, &size, &value) || (size != 4 && size != 8))
        return bad(reader, "a register access is R|W OFF SIZE VAL");
    reader->counts.register_accesses++;
    if (!write) {
        struct amdvi_trace_record *record = import_add(&state->queue, AMDVI_TRACE_KIND_MMIO_READ);
        amdvi_trace_set(record, AMDVI_TRACE_KEY_OFF, off);
        amdvi_trace_set(record, AMDVI_TRACE_KEY_SIZE, size);
        return AMDVI_TRACE_OK;
    }
    state->touched = true;
    import_mmio_write(&state->queue, off, (unsigned)size, value);
    if (off == CONTROL || off == CONTROL + 4)
        state->control = merge(state->control, CONTROL, off, size, value);
    if (off == CMD_TAIL && (state->control & CMDS_RUN) == CMDS_RUN)
        expect_drained(state, value);
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status take_memory(struct amdvi_trace_reader *reader, struct capture *state,
                                           const struct import_words *w)
{
    uint64_t addr;
    bool store = w->word[0][0] == 'S';
    uint8_t *bytes = w->count == 3 ? (uint8_t *)w->word[2] : NULL;
    if (!bytes || !import_hex(w, 1, &addr) || !trace_parse_bytes(w->word[2], w->len[2], bytes))
        return bad(reader, "memory is M|S GPA HEX");
    struct amdvi_trace_record *record =
        import_add(&state->queue, store ? AMDVI_TRACE_KIND_EXPECT_MEM : AMDVI_TRACE_KIND_MEM);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_ADDR, addr);
    amdvi_trace_set_bytes(record, AMDVI_TRACE_KEY_DATA, bytes, w->len[2] / 2);
    if (store)
        reader->counts.stores++;
    else
        reader->counts.memory_updates++;
    state->touched = true;
    return AMDVI_TRACE_OK;
}

/* "~" and "!" at the end of a T or I line; taken off. */
static char take_mark(struct import_words *w)
{
    size_t last = w->count - 1;
    if (w->count < 2 || w->len[last] != 1 || !strchr("~!", w->word[last][0]))
        return 0;
    w->count--;
    return w->word[last][0];
}

static bool expect_translation(struct amdvi_trace_reader *reader, struct capture *state,
                               const struct import_words *w, uint64_t iova, char mark)
{
    uint64_t pa, mask, perm;
    bool fault = import_is(w, 4, "fault");
    if (fault ? w->count != 6 || (!import_is(w, 5, "none") && !import_is(w, 5, "perm"))
              : w->count != 7 || !import_hex(w, 4, &pa) || !import_hex(w, 5, &mask) ||
                    !import_hex(w, 6, &perm) || perm > 3)
        return false;
    reader->counts.translation_faults += fault;
    if (mark == '~') {
        import_note(&state->queue, "the tables changed during this translation");
        reader->counts.unchecked++;
        return true;
    }
    struct amdvi_trace_record *record =
        import_add(&state->queue, fault ? AMDVI_TRACE_KIND_FAULT : AMDVI_TRACE_KIND_OK);
    if (fault)
        return true;
    amdvi_trace_set(record, AMDVI_TRACE_KEY_PA, pa | (iova & mask));
    if (mark != '!')
        amdvi_trace_set(record, AMDVI_TRACE_KEY_PERM, perm); /* 1 read, 2 write: as ours */
    return true;
}

static enum amdvi_trace_status take_translation(struct amdvi_trace_reader *reader, struct capture *state,
                                                struct import_words *w)
{
    uint64_t dev, iova;
    char mark = take_mark(w);
    bool write = import_is(w, 2, "w");
    if (!import_hex(w, 1, &dev) || dev > 0xffff || (!write && !import_is(w, 2, "r")) ||
        !import_hex(w, 3, &iova))
        return bad(reader, "a translation is T DEVID r|w IOVA ...");
    struct amdvi_trace_record *record = import_add(&state->queue, AMDVI_TRACE_KIND_DMA);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_DEV, dev);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_ADDR, iova);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_LEN, 1);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_OP, write ? AMDVI_TRACE_OP_WRITE : AMDVI_TRACE_OP_READ);
    reader->counts.translations++;
    state->touched = true;
    if (!expect_translation(reader, state, w, iova, mark))
        return bad(reader, "a translation ends in PA MASK PERM or fault none|perm");
    return AMDVI_TRACE_OK;
}

/* The message that reached the interrupt controller. */
static void expect_message(struct capture *state, uint64_t addr, uint64_t data, char mark)
{
    struct amdvi_trace_record *record = import_add(&state->queue, AMDVI_TRACE_KIND_OK);
    if (mark == '!') { /* passed on as it is */
        amdvi_trace_set(record, AMDVI_TRACE_KEY_ADDR, addr);
        amdvi_trace_set(record, AMDVI_TRACE_KEY_DATA, data);
        return;
    }
    amdvi_trace_set(record, AMDVI_TRACE_KEY_VECTOR, data & 0xff);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_DEST, (addr >> 12 & 0xff) | (addr >> 32 & 0xffffff00));
    amdvi_trace_set(record, AMDVI_TRACE_KEY_MODE, addr >> 2 & 1);
}

static enum amdvi_trace_status take_interrupt(struct amdvi_trace_reader *reader, struct capture *state,
                                              struct import_words *w)
{
    uint64_t dev, addr, data, addr2, data2;
    char mark = take_mark(w);
    bool abort = import_is(w, 5, "abort") && w->count == 6;
    if (!import_hex(w, 1, &dev) || dev > 0xffff || (!import_is(w, 2, "ioapic") && !import_is(w, 2, "msi")) ||
        !import_hex(w, 3, &addr) || !import_hex(w, 4, &data) || data > UINT32_MAX)
        return bad(reader, "an interrupt is I DEVID ioapic|msi ADDR DATA ...");
    if (!abort && (w->count != 7 || !import_hex(w, 5, &addr2) || !import_hex(w, 6, &data2)))
        return bad(reader, "an interrupt ends in ADDR2 DATA2 or abort");
    struct amdvi_trace_record *record = import_add(&state->queue, AMDVI_TRACE_KIND_INT);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_DEV, dev);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_ADDR, addr);
    amdvi_trace_set(record, AMDVI_TRACE_KEY_DATA, data);
    reader->counts.interrupts++;
    /* A disabled IOMMU passes messages on. The recording emulator went on remapping some: its mistake. */
    bool oracle_wrong = mark == '!' && !abort && (addr2 != addr || data2 != data);
    if (oracle_wrong)
        import_note(&state->queue, "recorded as remapped while the IOMMU was disabled");
    if (mark == '~' || oracle_wrong)
        reader->counts.unchecked++;
    else if (abort)
        import_add(&state->queue, AMDVI_TRACE_KIND_FAULT);
    else
        expect_message(state, addr2, data2, mark);
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status take_time(struct amdvi_trace_reader *reader, struct capture *state,
                                         const struct import_words *w)
{
    uint64_t ms;
    if (w->count != 2 || !trace_parse_number(w->word[1], w->len[1], &ms) || ms > UINT64_MAX / 1000000)
        return bad(reader, "a time is t MILLISECONDS");
    import_time(&state->queue, ms * 1000000);
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status take_function(struct amdvi_trace_reader *reader, struct capture *state,
                                             const struct import_words *w)
{
    uint64_t devfn, base;
    if (w->count != 4 || !import_hex(w, 1, &devfn) || !import_hex(w, 2, &base) || devfn > 0xffff)
        return bad(reader, "the IOMMU's function is N DEVFN BASE HEX");
    import_comment(&state->queue, "the IOMMU is PCI function 0x%llx, registers at 0x%llx",
                   (unsigned long long)devfn, (unsigned long long)base);
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status take_device(struct amdvi_trace_reader *reader, struct capture *state,
                                           const struct import_words *w)
{
    uint64_t dev;
    if (w->count != 2 || !import_hex(w, 1, &dev) || dev > 0xffff)
        return bad(reader, "a requester is D DEVID");
    import_comment(&state->queue, "requester 0x%llx", (unsigned long long)dev);
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status take_comment(struct amdvi_trace_reader *reader, struct capture *state,
                                            const char *line, size_t len)
{
    static const char format[] = "# amd-iommu-capture text ";
    size_t known = sizeof(format) - 1;
    if (len >= known && !memcmp(line, format, known) && strcmp(line + known, "1") != 0)
        return trace_reader_fail(reader, AMDVI_TRACE_ERR_VERSION, reader->stream.line,
                                 "capture text of another version than 1");
    import_verbatim(&state->queue, line + 1 + (line[1] == ' '), len - 1 - (line[1] == ' '));
    return AMDVI_TRACE_OK;
}

static enum amdvi_trace_status take_words(struct amdvi_trace_reader *reader, struct capture *state,
                                          struct import_words *w)
{
    switch (w->len[0] == 1 ? w->word[0][0] : 0) {
    case 't':
        return take_time(reader, state, w);
    case 'N':
        return take_function(reader, state, w);
    case 'Z':
        return take_reset(reader, state);
    case 'D':
        return take_device(reader, state, w);
    case 'r':
    case 'w':
        return take_pci(reader, state, w);
    case 'M':
    case 'S':
        return take_memory(reader, state, w);
    case 'W':
    case 'R':
        return take_mmio(reader, state, w);
    case 'C': /* says nothing that the ring in memory does not say */
        reader->counts.commands++;
        return AMDVI_TRACE_OK;
    case 'T':
        return take_translation(reader, state, w);
    case 'I':
        return take_interrupt(reader, state, w);
    default:
        return bad(reader, "an unknown line");
    }
}

static enum amdvi_trace_status take_line(struct amdvi_trace_reader *reader, char *line, size_t len)
{
    struct capture *state = reader->state;
    struct import_words words;
    if (len && line[0] == '#')
        return take_comment(reader, state, line, len);
    import_split(&words, line, len);
    return words.count ? take_words(reader, state, &words) : AMDVI_TRACE_OK;
}

static enum amdvi_trace_status capture_open(struct amdvi_trace_reader *reader)
{
    reader->info.source = AMDVI_TRACE_SOURCE_CAPTURE;
    reader->info.can_check_translations = true;
    reader->info.can_check_interrupts = true;
    reader->info.can_check_stores = true;
    reader->info.has_memory = true;
    reader->state = calloc(1, sizeof(struct capture));
    if (!reader->state)
        return trace_reader_fail(reader, AMDVI_TRACE_ERR_MEMORY, 0, "out of memory");
    enum amdvi_trace_status status = look_ahead(reader);
    if (status == AMDVI_TRACE_OK)
        add_start(reader->state);
    return status;
}

static enum amdvi_trace_status capture_next(struct amdvi_trace_reader *reader,
                                            struct amdvi_trace_record *record)
{
    struct capture *state = reader->state;
    return import_next(reader, &state->queue, take_line, record);
}

static void capture_close(struct amdvi_trace_reader *reader)
{
    free(reader->state);
}

const struct trace_reader_ops trace_capture_reader = {
    .name = "amd-iommu-capture text", .open = capture_open, .next = capture_next, .close = capture_close};
