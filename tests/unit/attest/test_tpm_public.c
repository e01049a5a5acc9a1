#include "tests/unit/attest/vectors.h"

#include "tests/unit/attest/tpm_make.h"

static const enum key_type types[] = {KEY_RSA, KEY_P256, KEY_P384};

static void a_key_cut_anywhere_is_refused(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        OWNED_BUF bytes = BUF_OF(4096);
        OWNED_KEY *key = NULL;
        struct tpm_public ret;

        assert_ok(key_generate(types[i], 2048, &key, &err));
        make_public(&bytes, key, TPM_AK_ATTRIBUTES);
        for (size_t len = 0; len < bytes.len; len++) {
            uint8_t *cut = (uint8_t *)mem_copy(bytes.data, len);

            assert_fails(tpm_public_parse(span_of(cut, len), &ret, &err), ERR_INPUT);
            free(cut);
        }
        assert_ok(tpm_public_parse(buf_span(&bytes), &ret, &err));
        buf_add_u8(&bytes, 0);
        assert_fails(tpm_public_parse(buf_span(&bytes), &ret, &err), ERR_INPUT);
        assert_non_null(strstr(err.text, "1 bytes after its end"));
    }
}

static void other_kinds_of_objects_are_refused(void **state)
{
    uint8_t keyed_hash[64] = {0x00, 0x08, 0x00, 0x0b};
    struct tpm_public ret;
    struct err err;

    (void)state;
    assert_fails(tpm_public_parse(SPAN_OF_ARRAY(keyed_hash), &ret, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "type 0x0008"));
}

static void every_attribute_decides(void **state)
{
    static const struct {
        uint32_t change;
        const char *name;
    } rows[] = {
        {TPM_ATTRIBUTE_FIXED_TPM, "fixedTPM is not set"},
        {TPM_ATTRIBUTE_FIXED_PARENT, "fixedParent is not set"},
        {TPM_ATTRIBUTE_SENSITIVE_DATA_ORIGIN, "sensitiveDataOrigin is not set"},
        {TPM_ATTRIBUTE_RESTRICTED, "restricted is not set"},
        {TPM_ATTRIBUTE_DECRYPT, "decrypt is set"},
        {TPM_ATTRIBUTE_SIGN, "sign is not set"},
    };
    struct tpm_public key = {.attributes = TPM_AK_ATTRIBUTES};
    struct err err;

    (void)state;
    assert_ok(tpm_public_check_attester(&key, &err));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        key.attributes = TPM_AK_ATTRIBUTES ^ rows[i].change;
        assert_fails(tpm_public_check_attester(&key, &err), ERR_UNTRUSTED);
        assert_non_null(strstr(err.text, rows[i].name));
    }
}

static void the_key_comes_out_as_it_went_in(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        OWNED_KEY *pair = NULL, *again = NULL;
        OWNED_BUF bytes = BUF_OF(4096);
        struct tpm_public ret;

        assert_ok(key_generate(types[i], 2048, &pair, &err));
        make_public(&bytes, pair, TPM_AK_ATTRIBUTES);
        assert_ok(tpm_public_parse(buf_span(&bytes), &ret, &err));
        assert_ok(tpm_public_key(&ret, &again, &err));
        assert_true(key_equal(pair, again));
    }
}

static void the_name_is_the_hash_of_the_whole(void **state)
{
    uint8_t name[TPM_NAME_SIZE_MAX], expected[SHA256_SIZE];
    OWNED_BUF bytes = BUF_OF(4096);
    OWNED_KEY *pair = NULL;
    struct tpm_public ret;
    struct err err;
    size_t len;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &pair, &err));
    make_public(&bytes, pair, TPM_AK_ATTRIBUTES);
    assert_ok(tpm_public_parse(buf_span(&bytes), &ret, &err));
    assert_ok(tpm_public_name(&ret, name, &len, &err));
    assert_int_equal(len, 34);
    assert_memory_equal(name, "\x00\x0b", 2);
    digest_of(DIGEST_SHA256, buf_span(&bytes), expected);
    assert_memory_equal(name + 2, expected, SHA256_SIZE);
    ret.name_alg = 0x77;
    assert_fails(tpm_public_name(&ret, name, &len, &err), ERR_INPUT);
}

static void curves_that_we_do_not_use_are_refused(void **state)
{
    OWNED_BUF bytes = BUF_OF(4096);
    OWNED_KEY *pair = NULL, *again = NULL;
    struct tpm_public ret;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &pair, &err));
    make_public(&bytes, pair, TPM_AK_ATTRIBUTES);
    assert_ok(tpm_public_parse(buf_span(&bytes), &ret, &err));
    ret.curve = 5;
    assert_fails(tpm_public_key(&ret, &again, &err), ERR_INPUT);
    ret.curve = 4;
    assert_fails(tpm_public_key(&ret, &again, &err), ERR_INPUT);
}

/* The attestation key of a Windows machine on Google's cloud. */
static void a_genuine_key_is_read(void **state)
{
    OWNED_JSON *dump = (need_vectors(),
                        vector_read_json("tcglog/go-eventlog-legacy/windows_gcp_shielded_vm.json"));
    OWNED_BUF bytes = BUF_OF(4096);
    OWNED_KEY *key = NULL;
    struct tpm_public ret;
    struct err err;

    (void)state;
    assert_ok(text_decode_base64(span_of_str(json_get_str(json_get(dump, "AK"), "Public")), &bytes,
                                 &err));
    assert_ok(tpm_public_parse(buf_span(&bytes), &ret, &err));
    assert_int_equal(ret.auth_policy.len, 32);
    assert_ok(tpm_public_check_attester(&ret, &err));
    assert_ok(tpm_public_key(&ret, &key, &err));
    assert_int_equal(key_type_of(key), KEY_RSA);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_cut_anywhere_is_refused),
        cmocka_unit_test(other_kinds_of_objects_are_refused),
        cmocka_unit_test(every_attribute_decides),
        cmocka_unit_test(the_key_comes_out_as_it_went_in),
        cmocka_unit_test(the_name_is_the_hash_of_the_whole),
        cmocka_unit_test(curves_that_we_do_not_use_are_refused),
        cmocka_unit_test(a_genuine_key_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
