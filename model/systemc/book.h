// SPDX-License-Identifier: Apache-2.0
/* What is known of payloads under way, found by their address: a hash table without an allocation per entry.
 */
#ifndef AMDVI_SYSTEMC_BOOK_H
#define AMDVI_SYSTEMC_BOOK_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace amdvi::face
{

/* KEY is a pointer; null is no key. References are good until the next insert() or erase(). */
template <typename KEY, typename VALUE> class book
{
  public:
    /* A key that is not there yet. */
    void insert(KEY key, const VALUE &value)
    {
        if (2 * (count_ + 1) > places_.size())
            grow();
        count_++;
        places_[place_of(key)] = {key, value};
    }
    /* Null: not there. */
    VALUE *find(KEY key)
    {
        if (places_.empty())
            return nullptr;
        const std::size_t at = place_of(key);
        return places_[at].key ? &places_[at].value : nullptr;
    }
    /* A key that is there. Those behind it in its row move up. */
    void erase(KEY key)
    {
        std::size_t hole = place_of(key);

        count_--;
        for (std::size_t at = next(hole); places_[at].key; at = next(at)) {
            const std::size_t home = home_of(places_[at].key);
            if (((at - home) & mask()) < ((at - hole) & mask()))
                continue;
            places_[hole] = places_[at];
            hole = at;
        }
        places_[hole].key = nullptr;
    }

  private:
    struct place {
        KEY key = nullptr;
        VALUE value{};
    };
    std::size_t mask() const
    {
        return places_.size() - 1;
    }
    std::size_t next(std::size_t at) const
    {
        return (at + 1) & mask();
    }
    std::size_t home_of(KEY key) const
    {
        const std::uint64_t mixed = reinterpret_cast<std::uintptr_t>(key) * 0x9e3779b97f4a7c15u;
        return static_cast<std::size_t>(mixed >> 32) & mask();
    }
    std::size_t place_of(KEY key) const
    {
        std::size_t at = home_of(key);
        while (places_[at].key && places_[at].key != key)
            at = next(at);
        return at;
    }
    void grow()
    {
        std::vector<place> old(places_.empty() ? 64 : 2 * places_.size());
        old.swap(places_);
        for (const place &p : old)
            if (p.key)
                places_[place_of(p.key)] = p;
    }

    std::vector<place> places_;
    std::size_t count_ = 0;
};

} // namespace amdvi::face

#endif
