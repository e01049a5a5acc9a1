/* What a relying party wants, from all that he has in his hands: a policy, the IGVM file that the
 * VM was made from, the record of its image, the manifest that was agreed to. Together they demand
 * what each of them demands; without a policy, what the others say is the policy. */
#ifndef COCOS_CLI_EXPECT_H
#define COCOS_CLI_EXPECT_H

#include "cli/command.h"
#include "lib/attest/policy.h"

/* What a VM must show depends on it, too. */
struct expect_shape {
    const char *platform;      /* of api_platform_names, not auto; NULL: vm */
    uint64_t cpus, memory_mib; /* 0: one, and what the record says */
    bool secure_boot;
};

struct expect_options {
    const char *policy, *policy_key;
    const char *igvm, *image, *manifest;
    struct expect_shape shape; /* the VM's, for --image */
};

extern const struct flag expect_flags[];

/* The policy's document that a release record has for a VM of this shape. Errors: USAGE (no record,
 * a shape that it does not know). */
MUST_USE int expect_image(const char *path, const struct expect_shape *shape, struct json **ret,
                          struct err *err);

/* The policy; NULL when nothing was given. now: when a CoRIM must be valid. Errors: USAGE,
 * UNTRUSTED (a signature; an IGVM file that is no reference). */
MUST_USE int expect_policy(const struct expect_options *options, int64_t now, struct policy **ret,
                           struct err *err);

/* When evidence is judged (--time): now, where nothing was said. Errors: USAGE. */
MUST_USE int expect_time(const char *text, int64_t *ret, struct err *err);

#endif
