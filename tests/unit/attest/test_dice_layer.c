/* The certificates that the profile's authors publish: each is the one layer under a known device
 * secret. */
#include "tests/unit/attest/vectors.h"

#include "lib/attest/evidence/dice_layer.h"

#define CERTS "dice/open-dice-known-values"

static struct json *known;

static struct key *key_of(const char *input, const char *member, enum key_type type)
{
    uint8_t cdi[DICE_CDI_SIZE];
    struct key *key = NULL;
    struct err err;

    assert_ok(text_parse_hex(json_get_str(json_get(known, input), member), cdi, sizeof(cdi), &err));
    assert_ok(dice_derive_key(cdi, type, &key, &err));
    return key;
}

static enum key_type type_in(const char *name)
{
    if (strstr(name, "P256") != NULL)
        return KEY_P256;
    return strstr(name, "P384") != NULL ? KEY_P384 : KEY_ED25519;
}

static int parse(const char *name, struct span bytes, struct dice_layer *ret, struct err *err)
{
    return text_ends_with(name, ".der") ? dice_layer_parse_x509(bytes, ret, err)
                                        : dice_layer_parse_cbor(bytes, ret, err);
}

static void check_certificate(const char *name)
{
    const char *input = strstr(name, "ZeroInput") != NULL ? "ZeroInput" : "HashOnlyInput";
    OWNED_KEY *issuer = key_of(input, "cdi_attest", type_in(name));
    OWNED_KEY *subject = key_of(input, "expected_cdi_attest", type_in(name));
    OWNED_BUF bytes = BUF_OF(4 * KIB), code = BUF_OF(64);
    OWNED_DICE_LAYER layer = {0};
    struct err err;

    vector_read(name, &bytes);
    assert_ok(parse(name, buf_span(&bytes), &layer, &err));
    assert_true(layer.measured && layer.issues);
    assert_int_equal(layer.mode, DICE_NOT_CONFIGURED);
    vector_hex(json_get_str(json_get(known, input), "code_hash"), &code);
    assert_true(span_equal(layer.value[DICE_CODE_HASH], buf_span(&code)));
    if (!key_equal(layer.key, subject))
        fail_msg("%s: another subject key", name);
    if (dice_layer_check_signature(&layer, issuer, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    assert_true(dice_layer_names(&layer, layer.subject, subject));
    assert_true(dice_layer_names(&layer, layer.issuer, issuer));
    assert_false(dice_layer_names(&layer, layer.issuer, subject));

    /* Parent and child swapped. */
    assert_fails(dice_layer_check_signature(&layer, subject, &err), ERR_UNTRUSTED);
}

static void flip_certificate(const char *name)
{
    const char *input = strstr(name, "ZeroInput") != NULL ? "ZeroInput" : "HashOnlyInput";
    OWNED_KEY *issuer = key_of(input, "cdi_attest", type_in(name));
    OWNED_BUF bytes = BUF_OF(4 * KIB);
    struct err err;

    vector_read(name, &bytes);
    for (size_t at = 0; at < bytes.len; at += 5) {
        OWNED_DICE_LAYER layer = {0};

        bytes.data[at] ^= 0x10;
        if (parse(name, buf_span(&bytes), &layer, &err) == 0 &&
            dice_layer_check_signature(&layer, issuer, &err) == 0)
            fail_msg("%s: byte %zu may be changed", name, at);
        bytes.data[at] ^= 0x10;
    }
}

static int read_known(void **state)
{
    (void)state;
    if (vectors_dir() != NULL)
        known = vector_read_json("dice/open-dice-inputs/inputs-and-expected-cdis-open.json");
    return 0;
}

static int free_known(void **state)
{
    (void)state;
    json_free(known);
    return 0;
}

static void published_certificates_verify_under_the_derived_keys(void **state)
{
    (void)state;
    (void)need_vectors();
    assert_true(vector_each(CERTS, ".der", check_certificate) >= 4);
    assert_true(vector_each(CERTS, ".cbor", check_certificate) >= 12);
}

static void no_byte_of_them_can_be_changed(void **state)
{
    (void)state;
    (void)need_vectors();
    (void)vector_each(CERTS, ".der", flip_certificate);
    (void)vector_each(CERTS, ".cbor", flip_certificate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_certificates_verify_under_the_derived_keys),
        cmocka_unit_test(no_byte_of_them_can_be_changed),
    };

    return cmocka_run_group_tests(tests, read_known, free_known);
}
