#include "tests/unit/attest/tdx_world.h"

#include "lib/attest/endorsement/pck_cert.h"

static void expect_extension(const struct fake_pck *platform, const char *refusal)
{
    OWNED_BUF der = BUF_OF(16 * KIB);
    struct pck_cert pck = {0};
    struct err err = {0};
    int result;

    fake_tdx_extension(platform, &der);
    result = pck_cert_read_extension(buf_span(&der), &pck, &err);
    if ((result < 0) != (refusal != NULL) || (refusal != NULL && !strstr(err.text, refusal)))
        fail_msg("expected '%s', got '%s'", refusal ? refusal : "no refusal", err.text);
}

static struct fake_pck platform_in_order(void)
{
    return (struct fake_pck){.components = {1, 2, 0x7f, 0x80, 0xff},
                             .pce_svn = 0x8001,
                             .fmspc = {1, 2, 3, 4, 5, 6},
                             .platform = 2,
                             .multi = true};
}

static void an_extension_without_a_part_is_refused(void **state)
{
    (void)state;
    for (unsigned part = 1; part <= 7; part++) {
        struct fake_pck platform = platform_in_order();

        platform.omit = part;
        expect_extension(&platform, part <= 5 ? "lacks a part" : NULL);
    }
}

static void a_part_that_is_there_twice_or_unknown_is_refused(void **state)
{
    (void)state;
    for (unsigned part = 1; part <= 7; part++) {
        struct fake_pck platform = platform_in_order();

        platform.repeat = part;
        expect_extension(&platform, "twice");
    }
    for (unsigned part = 8; part <= 20; part += 6) {
        struct fake_pck platform = platform_in_order();

        platform.unknown = part;
        expect_extension(&platform, part <= 18 ? "not as Intel writes it" : "unknown");
    }
}

static void a_kind_of_platform_that_is_unknown_is_refused(void **state)
{
    struct fake_pck platform = platform_in_order();

    (void)state;
    platform.platform = 3;
    expect_extension(&platform, "13.1.5");
}

/* Nothing of it can be cut off, and no byte of its structure can be another. */
static void what_is_not_der_is_refused(void **state)
{
    struct fake_pck platform = platform_in_order();
    OWNED_BUF der = BUF_OF(16 * KIB);

    (void)state;
    fake_tdx_extension(&platform, &der);
    for (size_t len = 0; len < der.len; len++) {
        uint8_t *cut = (uint8_t *)mem_copy(der.data, len);
        struct pck_cert pck = {0};
        struct err err;

        assert_fails(pck_cert_read_extension(span_of(cut, len), &pck, &err), ERR_INPUT);
        free(cut);
    }
    buf_add_u8(&der, 0);
    platform.raw = buf_span(&der);
    expect_extension(&platform, "none");
}

/* Numbers in a longer form than DER's, negative, or too large. */
static void a_number_in_another_form_is_refused(void **state)
{
    static const struct {
        const char *from, *to;
        size_t len;
    } cases[] = {
        /* component 5: 255 */
        {"\x02\x05\x02\x02\x00\xff", "\x02\x05\x02\x02\xff\xff", 6},
        {"\x02\x05\x02\x02\x00\xff", "\x02\x05\x02\x02\x01\x00", 6},
        {"\x02\x05\x02\x02\x00\xff", "\x02\x05\x02\x02\x00\x7f", 6},
        {"\x02\x05\x02\x02\x00\xff", "\x02\x05\x04\x02\x00\xff", 6},
        /* component 1: 1 */
        {"\x02\x01\x02\x01\x01", "\x02\x01\x02\x01\x80", 5},
        /* component 2 becomes a second component 1 */
        {"\x02\x02\x02\x01\x02", "\x02\x01\x02\x01\x02", 5},
        /* PCESVN 0x8001 */
        {"\x02\x11\x02\x03\x00\x80\x01", "\x02\x11\x02\x03\x01\x80\x01", 7},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fake_pck platform = platform_in_order();
        OWNED_BUF der = BUF_OF(16 * KIB);
        uint8_t *at;

        fake_tdx_extension(&platform, &der);
        at = memmem(der.data, der.len, cases[i].from, cases[i].len);
        assert_non_null(at);
        memcpy(at, cases[i].to, cases[i].len);
        platform.raw = buf_span(&der);
        expect_extension(&platform, "13.1.2");
    }
}

/* What is on and off on the platform is said by booleans, and all of it is known. */
static void a_configuration_in_another_form_is_refused(void **state)
{
    static const char *const changes[] = {
        "\x07\x04\x01\x01", /* a part that nobody knows */
        "\x07\x01\x01\x01", /* one twice */
        "\x07\x03\x02\x01", /* a number */
        "\x07\x03\x01\x00", /* of no byte, and one after it */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        struct fake_pck platform = platform_in_order();
        OWNED_BUF der = BUF_OF(16 * KIB);
        uint8_t *at;

        fake_tdx_extension(&platform, &der);
        at = memmem(der.data, der.len, "\x07\x03\x01\x01", 4);
        assert_non_null(at);
        memcpy(at, changes[i], 4);
        platform.raw = buf_span(&der);
        expect_extension(&platform, "13.1.7");
    }
}

static void a_certificate_of_another_kind_is_refused(void **state)
{
    OWNED_FAKE_TDX world;
    OWNED_X509 *cert = NULL;
    struct pck_cert pck;
    struct err err;

    (void)state;
    make_world(&world, FAKE_TD4);
    assert_ok(x509_parse(buf_span(&world.ca_der), &cert, &err));
    assert_fails(pck_cert_read(cert, &pck, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "has no extension"));
}

static void everything_is_read(void **state)
{
    OWNED_FAKE_TDX world;
    OWNED_X509 *cert = NULL;
    struct pck_cert pck;
    struct err err;

    (void)state;
    fake_tdx_start(&world, FAKE_TD4);
    world.platform = platform_in_order();
    fake_tdx_make(&world);
    assert_ok(x509_parse(buf_span(&world.pck_der), &cert, &err));
    assert_ok(pck_cert_read(cert, &pck, &err));
    assert_memory_equal(pck.components, world.platform.components, 16);
    assert_memory_equal(pck.fmspc, world.platform.fmspc, 6);
    assert_int_equal(pck.pce_svn, 0x8001);
    assert_int_equal(pck.platform, PCK_SCALABLE_INTEGRITY);
    assert_int_equal(pck.ppid[0], 0x99);
    assert_int_equal(pck.cpu_svn[15], 0x18);
    assert_true(pck.has_instance_id && pck.instance_id[0] == 0x66);
    assert_true(pck.has_configuration && pck.dynamic_platform && !pck.cached_keys &&
                pck.smt_enabled);
    assert_true(pck.key == x509_public_key(cert));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_extension_without_a_part_is_refused),
        cmocka_unit_test(a_part_that_is_there_twice_or_unknown_is_refused),
        cmocka_unit_test(a_kind_of_platform_that_is_unknown_is_refused),
        cmocka_unit_test(what_is_not_der_is_refused),
        cmocka_unit_test(a_number_in_another_form_is_refused),
        cmocka_unit_test(a_configuration_in_another_form_is_refused),
        cmocka_unit_test(a_certificate_of_another_kind_is_refused),
        cmocka_unit_test(everything_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
