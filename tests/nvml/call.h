/* Common to all calls. The lock guards the data of the library: the state, the number of the current
   opening, and the number of its users. It is not held while a call waits. */

#ifndef FAKE_NVML_CALL_H
#define FAKE_NVML_CALL_H

#include "state.h"
#include "structs.h"

#include <pthread.h>
#include <stdint.h>

enum { SUCCESS = 0, UNINITIALIZED = 1, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7,
       NOT_LOADED = 9, TIMEOUT = 10, MISMATCH = 18, NO_MEMORY = 20, WRONG_VERSION = 25 };

struct call { enum function function; uint64_t began_ns; struct gpu *gpu; struct instance *instance;
              unsigned index; };

extern pthread_mutex_t lock;
extern unsigned openings, uses;

/* The handle of a GPU (instance 0) or of one of its instances (from 1) in the current opening. */
nvmlDevice handle(unsigned index, unsigned instance);

/* Start a call, of a GPU unless device is NULL: take the lock, wait as the rules require, and return
   the error of the rules, the driver or the GPU. */
nvmlReturn enter(struct call *call, enum function function, const nvmlDevice *device);

/* End the call: release the lock, count the call, and return the code. */
nvmlReturn leave(const struct call *call, nvmlReturn code);

uint64_t fake_nvml_calls(const char *name);

#define ENTER(function, device) \
    struct call call; \
    nvmlReturn code = enter(&call, F_##function, device); \
    if (code) \
        return leave(&call, code)

#endif
