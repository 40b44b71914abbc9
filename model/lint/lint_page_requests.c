// SPDX-License-Identifier: Apache-2.0
#include "model/lint/lint.h"

#include "model/lookup/dtc.h"

/* Notes about commands; a response code stands in `data`. */
enum { WITHHELD = 3, UNDEFINED_CODE = 4 };

static struct lint_page_group *find(struct amdvi_lint *lint, uint16_t device, uint16_t index)
{
    struct lint_page_group *groups = lint->page_requests.groups;

    for (unsigned i = 0; i < LINT_PAGE_GROUPS; i++)
        if ((groups[i].open || groups[i].answered) && groups[i].device == device && groups[i].index == index)
            return &groups[i];
    return NULL;
}

/* Only what software has to answer: the last request of a group, in the log. What is not logged is answered
 * by hardware (7.7). */
void lint_page_request(struct amdvi_lint *lint, const struct amdvi_page_request *request, bool logged)
{
    struct lint_page_requests *all = &lint->page_requests;
    struct lint_page_group *group = find(lint, request->device, request->prg_index);

    if (!logged || !request->last)
        return;
    if (!group)
        group = &all->groups[all->next++ % LINT_PAGE_GROUPS];
    *group = (struct lint_page_group){.open = true,
                                      .has_pasid = request->has_pasid,
                                      .device = request->device,
                                      .index = request->prg_index,
                                      .pasid = request->pasid,
                                      .at = lint->now};
}

static void report(struct amdvi_lint *lint, const struct lint_page_group *group, uint64_t answers)
{
    struct amdvi_lint_finding finding = {
        .kind = AMDVI_LINT_PPR_ANSWER,
        .severity = AMDVI_LINT_MISTAKE,
        .at = lint->now,
        .request = {.device = group->device, .has_pasid = group->has_pasid, .pasid = group->pasid},
        .index = group->index,
        .changed = group->at,
        .times = answers};

    lint_report(lint, &finding);
}

/* A device that wants its PASID back (GPRP) gets an answer that it does not know. */
static bool misses_pasid(struct amdvi_lint *lint, const struct lint_page_group *group,
                         const struct amdvi_prg_response *response)
{
    const struct dte *dte = dtc_peek(lint->device, group->device);

    if (response->has_pasid)
        return !group->has_pasid || response->pasid != group->pasid;
    return group->has_pasid && dte && dte->prg_pasid;
}

void lint_page_answer(struct amdvi_lint *lint, const struct amdvi_prg_response *response)
{
    struct lint_page_group *group = find(lint, response->device, response->index);

    if (!group)
        return; /* of hardware, or of a request from before the lint */
    if (group->answered)
        report(lint, group, 2);
    else if (misses_pasid(lint, group, response))
        report(lint, group, 1);
    group->open = false;
    group->answered = true;
}

/* Once for each device. */
static void note(struct amdvi_lint *lint, const uint64_t words[2], uint64_t what)
{
    uint16_t device = (uint16_t)cmd_complete_ppr_deviceid(words);
    struct amdvi_lint_finding finding = {.kind = AMDVI_LINT_PPR_ANSWER,
                                         .severity = AMDVI_LINT_NOTE,
                                         .at = lint->now,
                                         .request.device = device,
                                         .request.pasid = (uint32_t)cmd_complete_ppr_pasid(words),
                                         .data = (uint32_t)cmd_complete_ppr_response(words),
                                         .index = (uint32_t)cmd_complete_ppr_prgindex(words),
                                         .near = {words[0], words[1]},
                                         .times = what};

    if (!lint_group_told(lint, lint_group(finding.kind, device, what), 1))
        lint_report(lint, &finding);
}

/* 0: success, 1: invalid, Fh: failure (6.4). */
static bool is_defined(uint64_t code)
{
    return code == 0 || code == 1 || code == 0xf;
}

/* GN=1 asks for the PASID in the answer, and the entry withholds it: GPRP=0 (9.4). */
void lint_page_command(struct amdvi_lint *lint, const uint64_t words[2])
{
    const struct dte *dte = dtc_peek(lint->device, (uint16_t)cmd_complete_ppr_deviceid(words));

    if (!is_defined(cmd_complete_ppr_response(words)))
        note(lint, words, UNDEFINED_CODE);
    if (cmd_complete_ppr_gn(words) && dte && !dte->prg_pasid && !lint->device->config.value[CONFIG_PPR_PASID])
        note(lint, words, WITHHELD);
}

void lint_pages_finish(struct amdvi_lint *lint)
{
    for (unsigned i = 0; i < LINT_PAGE_GROUPS; i++) {
        struct lint_page_group *group = &lint->page_requests.groups[i];
        if (group->open)
            report(lint, group, 0);
        group->open = false;
    }
}
