#include "tests/unit/unit.h"

#include "lib/crypto/gcm.h"

static const uint8_t key[32] = {1, 2, 3}, nonce[GCM_NONCE_SIZE] = {4};

static void seal(const struct gcm_message *message, uint8_t *out)
{
    OWNED_GCM *gcm = gcm_new(SPAN_OF_ARRAY(key), true);

    gcm_seal(gcm, message, out);
}

/* The GCM specification's test cases 13 and 14: a key of zeros, AES-256. */
static void the_published_examples_hold(void **state)
{
    const uint8_t zeros[32] = {0};
    OWNED_GCM *gcm = gcm_new(SPAN_OF_ARRAY(zeros), true);
    struct gcm_message message = {.nonce = zeros};
    uint8_t out[16 + GCM_TAG_SIZE];
    char hex[2 * sizeof(out) + 1];

    (void)state;
    gcm_seal(gcm, &message, out);
    text_hex(out, GCM_TAG_SIZE, hex);
    assert_string_equal(hex, "530f8afbc74536b9a963b4f1c4cb738b");
    message.text = span_of(zeros, 16);
    gcm_seal(gcm, &message, out);
    text_hex(out, sizeof(out), hex);
    assert_string_equal(hex, "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919");
}

static void no_bit_can_be_changed(void **state)
{
    OWNED_GCM *gcm = gcm_new(SPAN_OF_ARRAY(key), false);
    uint8_t sealed[5 + GCM_TAG_SIZE], opened[5], aad[2] = {7, 8};
    const struct gcm_message plain = {nonce, SPAN_OF_ARRAY(aad), span_of_str("bytes")};
    const struct gcm_message message = {nonce, SPAN_OF_ARRAY(aad), SPAN_OF_ARRAY(sealed)};
    struct err err;

    (void)state;
    seal(&plain, sealed);
    for (size_t bit = 0; bit < 8 * sizeof(sealed); bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        memset(opened, 0xff, sizeof(opened));
        assert_fails(gcm_open(gcm, &message, opened, &err), ERR_UNTRUSTED);
        assert_true(span_is_zero(SPAN_OF_ARRAY(opened)));
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    aad[1] ^= 1;
    assert_fails(gcm_open(gcm, &message, opened, &err), ERR_UNTRUSTED);
    aad[1] ^= 1;
    assert_ok(gcm_open(gcm, &message, opened, &err));
    assert_memory_equal(opened, "bytes", sizeof(opened));
}

static void what_is_shorter_than_a_tag_is_refused(void **state)
{
    OWNED_GCM *gcm = gcm_new(SPAN_OF_ARRAY(key), false);
    const struct gcm_message message = {.nonce = nonce, .text = span_of_str("short")};
    uint8_t opened[1];
    struct err err;

    (void)state;
    assert_fails(gcm_open(gcm, &message, opened, &err), ERR_UNTRUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_examples_hold),
        cmocka_unit_test(no_bit_can_be_changed),
        cmocka_unit_test(what_is_shorter_than_a_tag_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
