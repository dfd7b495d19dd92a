# The libraries that the layers link to. Included by the tree and by the installed package.
include(CMakeFindDependencyMacro)

find_dependency(Threads)
find_dependency(OpenSSL 3 COMPONENTS Crypto)
find_dependency(Boost 1.81 COMPONENTS json)
find_dependency(fmt)
find_dependency(PkgConfig)

# parley_pkg(NAME MODULE): the pkg-config module as the target PkgConfig::NAME.
macro(parley_pkg name module)
  if(NOT TARGET PkgConfig::${name})
    pkg_check_modules(${name} REQUIRED IMPORTED_TARGET GLOBAL ${module})
  endif()
endmacro()
parley_pkg(secp256k1 libsecp256k1)
parley_pkg(cryptopp libcrypto++)
parley_pkg(lmdb lmdb)
parley_pkg(miniupnpc miniupnpc)
parley_pkg(prometheus prometheus-cpp-core)
parley_pkg(tomlplusplus tomlplusplus)
