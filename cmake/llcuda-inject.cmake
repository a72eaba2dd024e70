# What llcuda-build adds to llama.cpp's own top-level project, without editing a file of it:
#   cmake -S llama.cpp -B build -D CMAKE_PROJECT_TOP_LEVEL_INCLUDES=<here>/llcuda-inject.cmake -D LLCUDA_TREE=kernels|core ...
#
# LLCUDA_TREE=kernels  the tree that compiles ggml-cuda: long translation units are started first, and
#                      <build>/llcuda-kernels.json says how to link the library again from other objects.
# LLCUDA_TREE=core     everything that holds no kernels: adds the selector library and the target `llcuda_core`;
#                      <build>/llcuda-core.json lists the files to ship.
#
# CMake reads this file inside llama.cpp's first project() call, before any target exists, so the work is deferred to
# the end of the top-level directory.

if(CMAKE_VERSION VERSION_LESS 3.24)
    message(FATAL_ERROR "llcuda: CMake 3.24 or later is needed to inject into llama.cpp; this is ${CMAKE_VERSION}")
endif()

set(LLCUDA_TREE "" CACHE STRING "What llcuda-build makes of this tree: kernels or core")
set_property(CACHE LLCUDA_TREE PROPERTY STRINGS kernels core)
set(LLCUDA_DIR "${CMAKE_CURRENT_LIST_DIR}")
include("${LLCUDA_DIR}/llcuda-size.cmake")

if(LLCUDA_TREE STREQUAL "kernels")
    # CUDA::cudart and its siblings are found in ggml-cuda's directory; the link recipe names their files from up here.
    set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
    include("${LLCUDA_DIR}/llcuda-kernels.cmake")
    cmake_language(DEFER CALL llcuda_finish_kernels)
elseif(LLCUDA_TREE STREQUAL "core")
    include("${LLCUDA_DIR}/llcuda-groups.cmake")
    include("${LLCUDA_DIR}/llcuda-order.cmake")
    include("${LLCUDA_DIR}/llcuda-core.cmake")
    cmake_language(DEFER CALL llcuda_finish_core)
else()
    message(FATAL_ERROR "llcuda: LLCUDA_TREE is '${LLCUDA_TREE}'; say -D LLCUDA_TREE=kernels or -D LLCUDA_TREE=core")
endif()

# Gives the members of a list as the inside of a JSON array of strings. Generator expressions pass unchanged: they hold
# no quotes and no backslashes.
function(llcuda_json_strings out)
    set(text "")
    foreach(item IN LISTS ARGN)
        string(REPLACE "\\" "\\\\" item "${item}")
        string(REPLACE "\"" "\\\"" item "${item}")
        if(NOT text STREQUAL "")
            string(APPEND text ",")
        endif()
        string(APPEND text "\n    \"${item}\"")
    endforeach()
    if(NOT text STREQUAL "")
        string(APPEND text "\n  ")
    endif()
    set(${out} "${text}" PARENT_SCOPE)
endfunction()

# GGML_VERSION is set in ggml's own directory.
function(llcuda_ggml_version out)
    get_target_property(directory ggml-base SOURCE_DIR)
    get_directory_property(version DIRECTORY "${directory}" DEFINITION GGML_VERSION)
    set(${out} "${version}" PARENT_SCOPE)
endfunction()

# Collects the targets of a directory and of the directories below it.
function(llcuda_targets_below out directory)
    get_property(found DIRECTORY "${directory}" PROPERTY BUILDSYSTEM_TARGETS)
    get_property(below DIRECTORY "${directory}" PROPERTY SUBDIRECTORIES)
    foreach(subdirectory IN LISTS below)
        llcuda_targets_below(more "${subdirectory}")
        list(APPEND found ${more})
    endforeach()
    set(${out} "${found}" PARENT_SCOPE)
endfunction()

# Gives a target's sources; in its own list they are absolute or relative, as its CMake has them.
function(llcuda_absolute_sources out target)
    get_target_property(sources ${target} SOURCES)
    get_target_property(directory ${target} SOURCE_DIR)
    set(absolute "")
    if(sources)
        foreach(source IN LISTS sources)
            get_filename_component(source "${source}" ABSOLUTE BASE_DIR "${directory}")
            list(APPEND absolute "${source}")
        endforeach()
    endif()
    set(${out} "${absolute}" PARENT_SCOPE)
endfunction()

# Gives those of the named files in a folder that are in the list `sources` of the caller.
function(llcuda_present_sources out folder)
    set(present "")
    foreach(name IN LISTS ARGN)
        if("${folder}/${name}" IN_LIST sources)
            list(APPEND present "${folder}/${name}")
        endif()
    endforeach()
    set(${out} "${present}" PARENT_SCOPE)
endfunction()

# Gives the files that a list names: paths in llama.cpp, each may have a *. CMake runs again when the list changes.
function(llcuda_listed_files out list_file)
    set_property(DIRECTORY "${CMAKE_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${list_file}")
    file(STRINGS "${list_file}" patterns REGEX "^[^#]")
    list(TRANSFORM patterns PREPEND "${CMAKE_SOURCE_DIR}/")
    file(GLOB files ${patterns})
    set(${out} "${files}" PARENT_SCOPE)
endfunction()

# Compiles files of a target as one: the last, with the others included in front of it. A file of our own in the build folder
# would lie in another place in every build. nvcc puts a digest of a unit's path into names that are internal to its kernels;
# and libmtmd's units that came from a compiler cache were compiled again in every run, since the cache named another build
# folder's file (UNITY_BUILD makes such) as what had been read. This way, everything that is read lies where it lies for all.
function(llcuda_compile_as_one target)
    set(files ${ARGN})
    list(LENGTH files count)
    if(count LESS 2)
        return()
    endif()
    message(STATUS "llcuda: ${count} files of ${target} are compiled as one")
    list(POP_BACK files last)
    set(options "")
    foreach(file IN LISTS files)
        list(APPEND options -include "${file}")
        set_property(SOURCE "${file}" TARGET_DIRECTORY ${target} PROPERTY HEADER_FILE_ONLY ON)
    endforeach()
    set_property(SOURCE "${last}" TARGET_DIRECTORY ${target} APPEND PROPERTY COMPILE_OPTIONS ${options})
endfunction()
