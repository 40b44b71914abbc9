// SPDX-License-Identifier: Apache-2.0
/* Numbers of the IVRS table that builder and checker share (1.3). */
#ifndef AMDVI_MODEL_IVRS_LAYOUT_H
#define AMDVI_MODEL_IVRS_LAYOUT_H

#include "model/layout.h"

#include <stddef.h>

enum {
    IVRS_HEADER_BYTES = 48,
    IVRS_CHECKSUM_AT = 9,
    IVRS_CAP_OFFSET = 0x40, /* of the capability block in configuration space, model/signals/pci.c */
    IVHD_SHORT_BYTES = 4,
    IVHD_LONG_BYTES = 8,
    IVHD_ACPI_BYTES = 22, /* before the UID */
    IVMD_BYTES = 32,
};

enum ivhd_type { IVHD_TYPE_10 = 0x10, IVHD_TYPE_11 = 0x11, IVHD_TYPE_40 = 0x40 };

enum ivhd_entry_type {
    IVHD_PADDING = 0x00,
    IVHD_ALL = 0x01,
    IVHD_SELECT = 0x02,
    IVHD_RANGE_START = 0x03,
    IVHD_RANGE_END = 0x04,
    IVHD_ALIAS = 0x42,
    IVHD_ALIAS_START = 0x43,
    IVHD_EXTENDED = 0x46,
    IVHD_EXTENDED_START = 0x47,
    IVHD_SPECIAL = 0x48,
    IVHD_ACPI = 0xf0,
};

static inline size_t ivhd_head_bytes(unsigned type)
{
    return type == IVHD_TYPE_10 ? 24 : 40;
}

#endif
