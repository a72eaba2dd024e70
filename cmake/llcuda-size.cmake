# Code that is compiled for size and for a short compile, because it hardly ever runs. See llcuda-inject.cmake.

option(LLCUDA_FOR_SIZE "Compile what runs once, at start or for a request, for size instead of speed: cmake/for-size.txt says \
which files; what kernels do on the host follows the same rule" ON)

# Gives the options that overrule -O3, in the spelling that the build type's flags of a language have it in; none if these
# don't have it, since then somebody chose otherwise. -Os alone halves this code. The passes left out take a third of the
# remaining time and change its size by less than 2 %: found by leaving out each alone, with g++ 12 on binbcast.cu's host
# code. Other compilers don't know all of them.
function(llcuda_size_flags out language speed_flag)
    set(flags "")
    string(TOUPPER "${CMAKE_BUILD_TYPE}" config)
    separate_arguments(language_flags UNIX_COMMAND "${CMAKE_${language}_FLAGS_${config}}")
    if(LLCUDA_FOR_SIZE AND speed_flag IN_LIST language_flags)
        set(flags -Os)
        if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
            list(APPEND flags -fno-expensive-optimizations -fno-gcse -fno-schedule-insns2 -fno-tree-pta -fno-tree-pre
                -fno-tree-vrp -fno-tree-dominator-opts -fno-tree-fre -fno-code-hoisting -fno-rerun-cse-after-loop)
        endif()
        string(REPLACE "-O3" "" prefix "${speed_flag}")
        list(TRANSFORM flags PREPEND "${prefix}")
    endif()
    set(${out} "${flags}" PARENT_SCOPE)
endfunction()

# Compiles the files that a list names for size, in whatever targets they are.
function(llcuda_compile_for_size list_file)
    llcuda_size_flags(flags CXX "-O3")
    if(NOT flags)
        return()
    endif()
    llcuda_listed_files(files "${list_file}")

    llcuda_targets_below(targets "${CMAKE_SOURCE_DIR}")
    set(count 0)
    foreach(target IN LISTS targets)
        llcuda_absolute_sources(sources ${target})
        foreach(source IN LISTS sources)
            if(NOT source IN_LIST files)
                continue()
            endif()
            # The CPU backends share theirs, and a source's options hold for all targets of its directory.
            get_property(options SOURCE "${source}" TARGET_DIRECTORY ${target} PROPERTY COMPILE_OPTIONS)
            if(NOT "-Os" IN_LIST options)
                set_property(SOURCE "${source}" TARGET_DIRECTORY ${target} APPEND PROPERTY COMPILE_OPTIONS ${flags})
                math(EXPR count "${count} + 1")
            endif()
        endforeach()
    endforeach()
    message(STATUS "llcuda: ${count} files of the core are compiled for size")
endfunction()
