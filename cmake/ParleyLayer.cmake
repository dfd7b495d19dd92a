# How every target of the project is made: one function per kind. Nothing here reaches a project
# that embeds this one by add_subdirectory but the targets and what they carry.
include(GNUInstallDirs)

set(CMAKE_CXX_EXTENSIONS OFF)  # the standard comes with parley_options
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

find_program(PARLEY_CCACHE ccache)
if(PARLEY_CCACHE AND PROJECT_IS_TOP_LEVEL)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PARLEY_CCACHE})
endif()
include(ParleyPrecompile)

# Hidden visibility (docs/decisions/visibility.md). An archive's symbols stay inside whatever links
# to it; a shared library exports the names in namespace parley, which cmake/exports.map chooses.
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
if(BUILD_SHARED_LIBS)
  set(CMAKE_CXX_VISIBILITY_PRESET default)
else()
  set(CMAKE_CXX_VISIBILITY_PRESET hidden)
endif()
set(parley_abi ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
configure_file(${PROJECT_SOURCE_DIR}/cmake/exports.map.in ${PROJECT_BINARY_DIR}/exports.map @ONLY)

configure_file(${PROJECT_SOURCE_DIR}/cmake/version.hpp.in
  ${PROJECT_BINARY_DIR}/include/parley/version.hpp @ONLY)

# What users of a layer need as well: where its headers are and the language.
add_library(parley_options INTERFACE)
target_include_directories(parley_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(parley_options INTERFACE cxx_std_23)
# Changes inline functions, so that users must agree with the library.
target_compile_definitions(parley_options INTERFACE $<$<BOOL:${PARLEY_MUTATIONS}>:PARLEY_MUTATIONS>)

# What our own sources are held to; never passed on to whoever embeds the library.
add_library(parley_warnings INTERFACE)
target_compile_options(parley_warnings INTERFACE
  -Wall -Wextra -Wpedantic
  # Compiled together, a file's local name may be another file's; builds without PARLEY_UNITY look.
  $<$<NOT:$<BOOL:${PARLEY_UNITY}>>:-Wshadow>
  -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${PARLEY_WERROR}>:-Werror>
  # libstdc++ 12 uses what it has itself deprecated, in std::stable_sort; clang says so.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)

if(PARLEY_SANITIZE)
  add_compile_options(-fsanitize=${PARLEY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PARLEY_SANITIZE})
endif()
if(PARLEY_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# parley_add_layer(NAME): the layer of the folder parley/NAME, once.
function(parley_add_layer name)
  if(NOT TARGET parley_${name})
    add_subdirectory(${PROJECT_SOURCE_DIR}/parley/${name} ${PROJECT_BINARY_DIR}/parley/${name})
  endif()
endfunction()

# parley_layer(NAME DEPS ... PRIVATE_DEPS ... TEST_DEPS ... PRECOMPILE ... ALONE ... SOURCES ...
# HEADERS FOLDER WITHOUT LAYER): the library parley::NAME from every *.cpp of the folder, and the test
# program NAME_test from every *_test.cpp below it. A layer without sources is its dependencies alone.
# PRECOMPILE: see parley_precompile. ALONE: sources that PARLEY_UNITY compiles by themselves, since
# another has the same local name. SOURCES, HEADERS: instead of those of the folder. WITHOUT: not the
# sources that this lower layer has.
# What the layer links to becomes part of the installed package's knowledge (ParleyInstall).
function(parley_layer name)
  cmake_parse_arguments(arg "" "HEADERS;WITHOUT"
    "DEPS;PRIVATE_DEPS;TEST_DEPS;PRECOMPILE;ALONE;SOURCES" ${ARGN})
  list(FIND parley_layers ${name} floor)
  foreach(dep IN LISTS arg_DEPS arg_PRIVATE_DEPS)
    if(dep MATCHES "^parley::(.+)$")
      list(FIND parley_layers ${CMAKE_MATCH_1} lower)
      if(lower EQUAL -1 OR NOT lower LESS floor)
        message(FATAL_ERROR "parley::${name} must not link to ${dep}: it is not a lower layer")
      endif()
      parley_add_layer(${CMAKE_MATCH_1})
    endif()
  endforeach()
  parley_need(${arg_DEPS} ${arg_PRIVATE_DEPS})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(arg_SOURCES)
    set(sources ${arg_SOURCES})
  endif()
  if(arg_WITHOUT)
    get_target_property(others parley_${arg_WITHOUT} SOURCES)
    list(REMOVE_ITEM sources ${others})
  endif()
  if(sources)
    add_library(parley_${name} ${sources})
    set_target_properties(parley_${name} PROPERTIES POSITION_INDEPENDENT_CODE ON)
    set(scope PUBLIC)
    target_link_libraries(parley_${name}
      PRIVATE ${arg_PRIVATE_DEPS} $<BUILD_INTERFACE:parley_warnings>)
    parley_precompile(parley_${name} ${arg_PRECOMPILE})
    set_target_properties(parley_${name} PROPERTIES UNITY_BUILD ${PARLEY_UNITY})
    # Local types are those of a source, although g++ sees it included.
    target_compile_options(parley_${name} PRIVATE
      $<$<AND:$<BOOL:${PARLEY_UNITY}>,$<CXX_COMPILER_ID:GNU>>:-Wno-subobject-linkage>)
    set_source_files_properties(${arg_ALONE} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    if(BUILD_SHARED_LIBS)
      parley_shared(parley_${name})
    endif()
  else()
    add_library(parley_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(parley::${name} ALIAS parley_${name})
  set_target_properties(parley_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(parley_${name} ${scope} parley_options ${arg_DEPS})
  if(NOT arg_HEADERS)
    set(arg_HEADERS ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  parley_install_layer(${name} HEADERS ${arg_HEADERS} DEPS ${arg_DEPS}
    PRIVATE_DEPS ${arg_PRIVATE_DEPS})
  if(tests AND PARLEY_TESTS)
    parley_test(${name}_test SOURCES ${tests} DEPS parley::${name} ${arg_TEST_DEPS})
  endif()
endfunction()

# parley_shared(TARGET): a shared library's name, its exports, and calls inside it made directly.
function(parley_shared target)
  set_target_properties(${target} PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${parley_abi}
    INSTALL_RPATH "$ORIGIN" LINK_DEPENDS ${PROJECT_BINARY_DIR}/exports.map)
  target_compile_options(${target} PRIVATE -fno-semantic-interposition)
  target_link_options(${target} PRIVATE
    LINKER:--version-script=${PROJECT_BINARY_DIR}/exports.map LINKER:-Bsymbolic-functions)
  if(NOT PARLEY_SANITIZE)  # a sanitizer's own symbols are in the program
    target_link_options(${target} PRIVATE LINKER:--no-undefined)
  endif()
endfunction()

# parley_program(NAME SOURCES ... DEPS ... PRECOMPILE ...): an executable held to our warnings.
function(parley_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;PRECOMPILE" ${ARGN})
  parley_need(${arg_DEPS})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE parley_options parley_warnings ${arg_DEPS})
  parley_precompile(${name} ${arg_PRECOMPILE})
endfunction()

# parley_test(NAME SOURCES ... DEPS ...): a doctest program, and a ctest entry for each of its
# sources, named after it: parley/transport/switch/slots_test.cpp is `transport/slots`.
function(parley_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  if(NOT TARGET parley_test_main)
    add_library(parley_test_main STATIC ${PROJECT_SOURCE_DIR}/test/doctest_main.cpp)
    target_compile_features(parley_test_main PRIVATE cxx_std_23)
  endif()
  parley_program(${name} SOURCES ${arg_SOURCES} DEPS ${arg_DEPS} parley_test_main)
  target_compile_definitions(${name} PRIVATE
    PARLEY_SOURCE_DIR="${PROJECT_SOURCE_DIR}" PARLEY_BINARY_DIR="${PROJECT_BINARY_DIR}")
  # A simulation of minutes takes many times as long with a sanitizer in it.
  set(timeout 600)
  if(PARLEY_SANITIZE)
    set(timeout 2400)
  endif()
  foreach(source IN LISTS arg_SOURCES)
    cmake_path(ABSOLUTE_PATH source)
    file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${source})
    string(REGEX REPLACE "^parley/|_test\\.cpp$" "" entry ${path})
    add_test(NAME ${entry} COMMAND ${name} --source-file=*/${path})
    # No test case at all is a failure too.
    set_tests_properties(${entry} PROPERTIES
      TIMEOUT ${timeout} FAIL_REGULAR_EXPRESSION "test cases: +0 ")
  endforeach()
endfunction()
