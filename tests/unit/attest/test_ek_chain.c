#include "tests/unit/attest/vectors.h"

#include "lib/attest/endorsement/ek_chain.h"
#include "lib/crypto/x509.h"
#include "lib/crypto/x509_make.h"

#define NOW 1000000000

struct authority {
    struct key *key;
    struct buf pem;
};

static void authority_done(struct authority *a)
{
    key_free(a->key);
    buf_done(&a->pem);
}
#define OWNED_AUTHORITY __attribute__((cleanup(authority_done))) struct authority

/* A certificate for a->key by issuer, or by itself. */
static void certify(struct authority *a, const char *name, const struct authority *issuer, bool ca,
                    bool server)
{
    const struct x509_subject subject = {.common_name = name,
                                         .not_before = NOW - 1000,
                                         .not_after = NOW + 1000,
                                         .ca = ca,
                                         .server = server};
    struct err err;

    a->pem = BUF_OF(64 * KIB);
    assert_ok(x509_make(&subject, a->key,
                        issuer != NULL ? buf_span(&issuer->pem) : span_of(NULL, 0),
                        issuer != NULL ? issuer->key : a->key, &a->pem, &err));
}

static void make(struct authority *a, const char *name, const struct authority *issuer, bool ca,
                 bool server)
{
    struct err err;

    *a = (struct authority){0};
    assert_ok(key_generate(KEY_P256, 0, &a->key, &err));
    certify(a, name, issuer, ca, server);
}

static int check(const struct authority *ek, const struct authority *between,
                 const struct authority *root, const struct key *key, int64_t now, struct err *err)
{
    struct span chain[1] = {between != NULL ? buf_span(&between->pem) : span_of_str("noise")};
    char *texts[1] = {root != NULL ? (char *)buf_str(&root->pem) : NULL};
    struct json_strings roots = {texts, 1};
    const struct ek_sources from = {.certificate = buf_span(&ek->pem),
                                    .chain = {chain, 1},
                                    .roots = root != NULL ? &roots : NULL,
                                    .now = now};

    return ek_chain_check(&from, key, err);
}

static void a_chain_to_a_root_of_the_policy_holds(void **state)
{
    OWNED_AUTHORITY root, between, ek, direct;
    struct err err;

    (void)state;
    make(&root, "Root", NULL, true, false);
    make(&between, "Between", &root, true, false);
    make(&ek, "EK", &between, false, false);
    make(&direct, "Direct", &root, false, false);
    assert_ok(check(&ek, &between, &root, ek.key, NOW, &err));
    assert_ok(check(&direct, NULL, &root, direct.key, NOW, &err));
    assert_ok(check(&ek, NULL, &between, ek.key, NOW, &err)); /* trusted as it is named */
}

static void a_chain_to_nobody_is_refused(void **state)
{
    OWNED_AUTHORITY root, other, between, ek;
    struct err err;

    (void)state;
    make(&root, "Root", NULL, true, false);
    make(&other, "Root", NULL, true, false); /* of the same name */
    make(&between, "Between", &root, true, false);
    make(&ek, "EK", &between, false, false);
    assert_fails(check(&ek, &between, &other, ek.key, NOW, &err), ERR_UNTRUSTED);
    assert_fails(check(&ek, &between, NULL, ek.key, NOW, &err), ERR_UNTRUSTED);
    assert_fails(check(&ek, NULL, &root, ek.key, NOW, &err), ERR_UNTRUSTED);
}

static void an_issuer_that_may_not_issue_is_refused(void **state)
{
    OWNED_AUTHORITY root, leaf, ek;
    struct err err;

    (void)state;
    make(&root, "Root", NULL, true, false);
    make(&leaf, "Leaf", &root, true, false);
    make(&ek, "EK", &leaf, false, false);
    assert_ok(check(&ek, &leaf, &root, ek.key, NOW, &err));
    /* The same key and name, but no longer an authority. */
    buf_done(&leaf.pem);
    certify(&leaf, "Leaf", &root, false, false);
    assert_fails(check(&ek, &leaf, &root, ek.key, NOW, &err), ERR_UNTRUSTED);
}

static void a_certificate_for_something_else_is_refused(void **state)
{
    OWNED_AUTHORITY root, server, ek;
    struct err err;

    (void)state;
    make(&root, "Root", NULL, true, false);
    make(&server, "Server", &root, false, true);
    make(&ek, "EK", &root, false, false);
    assert_fails(check(&server, NULL, &root, server.key, NOW, &err), ERR_UNTRUSTED);
    assert_non_null(strstr(err.text, "not meant for"));
    assert_fails(check(&ek, NULL, &root, server.key, NOW, &err), ERR_UNTRUSTED);
    assert_non_null(strstr(err.text, "another key"));
}

static void times_outside_are_refused(void **state)
{
    OWNED_AUTHORITY root, ek;
    struct err err;

    (void)state;
    make(&root, "Root", NULL, true, false);
    make(&ek, "EK", &root, false, false);
    assert_fails(check(&ek, NULL, &root, ek.key, NOW - 1001, &err), ERR_UNTRUSTED);
    assert_fails(check(&ek, NULL, &root, ek.key, NOW + 1001, &err), ERR_UNTRUSTED);
}

static void what_is_no_certificate_is_refused(void **state)
{
    OWNED_AUTHORITY root, ek;
    struct err err;

    (void)state;
    make(&root, "Root", NULL, true, false);
    make(&ek, "EK", &root, false, false);
    buf_reset(&ek.pem);
    assert_int_equal(check(&ek, NULL, &root, ek.key, NOW, &err), -1);
    buf_add_str(&ek.pem, "noise");
    assert_int_equal(check(&ek, NULL, &root, ek.key, NOW, &err), -1);
}

/* --- genuine certificates -------------------------------------------------------------------- */

/* A policy has its roots as PEM. */
static void read_as_pem(const char *name, struct buf *out)
{
    OWNED_BUF der = BUF_OF(64 * KIB), text = BUF_OF(64 * KIB);

    vector_read(name, &der);
    text_encode_base64(buf_span(&der), &text);
    buf_add_str(out, "-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; at < text.len; at += 64) {
        buf_add_span(out, span_part(buf_span(&text), at, 64));
        buf_add_u8(out, '\n');
    }
    buf_add_str(out, "-----END CERTIFICATE-----\n");
}

/* Google's, with Google's own roots and intermediates. */
static void the_certificates_of_google_hold(void **state)
{
    static const char *const leaves[] = {
        "vtpm/go-tpm-tools-certs/uca_tpm_rsa_enc_cert.pem",
        "vtpm/go-tpm-tools-certs/uca_tpm_ecc_enc_cert.pem",
        "vtpm/go-tpm-tools-certs/pca_tpm_rsa_enc_cert.pem",
        "vtpm/go-tpm-tools-certs/pca_tpm_ecc_enc_cert.pem",
    };
    static const char *const others[] = {
        "vtpm/go-tpm-tools-certs/gcp_ek_ak_ca_intermediate_v3.crt",
        "vtpm/go-tpm-tools-certs/tpm_ek_intermediate_2.crt",
        "vtpm/go-tpm-tools-certs/tpm_ek_intermediate_3.crt",
    };
    struct buf files[COUNT_OF(others)];
    struct span chain[COUNT_OF(others)];
    OWNED_BUF roots_pem = BUF_OF(64 * KIB);

    (void)state;
    need_vectors();
    read_as_pem("vtpm/go-tpm-tools-certs/gcp_ek_ak_ca_root.crt", &roots_pem);
    read_as_pem("vtpm/go-tpm-tools-certs/tpm_ek_root_1.cer", &roots_pem);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        files[i] = BUF_OF(64 * KIB);
        vector_read(others[i], &files[i]);
        chain[i] = buf_span(&files[i]);
    }
    for (size_t i = 0; i < COUNT_OF(leaves); i++) {
        char *texts[1] = {(char *)buf_str(&roots_pem)};
        struct json_strings roots = {texts, 1};
        OWNED_BUF leaf = BUF_OF(64 * KIB);
        OWNED_X509 *cert = NULL;
        OWNED_KEY *key = NULL;
        struct ek_sources from = {.chain = {chain, COUNT_OF(others)}, .roots = &roots};
        struct err err;

        vector_read(leaves[i], &leaf);
        assert_ok(x509_parse(buf_span(&leaf), &cert, &err));
        assert_ok(x509_key(cert, &key, &err));
        from.certificate = buf_span(&leaf);
        from.now = x509_not_before(cert) + 1;
        assert_ok(ek_chain_check(&from, key, &err));
        from.now = x509_not_before(cert) - 1;
        assert_fails(ek_chain_check(&from, key, &err), ERR_UNTRUSTED);
    }
    for (size_t i = 0; i < COUNT_OF(others); i++)
        buf_done(&files[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_chain_to_a_root_of_the_policy_holds),
        cmocka_unit_test(a_chain_to_nobody_is_refused),
        cmocka_unit_test(an_issuer_that_may_not_issue_is_refused),
        cmocka_unit_test(a_certificate_for_something_else_is_refused),
        cmocka_unit_test(times_outside_are_refused),
        cmocka_unit_test(what_is_no_certificate_is_refused),
        cmocka_unit_test(the_certificates_of_google_hold),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
