/* The state of the fake driver: the content of the state file. */

#ifndef FAKE_NVML_STATE_H
#define FAKE_NVML_STATE_H

#include <stdbool.h>

/* All functions, with the names that state files use. "field" is each value returned by
   nvmlDeviceGetFieldValues, "*" is all functions. */
#define FUNCTIONS(X) \
    X(nvmlInitWithFlags) X(nvmlShutdown) X(nvmlSystemGetDriverVersion) \
    X(nvmlSystemGetCudaDriverVersion_v2) X(nvmlDeviceGetCount_v2) X(nvmlDeviceGetHandleByIndex_v2) \
    X(nvmlDeviceGetUUID) X(nvmlDeviceGetName) X(nvmlDeviceGetSerial) X(nvmlDeviceGetPciInfo_v3) \
    X(nvmlDeviceGetUtilizationRates) X(nvmlDeviceGetEncoderUtilization) \
    X(nvmlDeviceGetDecoderUtilization) X(nvmlDeviceGetJpgUtilization) \
    X(nvmlDeviceGetOfaUtilization) X(nvmlDeviceGetMemoryInfo) X(nvmlDeviceGetMemoryInfo_v2) \
    X(nvmlDeviceGetBAR1MemoryInfo) X(nvmlDeviceGetTemperature) \
    X(nvmlDeviceGetTemperatureThreshold) X(nvmlDeviceGetMarginTemperature) \
    X(nvmlDeviceGetPowerUsage) X(nvmlDeviceGetEnforcedPowerLimit) \
    X(nvmlDeviceGetTotalEnergyConsumption) X(nvmlDeviceGetClockInfo) X(nvmlDeviceGetMaxClockInfo) \
    X(nvmlDeviceGetCurrentClocksEventReasons) X(nvmlDeviceGetCurrentClocksThrottleReasons) \
    X(nvmlDeviceGetSupportedClocksEventReasons) X(nvmlDeviceGetSupportedClocksThrottleReasons) \
    X(nvmlDeviceGetPerformanceState) X(nvmlDeviceGetNumFans) X(nvmlDeviceGetMinorNumber) X(nvmlDeviceGetFanSpeed_v2) \
    X(nvmlDeviceGetCurrPcieLinkGeneration) X(nvmlDeviceGetCurrPcieLinkWidth) \
    X(nvmlDeviceGetMaxPcieLinkGeneration) X(nvmlDeviceGetMaxPcieLinkWidth) \
    X(nvmlDeviceGetPcieThroughput) X(nvmlDeviceGetFieldValues) X(nvmlDeviceGetEccMode) \
    X(nvmlDeviceGetComputeRunningProcesses_v3) X(nvmlDeviceGetGraphicsRunningProcesses_v3) \
    X(nvmlDeviceGetMigMode) X(nvmlDeviceGetMaxMigDeviceCount) \
    X(nvmlDeviceGetMigDeviceHandleByIndex) X(nvmlDeviceGetGpuInstanceId) \
    X(nvmlDeviceGetComputeInstanceId) X(nvmlEventSetCreate) X(nvmlEventSetFree) \
    X(nvmlDeviceRegisterEvents) X(nvmlEventSetWait_v2) X(nvmlGpmQueryDeviceSupport) \
    X(nvmlGpmSampleAlloc) X(nvmlGpmSampleFree) X(nvmlGpmSampleGet) X(nvmlGpmMigSampleGet) \
    X(nvmlGpmMetricsGet) X(field)

#define NUMBERED(name) F_##name,
enum function { FUNCTIONS(NUMBERED) F_ALL, FUNCTION_COUNT };
#undef NUMBERED

enum { GPUS = 16, PLACES = 16, FIELDS = 300, SCOPES = 19, INSTANCES = 8, PROCESSES = 64,
       XIDS = 1024, ACTIVITIES = 1024 };
enum { NO_INSTANCE = 0xffffffff };

struct answer { bool is_there; unsigned long long value; double per_second; };
struct rule { int error, delay_ms; bool hangs; };
struct instance { unsigned gpu_instance, compute_instance; unsigned long long total, used;
                  char uuid[96], profile[48]; };
struct process { int is_graphics; unsigned pid, gpu_instance, compute_instance;
                 unsigned long long used; };
struct activity { bool is_told; unsigned gpu_instance, metric; double value; };

struct gpu {
    char uuid[96], name[96], bus_id[32], serial[32];
    struct answer answers[F_ALL][PLACES];
    struct answer fields[FIELDS][SCOPES];
    int types[FIELDS];
    struct rule rules[FUNCTION_COUNT];
    struct instance instances[INSTANCES];
    struct process processes[PROCESSES];
    unsigned xids[XIDS];
    struct activity activities[ACTIVITIES];
    int instance_count, process_count, xid_count, activity_count;
    int most_fields;  /* limit of fields per call; 0 is no limit */
};

struct state {
    bool is_loaded, is_mismatched;
    char version[64];
    double origin_s;  /* time at which counters had the values of the file */
    struct rule rules[FUNCTION_COUNT];
    struct gpu gpus[GPUS];
    unsigned gpu_count;
    unsigned cuda;
};

extern struct state state;
extern const char *const function_names[];

/* Read the file that FAKE_NVML_STATE names, if it has changed. */
void refresh(void);

/* The value of an answer at the last refresh; counters grow. */
unsigned long long value_now(const struct answer *answer);

#endif
