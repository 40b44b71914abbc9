// SPDX-License-Identifier: Apache-2.0
#include "model/base/sized.h"

#include <string.h>

enum amdvi_status sized_take(void *to, size_t known, const void *from, size_t size)
{
    size_t common = size < known ? size : known;

    for (size_t i = known; i < size; i++)
        if (((const uint8_t *)from)[i])
            return AMDVI_ERR_UNSUPPORTED;
    memcpy(to, from, common);
    memset((uint8_t *)to + common, 0, known - common);
    return AMDVI_OK;
}

void sized_give(void *to, size_t size, const void *from, size_t known)
{
    size_t common = size < known ? size : known;

    memcpy(to, from, common);
    memset((uint8_t *)to + common, 0, size - common);
}
