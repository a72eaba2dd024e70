// Which slice serves which device. The same rule is in dist/python/llcuda/slices.py; tests/cases.json binds the two.
#include "slice.h"

#include <string.h>

// Integrated (Tegra) parts run only their own cubins, and desktop parts never run theirs.
static bool is_tegra(int number)
{
    return number == 53 || number == 62 || number == 72 || number == 87;
}

static bool cubin_runs(struct arch cubin, int capability)
{
    if (cubin.number == capability) {
        return true;
    }
    if (cubin.suffix == 'a' || is_tegra(cubin.number) || is_tegra(capability)) {
        return false;
    }
    return cubin.number / 10 == capability / 10 && cubin.number < capability;
}

static bool ptx_compiles(struct arch ptx, int capability)
{
    if (ptx.suffix == 'a') {
        return ptx.number == capability;
    }
    if (ptx.suffix == 'f') {
        return ptx.number / 10 == capability / 10 && ptx.number <= capability;
    }
    return ptx.number <= capability;
}

enum rank slice_rank(const struct slice *slice, int capability)
{
    int closest = 0;
    for (int i = 0; i < slice->compile_set.count; i++) {
        int number = slice->compile_set.items[i].number;
        if (number <= capability && number > closest) {
            closest = number;
        }
    }
    if (closest == 0) {
        return RANK_NONE;
    }
    for (int i = 0; i < slice->real.count; i++) {
        struct arch cubin = slice->real.items[i];
        if (cubin.number == closest && cubin_runs(cubin, capability)) {
            return closest == capability ? RANK_EXACT_CUBIN : RANK_OLDER_CUBIN;
        }
    }
    for (int i = 0; i < slice->virt.count; i++) {
        struct arch ptx = slice->virt.items[i];
        if (ptx.number == closest && ptx_compiles(ptx, capability)) {
            return RANK_PTX;
        }
    }
    return RANK_NONE;
}

int slice_driver_needed(const struct slice *slice, enum rank rank)
{
    if (rank == RANK_PTX && slice->toolkit > slice->cuda_driver) {
        return slice->toolkit;
    }
    return slice->cuda_driver;
}

enum rank slice_rank_all(const struct slice *slice, const int *capabilities, int count, int *driver_needed)
{
    enum rank worst = count > 0 ? RANK_EXACT_CUBIN : RANK_NONE;
    int needed = slice->cuda_driver;
    for (int i = 0; i < count; i++) {
        enum rank rank = slice_rank(slice, capabilities[i]);
        int driver = slice_driver_needed(slice, rank);
        worst = rank < worst ? rank : worst;
        needed = driver > needed ? driver : needed;
    }
    *driver_needed = needed;
    return worst;
}

static bool is_better(const struct slice *a, enum rank rank_a, const struct slice *b, enum rank rank_b)
{
    if (rank_a != rank_b) {
        return rank_a > rank_b;
    }
    int archs_a = a->real.count + a->virt.count;
    int archs_b = b->real.count + b->virt.count;
    if (archs_a != archs_b) {
        return archs_a < archs_b;
    }
    return strcmp(a->name, b->name) < 0;
}

int slice_choose(const struct slice *slices, int slice_count, const int *capabilities, int count, int driver_version)
{
    int best = -1;
    enum rank best_rank = RANK_NONE;
    for (int i = 0; i < slice_count; i++) {
        int needed;
        enum rank rank = slice_rank_all(&slices[i], capabilities, count, &needed);
        if (rank == RANK_NONE || needed > driver_version) {
            continue;
        }
        if (best < 0 || is_better(&slices[i], rank, &slices[best], best_rank)) {
            best = i;
            best_rank = rank;
        }
    }
    return best;
}
