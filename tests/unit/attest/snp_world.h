/* For the tests of SNP endorsements: is a world of our own found genuine, and if not, why? */
#ifndef COCOS_TESTS_ATTEST_SNP_WORLD_H
#define COCOS_TESTS_ATTEST_SNP_WORLD_H

#include "tests/unit/attest/judged.h"

#include "tests/fakes/fake_snp.h"

static inline int forget_keys(void **state)
{
    (void)state;
    fake_snp_forget_keys();
    return 0;
}

/* Makes the world as it is now and checks it. */
static inline void check_world(struct fake_snp *world, const char *refusal, const char *words)
{
    struct attest_input in;

    fake_snp_make(world);
    fake_snp_input(world, &in);
    check(&in, refusal, words);
}

#endif
