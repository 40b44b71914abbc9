// SPDX-License-Identifier: Apache-2.0
#include "model/systemc/gate.h"

namespace amdvi::face
{

bool gate::enter_slowly()
{
    const sc_core::sc_process_handle me = sc_core::sc_get_current_process_handle();

    if (!me.valid() || me == holder_ || me.proc_kind() == sc_core::SC_METHOD_PROC_)
        return false;
    waiting_++;
    while (inside_)
        sc_core::wait(freed_);
    waiting_--;
    inside_ = true;
    return true;
}

} // namespace amdvi::face
