/* SPDX-License-Identifier: Apache-2.0 */
/* Memory callbacks in C, so that plain and sparse memory need no call into Python. */
#ifndef AMDVI_PYTHON_SUPPORT_H
#define AMDVI_PYTHON_SUPPORT_H

#include "amdvi/amdvi.h"
#include "amdvi/sparse_memory.h"

/* A device's memory that is a window alone: everything outside is a master abort. */
void amdvi_py_window_memory(struct amdvi_memory *memory, void *window, uint64_t base, uint64_t size);

/* A device's memory in a sparse memory, which must outlive the device. */
void amdvi_py_sparse_memory(struct amdvi_memory *memory, struct amdvi_sparse *sparse);

#endif
