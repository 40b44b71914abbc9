# SPDX-License-Identifier: Apache-2.0
# What `cmake --install` puts on a machine: the libraries, their headers, and the files by which pkg-config and
# find_package() find them. The command installs itself (cli/CMakeLists.txt).
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/amdvi)
install(TARGETS amdvi amdvi-shared EXPORT amdviTargets)
install(DIRECTORY model/include/amdvi TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
install(EXPORT amdviTargets NAMESPACE amdvi:: DESTINATION ${package_dir})
set(packages amdvi)
if(AMDVI_TRACES)
    install(TARGETS amdvi-traces EXPORT amdviTracesTargets)
    install(DIRECTORY traces/include/amdvi TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
    install(EXPORT amdviTracesTargets NAMESPACE amdvi:: DESTINATION ${package_dir})
    list(APPEND packages amdvi-traces)
endif()
install(TARGETS amdvi-dpi EXPORT amdviTargets)
install(DIRECTORY model/dpi/include/amdvi TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
install(DIRECTORY model/dpi/ DESTINATION ${CMAKE_INSTALL_DATADIR}/amdvi FILES_MATCHING PATTERN "*.sv" PATTERN include EXCLUDE)
if(TARGET amdvi-systemc)
    install(TARGETS amdvi-systemc EXPORT amdviSystemcTargets)
    install(DIRECTORY model/systemc/include/amdvi TYPE INCLUDE FILES_MATCHING PATTERN "*.h")
    install(EXPORT amdviSystemcTargets NAMESPACE amdvi:: DESTINATION ${package_dir})
    list(APPEND packages amdvi-systemc)
endif()
configure_package_config_file(cmake/amdviConfig.cmake.in ${PROJECT_BINARY_DIR}/amdviConfig.cmake
    INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/amdviConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/amdviConfig.cmake ${PROJECT_BINARY_DIR}/amdviConfigVersion.cmake
    DESTINATION ${package_dir})

# What the command's outputs and experiments are read and made with.
if(AMDVI_COMMAND)
    install(PROGRAMS traces/report/report.py DESTINATION ${CMAKE_INSTALL_DATADIR}/amdvi/report)
    install(FILES traces/report/plots.py traces/report/report.html.j2 DESTINATION ${CMAKE_INSTALL_DATADIR}/amdvi/report)
    install(DIRECTORY testbench/studies/experiments DESTINATION ${CMAKE_INSTALL_DATADIR}/amdvi/studies)
endif()

# `cmake --install --prefix` may name another place than the configured one, so the .pc files count from their own.
file(RELATIVE_PATH up /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(name ${packages})
    configure_file(cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
# Everything that `cmake --install` takes, and nothing that only tests take: what the demo builds.
add_custom_target(installed)
foreach(target amdvi amdvi-shared amdvi-dpi amdvi-systemc amdvi-traces amdvi-cli amdvi-manual amdvi-python)
    if(TARGET ${target})
        add_dependencies(installed ${target})
    endif()
endforeach()
install(FILES LICENSE README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
if(AMDVI_COMMAND) # the kit's licence
    install(FILES LICENSES/GPL-2.0.txt DESTINATION ${CMAKE_INSTALL_DOCDIR})
endif()

# `cpack --config BUILD/CPackConfig.cmake` makes amdvi-VERSION-SYSTEM-PROCESSOR.tar.gz of the same; for Debian's packages see
# debian/.
set(CPACK_GENERATOR TGZ)
set(CPACK_PACKAGE_VENDOR "amdvi")
set(CPACK_PACKAGE_FILE_NAME amdvi-${PROJECT_VERSION}-${CMAKE_SYSTEM_NAME}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)
include(CPack)
