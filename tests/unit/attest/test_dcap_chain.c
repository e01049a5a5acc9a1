/* PCK, its authority, the root, and their revocation lists. */
#include "tests/unit/attest/tdx_world.h"

#include "lib/attest/endorsement/dcap_chain.h"
#include "lib/attest/endorsement/intel_root.h"

static void set_chain(struct fake_tdx *world, const struct buf *const certs[], size_t count)
{
    buf_reset(&world->chain);
    for (size_t i = 0; i < count; i++)
        fake_pem("CERTIFICATE", buf_span(certs[i]), &world->chain);
    fake_tdx_make_quote(world);
}

/* Checks the world as it was made. */
static void check_made(struct fake_tdx *world, const char *refusal, const char *words)
{
    struct attest_input in;

    fake_tdx_input(world, &in);
    check(&in, refusal, words);
}

static void the_quote_has_three_certificates_in_order(void **state)
{
    OWNED_FAKE_TDX world;
    const struct buf *pck = &world.pck_der, *ca = &world.ca_der, *root = &world.root_der;

    (void)state;
    make_world(&world, FAKE_TD4);
    check_made(&world, NULL, NULL);
    set_chain(&world, NULL, 0);
    check_made(&world, "dcap.chain.form", NULL);
    set_chain(&world, (const struct buf *const[]){pck}, 1);
    check_made(&world, "dcap.chain.form", "1 certificates");
    set_chain(&world, (const struct buf *const[]){pck, ca}, 2);
    check_made(&world, "dcap.chain.form", "2 certificates");
    set_chain(&world, (const struct buf *const[]){pck, ca, root, root}, 4);
    check_made(&world, "dcap.chain.form", "more than 3");
    set_chain(&world, (const struct buf *const[]){root, ca, pck}, 3);
    check_made(&world, "dcap.chain.name", NULL);
    set_chain(&world, (const struct buf *const[]){ca, pck, root}, 3);
    check_made(&world, "dcap.chain.name", NULL);
    set_chain(&world, (const struct buf *const[]){pck, pck, root}, 3);
    check_made(&world, "dcap.chain.name", NULL);
}

static void a_root_that_nobody_trusts_is_refused(void **state)
{
    OWNED_FAKE_TDX world;
    OWNED_BUF other = BUF_OF(8 * KIB);
    OWNED_X509 *root = NULL;
    struct attest_input in;
    struct span roots[2];
    struct err err;

    (void)state;
    make_world(&world, FAKE_TD4);
    fake_tdx_input(&world, &in);
    in.trust_roots.count = 0;
    check(&in, "dcap.root.unknown", NULL);

    /* One of the same name with another key, and one of another family. */
    fake_cert_make(&world.root, fake_tdx_key(FAKE_TDX_OTHER), fake_tdx_key(FAKE_TDX_OTHER), &other);
    roots[0] = buf_span(&other);
    in.trust_roots = (struct attest_spans){roots, 1};
    check(&in, "dcap.root.unknown", NULL);
    roots[1] = buf_span(&world.root_der);
    in.trust_roots.count = 2;
    check(&in, NULL, NULL);
    roots[0] = buf_span(&world.ca_der);
    in.trust_roots.count = 1;
    check(&in, "dcap.root.unknown", NULL);

    assert_ok(x509_parse(buf_span(&world.root_der), &root, &err));
    assert_false(intel_root_is_pinned(root));
}

static void every_link_is_checked(void **state)
{
    static const struct {
        const char *refusal, *words;
    } cases[] = {
        {"dcap.chain.time", "Intel SGX PCK Certificate"},
        {"dcap.chain.time", "Intel SGX PCK Platform CA"},
        {"dcap.chain.time", "Intel SGX Root CA"},
        {"dcap.chain.time", "Intel SGX PCK Certificate"},
        {"dcap.chain.issuer", "is no CA"},
        {"dcap.chain.issuer", "is no CA"},
        {"dcap.chain.issuer", "may not sign certificates"},
        {"dcap.chain.issuer", "more CAs under it"},
        {"dcap.chain.issuer", "names 'Somebody' as its issuer"},
        {"dcap.chain.name", "Intel SGX PCK Processor CA"},
        {"dcap.chain.name", "Somebody"},
        {"dcap.chain.name", "Somebody"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_FAKE_TDX world;

        fake_tdx_start(&world, FAKE_TD4);
        switch (i) {
        case 0: world.pck.not_after = FAKE_TDX_NOW - 1; break;
        case 1: world.ca.not_before = FAKE_TDX_NOW + 1; break;
        case 2: world.root.not_after = FAKE_TDX_NOW - 1; break;
        case 3: world.pck.not_before = FAKE_TDX_NOW + 1; break;
        case 4: world.ca.ca = false; break;
        case 5: world.root.ca = false; break;
        case 6: world.ca.usage = 0x02; break;
        case 7: world.root.path_len = 0; break;
        case 8: world.pck.issuer = "Somebody"; break;
        case 9: world.ca.subject = world.pck.issuer = "Intel SGX PCK Whatever CA"; break;
        case 10: world.pck.subject = "Somebody"; break;
        case 11: world.root.subject = world.root.issuer = "Somebody"; break;
        default: break;
        }
        check_world(&world, cases[i].refusal, cases[i].words);
    }
}

/* Each certificate signed by a key that is not its issuer's. */
static void a_certificate_that_its_issuer_did_not_sign_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        OWNED_FAKE_TDX world;
        const struct fake_cert *certs[] = {&world.root, &world.ca, &world.pck};
        struct buf *ders[] = {&world.root_der, &world.ca_der, &world.pck_der};
        static const enum fake_tdx_key keys[] = {FAKE_TDX_ROOT, FAKE_TDX_CA, FAKE_TDX_PCK};

        make_world(&world, FAKE_TD4);
        fake_cert_make(certs[i], fake_tdx_key(keys[i]), fake_tdx_key(FAKE_TDX_OTHER), ders[i]);
        set_chain(&world,
                  (const struct buf *const[]){&world.pck_der, &world.ca_der, &world.root_der}, 3);
        check_made(&world, "dcap.chain.signature", NULL);
    }
}

static void the_processors_authority_will_do_too(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    fake_tdx_start(&world, FAKE_TD4);
    world.ca.subject = world.pck.issuer = world.pck_crl.issuer = "Intel SGX PCK Processor CA";
    check_world(&world, NULL, NULL);
}

static void what_is_revoked_is_refused(void **state)
{
    static const uint64_t serials[] = {99, 2, 3, 4};

    (void)state;
    for (int i = 0; i < 4; i++) {
        static const char *const refusals[] = {NULL, "dcap.crl.revoked", "dcap.crl.revoked", NULL};
        OWNED_FAKE_TDX world;
        struct fake_crl *crl;

        /* No; the authority by the root; the PCK by its authority; the signer by one who cannot. */
        fake_tdx_start(&world, FAKE_TD4);
        crl = i == 1 ? &world.root_crl : &world.pck_crl;
        crl->serials = &serials[i];
        crl->serial_count = 1;
        check_world(&world, refusals[i], NULL);
    }
}

static void a_list_must_be_its_authoritys_and_of_the_time(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    for (int which = 0; which < 2; which++) {
        struct fake_crl *crl = which ? &world.root_crl : &world.pck_crl;

        fake_tdx_start(&world, FAKE_TD4);
        crl->next_update = FAKE_TDX_NOW - 1;
        check_world(&world, "dcap.crl.time", "should have been replaced");
        fake_tdx_done(&world);
        fake_tdx_start(&world, FAKE_TD4);
        crl->this_update = FAKE_TDX_NOW + 1;
        check_world(&world, "dcap.crl.time", "not valid before");
        fake_tdx_done(&world);
        fake_tdx_start(&world, FAKE_TD4);
        crl->critical_point = true;
        check_world(&world, "dcap.collateral.form", "critical extension");
        fake_tdx_done(&world);
    }
    make_world(&world, FAKE_TD4);
    fake_crl_make(&world.pck_crl, fake_tdx_key(FAKE_TDX_OTHER), &world.pck_crl_der);
    fake_tdx_make_collateral(&world);
    check_made(&world, "dcap.crl.signature", NULL);
}

/* An older list beside one of the time takes nothing away, and still revokes. */
static void every_list_of_the_authority_counts(void **state)
{
    static const uint64_t pck[] = {3};
    OWNED_FAKE_TDX world;
    OWNED_BUF old = BUF_OF(8 * KIB);
    struct fake_crl crl;
    struct attest_input in;
    struct span lists[1];

    (void)state;
    make_world(&world, FAKE_TD4);
    crl = world.pck_crl;
    crl.next_update = FAKE_TDX_NOW - 500;
    fake_crl_make(&crl, fake_tdx_key(FAKE_TDX_CA), &old);
    fake_tdx_input(&world, &in);
    lists[0] = buf_span(&old);
    in.crls = (struct attest_spans){lists, 1};
    check(&in, NULL, NULL);
    crl.serials = pck;
    crl.serial_count = 1;
    fake_crl_make(&crl, fake_tdx_key(FAKE_TDX_CA), &old);
    lists[0] = buf_span(&old);
    check(&in, "dcap.crl.revoked", NULL);
}

static void a_pck_certificate_that_cannot_be_read_is_refused(void **state)
{
    OWNED_FAKE_TDX world;

    (void)state;
    fake_tdx_start(&world, FAKE_TD4);
    world.platform.omit = 4;
    check_world(&world, "dcap.pck.form", "lacks a part");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_quote_has_three_certificates_in_order),
        cmocka_unit_test(a_root_that_nobody_trusts_is_refused),
        cmocka_unit_test(every_link_is_checked),
        cmocka_unit_test(a_certificate_that_its_issuer_did_not_sign_is_refused),
        cmocka_unit_test(the_processors_authority_will_do_too),
        cmocka_unit_test(what_is_revoked_is_refused),
        cmocka_unit_test(a_list_must_be_its_authoritys_and_of_the_time),
        cmocka_unit_test(every_list_of_the_authority_counts),
        cmocka_unit_test(a_pck_certificate_that_cannot_be_read_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
