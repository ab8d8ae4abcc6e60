/* The layout of the structs, which the tests compare with the definitions of nvidia-ml-py. */

#include "structs.h"

#include <stddef.h>

struct layout { const char *type, *member; size_t offset, size; };
#define SIZE(name, type) {name, "", 0, sizeof(type)}
#define MEMBER(name, type, member) \
    {name, #member, offsetof(type, member), sizeof(((type *)0)->member)}
#define ARRAY(name, type, member) \
    {name, #member "[]", offsetof(type, member), sizeof(((type *)0)->member[0])}
#define WORD(name, word) {name, "version word", word, 0}

const struct layout fake_layout[] = {
    SIZE("c_nvmlMemory_t", struct memory),
    MEMBER("c_nvmlMemory_t", struct memory, total),
    MEMBER("c_nvmlMemory_t", struct memory, free),
    MEMBER("c_nvmlMemory_t", struct memory, used),
    SIZE("c_nvmlMemory_v2_t", struct memory_v2),
    MEMBER("c_nvmlMemory_v2_t", struct memory_v2, version),
    MEMBER("c_nvmlMemory_v2_t", struct memory_v2, total),
    MEMBER("c_nvmlMemory_v2_t", struct memory_v2, reserved),
    MEMBER("c_nvmlMemory_v2_t", struct memory_v2, free),
    MEMBER("c_nvmlMemory_v2_t", struct memory_v2, used),
    WORD("nvmlMemory_v2", MEMORY_V2),
    SIZE("c_nvmlUtilization_t", struct utilization),
    MEMBER("c_nvmlUtilization_t", struct utilization, gpu),
    MEMBER("c_nvmlUtilization_t", struct utilization, memory),
    SIZE("c_nvmlBAR1Memory_t", struct bar1),
    MEMBER("c_nvmlBAR1Memory_t", struct bar1, bar1Total),
    MEMBER("c_nvmlBAR1Memory_t", struct bar1, bar1Free),
    MEMBER("c_nvmlBAR1Memory_t", struct bar1, bar1Used),
    SIZE("nvmlPciInfo_t", struct pci),
    MEMBER("nvmlPciInfo_t", struct pci, busIdLegacy),
    MEMBER("nvmlPciInfo_t", struct pci, domain),
    MEMBER("nvmlPciInfo_t", struct pci, bus),
    MEMBER("nvmlPciInfo_t", struct pci, device),
    MEMBER("nvmlPciInfo_t", struct pci, pciDeviceId),
    MEMBER("nvmlPciInfo_t", struct pci, pciSubSystemId),
    MEMBER("nvmlPciInfo_t", struct pci, busId),
    SIZE("c_nvmlMarginTemperature_v1_t", struct margin),
    MEMBER("c_nvmlMarginTemperature_v1_t", struct margin, version),
    MEMBER("c_nvmlMarginTemperature_v1_t", struct margin, marginTemperature),
    WORD("nvmlMarginTemperature_v1", MARGIN_V1),
    SIZE("c_nvmlProcessInfo_v3_t", struct process_info),
    MEMBER("c_nvmlProcessInfo_v3_t", struct process_info, pid),
    MEMBER("c_nvmlProcessInfo_v3_t", struct process_info, usedGpuMemory),
    MEMBER("c_nvmlProcessInfo_v3_t", struct process_info, gpuInstanceId),
    MEMBER("c_nvmlProcessInfo_v3_t", struct process_info, computeInstanceId),
    SIZE("c_nvmlEventData_t", struct event),
    MEMBER("c_nvmlEventData_t", struct event, device),
    MEMBER("c_nvmlEventData_t", struct event, eventType),
    MEMBER("c_nvmlEventData_t", struct event, eventData),
    MEMBER("c_nvmlEventData_t", struct event, gpuInstanceId),
    MEMBER("c_nvmlEventData_t", struct event, computeInstanceId),
    SIZE("c_nvmlFieldValue_t", struct field),
    MEMBER("c_nvmlFieldValue_t", struct field, fieldId),
    MEMBER("c_nvmlFieldValue_t", struct field, scopeId),
    MEMBER("c_nvmlFieldValue_t", struct field, timestamp),
    MEMBER("c_nvmlFieldValue_t", struct field, latencyUsec),
    MEMBER("c_nvmlFieldValue_t", struct field, valueType),
    MEMBER("c_nvmlFieldValue_t", struct field, nvmlReturn),
    MEMBER("c_nvmlFieldValue_t", struct field, value),
    SIZE("c_nvmlGpmSupport_t", struct gpm_support),
    MEMBER("c_nvmlGpmSupport_t", struct gpm_support, version),
    MEMBER("c_nvmlGpmSupport_t", struct gpm_support, isSupportedDevice),
    WORD("NVML_GPM_SUPPORT_VERSION", GPM_SUPPORT_V1),
    SIZE("c_nvmlGpmMetric_t", struct gpm_metric),
    MEMBER("c_nvmlGpmMetric_t", struct gpm_metric, metricId),
    MEMBER("c_nvmlGpmMetric_t", struct gpm_metric, nvmlReturn),
    MEMBER("c_nvmlGpmMetric_t", struct gpm_metric, value),
    MEMBER("c_nvmlGpmMetric_t", struct gpm_metric, metricInfo),
    MEMBER("c_nvmlGpmMetricsGet_t", struct gpm_metrics, version),
    MEMBER("c_nvmlGpmMetricsGet_t", struct gpm_metrics, numMetrics),
    MEMBER("c_nvmlGpmMetricsGet_t", struct gpm_metrics, sample1),
    MEMBER("c_nvmlGpmMetricsGet_t", struct gpm_metrics, sample2),
    ARRAY("c_nvmlGpmMetricsGet_t", struct gpm_metrics, metrics),
    WORD("NVML_GPM_METRICS_GET_VERSION", GPM_METRICS_GET_V1),
    {NULL, NULL, 0, 0},
};
