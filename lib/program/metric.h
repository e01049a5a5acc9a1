/* Counters, gauges and histograms, exposed as Prometheus text (format 0.0.4). */
#ifndef COCOS_PROGRAM_METRIC_H
#define COCOS_PROGRAM_METRIC_H

#include "lib/base/buf.h"

#include <stdint.h>

/* Metrics live in a registry that a program makes once. All functions are thread-safe. label is one
 * `name="value"` list without braces, or "" for none; the number of different labels of one metric
 * is bounded at METRIC_LABELS_MAX, what is over it is counted under other="true". */
#define METRIC_LABELS_MAX 256

struct metric_registry;
struct metric;

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_registry *metric_registry_new(void);
void metric_registry_free(struct metric_registry *registry);
DEFINE_OWNED(metric_registry)

/* name and help are copied. Histograms are of seconds with fixed buckets from 1 ms to 60 s. */
struct metric *metric_new(struct metric_registry *registry, enum metric_type type, const char *name,
                          const char *help);

void metric_add(struct metric *metric, const char *label, double value); /* counters, gauges */
void metric_set(struct metric *metric, const char *label, double value); /* gauges */
void metric_observe(struct metric *metric, const char *label, double seconds); /* histograms */

/* The whole registry as text, and the process's own figures (resident bytes, CPU seconds,
 * descriptors). */
void metric_write(struct metric_registry *registry, struct buf *out);

#endif
