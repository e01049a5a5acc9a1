#include "tests/unit/unit.h"

#include "lib/crypto/hpke.h"
#include "lib/crypto/key_seed.h"

#define PLAIN "4265617574792069732074727574682c20747275746820626561757479"
#define INFO  "4f6465206f6e2061204772656369616e2055726e"

static void unhex(const char *hex, struct buf *out)
{
    struct err err;

    assert_ok(text_decode_hex(span_of_str(hex), out, &err));
}

static struct key *key_of(const char *scalar)
{
    OWNED_BUF bytes = BUF_OF(32);
    struct key *key;
    struct err err;

    unhex(scalar, &bytes);
    assert_ok(key_from_scalar(KEY_P256, buf_span(&bytes), &key, &err));
    return key;
}

/* RFC 9180, A.3.1; and base mode of the same KEM and KDF with AES-256-GCM from the vectors that the
 * CFRG published beside it, which tell the sender's key by its point. */
static const struct example {
    enum hpke_aead aead;
    const char *own, *ephemeral, *enc;
    const char *sealed[2]; /* in order, with the aads Count-0 and Count-1 */
} examples[] = {
    {HPKE_AES_128_GCM,
     "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2",
     "4995788ef4b9d6132b249ce59a77281493eb39af373d236a1fe415cb0c2d7beb",
     "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c"
     "0900be863c403ce65c9bfcb9382657222d18c4",
     {"5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434",
      "fa6f037b47fc21826b610172ca9637e82d6e5801eb31cbd3748271affd4ecb06646e0329cbdf3c3cd655b28e8"
      "2"}},
    {HPKE_AES_256_GCM,
     "317f915db7bc629c48fe765587897e01e282d3e8445f79f27f65d031a88082b2",
     NULL,
     "04c06b4f6bebc7bb495cb797ab753f911aff80aefb86fd8b6fcc35525f3ab5f03e0b21bd31a86c6048af3cb2d98e"
     "0d3bf01da5cc4c39ff5370d331a4f1f7d5a4e0",
     {"58c61a45059d0c5704560e9d88b564a8b63f1364b8d1fcb3c4c6ddc1d291742465e902cd216f8908da49f8f96f",
      NULL}},
};

static void open_example(const struct example *example)
{
    OWNED_BUF enc = BUF_OF(HPKE_ENC_SIZE), info = BUF_OF(64), plain = BUF_OF(64);
    OWNED_KEY *own = key_of(example->own);
    OWNED_HPKE *hpke = NULL;
    struct err err;

    unhex(example->enc, &enc);
    unhex(INFO, &info);
    unhex(PLAIN, &plain);
    assert_ok(hpke_open_begin(example->aead, own, buf_span(&enc), buf_span(&info), &hpke, &err));
    for (int i = 0; i < 2 && example->sealed[i] != NULL; i++) {
        OWNED_BUF sealed = BUF_OF(64), opened = BUF_OF(64);

        unhex(example->sealed[i], &sealed);
        assert_ok(hpke_open(hpke, span_of_str(i == 0 ? "Count-0" : "Count-1"), buf_span(&sealed),
                            &opened, &err));
        assert_true(span_equal(buf_span(&opened), buf_span(&plain)));
    }
}

static void seal_example(const struct example *example)
{
    OWNED_BUF info = BUF_OF(64), plain = BUF_OF(64);
    OWNED_KEY *own = key_of(example->own), *ephemeral = key_of(example->ephemeral);
    OWNED_HPKE *hpke = NULL;
    struct err err;

    unhex(INFO, &info);
    unhex(PLAIN, &plain);
    assert_ok(hpke_seal_begin_with(example->aead, own, buf_span(&info), ephemeral, &hpke, &err));
    for (int i = 0; i < 2; i++) {
        OWNED_BUF sealed = BUF_OF(64), expected = BUF_OF(64);

        unhex(example->sealed[i], &expected);
        assert_ok(hpke_seal(hpke, span_of_str(i == 0 ? "Count-0" : "Count-1"), buf_span(&plain),
                            &sealed, &err));
        assert_true(span_equal(buf_span(&sealed), buf_span(&expected)));
    }
}

static void the_published_examples_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(examples); i++) {
        open_example(&examples[i]);
        if (examples[i].ephemeral != NULL)
            seal_example(&examples[i]);
    }
}

/* --- our own ends ---------------------------------------------------------------------------- */

struct ends {
    struct key *key;
    uint8_t enc[HPKE_ENC_SIZE];
    struct hpke *sender, *recipient;
};

static void begin(struct ends *ends, enum hpke_aead aead, const char *info)
{
    struct err err;

    *ends = (struct ends){NULL};
    assert_ok(key_generate(KEY_P256, 0, &ends->key, &err));
    assert_ok(
        hpke_seal_begin(aead, ends->key, span_of_str("info"), ends->enc, &ends->sender, &err));
    assert_ok(hpke_open_begin(aead, ends->key, SPAN_OF_ARRAY(ends->enc), span_of_str(info),
                              &ends->recipient, &err));
}

static void end(struct ends *ends)
{
    key_free(ends->key);
    hpke_free(ends->sender);
    hpke_free(ends->recipient);
}
#define OWNED_ENDS __attribute__((cleanup(end))) struct ends

static void what_is_sealed_is_opened_in_its_order(void **state)
{
    OWNED_BUF first = BUF_OF(64), second = BUF_OF(64), opened = BUF_OF(64);
    OWNED_ENDS ends;
    struct err err;

    (void)state;
    begin(&ends, HPKE_AES_256_GCM, "info");
    assert_ok(hpke_seal(ends.sender, span_of_str("a"), span_of_str("one"), &first, &err));
    assert_ok(hpke_seal(ends.sender, span_of_str("a"), span_of_str(""), &second, &err));
    assert_fails(hpke_open(ends.recipient, span_of_str("a"), buf_span(&second), &opened, &err),
                 ERR_UNTRUSTED);
    assert_fails(hpke_open(ends.recipient, span_of_str("b"), buf_span(&first), &opened, &err),
                 ERR_UNTRUSTED);
    assert_int_equal(opened.len, 0);
    assert_ok(hpke_open(ends.recipient, span_of_str("a"), buf_span(&first), &opened, &err));
    assert_string_equal(buf_str(&opened), "one");
    assert_fails(hpke_open(ends.recipient, span_of_str("a"), buf_span(&first), &opened, &err),
                 ERR_UNTRUSTED);
    assert_ok(hpke_open(ends.recipient, span_of_str("a"), buf_span(&second), &opened, &err));
}

static void another_info_is_another_key(void **state)
{
    OWNED_BUF sealed = BUF_OF(64), opened = BUF_OF(64);
    uint8_t exported[2][32];
    OWNED_ENDS ends;
    struct err err;

    (void)state;
    begin(&ends, HPKE_AES_128_GCM, "other");
    assert_ok(hpke_seal(ends.sender, span_of(NULL, 0), span_of_str("one"), &sealed, &err));
    assert_fails(hpke_open(ends.recipient, span_of(NULL, 0), buf_span(&sealed), &opened, &err),
                 ERR_UNTRUSTED);
    hpke_export(ends.sender, span_of_str("x"), exported[0], 32);
    hpke_export(ends.recipient, span_of_str("x"), exported[1], 32);
    assert_memory_not_equal(exported[0], exported[1], 32);
}

static void both_ends_export_the_same(void **state)
{
    uint8_t exported[3][48];
    OWNED_ENDS ends;

    (void)state;
    begin(&ends, HPKE_AES_256_GCM, "info");
    hpke_export(ends.sender, span_of_str("x"), exported[0], 48);
    hpke_export(ends.recipient, span_of_str("x"), exported[1], 48);
    hpke_export(ends.recipient, span_of_str("y"), exported[2], 48);
    assert_memory_equal(exported[0], exported[1], 48);
    assert_memory_not_equal(exported[1], exported[2], 48);
}

static void keys_and_points_of_another_kind_are_refused(void **state)
{
    uint8_t enc[HPKE_ENC_SIZE] = {4, 1};
    OWNED_KEY *p384 = NULL, *p256 = NULL, *public = NULL;
    OWNED_BUF spki = BUF_OF(1 * KIB);
    OWNED_HPKE *hpke = NULL;
    struct span none = span_of(NULL, 0);
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_P384, 0, &p384, &err));
    assert_ok(key_generate(KEY_P256, 0, &p256, &err));
    key_write_spki(p256, &spki);
    assert_ok(key_load_public_der(buf_span(&spki), &public, &err));
    assert_fails(hpke_seal_begin(HPKE_AES_256_GCM, p384, none, enc, &hpke, &err), ERR_INPUT);
    assert_fails(hpke_open_begin(HPKE_AES_256_GCM, p256, SPAN_OF_ARRAY(enc), none, &hpke, &err),
                 ERR_INPUT);
    assert_fails(hpke_open_begin(HPKE_AES_256_GCM, p256, span_of(enc, 33), none, &hpke, &err),
                 ERR_INPUT);
    assert_ok(hpke_seal_begin(HPKE_AES_256_GCM, public, none, enc, &hpke, &err));
    hpke_free(GIVE(hpke));
    assert_fails(hpke_open_begin(HPKE_AES_256_GCM, public, SPAN_OF_ARRAY(enc), none, &hpke, &err),
                 ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_examples_hold),
        cmocka_unit_test(what_is_sealed_is_opened_in_its_order),
        cmocka_unit_test(another_info_is_another_key),
        cmocka_unit_test(both_ends_export_the_same),
        cmocka_unit_test(keys_and_points_of_another_kind_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
