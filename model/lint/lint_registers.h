// SPDX-License-Identifier: Apache-2.0
/* Registers that software writes while the unit behind them runs. */
#ifndef AMDVI_MODEL_LINT_REGISTERS_H
#define AMDVI_MODEL_LINT_REGISTERS_H

#include "amdvi/lint.h"

/* Software writes a register of the host; before it takes effect. */
void lint_register_write(struct amdvi_lint *lint, uint64_t offset, unsigned size, uint64_t value);

#endif
