/* Who vouches for the key of a report: every link of the chain, wrong in every way we could think
 * of. */
#include "tests/unit/attest/snp_world.h"

#include "lib/attest/endorsement/snp_chain.h"
#include "lib/attest/endorsement/snp_link.h"

static void worlds_in_order_are_genuine(void **state)
{
    (void)state;
    for (int product = SNP_MILAN; product < SNP_PRODUCT_COUNT; product++)
        for (int vlek = 0; vlek < 2; vlek++) {
            OWNED_FAKE_SNP world;

            fake_snp_start(&world, (enum snp_product)product, vlek);
            check_world(&world, NULL, NULL);
        }
}

/* --- roots ---------------------------------------------------------------------------------------
 */

static void a_root_must_be_amds_or_named_by_the_caller(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    in.trust_roots.count = 0;
    check(&in, "snp.root.unknown", NULL);
}

static void a_named_root_takes_the_place_of_amds(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;
    OWNED_BUF stranger = BUF_OF(8192);
    struct span roots[2];
    struct fake_cert cert;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    cert = world.ark;
    fake_cert_make(&cert, fake_snp_vek_key(KEY_P384), fake_snp_vek_key(KEY_P384), &stranger);
    roots[0] = buf_span(&stranger);
    roots[1] = buf_span(&world.ark_der);
    in.trust_roots = (struct attest_spans){roots, 1};
    check(&in, "snp.root.unknown", NULL);
    in.trust_roots.count = 2;
    check(&in, NULL, NULL);
}

static void roots_of_other_families_change_nothing(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;
    OWNED_BUF other = BUF_OF(8192);
    struct fake_cert cert = {
        .subject = "Intel SGX Root CA", .issuer = "Intel SGX Root CA", .not_after = FAKE_SNP_END};
    struct span root;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    fake_cert_make(&cert, fake_snp_ark_key(), fake_snp_ark_key(), &other);
    root = buf_span(&other);
    in.trust_roots = (struct attest_spans){&root, 1};
    check(&in, "snp.root.unknown", NULL);
}

static void a_root_that_nobody_gave_is_missed_by_name(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    in.chain.count = 1;
    in.trust_roots.count = 0;
    check(&in, "snp.root.absent", "ARK-Milan");
    in.chain.count = 0;
    check(&in, "snp.chain.absent", "SEV-Milan");
    in.vek = span_of(NULL, 0);
    check(&in, "snp.vek.absent", "VCEK");
}

/* --- links ---------------------------------------------------------------------------------------
 */

static void authorities_must_be_authorities(void **state)
{
    OWNED_FAKE_SNP world, no_sign, narrow, root;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    world.ask.ca = false;
    world.ask.not_ca = true;
    check_world(&world, "snp.chain.issuer", "'SEV-Milan' is no CA");
    fake_snp_start(&no_sign, SNP_MILAN, false);
    no_sign.ask.usage = 0x80;
    check_world(&no_sign, "snp.chain.issuer", "may not sign certificates");
    fake_snp_start(&narrow, SNP_MILAN, false);
    narrow.ark.path_len = 0;
    check_world(&narrow, "snp.chain.issuer", "more CAs");
    fake_snp_start(&root, SNP_MILAN, false);
    root.ark.ca = false;
    check_world(&root, "snp.chain.issuer", "'ARK-Milan' is no CA");
}

static void only_amds_way_to_sign_is_taken(void **state)
{
    static const enum fake_scheme schemes[] = {FAKE_PSS_SHA256, FAKE_PSS_SALT_32,
                                               FAKE_PSS_MGF1_SHA256, FAKE_PKCS1_SHA384};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        OWNED_FAKE_SNP vek, ask, ark;

        fake_snp_start(&vek, SNP_MILAN, false);
        vek.vek.scheme = schemes[i];
        check_world(&vek, "snp.chain.signature", "certificate 'SEV-VCEK'");
        fake_snp_start(&ask, SNP_MILAN, false);
        ask.ask.scheme = schemes[i];
        check_world(&ask, "snp.chain.signature", "certificate 'SEV-Milan'");
        fake_snp_start(&ark, SNP_MILAN, false);
        ark.ark.scheme = schemes[i];
        check_world(&ark, "snp.chain.signature", "certificate 'ARK-Milan'");
    }
}

static void a_key_that_did_not_sign_is_no_issuer(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    /* An authority of the right name, under the right root, with another key. */
    fake_cert_make(&world.ask, fake_snp_ark_key(), fake_snp_ark_key(), &world.ask_der);
    fake_snp_input(&world, &in);
    check(&in, "snp.chain.signature", "issued by 'SEV-Milan': signature is not the key's");
}

static void of_two_authorities_of_one_name_the_right_one_is_found(void **state)
{
    OWNED_FAKE_SNP world;
    OWNED_BUF other = BUF_OF(8192);
    struct attest_input in;
    struct span chain[3];

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    fake_cert_make(&world.ask, fake_snp_ark_key(), fake_snp_ark_key(), &other);
    for (size_t first = 0; first < 2; first++) {
        chain[first] = buf_span(&other);
        chain[1 - first] = buf_span(&world.ask_der);
        chain[2] = buf_span(&world.ark_der);
        in.chain = (struct attest_spans){chain, 3};
        check(&in, NULL, NULL);
    }
}

static void names_say_what_stands_where(void **state)
{
    OWNED_FAKE_SNP vlek, product, root, name;

    (void)state;
    fake_snp_start(&vlek, SNP_MILAN, true); /* a VLEK under the authority of VCEKs */
    vlek.ask.subject = vlek.vek.issuer = "SEV-Milan";
    check_world(&vlek, "snp.chain.name", "SEV-VLEK-Milan");
    fake_snp_start(&product, SNP_MILAN, false);
    product.ask.subject = product.vek.issuer = "SEV-Genoa";
    check_world(&product, "snp.chain.name", "SEV-Genoa");
    fake_snp_start(&root, SNP_MILAN, false);
    root.ark.subject = root.ark.issuer = root.ask.issuer = "ARK-Genoa";
    check_world(&root, "snp.chain.name", "ARK-Genoa");
    fake_snp_start(&name, SNP_MILAN, false);
    name.vek.subject = "SEV-XCEK";
    check_world(&name, "snp.vek.form", "expected the common name");
}

static void a_chip_key_right_under_the_root_is_refused(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    world.vek.issuer = world.ark.subject;
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    check(&in, "snp.chain.name", "ARK-Milan");
}

static void unknown_critical_extensions_are_refused(void **state)
{
    OWNED_FAKE_SNP world;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    world.extra = (struct fake_extension){"1.2.3.4", true, span_of("x", 1)};
    check_world(&world, "snp.chain.issuer", "1.2.3.4");
}

/* --- what the certificate says -------------------------------------------------------------------
 */

/* --- report and key ------------------------------------------------------------------------------
 */

/* --- time and revocation -------------------------------------------------------------------------
 */

static void every_certificate_must_be_valid_at_the_time(void **state)
{
    (void)state;
    for (int which = 0; which < 6; which++) {
        OWNED_FAKE_SNP world;
        struct fake_cert *cert;

        fake_snp_start(&world, SNP_MILAN, false);
        cert = which % 3 == 0 ? &world.ark : which % 3 == 1 ? &world.ask : &world.vek;
        if (which < 3)
            cert->not_after = FAKE_SNP_NOW - 1;
        else
            cert->not_before = FAKE_SNP_NOW + 1;
        check_world(&world, "snp.chain.time", cert->subject);
    }
}

static void a_revoked_authority_is_refused(void **state)
{
    static const uint64_t ask[] = {0x10001}, others[] = {0, 0x10000, 0x20001};
    OWNED_FAKE_SNP revoked, fine;

    (void)state;
    fake_snp_start(&revoked, SNP_MILAN, false);
    revoked.crl.serials = ask;
    revoked.crl.serial_count = 1;
    check_world(&revoked, "snp.crl.revoked", "SEV-Milan");
    fake_snp_start(&fine, SNP_MILAN, false);
    fine.crl.serials = others; /* zero is every VCEK's serial, and another authority's business */
    fine.crl.serial_count = COUNT_OF(others);
    check_world(&fine, NULL, NULL);
}

static void a_revocation_list_must_be_sound_and_of_the_time(void **state)
{
    OWNED_FAKE_SNP stale, future, weak, forged;
    struct attest_input in;

    (void)state;
    fake_snp_start(&stale, SNP_MILAN, false);
    stale.crl.next_update = FAKE_SNP_NOW - 1;
    check_world(&stale, "snp.crl.time", "should have been replaced");
    fake_snp_start(&future, SNP_MILAN, false);
    future.crl.this_update = FAKE_SNP_NOW + 1;
    check_world(&future, "snp.crl.time", "not valid before");
    fake_snp_start(&weak, SNP_MILAN, false);
    weak.crl.scheme = FAKE_PKCS1_SHA384;
    check_world(&weak, "snp.crl.signature", NULL);
    fake_snp_start(&forged, SNP_MILAN, false);
    fake_snp_make(&forged);
    fake_crl_make(&forged.crl, fake_snp_ask_key(), &forged.crl_der);
    fake_snp_input(&forged, &in);
    check(&in, "snp.crl.signature", NULL);
    forged.crl_items[0] = span_of("no list", 7);
    check(&in, "snp.crl.form", NULL);
}

static void another_roots_list_is_no_list(void **state)
{
    OWNED_FAKE_SNP world;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    world.crl.issuer = "ARK-Genoa";
    check_world(&world, NULL, "snp.crl.absent");
}

static void one_list_of_the_time_among_old_ones_is_enough(void **state)
{
    static const uint64_t ask[] = {0x10001};
    OWNED_FAKE_SNP world;
    OWNED_BUF old = BUF_OF(8192);
    struct attest_input in;
    struct fake_crl crl;
    struct span lists[2];

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    crl = world.crl;
    crl.next_update = FAKE_SNP_NOW - 1;
    fake_crl_make(&crl, fake_snp_ark_key(), &old);
    lists[0] = buf_span(&old);
    lists[1] = buf_span(&world.crl_der);
    in.crls = (struct attest_spans){lists, 2};
    check(&in, NULL, NULL);
    /* But what an old list revoked is revoked. */
    crl.serials = ask;
    crl.serial_count = 1;
    fake_crl_make(&crl, fake_snp_ark_key(), &old);
    lists[0] = buf_span(&old);
    check(&in, "snp.crl.revoked", NULL);
}

static void what_is_no_certificate_is_named_by_where_it_came_from(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    world.chain_items[1] = span_of("junk", 4);
    check(&in, "snp.chain.form", "the certificates in chain 2");
    fake_snp_input(&world, &in);
    world.root_items[0] = span_of("junk", 4);
    check(&in, "snp.chain.form", "the certificates in trust root 1");
    fake_snp_input(&world, &in);
    in.vek = span_of("junk", 4);
    check(&in, "snp.chain.form", "the certificates in vek");
}

/* Of an empty file nothing may follow, least of all that AMD's root is meant. */
static void what_is_given_and_empty_is_not_absent(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    world.root_items[0] = span_of(NULL, 0);
    check(&in, "snp.chain.form", "the certificates in trust root 1");
    fake_snp_input(&world, &in);
    world.chain_items[1] = span_of(NULL, 0);
    check(&in, "snp.chain.form", "the certificates in chain 2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worlds_in_order_are_genuine),
        cmocka_unit_test(a_root_must_be_amds_or_named_by_the_caller),
        cmocka_unit_test(a_named_root_takes_the_place_of_amds),
        cmocka_unit_test(roots_of_other_families_change_nothing),
        cmocka_unit_test(a_root_that_nobody_gave_is_missed_by_name),
        cmocka_unit_test(authorities_must_be_authorities),
        cmocka_unit_test(only_amds_way_to_sign_is_taken),
        cmocka_unit_test(a_key_that_did_not_sign_is_no_issuer),
        cmocka_unit_test(of_two_authorities_of_one_name_the_right_one_is_found),
        cmocka_unit_test(names_say_what_stands_where),
        cmocka_unit_test(a_chip_key_right_under_the_root_is_refused),
        cmocka_unit_test(unknown_critical_extensions_are_refused),
        cmocka_unit_test(every_certificate_must_be_valid_at_the_time),
        cmocka_unit_test(a_revoked_authority_is_refused),
        cmocka_unit_test(a_revocation_list_must_be_sound_and_of_the_time),
        cmocka_unit_test(another_roots_list_is_no_list),
        cmocka_unit_test(one_list_of_the_time_among_old_ones_is_enough),
        cmocka_unit_test(what_is_no_certificate_is_named_by_where_it_came_from),
        cmocka_unit_test(what_is_given_and_empty_is_not_absent),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
