# What the packages are called, what they say of themselves and what they need. Libraries that they need are found
# by dpkg-shlibdeps and rpmbuild; only our own packages are named here.
set(CPACK_PACKAGE_VENDOR evenkeel)
# Each package has a summary of its own, which this would push aside.
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")
set(CPACK_PACKAGE_CONTACT "evenkeel maintainers <maintainers@evenkeel.invalid>")
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_BINARY_DIR}/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_SOURCE_DIR}/open_folders.cmake)
set(CPACK_STRIP_FILES TRUE)
set(CPACK_VERBATIM_VARIABLES TRUE)
set(CPACK_PROJECT_CONFIG_FILE ${CMAKE_CURRENT_BINARY_DIR}/per_generator.cmake)
# What is linked statically, or compiled in, by package.
set(statically_linked_library)
set(statically_linked_mysql)
set(statically_linked_apache)
if(EVENKEEL_OWN_RUNTIME)
  foreach(library stdc++ m)
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=lib${library}.a OUTPUT_VARIABLE file
                    OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
    list(APPEND runtime ${file})
  endforeach()
  get_target_property(boost Boost::program_options IMPORTED_LOCATION_RELEASE)
  if(NOT boost)
    get_target_property(boost Boost::program_options IMPORTED_LOCATION_NONE)
  endif()
  find_file(JSON_HEADER nlohmann/json.hpp REQUIRED)
  find_library(CONNECTOR_STATIC libmysqlcppconn-static.a REQUIRED)
  set(statically_linked_library ${runtime} ${boost} ${JSON_HEADER})
  set(statically_linked_mysql ${runtime} ${CONNECTOR_STATIC})
  set(statically_linked_apache ${runtime})
endif()
# CPack knows no field Built-Using; the value of Section ends in a line of its own.
string(CONFIGURE [[
set(CPACK_COMPONENTS_ALL)
string(TOLOWER "${CPACK_GENERATOR}" layout)
foreach(package @EVENKEEL_PACKAGES@)
  list(APPEND CPACK_COMPONENTS_ALL ${layout}_${package})
endforeach()
if(layout STREQUAL deb)
  include("@CMAKE_CURRENT_SOURCE_DIR@/built_using.cmake")
  evenkeel_built_using(built_using @statically_linked_library@)
  if(built_using)
    set(CPACK_DEBIAN_DEB_LIBRARY_PACKAGE_SECTION "libs\nBuilt-Using: ${built_using}")
  endif()
  evenkeel_built_using(built_using @statically_linked_mysql@)
  if(built_using)
    set(CPACK_DEBIAN_DEB_MYSQL_PACKAGE_SECTION "net\nBuilt-Using: ${built_using}")
  endif()
  evenkeel_built_using(built_using @statically_linked_apache@)
  if(built_using)
    set(CPACK_DEBIAN_DEB_APACHE_PACKAGE_SECTION "net\nBuilt-Using: ${built_using}")
  endif()
endif()
]] per_generator @ONLY)
file(CONFIGURE OUTPUT per_generator.cmake CONTENT "${per_generator}" @ONLY)

set(library_summary "what evenkeel's monitoring plugins share")
set(library_text "Options, thresholds, state between runs, time limits and output of
monitoring plugins for Nagios, Icinga and NRPE.")
set(common_summary "configuration and definitions for evenkeel's plugins")
set(common_text "Commands for NRPE, object definitions for Nagios and Icinga 2, the folder
where plugins keep what they saw last, and the plugins' place on an
engineer's PATH.")
set(mysql_summary "monitoring plugins for MySQL and MariaDB replication")
set(mysql_text "check_mysql_replication tells whether replicas work; check_table_sync
tells whether servers hold the same data in the same tables.")
set(apache_summary "monitoring plugin for Apache's request rate")
set(apache_text "check_apache_rps tells whether Apache serves neither too few nor too many
requests per second.")
set(memcached_summary "monitoring plugin for memcached")
set(memcached_text "check_memcached tells whether a cache works: a value is stored, fetched and
deleted; and whether it is worth having, by its hit ratio and evictions.")
set(dev_summary "development files for monitoring plugins with evenkeel")
set(dev_text "Headers, CMake and pkg-config files, static libraries that ask MySQL, HTTP
and memcached servers, and an example of a plugin of one's own.")
set(meta_summary "monitoring plugins for MySQL, Apache and memcached fleets")
set(meta_text "All of evenkeel's plugins: replication, table contents, request rate and
cache. Where one of them is enough, its own package is.")

set(mysql_needs common)
set(apache_needs common)
set(memcached_needs common)
set(dev_needs library)
set(meta_needs mysql apache memcached)

# Debian
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SOURCE evenkeel)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_DEB_LIBRARY_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_DEB_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEB_META_PACKAGE_SECTION metapackages)
set(CPACK_DEBIAN_DEB_COMMON_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_DEB_META_PACKAGE_ARCHITECTURE all)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION TRUE)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_DEB_DEV_PACKAGE_SUGGESTS "libmysqlcppconn-dev, libcurl4-openssl-dev, libmemcached-dev, cmake, pkgconf")

# dpkg-shlibdeps reads what a library that is not installed demands of its users in the DEBIAN folder above it.
set(unpacked ${CMAKE_CURRENT_BINARY_DIR}/library)
file(CONFIGURE OUTPUT ${unpacked}/DEBIAN/shlibs
     CONTENT "libevenkeel ${EVENKEEL_SOVERSION} ${deb_library_name} (>= ${PROJECT_VERSION}~)\n" @ONLY)
file(CREATE_LINK ${CMAKE_BINARY_DIR}/common ${unpacked}/lib SYMBOLIC)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${unpacked}/lib)
set(conffiles /etc/profile.d/evenkeel.sh /etc/evenkeel/evenkeel.ini /etc/evenkeel/monitor.cnf /etc/evenkeel/sync.cnf
    /etc/evenkeel/nrpe.d/README)
list(JOIN conffiles "\n" lines)
file(WRITE ${CMAKE_CURRENT_BINARY_DIR}/conffiles "/etc/nagios/nrpe.d/evenkeel.cfg\n${lines}\n")
set(CPACK_DEBIAN_DEB_LIBRARY_PACKAGE_CONTROL_EXTRA ${unpacked}/DEBIAN/shlibs ${CMAKE_CURRENT_SOURCE_DIR}/deb/library/triggers)
set(CPACK_DEBIAN_DEB_COMMON_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_BINARY_DIR}/conffiles
    ${CMAKE_CURRENT_SOURCE_DIR}/deb/common/triggers ${CMAKE_CURRENT_SOURCE_DIR}/deb/common/postinst
    ${CMAKE_CURRENT_SOURCE_DIR}/deb/common/postrm)

# RPM
set(CPACK_RPM_COMPONENT_INSTALL ON)
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
set(CPACK_RPM_PACKAGE_RELEASE 1)
# One text for all packages: the MySQL plugins carry Connector/C++ (GPL-2.0-only), the library JSON for Modern C++
# (MIT) and Boost.
set(CPACK_RPM_PACKAGE_LICENSE "GPL-2.0-or-later AND GPL-2.0-only AND MIT AND BSL-1.0")
set(CPACK_RPM_PACKAGE_GROUP Applications/System)
set(CPACK_PACKAGE_RELOCATABLE OFF)
set(CPACK_RPM_RPM_COMMON_PACKAGE_ARCHITECTURE noarch)
set(CPACK_RPM_RPM_META_PACKAGE_ARCHITECTURE noarch)
set(lines /etc/nrpe.d/evenkeel.cfg ${conffiles})
list(TRANSFORM lines PREPEND "%config(noreplace) ")
set(CPACK_RPM_RPM_COMMON_USER_FILELIST ${lines} "%attr(1777,root,root) %dir /var/lib/evenkeel")
set(CPACK_RPM_RPM_COMMON_POST_INSTALL_SCRIPT_FILE ${CMAKE_CURRENT_SOURCE_DIR}/rpm/post)
# Folders of other packages.
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION /etc /etc/nrpe.d /etc/profile.d /var /var/lib /usr /usr/lib64
    /usr/lib64/nagios /usr/lib64/nagios/plugins /usr/lib64/cmake /usr/lib64/pkgconfig /usr/include /usr/share
    /usr/share/bash-completion /usr/share/bash-completion/completions /usr/share/zsh /usr/share/zsh/site-functions
    /usr/share/man /usr/share/man/man1 /usr/share/doc)

foreach(package IN LISTS EVENKEEL_PACKAGES)
  foreach(layout deb rpm)
    string(TOUPPER ${layout}_${package} component)
    set(CPACK_COMPONENT_${component}_DESCRIPTION "${${package}_text}")
    list(TRANSFORM ${package}_needs PREPEND ${layout}_ OUTPUT_VARIABLE CPACK_COMPONENT_${component}_DEPENDS)
  endforeach()
  string(TOUPPER ${package} upper)
  set(CPACK_DEBIAN_DEB_${upper}_PACKAGE_NAME ${deb_${package}_name})
  set(CPACK_DEBIAN_DEB_${upper}_DESCRIPTION "${${package}_summary}\n${${package}_text}")
  set(CPACK_RPM_RPM_${upper}_PACKAGE_NAME ${rpm_${package}_name})
  set(CPACK_RPM_RPM_${upper}_PACKAGE_SUMMARY "${${package}_summary}")
  set(CPACK_RPM_RPM_${upper}_PACKAGE_DESCRIPTION "${${package}_text}")
  set(needs)
  foreach(needed IN LISTS ${package}_needs)
    list(APPEND needs "${rpm_${needed}_name} = ${PROJECT_VERSION}")
  endforeach()
  list(JOIN needs ", " CPACK_RPM_RPM_${upper}_PACKAGE_REQUIRES)
endforeach()
include(CPack)
