// SPDX-License-Identifier: Apache-2.0
/* What the parts of the world have in common. */
#ifndef AMDVI_TEST_GUESTS_WORLD_PARTS_H
#define AMDVI_TEST_GUESTS_WORLD_PARTS_H

#include "testbench/unit/guests/world.h"

/* Ends the program where something cannot be set up. */
void world_must(bool good, const char *what);

/* world_tables.c */
void world_map_private(struct world *w);
void world_own_dte(struct world *w);
void world_make_guest(struct world *w, unsigned g);
void world_make_interrupts(struct world *w);

#endif
