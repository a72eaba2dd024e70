// Restores PTX of a packed file, whose registers and labels are counted back to their last use (dist/packed-format.md).
// The selector has no use for it: the Python package calls it, because Python takes many times as long for the same
// (ci/gpu/README.md). Where anything is wrong it gives up, and dist/python/llcuda/ptx.py says what.
#include "names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    NEXT = 0x80,     // a name not seen before, numbered one higher than the last such
    JUMP = 0x81,     // the same with a difference in decimal, ended by NEXT
    RECENT = 0x82,   // the name used last; higher codes count back
    FAR = 0xFF,      // three bytes of seven bits count on from here
    NEARBY = FAR - RECENT,
    NUMBERS = 10000000,
    MAX_STEMS = 64,  // of one function; the compiler has a dozen
};

// The names of a function that begin alike: %r, %rd, $L.
struct stem {
    const unsigned char *text;
    size_t length;
    int *numbers;  // the one used last at the end
    size_t count, room;
    int last;
};

struct reader {
    const unsigned char *place, *end;
    unsigned char *out, *out_end;
    struct stem stems[MAX_STEMS];
    size_t count;
};

static bool is_lower(unsigned char byte) { return byte >= 'a' && byte <= 'z'; }

static bool is_digit(unsigned char byte) { return byte >= '0' && byte <= '9'; }

static bool holds(const struct reader *r, const unsigned char *place, const char *text)
{
    size_t length = strlen(text);
    return (size_t)(r->end - place) >= length && memcmp(place, text, length) == 0;
}

// The end of the stem that begins here, or NULL.
static const unsigned char *stem_end(const struct reader *r)
{
    const unsigned char *p = r->place + 1;
    if (*r->place == '%') {
        while (p < r->end && is_lower(*p)) {
            p++;
        }
        return p > r->place + 1 ? p : NULL;
    }
    if (*r->place != '$' || p == r->end || *p != 'L') {
        return NULL;
    }
    const unsigned char *plain = ++p;
    if (holds(r, p, "__BB")) {
        p += 4;
        const unsigned char *digits = p;
        while (p < r->end && is_digit(*p)) {
            p++;
        }
        if (p > digits && p < r->end && *p == '_') {
            return p + 1;
        }
    }
    return plain;
}

static struct stem *find_stem(struct reader *r, const unsigned char *text, size_t length)
{
    for (size_t i = 0; i < r->count; i++) {
        if (r->stems[i].length == length && memcmp(r->stems[i].text, text, length) == 0) {
            return &r->stems[i];
        }
    }
    if (r->count == MAX_STEMS) {
        return NULL;
    }
    // The memory of an earlier function's stem is used again.
    struct stem *stem = &r->stems[r->count++];
    stem->text = text;
    stem->length = length;
    stem->count = 0;
    stem->last = 0;
    return stem;
}

static bool push(struct stem *stem, int number)
{
    if (stem->count == stem->room) {
        size_t room = stem->room ? stem->room * 2 : 1024;
        int *numbers = realloc(stem->numbers, room * sizeof *numbers);
        if (!numbers) {
            return false;
        }
        stem->numbers = numbers;
        stem->room = room;
    }
    stem->numbers[stem->count++] = number;
    return true;
}

static bool write_bytes(struct reader *r, const void *bytes, size_t length)
{
    if ((size_t)(r->out_end - r->out) < length) {
        return false;
    }
    memcpy(r->out, bytes, length);
    r->out += length;
    return true;
}

static bool write_number(struct reader *r, int number)
{
    char digits[12];
    size_t place = sizeof digits;
    do {
        digits[--place] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    return write_bytes(r, digits + place, sizeof digits - place);
}

// A difference in decimal with at most eight digits, up to and with NEXT.
static bool read_difference(struct reader *r, long *difference)
{
    bool negative = r->place < r->end && *r->place == '-';
    r->place += negative;
    const unsigned char *digits = r->place;
    long value = 0;
    while (r->place < r->end && is_digit(*r->place) && r->place - digits < 8) {
        value = value * 10 + (*r->place++ - '0');
    }
    if (r->place == digits || r->place == r->end || *r->place++ != NEXT) {
        return false;
    }
    *difference = negative ? -value : value;
    return true;
}

static bool restore_name(struct reader *r, const unsigned char *end_of_stem)
{
    const unsigned char *text = r->place;
    size_t length = (size_t)(end_of_stem - text);
    struct stem *stem = find_stem(r, text, length);
    r->place = end_of_stem;
    unsigned char code = *r->place++;
    if (!stem || !write_bytes(r, text, length)) {
        return false;
    }
    if (code <= JUMP) {
        long difference = 0;
        if (code == JUMP && !read_difference(r, &difference)) {
            return false;
        }
        long number = stem->last + 1 + difference;
        if (number < 0 || number >= NUMBERS) {
            return false;
        }
        stem->last = (int)number;
        return push(stem, (int)number) && write_number(r, (int)number);
    }
    size_t rank = code - RECENT;
    if (code == FAR) {
        size_t more = 0;
        for (int i = 0; i < 3; i++) {
            if (r->place == r->end || *r->place < 0x80) {
                return false;
            }
            more = more << 7 | (*r->place++ & 0x7F);
        }
        rank = NEARBY + more;
    }
    if (rank >= stem->count) {
        return false;
    }
    int *used = stem->numbers + stem->count - 1 - rank;
    int number = *used;
    memmove(used, used + 1, rank * sizeof *used);
    stem->numbers[stem->count - 1] = number;
    return write_number(r, number);
}

static bool restore(struct reader *r)
{
    while (r->place < r->end) {
        unsigned char byte = *r->place;
        if (byte == '%' || byte == '$') {
            const unsigned char *end = stem_end(r);
            if (end && end < r->end && *end >= 0x80) {
                if (!restore_name(r, end)) {
                    return false;
                }
                continue;
            }
        } else if (byte == '.' && (holds(r, r->place, ".entry ") || holds(r, r->place, ".func "))) {
            r->count = 0;
        } else if (byte >= 0x80) {
            return false;
        }
        if (r->out == r->out_end) {
            return false;
        }
        *r->out++ = byte;
        r->place++;
    }
    return true;
}

long long llcuda_restore_names(const unsigned char *stored, size_t count, unsigned char *text, size_t capacity)
{
    struct reader r = {.place = stored, .end = stored + count, .out = text, .out_end = text + capacity};
    bool is_restored = restore(&r);
    for (size_t i = 0; i < MAX_STEMS; i++) {
        free(r.stems[i].numbers);
    }
    return is_restored ? r.out - text : -1;
}
