# What is made of the plugins' own descriptions, and what must be compressed, at build time.
find_package(Python3 3.9 REQUIRED COMPONENTS Interpreter)
find_program(GZIP gzip REQUIRED)
set(generate ${CMAKE_CURRENT_SOURCE_DIR}/generate/generate)
file(GLOB generators CONFIGURE_DEPENDS generate/*.py)
get_property(EVENKEEL_PLUGINS GLOBAL PROPERTY EVENKEEL_PLUGINS)

set(made)
function(evenkeel_compress source target)
  add_custom_command(OUTPUT ${target} COMMAND ${GZIP} -9nc ${source} > ${target} DEPENDS ${source})
  set(made ${made} ${target} PARENT_SCOPE)
endfunction()

function(evenkeel_generate what target description)
  add_custom_command(OUTPUT ${target}
    COMMAND ${Python3_EXECUTABLE} ${generate} ${what} ${ARGN} ${description} > ${target}
    DEPENDS ${description} ${generate} ${generators})
  set(made ${made} ${target} PARENT_SCOPE)
endfunction()

set(descriptions)
set(out ${CMAKE_CURRENT_BINARY_DIR})
file(MAKE_DIRECTORY ${out}/descriptions ${out}/man ${out}/bash ${out}/zsh ${out}/doc)
add_library(describe OBJECT generate/describe.cpp)
target_link_libraries(describe PRIVATE evenkeel nlohmann_json::nlohmann_json)
foreach(plugin IN LISTS EVENKEEL_PLUGINS)
  add_executable(describe_${plugin} ${PROJECT_SOURCE_DIR}/plugins/${plugin}/main.cpp)
  target_link_libraries(describe_${plugin} PRIVATE describe ${plugin}_room)
  add_custom_command(OUTPUT ${out}/descriptions/${plugin}.json
    COMMAND describe_${plugin} > ${out}/descriptions/${plugin}.json DEPENDS describe_${plugin})
  list(APPEND descriptions ${out}/descriptions/${plugin}.json)
  evenkeel_generate(man ${out}/man/${plugin}.1 ${out}/descriptions/${plugin}.json --version ${PROJECT_VERSION})
  evenkeel_compress(${out}/man/${plugin}.1 ${out}/man/${plugin}.1.gz)
  evenkeel_generate(bash ${out}/bash/${plugin} ${out}/descriptions/${plugin}.json)
  evenkeel_generate(zsh ${out}/zsh/_${plugin} ${out}/descriptions/${plugin}.json)
endforeach()
set(grant ${PROJECT_SOURCE_DIR}/nrpe-config/grants/evenkeel-grant)
add_custom_command(OUTPUT ${out}/man/evenkeel-grant.1
  COMMAND ${Python3_EXECUTABLE} ${generate} tool-man --version ${PROJECT_VERSION}
          --path /usr/share/evenkeel/evenkeel-grant --purpose "makes the logins of evenkeel's MySQL checks"
          ${grant} > ${out}/man/evenkeel-grant.1
  DEPENDS ${grant} ${generate} ${generators} VERBATIM)
set(made ${made} ${out}/man/evenkeel-grant.1)
evenkeel_compress(${out}/man/evenkeel-grant.1 ${out}/man/evenkeel-grant.1.gz)
evenkeel_compress(${CMAKE_CURRENT_SOURCE_DIR}/deb/changelog ${out}/doc/changelog.Debian.gz)
evenkeel_compress(${PROJECT_SOURCE_DIR}/CHANGELOG.md ${out}/doc/changelog.gz)
add_custom_target(package_files ALL DEPENDS ${made})
add_dependencies(plugins package_files)
# The README's tables are committed; a test fails when they are stale.
add_custom_target(readme COMMAND ${Python3_EXECUTABLE} ${generate} readme ${PROJECT_SOURCE_DIR}/README.md ${descriptions}
                  DEPENDS ${descriptions})
