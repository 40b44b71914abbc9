// SPDX-License-Identifier: Apache-2.0
/* What the state of a guest's logs and their writing share. */
#ifndef AMDVI_MODEL_GUEST_LOG_H
#define AMDVI_MODEL_GUEST_LOG_H

#include "model/guests/guest.h"

/* One of the two rings of a log. */
struct guest_log_side {
    enum vf_id head, tail;
    enum private_area area;
    uint64_t overflow;
};

enum dual { DUAL_A_ONLY, DUAL_B_ONLY, DUAL_SWAP };

const struct guest_log_side *guest_log_side(enum amdvi_log log, bool b);
const struct guest_log *guest_log_of(const struct guest *guest, enum amdvi_log log);
struct guest_log *guest_log_for(struct guest *guest, enum amdvi_log log);
bool guest_log_enabled(const struct guest *guest, enum amdvi_log log);
unsigned guest_log_dual_mode(const struct guest *guest, enum amdvi_log log);
struct ring guest_log_ring(const struct guest *guest, enum amdvi_log log, bool b);
void guest_log_choose_side(struct guest *guest, enum amdvi_log log);

#endif
