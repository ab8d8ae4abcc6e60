/* A fake libnvidia-ml.so.1. See driver.py for its state file. */

#include "call.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { XID_EVENT = 8, SETS = 64, MOST_INSTANCES = 7 };

static struct { bool is_used, has_gpu[GPUS]; int seen[GPUS]; } sets[SETS];

static nvmlReturn told(const struct call *call, unsigned place, unsigned long long *value)
{
    if (place >= PLACES || call->instance)
        return place >= PLACES ? INVALID : NOT_SUPPORTED;
    const struct answer *answer = &call->gpu->answers[call->function][place];
    if (!answer->is_there)
        return NOT_SUPPORTED;
    *value = value_now(answer);
    return SUCCESS;
}

static nvmlReturn told32(const struct call *call, unsigned place, unsigned *value)
{
    unsigned long long wide = 0;
    nvmlReturn code = told(call, place, &wide);
    *value = wide;
    return code;
}

static nvmlReturn text(const char *from, char *to, unsigned size)
{
    if (!*from)
        return NOT_SUPPORTED;
    return (unsigned)snprintf(to, size, "%s", from) < size ? SUCCESS : TOO_SMALL;
}

/* The library as a whole. */

nvmlReturn nvmlInitWithFlags(unsigned flags)
{
    (void)flags;
    ENTER(nvmlInitWithFlags, NULL);
    if (!uses++)
        openings++;
    return leave(&call, SUCCESS);
}

nvmlReturn nvmlInit_v2(void) { return nvmlInitWithFlags(0); }

nvmlReturn nvmlShutdown(void)
{
    ENTER(nvmlShutdown, NULL);
    if (!--uses)
        memset(sets, 0, sizeof sets);
    return leave(&call, SUCCESS);
}

const char *nvmlErrorString(nvmlReturn code)
{
    (void)code;
    return "an error of the fake driver";
}

nvmlReturn nvmlSystemGetDriverVersion(char *version, unsigned size)
{
    ENTER(nvmlSystemGetDriverVersion, NULL);
    return leave(&call, text(state.version, version, size));
}

nvmlReturn nvmlSystemGetCudaDriverVersion_v2(int *version)
{
    ENTER(nvmlSystemGetCudaDriverVersion_v2, NULL);
    *version = state.cuda;
    return leave(&call, SUCCESS);
}

nvmlReturn nvmlDeviceGetCount_v2(unsigned *count)
{
    ENTER(nvmlDeviceGetCount_v2, NULL);
    *count = state.gpu_count;
    return leave(&call, SUCCESS);
}

nvmlReturn nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice *device)
{
    nvmlDevice wanted = handle(index & 0xff, 0);
    ENTER(nvmlDeviceGetHandleByIndex_v2, &wanted);
    *device = wanted;
    return leave(&call, SUCCESS);
}

/* Functions that return one number. */

#define NUMBER(function, type) \
    nvmlReturn function(nvmlDevice device, type *value) \
    { \
        unsigned long long wide = 0; \
        ENTER(function, &device); \
        code = told(&call, 0, &wide); \
        *value = wide; \
        return leave(&call, code); \
    }
#define NUMBER_OF(function) \
    nvmlReturn function(nvmlDevice device, unsigned which, unsigned *value) \
    { \
        ENTER(function, &device); \
        return leave(&call, told32(&call, which, value)); \
    }
#define PAIR(function) \
    nvmlReturn function(nvmlDevice device, unsigned *one, unsigned *other) \
    { \
        ENTER(function, &device); \
        code = told32(&call, 0, one); \
        return leave(&call, code ? code : told32(&call, 1, other)); \
    }

NUMBER(nvmlDeviceGetPowerUsage, unsigned)
NUMBER(nvmlDeviceGetEnforcedPowerLimit, unsigned)
NUMBER(nvmlDeviceGetTotalEnergyConsumption, unsigned long long)
NUMBER(nvmlDeviceGetCurrentClocksEventReasons, unsigned long long)
NUMBER(nvmlDeviceGetCurrentClocksThrottleReasons, unsigned long long)
NUMBER(nvmlDeviceGetSupportedClocksEventReasons, unsigned long long)
NUMBER(nvmlDeviceGetSupportedClocksThrottleReasons, unsigned long long)
NUMBER(nvmlDeviceGetPerformanceState, unsigned)
NUMBER(nvmlDeviceGetNumFans, unsigned)
NUMBER(nvmlDeviceGetMinorNumber, unsigned)
NUMBER(nvmlDeviceGetCurrPcieLinkGeneration, unsigned)
NUMBER(nvmlDeviceGetCurrPcieLinkWidth, unsigned)
NUMBER(nvmlDeviceGetMaxPcieLinkGeneration, unsigned)
NUMBER(nvmlDeviceGetMaxPcieLinkWidth, unsigned)
NUMBER_OF(nvmlDeviceGetTemperature)
NUMBER_OF(nvmlDeviceGetTemperatureThreshold)
NUMBER_OF(nvmlDeviceGetClockInfo)
NUMBER_OF(nvmlDeviceGetMaxClockInfo)
NUMBER_OF(nvmlDeviceGetFanSpeed_v2)
NUMBER_OF(nvmlDeviceGetPcieThroughput)
PAIR(nvmlDeviceGetEncoderUtilization)
PAIR(nvmlDeviceGetDecoderUtilization)
PAIR(nvmlDeviceGetJpgUtilization)
PAIR(nvmlDeviceGetOfaUtilization)
PAIR(nvmlDeviceGetEccMode)
PAIR(nvmlDeviceGetMigMode)

nvmlReturn nvmlDeviceGetMarginTemperature(nvmlDevice device, struct margin *margin)
{
    unsigned value;
    ENTER(nvmlDeviceGetMarginTemperature, &device);
    if (margin->version != MARGIN_V1)
        return leave(&call, WRONG_VERSION);
    code = told32(&call, 0, &value);
    margin->marginTemperature = (int)value;
    return leave(&call, code);
}

nvmlReturn nvmlDeviceGetFieldValues(nvmlDevice device, int count, struct field *fields)
{
    ENTER(nvmlDeviceGetFieldValues, &device);
    if (call.gpu->most_fields && count > call.gpu->most_fields)
        return leave(&call, INVALID);
    int error = call.gpu->rules[F_field].error ? call.gpu->rules[F_field].error : state.rules[F_field].error;
    for (struct field *field = fields; field < fields + count; field++) {
        unsigned id = field->fieldId, scope = field->scopeId;
        bool is_known = id < FIELDS && scope < SCOPES && call.gpu->fields[id][scope].is_there;
        field->nvmlReturn = error ? error : is_known ? SUCCESS : NOT_SUPPORTED;
        if (field->nvmlReturn)
            continue;
        field->valueType = call.gpu->types[id];
        /* += because some real drivers also add to the given value. */
        field->value.ull += value_now(&call.gpu->fields[id][scope]);
    }
    return leave(&call, SUCCESS);
}

/* Functions that return several numbers, or strings. */

nvmlReturn nvmlDeviceGetUtilizationRates(nvmlDevice device, struct utilization *rates)
{
    ENTER(nvmlDeviceGetUtilizationRates, &device);
    code = told32(&call, 0, &rates->gpu);
    return leave(&call, code ? code : told32(&call, 1, &rates->memory));
}

static nvmlReturn memory_of(struct call *call, struct memory_v2 *memory)
{
    unsigned version = memory->version;
    nvmlReturn code = SUCCESS;

    *memory = (struct memory_v2){.version = version};
    if (call->instance) {
        memory->total = call->instance->total;
        memory->used = call->instance->used;
    } else {
        call->function = F_nvmlDeviceGetMemoryInfo;
        code = told(call, 0, &memory->total);
        code = code ? code : told(call, 1, &memory->used);
        code = code ? code : told(call, 2, &memory->reserved);
    }
    memory->free = memory->total - memory->used - memory->reserved;
    return code;
}

nvmlReturn nvmlDeviceGetMemoryInfo(nvmlDevice device, struct memory *memory)
{
    struct memory_v2 all = {0};
    ENTER(nvmlDeviceGetMemoryInfo, &device);
    code = memory_of(&call, &all);
    *memory = (struct memory){all.total, all.free, all.used + all.reserved};
    return leave(&call, code);
}

nvmlReturn nvmlDeviceGetMemoryInfo_v2(nvmlDevice device, struct memory_v2 *memory)
{
    ENTER(nvmlDeviceGetMemoryInfo_v2, &device);
    code = memory->version == MEMORY_V2 ? memory_of(&call, memory) : WRONG_VERSION;
    call.function = F_nvmlDeviceGetMemoryInfo_v2;
    return leave(&call, code);
}

nvmlReturn nvmlDeviceGetBAR1MemoryInfo(nvmlDevice device, struct bar1 *memory)
{
    ENTER(nvmlDeviceGetBAR1MemoryInfo, &device);
    code = told(&call, 0, &memory->bar1Total);
    code = code ? code : told(&call, 1, &memory->bar1Used);
    memory->bar1Free = memory->bar1Total - memory->bar1Used;
    return leave(&call, code);
}

nvmlReturn nvmlDeviceGetUUID(nvmlDevice device, char *uuid, unsigned size)
{
    ENTER(nvmlDeviceGetUUID, &device);
    return leave(&call, text(call.instance ? call.instance->uuid : call.gpu->uuid, uuid, size));
}

nvmlReturn nvmlDeviceGetName(nvmlDevice device, char *name, unsigned size)
{
    char whole[192];
    ENTER(nvmlDeviceGetName, &device);
    snprintf(whole, sizeof whole, call.instance ? "%s MIG %s" : "%s", call.gpu->name,
             call.instance ? call.instance->profile : "");
    return leave(&call, text(whole, name, size));
}

nvmlReturn nvmlDeviceGetSerial(nvmlDevice device, char *serial, unsigned size)
{
    ENTER(nvmlDeviceGetSerial, &device);
    return leave(&call, text(call.gpu->serial, serial, size));
}

nvmlReturn nvmlDeviceGetPciInfo_v3(nvmlDevice device, struct pci *pci)
{
    ENTER(nvmlDeviceGetPciInfo_v3, &device);
    memset(pci, 0, sizeof *pci);
    sscanf(call.gpu->bus_id, "%x:%x:%x", &pci->domain, &pci->bus, &pci->device);
    snprintf(pci->busIdLegacy, sizeof pci->busIdLegacy, "%04x:%02x:%02x.0", pci->domain & 0xffff,
             pci->bus & 0xff, pci->device & 0xff);
    return leave(&call, text(call.gpu->bus_id, pci->busId, sizeof pci->busId));
}

static nvmlReturn listed(const struct call *call, int is_graphics, unsigned *size,
                         struct process_info *list)
{
    unsigned count = 0;
    for (int i = 0; i < call->gpu->process_count; i++) {
        const struct process *one = &call->gpu->processes[i];
        if (one->is_graphics != is_graphics)
            continue;
        if (list && count < *size)
            list[count] = (struct process_info){one->pid, one->used, one->gpu_instance,
                                                one->compute_instance};
        count++;
    }
    bool fits = list ? count <= *size : !count;
    *size = count;
    return fits ? SUCCESS : TOO_SMALL;
}

nvmlReturn nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice device, unsigned *size,
                                                   struct process_info *list)
{
    ENTER(nvmlDeviceGetComputeRunningProcesses_v3, &device);
    return leave(&call, listed(&call, 0, size, list));
}

nvmlReturn nvmlDeviceGetGraphicsRunningProcesses_v3(nvmlDevice device, unsigned *size,
                                                    struct process_info *list)
{
    ENTER(nvmlDeviceGetGraphicsRunningProcesses_v3, &device);
    return leave(&call, listed(&call, 1, size, list));
}

/* MIG. */

nvmlReturn nvmlDeviceGetMaxMigDeviceCount(nvmlDevice device, unsigned *count)
{
    ENTER(nvmlDeviceGetMaxMigDeviceCount, &device);
    *count = MOST_INSTANCES;
    return leave(&call, SUCCESS);
}

nvmlReturn nvmlDeviceGetMigDeviceHandleByIndex(nvmlDevice device, unsigned index, nvmlDevice *mig)
{
    ENTER(nvmlDeviceGetMigDeviceHandleByIndex, &device);
    if (index >= (unsigned)call.gpu->instance_count)
        return leave(&call, NOT_FOUND);
    *mig = handle(call.index, index + 1);
    return leave(&call, SUCCESS);
}

nvmlReturn nvmlDeviceGetGpuInstanceId(nvmlDevice device, unsigned *id)
{
    ENTER(nvmlDeviceGetGpuInstanceId, &device);
    *id = call.instance ? call.instance->gpu_instance : 0;
    return leave(&call, call.instance ? SUCCESS : INVALID);
}

nvmlReturn nvmlDeviceGetComputeInstanceId(nvmlDevice device, unsigned *id)
{
    ENTER(nvmlDeviceGetComputeInstanceId, &device);
    *id = call.instance ? call.instance->compute_instance : 0;
    return leave(&call, call.instance ? SUCCESS : INVALID);
}

/* Events: a set gets the Xids that occur after a GPU was registered with it. */

nvmlReturn nvmlEventSetCreate(nvmlEventSet *set)
{
    ENTER(nvmlEventSetCreate, NULL);
    for (unsigned i = 0; i < SETS; i++)
        if (!sets[i].is_used) {
            memset(&sets[i], 0, sizeof sets[i]);
            sets[i].is_used = true;
            *set = i + 1;
            return leave(&call, SUCCESS);
        }
    return leave(&call, TOO_SMALL);
}

static bool is_set(nvmlEventSet set)
{
    return set > 0 && set <= SETS && sets[set - 1].is_used;
}

nvmlReturn nvmlEventSetFree(nvmlEventSet set)
{
    ENTER(nvmlEventSetFree, NULL);
    if (!is_set(set))
        return leave(&call, INVALID);
    sets[set - 1].is_used = false;
    return leave(&call, SUCCESS);
}

nvmlReturn nvmlDeviceRegisterEvents(nvmlDevice device, unsigned long long types, nvmlEventSet set)
{
    ENTER(nvmlDeviceRegisterEvents, &device);
    if (!is_set(set) || types != XID_EVENT)
        return leave(&call, INVALID);
    sets[set - 1].has_gpu[call.index] = true;
    sets[set - 1].seen[call.index] = call.gpu->xid_count;
    return leave(&call, SUCCESS);
}

nvmlReturn nvmlEventSetWait_v2(nvmlEventSet set, struct event *event, unsigned timeout_ms)
{
    (void)timeout_ms;
    ENTER(nvmlEventSetWait_v2, NULL);
    if (!is_set(set))
        return leave(&call, INVALID);
    for (unsigned gpu = 0; gpu < state.gpu_count; gpu++) {
        int *seen = &sets[set - 1].seen[gpu];
        if (!sets[set - 1].has_gpu[gpu] || *seen >= state.gpus[gpu].xid_count)
            continue;
        *event = (struct event){handle(gpu, 0), XID_EVENT, state.gpus[gpu].xids[(*seen)++], ~0u, ~0u};
        return leave(&call, SUCCESS);
    }
    return leave(&call, TIMEOUT);
}
