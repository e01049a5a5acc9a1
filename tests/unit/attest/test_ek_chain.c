#include "tests/unit/attest/vectors.h"

#include "lib/attest/endorsement/ek_chain.h"
#include "lib/crypto/x509.h"
#include "tests/fakes/fake_pki.h"

#define NOW 1000000000

struct authority {
    const char *name;
    struct key *key;
    struct buf pem;
};

static void authority_done(struct authority *a)
{
    key_free(a->key);
    buf_done(&a->pem);
}
#define OWNED_AUTHORITY __attribute__((cleanup(authority_done))) struct authority

#define CERT_SIGN        0x04
#define CRL_SIGN         0x02
#define KEY_ENCIPHERMENT 0x20

/* A certificate for a->key by issuer, or by itself: of an authority, of a TLS server, or of a key
 * that decrypts. */
static void certify(struct authority *a, const char *name, const struct authority *issuer, bool ca,
                    bool server)
{
    static const uint8_t server_auth[] = {0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06,
                                          0x01, 0x05, 0x05, 0x07, 0x03, 0x01};
    const struct fake_extension purpose = {"2.5.29.37", false, SPAN_OF_ARRAY(server_auth)};
    const struct fake_cert cert = {.subject = name,
                                   .issuer = issuer != NULL ? issuer->name : name,
                                   .serial = 7,
                                   .not_before = NOW - 1000,
                                   .not_after = NOW + 1000,
                                   .ca = ca,
                                   .path_len = -1,
                                   .usage = ca ? CERT_SIGN | CRL_SIGN : KEY_ENCIPHERMENT,
                                   .extensions = &purpose,
                                   .extension_count = server ? 1 : 0};
    OWNED_BUF der = BUF_OF(64 * KIB);

    a->name = name;
    a->pem = BUF_OF(64 * KIB);
    fake_cert_make(&cert, a->key, issuer != NULL ? issuer->key : a->key, &der);
    fake_pem("CERTIFICATE", buf_span(&der), &a->pem);
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

/* Google's, with Google's own roots and intermediates: those of endorsement keys hold, those of
 * signing keys, by the same authorities, are not taken for them. */
static void the_certificates_of_google_hold(void **state)
{
    static const struct {
        const char *name;
        bool endorses;
    } leaves[] = {
        {"vtpm/go-tpm-tools-certs/uca_tpm_rsa_enc_cert.pem", true},
        {"vtpm/go-tpm-tools-certs/uca_tpm_ecc_enc_cert.pem", true},
        {"vtpm/go-tpm-tools-certs/pca_tpm_rsa_enc_cert.pem", true},
        {"vtpm/go-tpm-tools-certs/pca_tpm_ecc_enc_cert.pem", true},
        {"vtpm/go-tpm-tools-certs/uca_tpm_rsa_sign_cert.pem", false},
        {"vtpm/go-tpm-tools-certs/uca_tpm_ecc_sign_cert.pem", false},
        {"vtpm/go-tpm-tools-certs/pca_tpm_rsa_sign_cert.pem", false},
        {"vtpm/go-tpm-tools-certs/pca_tpm_ecc_sign_cert.pem", false},
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

        vector_read(leaves[i].name, &leaf);
        assert_ok(x509_parse(buf_span(&leaf), &cert, &err));
        assert_ok(x509_key(cert, &key, &err));
        from.certificate = buf_span(&leaf);
        from.now = x509_not_before(cert) + 1;
        if ((ek_chain_check(&from, key, &err) == 0) != leaves[i].endorses)
            fail_msg("%s: %s", leaves[i].name, leaves[i].endorses ? err.text : "accepted");
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
