# Which file goes into which package, below the root of the target's file system. One build serves two layouts,
# Debian's and that of RPM distributions; each has components of its own, <layout>_<package>.

# Plugins are named by their path in what NRPE and Nagios read.
function(evenkeel_install_naming_plugins layout package plugins target)
  foreach(source IN LISTS ARGN)
    file(READ ${source} text)
    string(REPLACE "/usr/lib/nagios/plugins" "/${plugins}" text "${text}")
    file(RELATIVE_PATH name ${PROJECT_SOURCE_DIR} ${source})
    file(CONFIGURE OUTPUT ${layout}/${name} CONTENT "${text}" @ONLY)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
    evenkeel_install_files(${layout} ${package} ${target} ${CMAKE_CURRENT_BINARY_DIR}/${layout}/${name})
  endforeach()
endfunction()

# `cmake --install` alone gives this system's layout.
macro(evenkeel_component layout package)
  set(component COMPONENT ${layout}_${package})
  if(NOT layout STREQUAL native)
    list(APPEND component EXCLUDE_FROM_ALL)
  endif()
endmacro()

function(evenkeel_install_files layout package target)
  evenkeel_component(${layout} ${package})
  install(FILES ${ARGN} DESTINATION ${target} ${component})
endfunction()

# As Debian wants it; CMake's own stripping leaves static libraries and notes of the compiler.
function(evenkeel_strip layout package files)
  evenkeel_component(${layout} ${package})
  list(JOIN ARGN " " flags)
  install(CODE "if(CMAKE_INSTALL_DO_STRIP)
    file(GLOB files \"\$ENV{DESTDIR}\${CMAKE_INSTALL_PREFIX}/${files}\")
    execute_process(COMMAND ${CMAKE_STRIP} ${flags} --remove-section=.comment --remove-section=.note \${files} COMMAND_ERROR_IS_FATAL ANY)
  endif()" ${component})
endfunction()

function(evenkeel_install_plugins layout folder zsh)
  foreach(plugin IN LISTS EVENKEEL_PLUGINS)
    get_target_property(package ${plugin} EVENKEEL_PACKAGE)
    evenkeel_component(${layout} ${package})
    install(TARGETS ${plugin} RUNTIME DESTINATION ${folder}/evenkeel ${component})
    evenkeel_strip(${layout} ${package} ${folder}/evenkeel/${plugin} --strip-all)
    evenkeel_install_files(${layout} ${package} usr/share/man/man1 ${out}/man/${plugin}.1.gz)
    evenkeel_install_files(${layout} ${package} usr/share/bash-completion/completions ${out}/bash/${plugin})
    evenkeel_install_files(${layout} ${package} ${zsh} ${out}/zsh/_${plugin})
  endforeach()
endfunction()

function(evenkeel_install_library layout libraries)
  evenkeel_component(${layout} library)
  set(for_library ${component})
  evenkeel_component(${layout} dev)
  # The probes' static libraries are for third parties' plugins, which link one protocol's client and no other.
  install(TARGETS evenkeel evenkeel_mysql evenkeel_http evenkeel_memcached EXPORT ${layout}_targets
          LIBRARY DESTINATION ${libraries} ${for_library} NAMELINK_SKIP
          ARCHIVE DESTINATION ${libraries} ${component})
  install(TARGETS evenkeel LIBRARY DESTINATION ${libraries} ${component} NAMELINK_ONLY)
  evenkeel_strip(${layout} library ${libraries}/libevenkeel.so.*.* --strip-unneeded)
  evenkeel_strip(${layout} dev ${libraries}/libevenkeel_*.a --strip-debug --enable-deterministic-archives)
  install(EXPORT ${layout}_targets NAMESPACE evenkeel:: FILE evenkeel-targets.cmake
          DESTINATION ${libraries}/cmake/evenkeel ${component})
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/common/include/evenkeel
                    ${PROJECT_SOURCE_DIR}/common/probes/mysql/include/evenkeel
                    ${PROJECT_SOURCE_DIR}/common/probes/http/include/evenkeel
                    ${PROJECT_SOURCE_DIR}/common/probes/memcached/include/evenkeel
          DESTINATION usr/include ${component} FILES_MATCHING PATTERN "*.h")
  evenkeel_install_files(${layout} dev usr/share/doc/${${layout}_dev_name}/examples/check_free_space
                         ${CMAKE_CURRENT_SOURCE_DIR}/example/CMakeLists.txt
                         ${CMAKE_CURRENT_SOURCE_DIR}/example/check_free_space.cpp)
  write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/evenkeel-config-version.cmake
                                   COMPATIBILITY SameMinorVersion)
  evenkeel_install_files(${layout} dev ${libraries}/cmake/evenkeel ${CMAKE_CURRENT_SOURCE_DIR}/dev/evenkeel-config.cmake
                         ${CMAKE_CURRENT_BINARY_DIR}/evenkeel-config-version.cmake)
  foreach(name evenkeel evenkeel-mysql evenkeel-http evenkeel-memcached)
    configure_file(dev/${name}.pc.in ${layout}/${name}.pc @ONLY)
    evenkeel_install_files(${layout} dev ${libraries}/pkgconfig ${CMAKE_CURRENT_BINARY_DIR}/${layout}/${name}.pc)
  endforeach()
endfunction()

function(evenkeel_install_common layout plugins nrpe)
  configure_file(profile.sh.in ${layout}/evenkeel.sh @ONLY)
  evenkeel_install_files(${layout} common etc/profile.d ${CMAKE_CURRENT_BINARY_DIR}/${layout}/evenkeel.sh)
  set(nrpe_config ${PROJECT_SOURCE_DIR}/nrpe-config)
  evenkeel_install_naming_plugins(${layout} common ${plugins} ${nrpe} ${nrpe_config}/evenkeel.cfg)
  evenkeel_component(${layout} common)
  # They hold secrets, or may. deb/postinst lets NRPE's group read them, where there is one.
  install(FILES ${nrpe_config}/evenkeel.ini ${nrpe_config}/monitor.cnf ${nrpe_config}/sync.cnf
          DESTINATION etc/evenkeel PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ ${component})
  # Were it empty, removing the package would remove the folder, which NRPE's configuration still names.
  evenkeel_install_files(${layout} common etc/evenkeel/nrpe.d ${CMAKE_CURRENT_SOURCE_DIR}/nrpe.d/README)
  set(examples usr/share/doc/evenkeel-common/examples)
  evenkeel_install_naming_plugins(${layout} common ${plugins} ${examples} ${nrpe_config}/evenkeel-arguments.cfg)
  file(GLOB grants CONFIGURE_DEPENDS ${nrpe_config}/grants/*.sql)
  evenkeel_install_files(${layout} common ${examples}/grants ${grants})
  install(PROGRAMS ${nrpe_config}/grants/evenkeel-grant DESTINATION usr/share/evenkeel ${component})
  evenkeel_install_files(${layout} common usr/share/man/man1 ${out}/man/evenkeel-grant.1.gz)
  foreach(scheduler nagios icinga2)
    file(GLOB objects LIST_DIRECTORIES false CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${scheduler}/*)
    evenkeel_install_naming_plugins(${layout} common ${plugins} usr/share/evenkeel/${scheduler} ${objects})
  endforeach()
  evenkeel_install_files(${layout} common usr/share/doc/evenkeel-common ${PROJECT_SOURCE_DIR}/README.md)
  install(DIRECTORY DESTINATION var/lib/evenkeel ${component})
endfunction()

function(evenkeel_install_documents layout)
  foreach(package IN LISTS EVENKEEL_PACKAGES)
    set(name ${${layout}_${package}_name})
    evenkeel_install_files(${layout} ${package} usr/share/doc/${name} ${CMAKE_CURRENT_SOURCE_DIR}/deb/copyright
                           ${out}/doc/changelog.gz)
    if(layout STREQUAL deb)
      evenkeel_install_files(deb ${package} usr/share/doc/${name} ${out}/doc/changelog.Debian.gz)
      if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/deb/overrides/${package})
        evenkeel_component(deb ${package})
        install(FILES deb/overrides/${package} DESTINATION usr/share/lintian/overrides RENAME ${name} ${component})
      endif()
    endif()
  endforeach()
endfunction()

include(CMakePackageConfigHelpers)
set(EVENKEEL_PACKAGES library common mysql apache memcached dev meta)
foreach(layout deb rpm)
  foreach(package ${EVENKEEL_PACKAGES})
    set(${layout}_${package}_name evenkeel-${package})
  endforeach()
  set(${layout}_library_name libevenkeel${EVENKEEL_SOVERSION})
  set(${layout}_meta_name evenkeel)
endforeach()
set(deb_dev_name libevenkeel-dev)
set(rpm_dev_name libevenkeel-devel)

function(evenkeel_install layout libraries plugins nrpe zsh)
  evenkeel_install_plugins(${layout} ${plugins} ${zsh})
  evenkeel_install_library(${layout} ${libraries})
  evenkeel_install_common(${layout} ${plugins} ${nrpe})
  evenkeel_install_documents(${layout})
endfunction()
