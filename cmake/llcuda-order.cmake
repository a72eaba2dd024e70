# Which files of the core start first. See llcuda-inject.cmake.

# Of what is ready, Ninja starts first what the longest chain of steps waits for, whatever those take. The server's files, on
# which only the server waits, therefore come last, and some of them run for 15 s: on 16 cores they were the end of 185 s,
# with 7 cores idle. A chain of steps of nothing but a time stamp that waits for the long files puts them in front.
set(LLCUDA_CHAIN_LENGTH 16)

# Starts the files that a list names first, in whatever targets they are.
function(llcuda_start_first list_file)
    llcuda_listed_files(files "${list_file}")
    llcuda_targets_below(targets "${CMAKE_SOURCE_DIR}")
    set(objects "")
    set(count 0)
    foreach(target IN LISTS targets)
        llcuda_absolute_sources(sources ${target})
        get_target_property(directory ${target} SOURCE_DIR)
        foreach(source IN LISTS sources)
            get_property(is_header SOURCE "${source}" TARGET_DIRECTORY ${target} PROPERTY HEADER_FILE_ONLY)
            if(is_header OR NOT source IN_LIST files)
                continue()
            endif()
            file(RELATIVE_PATH name "${directory}" "${source}")
            string(REGEX REPLACE "([][+.*()^$?|\\])" "\\\\\\1" pattern "${name}")
            list(APPEND objects "$<FILTER:$<TARGET_OBJECTS:${target}>,INCLUDE,/${pattern}\\.o$>")
            math(EXPR count "${count} + 1")
        endforeach()
    endforeach()
    set(wanted ${objects})
    if(objects)
        foreach(number RANGE 1 ${LLCUDA_CHAIN_LENGTH})
            set(stamp "${CMAKE_BINARY_DIR}/llcuda-first/${number}")
            add_custom_command(OUTPUT "${stamp}" COMMAND "${CMAKE_COMMAND}" -E touch "${stamp}" DEPENDS ${wanted} VERBATIM)
            set(wanted "${stamp}")
        endforeach()
    endif()
    add_custom_target(llcuda_first DEPENDS ${wanted})
    message(STATUS "llcuda: ${count} long files of the core start first")
endfunction()
