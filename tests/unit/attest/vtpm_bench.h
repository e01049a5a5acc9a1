/* A machine and what its evidence proves, for tests of what comes after the proof. */
#ifndef COCOS_TESTS_ATTEST_VTPM_BENCH_H
#define COCOS_TESTS_ATTEST_VTPM_BENCH_H

#include "tests/unit/attest/vtpm_make.h"

#include "lib/attest/vtpm_proof.h"

struct bench {
    struct machine machine;
    struct vtpm vtpm;
    struct vtpm_logs logs;
    struct vtpm_proof proof;
    struct verdict verdict;
};

static inline void bench_done(struct bench *b)
{
    machine_done(&b->machine);
    vtpm_done(&b->vtpm);
    verdict_done(&b->verdict);
}
#define OWNED_BENCH __attribute__((cleanup(bench_done))) struct bench

static inline void bench_make(struct bench *b)
{
    *b = (struct bench){0};
    machine_make(&b->machine);
}

/* Reads the machine's evidence, ready to be proven. */
static inline void bench_quote(struct bench *b)
{
    struct machine *m = &b->machine;
    struct err err;

    machine_quote(m, NULL);
    vtpm_done(&b->vtpm);
    assert_ok(vtpm_read_pb(machine_message(m), &b->vtpm, &err));
    b->logs = (struct vtpm_logs){buf_span(&m->tcg), buf_span(&m->ima), buf_span(&m->cel)};
}

static inline void bench_prove(struct bench *b)
{
    verdict_done(&b->verdict);
    verdict_init(&b->verdict, NULL);
    vtpm_prove(&b->vtpm, &b->logs, &b->verdict, &b->proof);
}

static inline size_t bench_count(const struct bench *b, enum finding_id id)
{
    size_t count = 0;

    for (size_t i = 0; i < b->verdict.count; i++)
        count += b->verdict.findings[i].id == id;
    return count;
}

#endif
