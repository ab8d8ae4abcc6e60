/* The structs of nvml.h that the fake driver uses, and their version words. */

#ifndef FAKE_NVML_STRUCTS_H
#define FAKE_NVML_STRUCTS_H

#include <stdint.h>

typedef int nvmlReturn;
typedef uintptr_t nvmlDevice;  /* opening, GPU, and instance (from 1; 0 is the GPU itself) */
typedef uintptr_t nvmlEventSet;
typedef struct sample *nvmlGpmSample;  /* opaque, see gpm.c */

enum { MEMORY_V2 = 0x02000028, MARGIN_V1 = 0x01000008, GPM_SUPPORT_V1 = 1,
       GPM_METRICS_GET_V1 = 1 };

struct memory { unsigned long long total, free, used; };
struct memory_v2 { unsigned version; unsigned long long total, reserved, free, used; };
struct utilization { unsigned gpu, memory; };
struct bar1 { unsigned long long bar1Total, bar1Free, bar1Used; };
struct pci { char busIdLegacy[16]; unsigned domain, bus, device, pciDeviceId, pciSubSystemId;
             char busId[32]; };
struct margin { unsigned version; int marginTemperature; };
struct process_info { unsigned pid; unsigned long long usedGpuMemory;
                      unsigned gpuInstanceId, computeInstanceId; };
struct event { nvmlDevice device; unsigned long long eventType, eventData;
               unsigned gpuInstanceId, computeInstanceId; };
struct field { unsigned fieldId, scopeId; long long timestamp, latencyUsec; int valueType;
               nvmlReturn nvmlReturn;
               union { double d; unsigned ui; unsigned long long ull; unsigned short us; } value; };
struct gpm_support { unsigned version, isSupportedDevice; };
struct gpm_metric { unsigned metricId; nvmlReturn nvmlReturn; double value;
                    struct { const char *shortName, *longName, *unit; } metricInfo; };
/* The size of the array metrics differs between versions of NVML. */
struct gpm_metrics { unsigned version, numMetrics; nvmlGpmSample sample1, sample2;
                     struct gpm_metric metrics[]; };

#endif
