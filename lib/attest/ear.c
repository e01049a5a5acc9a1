#include "lib/attest/ear.h"

#include "lib/attest/evidence/jws.h"
#include "lib/base/text.h"

#define CRYPTO_FAILED 99 /* AR4SI, 2.3.3: for every claim */
#define NONCE_MIN     8  /* RFC 9711, 4.1 */
#define NONCE_MAX     64

const char *ear_status_name(enum ear_status status)
{
    switch (status) {
    case EAR_AFFIRMING: return "affirming";
    case EAR_WARNING: return "warning";
    case EAR_CONTRAINDICATED: return "contraindicated";
    case EAR_NONE: break;
    }
    return "none";
}

/* --- the claims of AR4SI --------------------------------------------------------------------- */

enum claim { CLAIM_IDENTITY, CLAIM_HARDWARE, CLAIM_EXECUTABLES, CLAIM_CONFIGURATION, CLAIM_COUNT };

static const char *const claim_names[CLAIM_COUNT] = {"instance-identity", "hardware", "executables",
                                                     "configuration"};

/* What a finding of the policy is about, by the beginning of its id; the rest is configuration. */
static const struct {
    const char *id;
    enum claim claim;
} topics[] = {
    {"snp.tcb.", CLAIM_HARDWARE},
    {"snp.mitigations.", CLAIM_HARDWARE},
    {"snp.chip_id", CLAIM_IDENTITY},
    {"snp.csp_id", CLAIM_IDENTITY},
    {"snp.measurement", CLAIM_EXECUTABLES},
    {"tdx.mrtd", CLAIM_EXECUTABLES},
    {"tdx.rtmr", CLAIM_EXECUTABLES},
    {"tdx.tcb.", CLAIM_HARDWARE},
    {"sgx.mrenclave", CLAIM_EXECUTABLES},
    {"sgx.mrsigner", CLAIM_EXECUTABLES},
    {"tpm.ak", CLAIM_IDENTITY},
    {"tpm.emulated", CLAIM_HARDWARE},
    {"tpm.absent", CLAIM_EXECUTABLES},
    {"tpm.pcr", CLAIM_EXECUTABLES},
    {"tpm.firmware", CLAIM_EXECUTABLES},
    {"sim.simulated", CLAIM_HARDWARE},
    {"dice.mode", CLAIM_CONFIGURATION},
};

static enum claim claim_of(const char *id)
{
    for (size_t i = 0; i < COUNT_OF(topics); i++)
        if (text_starts_with(id, topics[i].id))
            return topics[i].claim;
    return CLAIM_CONFIGURATION;
}

static void judge_claims(const struct verdict *verdict, int values[static CLAIM_COUNT])
{
    bool genuine = verdict_crypto(verdict) == OUTCOME_PASS;

    for (int i = 0; i < CLAIM_COUNT; i++)
        values[i] = genuine ? EAR_AFFIRMING : CRYPTO_FAILED;
    for (size_t i = 0; genuine && i < verdict->count; i++) {
        const struct finding *finding = &verdict->findings[i];
        enum claim claim = claim_of(finding_row(finding->id)->id);
        int value = finding->severity == SEVERITY_ERROR     ? EAR_CONTRAINDICATED
                    : finding->severity == SEVERITY_WARNING ? EAR_WARNING
                                                            : EAR_AFFIRMING;

        if (value > values[claim])
            values[claim] = value;
    }
}

/* A rejection is one, also where no finding is an error of its own. */
static enum ear_status judge_status(const struct verdict *verdict,
                                    const int values[static CLAIM_COUNT])
{
    int worst = EAR_AFFIRMING;

    for (int i = 0; i < CLAIM_COUNT; i++)
        worst = values[i] > worst ? values[i] : worst;
    if (!verdict_accepted(verdict) || worst >= EAR_CONTRAINDICATED)
        return EAR_CONTRAINDICATED;
    return worst >= EAR_WARNING ? EAR_WARNING : EAR_AFFIRMING;
}

/* --- writing --------------------------------------------------------------------------------- */

static struct json *submodule(const struct verdict *verdict, const char *policy_id)
{
    struct json *json = json_new_object(), *vector = json_new_object();
    int values[CLAIM_COUNT];

    judge_claims(verdict, values);
    for (int i = 0; i < CLAIM_COUNT; i++)
        json_set_int(vector, claim_names[i], values[i]);
    json_set_str(json, "ear.status", ear_status_name(judge_status(verdict, values)));
    json_set(json, "ear.trustworthiness-vector", vector);
    if (policy_id[0] != '\0')
        json_set_str(json, "ear.appraisal-policy-id", policy_id);
    return json;
}

/* One for each kind of evidence that there was; one of no name for what was not recognised. */
static struct json *submodules(const struct verdict *verdict, struct span policy)
{
    OWNED_BUF policy_id = BUF_OF(128);
    struct json *json = json_new_object();
    uint8_t digest[SHA256_SIZE];
    char hex[2 * SHA256_SIZE + 1];

    if (policy.len > 0) {
        digest_of(DIGEST_SHA256, policy, digest);
        text_hex(digest, sizeof(digest), hex);
        buf_printf(&policy_id, "sha-256:%s", hex);
    }
    for (int i = 0; i < KIND_COUNT; i++)
        if (json_get(verdict->claims, attest_kind_names[i]) != NULL)
            json_set(json, attest_kind_names[i], submodule(verdict, buf_str(&policy_id)));
    if (json_count(json) == 0)
        json_set(json, "unknown", submodule(verdict, buf_str(&policy_id)));
    return json;
}

static struct json *verifier_id(const char *build)
{
    struct json *json = json_new_object();

    json_set_str(json, "developer", EAR_DEVELOPER);
    json_set_str(json, "build", build);
    return json;
}

int ear_write(const struct verdict *verdict, const struct ear_context *context,
              const struct key *key, struct buf *out, struct err *err)
{
    OWNED_JSON *claims = json_new_object();
    OWNED_BUF nonce = BUF_OF(2 * NONCE_MAX);

    if (key_type_of(key) != KEY_P256 && key_type_of(key) != KEY_P384)
        return err_set(err, ERR_INPUT, "ear: sign with a P-256 or P-384 key, not %s",
                       key_type_names[key_type_of(key)]);
    json_set_str(claims, "eat_profile", EAR_PROFILE);
    json_set_int(claims, "iat", context->now);
    json_set(claims, "ear.verifier-id", verifier_id(context->build));
    if (context->nonce.len >= NONCE_MIN && context->nonce.len <= NONCE_MAX) {
        text_encode_base64url(context->nonce, &nonce);
        json_set_str(claims, "eat_nonce", buf_str(&nonce));
    }
    json_set(claims, "submods", submodules(verdict, context->policy));
    return jws_sign(claims, "JWT", key, out, err);
}

/* --- reading --------------------------------------------------------------------------------- */

void ear_done(struct ear *ear)
{
    json_free(ear->claims);
    *ear = (struct ear){0};
}

static int take_status(const struct json *submodule, enum ear_status *ret, struct err *err)
{
    static const enum ear_status all[] = {EAR_NONE, EAR_AFFIRMING, EAR_WARNING,
                                          EAR_CONTRAINDICATED};
    const char *status = json_get_str(submodule, "ear.status");

    for (size_t i = 0; status != NULL && i < COUNT_OF(all); i++) {
        if (strcmp(status, ear_status_name(all[i])) != 0)
            continue;
        *ret = all[i];
        return 0;
    }
    return err_set(err, ERR_INPUT, "ear: a submodule has no status that is known");
}

/* "none" says that nothing was looked at, which is worse than a warning. */
static int rank(enum ear_status status)
{
    return status == EAR_NONE ? EAR_WARNING + 1 : (int)status;
}

static int take_submodules(const struct json *claims, enum ear_status *ret, struct err *err)
{
    const struct json *submods = json_get(claims, "submods"), *submodule;
    const char *name = NULL;

    *ret = EAR_NONE;
    for (bool first = true; (submodule = json_next(submods, &name)) != NULL; first = false) {
        enum ear_status status;

        if (take_status(submodule, &status, err) < 0)
            return -1;
        if (first || rank(status) > rank(*ret))
            *ret = status;
    }
    return 0;
}

static int take_claims(struct json *claims, struct ear *ear, struct err *err)
{
    const char *profile = json_get_str(claims, "eat_profile");
    const struct json *issued = json_get(claims, "iat");

    if (profile == NULL || strcmp(profile, EAR_PROFILE) != 0)
        return err_set(err, ERR_INPUT, "ear: a token of another profile");
    if (json_kind_of(issued) != JSON_KIND_INTEGER)
        return err_set(err, ERR_INPUT, "ear: it does not say when it was issued");
    ear->issued = json_int(issued);
    return take_submodules(claims, &ear->status, err);
}

int ear_read(struct span token, const struct key *key, struct ear *ret, struct err *err)
{
    OWNED_JWS jws = {0};
    OWNED_JSON *claims = NULL;
    struct ear ear = {0};

    if (jws_parse(token, &jws, err) < 0 || jws_verify(&jws, key, jws_alg_of(key), err) < 0 ||
        json_parse(buf_span(&jws.payload), &claims, err) < 0)
        return err_wrap(err, "ear");
    if (take_claims(claims, &ear, err) < 0)
        return -1;
    ear.claims = GIVE(claims);
    *ret = ear;
    return 0;
}
