/* GPM, the performance metrics since Hopper: two samples, and the activity between them. */

#include "call.h"

#include <stdlib.h>

/* A sample contains no values: a query returns the current ones of the state. All samples are in a
   list, so that invalid pointers can be recognised, including those to freed samples. */

struct sample {
    struct sample *next;
    unsigned opening;
    nvmlDevice device;
    unsigned gpu_instance;
    uint64_t filling;  /* number of the call that filled it; 0 if it is empty */
};
static struct sample *samples;
static uint64_t fillings;

static struct sample **place_of(const struct sample *sample)
{
    struct sample **place = &samples;
    while (*place && *place != sample)
        place = &(*place)->next;
    return place;
}

static bool is_usable(const struct sample *sample)
{
    return *place_of(sample) && sample->opening == openings;
}

nvmlReturn nvmlGpmSampleAlloc(nvmlGpmSample *sample)
{
    ENTER(nvmlGpmSampleAlloc, NULL);
    struct sample *new = calloc(1, sizeof *new);
    if (!new)
        return leave(&call, NO_MEMORY);
    new->opening = openings;
    new->next = samples;
    *sample = samples = new;
    return leave(&call, SUCCESS);
}

nvmlReturn nvmlGpmSampleFree(nvmlGpmSample sample)
{
    ENTER(nvmlGpmSampleFree, NULL);
    struct sample **place = place_of(sample);
    if (!*place)
        return leave(&call, INVALID);
    *place = sample->next;
    free(sample);
    return leave(&call, SUCCESS);
}

/* A GPU or an instance has activity if the state names a metric of it, even one without a value. */

static bool is_supported(const struct call *call)
{
    return call->gpu->activity_count && !call->instance;
}

static bool has_activity(const struct gpu *gpu, unsigned gpu_instance)
{
    for (int i = 0; i < gpu->activity_count; i++)
        if (gpu->activities[i].gpu_instance == gpu_instance)
            return true;
    return false;
}

static bool has_instance(const struct gpu *gpu, unsigned gpu_instance)
{
    for (int i = 0; i < gpu->instance_count; i++)
        if (gpu->instances[i].gpu_instance == gpu_instance)
            return true;
    return false;
}

static nvmlReturn filled(const struct call *call, unsigned gpu_instance, struct sample *sample)
{
    if (!has_activity(call->gpu, gpu_instance))
        return NOT_SUPPORTED;
    if (!is_usable(sample))
        return INVALID;
    sample->device = handle(call->index, 0);
    sample->gpu_instance = gpu_instance;
    sample->filling = ++fillings;
    return SUCCESS;
}

nvmlReturn nvmlGpmQueryDeviceSupport(nvmlDevice device, struct gpm_support *support)
{
    ENTER(nvmlGpmQueryDeviceSupport, &device);
    if (support->version != GPM_SUPPORT_V1)
        return leave(&call, WRONG_VERSION);
    support->isSupportedDevice = is_supported(&call);
    return leave(&call, SUCCESS);
}

nvmlReturn nvmlGpmSampleGet(nvmlDevice device, nvmlGpmSample sample)
{
    ENTER(nvmlGpmSampleGet, &device);
    const struct answer *mode = &call.gpu->answers[F_nvmlDeviceGetMigMode][0];
    if (!is_supported(&call) || mode->value)
        return leave(&call, NOT_SUPPORTED);
    return leave(&call, filled(&call, NO_INSTANCE, sample));
}

nvmlReturn nvmlGpmMigSampleGet(nvmlDevice device, unsigned gpu_instance, nvmlGpmSample sample)
{
    ENTER(nvmlGpmMigSampleGet, &device);
    if (!is_supported(&call))
        return leave(&call, NOT_SUPPORTED);
    if (!has_instance(call.gpu, gpu_instance))
        return leave(&call, NOT_FOUND);
    return leave(&call, filled(&call, gpu_instance, sample));
}

/* The GPU of a sample; without one, 0, which is never a valid handle. */
static nvmlDevice device_of(const struct sample *sample)
{
    pthread_mutex_lock(&lock);
    nvmlDevice device = *place_of(sample) ? sample->device : 0;
    pthread_mutex_unlock(&lock);
    return device;
}

static bool is_pair(const struct sample *first, const struct sample *second)
{
    return is_usable(first) && is_usable(second) && first->device == second->device
        && first->gpu_instance == second->gpu_instance && first->filling < second->filling;
}

static void tell(struct gpm_metric *metric, const struct gpu *gpu, unsigned gpu_instance)
{
    metric->nvmlReturn = NOT_SUPPORTED;
    for (int i = 0; i < gpu->activity_count; i++) {
        const struct activity *one = &gpu->activities[i];
        if (!one->is_told || one->gpu_instance != gpu_instance || one->metric != metric->metricId)
            continue;
        metric->nvmlReturn = SUCCESS;
        metric->value = one->value;
        metric->metricInfo.shortName = metric->metricInfo.longName = "a metric of the fake driver";
        metric->metricInfo.unit = "";
    }
}

nvmlReturn nvmlGpmMetricsGet(struct gpm_metrics *get)
{
    nvmlDevice device = device_of(get->sample1);
    ENTER(nvmlGpmMetricsGet, &device);
    if (get->version != GPM_METRICS_GET_V1)
        return leave(&call, WRONG_VERSION);
    if (!is_pair(get->sample1, get->sample2))
        return leave(&call, INVALID);
    for (unsigned i = 0; i < get->numMetrics; i++)
        tell(&get->metrics[i], call.gpu, get->sample1->gpu_instance);
    return leave(&call, SUCCESS);
}
