#include "tests/unit/attest/vectors.h"

#include "lib/attest/evidence/dice_derive.h"

/* --- one layer of our own -------------------------------------------------------------------- */

static void make_input(struct dice_input *input)
{
    *input = (struct dice_input){.config = span_of_str("configuration"), .mode = DICE_NORMAL};
    memset(input->code, 1, sizeof(input->code));
    memset(input->authority, 2, sizeof(input->authority));
    memset(input->hidden, 3, sizeof(input->hidden));
}

static void derive(const struct dice_input *input, struct dice_cdis *ret)
{
    static const struct dice_cdis uds = {{7}, {8}};
    struct err err;

    assert_ok(dice_derive_cdis(&uds, input, ret, &err));
}

static void an_inline_configuration_has_one_length(void **state)
{
    static const struct dice_cdis uds = {{7}, {8}};
    struct dice_input input;
    struct dice_cdis next;
    struct err err;

    (void)state;
    make_input(&input);
    input.config_is_inline = true;
    assert_fails(dice_derive_cdis(&uds, &input, &next, &err), ERR_INPUT);
}

/* What survives an update, and what does not. */
static void sealing_depends_on_less_than_attestation(void **state)
{
    struct dice_cdis base, changed;
    struct dice_input input;

    (void)state;
    make_input(&input);
    derive(&input, &base);

    input.code[63] ^= 1;
    derive(&input, &changed);
    assert_memory_not_equal(base.attest, changed.attest, DICE_CDI_SIZE);
    assert_memory_equal(base.seal, changed.seal, DICE_CDI_SIZE);

    make_input(&input);
    input.config = span_of_str("another");
    derive(&input, &changed);
    assert_memory_not_equal(base.attest, changed.attest, DICE_CDI_SIZE);
    assert_memory_equal(base.seal, changed.seal, DICE_CDI_SIZE);

    make_input(&input);
    input.mode = DICE_DEBUG;
    derive(&input, &changed);
    assert_memory_not_equal(base.attest, changed.attest, DICE_CDI_SIZE);
    assert_memory_not_equal(base.seal, changed.seal, DICE_CDI_SIZE);

    make_input(&input);
    input.authority[0] ^= 1;
    derive(&input, &changed);
    assert_memory_not_equal(base.seal, changed.seal, DICE_CDI_SIZE);

    make_input(&input);
    input.hidden[0] ^= 1;
    derive(&input, &changed);
    assert_memory_not_equal(base.seal, changed.seal, DICE_CDI_SIZE);
}

static void the_same_secret_gives_the_same_key(void **state)
{
    static const enum key_type types[] = {KEY_ED25519, KEY_P256, KEY_P384};
    static const uint8_t cdi[DICE_CDI_SIZE] = {9}, other[DICE_CDI_SIZE] = {10};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        OWNED_KEY *a = NULL, *b = NULL, *c = NULL;
        char id[DICE_ID_TEXT], id_other[DICE_ID_TEXT];

        assert_ok(dice_derive_key(cdi, types[i], &a, &err));
        assert_ok(dice_derive_key(cdi, types[i], &b, &err));
        assert_ok(dice_derive_key(other, types[i], &c, &err));
        assert_int_equal(key_type_of(a), types[i]);
        assert_true(key_equal(a, b));
        assert_false(key_equal(a, c));
        assert_ok(dice_id_text(a, id, &err));
        assert_ok(dice_id_text(c, id_other, &err));
        assert_string_not_equal(id, id_other);
        assert_true(id[0] < '8');
    }
}

static void there_are_no_rsa_layers(void **state)
{
    static const uint8_t cdi[DICE_CDI_SIZE] = {9};
    OWNED_KEY *key = NULL;
    uint8_t id[DICE_ID_SIZE];
    struct err err;

    (void)state;
    assert_fails(dice_derive_key(cdi, KEY_RSA, &key, &err), ERR_INPUT);
    assert_ok(key_generate(KEY_RSA, 2048, &key, &err));
    assert_fails(dice_derive_id(key, id, &err), ERR_INPUT);
}

static void a_platform_vouches_for_one_key_only(void **state)
{
    static const uint8_t cdi[DICE_CDI_SIZE] = {9}, other[DICE_CDI_SIZE] = {10};
    OWNED_KEY *a = NULL, *b = NULL;
    uint8_t demand[2][SHA512_SIZE];
    struct err err;

    (void)state;
    assert_ok(dice_derive_key(cdi, KEY_ED25519, &a, &err));
    assert_ok(dice_derive_key(other, KEY_ED25519, &b, &err));
    dice_root_report_data(a, demand[0]);
    dice_root_report_data(b, demand[1]);
    assert_memory_not_equal(demand[0], demand[1], SHA512_SIZE);
}

/* --- the profile's known values -------------------------------------------------------------- */

static void read_hex(const struct json *from, const char *key, uint8_t *out, size_t len)
{
    struct err err;

    assert_ok(text_parse_hex(json_get_str(from, key), out, len, &err));
}

static void check_known(const struct json *known, const char *name)
{
    uint8_t config[DICE_HASH_SIZE], expected[DICE_CDI_SIZE];
    struct dice_input input = {.config_is_inline = true, .config = SPAN_OF_ARRAY(config)};
    OWNED(free_str) char *file = NULL;
    OWNED_BUF bytes = BUF_OF(1024);
    struct dice_cdis cdis, next;
    struct err err;

    read_hex(known, "cdi_attest", cdis.attest, DICE_CDI_SIZE);
    read_hex(known, "cdi_seal", cdis.seal, DICE_CDI_SIZE);
    read_hex(known, "code_hash", input.code, DICE_HASH_SIZE);
    read_hex(known, "config_value", config, DICE_HASH_SIZE);
    read_hex(known, "authority_hash", input.authority, DICE_HASH_SIZE);
    read_hex(known, "hidden", input.hidden, DICE_HASH_SIZE);
    input.mode = (enum dice_mode)json_get_int(known, "mode");
    assert_ok(dice_derive_cdis(&cdis, &input, &next, &err));
    read_hex(known, "expected_cdi_attest", expected, DICE_CDI_SIZE);
    assert_memory_equal(next.attest, expected, DICE_CDI_SIZE);
    read_hex(known, "expected_cdi_seal", expected, DICE_CDI_SIZE);
    assert_memory_equal(next.seal, expected, DICE_CDI_SIZE);

    file = mem_printf("dice/open-dice-known-values/CdiAttest_%s.bin", name);
    vector_read(file, &bytes);
    assert_true(span_equal(buf_span(&bytes), SPAN_OF_ARRAY(next.attest)));
}

static void the_known_cdis_are_derived(void **state)
{
    OWNED_JSON *all = NULL;
    const struct json *known;
    const char *name = NULL;

    (void)state;
    (void)need_vectors();
    all = vector_read_json("dice/open-dice-inputs/inputs-and-expected-cdis-open.json");
    while ((known = json_next(all, &name)) != NULL)
        check_known(known, name);
    assert_true(json_count(all) >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_inline_configuration_has_one_length),
        cmocka_unit_test(sealing_depends_on_less_than_attestation),
        cmocka_unit_test(the_same_secret_gives_the_same_key),
        cmocka_unit_test(there_are_no_rsa_layers),
        cmocka_unit_test(a_platform_vouches_for_one_key_only),
        cmocka_unit_test(the_known_cdis_are_derived),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
