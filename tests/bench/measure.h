/* For benchmarks in C: how long one thing takes as a multiple of another, measured turn by turn, so
 * that whatever else the machine does meets both. What is counted is the processor's time of this
 * thread: what is measured waits for nobody, and so neither does a turn that was interrupted count
 * for more. */
#ifndef COCOS_TESTS_BENCH_MEASURE_H
#define COCOS_TESTS_BENCH_MEASURE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#ifndef MEASURE_TURNS
#define MEASURE_TURNS 301
#endif

struct measured {
    double ours_us, bare_us; /* medians */
};

/* What is timed; ends the program itself when it fails: a benchmark of failures says nothing. */
typedef void measure_fn(void *ctx);

static inline double measure_once(measure_fn *fn, void *ctx)
{
    struct timespec from, to;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    fn(ctx);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return (double)(to.tv_sec - from.tv_sec) * 1e6 + (double)(to.tv_nsec - from.tv_nsec) / 1e3;
}

static inline int measure_compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;

    return (left > right) - (left < right);
}

static inline struct measured measure(measure_fn *ours, measure_fn *bare, void *ctx)
{
    static double times[2][MEASURE_TURNS];

    for (int i = 0; i < MEASURE_TURNS; i++) {
        times[0][i] = measure_once(ours, ctx);
        times[1][i] = measure_once(bare, ctx);
    }
    for (int i = 0; i < 2; i++)
        qsort(times[i], MEASURE_TURNS, sizeof(double), measure_compare);
    return (struct measured){times[0][MEASURE_TURNS / 2], times[1][MEASURE_TURNS / 2]};
}

/* The row of tests/bench/run. */
static inline void measure_print(const char *what, struct measured m, double limit)
{
    printf("%s\t%.2f x (%.0f us / %.0f us)\t<= %.1f x\n", what, m.ours_us / m.bare_us, m.ours_us,
           m.bare_us, limit);
}

#endif
