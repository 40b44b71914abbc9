# SPDX-License-Identifier: Apache-2.0
# cmake -DSOURCE=TREE -DOUTPUT=HEADER -P commit.cmake: writes the header when what it says has changed.
set(archived "$Format:%H$") # `git archive` writes the commit here: of packages and of their sources
set(text "")
if(EXISTS ${SOURCE}/.git)
    execute_process(COMMAND git -C ${SOURCE} describe --always --abbrev=12 --exclude=* --dirty=+
        OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
    if(NOT failed)
        set(text " (${commit})")
    endif()
elseif(archived MATCHES "^[0-9a-f]+$")
    string(SUBSTRING ${archived} 0 12 commit)
    set(text " (${commit})")
endif()
set(content "/* SPDX-License-Identifier: Apache-2.0 */\n#define CLI_COMMIT \"${text}\"\n")
if(EXISTS ${OUTPUT})
    file(READ ${OUTPUT} old)
endif()
if(NOT "${old}" STREQUAL "${content}")
    file(WRITE ${OUTPUT} "${content}")
endif()
