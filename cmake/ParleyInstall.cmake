# Install rules. The components: `development` (headers, archives, package files, examples),
# `libraries` (shared ones) and `runtime` (the program); `cmake --install` alone takes all.
#
# What a layer needs is written down once, in its parley_layer(): from there come its targets' file,
# its line in parleyLayers.cmake, by which find_package(parley COMPONENTS ...) looks for nothing
# else, and its parley-LAYER.pc.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

option(PARLEY_INSTALL "Make the rules that install Parley" ${PROJECT_IS_TOP_LEVEL})
set(parley_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/parley)
set(parley_doc_dir ${CMAKE_INSTALL_DATADIR}/doc/parley)

# How pkg-config names what CMake knows as a target: by a module, else by flags of the linker.
set(parley_pc_fmt::fmt fmt)
set(parley_pc_OpenSSL::Crypto "libcrypto >= 3")
set(parley_pc_libs_Boost::json -lboost_json)
set(parley_pc_libs_Threads::Threads -pthread)
set(parley_pc_libs_IPSec_MB::IPSec_MB -lIPSec_MB)

# parley_pc(SUFFIX DEP...): sets requires_SUFFIX and libs_SUFFIX.
function(parley_pc suffix)
  set(requires "")
  set(libs "")
  foreach(dep IN LISTS ARGN)
    if(dep MATCHES "^parley::(.+)$")
      list(APPEND requires "parley-${CMAKE_MATCH_1} = ${PROJECT_VERSION}")
    elseif(dep MATCHES "^PkgConfig::(.+)$")
      list(APPEND requires ${parley_module_${CMAKE_MATCH_1}})
    else()
      list(APPEND requires ${parley_pc_${dep}})
      list(APPEND libs ${parley_pc_libs_${dep}})
    endif()
  endforeach()
  list(JOIN requires ", " requires)
  list(JOIN libs " " libs)
  set(requires_${suffix} "${requires}" PARENT_SCOPE)
  set(libs_${suffix} "${libs}" PARENT_SCOPE)
endfunction()

# parley_install_layer(NAME HEADERS FOLDER DEPS ... PRIVATE_DEPS ...): called by parley_layer.
function(parley_install_layer name)
  if(NOT PARLEY_INSTALL)
    return()
  endif()
  cmake_parse_arguments(arg "" "HEADERS" "DEPS;PRIVATE_DEPS" ${ARGN})
  install(TARGETS parley_${name} EXPORT parley-${name}
    ARCHIVE COMPONENT development
    LIBRARY COMPONENT libraries NAMELINK_COMPONENT development)
  install(EXPORT parley-${name} NAMESPACE parley::
    DESTINATION ${parley_package_dir} COMPONENT development)
  install(DIRECTORY ${arg_HEADERS}
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/parley COMPONENT development
    FILES_MATCHING PATTERN "*.hpp"
    PATTERN "*_test*" EXCLUDE PATTERN "test_*" EXCLUDE PATTERN "*_impl.hpp" EXCLUDE)

  # A user of an archive links to all that it needs; a shared library brings its own needs along.
  set(needed ${arg_PRIVATE_DEPS})
  if(BUILD_SHARED_LIBS)
    list(FILTER needed INCLUDE REGEX "^parley::")
  endif()
  list(PREPEND needed ${arg_DEPS})
  set(layers "")
  set(libraries "")
  foreach(dep IN LISTS needed)
    if(dep MATCHES "^parley::(.+)$")
      get_property(lower GLOBAL PROPERTY parley_${CMAKE_MATCH_1}_layers)
      list(APPEND layers ${lower})
      get_property(lower GLOBAL PROPERTY parley_${CMAKE_MATCH_1}_libraries)
      list(APPEND libraries ${lower})
    else()
      list(APPEND libraries ${dep})
    endif()
  endforeach()
  list(APPEND layers ${name})
  list(REMOVE_DUPLICATES layers)
  list(REMOVE_DUPLICATES libraries)
  set_property(GLOBAL PROPERTY parley_${name}_layers ${layers})
  set_property(GLOBAL PROPERTY parley_${name}_libraries ${libraries})
  set_property(GLOBAL APPEND PROPERTY parley_installed_layers ${name})

  parley_pc(public ${arg_DEPS})
  parley_pc(private ${arg_PRIVATE_DEPS})
  set(link "-L\${libdir} -lparley_${name}")
  get_target_property(type parley_${name} TYPE)
  if(type STREQUAL "INTERFACE_LIBRARY")
    set(link "")
  endif()
  set(cflags "-I\${includedir}")
  if(PARLEY_MUTATIONS)
    string(APPEND cflags " -DPARLEY_MUTATIONS")
  endif()
  cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
    BASE_DIRECTORY ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig OUTPUT_VARIABLE up)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/layer.pc.in
    ${PROJECT_BINARY_DIR}/pkgconfig/parley-${name}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/pkgconfig/parley-${name}.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT development)
endfunction()

# parley_install_package(): called once, after all layers.
function(parley_install_package)
  if(NOT PARLEY_INSTALL)
    return()
  endif()
  install(TARGETS parley_options EXPORT parley-options)
  install(EXPORT parley-options NAMESPACE parley::
    DESTINATION ${parley_package_dir} COMPONENT development)
  install(FILES ${PROJECT_BINARY_DIR}/include/parley/version.hpp
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/parley COMPONENT development)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/examples
    DESTINATION ${parley_doc_dir} COMPONENT development PATTERN "*_test*" EXCLUDE)

  get_property(layers GLOBAL PROPERTY parley_installed_layers)
  set(text "# The layers that are installed, and what each needs. Made by CMake.\n")
  string(APPEND text "set(parley_layers ${layers})\n")
  foreach(layer IN LISTS layers)
    foreach(what layers libraries)
      get_property(value GLOBAL PROPERTY parley_${layer}_${what})
      list(JOIN value " " value)
      string(APPEND text "set(parley_${layer}_${what} ${value})\n")
    endforeach()
  endforeach()
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/parleyLayers.cmake CONTENT "${text}" @ONLY)
  configure_package_config_file(
    ${PROJECT_SOURCE_DIR}/cmake/parleyConfig.cmake.in ${PROJECT_BINARY_DIR}/parleyConfig.cmake
    INSTALL_DESTINATION ${parley_package_dir})
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/parleyConfigVersion.cmake
    COMPATIBILITY SameMinorVersion)
  install(FILES
    ${PROJECT_BINARY_DIR}/parleyConfig.cmake
    ${PROJECT_BINARY_DIR}/parleyConfigVersion.cmake
    ${PROJECT_BINARY_DIR}/parleyLayers.cmake
    ${PROJECT_SOURCE_DIR}/cmake/ParleyFindDependencies.cmake
    DESTINATION ${parley_package_dir} COMPONENT development)
endfunction()
