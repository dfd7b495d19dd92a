// Strong<Tag, T>: numbers of different meaning that do not mix.
#pragma once

#include <compare>
#include <cstddef>
#include <functional>

namespace parley {

template <class Tag, class T>
struct Strong {
    T value{};
    friend auto operator<=>(const Strong&, const Strong&) = default;
};

}  // namespace parley

template <class Tag, class T>
struct std::hash<parley::Strong<Tag, T>> {
    std::size_t operator()(const parley::Strong<Tag, T>& s) const {
        return std::hash<T>{}(s.value);
    }
};
