// SPDX-License-Identifier: Apache-2.0
/*
 * One call on the device at a time. Nobody waits as long as the targets of `mem` do not wait in b_transport;
 * if one does, other processes wait here until the call is over.
 */
#ifndef AMDVI_SYSTEMC_GATE_H
#define AMDVI_SYSTEMC_GATE_H

#include <systemc>

namespace amdvi::face
{

class gate
{
  public:
    /* False: somebody is inside, and this process cannot wait for him. */
    bool enter()
    {
        if (inside_)
            return enter_slowly();
        inside_ = true;
        return true;
    }
    /* Without waiting. */
    bool try_enter()
    {
        if (inside_)
            return false;
        inside_ = true;
        return true;
    }
    void leave()
    {
        inside_ = false;
        if (waiting_ > 0)
            freed_.notify();
    }
    bool inside() const
    {
        return inside_;
    }
    /* This process is inside, and has called something of the platform: what happens now happens in the
     * middle of its operation. */
    bool called_out() const
    {
        return inside_ && is_holder();
    }
    /* From inside, before something of the platform is called: who comes back through it must not wait for
     * himself. */
    void going_out()
    {
        holder_ = sc_core::sc_get_current_process_handle();
    }

  private:
    bool enter_slowly();
    bool is_holder() const;

    bool inside_ = false;
    unsigned waiting_ = 0;
    sc_core::sc_process_handle holder_;
    sc_core::sc_event freed_;
};

} // namespace amdvi::face

#endif
