// SPDX-License-Identifier: GPL-2.0-only
#include "world_report.h"

#include "cmdbuf/layout.h"

#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

struct world_report *world_report_shared(void)
{
    void *place =
        mmap(NULL, sizeof(struct world_report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    return place == MAP_FAILED ? NULL : place;
}

void world_report_first(struct world_report *report, const char *text)
{
    if (!report->first[0])
        snprintf(report->first, sizeof(report->first), "%s", text);
}

void world_report_finding(struct world_report *report, const char *text)
{
    size_t used = strlen(report->lint);

    report->findings++;
    if (used + strlen(text) + 2 <= sizeof(report->lint))
        sprintf(report->lint + used, "%s\n", text);
}

/* ------------------------------------------------------------------------------ commands */

/* What drops what a cache holds, of the IOMMU or of a device [6.4]. */
static bool is_flush(const struct amdvi_command_info *info)
{
    switch (cmd_opcode(info->words)) {
    case CMD_INVALIDATE_DEVTAB_ENTRY:
    case CMD_INVALIDATE_IOMMU_PAGES:
    case CMD_INVALIDATE_IOTLB_PAGES:
    case CMD_INVALIDATE_INTERRUPT_TABLE:
    case CMD_INVALIDATE_IOMMU_ALL:
        return true;
    default:
        return false;
    }
}

static void command(void *context, const struct amdvi_command_info *info)
{
    struct world_report *report = context;

    if (info->guest)
        return;
    report->commands++;
    report->flushes += is_flush(info);
}

void world_report_attach(struct world_report *report, struct amdvi_device *device)
{
    struct amdvi_observer observer = {.context = report, .command = command};
    struct amdvi_observation *observation;

    if (amdvi_observer_attach(device, &observer, &observation) != AMDVI_OK)
        world_report_first(report, "the commands cannot be counted");
}

/* ------------------------------------------------------------------------------ calls */

/*
 * Every function of the API gets a few instructions in front of it, whatever its arguments are:
 *     movabs rax, counter; inc qword [rax]; movabs rax, function; jmp rax
 * Neither arguments nor stack are touched.
 */
enum { STUB_BYTES = 32 };

static void write_stub(uint8_t *stub, uint64_t *counter, const void *function)
{
    static const uint8_t code[] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0x48, 0xff, 0x00,
                                   0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0};

    memcpy(stub, code, sizeof(code));
    memcpy(stub + 2, &counter, sizeof(counter));
    memcpy(stub + 15, &function, sizeof(function));
}

const struct kshim_api *world_report_calls(struct world_report *report, const struct kshim_api *api)
{
    enum { FUNCTIONS = sizeof(*api) / sizeof(void *) };
    static struct kshim_api counted;
    void *functions[FUNCTIONS];
    uint8_t *stubs =
        mmap(NULL, FUNCTIONS * STUB_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (stubs == MAP_FAILED)
        return api;
    memcpy(functions, api, sizeof(functions));
    for (size_t each = 0; each < FUNCTIONS; each++) {
        write_stub(stubs + each * STUB_BYTES, &report->operations, functions[each]);
        if (functions[each])
            functions[each] = stubs + each * STUB_BYTES;
    }
    mprotect(stubs, FUNCTIONS * STUB_BYTES, PROT_READ | PROT_EXEC);
    memcpy(&counted, functions, sizeof(counted));
    return &counted;
}

/* ------------------------------------------------------------------------------ JSON */

static void write_text(FILE *file, const char *text)
{
    for (; *text; text++)
        if (*text == '"' || *text == '\\')
            fprintf(file, "\\%c", *text);
        else if ((unsigned char)*text < ' ')
            fprintf(file, "\\u%04x", (unsigned char)*text);
        else
            fputc(*text, file);
}

void world_report_write(FILE *file, const struct world_report *report)
{
    fprintf(file,
            "\"operations\": %" PRIu64 ", \"commands\": %" PRIu64 ", \"flushes\": %" PRIu64
            ", \"findings\": %" PRIu64 ", \"first\": \"",
            report->operations, report->commands, report->flushes, report->findings);
    write_text(file, report->first);
    fputs("\", \"lint\": \"", file);
    write_text(file, report->lint);
    fputc('"', file);
}
