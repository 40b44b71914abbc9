// SPDX-License-Identifier: Apache-2.0
/* First in, first out, without an allocation for what comes and goes: a ring that grows. */
#ifndef AMDVI_SYSTEMC_FIFO_H
#define AMDVI_SYSTEMC_FIFO_H

#include <cstddef>
#include <vector>

namespace amdvi::face
{

/* References are good until the next push_back(). */
template <typename T> class fifo
{
  public:
    bool empty() const
    {
        return first_ == end_;
    }
    T &front()
    {
        return ring_[first_ & (ring_.size() - 1)];
    }
    void pop_front()
    {
        first_++;
    }
    void push_back(const T &item)
    {
        if (end_ - first_ == ring_.size())
            grow();
        ring_[end_++ & (ring_.size() - 1)] = item;
    }
    void clear()
    {
        first_ = end_;
    }

  private:
    void grow()
    {
        const std::size_t count = end_ - first_;
        std::vector<T> larger(ring_.empty() ? 16 : 2 * ring_.size());

        for (std::size_t i = 0; i < count; i++)
            larger[i] = ring_[(first_ + i) & (ring_.size() - 1)];
        ring_.swap(larger);
        first_ = 0;
        end_ = count;
    }

    std::vector<T> ring_; /* a power of two */
    std::size_t first_ = 0, end_ = 0;
};

} // namespace amdvi::face

#endif
