# The kernels tree: compile order of ggml-cuda, and the recipe to link it again. See llcuda-inject.cmake.

option(LLCUDA_LIST_PER_PASS "Compile kernels for each architecture as if it were alone, so that another one in the list costs no \
compile of those that were there" ON)

set(LLCUDA_UNITS "${LLCUDA_DIR}/long-units.txt" CACHE FILEPATH "The units of ggml-cuda, the slowest to compile first: file \
name, seconds, and the units that are compiled in it, if there are any; OFF merges none")
set(LLCUDA_SPLIT_UNITS "" CACHE STRING "Units of ggml-cuda that nvcc compiles for several architectures at once")
set(LLCUDA_SPLIT_THREADS 1 CACHE STRING "For how many at once")

# Puts units in the place of their members, as far as those are sources of the target; Sources/Planning/MergedUnits.swift
# says which go together. Members that instantiate templates of one header do nothing else; not every header bears being
# included twice, so a unit includes it once and takes over the rest of those members. Other members are included in front of
# the last one.
function(llcuda_merge_units target list_file)
    file(STRINGS "${list_file}" lines REGEX "^[^#]")
    llcuda_absolute_sources(sources ${target})
    get_target_property(directory ${target} SOURCE_DIR)
    get_target_property(binary_directory ${target} BINARY_DIR)
    list(LENGTH sources before)
    set(merged "")
    foreach(line IN LISTS lines)
        string(REPLACE " " ";" names "${line}")
        list(POP_FRONT names unit seconds)
        if(unit IN_LIST names)
            llcuda_present_sources(members "${directory}" ${names})
            llcuda_compile_as_one(${target} ${members})
            list(POP_BACK members)
            if(members)
                list(REMOVE_ITEM sources ${members})
            endif()
            continue()
        endif()
        llcuda_present_sources(there "${directory}/template-instances" ${names})
        list(LENGTH there count)
        if(count LESS 2)
            continue()
        endif()
        set(text "")
        foreach(member IN LISTS there)
            file(READ "${member}" content)
            string(REGEX MATCH "(^|\n)[ \t]*#[ \t]*include[ \t]*\"([^\"]+)\"" include "${content}")
            set(header "#include \"template-instances/${CMAKE_MATCH_2}\"\n")
            string(REPLACE "${include}" "" content "${content}")
            string(APPEND text "${content}\n")
        endforeach()
        set(unit "${binary_directory}/merged/${unit}")
        # Only written when the text changes: a tree that is configured again compiles nothing again.
        file(CONFIGURE OUTPUT "${unit}" CONTENT "${header}${text}" @ONLY)
        set_property(SOURCE "${unit}" TARGET_DIRECTORY ${target} APPEND PROPERTY INCLUDE_DIRECTORIES "${directory}")
        list(GET there 0 first)
        set_property(SOURCE "${unit}" TARGET_DIRECTORY ${target} PROPERTY LLCUDA_FIRST_MEMBER "${first}")
        set_property(DIRECTORY "${CMAKE_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${there})
        list(REMOVE_ITEM sources ${there})
        list(APPEND merged "${unit}")
    endforeach()
    set_property(TARGET ${target} PROPERTY SOURCES ${merged} ${sources})
    list(LENGTH sources after)
    message(STATUS "llcuda: ${before} translation units of ${target} are compiled as ${after}")
endfunction()

# Puts the slow translation units of ggml-cuda first. Ninja weighs every compile alike and starts them in the order of
# the manifest, which is the order of SOURCES; a slow unit that starts last keeps one core busy and the others idle.
function(llcuda_order_sources target list_file)
    file(STRINGS "${list_file}" known REGEX "^[^#]")
    # The seconds behind the name are for llcuda-build's plan.
    list(TRANSFORM known REPLACE " .*$" "")
    set_property(DIRECTORY "${CMAKE_SOURCE_DIR}" APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${list_file}")
    list(LENGTH known count)
    math(EXPR half "(${count} + 1) / 2")
    list(SUBLIST known 0 ${half} long)
    list(SUBLIST known ${half} -1 short)

    get_target_property(sources ${target} SOURCES)
    set(names "")
    foreach(source IN LISTS sources)
        get_filename_component(name "${source}" NAME)
        list(APPEND names "${name}")
    endforeach()

    set(first "")
    set(last "")
    foreach(half_name IN ITEMS long short)
        foreach(name IN LISTS ${half_name})
            list(FIND names "${name}" index)
            if(index GREATER_EQUAL 0)
                list(GET sources ${index} source)
                if(half_name STREQUAL "long")
                    list(APPEND first "${source}")
                else()
                    list(APPEND last "${source}")
                endif()
            endif()
        endforeach()
    endforeach()
    set(unknown ${sources})
    if(first OR last)
        list(REMOVE_ITEM unknown ${first} ${last})
    endif()
    set_property(TARGET ${target} PROPERTY SOURCES ${first} ${unknown} ${last})

    list(LENGTH first long_count)
    message(STATUS "llcuda: ${long_count} long translation units of ${target} start first")
endfunction()

# Gives every CUDA unit an external definition of its own, and those that can take it an architecture list for each pass;
# llcuda-unit.h says why.
function(llcuda_prepare_units target)
    llcuda_absolute_sources(sources ${target})
    get_target_property(directory ${target} SOURCE_DIR)
    # CUB, Thrust and, from CUDA 13 on, libcu++ have the list in the names of what they define, so host and device must see
    # the same one.
    set(whole "")
    llcuda_files_including(whole "${directory}" "#[ \t]*include[ \t]*<(cub/|thrust/|cuda/|cooperative_groups)")
    llcuda_size_flags(size_flags CUDA "-Xcompiler=-O3")
    set(count 0)
    set(small 0)
    set(split "")
    foreach(source IN LISTS sources)
        if(NOT source MATCHES "\\.cu$")
            continue()
        endif()
        get_property(first SOURCE "${source}" TARGET_DIRECTORY ${target} PROPERTY LLCUDA_FIRST_MEMBER)
        if(NOT first)
            set(first "${source}")
        endif()
        # Units of different folders may share a file name. One in the place of its members lies in another place in every
        # build; no other has its first member's.
        file(RELATIVE_PATH name "${directory}" "${first}")
        string(REGEX REPLACE "\\.cu$" "" name "${name}")
        string(MAKE_C_IDENTIFIER "llcuda_unit_${name}" name)
        set(definitions "LLCUDA_UNIT=${name}")
        if(LLCUDA_LIST_PER_PASS AND NOT first IN_LIST whole)
            list(APPEND definitions "LLCUDA_LIST_PER_PASS")
            math(EXPR count "${count} + 1")
        endif()
        set_property(SOURCE "${source}" TARGET_DIRECTORY ${target} APPEND PROPERTY COMPILE_DEFINITIONS ${definitions})
        get_filename_component(file "${source}" NAME)
        # What it does on the host is to launch kernels; only the backend itself works there. Behind -O3 of the build type.
        if(size_flags AND NOT file STREQUAL "ggml-cuda.cu")
            set_property(SOURCE "${source}" TARGET_DIRECTORY ${target} APPEND PROPERTY COMPILE_OPTIONS ${size_flags})
            math(EXPR small "${small} + 1")
        endif()
        if(file IN_LIST LLCUDA_SPLIT_UNITS AND LLCUDA_SPLIT_THREADS GREATER 1)
            # In this spelling sccache leaves it out of what it compares, too.
            set_property(SOURCE "${source}" TARGET_DIRECTORY ${target} APPEND PROPERTY COMPILE_OPTIONS
                "-t=${LLCUDA_SPLIT_THREADS}")
            list(APPEND split "${file}")
        endif()
    endforeach()
    # Under a relative name, from the folder that Ninja works in, so that the text which a compiler cache compares is the
    # same in every checkout.
    configure_file("${LLCUDA_DIR}/llcuda-unit.h" "${CMAKE_BINARY_DIR}/llcuda-unit.h" COPYONLY)
    target_compile_options(${target} PRIVATE "$<$<COMPILE_LANGUAGE:CUDA>:SHELL:-include llcuda-unit.h>")
    message(STATUS "llcuda: ${small} units have host code that is optimized for size")
    list(LENGTH split split_count)
    message(STATUS "llcuda: ${split_count} units are compiled for up to ${LLCUDA_SPLIT_THREADS} architectures at once")
    message(STATUS "llcuda: ${count} units are compiled for each architecture as if it were alone")
endfunction()

# Collects the .cu files of a folder that contain a line, themselves or through the headers of that folder.
function(llcuda_files_including out directory line)
    file(GLOB_RECURSE files "${directory}/*.cu" "${directory}/*.cuh" "${directory}/*.h")
    set(found "")
    set(patterns "${line}")
    # A header that contains the line makes an include of that header such a line, until no more are found.
    while(patterns)
        list(POP_FRONT patterns pattern)
        foreach(file IN LISTS files)
            if(file IN_LIST found)
                continue()
            endif()
            file(STRINGS "${file}" lines REGEX "${pattern}" LIMIT_COUNT 1)
            if(lines)
                list(APPEND found "${file}")
                get_filename_component(name "${file}" NAME)
                if(NOT name MATCHES "\\.cu$")
                    string(REPLACE "." "\\." name "${name}")
                    list(APPEND patterns "#[ \t]*include[ \t]*\"([^\"]*/)?${name}\"")
                endif()
            endif()
        endforeach()
    endwhile()
    list(FILTER found INCLUDE REGEX "\\.cu$")
    set(${out} "${found}" PARENT_SCOPE)
endfunction()

# Splits what a target links into libraries of this project (by SONAME), files of others, and other items, as they stand
# on the link line.
function(llcuda_link_items target out_own out_files out_other)
    set(own "")
    set(files "")
    set(other "")
    get_target_property(links ${target} LINK_LIBRARIES)
    foreach(item IN LISTS links)
        if(NOT item OR item MATCHES "^::@")
            continue()
        endif()
        if(TARGET "${item}")
            get_target_property(type "${item}" TYPE)
            get_target_property(imported "${item}" IMPORTED)
            if(type STREQUAL "SHARED_LIBRARY" AND NOT imported)
                list(APPEND own "$<TARGET_SONAME_FILE_NAME:${item}>")
            elseif(NOT type STREQUAL "INTERFACE_LIBRARY")
                list(APPEND files "$<TARGET_LINKER_FILE:${item}>")
            endif()
        else()
            list(APPEND other "${item}")
        endif()
    endforeach()
    set(${out_own} "${own}" PARENT_SCOPE)
    set(${out_files} "${files}" PARENT_SCOPE)
    set(${out_other} "${other}" PARENT_SCOPE)
endfunction()

function(llcuda_finish_kernels)
    if(NOT TARGET ggml-cuda)
        message(FATAL_ERROR "llcuda: this project has no target 'ggml-cuda'; "
            "configure with -D GGML_CUDA=ON, a CUDA toolkit that CMake finds, and a llama.cpp that has ggml/src/ggml-cuda")
    endif()
    get_target_property(type ggml-cuda TYPE)
    if(NOT type STREQUAL "MODULE_LIBRARY")
        message(FATAL_ERROR "llcuda: ggml-cuda is not a library that is loaded at run time (${type}); "
            "configure with -D BUILD_SHARED_LIBS=ON -D GGML_BACKEND_DL=ON")
    endif()
    set(units "${LLCUDA_DIR}/long-units.txt")
    if(LLCUDA_UNITS)
        set(units "${LLCUDA_UNITS}")
        llcuda_merge_units(ggml-cuda "${units}")
    endif()
    llcuda_order_sources(ggml-cuda "${units}")
    llcuda_prepare_units(ggml-cuda)
    # What is built: objects. Slices are linked with the core's ggml-base, so this tree compiles none of its own.
    add_custom_target(llcuda_kernels DEPENDS "$<TARGET_OBJECTS:ggml-cuda>")

    # The CUDA language is enabled in ggml-cuda's own directory, so its variables have to be asked for there.
    get_target_property(directory ggml-cuda SOURCE_DIR)
    foreach(name IN ITEMS CMAKE_CUDA_HOST_LINK_LAUNCHER CMAKE_CUDA_COMPILER CMAKE_CUDA_ARCHITECTURES CUDAToolkit_VERSION
            CUDAToolkit_LIBRARY_ROOT)
        get_directory_property(${name} DIRECTORY "${directory}" DEFINITION ${name})
    endforeach()
    set(linker "${CMAKE_CUDA_HOST_LINK_LAUNCHER}")
    if(NOT linker)
        set(linker "${CMAKE_CXX_COMPILER}")
    endif()

    foreach(role IN ITEMS cudart cublas cuda_driver)
        set(${role} null)
        if(TARGET CUDA::${role})
            set(${role} "\"$<TARGET_LINKER_FILE:CUDA::${role}>\"")
        endif()
    endforeach()

    string(TOUPPER "${CMAKE_BUILD_TYPE}" config)
    set(module_flags "${CMAKE_MODULE_LINKER_FLAGS} ${CMAKE_MODULE_LINKER_FLAGS_${config}}")
    separate_arguments(flags UNIX_COMMAND "-fPIC -shared ${module_flags}")
    foreach(property IN ITEMS LINK_OPTIONS LINK_FLAGS)
        get_target_property(more ggml-cuda ${property})
        if(more)
            list(APPEND flags ${more})
        endif()
    endforeach()
    llcuda_link_items(ggml-cuda own files other)
    llcuda_json_strings(flags_json ${flags})
    llcuda_json_strings(own_json ${own})
    llcuda_json_strings(files_json ${files})
    llcuda_json_strings(other_json ${other})
    llcuda_json_strings(architectures_json ${CMAKE_CUDA_ARCHITECTURES})
    llcuda_ggml_version(ggml_version)

    # Linking:  linker linkFlags... -Wl,--as-needed -o OUT objects... coreLibraries... libraries... linkItems...
    file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/llcuda-kernels.json" CONTENT "{
  \"schema\": 1,
  \"buildTarget\": \"llcuda_kernels\",
  \"ggmlVersion\": \"${ggml_version}\",
  \"cudart\": ${cudart},
  \"cublas\": ${cublas},
  \"cudaDriver\": ${cuda_driver},
  \"cudaCompiler\": \"${CMAKE_CUDA_COMPILER}\",
  \"cudaToolkitVersion\": \"${CUDAToolkit_VERSION}\",
  \"cudaArchitectures\": [${architectures_json}],
  \"linker\": \"${linker}\",
  \"cxxCompiler\": \"${CMAKE_CXX_COMPILER}\",
  \"linkFlags\": [${flags_json}],
  \"coreLibraries\": [${own_json}],
  \"libraries\": [${files_json}],
  \"linkItems\": [${other_json}],
  \"objects\": [
    \"$<JOIN:$<PATH:NORMAL_PATH,$<TARGET_OBJECTS:ggml-cuda>>,\",
    \">\"
  ]
}
")
endfunction()
