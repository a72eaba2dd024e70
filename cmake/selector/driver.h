// The NVIDIA driver, asked through libcuda.so.1, which is opened at run time: where it is missing, we still load.
#ifndef LLCUDA_DRIVER_H
#define LLCUDA_DRIVER_H

enum {
    MAX_DEVICES = 64,
    MAX_DEVICE_NAME = 128,
};

enum driver_state {
    DRIVER_MISSING,     // no libcuda.so.1
    DRIVER_FAILED,      // it is there and does not start; `problem` says why
    DRIVER_NO_DEVICE,   // it starts and shows no GPU
    DRIVER_READY,
};

struct driver {
    enum driver_state state;
    char problem[512];
    int version;  // as cuDriverGetVersion() counts: 12040 is CUDA 12.4
    int count;    // of visible devices: CUDA_VISIBLE_DEVICES is the driver's own business
    int capabilities[MAX_DEVICES];  // ten times the major version plus the minor
    char names[MAX_DEVICES][MAX_DEVICE_NAME];
};

void driver_query(struct driver *driver);

#endif
