# Finding what the tree stands on. A layer asks for its libraries itself (parley_layer), so that a
# project that embeds a few layers needs nothing for the others.
include(ParleyFindDependencies)

# parley_need(TARGET...): finds the libraries among the targets, or ends the configuration.
function(parley_need)
  set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)  # a layer's user links to them in another folder
  foreach(target IN LISTS ARGN)
    if(target MATCHES "::" AND NOT target MATCHES "^parley::")
      parley_find(${target})
      if(NOT TARGET ${target})
        message(FATAL_ERROR "Parley needs ${target}, which was not found; "
          "on Debian, ./dev setup installs all that it needs")
      endif()
    endif()
  endforeach()
endfunction()

if(PARLEY_TESTS)
  find_package(doctest REQUIRED)
endif()
if(PARLEY_APPS)
  find_package(CLI11 REQUIRED)
endif()
