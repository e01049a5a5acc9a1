/* Tokens and who validates them, for tests. */
#ifndef COCOS_TESTS_ATTEST_TOKEN_MAKE_H
#define COCOS_TESTS_ATTEST_TOKEN_MAKE_H

#include "tests/unit/unit.h"

#include "lib/attest/attest.h"
#include "lib/attest/evidence/jws.h"

#define TOKEN_NOW 1700000000

#define HEX4(b)  b b b b
#define HEX16(b) HEX4(b) HEX4(b) HEX4(b) HEX4(b)
#define HEX48(b) HEX16(b) HEX16(b) HEX16(b)

/* Claims of Azure's attestation service about an SNP machine, and about a TD; more: members to
 * begin with. */
/* clang-format off */
#define MAA_COMMON(more, type)                                                                     \
    "{" more "\"iss\":\"https://maa\",\"exp\":1700000900,\"nbf\":1699999000,\"iat\":1699999000,"   \
    "\"x-ms-attestation-type\":\"" type "\","                                                      \
    "\"x-ms-runtime\":{\"client-payload\":{\"nonce\":\"b3VyIGNoYWxsZW5nZQ==\"}},"
#define MAA_SNP_(name) "\"x-ms-sevsnpvm-" name "\":"
#define MAA_CLAIMS(more)                                                                           \
    MAA_COMMON(more, "sevsnpvm")                                                                   \
    MAA_SNP_("authorkeydigest") "\"" HEX48("00") "\","                                              \
    MAA_SNP_("bootloader-svn") "3,"                                                                 \
    MAA_SNP_("familyId") "\"" HEX16("01") "\","                                                     \
    MAA_SNP_("guestsvn") "4,"                                                                       \
    MAA_SNP_("hostdata") "\"" HEX16("00") HEX16("00") "\","                                         \
    MAA_SNP_("idkeydigest") "\"" HEX48("22") "\","                                                  \
    MAA_SNP_("imageId") "\"" HEX16("02") "\","                                                      \
    MAA_SNP_("is-debuggable") "false,"                                                              \
    MAA_SNP_("launchmeasurement") "\"" HEX48("89") "\","                                            \
    MAA_SNP_("microcode-svn") "115,"                                                                \
    MAA_SNP_("migration-allowed") "false,"                                                          \
    MAA_SNP_("reportdata") "\"" HEX48("9b") HEX16("00") "\","                                       \
    MAA_SNP_("reportid") "\"" HEX16("33") HEX16("33") "\","                                         \
    MAA_SNP_("smt-allowed") "true,"                                                                 \
    MAA_SNP_("snpfw-svn") "8,"                                                                      \
    MAA_SNP_("tee-svn") "0,"                                                                        \
    MAA_SNP_("vmpl") "0}"
#define MAA_TDX_(name, value) "\"tdx_" name "\":\"" value "\","
#define MAA_TDX_CLAIMS(more)                                                                       \
    MAA_COMMON(more, "tdxvm")                                                                      \
    MAA_TDX_("mrtd", HEX48("d7"))                                                                   \
    MAA_TDX_("mrconfigid", HEX48("00"))                                                             \
    MAA_TDX_("mrowner", HEX48("00"))                                                                \
    MAA_TDX_("mrownerconfig", HEX48("00"))                                                          \
    MAA_TDX_("mrseam", HEX48("5e"))                                                                 \
    MAA_TDX_("mrsignerseam", HEX48("00"))                                                           \
    MAA_TDX_("rtmr0", HEX48("10"))                                                                  \
    MAA_TDX_("rtmr1", HEX48("11"))                                                                  \
    MAA_TDX_("rtmr2", HEX48("12"))                                                                  \
    MAA_TDX_("rtmr3", HEX48("13"))                                                                  \
    MAA_TDX_("report_data", HEX48("9b") HEX16("00"))                                                \
    MAA_TDX_("seam_attributes", "0000000000000000")                                                 \
    MAA_TDX_("td_attributes", "0000001000000000")                                                   \
    MAA_TDX_("tee_tcb_svn", "0501" "06000000000000000000000000" "00")                               \
    MAA_TDX_("xfam", "e718060000000000")                                                            \
    "\"attester_tcb_status\":\"UpToDate\"}"
/* clang-format on */

struct token_scene {
    struct key *key;
    struct buf pem, text;
    const char *policy;
    struct attest_input in;
    struct verdict verdict;
};

static inline void token_scene_done(struct token_scene *s)
{
    key_free(s->key);
    buf_done(&s->pem);
    buf_done(&s->text);
    verdict_done(&s->verdict);
}
#define OWNED_TOKEN_SCENE __attribute__((cleanup(token_scene_done))) struct token_scene

static inline void token_scene_make(struct token_scene *s, enum key_type type)
{
    struct err err;

    *s = (struct token_scene){.pem = BUF_OF(8 * KIB),
                              .text = BUF_OF(1 * MIB),
                              .policy = "{\"version\":1,\"waive\":[\"min_tcb\",\"crl\"],"
                                        "\"snp\":{\"measurement\":\"" HEX48("89") "\"}}",
                              .in = {.nonce = span_of_str("our challenge"), .now = TOKEN_NOW}};
    assert_ok(key_generate(type, 0, &s->key, &err));
    key_write_public_pem(s->key, &s->pem);
    s->in.key = buf_span(&s->pem);
}

/* Signs a JWT of these claims, which are JSON text. */
static inline void token_scene_sign(struct token_scene *s, const char *claims)
{
    OWNED_JSON *json = NULL;
    struct err err;

    assert_ok(json_parse(span_of_str(claims), &json, &err));
    buf_reset(&s->text);
    assert_ok(jws_sign(json, "JWT", s->key, &s->text, &err));
}

static inline bool token_scene_found(const struct token_scene *s, enum finding_id id)
{
    for (size_t i = 0; i < s->verdict.count; i++)
        if (s->verdict.findings[i].id == id)
            return true;
    return false;
}

/* refusal: FINDING_COUNT when it must be accepted. */
static inline void token_scene_expect(struct token_scene *s, enum finding_id refusal)
{
    OWNED_BUF shown = BUF_OF(1 * MIB);
    OWNED_POLICY *policy = NULL;
    bool accepted;
    struct err err;

    assert_ok(policy_load(span_of_str(s->policy), &policy, &err));
    s->in.evidence = buf_span(&s->text);
    s->in.policy = policy;
    verdict_done(&s->verdict);
    assert_ok(attest_validate(&s->in, &s->verdict, &err));
    s->in.policy = NULL;
    attest_explain(&s->verdict, &shown);
    accepted = verdict_accepted(&s->verdict);
    if (refusal == FINDING_COUNT ? !accepted : accepted || !token_scene_found(s, refusal))
        fail_msg("expected %s, got\n%s",
                 refusal == FINDING_COUNT ? "no refusal" : finding_row(refusal)->id,
                 buf_str(&shown));
}

#endif
