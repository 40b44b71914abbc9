// SPDX-License-Identifier: Apache-2.0
/* Internal: how far a run is, for who waits for it. */
#ifndef AMDVI_STUDIES_WATCH_H
#define AMDVI_STUDIES_WATCH_H

#include "amdvi/experiment.h"

/* A run begins: counts what it will do, operations of warm-up included. */
void watch_begin(const struct experiment *e);
/* One operation more has ended. `watch` may be null: nobody waits. */
void watch_one(struct experiment_watch *watch);

#endif
