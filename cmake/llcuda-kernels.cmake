# The kernels tree: compile order of ggml-cuda, and the recipe to link it again. See llcuda-inject.cmake.

# Puts the slow translation units of ggml-cuda first. Ninja weighs every compile alike and starts them in the order of
# the manifest, which is the order of SOURCES; a slow unit that starts last keeps one core busy and the others idle.
function(llcuda_order_sources target list_file)
    file(STRINGS "${list_file}" known REGEX "^[^#]")
    # The seconds behind the name are for shards.
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

# Splits what a target links into files (of imported targets and of this project's) and other items, as they stand on
# the link line.
function(llcuda_link_items target out_files out_other)
    set(files "")
    set(other "")
    get_target_property(links ${target} LINK_LIBRARIES)
    foreach(item IN LISTS links)
        if(NOT item OR item MATCHES "^::@")
            continue()
        endif()
        if(TARGET "${item}")
            get_target_property(type "${item}" TYPE)
            if(NOT type STREQUAL "INTERFACE_LIBRARY")
                list(APPEND files "$<TARGET_LINKER_FILE:${item}>")
            endif()
        else()
            list(APPEND other "${item}")
        endif()
    endforeach()
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
    llcuda_order_sources(ggml-cuda "${LLCUDA_DIR}/long-units.txt")

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
    llcuda_link_items(ggml-cuda files other)
    llcuda_json_strings(flags_json ${flags})
    llcuda_json_strings(files_json ${files})
    llcuda_json_strings(other_json ${other})
    llcuda_json_strings(architectures_json ${CMAKE_CUDA_ARCHITECTURES})
    llcuda_ggml_version(ggml_version)

    # Linking again:  linker linkFlags... -Wl,--as-needed -o OUT objects... libraries... linkItems...
    file(GENERATE OUTPUT "${CMAKE_BINARY_DIR}/llcuda-kernels.json" CONTENT "{
  \"schema\": 1,
  \"buildTarget\": \"ggml-cuda\",
  \"ggmlVersion\": \"${ggml_version}\",
  \"library\": \"$<TARGET_FILE:ggml-cuda>\",
  \"ggmlBase\": \"$<TARGET_FILE:ggml-base>\",
  \"ggmlBaseSoname\": \"$<TARGET_SONAME_FILE_NAME:ggml-base>\",
  \"cudart\": ${cudart},
  \"cublas\": ${cublas},
  \"cudaDriver\": ${cuda_driver},
  \"cudaCompiler\": \"${CMAKE_CUDA_COMPILER}\",
  \"cudaToolkitVersion\": \"${CUDAToolkit_VERSION}\",
  \"cudaArchitectures\": [${architectures_json}],
  \"linker\": \"${linker}\",
  \"cxxCompiler\": \"${CMAKE_CXX_COMPILER}\",
  \"linkFlags\": [${flags_json}],
  \"libraries\": [${files_json}],
  \"linkItems\": [${other_json}],
  \"objects\": [
    \"$<JOIN:$<PATH:NORMAL_PATH,$<TARGET_OBJECTS:ggml-cuda>>,\",
    \">\"
  ]
}
")
endfunction()
