#include "tests/unit/unit.h"

#include "lib/crypto/pem.h"

#define BLOCK "-----BEGIN THING-----\nAQID\n-----END THING-----"

static int parse(const char *text, struct err *err)
{
    OWNED_PEM pem = {0};

    return pem_parse(span_of_str(text), &pem, err);
}

static void anything_around_the_block_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "   \n",
        "AQID",
        "x" BLOCK,
        "Subject: x\n" BLOCK,
        BLOCK "x",
        BLOCK "\nx",
        BLOCK "\n" BLOCK,
        BLOCK BLOCK,
        "-----BEGIN THING-----\nAQID\n",
        "-----BEGIN THING-----\nAQID\n-----END OTHER-----",
        "-----BEGIN THING-----\nAQI?\n-----END THING-----",
        "-----BEGIN THING-----\nAQI\n-----END THING-----",
        "-----BEGIN THING-----\nAQID\n-----END THING-----\nAQID\n-----END THING-----",
        "-----BEGIN THING-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAQID\n"
        "-----END THING-----",
        "-----BEGIN ",
        "-----END THING-----",
        "-----BEGIN THING-----AQID\n-----END THING-----",
        "-----BEGIN THING-----\nAQID-----END THING-----",
        "-----BEGIN THING----------END THING-----",
        "-----BEGIN THING----\nAQID\n-----END THING-----",
        "-----BEGIN THING-----\nAQID\n-----END THING----",
        "-----BEGIN -----\nAQID\n-----END ----",
        "-----BEGIN A THING OF A VERY LONG NAME THAT NOBODY HAS EVER GIVEN TO ANY "
        "THING-----\nAQID\n"
        "-----END A THING OF A VERY LONG NAME THAT NOBODY HAS EVER GIVEN TO ANY THING-----",
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (parse(texts[i], &err) == 0)
            fail_msg("accepted '%s'", texts[i]);
        assert_int_equal(err.kind, ERR_INPUT);
    }
}

static void an_encrypted_block_is_named_as_such(void **state)
{
    struct err err;

    (void)state;
    assert_fails(
        parse("-----BEGIN THING-----\nProc-Type: 4,ENCRYPTED\n\nAQID\n-----END THING-----", &err),
        ERR_INPUT);
    assert_non_null(strstr(err.text, "encrypted"));
}

static void one_block_between_blanks_is_read(void **state)
{
    static const char *const texts[] = {BLOCK, BLOCK "\n", "\r\n \t" BLOCK " \r\n\n",
                                        "-----BEGIN THING-----\r\nAQID\r\n-----END THING-----\r\n",
                                        "-----BEGIN THING----- \nA\n\nQI \nD\n-----END THING-----"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        OWNED_PEM pem = {0};

        assert_ok(pem_parse(span_of_str(texts[i]), &pem, &err));
        assert_string_equal(pem.label, "THING");
        assert_true(span_equal(buf_span(&pem.content), span_of("\x01\x02\x03", 3)));
    }
}

/* A label is compared as a C string. */
static void labels_have_no_nul(void **state)
{
    static const char text[] = "-----BEGIN THING\0S-----\nAQID\n-----END THING\0S-----";
    OWNED_PEM pem = {0};
    struct err err;

    (void)state;
    assert_fails(pem_parse(span_of(text, sizeof(text) - 1), &pem, &err), ERR_INPUT);
}

static void every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < strlen(BLOCK); len++) {
        OWNED_PEM pem = {0};
        struct err err;

        assert_fails(pem_parse(span_of(BLOCK, len), &pem, &err), ERR_INPUT);
    }
}

static void pem_is_told_from_der(void **state)
{
    (void)state;
    assert_true(pem_is(span_of_str(" \n" BLOCK)));
    assert_false(pem_is(span_of_str("0\x82\x01")));
    assert_false(pem_is(span_of(NULL, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(anything_around_the_block_is_refused),
        cmocka_unit_test(labels_have_no_nul),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(an_encrypted_block_is_named_as_such),
        cmocka_unit_test(one_block_between_blanks_is_read),
        cmocka_unit_test(pem_is_told_from_der),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
