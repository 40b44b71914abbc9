// SPDX-License-Identifier: Apache-2.0
#include "testbench/hypervisor/status.h"

const char *hv_status_text(enum hv_status status)
{
    static const char *const texts[] = {
        [HV_OK] = "done",
        [HV_ERR_ARGUMENT] = "argument out of range",
        [HV_ERR_NO_MEMORY] = "out of memory",
        [HV_ERR_NO_ID] = "no identifier left",
        [HV_ERR_UNSUPPORTED] = "the device does not support it",
        [HV_ERR_DEVICE] = "the device did not answer",
        [HV_ERR_NO_OBJECT] = "no such object",
        [HV_ERR_FOREIGN] = "objects of different owners",
        [HV_ERR_BUSY] = "in use",
        [HV_ERR_EXISTS] = "exists already",
        [HV_ERR_ORDER] = "an earlier step is missing",
        [HV_ERR_MODE] = "not in this buffer mode",
        [HV_ERR_DTE] = "illegal guest device table entry",
        [HV_ERR_COMMAND] = "illegal guest command",
        [HV_ERR_UNMAPPED] = "address without memory",
        [HV_ERR_EMPTY] = "nothing to read",
    };

    return (unsigned)status < sizeof(texts) / sizeof(texts[0]) ? texts[status] : "unknown status";
}
