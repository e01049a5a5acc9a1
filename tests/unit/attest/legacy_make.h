/* What an agent answers a client of the first agents' protocol, for tests: bundle_make.h's agent,
 * whose transcript is of kind "legacy". */
#ifndef COCOS_TESTS_ATTEST_LEGACY_MAKE_H
#define COCOS_TESTS_ATTEST_LEGACY_MAKE_H

#include "tests/unit/attest/bundle_make.h"

#include "lib/attest/evidence/legacy_eat.h"

/* What the caller of these tests asks for. */
static inline struct legacy_demand legacy_question(void)
{
    struct legacy_demand demand;
    struct err err;

    assert_ok(legacy_demand_set(span_of_str("report data"), span_of_str("nonce"), &demand, &err));
    return demand;
}

/* An agent whose server's key is this one, and which is asked that. */
static inline void legacy_agent_make(struct agent *a, const struct key *server)
{
    struct legacy_demand demand = legacy_question();
    uint8_t digest[SHA256_SIZE];

    agent_make(a);
    a->transcript.kind = TRANSCRIPT_LEGACY;
    a->transcript.has[TRANSCRIPT_EXPORTER] = a->transcript.has[TRANSCRIPT_CLIENT] = false;
    key_identity(server, digest);
    transcript_set(&a->transcript, TRANSCRIPT_SERVER, digest);
    legacy_nonce(&demand, digest);
    transcript_set(&a->transcript, TRANSCRIPT_NONCE, digest);
    buf_reset(&a->machine.ima);
    transcript_hash_logs(&(struct transcript_logs){.cel = buf_span(&a->machine.cel)}, digest);
    transcript_set(&a->transcript, TRANSCRIPT_LOGS, digest);
}

/* Signs, and writes the token. */
static inline void legacy_agent_answer(struct agent *a, const struct key *key)
{
    OWNED_BUNDLE bundle = {0};
    struct legacy_answer answer = {.demand = legacy_question(), .issued = FAKE_SNP_NOW};
    struct err err;

    agent_sign(a);
    agent_write(a);
    assert_ok(bundle_parse(buf_span(&a->text), &bundle, &err));
    answer.bundle = &bundle;
    buf_reset(&a->text);
    assert_ok(legacy_eat_write(&answer, key, &a->text, &err));
}

#endif
