// SPDX-License-Identifier: Apache-2.0
/* Something submitted that is under way: a job of one of the kinds that devices and software ask for. */
#ifndef AMDVI_MODEL_FLIGHT_H
#define AMDVI_MODEL_FLIGHT_H

#include "amdvi/external.h"
#include "model/commands/prefetch.h"
#include "model/guests/guest_regs.h"
#include "model/requests/interrupt.h"
#include "model/requests/page_request.h"
#include "model/requests/request.h"

#include <stddef.h>

struct flight {
    struct job job; /* first: the port only knows this part */
    enum amdvi_submission kind;
    enum amdvi_status status;
    uint64_t tag;
    bool is_interrupt; /* a request that is one [8.1] */
    union {            /* by kind; there is memory up to the end of what the kind needs: FLIGHT_TO() */
        struct {
            struct lookup lookup;
            struct interrupt_job interrupt; /* of a request only if it is one */
        };
        struct {
            struct prefetch_order order;
            struct dte_fetch entry;
            struct prefetch run;
        } prefetch;
        struct page_request_job page;
        struct {
            struct steps steps;
            struct amdvi_register_access access;
            struct guest_access guest;
            struct guest_settling settling;
            uint64_t value;
        };
    };
};

/* Bytes of a flight up to the end of `member`. */
#define FLIGHT_TO(member) (offsetof(struct flight, member) + sizeof(((struct flight *)0)->member))

/* What a kind of flight needs, and how much of it begins as zeros. */
struct flight_size {
    size_t bytes, zeroed;
};

void flight_of_request(struct flight *flight, const struct amdvi_request *request);

/* False: it has asked. */
bool flight_step(struct amdvi_device *device, struct flight *flight);
void flight_describe(const struct flight *flight, struct amdvi_completion *completion);

/* submit.c: carries everything on as far as answers have come. */
void external_pump(struct amdvi_device *device);

/* external.c: null when there is no memory; a place must be free. */
struct flight *flight_begin(struct amdvi_device *device, enum amdvi_submission kind, struct flight_size size,
                            uint64_t tag);
/* Off the list of what is under way before the surroundings hear of it: they may submit the next at once. */
void flight_end(struct amdvi_device *device, struct flight *flight, enum amdvi_status status);

/* external.c: as the device ends; everything under way is taken back. */
void external_destroy(struct amdvi_device *device);
void external_cancel(struct amdvi_device *device);
/* Whether anything is under way. */
bool external_busy(const struct amdvi_device *device);

#endif
