/* For the tests of TDX and SGX: is a world of our own found genuine and accepted, and if not, why?
 */
#ifndef COCOS_TESTS_ATTEST_TDX_WORLD_H
#define COCOS_TESTS_ATTEST_TDX_WORLD_H

#include "tests/unit/attest/judged.h"

#include "tests/fakes/fake_tdx.h"

static inline int forget_keys(void **state)
{
    (void)state;
    fake_tdx_forget_keys();
    return 0;
}

/* Makes the world as it is now, and checks whether it is genuine. */
static inline void check_world(struct fake_tdx *world, const char *refusal, const char *words)
{
    struct attest_input in;

    fake_tdx_make(world);
    fake_tdx_input(world, &in);
    check(&in, refusal, words);
}

/* Judges the world, as it was made, by a policy's text. */
static inline void check_policy(struct fake_tdx *world, const char *text, const char *refusal,
                                const char *words)
{
    OWNED_POLICY *policy = NULL;
    struct attest_input in;
    struct err err;

    assert_ok(policy_load(span_of_str(text), &policy, &err));
    fake_tdx_input(world, &in);
    in.policy = policy;
    check_accepted(&in, refusal, words);
}

/* A world that is in order, made. */
static inline void make_world(struct fake_tdx *world, enum fake_tdx_kind kind)
{
    fake_tdx_start(world, kind);
    fake_tdx_make(world);
}

#endif
