#include "tests/unit/attest/cca_make.h"
#include "tests/unit/attest/vectors.h"

static void what_is_no_pair_of_tokens_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *words;
    } rows[] = {
        {"\xd9\x01\x8f", 3, "byte"},
        {"\xd9\x01\x8f\x80", 4, "no map of two"},
        {"\xd9\x01\x8f\xa0", 4, "no map of two"},
        {"\xd9\x01\x8f\xa1\x01\x41\x07", 7, "no map of two"},
        {"\xd9\x01\x8f\xa2\x01\x41\x07\x02\x41\x07", 10, "no platform's token"},
        {"\xd9\x01\x8f\xa2\x01\x41\x07\x01\x41\x07", 10, "byte"}, /* a key twice */
        {"\xd9\x01\x8f\xa2\x19\xac\xca\x07\x19\xac\xd1\x07", 12, "no platform's token"},
        {"\xd9\x01\x8f\xa2\x19\xac\xca\x41\x07\x19\xac\xd1\x41\x07", 14, "the platform's token"},
        {"\xd9\x01\x8f\xa0\x00", 5, "byte"},
    };

    (void)state;
    assert_false(cca_detect(span_of("\xd9\x01\x8e\xa0", 4)));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_CCA cca;
        struct err err;

        assert_true(cca_detect(span_of(rows[i].bytes, rows[i].len)));
        assert_fails(cca_parse(span_of(rows[i].bytes, rows[i].len), &cca, &err), ERR_INPUT);
        if (strstr(err.text, rows[i].words) == NULL)
            fail_msg("'%s' lacks '%s'", err.text, rows[i].words);
    }
}

static void expect(const struct cca_maker *m, const char *words)
{
    OWNED_BUF bytes = BUF_OF(64 * KIB);
    OWNED_CCA cca;
    struct err err;
    int result;

    cca_write(m, &bytes);
    result = cca_parse(buf_span(&bytes), &cca, &err);
    if (words == NULL) {
        assert_ok(result);
        assert_true(key_equal(cca.realm_key, m->realm));
        assert_true(span_equal(cca.challenge, SPAN_OF_ARRAY(m->challenge)));
        assert_true(span_equal(cca.bound, span_of(cca.hash, cca.hash_len)));
        return;
    }
    assert_fails(result, ERR_INPUT);
    if (strstr(err.text, words) == NULL)
        fail_msg("'%s' lacks '%s'", err.text, words);
}

static void both_ways_of_writing_the_realms_key_are_read(void **state)
{
    OWNED_CCA_MAKER m;

    (void)state;
    cca_make(&m);
    expect(&m, NULL);
    m.cose_key = true;
    expect(&m, NULL);
    m.hash = "sha-512";
    expect(&m, NULL);
}

static void odd_claims_of_the_realm_are_refused(void **state)
{
    OWNED_CCA_MAKER m;

    (void)state;
    cca_make(&m);
    m.hash = "md5";
    expect(&m, "no SHA-2");
    m.hash = "sha-256";
    m.challenge_len = 63;
    expect(&m, "63 bytes");
    m.challenge_len = CCA_CHALLENGE_SIZE;
    m.realm_label = 44242;
    expect(&m, "no realm's token");
    m.realm_label = 44241;
    m.platform_label = 7;
    expect(&m, "no platform's token");
}

static void every_cut_is_refused(void **state)
{
    OWNED_BUF bytes = BUF_OF(64 * KIB);
    OWNED_CCA_MAKER m;

    (void)state;
    cca_make(&m);
    cca_write(&m, &bytes);
    for (size_t len = 0; len < bytes.len; len++) {
        char *cut = mem_copy(bytes.data, len);
        OWNED_CCA cca;
        struct err err;

        assert_fails(cca_parse(span_of(cut, len), &cca, &err), ERR_INPUT);
        free(cut);
    }
}

static void a_published_token_is_one_by_its_hash(void **state)
{
    OWNED_BUF bytes = BUF_OF(64 * KIB);
    OWNED_CCA cca;
    struct err err;

    (void)state;
    (void)need_vectors();
    vector_read("eat/trustee-cca/cca-example-token.cbor", &bytes);
    assert_true(cca_detect(buf_span(&bytes)));
    assert_ok(cca_parse(buf_span(&bytes), &cca, &err));
    assert_true(span_equal(cca.bound, span_of(cca.hash, cca.hash_len)));
    assert_ok(cose_sign1_verify(&cca.realm.message, cca.realm_key, NULL, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_pair_of_tokens_is_refused),
        cmocka_unit_test(both_ways_of_writing_the_realms_key_are_read),
        cmocka_unit_test(odd_claims_of_the_realm_are_refused),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(a_published_token_is_one_by_its_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
