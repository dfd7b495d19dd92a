// overloaded: makes one visitor of several lambdas, one for each alternative of a variant, so that
// an alternative without its lambda is an error of the compiler.
//
//     std::visit(overloaded{[](const Text& text) { show(text); },
//                           [](const Number& number) { show(number); }},
//                value);
#pragma once

namespace parley {

template <class... F>
struct overloaded : F... {
    using F::operator()...;
};

}  // namespace parley
