# What Parley stands on; the names are Debian 12's. Kept in step with cmake/parleyConfig.cmake.in.
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED COMPONENTS Crypto)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_package(fmt REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(secp256k1 REQUIRED IMPORTED_TARGET GLOBAL libsecp256k1)
pkg_check_modules(cryptopp REQUIRED IMPORTED_TARGET GLOBAL libcrypto++)
pkg_check_modules(lmdb REQUIRED IMPORTED_TARGET GLOBAL lmdb)
