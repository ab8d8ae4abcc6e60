/* Reads the state file. Each line is a keyword with its values; "gpu" starts the next GPU. */

#include "state.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct state state;
static double now_s;  /* time of the last refresh */

#define NAMED(name) #name,
const char *const function_names[] = {FUNCTIONS(NAMED) "*"};

static int numbered(const char *name)
{
    for (int function = 0; function < FUNCTION_COUNT; function++)
        if (!strcmp(name, function_names[function]))
            return function;
    fprintf(stderr, "fake driver: the state file names %s, which is no function here\n", name);
    abort();
}

static struct rule *rule(struct gpu *gpu, const char *rest)
{
    char name[64];
    sscanf(rest, "%63s", name);
    return &(gpu ? gpu->rules : state.rules)[numbered(name)];
}

static bool read_rule(struct gpu *gpu, const char *word, const char *rest)
{
    if (!strcmp(word, "fail"))
        sscanf(rest, "%*s %d", &rule(gpu, rest)->error);
    else if (!strcmp(word, "delay"))
        sscanf(rest, "%*s %d", &rule(gpu, rest)->delay_ms);
    else if (!strcmp(word, "hang"))
        rule(gpu, rest)->hangs = true;
    else
        return false;
    return true;
}

static void read_of_driver(const char *word, const char *rest)
{
    if (!strcmp(word, "loaded"))
        state.is_loaded = atoi(rest);
    else if (!strcmp(word, "mismatched"))
        state.is_mismatched = atoi(rest);
    else if (!strcmp(word, "version"))
        snprintf(state.version, sizeof state.version, "%s", rest);
    else if (!strcmp(word, "cuda"))
        state.cuda = atoi(rest);
    else if (!strcmp(word, "origin"))
        state.origin_s = atof(rest);
}

static void read_answer(struct gpu *gpu, const char *rest)
{
    char name[64];
    unsigned place = 0;
    struct answer answer = {true, 0, 0};
    sscanf(rest, "%63s %u %llu %lf", name, &place, &answer.value, &answer.per_second);
    if (place < PLACES)
        gpu->answers[numbered(name)][place] = answer;
}

static void read_field(struct gpu *gpu, const char *rest)
{
    unsigned id = FIELDS, scope = 0;
    int type = 0;
    struct answer answer = {true, 0, 0};
    sscanf(rest, "%u %u %d %llu %lf", &id, &scope, &type, &answer.value, &answer.per_second);
    if (id < FIELDS && scope < SCOPES) {
        gpu->fields[id][scope] = answer;
        gpu->types[id] = type;
    }
}

static void read_instance(struct gpu *gpu, const char *rest)
{
    if (gpu->instance_count == INSTANCES)
        return;
    struct instance *one = &gpu->instances[gpu->instance_count++];
    sscanf(rest, "%u %u %llu %llu %95s %47s", &one->gpu_instance, &one->compute_instance,
           &one->total, &one->used, one->uuid, one->profile);
}

static void read_process(struct gpu *gpu, const char *rest)
{
    if (gpu->process_count == PROCESSES)
        return;
    struct process *one = &gpu->processes[gpu->process_count++];
    sscanf(rest, "%d %u %llu %u %u", &one->is_graphics, &one->pid, &one->used,
           &one->gpu_instance, &one->compute_instance);
}

static void read_activity(struct gpu *gpu, const char *rest)
{
    int length = 0;
    char *end;
    if (gpu->activity_count == ACTIVITIES) {
        fprintf(stderr, "fake driver: the state file has more than %d activities\n", ACTIVITIES);
        abort();
    }
    struct activity *one = &gpu->activities[gpu->activity_count++];
    sscanf(rest, "%u %u %n", &one->gpu_instance, &one->metric, &length);
    one->value = strtod(rest + length, &end);
    one->is_told = end != rest + length;  /* "None" is not a number; "nan" and "inf" are */
}

static void read_of_gpu(struct gpu *gpu, const char *word, const char *rest)
{
    if (!strcmp(word, "uuid"))
        snprintf(gpu->uuid, sizeof gpu->uuid, "%s", rest);
    else if (!strcmp(word, "name"))
        snprintf(gpu->name, sizeof gpu->name, "%s", rest);
    else if (!strcmp(word, "bus_id"))
        snprintf(gpu->bus_id, sizeof gpu->bus_id, "%s", rest);
    else if (!strcmp(word, "serial"))
        snprintf(gpu->serial, sizeof gpu->serial, "%s", rest);
    else if (!strcmp(word, "answer"))
        read_answer(gpu, rest);
    else if (!strcmp(word, "field"))
        read_field(gpu, rest);
    else if (!strcmp(word, "instance"))
        read_instance(gpu, rest);
    else if (!strcmp(word, "process"))
        read_process(gpu, rest);
    else if (!strcmp(word, "activity"))
        read_activity(gpu, rest);
    else if (!strcmp(word, "most_fields"))
        gpu->most_fields = atoi(rest);
    else if (!strcmp(word, "xid") && gpu->xid_count < XIDS)
        gpu->xids[gpu->xid_count++] = atoi(rest);
}

static void read_state(FILE *file)
{
    static char line[512];
    struct gpu *gpu = NULL;

    memset(&state, 0, offsetof(struct state, gpus));
    state.gpu_count = 0;
    while (fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *rest = strchr(line, ' ');
        if (rest)
            *rest++ = 0;
        else
            rest = line + strlen(line);
        if (!strcmp(line, "gpu") && state.gpu_count < GPUS) {
            gpu = &state.gpus[state.gpu_count++];
            memset(gpu, 0, sizeof *gpu);
        } else if (!read_rule(gpu, line, rest)) {
            gpu ? read_of_gpu(gpu, line, rest) : read_of_driver(line, rest);
        }
    }
}

void refresh(void)
{
    static struct stat last;
    struct stat now;
    const char *path = getenv("FAKE_NVML_STATE");
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    now_s = time.tv_sec + time.tv_nsec * 1e-9;
    if (!path || stat(path, &now)) {
        state.is_loaded = false;
        last.st_ino = 0;
        return;
    }
    if (now.st_ino == last.st_ino && now.st_mtim.tv_sec == last.st_mtim.tv_sec
        && now.st_mtim.tv_nsec == last.st_mtim.tv_nsec && now.st_dev == last.st_dev)
        return;
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    fstat(fileno(file), &last);
    read_state(file);
    fclose(file);
}

unsigned long long value_now(const struct answer *answer)
{
    double passed_s = now_s > state.origin_s ? now_s - state.origin_s : 0;
    return answer->value + (unsigned long long)(passed_s * answer->per_second);
}
