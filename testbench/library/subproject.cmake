# SPDX-License-Identifier: Apache-2.0
# Configures, builds and runs the project in subproject/, with the SystemC module if SYSTEMC.
set(programs somebody somebody-shared somebody-cxx)
if(SYSTEMC)
    list(APPEND programs somebody-systemc)
endif()
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G Ninja -DAMDVI_SOURCE=${AMDVI} -DOWN_NAMES=${OWN_NAMES}
    -DSYSTEMC=${SYSTEMC}
    -DCMAKE_C_COMPILER=${COMPILER} -DCMAKE_CXX_COMPILER=${CXX_COMPILER} -DCMAKE_CXX_COMPILER_LAUNCHER=${LAUNCHER} COMMAND_ERROR_IS_FATAL ANY)
# From the beginning: a file that was built before warns no more.
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD} --clean-first --target ${programs} OUTPUT_VARIABLE log
    COMMAND_ERROR_IS_FATAL ANY)
if(NOT log MATCHES "warning:")
    message(FATAL_ERROR "the project around amdvi has no warning that amdvi does not pass: the test proves nothing")
endif()
set(somebody-systemc-says "found 42 at 0x400000")
foreach(program ${programs})
    execute_process(COMMAND ${BUILD}/${program} OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
    if(NOT DEFINED ${program}-says)
        set(${program}-says "IO_PAGE_FAULT: host page not present")
    endif()
    if(NOT said MATCHES "${${program}-says}")
        message(FATAL_ERROR "${program} says: ${said}")
    endif()
endforeach()
