# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts on a machine: the libraries, their headers, and the files by which pkg-config and
# find_package() find them. The command installs itself (cli/CMakeLists.txt).
include(CMakePackageConfigHelpers)

# Objects of a static library for everybody: a linker without gcc's plug-in takes them too.
if(AMDVI_LTO AND CMAKE_C_COMPILER_ID STREQUAL "GNU")
    foreach(library amdvi-tables amdvi-cmdbuf amdvi amdvi-traces)
        target_compile_options(${library} PRIVATE -ffat-lto-objects)
    endforeach()
endif()

# The shared library shows the public names and no others.
set(public_names ${PROJECT_SOURCE_DIR}/cmake/public_names.map)
target_link_options(amdvi-shared PRIVATE LINKER:--version-script=${public_names})
set_target_properties(amdvi-shared PROPERTIES EXPORT_NAME shared LINK_DEPENDS ${public_names})
set_target_properties(amdvi-traces PROPERTIES EXPORT_NAME traces)
target_include_directories(amdvi-traces INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)

install(TARGETS amdvi amdvi-shared EXPORT amdviTargets)
install(TARGETS amdvi-traces EXPORT amdviTracesTargets)
install(DIRECTORY model/include/amdvi traces/include/amdvi TYPE INCLUDE FILES_MATCHING PATTERN "*.h")

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/amdvi)
install(EXPORT amdviTargets NAMESPACE amdvi:: DESTINATION ${package_dir})
install(EXPORT amdviTracesTargets NAMESPACE amdvi:: DESTINATION ${package_dir})
configure_package_config_file(cmake/amdviConfig.cmake.in ${PROJECT_BINARY_DIR}/amdviConfig.cmake
    INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/amdviConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/amdviConfig.cmake ${PROJECT_BINARY_DIR}/amdviConfigVersion.cmake
    DESTINATION ${package_dir})

# `cmake --install --prefix` may name another place than the configured one, so the .pc files count from their own.
file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(name amdvi amdvi-traces)
    configure_file(cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
