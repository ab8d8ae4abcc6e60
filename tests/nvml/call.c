/* Common to all calls: find the GPU, apply the rules, count the call. */

#include "call.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

/* The number and total time of calls by function: those of this process, or in a file, which all
   processes that map it share. */

struct tally { char name[48]; uint64_t calls, ns; };
static struct tally own_tallies[F_ALL], *tallies = own_tallies;

__attribute__((constructor)) static void open_tallies(void)
{
    const char *path = getenv("FAKE_NVML_CALLS");
    int file = path ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644) : -1;
    void *shared = MAP_FAILED;

    if (file >= 0 && !ftruncate(file, sizeof own_tallies))
        shared = mmap(NULL, sizeof own_tallies, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file >= 0)
        close(file);
    if (shared != MAP_FAILED)
        tallies = shared;
    for (int function = 0; function < F_ALL; function++)
        snprintf(tallies[function].name, sizeof tallies->name, "%s", function_names[function]);
}

__attribute__((destructor)) static void close_tallies(void)
{
    if (tallies != own_tallies)
        munmap(tallies, sizeof own_tallies);
}

/* The number of calls of a function so far, for tests that load the library into their process. */
uint64_t fake_nvml_calls(const char *name)
{
    for (int function = 0; function < F_ALL; function++)
        if (!strcmp(tallies[function].name, name))
            return tallies[function].calls;
    return 0;
}

static uint64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000ull + now.tv_nsec;
}

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
unsigned openings, uses;
static char own_version[64];  /* the version of the driver when this library was loaded */

__attribute__((constructor)) static void remember_version(void)
{
    refresh();
    memcpy(own_version, state.version, sizeof own_version);
}

static nvmlReturn driver_state(void)
{
    if (!state.is_loaded)
        return NOT_LOADED;
    if (!*own_version)  /* there was no state file when it was loaded */
        memcpy(own_version, state.version, sizeof own_version);
    return state.is_mismatched || strcmp(own_version, state.version) ? MISMATCH : SUCCESS;
}

nvmlDevice handle(unsigned index, unsigned instance)
{
    return ((nvmlDevice)openings << 16) | (index << 8) | instance;
}

static nvmlReturn found(struct call *call, nvmlDevice device)
{
    unsigned index = device >> 8 & 0xff, instance = device & 0xff;

    if (device >> 16 != openings || index >= state.gpu_count)
        return INVALID;
    call->gpu = &state.gpus[index];
    call->index = index;
    if (instance > (unsigned)call->gpu->instance_count)
        return NOT_FOUND;
    call->instance = instance ? &call->gpu->instances[instance - 1] : NULL;
    return SUCCESS;
}

static struct rule rule_of(const struct call *call)
{
    struct rule of[4] = {state.rules[call->function], state.rules[F_ALL]}, all = {0, 0, false};
    if (call->gpu) {
        of[2] = call->gpu->rules[call->function];
        of[3] = call->gpu->rules[F_ALL];
    }
    for (int i = 0; i < (call->gpu ? 4 : 2); i++) {
        all.error = all.error ? all.error : of[i].error;
        all.delay_ms = all.delay_ms ? all.delay_ms : of[i].delay_ms;
        all.hangs = all.hangs || of[i].hangs;
    }
    return all;
}

static void wait_ms(int ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000L};
    pthread_mutex_unlock(&lock);
    nanosleep(&time, NULL);
    pthread_mutex_lock(&lock);
}

nvmlReturn enter(struct call *call, enum function function, const nvmlDevice *device)
{
    *call = (struct call){.function = function, .began_ns = now_ns()};
    pthread_mutex_lock(&lock);
    for (bool has_waited = false;;) {
        refresh();
        nvmlReturn code = SUCCESS;
        if (function != F_nvmlInitWithFlags && !uses)
            return UNINITIALIZED;
        if (function != F_nvmlShutdown)
            code = driver_state();
        if (code == SUCCESS && device)
            code = found(call, *device);
        struct rule rule = rule_of(call);
        if (!rule.hangs && (has_waited || !rule.delay_ms))
            return code ? code : rule.error;
        has_waited = !rule.hangs;
        wait_ms(rule.hangs ? 2 : rule.delay_ms);
    }
}

nvmlReturn leave(const struct call *call, nvmlReturn code)
{
    pthread_mutex_unlock(&lock);
    __atomic_fetch_add(&tallies[call->function].calls, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&tallies[call->function].ns, now_ns() - call->began_ns, __ATOMIC_RELAXED);
    return code;
}
