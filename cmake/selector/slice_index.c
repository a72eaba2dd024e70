// Reads `<slice>.index`. The file may be damaged or made by someone else: every length is checked.
#define _GNU_SOURCE  // O_CLOEXEC, strtok_r
#include "slice.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Where in an index we are, for messages.
struct position {
    int line;
    char *problem;
    size_t problem_size;
};

// The keys that an index must have once, or may have once; as bits, to find doubles and gaps.
enum key {
    KEY_FORMAT = 1,
    KEY_SLICE = 2,
    KEY_TOOLKIT = 4,
    KEY_CUDA_DRIVER = 8,
    KEY_DRIVER_FLOOR = 16,
    KEY_COMPILE_SET = 32,
    KEY_REAL = 64,
    KEY_VIRTUAL = 128,
};

static const struct {
    const char *name;
    enum key key;
} KEYS[] = {
    {"format", KEY_FORMAT},           {"slice", KEY_SLICE},
    {"toolkit", KEY_TOOLKIT},         {"cuda-driver", KEY_CUDA_DRIVER},
    {"driver-floor", KEY_DRIVER_FLOOR}, {"compile-set", KEY_COMPILE_SET},
    {"real", KEY_REAL},               {"virtual", KEY_VIRTUAL},
};

static bool fail(struct position *at, const char *what)
{
    if (at->line > 0) {
        snprintf(at->problem, at->problem_size, "line %d: %s", at->line, what);
    } else {
        snprintf(at->problem, at->problem_size, "%s", what);
    }
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// Reads an unsigned decimal number of at most `digits` digits and moves on behind it.
static bool read_number(const char **cursor, int digits, int *value)
{
    const char *c = *cursor;
    int number = 0;
    int count = 0;
    while (is_digit(*c) && count < digits) {
        number = number * 10 + (*c - '0');
        c++;
        count++;
    }
    if (count == 0 || is_digit(*c)) {
        return false;
    }
    *cursor = c;
    *value = number;
    return true;
}

bool slice_name_ok(const char *name)
{
    size_t length = strlen(name);
    if (length == 0 || length >= MAX_NAME || name[0] == '.') {
        return false;
    }
    for (const char *c = name; *c != '\0'; c++) {
        bool letter = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z');
        if (!letter && !is_digit(*c) && strchr("._+-", *c) == NULL) {
            return false;
        }
    }
    return true;
}

static bool parse_arch(const char *word, struct arch *arch)
{
    const char *c = word;
    if (!read_number(&c, 3, &arch->number) || arch->number < 10) {
        return false;
    }
    arch->suffix = '\0';
    if (*c == 'a' || *c == 'f') {
        arch->suffix = *c++;
    }
    return *c == '\0';
}

// Splits `values` in place at spaces and tabs.
static bool parse_archs(char *values, struct arch_list *list, struct position *at)
{
    char *rest = NULL;
    for (char *word = strtok_r(values, " \t", &rest); word != NULL; word = strtok_r(NULL, " \t", &rest)) {
        if (list->count == MAX_ARCHS) {
            return fail(at, "more than 64 architectures");
        }
        if (!parse_arch(word, &list->items[list->count])) {
            return fail(at, "an architecture is a number such as 75, perhaps followed by a or f");
        }
        list->count++;
    }
    return list->count > 0 || fail(at, "no architecture given");
}

// `12.4` or `12.4.1` as 12040.
static bool parse_toolkit(const char *value, int *version)
{
    int major = 0;
    int minor = 0;
    int patch = 0;
    const char *c = value;
    if (!read_number(&c, 2, &major) || *c++ != '.' || !read_number(&c, 2, &minor)) {
        return false;
    }
    if (*c == '.') {
        c++;
        if (!read_number(&c, 4, &patch)) {
            return false;
        }
    }
    *version = major * 1000 + minor * 10;
    return *c == '\0';
}

static bool parse_value(enum key key, char *value, const char *stem, struct slice *slice, struct position *at)
{
    const char *c = value;
    int number = 0;
    switch (key) {
    case KEY_FORMAT:
        if (!read_number(&c, 6, &number) || *c != '\0') {
            return fail(at, "the format is a number");
        }
        return number == 1 || fail(at, "written in a format that this version does not know; it knows format 1");
    case KEY_SLICE:
        if (strcmp(value, stem) != 0) {
            return fail(at, "names another slice than its file does");
        }
        if (!slice_name_ok(value)) {
            return fail(at, "not a name that a slice can have");
        }
        memcpy(slice->name, value, strlen(value) + 1);
        return true;
    case KEY_TOOLKIT:
        return parse_toolkit(value, &slice->toolkit) || fail(at, "the toolkit is a version such as 12.4");
    case KEY_CUDA_DRIVER:
        if (!read_number(&c, 6, &slice->cuda_driver) || *c != '\0' || slice->cuda_driver < 1000) {
            return fail(at, "cuda-driver is a number such as 12040");
        }
        return true;
    case KEY_DRIVER_FLOOR:
        if (strlen(value) >= sizeof slice->driver_floor || *value == '\0' || value[strspn(value, "0123456789.")] != '\0') {
            return fail(at, "driver-floor is a driver release such as 525.60.13");
        }
        memcpy(slice->driver_floor, value, strlen(value) + 1);
        return true;
    case KEY_COMPILE_SET:
        return parse_archs(value, &slice->compile_set, at);
    case KEY_REAL:
        return parse_archs(value, &slice->real, at);
    case KEY_VIRTUAL:
        return parse_archs(value, &slice->virt, at);
    }
    return true;
}

// `line` is trimmed and not empty. `seen` collects the keys so far.
static bool parse_line(char *line, const char *stem, struct slice *slice, unsigned *seen, struct position *at)
{
    size_t key_length = strcspn(line, " \t");
    char *value = line + key_length;
    if (*value != '\0') {
        *value++ = '\0';
        value += strspn(value, " \t");
    }
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        if (strcmp(line, KEYS[i].name) != 0) {
            continue;
        }
        enum key key = KEYS[i].key;
        if ((*seen & (unsigned)key) != 0) {
            return fail(at, "this key was given before");
        }
        *seen |= (unsigned)key;
        if ((*seen & KEY_FORMAT) == 0) {
            return fail(at, "the first line must be 'format 1'");
        }
        return parse_value(key, value, stem, slice, at);
    }
    return (*seen & KEY_FORMAT) != 0 || fail(at, "the first line must be 'format 1'");
}

bool slice_parse(const char *text, size_t length, const char *stem, struct slice *slice, char *problem,
                 size_t problem_size)
{
    memset(slice, 0, sizeof *slice);
    struct position at = {0, problem, problem_size};
    if (length > MAX_INDEX_SIZE) {
        return fail(&at, "larger than 64 KiB");
    }
    unsigned seen = 0;
    size_t start = 0;
    while (start < length) {
        const char *newline = memchr(text + start, '\n', length - start);
        size_t end = newline != NULL ? (size_t)(newline - text) : length;
        at.line++;
        char line[MAX_LINE + 1];
        if (end - start > MAX_LINE) {
            return fail(&at, "longer than 1024 bytes");
        }
        size_t size = end - start;
        memcpy(line, text + start, size);
        line[size] = '\0';
        if (strlen(line) != size) {
            return fail(&at, "holds a zero byte");
        }
        start = end + 1;

        while (size > 0 && strchr(" \t\r", line[size - 1]) != NULL) {
            line[--size] = '\0';
        }
        char *content = line + strspn(line, " \t");
        if (*content != '\0' && *content != '#' && !parse_line(content, stem, slice, &seen, &at)) {
            return false;
        }
    }
    at.line = 0;
    const unsigned required = KEY_FORMAT | KEY_SLICE | KEY_TOOLKIT | KEY_CUDA_DRIVER | KEY_COMPILE_SET;
    for (size_t i = 0; i < sizeof KEYS / sizeof KEYS[0]; i++) {
        if ((required & ~seen & (unsigned)KEYS[i].key) != 0) {
            snprintf(problem, problem_size, "no line '%s'", KEYS[i].name);
            return false;
        }
    }
    return (seen & (KEY_REAL | KEY_VIRTUAL)) != 0 || fail(&at, "neither a line 'real' nor a line 'virtual'");
}

bool slice_read(const char *path, const char *stem, struct slice *slice, char *problem, size_t problem_size)
{
    struct position at = {0, problem, problem_size};
    // Not blocking: a pipe with such a name must not stop the program.
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        return fail(&at, strerror(errno));
    }
    struct stat status;
    if (fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(file);
        return fail(&at, "not a regular file");
    }
    char *text = malloc(MAX_INDEX_SIZE + 1);
    if (text == NULL) {
        close(file);
        return fail(&at, "out of memory");
    }
    size_t length = 0;
    while (length < MAX_INDEX_SIZE + 1) {
        ssize_t count = read(file, text + length, MAX_INDEX_SIZE + 1 - length);
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            fail(&at, strerror(errno));
            free(text);
            close(file);
            return false;
        }
        if (count == 0) {
            break;
        }
        length += (size_t)count;
    }
    close(file);
    bool ok = slice_parse(text, length, stem, slice, problem, problem_size);
    free(text);
    return ok;
}
