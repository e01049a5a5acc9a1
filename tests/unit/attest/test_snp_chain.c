/* Who vouches for the key of a report: every link of the chain, wrong in every way we could think
 * of. */
#include "tests/unit/unit.h"

#include "lib/attest/attest.h"
#include "tests/fakes/fake_snp.h"

#define OID "1.3.6.1.4.1.3704.1."

static int forget_keys(void **state)
{
    (void)state;
    fake_snp_forget_keys();
    return 0;
}

static bool has_finding(const struct verdict *verdict, const char *id)
{
    for (size_t i = 0; i < verdict->count; i++)
        if (strcmp(finding_row(verdict->findings[i].id)->id, id) == 0)
            return true;
    return false;
}

/* refusal: NULL when the evidence must be found genuine; words: part of what the finding got, or
 * NULL. */
static void check(const struct attest_input *in, const char *refusal, const char *words)
{
    OWNED_BUF shown = BUF_OF(1 * MIB);
    OWNED_VERDICT verdict = {0};
    struct err err;

    assert_ok(attest_validate(in, &verdict, &err));
    attest_explain(&verdict, &shown);
    if ((verdict_crypto(&verdict) == OUTCOME_PASS) != (refusal == NULL) ||
        (refusal != NULL && !has_finding(&verdict, refusal)) ||
        (words != NULL && strstr(buf_str(&shown), words) == NULL))
        fail_msg("expected %s (%s), got\n%s", refusal ? refusal : "no refusal", words ? words : "",
                 buf_str(&shown));
}

/* Makes the world as it is now and checks it. */
static void check_world(struct fake_snp *world, const char *refusal, const char *words)
{
    struct attest_input in;

    fake_snp_make(world);
    fake_snp_input(world, &in);
    check(&in, refusal, words);
}

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
    check(&in, "snp.chain.signature", "not signed by 'SEV-Milan'");
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

static void every_extension_must_be_there(void **state)
{
    static const char *const milan[] = {OID "1",   OID "2",   OID "3.1", OID "3.2",
                                        OID "3.3", OID "3.4", OID "3.5", OID "3.6",
                                        OID "3.7", OID "3.8", OID "4"};
    OWNED_FAKE_SNP turin, vlek;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(milan); i++) {
        OWNED_FAKE_SNP world;

        fake_snp_start(&world, SNP_MILAN, false);
        world.omit = milan[i];
        check_world(&world, "snp.vek.form", milan[i]);
    }
    fake_snp_start(&turin, SNP_TURIN, false);
    turin.omit = OID "3.9";
    check_world(&turin, "snp.vek.form", OID "3.9");
    fake_snp_start(&vlek, SNP_MILAN, true);
    vlek.omit = OID "5";
    check_world(&vlek, "snp.vek.form", OID "5");
}

static void an_extension_twice_is_refused(void **state)
{
    OWNED_FAKE_SNP world;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    world.extra = (struct fake_extension){OID "3.3", false, span_of("\x02\x01\xff", 3)};
    check_world(&world, "snp.chain.form", "twice");
}

static void numbers_are_canonical_der(void **state)
{
    static const struct span bad[] = {
        {(const uint8_t *)"", 0},
        {(const uint8_t *)"\x02\x01", 2},
        {(const uint8_t *)"\x02\x01\x80", 3},     /* negative */
        {(const uint8_t *)"\x02\x02\x00\x18", 4}, /* a zero too many */
        {(const uint8_t *)"\x02\x02\x01\x18", 4}, /* over 255 */
        {(const uint8_t *)"\x02\x01\x18\x00", 4}, /* something after it */
        {(const uint8_t *)"\x04\x01\x18", 3},     /* no INTEGER */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        OWNED_FAKE_SNP world;

        fake_snp_start(&world, SNP_MILAN, false);
        world.omit = OID "3.3";
        world.extra = (struct fake_extension){OID "3.3", false, bad[i]};
        check_world(&world, "snp.vek.form", OID "3.3");
    }
}

static void a_chip_id_has_its_length_with_or_without_a_tag(void **state)
{
    uint8_t chip[67];
    static const struct {
        size_t from, len;
        bool good;
    } rows[] = {{2, 64, true},  {0, 66, true}, {2, 63, false},
                {2, 65, false}, {2, 8, false}, {1, 65, false}};

    (void)state;
    memset(chip, 0xc1, sizeof(chip));
    chip[0] = 0x04;
    chip[1] = 64;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_FAKE_SNP world;

        fake_snp_start(&world, SNP_MILAN, false);
        world.omit = OID "4";
        world.extra =
            (struct fake_extension){OID "4", false, span_of(chip + rows[i].from, rows[i].len)};
        check_world(&world, rows[i].good ? NULL : "snp.vek.form", NULL);
    }
}

static void keys_of_another_kind_are_refused(void **state)
{
    OWNED_FAKE_SNP p256, mixed, tagged, version;

    (void)state;
    fake_snp_start(&p256, SNP_MILAN, false);
    p256.vek_type = KEY_P256;
    check_world(&p256, "snp.vek.form", "p256");
    fake_snp_start(&mixed, SNP_MILAN, false);
    mixed.extra = (struct fake_extension){OID "5", false, span_of("\x16\x01x", 3)};
    check_world(&mixed, "snp.vek.form", "VLEK");
    fake_snp_start(&tagged, SNP_MILAN, true);
    tagged.extra = (struct fake_extension){OID "4", false, SPAN_OF_ARRAY(tagged.chip_id)};
    check_world(&tagged, "snp.vek.form", "VCEK");
    fake_snp_start(&version, SNP_MILAN, false);
    version.omit = OID "1";
    version.extra = (struct fake_extension){OID "1", false, span_of("\x02\x01\x02", 3)};
    check_world(&version, "snp.vek.form", OID "1");
}

static void products_are_known_by_name(void **state)
{
    static const char *const unknown[] = {"", "-B0", "Mila", "Milan2", "Rome-B0", "milan"};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        OWNED_FAKE_SNP world;

        fake_snp_start(&world, SNP_MILAN, false);
        world.product_name = unknown[i];
        check_world(&world, "snp.vek.form", OID "2");
    }
}

/* --- report and key ------------------------------------------------------------------------------
 */

static void report_and_key_must_belong_together(void **state)
{
    OWNED_FAKE_SNP kind, none, chip, masked, product;

    (void)state;
    fake_snp_start(&kind, SNP_MILAN, false);
    fake_put32(kind.report, 0x048, 1 << 2);
    check_world(&kind, "snp.vek.kind", NULL);
    fake_snp_start(&none, SNP_MILAN, false);
    fake_put32(none.report, 0x048, 7 << 2);
    check_world(&none, "snp.report.unsigned", NULL);
    fake_snp_start(&chip, SNP_MILAN, false);
    chip.report[0x1a0] ^= 1;
    check_world(&chip, "snp.vek.chip", NULL);
    fake_snp_start(&masked, SNP_MILAN, false);
    memset(masked.report + 0x1a0, 0, 64);
    memset(masked.chip_id, 0, 64);
    check_world(&masked, "snp.vek.chip", NULL);
    fake_snp_start(&product, SNP_MILAN, false);
    product.report[0x189] = 0x11;
    check_world(&product, "snp.vek.product", "Genoa");
}

static void every_byte_of_the_tcb_must_agree(void **state)
{
    (void)state;
    for (int turin = 0; turin < 2; turin++)
        for (int byte = 0; byte < 8; byte++) {
            OWNED_FAKE_SNP world;

            fake_snp_start(&world, turin ? SNP_TURIN : SNP_MILAN, false);
            world.tcb ^= 1ULL << 8 * byte;
            check_world(&world, "snp.vek.tcb", NULL);
        }
}

static void tcbs_stand_in_their_order(void **state)
{
    static const size_t at[] = {0x180, 0x1e0};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(at); i++) {
        OWNED_FAKE_SNP world;

        fake_snp_start(&world, SNP_MILAN, false);
        if (at[i] == 0x180)
            world.tcb += 1;
        fake_put64(world.report, at[i], 0xdb18000000000005);
        check_world(&world, "snp.tcb.order", " bl");
    }
}

static void scalars_out_of_range_are_refused(void **state)
{
    OWNED_FAKE_SNP world;
    struct attest_input in;

    (void)state;
    fake_snp_start(&world, SNP_MILAN, false);
    fake_snp_make(&world);
    fake_snp_input(&world, &in);
    memset(world.report + 0x2a0, 0, 48);
    check(&in, "snp.report.signature", "r of the signature is zero");
    fake_snp_sign(&world);
    memset(world.report + 0x2e8, 0, 48);
    check(&in, "snp.report.signature", "s of the signature is zero");
    fake_snp_sign(&world);
    memset(world.report + 0x2a0, 0xff, 48);
    check(&in, "snp.report.signature", "r of the signature is not below");
    fake_snp_sign(&world);
    check(&in, NULL, NULL);
}

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
        cmocka_unit_test(every_extension_must_be_there),
        cmocka_unit_test(an_extension_twice_is_refused),
        cmocka_unit_test(numbers_are_canonical_der),
        cmocka_unit_test(a_chip_id_has_its_length_with_or_without_a_tag),
        cmocka_unit_test(keys_of_another_kind_are_refused),
        cmocka_unit_test(products_are_known_by_name),
        cmocka_unit_test(report_and_key_must_belong_together),
        cmocka_unit_test(every_byte_of_the_tcb_must_agree),
        cmocka_unit_test(tcbs_stand_in_their_order),
        cmocka_unit_test(scalars_out_of_range_are_refused),
        cmocka_unit_test(every_certificate_must_be_valid_at_the_time),
        cmocka_unit_test(a_revoked_authority_is_refused),
        cmocka_unit_test(a_revocation_list_must_be_sound_and_of_the_time),
        cmocka_unit_test(another_roots_list_is_no_list),
        cmocka_unit_test(one_list_of_the_time_among_old_ones_is_enough),
        cmocka_unit_test(what_is_no_certificate_is_named_by_where_it_came_from),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
