// SPDX-License-Identifier: Apache-2.0
/* Page requests and their answers (9.4): exactly one for each group, with its PASID. */
#ifndef AMDVI_MODEL_LINT_PAGE_REQUESTS_H
#define AMDVI_MODEL_LINT_PAGE_REQUESTS_H

#include "amdvi/lint.h"

enum { LINT_PAGE_GROUPS = 256 };

struct lint_page_group {
    bool open, answered;
    bool has_pasid;
    uint16_t device, index;
    uint32_t pasid;
    struct amdvi_lint_mark at;
};

struct lint_page_requests {
    struct lint_page_group groups[LINT_PAGE_GROUPS];
    unsigned next;
};

void lint_page_request(struct amdvi_lint *lint, const struct amdvi_page_request *request, bool logged);
void lint_page_answer(struct amdvi_lint *lint, const struct amdvi_prg_response *response);
/* COMPLETE_PPR_REQUEST. */
void lint_page_command(struct amdvi_lint *lint, const uint64_t words[2]);
void lint_pages_finish(struct amdvi_lint *lint);

#endif
