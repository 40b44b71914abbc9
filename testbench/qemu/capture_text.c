// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of a capture, and the memory that has to stand before them. */
#include "capture.h"

#include <exec/address-spaces.h>
#include <qapi/error.h>
#include <qemu/error-report.h>
#include <qemu/timer.h>

#include "amdvi/host.h"
#include "amdvi/layout.h"

enum { WORD = 8, NAME_BYTES = 48 };

/* ------------------------------------------------------------------ lines */

static void tell_time(struct capture_text *text)
{
    int64_t now = qemu_clock_get_ms(QEMU_CLOCK_REALTIME) - text->began;

    if (now != text->told)
        fprintf(text->file, "t %" PRId64 "\n", now);
    text->told = now;
}

void capture_line(struct capture_text *text, const char *format, ...)
{
    va_list values;

    tell_time(text);
    va_start(values, format);
    vfprintf(text->file, format, values);
    va_end(values);
    fputc('\n', text->file);
}

void capture_bytes(struct capture_text *text, const char *begin, const uint8_t *bytes, size_t length)
{
    tell_time(text);
    fputs(begin, text->file);
    fputc(' ', text->file);
    for (size_t i = 0; i < length; i++)
        fprintf(text->file, "%02x", bytes[i]);
    fputc('\n', text->file);
}

static void tell_memory(struct capture_text *text, char kind, uint64_t address, const uint8_t *bytes,
                        size_t length)
{
    char begin[NAME_BYTES];

    snprintf(begin, sizeof(begin), "%c %" PRIx64, kind, address);
    capture_bytes(text, begin, bytes, length);
    amdvi_sparse_write(text->known, address, bytes, length);
}

/* ------------------------------------------------------------------ memory of the reader */

/* One line for each stretch of words that are not what the file says. */
static void tell_difference(struct capture_text *text, uint64_t address, const uint8_t *bytes, size_t length)
{
    for (size_t at = 0, end; at < length; at = end) {
        size_t piece = MIN((size_t)WORD, length - at);
        end = at + piece;
        if (amdvi_sparse_compare(text->known, address + at, bytes + at, piece, NULL) == AMDVI_SPARSE_OK)
            continue;
        while (end < length && amdvi_sparse_compare(text->known, address + end, bytes + end,
                                                    MIN((size_t)WORD, length - end), NULL) != AMDVI_SPARSE_OK)
            end += MIN((size_t)WORD, length - end);
        tell_memory(text, 'M', address + at, bytes + at, end - at);
        text->changed = true;
    }
}

static enum amdvi_memory_result read_memory(void *context, uint64_t spa, void *data, size_t length)
{
    if (address_space_read(&address_space_memory, spa, MEMTXATTRS_UNSPECIFIED, data, length) != MEMTX_OK)
        return AMDVI_MEMORY_MASTER_ABORT;
    tell_difference(context, spa, data, length);
    return AMDVI_MEMORY_OK;
}

/* What a COMPLETION_WAIT stores has the size of a word; records of logs, which QEMU's device never writes,
 * are longer. */
static enum amdvi_memory_result forget_write(void *context, uint64_t spa, const void *data, size_t length)
{
    struct capture_text *text = context;

    if (text->doorbell && length == WORD)
        g_array_append_val(text->stores, spa);
    return AMDVI_MEMORY_OK;
}

static bool make_reader(struct capture_text *text, const struct amdvi_config *config)
{
    const struct amdvi_memory memory = {.context = text, .read = read_memory, .write = forget_write};

    return amdvi_create(config, &memory, NULL, NULL, &text->reader) == AMDVI_OK;
}

bool capture_text_start(struct capture_text *text, uint64_t features, uint64_t ram, Error **errp)
{
    struct amdvi_config *config;
    char number[24];
    bool made = amdvi_config_create(&config) == AMDVI_OK;

    amdvi_config_set(config, "preset", "emulator-min");
    amdvi_config_set(config, "caches", "off");
    snprintf(number, sizeof(number), "0x%" PRIx64, features);
    amdvi_config_set(config, "efr", number);
    snprintf(number, sizeof(number), "%" PRIu64, ram);
    amdvi_config_set(config, "ram", number);
    made = made && amdvi_sparse_create(AMDVI_SPARSE_MAX_SIZE, 0, &text->known) == AMDVI_SPARSE_OK &&
           make_reader(text, config);
    if (!made)
        error_setg(errp, "no memory for a capture");
    amdvi_config_destroy(config);
    return made;
}

bool capture_text_open(struct capture_text *text, const char *path, Error **errp)
{
    text->file = fopen(path, "w");
    if (!text->file) {
        error_setg_errno(errp, errno, "%s cannot be written", path);
        return false;
    }
    text->stores = g_array_new(FALSE, FALSE, sizeof(uint64_t));
    text->began = qemu_clock_get_ms(QEMU_CLOCK_REALTIME);
    fputs("# amd-iommu-capture text 1\n", text->file);
    return true;
}

bool capture_text_close(struct capture_text *text)
{
    bool whole = !ferror(text->file);

    if (fclose(text->file))
        whole = false;
    if (!whole)
        error_report("amdvi: the capture could not be written: it is not whole");
    text->file = NULL;
    g_array_free(text->stores, TRUE);
    amdvi_destroy(text->reader);
    amdvi_sparse_destroy(text->known);
    text->stores = NULL;
    text->reader = NULL;
    text->known = NULL;
    return whole;
}

/* ------------------------------------------------------------------ what an access needs */

bool capture_on(struct capture_text *text)
{
    const struct amdvi_register *control = amdvi_register_find("control");
    uint64_t value = 0;

    amdvi_mmio_read(text->reader, control->offset, 8, &value);
    return amdvi_field_get(amdvi_layout_field(control->layout, "IommuEn"), &value);
}

static bool look(struct capture_text *text, uint16_t device, uint64_t address, bool write)
{
    const struct amdvi_request request = {
        .device = device, .op = write ? AMDVI_WRITE : AMDVI_READ, .address = address, .length = 1};
    struct amdvi_result result = {0};

    return amdvi_look(text->reader, &request, &result) == AMDVI_OK && result.ok;
}

void capture_read_for_dma(struct capture_text *text, uint16_t device, uint64_t address, bool write)
{
    text->changed = false;
    look(text, device, address, write);
}

bool capture_mapped(struct capture_text *text, uint16_t device, uint64_t address)
{
    return look(text, device, address, false) || look(text, device, address, true);
}

void capture_read_for_interrupt(struct capture_text *text, uint16_t device, uint64_t address, uint32_t data)
{
    struct amdvi_int_result result;

    text->changed = false;
    amdvi_interrupt(text->reader, device, address, data, &result);
}

/* The reader executes the commands, and so reads them and tells where their stores go. */
void capture_register_written(struct capture_text *text, uint64_t offset, uint64_t value, unsigned size)
{
    g_array_set_size(text->stores, 0);
    text->doorbell = offset == amdvi_register_find("cmd_tail")->offset;
    amdvi_mmio_write(text->reader, offset, size, value);
    amdvi_run(text->reader);
    text->doorbell = false;
}

void capture_stores(struct capture_text *text)
{
    uint8_t bytes[WORD];

    for (guint i = 0; i < text->stores->len; i++) {
        uint64_t spa = g_array_index(text->stores, uint64_t, i);
        if (address_space_read(&address_space_memory, spa, MEMTXATTRS_UNSPECIFIED, bytes, WORD) == MEMTX_OK)
            tell_memory(text, 'S', spa, bytes, WORD);
    }
    g_array_set_size(text->stores, 0);
}
