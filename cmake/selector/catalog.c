#define _GNU_SOURCE  // dladdr
#include "catalog.h"

#include "say.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char SUFFIX[] = ".index";

// Only the folder's path is resolved, not our own file's: an installer may link files one by one from a store in which
// the slices of other packages do not lie beside us.
static bool find_folder(char *folder, const void *address_in_library)
{
    Dl_info info;
    char path[MAX_PATH];
    char real[MAX_PATH];
    if (dladdr(address_in_library, &info) == 0 || info.dli_fname == NULL || strlen(info.dli_fname) >= sizeof path) {
        return false;
    }
    memcpy(path, info.dli_fname, strlen(info.dli_fname) + 1);
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        memcpy(path, ".", 2);
    } else if (slash == path) {
        slash[1] = '\0';
    } else {
        *slash = '\0';
    }
    if (realpath(path, real) == NULL) {
        return false;
    }
    int length = snprintf(folder, MAX_PATH, "%s/cuda", real);
    if (length < 0 || length >= MAX_PATH) {
        folder[0] = '\0';
        return false;
    }
    return true;
}

static int is_index(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);
    size_t suffix = sizeof SUFFIX - 1;
    return entry->d_name[0] != '.' && length > suffix && strcmp(entry->d_name + length - suffix, SUFFIX) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct slice *)a)->name, ((const struct slice *)b)->name);
}

static void read_one(struct catalog *catalog, const char *file_name)
{
    char path[MAX_PATH + 512];
    char problem[256];
    char stem[MAX_NAME];
    size_t length = strlen(file_name) - (sizeof SUFFIX - 1);
    if (length >= sizeof stem) {
        say("cuda/%s is passed over: its name is too long", file_name);
        catalog->broken++;
        return;
    }
    memcpy(stem, file_name, length);
    stem[length] = '\0';
    if (catalog->count == MAX_SLICES) {
        say("cuda/%s is passed over: there are more than %d slices", file_name, MAX_SLICES);
        catalog->broken++;
        return;
    }
    struct slice *slice = &catalog->slices[catalog->count];
    snprintf(path, sizeof path, "%s/%s", catalog->folder, file_name);
    if (!slice_read(path, stem, slice, problem, sizeof problem)) {
        say("cuda/%s is passed over: %s", file_name, problem);
        catalog->broken++;
        return;
    }
    struct stat status;
    snprintf(path, sizeof path, "%s/%s.so", catalog->folder, stem);
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        say("cuda/%s is passed over: there is no library cuda/%s.so", file_name, stem);
        catalog->broken++;
        return;
    }
    catalog->count++;
}

void catalog_read(struct catalog *catalog, const void *address_in_library)
{
    catalog->count = 0;
    catalog->broken = 0;
    catalog->folder[0] = '\0';
    if (!find_folder(catalog->folder, address_in_library)) {
        return;
    }
    struct dirent **entries = NULL;
    int count = scandir(catalog->folder, &entries, is_index, alphasort);
    for (int i = 0; i < count; i++) {
        read_one(catalog, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    // alphasort follows the locale; the choice must not.
    qsort(catalog->slices, (size_t)catalog->count, sizeof catalog->slices[0], by_name);
}

void slice_describe(const struct slice *slice, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    const struct arch_list *lists[] = {&slice->real, &slice->virt};
    for (int kind = 0; kind < 2; kind++) {
        for (int i = 0; i < lists[kind]->count; i++) {
            struct arch arch = lists[kind]->items[i];
            char suffix[2] = {arch.suffix, '\0'};
            int length = snprintf(text + used, size - used, "%s%d.%d%s%s", used > 0 ? ", " : "", arch.number / 10,
                                  arch.number % 10, suffix, kind == 1 ? " as PTX" : "");
            if (length < 0 || (size_t)length >= size - used) {
                return;
            }
            used += (size_t)length;
        }
    }
}
