# The core tree: the selector, the target `llcuda_core`, and the list of files to ship. See llcuda-inject.cmake.

set(LLCUDA_CORE_PROGRAMS llama-server llama-cli llama-bench llama-quantize)

# Collects every MODULE library of a directory and of the directories below it.
function(llcuda_module_libraries out directory)
    set(found "")
    llcuda_targets_below(targets "${directory}")
    foreach(target IN LISTS targets)
        get_target_property(type ${target} TYPE)
        if(type STREQUAL "MODULE_LIBRARY")
            list(APPEND found ${target})
        endif()
    endforeach()
    set(${out} "${found}" PARENT_SCOPE)
endfunction()

# Collects the SHARED libraries of this project that the given targets link, directly or through other libraries.
# llama.cpp has a dozen more (one per tool); those would be built and shipped for nothing.
function(llcuda_shared_libraries out)
    set(queue ${ARGN})
    set(seen "")
    set(found "")
    while(queue)
        list(POP_FRONT queue item)
        string(REGEX REPLACE "^\\$<LINK_ONLY:(.*)>$" "\\1" item "${item}")
        if(item IN_LIST seen OR NOT TARGET "${item}")
            continue()
        endif()
        list(APPEND seen "${item}")
        get_target_property(alias "${item}" ALIASED_TARGET)
        if(alias)
            list(APPEND queue "${alias}")
            continue()
        endif()
        get_target_property(imported "${item}" IMPORTED)
        if(imported)
            continue()
        endif()
        get_target_property(type "${item}" TYPE)
        if(type STREQUAL "SHARED_LIBRARY")
            list(APPEND found "${item}")
        endif()
        foreach(property IN ITEMS LINK_LIBRARIES INTERFACE_LINK_LIBRARIES)
            get_target_property(links "${item}" ${property})
            if(links)
                list(APPEND queue ${links})
            endif()
        endforeach()
    endwhile()
    set(${out} "${found}" PARENT_SCOPE)
endfunction()

# Adds the library that llama.cpp opens as its CUDA backend: it opens one of the slices in cuda/ beside it.
function(llcuda_add_selector)
    find_package(Threads REQUIRED)
    file(GLOB sources CONFIGURE_DEPENDS "${LLCUDA_DIR}/selector/*.c" "${LLCUDA_DIR}/selector/*.h")
    add_library(llcuda_selector MODULE ${sources})
    # The project's own warning flags are for its own code; ours are stricter and fatal.
    set_target_properties(llcuda_selector PROPERTIES
        OUTPUT_NAME ggml-cuda
        PREFIX lib
        LIBRARY_OUTPUT_DIRECTORY "${CMAKE_RUNTIME_OUTPUT_DIRECTORY}"
        C_STANDARD 11
        C_STANDARD_REQUIRED ON
        C_EXTENSIONS OFF
        C_VISIBILITY_PRESET hidden)
    target_compile_options(llcuda_selector PRIVATE -Wall -Wextra -Werror)
    # The loader closes the library when the score is 0 and may open it again; what was said once stays said.
    target_link_options(llcuda_selector PRIVATE LINKER:-z,nodelete LINKER:-z,defs)
    target_link_libraries(llcuda_selector PRIVATE ${CMAKE_DL_LIBS} Threads::Threads)
endfunction()

# Gives targets as JSON: "file" is where the build puts it, "shipAs" the one name under which it is shipped. A shared
# library is looked up by its SONAME, everything else by its file name; the symbolic links beside it are not shipped.
function(llcuda_json_files out name_expression)
    set(text "")
    foreach(target IN LISTS ARGN)
        if(NOT text STREQUAL "")
            string(APPEND text ",")
        endif()
        string(APPEND text "\n    {\"target\": \"${target}\", \"file\": \"$<TARGET_FILE:${target}>\", "
            "\"shipAs\": \"$<${name_expression}:${target}>\"}")
    endforeach()
    set(${out} "${text}\n  " PARENT_SCOPE)
endfunction()

function(llcuda_finish_core)
    foreach(program IN LISTS LLCUDA_CORE_PROGRAMS)
        if(NOT TARGET ${program})
            message(FATAL_ERROR "llcuda: this project has no target '${program}'; "
                "give a full llama.cpp source tree and leave LLAMA_BUILD_TOOLS and LLAMA_BUILD_SERVER on")
        endif()
    endforeach()
    if(TARGET ggml-cuda)
        message(FATAL_ERROR "llcuda: the core holds no kernels, but GGML_CUDA is on; configure it with -D GGML_CUDA=OFF")
    endif()
    if(NOT GGML_BACKEND_DL)
        message(FATAL_ERROR "llcuda: the selector is opened at run time; configure the core with -D GGML_BACKEND_DL=ON "
            "-D BUILD_SHARED_LIBS=ON")
    endif()

    llcuda_group_files("${LLCUDA_UNITS}")
    llcuda_add_selector()
    llcuda_compile_for_size("${LLCUDA_DIR}/for-size.txt")
    llcuda_module_libraries(modules "${CMAKE_SOURCE_DIR}")
    llcuda_shared_libraries(shared ${LLCUDA_CORE_PROGRAMS} ${modules})

    add_custom_target(llcuda_core ALL)
    llcuda_start_first("${LLCUDA_DIR}/long-files.txt")
    add_dependencies(llcuda_core llcuda_first ${LLCUDA_CORE_PROGRAMS} ${shared} ${modules})

    llcuda_json_files(programs_json TARGET_FILE_NAME ${LLCUDA_CORE_PROGRAMS})
    llcuda_json_files(shared_json TARGET_SONAME_FILE_NAME ${shared})
    llcuda_json_files(modules_json TARGET_FILE_NAME ${modules})
    llcuda_ggml_version(ggml_version)

    file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/llcuda-core.json" CONTENT "{
  \"schema\": 1,
  \"buildTarget\": \"llcuda_core\",
  \"llamaVersion\": \"${LLAMA_VERSION}\",
  \"llamaBuildNumber\": \"${LLAMA_BUILD_NUMBER}\",
  \"llamaCommit\": \"${LLAMA_BUILD_COMMIT}\",
  \"ggmlVersion\": \"${ggml_version}\",
  \"executables\": [${programs_json}],
  \"sharedLibraries\": [${shared_json}],
  \"modules\": [${modules_json}]
}
")
endfunction()
