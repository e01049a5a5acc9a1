#include "tests/unit/unit.h"

#include "lib/crypto/x509_parts.h"

/* The time of a DER element; -1 when it is refused. */
static int64_t time_of(unsigned tag, const char *text)
{
    uint8_t der[64] = {(uint8_t)tag, (uint8_t)strlen(text)};
    struct der d;
    int64_t seconds;

    memcpy(der + 2, text, strlen(text));
    d = der_of(span_of(der, 2 + strlen(text)));
    seconds = x509_take_time(&d);
    return der_end(&d) ? seconds : -1;
}

static void times_have_the_form_of_rfc_5280(void **state)
{
    static const struct {
        unsigned tag;
        const char *text;
        int64_t seconds;
    } rows[] = {
        {DER_UTC_TIME, "700101000000Z", 0},
        {DER_UTC_TIME, "991231235959Z", 946684799},
        {DER_UTC_TIME, "000101000000Z", 946684800},
        {DER_UTC_TIME, "491231235959Z", 2524607999},
        {DER_UTC_TIME, "240229120000Z", 1709208000},
        {DER_GENERALIZED_TIME, "20500101000000Z", 2524608000},
        {DER_GENERALIZED_TIME, "99991231235959Z", 253402300799},
        {DER_UTC_TIME, "500101000000Z", -1}, /* 1950 */
        {DER_UTC_TIME, "230229120000Z", -1},
        {DER_UTC_TIME, "241301000000Z", -1},
        {DER_UTC_TIME, "2401010000Z", -1},
        {DER_UTC_TIME, "240101000000", -1},
        {DER_UTC_TIME, "240101000000+0000", -1},
        {DER_UTC_TIME, "240101000000z", -1},
        {DER_UTC_TIME, "2401010000 0Z", -1},
        {DER_UTC_TIME, "", -1},
        {DER_GENERALIZED_TIME, "20240101000000.5Z", -1},
        {DER_GENERALIZED_TIME, "240101000000Z", -1},
        {DER_OCTET_STRING, "20240101000000Z", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (time_of(rows[i].tag, rows[i].text) != rows[i].seconds)
            fail_msg("'%s' is %lld", rows[i].text, (long long)time_of(rows[i].tag, rows[i].text));
}

#define NAME_A                                                                                     \
    "\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x0c\x01"                                                 \
    "A"
#define NAME_B                                                                                     \
    "\x31\x0a\x30\x08\x06\x03\x55\x04\x03\x13\x01"                                                 \
    "B"
#define ORG_C                                                                                      \
    "\x31\x0a\x30\x08\x06\x03\x55\x04\x0a\x0c\x01"                                                 \
    "C"
#define ODD                                                                                        \
    "\x31\x0b\x30\x09\x06\x03\x55\x04\x03\x0c\x02"                                                 \
    "\n\xff"

static void the_common_name_is_the_only_one(void **state)
{
    static const struct {
        struct span name;
        const char *expected; /* NULL: no Name */
    } rows[] = {
#define ROW(text, expected_) {{(const uint8_t *)(text), sizeof(text) - 1}, expected_}
        ROW("\x30\x0c" NAME_A, "A"),
        ROW("\x30\x18" ORG_C NAME_B, "B"),
        ROW("\x30\x18" NAME_A NAME_B, ""),
        ROW("\x30\x0c" ORG_C, ""),
        ROW("\x30\x00", ""),
        ROW("\x30\x0d" ODD, "\\x0a\\xff"),
        ROW("\x30\x0b" NAME_A, NULL),
        ROW("\x30\x02\x31\x00", NULL), /* an empty SET */
        ROW("\x30\x02\x30\x00", NULL),
        ROW("\x30\x0e" NAME_A "\x05\x00", NULL),
        ROW("", NULL),
#undef ROW
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char name[X509_NAME_SIZE];
        struct err err;
        int rc = x509_read_common_name(rows[i].name, name, &err);

        if (rows[i].expected == NULL)
            assert_int_equal(rc, -1);
        else
            assert_string_equal(name, rows[i].expected);
    }
}

static void long_names_are_cut(void **state)
{
    OWNED_BUF der = BUF_OF(1024);
    char name[X509_NAME_SIZE];
    struct err err;

    (void)state;
    buf_add(&der, "\x30\x82\x01\x00\x31\x81\xfd\x30\x81\xfa\x06\x03\x55\x04\x03\x0c\x81\xf2", 18);
    memset(buf_grow(&der, 242), 0x01, 242); /* each shown as four characters */
    assert_ok(x509_read_common_name(buf_span(&der), name, &err));
    assert_true(strlen(name) < sizeof(name));
    assert_true(text_ends_with(name, "..."));
}

static void extensions_are_listed_and_counted(void **state)
{
    static const char one[] = "\x30\x08\x06\x03\x55\x1d\x0f\x04\x01x";
    static const char critical[] = "\x30\x0b\x06\x03\x55\x1d\x13\x01\x01\xff\x04\x01y";
    static const char tame[] = "\x30\x0b\x06\x03\x55\x1d\x14\x01\x01\x00\x04\x01z";
    OWNED_BUF list = BUF_OF(4096);
    struct x509_extension extension;
    struct der d;
    struct err err;

    (void)state;
    buf_add(&list, one, sizeof(one) - 1);
    buf_add(&list, critical, sizeof(critical) - 1);
    buf_add(&list, tame, sizeof(tame) - 1);
    assert_ok(x509_check_extensions(buf_span(&list), &err));
    d = der_of(buf_span(&list));
    assert_true(x509_next_extension(&d, &extension));
    assert_true(!extension.critical && der_oid_is(extension.oid, OID_KEY_USAGE));
    assert_true(x509_next_extension(&d, &extension));
    assert_true(extension.critical && span_equal(extension.content, span_of("y", 1)));
    assert_true(x509_next_extension(&d, &extension));
    assert_false(extension.critical);
    assert_false(x509_next_extension(&d, &extension));
    assert_true(der_end(&d));

    assert_fails(x509_check_extensions(span_part(buf_span(&list), 0, list.len - 1), &err),
                 ERR_INPUT);
    buf_add(&list, one, sizeof(one) - 1);
    assert_fails(x509_check_extensions(buf_span(&list), &err), ERR_INPUT);
    assert_string_equal(err.text, "has the extension 2.5.29.15 twice");

    buf_reset(&list);
    for (int i = 0; i < 65; i++) {
        buf_add(&list, one, sizeof(one) - 1);
        list.data[list.len - 4] = (uint8_t)i;
    }
    assert_fails(x509_check_extensions(buf_span(&list), &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "more than 64"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_have_the_form_of_rfc_5280),
        cmocka_unit_test(the_common_name_is_the_only_one),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(extensions_are_listed_and_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
