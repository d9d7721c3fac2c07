# find_package(evenkeel REQUIRED) gives evenkeel::evenkeel; COMPONENTS mysql, http or memcached a probe each,
# evenkeel::mysql and so on, which needs the development package of its client library.
include(CMakeFindDependencyMacro)
find_dependency(Threads)
foreach(probe IN LISTS evenkeel_FIND_COMPONENTS)
  if(probe STREQUAL "http")
    find_dependency(CURL)
  elseif(NOT probe MATCHES "^(mysql|memcached)$")
    set(evenkeel_FOUND FALSE)
    set(evenkeel_NOT_FOUND_MESSAGE "evenkeel has no component ${probe}; there are mysql, http and memcached")
    return()
  endif()
endforeach()
# Where /lib is a link to /usr/lib this may have been found by either name; targets are told by the real one.
get_filename_component(evenkeel_here "${CMAKE_CURRENT_LIST_FILE}" REALPATH)
get_filename_component(evenkeel_here "${evenkeel_here}" DIRECTORY)
include("${evenkeel_here}/evenkeel-targets.cmake")
