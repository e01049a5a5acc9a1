/* An authority without a key that it certified, in a world of our own and as AMD's service gives
 * it. */
#include "tests/unit/attest/snp_world.h"
#include "tests/unit/attest/vectors.h"

#include "lib/attest/endorsement/snp_authority.h"

static int check_authority(struct fake_snp *world, const struct snp_authority *like,
                           struct err *err)
{
    OWNED_BUF pem = BUF_OF(64 * KIB);
    struct span root = buf_span(&world->ark_der);
    struct snp_authority of = {.product = like->product,
                               .vlek = like->vlek,
                               .crl = buf_span(&world->crl_der),
                               .trust_roots = {&root, 1}};
    int64_t until = 0;
    int result;

    fake_pem("CERTIFICATE", buf_span(&world->ask_der), &pem);
    fake_pem("CERTIFICATE", buf_span(&world->ark_der), &pem);
    of.certs = buf_span(&pem);
    result = snp_authority_check(&of, FAKE_SNP_NOW, &until, err);
    if (result == 0)
        assert_int_equal(until, FAKE_SNP_NOW + 1000);
    return result;
}

static void expect(struct fake_snp *world, const char *refusal)
{
    const struct snp_authority like = {.product = world->product, .vlek = world->vlek};
    struct err err;

    fake_snp_make(world);
    if (refusal == NULL) {
        assert_ok(check_authority(world, &like, &err));
        return;
    }
    assert_int_equal(check_authority(world, &like, &err), -1);
    if (strstr(err.text, refusal) == NULL)
        fail_msg("expected '%s', got '%s'", refusal, err.text);
}

static void authorities_that_are_not_are_refused(void **state)
{
    static const uint64_t revoked[] = {0x10001};
    OWNED_FAKE_SNP world;

    (void)state;
#define REFUSED(change, words)                                                                     \
    do {                                                                                           \
        fake_snp_start(&world, SNP_MILAN, false);                                                  \
        change;                                                                                    \
        expect(&world, words);                                                                     \
        fake_snp_done(&world);                                                                     \
    } while (0)
    REFUSED(world.ask.subject = "SEV-Genoa", "no certificate of 'SEV-Milan'");
    REFUSED(world.ark.subject = world.ark.issuer = "ARK-Turin", "no certificate of 'ARK-Milan'");
    REFUSED(world.ask.not_after = FAKE_SNP_NOW - 1, "SEV-Milan");
    REFUSED(world.ark.not_before = FAKE_SNP_NOW + 1, "ARK-Milan");
    REFUSED(world.ask.scheme = FAKE_PKCS1_SHA384, "SEV-Milan");
    REFUSED(world.ark.ca = false, "no CA");
    REFUSED(world.crl.issuer = "ARK-Genoa", "it is by 'ARK-Genoa'");
    REFUSED(world.crl.next_update = FAKE_SNP_NOW - 1, "revocation list");
    REFUSED(world.crl.this_update = FAKE_SNP_NOW + 1, "revocation list");
    REFUSED(world.crl.scheme = FAKE_PSS_SHA256, "revocation list");
    REFUSED((world.crl.serials = revoked, world.crl.serial_count = 1), "was revoked");
#undef REFUSED
    fake_snp_start(&world, SNP_MILAN, false);
    expect(&world, NULL);
}

static void authorities_of_every_product_hold(void **state)
{
    (void)state;
    for (int product = SNP_MILAN; product < SNP_PRODUCT_COUNT; product++)
        for (int vlek = 0; vlek < 2; vlek++) {
            OWNED_FAKE_SNP world;

            fake_snp_start(&world, (enum snp_product)product, vlek == 1);
            expect(&world, NULL);
        }
}

static void the_wrong_kind_or_root_is_refused(void **state)
{
    struct snp_authority of = {.product = SNP_MILAN, .vlek = true};
    OWNED_BUF pem = BUF_OF(64 * KIB);
    OWNED_FAKE_SNP world;
    int64_t until;
    struct err err;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    assert_fails(check_authority(&world, &of, &err), ERR_UNTRUSTED);
    fake_pem("CERTIFICATE", buf_span(&world.ask_der), &pem);
    fake_pem("CERTIFICATE", buf_span(&world.ark_der), &pem);
    of.vlek = false;
    of.certs = buf_span(&pem);
    assert_fails(snp_authority_check(&of, FAKE_SNP_NOW, &until, &err), ERR_UNTRUSTED);
    assert_non_null(strstr(err.text, "neither AMD's"));
    of.certs = span_of_str("noise");
    assert_fails(snp_authority_check(&of, FAKE_SNP_NOW, &until, &err), ERR_INPUT);
}

static void amds_own_hold(void **state)
{
    static const struct {
        const char *certs, *crl;
        enum snp_product product;
        bool vlek;
    } rows[] = {
        {"ask_ark_milan.pem", "Milan", SNP_MILAN, false},
        {"ask_ark_milan_vlek.pem", "Milan", SNP_MILAN, true},
        {"ask_ark_genoa.pem", "Genoa", SNP_GENOA, false},
        {"ask_ark_genoa_vlek.pem", "Genoa", SNP_GENOA, true},
        {"ask_ark_turin_vcek.pem", "Turin", SNP_TURIN, false},
        {"ask_ark_turin_vlek.pem", "Turin", SNP_TURIN, true},
    };

    (void)state;
    need_vectors();
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF certs = BUF_OF(64 * KIB), crl = BUF_OF(64 * KIB);
        struct snp_authority of = {.product = rows[i].product, .vlek = rows[i].vlek};
        int64_t until = 0;
        char name[256];
        struct err err;

        snprintf(name, sizeof(name), "snp/amd-roots-go-sev-guest/%s", rows[i].certs);
        vector_read(name, &certs);
        snprintf(name, sizeof(name), "snp/amd-crls/%s.crl", rows[i].crl);
        vector_read(name, &crl);
        of.certs = buf_span(&certs);
        of.crl = buf_span(&crl);
        assert_ok(snp_authority_check(&of, vectors_time("2026-09-01T00:00:00Z"), &until, &err));
        assert_true(until < vectors_time("2026-10-05T00:00:00Z"));
        assert_fails(snp_authority_check(&of, until + 1, &until, &err), ERR_UNTRUSTED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(authorities_that_are_not_are_refused),
        cmocka_unit_test(authorities_of_every_product_hold),
        cmocka_unit_test(the_wrong_kind_or_root_is_refused),
        cmocka_unit_test(amds_own_hold),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
