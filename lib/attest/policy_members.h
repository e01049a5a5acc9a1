/* What every member of a policy is and means, one row each: how it stands in a CoRIM
 * (reference/corim_policy.c), and what it means for two policies to differ in it (policy_diff.c).
 *
 * The types and bounds of members are in policy_table.c; a test holds the two tables together. */
#ifndef COCOS_ATTEST_POLICY_MEMBERS_H
#define COCOS_ATTEST_POLICY_MEMBERS_H

#include "lib/attest/policy.h"

/* What a value is, beyond its JSON type. */
enum policy_form {
    FORM_DIGEST,   /* hex of a digest, whose length tells its algorithm */
    FORM_REGISTER, /* the same, and it is register `index` of its part */
    FORM_BYTES,    /* hex of other bytes */
    FORM_TEXT,     /**/
    FORM_FLAG,     /**/
    FORM_NUMBER,   /* equals */
    FORM_LEAST,    /* a number, and more will do */
    FORM_MASK,     /* 64 bits: a number or "0x..." */
    FORM_CERT,     /* PEM */
    FORM_KEY,      /* PEM */
    FORM_PCRS,     /* {"sha256": {"4": digests}} */
};

/* What a change of it does to what is accepted. */
enum policy_sense {
    SENSE_ALTERNATIVES, /* one of them must match; absent: anything does */
    SENSE_REFERENCE,    /* the same; absent: nothing does, unless it is waived */
    SENSE_PERMISSIONS,  /* each lets more through; absent: none of them */
    SENSE_LEAST,        /* more is stricter; absent: 0 */
    SENSE_MOST,         /* more is laxer */
    SENSE_BITS,         /* each bit is a demand */
    SENSE_DEMAND,       /* true is stricter */
    SENSE_PERMIT,       /* true is laxer */
};

struct policy_member {
    const char *part; /* "snp"; "" for the whole */
    const char *name; /* "measurement", "min_tcb.bl" */
    enum policy_form form;
    enum policy_sense sense;
    bool many;          /* a list of alternatives */
    unsigned index;     /* FORM_REGISTER */
    const char *absent; /* the value that absence stands for; NULL: none */
    const char *words;  /* what it is, for a sentence: "the launch measurement" */
};

extern const struct policy_member policy_members[]; /* ended by one without a part */

/* The value of a member in a policy's document; NULL when it is absent, which null, [] and {} are
 * too. */
const struct json *policy_member_get(const struct json *document,
                                     const struct policy_member *member);

/* What absence of a member stands for; NULL when that is no value. Owned by the caller. */
struct json *policy_member_default(const struct policy_member *member);

/* Sets the value of a member, or adds it to its list. value is taken over. False (and value is
 * freed) when it has a value and is no list. */
bool policy_member_add(struct json *document, const struct policy_member *member,
                       struct json *value);

/* Sets the value of a member, whatever was there. value is taken over. */
void policy_member_set(struct json *document, const struct policy_member *member,
                       struct json *value);

/* How many values there are (a single one is a list of one), and one of them. */
size_t policy_values_count(const struct json *value);
const struct json *policy_values_at(const struct json *value, size_t index);
/* True when the value is among them; texts and numbers. */
bool policy_values_have(const struct json *values, const struct json *value);

/* The values of one register in a document of banks, {"sha256": {"4": digests}}; NULL when absent.
 */
const struct json *policy_pcr_values(const struct json *pcrs, const char *bank, const char *index);

/* True when a document speaks of a part: it names it, or names none. "" is always spoken of. */
bool policy_names_part(const struct json *document, const char *part);

#endif
