// Parses thousands of damaged indexes and texts. Run with sanitizers; it must come to its end. The seed is fixed.
#include "../names.h"
#include "../slice.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 0x9e3779b97f4a7c15u;

static unsigned next(unsigned limit)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state % limit);
}

static const char SEED[] =
    "# made by a test\n"
    "format 1\nslice sm75\ntoolkit 12.4\ncuda-driver 12000\ndriver-floor 525.60.13\n"
    "compile-set 75 80 86 90a\nreal 75 80\nvirtual 86\nsome-later-key with a value\n";

static const char *const PIECES[] = {
    "format 1\n", "slice sm75\n", "real ", "75 ", "999999999999999999999999 ", "90a ", "\n", "\r\n", "\t", "#",
    "virtual", "-1 ", "%s%n", "cuda-driver 2147483648\n", "toolkit 99.99.99999\n", "..", "\xff\xfe",
};

static const char *const NAME_PIECES[] = {
    "%r", "%", "$L", "$L__BB", "$L__BB1_", "\x80", "\x81", "\x82", "\x83", "\xff", "\xff\x80\x80\x81", "12", "-", "7\x80",
    "9999999\x80", " ", ".entry ", ".func", "x", "_",
};

// Restores noise into buffers of every size up to what it needs, all of exactly that size.
static int restored_texts(int rounds)
{
    int accepted = 0;
    for (int round = 0; round < rounds; round++) {
        unsigned char stored[256];
        size_t length = 0;
        for (unsigned pieces = next(24); pieces > 0; pieces--) {
            const char *piece = NAME_PIECES[next(sizeof NAME_PIECES / sizeof NAME_PIECES[0])];
            memcpy(stored + length, piece, strlen(piece));
            length += strlen(piece);
        }
        unsigned char *exact = malloc(length > 0 ? length : 1);
        if (exact == NULL) {
            return -1;
        }
        memcpy(exact, stored, length);
        for (size_t capacity = 0; capacity < 700; capacity = capacity * 2 + next(3) + 1) {
            unsigned char *text = malloc(capacity > 0 ? capacity : 1);
            if (text == NULL) {
                return -1;
            }
            long long count = llcuda_restore_names(exact, length, text, capacity);
            if (count > (long long)capacity) {
                return -1;
            }
            accepted += count >= 0;
            free(text);
        }
        free(exact);
    }
    return accepted;
}

int main(void)
{
    enum { ROUNDS = 20000 };
    int accepted = 0;
    for (int round = 0; round < ROUNDS; round++) {
        // On the heap and of exactly that size, so that one byte too far is seen.
        char *text = malloc(MAX_INDEX_SIZE * 2);
        if (text == NULL) {
            return 1;
        }
        size_t length = sizeof SEED - 1;
        memcpy(text, SEED, length);
        unsigned changes = 1 + next(6);
        for (unsigned i = 0; i < changes; i++) {
            size_t at = next((unsigned)length + 1);
            const char *piece = PIECES[next(sizeof PIECES / sizeof PIECES[0])];
            size_t size = strlen(piece);
            switch (next(5)) {
            case 0:  // cut off
                length = at;
                break;
            case 1:  // another byte
                if (at < length) {
                    text[at] = (char)next(256);
                }
                break;
            case 2:  // a piece in between, up to 400 times
                for (unsigned times = next(400) + 1; times > 0 && length + size < MAX_INDEX_SIZE * 2; times--) {
                    memmove(text + at + size, text + at, length - at);
                    memcpy(text + at, piece, size);
                    length += size;
                }
                break;
            case 3:  // a piece in between
                memmove(text + at + size, text + at, length - at);
                memcpy(text + at, piece, size);
                length += size;
                break;
            default:  // a gap
                if (at < length) {
                    size_t gap = next((unsigned)(length - at)) % 16;
                    memmove(text + at, text + at + gap, length - at - gap);
                    length -= gap;
                }
            }
        }
        char *exact = malloc(length > 0 ? length : 1);
        if (exact == NULL) {
            return 1;
        }
        memcpy(exact, text, length);
        struct slice slice;
        char problem[64];
        if (slice_parse(exact, length, "sm75", &slice, problem, sizeof problem)) {
            int needed;
            int capabilities[] = {75, 80, 90, 121};
            accepted++;
            slice_rank_all(&slice, capabilities, 4, &needed);
            slice_choose(&slice, 1, capabilities, 1, 12040);
        } else if (problem[0] == '\0' || strlen(problem) >= sizeof problem) {
            printf("refused without a reason\n");
            return 1;
        }
        free(exact);
        free(text);
    }
    int restored = restored_texts(ROUNDS);
    printf("%d of %d damaged indexes still parse, %d texts are restored\n", accepted, ROUNDS, restored);
    return restored > 0 && accepted > 0 && accepted < ROUNDS ? 0 : 1;
}
