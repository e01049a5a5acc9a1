#include "tests/unit/unit.h"

#include "lib/crypto/x509.h"
#include "tests/fakes/fake_pki.h"

static void make(const char *name, struct buf *der)
{
    struct fake_cert cert = {.subject = name, .issuer = "root", .not_after = 2000};
    OWNED_KEY *key = NULL;
    struct err err;

    assert_ok(key_generate(KEY_ED25519, 0, &key, &err));
    fake_cert_make(&cert, key, key, der);
}

static void a_der_file_is_a_list_of_one(void **state)
{
    OWNED_X509_LIST list = {0};
    OWNED_BUF der = BUF_OF(8192);
    struct err err;

    (void)state;
    make("a", &der);
    assert_ok(x509_list_parse(buf_span(&der), 4, &list, &err));
    assert_int_equal(list.count, 1);
}

static void all_blocks_of_a_pem_file_are_read_in_order(void **state)
{
    OWNED_X509_LIST list = {0};
    OWNED_BUF pem = BUF_OF(32768);
    OWNED_BUF der = BUF_OF(8192);
    struct err err;

    (void)state;
    buf_add_str(&pem, "subject: a\r\n");
    make("a", &der);
    fake_pem("CERTIFICATE", buf_span(&der), &pem);
    buf_add_str(&pem, "\r\n\r\nsubject: b\r\n");
    make("b", &der);
    fake_pem("CERTIFICATE", buf_span(&der), &pem);
    assert_ok(x509_list_parse(buf_span(&pem), 4, &list, &err));
    assert_int_equal(list.count, 2);
    assert_string_equal(x509_common_name(list.items[0]), "a");
    assert_string_equal(x509_common_name(list.items[1]), "b");
}

static void lines_may_end_as_windows_ends_them(void **state)
{
    OWNED_X509_LIST list = {0};
    OWNED_BUF pem = BUF_OF(32768);
    OWNED_BUF crlf = BUF_OF(32768);
    OWNED_BUF der = BUF_OF(8192);
    struct err err;

    (void)state;
    make("a", &der);
    fake_pem("CERTIFICATE", buf_span(&der), &pem);
    fake_pem("CERTIFICATE", buf_span(&der), &pem);
    for (size_t i = 0; i < pem.len; i++) {
        if (pem.data[i] == '\n')
            buf_add_u8(&crlf, '\r');
        buf_add_u8(&crlf, pem.data[i]);
    }
    assert_ok(x509_list_parse(buf_span(&crlf), 4, &list, &err));
    assert_int_equal(list.count, 2);
}

static void a_file_cut_short_is_refused(void **state)
{
    OWNED_BUF pem = BUF_OF(32768);
    OWNED_BUF der = BUF_OF(8192);
    struct err err;

    (void)state;
    make("a", &der);
    fake_pem("CERTIFICATE", buf_span(&der), &pem);
    for (size_t len = 0; len < pem.len - 1; len++) { /* the last line break may be missing */
        OWNED_X509_LIST list = {0};

        assert_fails(x509_list_parse(span_of(pem.data, len), 4, &list, &err), ERR_INPUT);
    }
    buf_add_str(&pem, "-----BEGIN CERTIFICATE-----\nAAAA\n");
    {
        OWNED_X509_LIST list = {0};

        assert_fails(x509_list_parse(buf_span(&pem), 4, &list, &err), ERR_INPUT);
        assert_non_null(strstr(err.text, "block 2"));
    }
}

static void other_blocks_are_refused(void **state)
{
    OWNED_X509_LIST list = {0};
    OWNED_BUF pem = BUF_OF(32768);
    OWNED_BUF der = BUF_OF(8192);
    struct err err;

    (void)state;
    make("a", &der);
    fake_pem("PRIVATE KEY", buf_span(&der), &pem);
    assert_fails(x509_list_parse(buf_span(&pem), 4, &list, &err), ERR_INPUT);
}

static void the_ceiling_holds(void **state)
{
    OWNED_X509_LIST list = {0};
    OWNED_BUF pem = BUF_OF(32768);
    OWNED_BUF der = BUF_OF(8192);
    struct err err;

    (void)state;
    make("a", &der);
    for (int i = 0; i < 3; i++)
        fake_pem("CERTIFICATE", buf_span(&der), &pem);
    assert_fails(x509_list_parse(buf_span(&pem), 2, &list, &err), ERR_INPUT);
    assert_int_equal(list.count, 2);
}

/* What somebody has already is left out; what is only like it is not. */
static void certificates_of_another_text_are_left_out(void **state)
{
    OWNED_X509_LIST list = {0};
    OWNED_BUF known = BUF_OF(32768), pem = BUF_OF(32768), der = BUF_OF(8192);
    struct err err;

    (void)state;
    make("a", &der);
    fake_pem("CERTIFICATE", buf_span(&der), &pem);
    make("b", &der);
    fake_pem("CERTIFICATE", buf_span(&der), &pem);
    fake_pem("CERTIFICATE", buf_span(&der), &known);
    known.len--; /* the line's end does not count */
    assert_ok(x509_list_parse_others(buf_span(&pem), buf_span(&known), 1, &list, &err));
    assert_int_equal(list.count, 1);
    assert_string_equal(x509_common_name(list.items[0]), "a");
    known.data[known.len / 2] ^= 1;
    assert_ok(x509_list_parse_others(buf_span(&pem), buf_span(&known), 8, &list, &err));
    assert_int_equal(list.count, 3);
    buf_add_str(&pem, "-----BEGIN CERTIFICATE-----");
    assert_fails(x509_list_parse_others(buf_span(&pem), buf_span(&pem), 8, &list, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_der_file_is_a_list_of_one),
        cmocka_unit_test(all_blocks_of_a_pem_file_are_read_in_order),
        cmocka_unit_test(lines_may_end_as_windows_ends_them),
        cmocka_unit_test(a_file_cut_short_is_refused),
        cmocka_unit_test(other_blocks_are_refused),
        cmocka_unit_test(the_ceiling_holds),
        cmocka_unit_test(certificates_of_another_text_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
