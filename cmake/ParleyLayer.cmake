# How every target of the project is made: one function per kind.

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)

find_program(PARLEY_CCACHE ccache)
if(PARLEY_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${PARLEY_CCACHE})
endif()

add_library(parley_options INTERFACE)
target_include_directories(parley_options INTERFACE $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
target_compile_features(parley_options INTERFACE cxx_std_23)
target_compile_options(parley_options INTERFACE
  $<BUILD_INTERFACE:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual>
  $<BUILD_INTERFACE:$<$<BOOL:${PARLEY_WERROR}>:-Werror>>)
if(PARLEY_SANITIZE)
  add_compile_options(-fsanitize=${PARLEY_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${PARLEY_SANITIZE})
endif()
if(PARLEY_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# parley_layer(NAME DEPS ...): the library parley::NAME from every *.cpp of the folder,
# and the test program NAME_test from every *_test.cpp below it.
function(parley_layer name)
  cmake_parse_arguments(arg "" "" "DEPS;PRIVATE_DEPS;TEST_DEPS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_test\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  if(sources)
    add_library(parley_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(parley_${name} PRIVATE ${arg_PRIVATE_DEPS})
  else()
    add_library(parley_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(parley::${name} ALIAS parley_${name})
  set_target_properties(parley_${name} PROPERTIES EXPORT_NAME ${name})
  target_link_libraries(parley_${name} ${scope} parley_options ${arg_DEPS})
  install(TARGETS parley_${name} EXPORT parleyTargets)
  if(tests AND PARLEY_TESTS)
    parley_test(${name}_test SOURCES ${tests} DEPS parley::${name} ${arg_TEST_DEPS})
  endif()
endfunction()

# parley_test(NAME SOURCES ... DEPS ...): a doctest program and its ctest entry.
function(parley_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS" ${ARGN})
  add_executable(${name} ${PROJECT_SOURCE_DIR}/test/doctest_main.cpp ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_DEPS})
  target_compile_definitions(${name} PRIVATE
    PARLEY_SOURCE_DIR="${PROJECT_SOURCE_DIR}" PARLEY_BINARY_DIR="${PROJECT_BINARY_DIR}")
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES TIMEOUT 600)
endfunction()
