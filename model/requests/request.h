// SPDX-License-Identifier: Apache-2.0
/* What the kinds of requests share: how one is judged, and how its pages are translated. */
#ifndef AMDVI_MODEL_REQUEST_H
#define AMDVI_MODEL_REQUEST_H

#include "model/lookup/translate.h"

bool request_legal(const struct amdvi_request *request);
bool request_is_interrupt(const struct amdvi_request *request);
void request_as_interrupt(struct amdvi_device *device, const struct amdvi_request *request, uint32_t data,
                          struct amdvi_result *result);
/* What a request that is an interrupt gets. */
void request_of_interrupt(const struct amdvi_int_result *message, struct amdvi_result *result);
void request_observe(struct amdvi_device *device, const struct amdvi_request *request,
                     const struct amdvi_result *result);

/* Concludes the lookup of a page and makes its fault. `walk` is null if there was none. False: the record is
 * on its way. */
bool translation_finish(struct amdvi_device *device, struct translation *t, const struct walk *walk);

/* One page, all of it; false: it has asked. `run` is the place of its walk. */
bool translation_step(struct amdvi_device *device, struct translation *t, struct walk_run *run);

/* A request, page by page: the lookup job. `result` describes the first page, or the fault. */
struct lookup {
    struct amdvi_request request;
    struct amdvi_result result, page;
    uint64_t done; /* bytes that are answered */
    bool under_way;
    struct translation translation;
    struct walk_run run;
};

/* False: it has asked. */
bool lookup_step(struct amdvi_device *device, struct job *job, struct lookup *lookup);

/* Bytes of the `left` ones of a request from `address` on that the answer for it speaks of: a large page
 * says nothing of a range with a meaning of its own that lies in it (2.3, 8.1). */
uint64_t request_answered(const struct amdvi_device *device, const struct amdvi_result *page,
                          uint64_t address, uint64_t left);

/* All pages of a request after the first one, which `result` already describes. */
void translation_rest(struct amdvi_device *device, struct job *job, const struct amdvi_request *request,
                      struct amdvi_result *result);

/* One page of a request, events included. */
void translation_page(struct amdvi_device *device, struct job *job, const struct amdvi_request *request,
                      struct amdvi_result *result);

#endif
