# Precompiled headers (PARLEY_PRECOMPILE): what most sources include of the standard library, fmt and
# Boost is read once for all of them. Sources still include what they use, and other builds do
# without. Only headers from outside the tree: a change to ours must rebuild no more than what
# includes it.
set(parley_common_headers
  <algorithm> <array> <atomic> <bit> <cassert> <charconv> <chrono> <cmath> <compare> <concepts>
  <cstdint> <cstdio> <cstring> <deque> <expected> <functional> <iterator> <map> <memory> <mutex>
  <numeric> <optional> <set> <span> <string> <string_view> <system_error> <thread> <tuple>
  <unordered_map> <utility> <variant> <vector>
  <fmt/format.h>
  <boost/unordered/unordered_flat_set.hpp>)

# What ccache asks for to compare sources that use them.
if(PARLEY_PRECOMPILE AND CMAKE_CXX_COMPILER_LAUNCHER MATCHES "ccache")
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${PARLEY_CCACHE})
  add_compile_options(
    $<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess>
    "$<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>")
endif()

# parley_precompile(TARGET HEADER... | OTHER): for TARGET the common headers and those named, or
# what the target OTHER has. Without any, it shares the headers with all libraries or all programs:
# code for a library is compiled in another way, independent of its position.
function(parley_precompile target)
  if(NOT PARLEY_PRECOMPILE)
    return()
  endif()
  if(TARGET "${ARGN}")
    target_precompile_headers(${target} REUSE_FROM ${ARGN})
    return()
  elseif(ARGN)
    target_precompile_headers(${target} PRIVATE ${parley_common_headers} ${ARGN})
    return()
  endif()
  get_target_property(type ${target} TYPE)
  set(kind library)
  if(type STREQUAL "EXECUTABLE")
    set(kind program)
  endif()
  set(shared parley_${kind}_headers)
  if(NOT TARGET ${shared})
    file(CONFIGURE OUTPUT ${parley_BINARY_DIR}/${shared}.cpp CONTENT "// Nothing.\n")
    add_library(${shared} OBJECT EXCLUDE_FROM_ALL ${parley_BINARY_DIR}/${shared}.cpp)
    if(kind STREQUAL "library")
      set_target_properties(${shared} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    endif()
    target_link_libraries(${shared} PRIVATE
      parley_options parley_warnings fmt::fmt Boost::headers)
    target_precompile_headers(${shared} PRIVATE ${parley_common_headers})
  endif()
  target_precompile_headers(${target} REUSE_FROM ${shared})
endfunction()
