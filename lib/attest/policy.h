/* The policy: what a relying party accepts. JSON, schema in docs/policy.md, one version.
 *
 * A member that is present is always checked, whatever else is waived. Where a list may stand, a
 * single value may stand for a list of one; null, [] and {} are the same as absence. What must be
 * there and is absent refuses, unless `waive` excuses exactly that absence. Reference values are
 * alternatives: one of the list must match.
 *
 * Digests are kept as lower-case hex, checked for length when the policy is read;
 * policy_allows_hex() compares. */
#ifndef COCOS_ATTEST_POLICY_H
#define COCOS_ATTEST_POLICY_H

#include "lib/crypto/digest.h"
#include "lib/json/table.h"

#define POLICY_MAX (1 * MIB) /* bytes of a policy's text that callers should read at most */

enum waiver {
    WAIVE_FRESHNESS,   /* no challenge was given */
    WAIVE_MEASUREMENT, /* no launch measurement in the policy */
    WAIVE_MIN_TCB,     /* no minimum TCB in the policy */
    WAIVE_PEI,         /* no PEI digests in the policy */
    WAIVE_CRL,         /* no revocation list was given */
    WAIVE_COLLATERAL,  /* no TDX or SGX collateral was given */
    WAIVER_COUNT
};

/* Kinds of evidence, which are also the names of the policy's parts. */
enum attest_kind { KIND_SNP, KIND_TDX, KIND_SGX, KIND_VTPM, KIND_DICE, KIND_SIM, KIND_COUNT };

extern const char *const waiver_names[WAIVER_COUNT + 1];    /* NULL-terminated */
extern const char *const attest_kind_names[KIND_COUNT + 1]; /* NULL-terminated */

/* A number that is absent. */
#define POLICY_UNSET UINT32_MAX

struct policy_tcb {
    uint32_t fmc, bl, tee, snp, ucode; /* 0 to 255, or POLICY_UNSET */
};

/* A mask of mitigations that must all be there. */
struct policy_mask {
    bool present;
    uint64_t bits;
};

struct policy_snp {
    struct json_strings measurement; /* 48 bytes each */
    struct json_bytes report_data;   /* 64 bytes */
    struct json_strings host_data;   /* 32 bytes each */
    uint32_t vmpl;                   /* 0 unless the policy says otherwise */
    struct policy_tcb min_tcb, min_committed_tcb, min_launch_tcb;
    struct json_strings chip_id; /* 64 bytes each, or the 8 that Turin has */
    struct json_strings csp_id;  /* text, "CN=cc-us-east-2.amazonaws.com" */
    struct json_strings id_key_digest, author_key_digest; /* 48 bytes each */
    bool require_no_smt, require_alias_check, require_ciphertext_hiding;
    struct json *min_current_mit_vector, *min_launch_mit_vector; /* as written: "0x3" or 3 */
    struct policy_mask current_mit, launch_mit;                  /* the same, read */
};

struct policy_tdx {
    struct json_strings mrtd, rtmr0, rtmr1, rtmr2, rtmr3;           /* 48 bytes each */
    struct json_strings mrconfigid, mrowner, mrownerconfig, mrseam; /* 48 bytes each */
    struct json_bytes min_tee_tcb_svn;                              /* 16 bytes */
    struct json_strings tcb_status;                                 /* never empty: "UpToDate" */
    bool tcb_status_given;                                          /* it is not the default */
    uint32_t min_tcb_evaluation_number;                             /* or POLICY_UNSET */
    struct json_strings allow_advisories;                           /* "INTEL-SA-00837" */
};

struct policy_sgx {
    struct json_strings mrenclave, mrsigner; /* 32 bytes each */
    struct json_strings tcb_status;          /* never empty: "UpToDate" */
    bool tcb_status_given;                   /* it is not the default */
};

/* The accepted values of one PCR. */
struct policy_pcr {
    enum digest_alg bank;
    unsigned index; /* 0 to 23 */
    struct json_strings digests;
};

struct policy_vtpm {
    struct json *pcrs; /* as written */
    struct policy_pcr *pcr;
    size_t pcr_count;
    struct json_strings pei_digests;   /* 20, 32 or 48 bytes each */
    struct json_strings initrd_sha256; /* 32 bytes each */
    struct json_strings ak_sha256;     /* 32 bytes each */
    struct json *ek_roots;             /* as written; a list */
    struct json_strings ek_root;       /* PEM certificates */
    bool emulated;
};

struct policy_dice {
    bool required;
};

struct policy_sim {
    char *root; /* PEM public key, or NULL */
};

struct policy {
    uint32_t version;
    struct json_strings waive;     /* as written; see waives */
    struct json_strings platforms; /* as written; see policy_accepts_platform() */
    struct json_bytes manifest_sha256, config_sha256;
    uint32_t max_manifests; /* 1 unless the policy says otherwise */
    struct policy_snp snp;
    struct policy_tdx tdx;
    struct policy_sgx sgx;
    struct policy_vtpm vtpm;
    struct policy_dice dice;
    struct policy_sim sim;

    bool waives[WAIVER_COUNT];
    bool named[KIND_COUNT]; /* the parts that are there */
};

extern const struct json_table policy_table;

void policy_free(struct policy *policy);
DEFINE_OWNED(policy)
#define OWNED_POLICY OWNED_OF(policy)

/* Reads the text of a policy. Unknown members, duplicates, wrong types, digests of a wrong length
 * and unknown waivers are refused. Errors: MALFORMED, INPUT with a pointer. */
MUST_USE int policy_load(struct span text, struct policy **ret, struct err *err);
/* The same from a document. Errors: INPUT with a pointer. */
MUST_USE int policy_decode(const struct json *written, struct policy **ret, struct err *err);

/* True when the values have the bytes among them. */
bool policy_allows_hex(const struct json_strings *values, struct span bytes);
/* True when the values have the text among them. */
bool policy_allows_text(const struct json_strings *values, struct span text);

/* True when evidence of this kind is spoken of: its part is named, or no part is. */
bool policy_accepts_kind(const struct policy *policy, enum attest_kind kind);
/* True when the platform is in `platforms`, or there is no such list. */
bool policy_accepts_platform(const struct policy *policy, enum attest_kind platform);
/* True when the policy names at least one component. */
bool policy_tcb_named(const struct policy_tcb *tcb);

/* Reads a mask of 64 bits: a number or "0x...". Errors: INPUT. */
MUST_USE int policy_read_mask(const struct json *json, uint64_t *ret, struct err *err);

/* "a, b or c" for messages, at most a few of them. Appended to out. */
void policy_write_values(const struct json_strings *values, struct buf *out);

#endif
