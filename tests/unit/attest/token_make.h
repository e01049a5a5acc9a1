/* Tokens and who validates them, for tests. */
#ifndef COCOS_TESTS_ATTEST_TOKEN_MAKE_H
#define COCOS_TESTS_ATTEST_TOKEN_MAKE_H

#include "tests/unit/unit.h"

#include "lib/attest/attest.h"
#include "lib/attest/evidence/jws.h"

#define TOKEN_NOW 1700000000

/* Claims of Azure's attestation service about an SNP machine; more: members to begin with. */
#define MAA_CLAIMS(more)                                                                           \
    "{" more "\"iss\":\"https://maa\",\"exp\":1700000900,\"nbf\":1699999000,\"iat\":1699999000,"   \
    "\"x-ms-attestation-type\":\"sevsnpvm\","                                                      \
    "\"x-ms-runtime\":{\"client-payload\":{\"nonce\":\"b3VyIGNoYWxsZW5nZQ==\"}},"                  \
    "\"x-ms-sevsnpvm-authorkeydigest\":\"" HEX48(                                                  \
        "00") "\","                                                                                \
              "\"x-ms-sevsnpvm-bootloader-svn\":3,"                                                \
              "\"x-ms-sevsnpvm-familyId\":\"" HEX16(                                               \
                  "01") "\",\"x-ms-sevsnpvm-guestsvn\":4,"                                         \
                        "\"x-ms-sevsnpvm-hostdata\":\"" HEX16("00") HEX16(                         \
                            "00") "\","                                                            \
                                  "\"x-ms-sevsnpvm-idkeydigest\":\"" HEX48(                        \
                                      "22") "\","                                                  \
                                            "\"x-ms-sevsnpvm-imageId\":\"" HEX16(                  \
                                                "02") "\",\"x-ms-sevsnpvm-is-debuggable\":false,"  \
                                                      "\"x-ms-sevsnpvm-launchmeasurement\":"       \
                                                      "\"" HEX48(                                  \
                                                          "89") "\","                              \
                                                                "\"x-ms-sevsnpvm-microcode-svn\":" \
                                                                "115,\"x-ms-sevsnpvm-migration-"   \
                                                                "allowed\":false,"                 \
                                                                "\"x-ms-sevsnpvm-reportdata\":"    \
                                                                "\"" HEX48("9b") HEX16(            \
                                                                    "00") "\","                    \
                                                                          "\"x-ms-sevsnpvm-"       \
                                                                          "reportid\":\"" HEX16(   \
                                                                              "33")                \
                                                                              HEX16(               \
                                                                                  "33") "\","      \
                                                                                        "\"x-ms-"  \
                                                                                        "sevsnpvm" \
                                                                                        "-smt-"    \
                                                                                        "allowed"  \
                                                                                        "\":true," \
                                                                                        "\"x-ms-"  \
                                                                                        "sevsnpvm" \
                                                                                        "-snpfw-"  \
                                                                                        "svn\":8," \
                                                                                        "\"x-ms-"  \
                                                                                        "sevsnpvm" \
                                                                                        "-tee-"    \
                                                                                        "svn\":0," \
                                                                                        "\"x-ms-"  \
                                                                                        "sevsnpvm" \
                                                                                        "-vmpl\":" \
                                                                                        "0}"
#define HEX4(b)  b b b b
#define HEX16(b) HEX4(b) HEX4(b) HEX4(b) HEX4(b)
#define HEX48(b) HEX16(b) HEX16(b) HEX16(b)

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
