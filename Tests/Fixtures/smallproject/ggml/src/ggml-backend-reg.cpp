#include "ggml.h"

#include <dlfcn.h>
#include <unistd.h>

#include <string>
#include <vector>

static std::vector<ggml_backend_reg_t> backends;

static std::string program_folder() {
    char path[4096];
    const ssize_t length = readlink("/proc/self/exe", path, sizeof path);
    const std::string whole(path, length > 0 ? size_t(length) : 0);
    return whole.substr(0, whole.rfind('/') + 1);
}

static bool load(const std::string & file) {
    void * library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return false;
    const auto score = reinterpret_cast<int (*)()>(dlsym(library, "ggml_backend_score"));
    const auto init = reinterpret_cast<ggml_backend_reg_t (*)()>(dlsym(library, "ggml_backend_init"));
    ggml_backend_reg_t backend = nullptr;
    if (init != nullptr && (score == nullptr || score() > 0)) backend = init();
    if (backend == nullptr) {
        dlclose(library);
        return false;
    }
    backends.push_back(backend);
    return true;
}

int ggml_backend_load_all(void) {
    const std::string folder = program_folder();
    load(folder + "libggml-cuda.so");
    load(folder + "libggml-cpu-x64.so");
    return int(backends.size());
}

ggml_backend_reg_t ggml_backend_get(int index) { return backends.at(size_t(index)); }
