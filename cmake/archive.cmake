# SPDX-License-Identifier: Apache-2.0
# amdvi_archive(NAME OBJECTS): a static library of one object, in which only the public names are global: a program
# that has a cache_create() or a log_append() of its own links with it. With link-time optimisation the object is
# optimised as a whole and holds machine code, so any compiler and linker takes it.
set(archive_flags -r -nostdlib)
if(AMDVI_LTO)
    separate_arguments(release_flags UNIX_COMMAND "${CMAKE_C_FLAGS} ${CMAKE_C_FLAGS_${build_type}}")
    list(APPEND archive_flags ${release_flags} -flto=auto -flinker-output=nolto-rel)
endif()
set(AMDVI_ARCHIVE_FLAGS ${archive_flags})

function(amdvi_archive name objects)
    set(all ${CMAKE_CURRENT_BINARY_DIR}/${name}-all.o)
    set(one ${CMAKE_CURRENT_BINARY_DIR}/${name}.o)
    add_custom_command(OUTPUT ${one}
        COMMAND ${CMAKE_C_COMPILER} ${AMDVI_ARCHIVE_FLAGS} -o ${all} ${objects}
        COMMAND ${CMAKE_OBJCOPY} --wildcard --keep-global-symbol=amdvi_* ${all} ${one}
        DEPENDS ${objects}
        BYPRODUCTS ${all}
        COMMENT "Hiding what is not public in ${name}"
        COMMAND_EXPAND_LISTS VERBATIM)
    set_source_files_properties(${one} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
    add_library(${name} STATIC ${one})
    set_target_properties(${name} PROPERTIES LINKER_LANGUAGE C)
endfunction()

# amdvi_inside(NAME ARCHIVE OBJECTS LIBRARIES): the library NAME for what is built in this tree, with all names for unit tests.
# With link-time optimisation that is the machine code of ARCHIVE as it is before names are hidden: made once, not in each of a
# hundred programs anew. Only programs with the property AMDVI_WHOLE take the objects, and are optimised through: the command, and
# tests that put a function of their own in the place of the library's. LIBRARIES becomes the list of what stands behind the name.
function(amdvi_inside name archive objects libraries)
    if(NOT CMAKE_INTERPROCEDURAL_OPTIMIZATION OR NOT AMDVI_INSIDE STREQUAL "STATIC")
        add_library(${name} ${AMDVI_INSIDE} ${objects})
        set_target_properties(${name} PROPERTIES LINKER_LANGUAGE C)
        set(${libraries} ${name} PARENT_SCOPE)
        return()
    endif()
    # Static functions that the optimiser shared between its parts would be seen, too.
    set(all ${CMAKE_CURRENT_BINARY_DIR}/${archive}-all.o)
    set(once ${CMAKE_CURRENT_BINARY_DIR}/${archive}-once.o)
    add_custom_command(OUTPUT ${once}
        COMMAND ${CMAKE_OBJCOPY} --wildcard --localize-symbol=*.lto_priv.* ${all} ${once}
        DEPENDS ${archive}
        VERBATIM)
    set_source_files_properties(${once} PROPERTIES EXTERNAL_OBJECT TRUE GENERATED TRUE)
    add_library(${name}-whole STATIC ${objects})
    add_library(${name}-once STATIC ${once})
    set_target_properties(${name}-whole ${name}-once PROPERTIES LINKER_LANGUAGE C)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE
        $<IF:$<BOOL:$<TARGET_PROPERTY:AMDVI_WHOLE>>,${name}-whole,${name}-once>)
    set(${libraries} ${name}-whole ${name}-once PARENT_SCOPE)
endfunction()
