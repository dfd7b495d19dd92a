# The libraries that the layers link to, by target. Included by the tree and by the installed
# package, so that both look for the same ones; the pkg-config modules are Debian 12's.
set(parley_module_secp256k1 libsecp256k1)
set(parley_module_cryptopp libcrypto++)
set(parley_module_lmdb lmdb)
set(parley_module_miniupnpc miniupnpc)
set(parley_module_prometheus prometheus-cpp-core)
set(parley_module_tomlplusplus tomlplusplus)

# parley_find(TARGET): looks for the package that brings TARGET, unless it is there already. The
# caller checks whether it is now: a layer needs it, an optional component can go without.
macro(parley_find target)
  if(TARGET ${target})
  elseif("${target}" STREQUAL "Threads::Threads")
    find_package(Threads QUIET)
  elseif("${target}" STREQUAL "fmt::fmt")
    find_package(fmt QUIET)
  elseif("${target}" STREQUAL "OpenSSL::Crypto")
    find_package(OpenSSL 3 QUIET COMPONENTS Crypto)
  elseif("${target}" STREQUAL "Boost::headers")
    find_package(Boost 1.81 QUIET)
  elseif("${target}" MATCHES "^Boost::(.+)$")
    find_package(Boost 1.81 QUIET COMPONENTS ${CMAKE_MATCH_1})
  elseif("${target}" STREQUAL "IPSec_MB::IPSec_MB")
    # It brings neither a package of CMake's nor one of pkg-config's.
    find_library(PARLEY_IPSEC_MB_LIBRARY IPSec_MB)
    find_path(PARLEY_IPSEC_MB_INCLUDE intel-ipsec-mb.h)
    mark_as_advanced(PARLEY_IPSEC_MB_LIBRARY PARLEY_IPSEC_MB_INCLUDE)
    if(PARLEY_IPSEC_MB_LIBRARY AND PARLEY_IPSEC_MB_INCLUDE)
      add_library(IPSec_MB::IPSec_MB UNKNOWN IMPORTED GLOBAL)
      set_target_properties(IPSec_MB::IPSec_MB PROPERTIES
        IMPORTED_LOCATION ${PARLEY_IPSEC_MB_LIBRARY}
        INTERFACE_INCLUDE_DIRECTORIES ${PARLEY_IPSEC_MB_INCLUDE})
    endif()
  elseif("${target}" MATCHES "^PkgConfig::(.+)$")
    set(parley_prefix ${CMAKE_MATCH_1})
    find_package(PkgConfig QUIET)
    if(PkgConfig_FOUND)
      pkg_check_modules(${parley_prefix} QUIET IMPORTED_TARGET GLOBAL
        ${parley_module_${parley_prefix}})
    endif()
  endif()
endmacro()
