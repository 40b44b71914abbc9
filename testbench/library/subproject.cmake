# SPDX-License-Identifier: Apache-2.0
# Configures, builds and runs the project in subproject/.
execute_process(COMMAND ${CMAKE_COMMAND} -S ${SOURCE} -B ${BUILD} -G Ninja -DAMDVI_SOURCE=${AMDVI} -DOWN_NAMES=${OWN_NAMES}
    -DCMAKE_C_COMPILER=${COMPILER} -DCMAKE_CXX_COMPILER=${CXX_COMPILER} COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${CMAKE_COMMAND} --build ${BUILD} --target somebody somebody-shared OUTPUT_VARIABLE log
    COMMAND_ERROR_IS_FATAL ANY)
if(NOT log MATCHES "warning:")
    message(FATAL_ERROR "the project around amdvi has no warning that amdvi does not pass: the test proves nothing")
endif()
foreach(program somebody somebody-shared)
    execute_process(COMMAND ${BUILD}/${program} OUTPUT_VARIABLE said COMMAND_ERROR_IS_FATAL ANY)
    if(NOT said MATCHES "IO_PAGE_FAULT: host page not present")
        message(FATAL_ERROR "${program} says: ${said}")
    endif()
endforeach()
