# What Parley stands on; the names are Debian 12's. The layers' libraries are in a file of their
# own, because the installed package looks for the same ones; the others are for the tree alone.
set(CMAKE_FIND_PACKAGE_NAME parley)  # as if from find_package(parley REQUIRED): what lacks is named
set(parley_FIND_REQUIRED TRUE)
include(ParleyFindDependencies)
unset(CMAKE_FIND_PACKAGE_NAME)

if(PARLEY_TESTS)
  find_package(doctest REQUIRED)
endif()
if(PARLEY_APPS)
  find_package(CLI11 REQUIRED)
endif()
