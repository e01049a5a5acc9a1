/* The classes of environment of our profile: one for each part of a policy, and one for what is
 * outside the parts. For corim_from_policy.c and corim_to_policy.c. */
#ifndef COCOS_ATTEST_REFERENCE_CORIM_CLASS_H
#define COCOS_ATTEST_REFERENCE_CORIM_CLASS_H

#include "lib/attest/policy_members.h"
#include "lib/attest/reference/corim_policy.h"

#define CORIM_CLASS_VENDOR "cocos"

/* Keys of measurements that hold registers, and of the one that only says that a part is there. */
#define CORIM_KEY_PCRS  "pcrs"
#define CORIM_KEY_RTMRS "rtmrs"
#define CORIM_KEY_PART  "accepted"

struct corim_part {
    const char *part; /* "snp"; "" for the whole */
    const char *model;
    uint8_t uuid[CORIM_UUID_SIZE];
};

extern const struct corim_part corim_parts[]; /* ended by one without a part */

/* The part of a name, or of a class id; NULL when there is none. */
const struct corim_part *corim_part_find(const char *part);
const struct corim_part *corim_part_of(struct span uuid);

/* The registry's number for a digest of that length; 0 when it has none. */
int64_t corim_digest_id(size_t len);
/* The length of a digest of that number; 0 for numbers that are not known here. */
size_t corim_digest_len(int64_t id);

/* Banks of PCRs that a CoRIM can name. */
struct corim_bank {
    const char *name;
    int64_t id;
};
extern const struct corim_bank corim_banks[]; /* ended by one without a name */

#endif
