#define _GNU_SOURCE  // dladdr
#include "catalog.h"

#include "say.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char SUFFIX[] = ".index";
static const char LIBRARY_SUFFIX[] = ".so";
static const char PACKED_SUFFIX[] = ".kernels";

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

static int has_suffix(const struct dirent *entry, const char *suffix)
{
    size_t length = strlen(entry->d_name);
    size_t end = strlen(suffix);
    return entry->d_name[0] != '.' && length > end && strcmp(entry->d_name + length - end, suffix) == 0;
}

static int is_index(const struct dirent *entry)
{
    return has_suffix(entry, SUFFIX);
}

static int is_library(const struct dirent *entry)
{
    return has_suffix(entry, LIBRARY_SUFFIX);
}

static int is_description(const struct dirent *entry)
{
    return has_suffix(entry, PACKED_SUFFIX);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct slice *)a)->name, ((const struct slice *)b)->name);
}

static void read_one(struct catalog *catalog, int folder, const char *file_name)
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
    snprintf(path, sizeof path, "%s/%s", catalog->folders[folder], file_name);
    if (!slice_read(path, stem, slice, problem, sizeof problem)) {
        say("cuda/%s is passed over: %s", file_name, problem);
        catalog->broken++;
        return;
    }
    struct stat status;
    snprintf(path, sizeof path, "%s/%s.so", catalog->folders[folder], stem);
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode)) {
        say("cuda/%s is passed over: there is no library cuda/%s.so", file_name, stem);
        catalog->broken++;
        return;
    }
    slice->folder = folder;
    catalog->count++;
}

// Tells of libraries whose index is missing, which would be passed over without a word. Only in the folder that packages
// are installed into: what is unpacked gets its index last, so there a library without one is on its way.
static void tell_unindexed(struct catalog *catalog)
{
    struct dirent **entries = NULL;
    int count = scandir(catalog->folder, &entries, is_library, alphasort);
    for (int i = 0; i < count; i++) {
        char path[MAX_PATH + 512];
        const char *name = entries[i]->d_name;
        int stem = (int)(strlen(name) - (sizeof LIBRARY_SUFFIX - 1));
        struct stat status;
        snprintf(path, sizeof path, "%s/%.*s%s", catalog->folder, stem, name, SUFFIX);
        if (lstat(path, &status) != 0) {
            say("cuda/%s is passed over: its index cuda/%.*s%s is missing; install its package again", name, stem, name,
                SUFFIX);
            catalog->broken++;
        }
        free(entries[i]);
    }
    free(entries);
}

// Reads the indexes of a folder.
static void read_slices(struct catalog *catalog, int folder)
{
    struct dirent **entries = NULL;
    int count = scandir(catalog->folders[folder], &entries, is_index, alphasort);
    for (int i = 0; i < count; i++) {
        read_one(catalog, folder, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

static bool add_folder(struct catalog *catalog, const char *parent, const char *name)
{
    if (catalog->folder_count == MAX_FOLDERS) {
        return false;
    }
    // By way of a text of our own: the parent may be a text of the catalog.
    char path[MAX_PATH];
    int length = snprintf(path, sizeof path, "%s%s%s", parent, name[0] != '\0' ? "/" : "", name);
    if (length < 0 || length >= MAX_PATH) {
        return false;
    }
    memcpy(catalog->folders[catalog->folder_count], path, (size_t)length + 1);
    catalog->folder_count++;
    return true;
}

// A library is opened only from a folder that belongs to this user or to root and that not everybody may write to.
static void add_unpacked(struct catalog *catalog, const char *parent, const char *id)
{
    struct stat status;
    if (!add_folder(catalog, parent, id)) {
        return;
    }
    bool usable = stat(catalog->folders[catalog->folder_count - 1], &status) == 0 && S_ISDIR(status.st_mode)
        && (status.st_uid == geteuid() || status.st_uid == 0) && (status.st_mode & S_IWOTH) == 0;
    if (!usable) {
        catalog->folder_count--;
    }
}

// The user's cache folder: LLCUDA_CACHE_DIR, else llcuda in XDG_CACHE_HOME or ~/.cache, as llcuda/places.py has it.
static bool find_cache(char *cache)
{
    const char *named = getenv("LLCUDA_CACHE_DIR");
    const char *general = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    int length = -1;
    if (named != NULL && named[0] != '\0') {
        length = snprintf(cache, MAX_PATH, "%s", named);
    } else if (general != NULL && general[0] == '/') {
        length = snprintf(cache, MAX_PATH, "%s/llcuda", general);
    } else if (home != NULL && home[0] == '/') {
        length = snprintf(cache, MAX_PATH, "%s/.cache/llcuda", home);
    }
    return length > 0 && length < MAX_PATH;
}

// The value of the line `id` of a description, 32 hexadecimal digits.
static bool read_id(const char *path, char *id)
{
    FILE *file = fopen(path, "re");
    char line[MAX_LINE + 2];
    bool found = false;
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        found = strncmp(line, "id ", 3) == 0 && strspn(line + 3, "0123456789abcdef") == ID_LENGTH;
    }
    if (found) {
        memcpy(id, line + 3, ID_LENGTH);
        id[ID_LENGTH] = '\0';
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

// Reads a description of packed kernels, and adds the folders into which they may have been unpacked.
static void read_packed(struct catalog *catalog, const char *file_name)
{
    char path[MAX_PATH + 512];
    char cache[MAX_PATH];
    char problem[256];
    char stem[MAX_NAME];
    char id[ID_LENGTH + 1];
    size_t length = strlen(file_name) - (sizeof PACKED_SUFFIX - 1);
    if (length >= sizeof stem || catalog->packed_count == MAX_PACKED) {
        say("cuda/%s is passed over: its name is too long, or there are more than %d", file_name, MAX_PACKED);
        return;
    }
    memcpy(stem, file_name, length);
    stem[length] = '\0';
    snprintf(path, sizeof path, "%s/%s", catalog->folder, file_name);
    struct slice *packed = &catalog->packed[catalog->packed_count];
    if (!slice_read(path, stem, packed, problem, sizeof problem)) {
        say("cuda/%s is passed over: %s", file_name, problem);
        return;
    }
    if (!read_id(path, id)) {
        say("cuda/%s is passed over: no line 'id'", file_name);
        return;
    }
    catalog->packed_count++;
    add_unpacked(catalog, catalog->folder, id);
    if (find_cache(cache)) {
        add_unpacked(catalog, cache, id);
    }
}

void catalog_read(struct catalog *catalog, const void *address_in_library)
{
    catalog->count = 0;
    catalog->broken = 0;
    catalog->packed_count = 0;
    catalog->folder_count = 0;
    catalog->folder[0] = '\0';
    if (!find_folder(catalog->folder, address_in_library) || !add_folder(catalog, catalog->folder, "")) {
        return;
    }
    struct dirent **entries = NULL;
    int count = scandir(catalog->folder, &entries, is_description, alphasort);
    for (int i = 0; i < count; i++) {
        read_packed(catalog, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    for (int i = 0; i < catalog->folder_count; i++) {
        read_slices(catalog, i);
    }
    tell_unindexed(catalog);
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
