#include "lib/program/metric.h"

#include "lib/base/file.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define METRICS_MAX  64
#define LABEL_MAX    160
#define OTHER_LABEL  "other=\"true\""
#define BUCKET_COUNT COUNT_OF(bucket_bounds)

static const double bucket_bounds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                       0.5,   1,      2.5,   5,    10,    30,   60};

static const char *const type_names[] = {"counter", "gauge", "histogram"};

struct series {
    char label[LABEL_MAX];
    double value; /* histograms: the sum */
    uint64_t count;
    uint64_t buckets[BUCKET_COUNT];
};

struct metric {
    pthread_mutex_t *lock; /* the registry's */
    enum metric_type type;
    char *name, *help;
    struct series *series;
    size_t count;
};

struct metric_registry {
    pthread_mutex_t lock;
    struct metric *metrics[METRICS_MAX];
    size_t count;
};

struct metric_registry *metric_registry_new(void)
{
    struct metric_registry *registry = mem_new(struct metric_registry);

    pthread_mutex_init(&registry->lock, NULL);
    return registry;
}

void metric_registry_free(struct metric_registry *registry)
{
    if (registry == NULL)
        return;
    for (size_t i = 0; i < registry->count; i++) {
        struct metric *metric = registry->metrics[i];

        free(metric->name);
        free(metric->help);
        free(metric->series);
        free(metric);
    }
    pthread_mutex_destroy(&registry->lock);
    free(registry);
}

struct metric *metric_new(struct metric_registry *registry, enum metric_type type, const char *name,
                          const char *help)
{
    struct metric *metric = mem_new(struct metric);

    metric->lock = &registry->lock;
    metric->type = type;
    metric->name = mem_strdup(name);
    metric->help = mem_strdup(help);

    pthread_mutex_lock(&registry->lock);
    if (registry->count == METRICS_MAX)
        abort(); /* metrics are made by the program, never by a request */
    registry->metrics[registry->count++] = metric;
    pthread_mutex_unlock(&registry->lock);
    return metric;
}

/* The series of a label, made when it is new; what is over the bound shares one series. Under the
 * lock. */
static struct series *find_series(struct metric *metric, const char *label)
{
    struct series *fresh;

    for (size_t i = 0; i < metric->count; i++)
        if (strcmp(metric->series[i].label, label) == 0)
            return &metric->series[i];
    if (metric->count == METRIC_LABELS_MAX)
        return find_series(metric, OTHER_LABEL);
    if (metric->count == METRIC_LABELS_MAX - 1)
        label = OTHER_LABEL;

    metric->series = mem_resize(metric->series, metric->count + 1, sizeof(*metric->series));
    fresh = &metric->series[metric->count++];
    *fresh = (struct series){0};
    snprintf(fresh->label, sizeof(fresh->label), "%s", label);
    return fresh;
}

void metric_add(struct metric *metric, const char *label, double value)
{
    pthread_mutex_lock(metric->lock);
    find_series(metric, label)->value += value;
    pthread_mutex_unlock(metric->lock);
}

void metric_set(struct metric *metric, const char *label, double value)
{
    pthread_mutex_lock(metric->lock);
    find_series(metric, label)->value = value;
    pthread_mutex_unlock(metric->lock);
}

void metric_observe(struct metric *metric, const char *label, double seconds)
{
    struct series *series;

    pthread_mutex_lock(metric->lock);
    series = find_series(metric, label);
    series->value += seconds;
    series->count++;
    for (size_t i = 0; i < BUCKET_COUNT; i++)
        if (seconds <= bucket_bounds[i])
            series->buckets[i]++;
    pthread_mutex_unlock(metric->lock);
}

static void write_histogram(const struct metric *metric, const struct series *series,
                            struct buf *out)
{
    const char *comma = series->label[0] ? "," : "";

    for (size_t i = 0; i < BUCKET_COUNT; i++)
        buf_printf(out, "%s_bucket{%s%sle=\"%g\"} %llu\n", metric->name, series->label, comma,
                   bucket_bounds[i], (unsigned long long)series->buckets[i]);
    buf_printf(out, "%s_bucket{%s%sle=\"+Inf\"} %llu\n", metric->name, series->label, comma,
               (unsigned long long)series->count);
    buf_printf(out, "%s_sum{%s} %.9g\n", metric->name, series->label, series->value);
    buf_printf(out, "%s_count{%s} %llu\n", metric->name, series->label,
               (unsigned long long)series->count);
}

static void write_metric(const struct metric *metric, struct buf *out)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name,
               type_names[metric->type]);
    for (size_t i = 0; i < metric->count; i++) {
        const struct series *series = &metric->series[i];

        if (metric->type == METRIC_HISTOGRAM)
            write_histogram(metric, series, out);
        else if (series->label[0] != '\0')
            buf_printf(out, "%s{%s} %.17g\n", metric->name, series->label, series->value);
        else
            buf_printf(out, "%s %.17g\n", metric->name, series->value);
    }
}

static unsigned long long resident_bytes(void)
{
    OWNED_BUF text = BUF_OF(256);
    struct err err;
    unsigned long long total, resident;

    if (file_read("/proc/self/statm", &text, &err) < 0 ||
        sscanf(buf_str(&text), "%llu %llu", &total, &resident) != 2)
        return 0;
    return resident * (unsigned long long)sysconf(_SC_PAGESIZE);
}

static unsigned open_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    unsigned count = 0;

    if (dir == NULL)
        return 0;
    while (readdir(dir) != NULL)
        count++;
    closedir(dir);
    return count - 3; /* ".", ".." and the directory itself */
}

static void write_process(struct buf *out)
{
    struct rusage usage = {0};
    double cpu;

    getrusage(RUSAGE_SELF, &usage);
    cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
          (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    buf_printf(out, "# TYPE process_resident_memory_bytes gauge\n");
    buf_printf(out, "process_resident_memory_bytes %llu\n", resident_bytes());
    buf_printf(out, "# TYPE process_cpu_seconds_total counter\n");
    buf_printf(out, "process_cpu_seconds_total %.2f\n", cpu);
    buf_printf(out, "# TYPE process_open_fds gauge\n");
    buf_printf(out, "process_open_fds %u\n", open_descriptors());
}

void metric_write(struct metric_registry *registry, struct buf *out)
{
    pthread_mutex_lock(&registry->lock);
    for (size_t i = 0; i < registry->count; i++)
        write_metric(registry->metrics[i], out);
    pthread_mutex_unlock(&registry->lock);
    write_process(out);
}
