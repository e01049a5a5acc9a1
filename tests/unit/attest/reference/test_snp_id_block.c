#include "tests/unit/attest/vectors.h"

#include "lib/attest/reference/snp_id_block.h"

static const struct snp_id_block block = {.launch_digest = {1, 2, 3},
                                          .family_id = {4},
                                          .image_id = {5},
                                          .guest_svn = 0x01020304,
                                          .policy = SNP_GUEST_POLICY_BASE};

/* A block and its authentication information, by fresh keys. */
struct made {
    uint8_t block[SNP_ID_BLOCK_SIZE];
    uint8_t auth[SNP_ID_AUTH_SIZE];
    struct key *id_key, *author_key;
};

static struct made make(bool author)
{
    struct made made = {.author_key = NULL};
    struct err err;

    snp_id_block_encode(&block, made.block);
    assert_ok(key_generate(KEY_P384, 0, &made.id_key, &err));
    if (author)
        assert_ok(key_generate(KEY_P384, 0, &made.author_key, &err));
    assert_ok(
        snp_id_auth_make(SPAN_OF_ARRAY(made.block), made.id_key, made.author_key, made.auth, &err));
    return made;
}

static void made_done(struct made *made)
{
    key_free(made->id_key);
    key_free(made->author_key);
}

static void blocks_that_no_firmware_takes_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *says;
    } cases[] = {
        {80, 2, "byte 80: version 2"},
        {90, 0x01, "byte 88: guest policy"},
        {91, 0x04, "byte 88: guest policy"},
        {95, 0x80, "byte 88: guest policy"},
    };
    uint8_t bytes[SNP_ID_BLOCK_SIZE], again[SNP_ID_BLOCK_SIZE];
    struct snp_id_block back;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        snp_id_block_encode(&block, bytes);
        bytes[cases[i].at] = cases[i].value;
        assert_fails(snp_id_block_decode(SPAN_OF_ARRAY(bytes), &back, &err), ERR_INPUT);
        assert_non_null(strstr(err.text, cases[i].says));
    }
    snp_id_block_encode(&block, bytes);
    assert_fails(snp_id_block_decode(span_of(bytes, 95), &back, &err), ERR_INPUT);
    assert_fails(snp_id_block_decode(span_of(NULL, 0), &back, &err), ERR_INPUT);
    assert_ok(snp_id_block_decode(SPAN_OF_ARRAY(bytes), &back, &err));
    snp_id_block_encode(&back, again);
    assert_memory_equal(again, bytes, SNP_ID_BLOCK_SIZE);
}

static void only_p384_keys_with_a_private_half_sign(void **state)
{
    static const enum key_type types[] = {KEY_RSA, KEY_P256, KEY_ED25519};
    struct made made = make(true);
    uint8_t digest[SHA384_SIZE];
    OWNED_KEY *public_key = NULL;
    OWNED_BUF spki = BUF_OF(1024);
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        OWNED_KEY *odd = NULL;

        assert_ok(key_generate(types[i], 2048, &odd, &err));
        assert_fails(snp_key_digest(odd, digest, &err), ERR_INPUT);
        assert_fails(snp_id_auth_make(SPAN_OF_ARRAY(made.block), odd, NULL, made.auth, &err),
                     ERR_INPUT);
        assert_fails(snp_id_auth_make(SPAN_OF_ARRAY(made.block), made.id_key, odd, made.auth, &err),
                     ERR_INPUT);
    }
    key_write_spki(made.id_key, &spki);
    assert_ok(key_load_public_der(buf_span(&spki), &public_key, &err));
    assert_int_equal(snp_id_auth_make(SPAN_OF_ARRAY(made.block), public_key, NULL, made.auth, &err),
                     -1);
    assert_fails(snp_id_auth_make(span_of(made.block, 5), made.id_key, NULL, made.auth, &err),
                 ERR_INPUT);
    made_done(&made);
}

static void what_was_made_checks_with_and_without_an_author(void **state)
{
    struct err err;

    (void)state;
    for (int author = 0; author < 2; author++) {
        struct made made = make(author);
        uint8_t digest[SHA384_SIZE];
        struct snp_id_digests digests;

        assert_ok(
            snp_id_auth_check(SPAN_OF_ARRAY(made.block), SPAN_OF_ARRAY(made.auth), &digests, &err));
        assert_ok(snp_key_digest(made.id_key, digest, &err));
        assert_memory_equal(digests.id_key, digest, SHA384_SIZE);
        assert_int_equal(digests.has_author, author);
        if (author) {
            assert_ok(snp_key_digest(made.author_key, digest, &err));
            assert_memory_equal(digests.author_key, digest, SHA384_SIZE);
        } else {
            assert_true(span_is_zero(SPAN_OF_ARRAY(digests.author_key)));
        }
        made_done(&made);
    }
}

static void every_flipped_bit_is_refused(void **state)
{
    struct made made = make(true);
    struct snp_id_digests digests;
    struct err err;

    (void)state;
    for (size_t bit = 0; bit < 8 * SNP_ID_BLOCK_SIZE; bit++) {
        made.block[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(
            snp_id_auth_check(SPAN_OF_ARRAY(made.block), SPAN_OF_ARRAY(made.auth), &digests, &err),
            -1);
        made.block[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * SNP_ID_AUTH_SIZE; bit++) {
        made.auth[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (snp_id_auth_check(SPAN_OF_ARRAY(made.block), SPAN_OF_ARRAY(made.auth), &digests,
                              &err) == 0)
            fail_msg("bit %zu", bit);
        made.auth[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    made_done(&made);
}

static void refusals_name_the_byte(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
        const char *says;
    } cases[] = {
        {0x000, 2, "byte 0: algorithm 2"},    {0x004, 3, "byte 4: algorithm 3"},
        {0x008, 1, "byte 8 must be zero"},    {0x070, 1, "byte 112 must be zero"},
        {0x23f, 1, "byte 575 must be zero"},  {0x240, 1, "byte 576: curve 1"},
        {0x644, 1, "byte 1604 must be zero"}, {0x680, 1, "byte 1664: no author is named"},
        {0xfff, 1, "byte 4095 must be zero"},
    };
    struct made made = make(false);
    struct snp_id_digests digests;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint8_t old = made.auth[cases[i].at];

        made.auth[cases[i].at] = cases[i].value;
        assert_fails(
            snp_id_auth_check(SPAN_OF_ARRAY(made.block), SPAN_OF_ARRAY(made.auth), &digests, &err),
            ERR_INPUT);
        if (strstr(err.text, cases[i].says) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, cases[i].says);
        made.auth[cases[i].at] = old;
    }
    for (size_t len = 0; len < SNP_ID_AUTH_SIZE; len += 511)
        assert_fails(
            snp_id_auth_check(SPAN_OF_ARRAY(made.block), span_of(made.auth, len), &digests, &err),
            ERR_INPUT);
    made_done(&made);
}

static struct key *vector_key(const char *name)
{
    OWNED_BUF pem = BUF_OF(4096);
    struct key *key = NULL;
    struct err err;

    vector_read(name, &pem);
    assert_ok(key_load_private_pem(buf_span(&pem), &key, &err));
    return key;
}

static void assert_base64(const uint8_t *digest, const char *wanted)
{
    OWNED_BUF text = BUF_OF(256);

    text_encode_base64(span_of(digest, SHA384_SIZE), &text);
    assert_string_equal(buf_str(&text), wanted);
}

/* The digests that sev-snp-measure has for its test keys. */
static void the_keys_of_the_vectors_have_their_digests(void **state)
{
    static const char launch[] = "B28FLQi9p6cAqipgjFyqawDrrSl7bWioWkWx5mmlWLZ+G5HShKMB/mPE+gdQRn7t";
    OWNED_KEY *id_key = vector_key("measure/sev-snp-measure/id_key_test.pem");
    OWNED_KEY *author_key = vector_key("measure/sev-snp-measure/author_key_test.pem");
    struct snp_id_block made = {.policy = SNP_GUEST_POLICY_BASE};
    OWNED_BUF digest = BUF_OF(SHA384_SIZE);
    uint8_t bytes[SNP_ID_BLOCK_SIZE], auth[SNP_ID_AUTH_SIZE];
    struct snp_id_digests digests;
    struct err err;

    (void)state;
    assert_ok(text_decode_base64(span_of_str(launch), &digest, &err));
    memcpy(made.launch_digest, digest.data, SHA384_SIZE);
    snp_id_block_encode(&made, bytes);
    assert_ok(snp_id_auth_make(SPAN_OF_ARRAY(bytes), id_key, author_key, auth, &err));
    assert_ok(snp_id_auth_check(SPAN_OF_ARRAY(bytes), SPAN_OF_ARRAY(auth), &digests, &err));
    assert_base64(digests.id_key,
                  "hwt+NcU/inLQ0yL3WrKvgmJ5Kq9leWIs5BMcPyHyied8sFYKXjuQs5MuZ07HCcsU");
    assert_base64(digests.author_key,
                  "YxEcNLv8Ckk4+aAJvQdJgNgXIyPmFZnJ/TNtqGcySOHcqY0L6PdjdqEGuK/UwKBX");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_that_no_firmware_takes_are_refused),
        cmocka_unit_test(only_p384_keys_with_a_private_half_sign),
        cmocka_unit_test(refusals_name_the_byte),
        cmocka_unit_test(every_flipped_bit_is_refused),
        cmocka_unit_test(what_was_made_checks_with_and_without_an_author),
        cmocka_unit_test(the_keys_of_the_vectors_have_their_digests),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
