#include "lib/attest/endorsement/ak_binding.h"

#include "lib/attest/endorsement/ek_chain.h"

const char *const ak_binding_names[] = {
    [AK_UNBOUND] = "none",          [AK_PINNED] = "policy", [AK_REPORTED] = "report",
    [AK_CREDENTIAL] = "credential", [AK_GUEST] = "guest",   [AK_EMULATED] = "emulated",
};

/* A key may be named by its TPM structure, or by itself where that structure is not at hand. */
static bool is_ak(const struct vtpm *vtpm, struct span sha256)
{
    return span_equal(sha256, SPAN_OF_ARRAY(vtpm->ak_spki)) ||
           (vtpm->has_public && span_equal(sha256, SPAN_OF_ARRAY(vtpm->ak_tpmt)));
}

static bool is_pinned(const struct vtpm *vtpm, const struct json_strings *values)
{
    return policy_allows_hex(values, SPAN_OF_ARRAY(vtpm->ak_spki)) ||
           (vtpm->has_public && policy_allows_hex(values, SPAN_OF_ARRAY(vtpm->ak_tpmt)));
}

static bool is_reported(const struct vtpm *vtpm, const struct attest_case *c, bool guests_word)
{
    for (size_t i = 0; i < c->bound_count; i++)
        if (c->bound[i].guests_word == guests_word &&
            is_ak(vtpm, SPAN_OF_ARRAY(c->bound[i].sha256)))
            return true;
    return false;
}

/* --- the credential challenge ---------------------------------------------------------------- */

static bool has_name(const struct vtpm *vtpm, struct span name)
{
    uint8_t own[TPM_NAME_SIZE_MAX];
    struct err unused;
    size_t len;

    return vtpm->has_public && tpm_public_name(&vtpm->ak_public, own, &len, &unused) == 0 &&
           span_equal(span_of(own, len), name);
}

/* An SVSM names the endorsement key of its vTPM in its report. */
static bool ek_is_reported(const struct tpm_public *ek, const struct attest_case *c)
{
    uint8_t sha256[SHA256_SIZE];

    digest_of(DIGEST_SHA256, ek->raw, sha256);
    for (size_t i = 0; i < c->bound_count; i++)
        if (!c->bound[i].guests_word &&
            span_equal(SPAN_OF_ARRAY(c->bound[i].sha256), SPAN_OF_ARRAY(sha256)))
            return true;
    return false;
}

static int check_credential(const struct vtpm *vtpm, const struct attest_case *c, struct err *err)
{
    const struct attest_credential *credential = c->in->credential;
    const struct ek_sources from = {
        .certificate = credential->ek_certificate,
        .chain = c->in->chain,
        .roots = c->policy != NULL ? &c->policy->vtpm.ek_root : NULL,
        .now = c->in->now,
    };
    struct tpm_public ek_public;
    OWNED_KEY *ek = NULL;

    if (!has_name(vtpm, credential->ak_name))
        return err_set(err, ERR_UNTRUSTED, "the challenge was answered for another key");
    if (tpm_public_parse(credential->ek, &ek_public, err) < 0)
        return -1;
    if (ek_is_reported(&ek_public, c))
        return 0;
    if (credential->ek_certificate.len == 0)
        return err_set(err, ERR_UNTRUSTED, "nobody vouches for the endorsement key");
    if (tpm_public_key(&ek_public, &ek, err) < 0)
        return -1;
    return ek_chain_check(&from, ek, err);
}

static bool is_shown(const struct vtpm *vtpm, const struct attest_case *c)
{
    struct finding *finding;
    struct err err;

    if (c->in->credential == NULL)
        return false;
    if (check_credential(vtpm, c, &err) == 0) {
        verdict_pass(c->verdict, FINDING_TPM_CREDENTIAL);
        return true;
    }
    finding = verdict_add(c->verdict, FINDING_TPM_CREDENTIAL);
    finding_expect(finding, "an endorsement key of a TPM that the policy or the platform vouches "
                            "for, and this attestation key beside it");
    finding_got(finding, "%s", err.text);
    return false;
}

/* --- the face -------------------------------------------------------------------------------- */

/* The challenge was for an endorsement key that the platform itself names. */
static bool is_platforms_own(const struct attest_case *c)
{
    struct tpm_public ek;
    struct err unused;

    return tpm_public_parse(c->in->credential->ek, &ek, &unused) == 0 && ek_is_reported(&ek, c);
}

/* See the header. */
static bool is_taken_unbound(const struct vtpm *vtpm, const struct attest_case *c)
{
    const struct policy_vtpm *policy = c->policy != NULL ? &c->policy->vtpm : NULL;

    return policy != NULL && policy->emulated && policy->ak_sha256.count == 0 &&
           policy->ek_root.count == 0 && vtpm_is_emulated(vtpm);
}

static enum ak_binding find(const struct vtpm *vtpm, const struct attest_case *c)
{
    bool shown = is_shown(vtpm, c); /* looked at in any case: what is offered must hold */

    if (is_reported(vtpm, c, false))
        return AK_REPORTED;
    if (shown)
        return is_platforms_own(c) ? AK_REPORTED : AK_CREDENTIAL;
    if (c->policy != NULL && is_pinned(vtpm, &c->policy->vtpm.ak_sha256))
        return AK_PINNED;
    if (is_reported(vtpm, c, true))
        return AK_GUEST;
    return is_taken_unbound(vtpm, c) ? AK_EMULATED : AK_UNBOUND;
}

bool ak_is_reported(const struct vtpm *vtpm, const struct attest_case *c)
{
    return is_reported(vtpm, c, false) || is_reported(vtpm, c, true);
}

enum ak_binding ak_binding_find(const struct vtpm *vtpm, const struct attest_case *c)
{
    enum ak_binding binding = find(vtpm, c);
    struct finding *finding =
        verdict_check(c->verdict, FINDING_TPM_AK_UNBOUND, binding != AK_UNBOUND);

    if (binding == AK_EMULATED)
        finding_got(verdict_add(c->verdict, FINDING_TPM_AK_EMULATED),
                    "a key that nobody vouches for");
    if (finding != NULL) {
        finding_expect(finding, "a key that the policy names, that a proven report names, or that "
                                "answered a credential challenge");
        finding_got_hex(finding, vtpm->has_public ? SPAN_OF_ARRAY(vtpm->ak_tpmt)
                                                  : SPAN_OF_ARRAY(vtpm->ak_spki));
    }
    return binding;
}
