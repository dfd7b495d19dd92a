# The test of the installed package: installs the library, then configures, builds and runs the
# consumer against it. Variables: build_dir, source_dir, compiler, sanitize.
set(work_dir ${build_dir}/install-test)
file(REMOVE_RECURSE ${work_dir})

function(run)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    string(REPLACE ";" " " command "${ARGV}")
    message(FATAL_ERROR "failed (${result}): ${command}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

run(${CMAKE_COMMAND} --install ${build_dir} --component development --prefix ${work_dir}/prefix)

file(GLOB_RECURSE strays ${work_dir}/prefix/include/*_test* ${work_dir}/prefix/include/*.cpp)
if(strays)
  message(FATAL_ERROR "installed, but no part of the library: ${strays}")
endif()

set(flags "")
if(sanitize)
  set(flags "-fsanitize=${sanitize}")
endif()
run(${CMAKE_COMMAND} -G Ninja -S ${source_dir} -B ${work_dir}/build
  -D CMAKE_PREFIX_PATH=${work_dir}/prefix -D CMAKE_CXX_COMPILER=${compiler}
  -D CMAKE_CXX_FLAGS=${flags} -D CMAKE_BUILD_TYPE=Debug)
run(${CMAKE_COMMAND} --build ${work_dir}/build)
run(${work_dir}/build/consumer)

string(STRIP "${output}" output)
if(NOT output MATCHES "^enr:[A-Za-z0-9_-]+$")
  message(FATAL_ERROR "not the text form of a record: ${output}")
endif()
message(STATUS "${output}")
