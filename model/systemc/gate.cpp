// SPDX-License-Identifier: Apache-2.0
#include "model/systemc/gate.h"

namespace amdvi::face
{

/* Before the simulation there are no processes: whoever calls is who has called before. */
bool gate::is_holder() const
{
    const sc_core::sc_process_handle me = sc_core::sc_get_current_process_handle();

    return !me.valid() || me == holder_;
}

bool gate::enter_slowly()
{
    if (is_holder() || sc_core::sc_get_current_process_handle().proc_kind() == sc_core::SC_METHOD_PROC_)
        return false;
    waiting_++;
    while (inside_)
        sc_core::wait(freed_);
    waiting_--;
    inside_ = true;
    return true;
}

} // namespace amdvi::face
