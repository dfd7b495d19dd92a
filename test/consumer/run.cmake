# The tests of the library as others use it. `kind` is one of:
#
#   install     installs the build to a folder, for the next three; no test may be among the headers
#   package     find_package with one component, also as the README has it, by `compiler`
#   pkg_config  the same program without CMake
#   examples    the installed examples, by a user without RTTI
#   shared      shared libraries of a few layers, by both ways; only names of Parley's are exported
#   subproject  the sources as a part of another build
#
# Variables: kind, build_dir, source_dir (the tree), compiler, sanitize.
set(consumer_dir ${source_dir}/test/consumer)
set(prefix ${build_dir}/consumer/install/prefix)
set(work_dir ${build_dir}/consumer/${kind})
if(kind STREQUAL "package")
  cmake_path(GET compiler FILENAME name)
  string(APPEND work_dir -${name})
endif()
file(REMOVE_RECURSE ${work_dir})
file(MAKE_DIRECTORY ${work_dir})

set(flags "")
if(sanitize)
  set(flags "-fsanitize=${sanitize}")
endif()
set(cmake_args -G Ninja -D CMAKE_CXX_COMPILER=${compiler} -D CMAKE_BUILD_TYPE=Debug)

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    string(REPLACE ";" " " command "${ARGV}")
    message(FATAL_ERROR "failed (${result}): ${command}\n${output}")
  endif()
  string(STRIP "${output}" output)
  set(output "${output}" PARENT_SCOPE)
endfunction()

# The program of main.cpp says what it should.
function(check_program path)
  run(${path})
  if(NOT output MATCHES "^enr:[A-Za-z0-9_-]+$")
    message(FATAL_ERROR "not the text form of a record: ${output}")
  endif()
endfunction()

function(install_package dir prefix)
  file(REMOVE_RECURSE ${prefix})
  foreach(component development libraries)
    run(${CMAKE_COMMAND} --install ${dir} --component ${component} --prefix ${prefix})
  endforeach()
  file(GLOB_RECURSE strays ${prefix}/include/*test_* ${prefix}/include/*_test* ${prefix}/include/*.cpp)
  if(strays)
    message(FATAL_ERROR "installed, but no part of the library: ${strays}")
  endif()
endfunction()

function(use_package prefix)
  run(${CMAKE_COMMAND} ${cmake_args} -S ${consumer_dir} -B ${work_dir}/build
    -D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_CXX_FLAGS=${flags})
  run(${CMAKE_COMMAND} --build ${work_dir}/build)
  check_program(${work_dir}/build/consumer)
endfunction()

# use_pkg_config(PREFIX ARG...): the further arguments are pkg-config's.
function(use_pkg_config prefix)
  file(GLOB_RECURSE file ${prefix}/*/parley-identity.pc)
  cmake_path(GET file PARENT_PATH folder)
  cmake_path(GET folder PARENT_PATH libraries)
  set(ENV{PKG_CONFIG_PATH} ${folder})
  run(pkg-config --cflags --libs ${ARGN} parley-identity)
  separate_arguments(output UNIX_COMMAND "${output}")
  run(${compiler} -std=c++23 ${flags} ${consumer_dir}/main.cpp -o ${work_dir}/by_pkg_config
    ${output} -Wl,-rpath,${libraries})
  check_program(${work_dir}/by_pkg_config)
endfunction()

if(kind STREQUAL "install")
  install_package(${build_dir} ${prefix})
elseif(kind STREQUAL "package")
  use_package(${prefix})
  run(${CMAKE_COMMAND} ${cmake_args} -S ${consumer_dir}/readme -B ${work_dir}/readme
    -D CMAKE_PREFIX_PATH=${prefix} -D CMAKE_CXX_FLAGS=${flags})
  run(${CMAKE_COMMAND} --build ${work_dir}/readme)
  check_program(${work_dir}/readme/my_chain)
elseif(kind STREQUAL "pkg_config")
  use_pkg_config(${prefix} --static)
elseif(kind STREQUAL "examples")
  run(${CMAKE_COMMAND} ${cmake_args} -S ${prefix}/share/doc/parley/examples -B ${work_dir}/build
    -D CMAKE_PREFIX_PATH=${prefix} -D "CMAKE_CXX_FLAGS=${flags} -fno-rtti")
  run(${CMAKE_COMMAND} --build ${work_dir}/build)
elseif(kind STREQUAL "shared")
  set(prefix ${work_dir}/prefix)
  run(${CMAKE_COMMAND} ${cmake_args} -S ${source_dir} -B ${work_dir}/parley
    -D BUILD_SHARED_LIBS=ON -D PARLEY_LAYERS=identity
    -D PARLEY_TESTS=OFF -D PARLEY_BENCH=OFF -D PARLEY_APPS=OFF)
  run(${CMAKE_COMMAND} --build ${work_dir}/parley)
  install_package(${work_dir}/parley ${prefix})
  use_package(${prefix})
  use_pkg_config(${prefix})
  file(GLOB_RECURSE libraries ${prefix}/*.so)
  list(LENGTH libraries count)
  if(NOT count EQUAL 4)
    message(FATAL_ERROR "not a library for each layer: ${libraries}")
  endif()
  foreach(library IN LISTS libraries)
    run(nm -D --defined-only --format=posix ${library})
    string(REGEX REPLACE "\n" ";" names "${output}")
    list(FILTER names EXCLUDE REGEX "^_Z[A-Za-z0-9_]*6parley|^PARLEY_[0-9.]+ ")
    if(names)
      message(FATAL_ERROR "${library} exports what is not Parley's: ${names}")
    endif()
  endforeach()
elseif(kind STREQUAL "subproject")
  # As the README has it: the sources in a folder of the project.
  file(COPY ${consumer_dir}/main.cpp ${consumer_dir}/subproject DESTINATION ${work_dir})
  file(MAKE_DIRECTORY ${work_dir}/subproject/third_party)
  file(CREATE_LINK ${source_dir} ${work_dir}/subproject/third_party/parley SYMBOLIC)
  run(${CMAKE_COMMAND} ${cmake_args} -S ${work_dir}/subproject -B ${work_dir}/build)
  run(${CMAKE_COMMAND} --build ${work_dir}/build)
  check_program(${work_dir}/build/consumer)
else()
  message(FATAL_ERROR "no such kind: ${kind}")
endif()
