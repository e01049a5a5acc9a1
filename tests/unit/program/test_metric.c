#include "tests/unit/unit.h"

#include "lib/program/metric.h"

static void has_line(const struct buf *out, const char *line)
{
    OWNED(free_str) char *whole = mem_printf("%s\n", line);

    if (strstr(buf_str(out), whole) == NULL)
        fail_msg("no line '%s' in:\n%s", line, buf_str(out));
}

static void each_type_is_written_in_its_form(void **state)
{
    OWNED_OF(metric_registry) *registry = metric_registry_new();
    struct metric *counter = metric_new(registry, METRIC_COUNTER, "c_total", "Counts.");
    struct metric *gauge = metric_new(registry, METRIC_GAUGE, "g", "Measures.");
    struct metric *times = metric_new(registry, METRIC_HISTOGRAM, "h_seconds", "Times.");
    OWNED_BUF out = BUF_OF(64 * KIB);

    (void)state;
    metric_add(counter, "op=\"a\"", 1);
    metric_add(counter, "op=\"a\"", 2);
    metric_set(gauge, "", 2.5);
    metric_observe(times, "", 0.02);
    metric_observe(times, "", 100);
    metric_write(registry, &out);

    has_line(&out, "# TYPE c_total counter");
    has_line(&out, "c_total{op=\"a\"} 3");
    has_line(&out, "g 2.5");
    has_line(&out, "h_seconds_bucket{le=\"0.01\"} 0");
    has_line(&out, "h_seconds_bucket{le=\"0.025\"} 1");
    has_line(&out, "h_seconds_bucket{le=\"+Inf\"} 2");
    has_line(&out, "h_seconds_count{} 2");
    assert_non_null(strstr(buf_str(&out), "process_resident_memory_bytes "));
}

static void labels_are_bounded(void **state)
{
    OWNED_OF(metric_registry) *registry = metric_registry_new();
    struct metric *counter = metric_new(registry, METRIC_COUNTER, "c_total", "Counts.");
    OWNED_BUF out = BUF_OF(1 * MIB);

    (void)state;
    for (int i = 0; i < 3 * METRIC_LABELS_MAX; i++) {
        char label[32];

        snprintf(label, sizeof(label), "n=\"%d\"", i);
        metric_add(counter, label, 1);
    }
    metric_write(registry, &out);
    has_line(&out, "c_total{n=\"0\"} 1");
    has_line(&out, "c_total{other=\"true\"} 513");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_is_written_in_its_form),
        cmocka_unit_test(labels_are_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
