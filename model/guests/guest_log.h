// SPDX-License-Identifier: Apache-2.0
/* What the state of a guest's logs and their writing share. */
#ifndef AMDVI_MODEL_GUEST_LOG_H
#define AMDVI_MODEL_GUEST_LOG_H

#include "model/guests/guest_work.h"
#include "model/logs/log.h"

/* One of the two rings of a log. */
struct guest_log_side {
    enum vf_id head, tail;
    enum private_area area;
    uint64_t overflow;
};

const struct guest_log_side *guest_log_side(enum amdvi_log log, bool b);
const struct log_state *guest_log_of(const struct guest *guest, enum amdvi_log log);
struct log_state *guest_log_for(struct guest *guest, enum amdvi_log log);
bool guest_log_enabled(const struct guest *guest, enum amdvi_log log);
unsigned guest_log_dual_mode(const struct guest *guest, enum amdvi_log log);
struct ring guest_log_ring(const struct guest *guest, enum amdvi_log log, bool b);
void guest_log_choose_side(struct guest *guest, enum amdvi_log log);

#endif
