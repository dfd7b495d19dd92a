# Install rules: the exported targets, the headers and the package files. `cmake --install
# --component development` gives the library; the default installs the programs as well.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(parley_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/parley)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/parley
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development
  FILES_MATCHING PATTERN "*.hpp" PATTERN "*_test*" EXCLUDE PATTERN "test_*" EXCLUDE)

install(EXPORT parleyTargets NAMESPACE parley::
  DESTINATION ${parley_package_dir} COMPONENT development)

configure_package_config_file(
  ${PROJECT_SOURCE_DIR}/cmake/parleyConfig.cmake.in ${PROJECT_BINARY_DIR}/parleyConfig.cmake
  INSTALL_DESTINATION ${parley_package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/parleyConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/parleyConfig.cmake
  ${PROJECT_BINARY_DIR}/parleyConfigVersion.cmake
  ${PROJECT_SOURCE_DIR}/cmake/ParleyFindDependencies.cmake
  DESTINATION ${parley_package_dir} COMPONENT development)
