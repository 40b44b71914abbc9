// SPDX-License-Identifier: Apache-2.0
/* Internal: settings of an experiment from registers of silicon. */
#ifndef AMDVI_STUDIES_SILICON_H
#define AMDVI_STUDIES_SILICON_H

#include "amdvi/experiment.h"

/* As experiment_set() with "silicon." in front of the register's name; the value decimal or 0x hex. */
bool silicon_set(struct experiment *experiment, const char *name, const char *text, char *error, size_t size);

#endif
