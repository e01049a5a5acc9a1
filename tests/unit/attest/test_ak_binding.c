#include "tests/unit/attest/vtpm_make.h"

#include "lib/attest/endorsement/ak_binding.h"
#include "tests/fakes/fake_pki.h"

#define NOW 1000000000

/* A TPM with both keys, a maker who certified one of them, and a verifier who asked. */
struct bench {
    struct machine machine;
    struct key *ek, *maker;
    struct buf ek_public, maker_pem, ek_pem, policy_text;
    uint8_t ak_name[TPM_NAME_SIZE_MAX];
    struct attest_credential credential;
    struct attest_input in;
    struct policy *policy;
    struct verdict verdict;
    struct attest_case c;
    struct vtpm vtpm;
};

static void bench_done(struct bench *b)
{
    machine_done(&b->machine);
    key_free(b->ek);
    key_free(b->maker);
    buf_done(&b->ek_public);
    buf_done(&b->maker_pem);
    buf_done(&b->ek_pem);
    buf_done(&b->policy_text);
    policy_free(b->policy);
    verdict_done(&b->verdict);
    vtpm_done(&b->vtpm);
}
#define OWNED_BENCH __attribute__((cleanup(bench_done))) struct bench

#define CERT_SIGN        0x04
#define KEY_ENCIPHERMENT 0x20

static void certify(const struct key *key, const char *name, bool ca, const struct key *issuer_key,
                    struct buf *pem)
{
    const struct fake_cert cert = {.subject = name,
                                   .issuer = "Maker",
                                   .serial = 7,
                                   .not_before = NOW - 10,
                                   .not_after = NOW + 10,
                                   .ca = ca,
                                   .path_len = -1,
                                   .usage = ca ? CERT_SIGN : KEY_ENCIPHERMENT};
    OWNED_BUF der = BUF_OF(64 * KIB);

    fake_cert_make(&cert, key, issuer_key, &der);
    fake_pem("CERTIFICATE", buf_span(&der), pem);
}

static void load_policy(struct bench *b, bool with_root)
{
    struct err err;

    policy_free(GIVE(b->policy));
    buf_reset(&b->policy_text);
    buf_add_str(&b->policy_text, "{\"version\":1,\"vtpm\":{\"ek_roots\":[");
    if (with_root) {
        OWNED_JSON *text = json_new_str(buf_str(&b->maker_pem));

        json_write(text, &b->policy_text);
    }
    buf_add_str(&b->policy_text, "]}}");
    assert_ok(policy_load(buf_span(&b->policy_text), &b->policy, &err));
    b->c.policy = b->policy;
}

static void bench_make(struct bench *b)
{
    struct tpm_public ak;
    struct err err;
    size_t len;

    *b = (struct bench){.ek_public = BUF_OF(4 * KIB),
                        .maker_pem = BUF_OF(64 * KIB),
                        .ek_pem = BUF_OF(64 * KIB),
                        .policy_text = BUF_OF(64 * KIB)};
    machine_make(&b->machine);
    machine_quote(&b->machine, NULL);
    assert_ok(vtpm_read_pb(machine_message(&b->machine), &b->vtpm, &err));
    assert_ok(key_generate(KEY_P256, 0, &b->ek, &err));
    assert_ok(key_generate(KEY_P256, 0, &b->maker, &err));
    make_public(&b->ek_public, b->ek, TPM_ATTRIBUTE_DECRYPT);
    certify(b->maker, "Maker", true, b->maker, &b->maker_pem);
    certify(b->ek, "EK", false, b->maker, &b->ek_pem);

    assert_ok(tpm_public_parse(buf_span(&b->machine.public), &ak, &err));
    assert_ok(tpm_public_name(&ak, b->ak_name, &len, &err));
    b->credential = (struct attest_credential){.ak_name = span_of(b->ak_name, len),
                                               .ek = buf_span(&b->ek_public),
                                               .ek_certificate = buf_span(&b->ek_pem)};
    b->in.now = NOW;
    b->c.in = &b->in;
    b->c.verdict = &b->verdict;
    load_policy(b, true);
}

static enum ak_binding find(struct bench *b)
{
    verdict_done(&b->verdict);
    verdict_init(&b->verdict, b->policy);
    return ak_binding_find(&b->vtpm, &b->c);
}

static bool found(const struct bench *b, enum finding_id id)
{
    for (size_t i = 0; i < b->verdict.count; i++)
        if (b->verdict.findings[i].id == id)
            return true;
    return false;
}

static void bind(struct bench *b, const uint8_t digest[SHA256_SIZE])
{
    b->c.bound[b->c.bound_count].by = KIND_SNP;
    b->c.bound[b->c.bound_count].guests_word = false;
    memcpy(b->c.bound[b->c.bound_count++].sha256, digest, SHA256_SIZE);
}

/* --------------------------------------------------------------------------------------------- */

static void a_certificate_of_the_ek_alone_is_no_reason(void **state)
{
    struct span chain[1];
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    chain[0] = buf_span(&b.ek_pem);
    b.in.chain = (struct attest_spans){chain, 1};
    b.in.key = buf_span(&b.ek_pem);
    assert_int_equal(find(&b), AK_UNBOUND);
    assert_true(found(&b, FINDING_TPM_AK_UNBOUND));
}

static void an_answered_challenge_is_a_reason(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    b.in.credential = &b.credential;
    assert_int_equal(find(&b), AK_CREDENTIAL);
    assert_int_equal(b.verdict.count, 0);
}

static void a_challenge_for_another_key_is_none(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    b.in.credential = &b.credential;
    b.ak_name[10] ^= 1;
    assert_int_equal(find(&b), AK_UNBOUND);
    assert_true(found(&b, FINDING_TPM_CREDENTIAL));
}

static void an_ek_that_nobody_vouches_for_is_none(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    b.in.credential = &b.credential;
    load_policy(&b, false);
    assert_int_equal(find(&b), AK_UNBOUND);
    load_policy(&b, true);
    b.credential.ek_certificate = span_of(NULL, 0);
    assert_int_equal(find(&b), AK_UNBOUND);
    b.credential.ek_certificate = buf_span(&b.maker_pem); /* of another key */
    assert_int_equal(find(&b), AK_UNBOUND);
    b.credential.ek_certificate = buf_span(&b.ek_pem);
    b.in.now = NOW + 11;
    assert_int_equal(find(&b), AK_UNBOUND);
    b.in.now = NOW;
    b.credential.ek = span_of_str("noise");
    assert_int_equal(find(&b), AK_UNBOUND);
    b.credential.ek = buf_span(&b.ek_public);
    assert_int_equal(find(&b), AK_CREDENTIAL);
    b.ek_public.data[17] = 5; /* a curve on which we cannot compare keys */
    assert_int_equal(find(&b), AK_UNBOUND);
}

static void an_ek_that_a_report_names_needs_no_certificate(void **state)
{
    uint8_t digest[SHA256_SIZE];
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    b.in.credential = &b.credential;
    b.credential.ek_certificate = span_of(NULL, 0);
    load_policy(&b, false);
    digest_of(DIGEST_SHA256, buf_span(&b.ek_public), digest);
    digest[0] ^= 1;
    bind(&b, digest);
    assert_int_equal(find(&b), AK_UNBOUND);
    digest[0] ^= 1;
    bind(&b, digest);
    assert_int_equal(find(&b), AK_REPORTED);
    /* Which is worth nothing for another key than the challenged one. */
    b.in.credential = NULL;
    assert_int_equal(find(&b), AK_UNBOUND);
}

static void a_report_names_the_key_by_either_digest(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    assert_int_equal(find(&b), AK_UNBOUND);
    bind(&b, b.vtpm.ak_tpmt);
    assert_int_equal(find(&b), AK_REPORTED);
    b.c.bound_count = 0;
    bind(&b, b.vtpm.ak_spki);
    assert_int_equal(find(&b), AK_REPORTED);
}

/* A report over what the guest chose: it may have named any key, also as an endorsement key. */
static void a_key_that_the_guest_names_is_its_word(void **state)
{
    uint8_t digest[SHA256_SIZE];
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    bind(&b, b.vtpm.ak_tpmt);
    b.c.bound[0].guests_word = true;
    assert_int_equal(find(&b), AK_GUEST);

    b.in.credential = &b.credential;
    b.credential.ek_certificate = span_of(NULL, 0);
    b.c.bound_count = 0;
    digest_of(DIGEST_SHA256, buf_span(&b.ek_public), digest);
    bind(&b, digest);
    assert_int_equal(find(&b), AK_REPORTED);
    b.c.bound[0].guests_word = true;
    assert_int_equal(find(&b), AK_UNBOUND);
    assert_true(found(&b, FINDING_TPM_CREDENTIAL));
}

static void without_a_policy_only_a_report_binds(void **state)
{
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    b.c.policy = NULL;
    b.in.credential = &b.credential;
    assert_int_equal(find(&b), AK_UNBOUND);
    bind(&b, b.vtpm.ak_tpmt);
    assert_int_equal(find(&b), AK_REPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_of_the_ek_alone_is_no_reason),
        cmocka_unit_test(an_answered_challenge_is_a_reason),
        cmocka_unit_test(a_challenge_for_another_key_is_none),
        cmocka_unit_test(an_ek_that_nobody_vouches_for_is_none),
        cmocka_unit_test(an_ek_that_a_report_names_needs_no_certificate),
        cmocka_unit_test(a_report_names_the_key_by_either_digest),
        cmocka_unit_test(a_key_that_the_guest_names_is_its_word),
        cmocka_unit_test(without_a_policy_only_a_report_binds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
