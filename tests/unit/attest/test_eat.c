#include "tests/unit/attest/vectors.h"

#include "lib/attest/evidence/eat.h"

/* --- what is refused ------------------------------------------------------------------------- */

static void what_is_no_token_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        {"", 0},
        {"\xa0", 1},                                      /* claims without a signature */
        {"\x84\x40\xa0\x40\x40", 5},                      /* no payload to speak of */
        {"\x84\x40\xa0\xf6\x40", 5},                      /* detached */
        {"\x84\x40\xa0\x41\x01\x40", 6},                  /* a payload that is no map */
        {"\x84\x40\xa0\x42\xbf\xff\x40", 7},              /* an indefinite map */
        {"\x84\x40\xa0\x45\xa2\x01\x00\x01\x00\x40", 10}, /* a claim twice */
        {"\x84\x40\xa0\x43\xa1\x18\x01\x40", 8},          /* a number that is not the shortest */
        {"\xd8\x3d\x84\x40\xa0\x41\xa0\x40\x00", 9},      /* bytes after the end */
        {"\xd8\x3d\xd8\x3d\x84\x40\xa0\x41\xa0\x40", 10}, /* a tag twice */
        {"\xd1\x84\x40\xa0\x41\xa0\x40", 7},              /* another tag */
    };
    struct eat eat;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (eat_parse(span_of(rows[i].bytes, rows[i].len), &eat, &err) == 0)
            fail_msg("row %zu was taken", i);
}

static void an_offset_is_named(void **state)
{
    struct eat eat;
    struct err err;

    (void)state;
    assert_fails(eat_parse(span_of("\x84\x40\xa0\x42\xbf\xff\x40", 7), &eat, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "at byte 4"));
    assert_fails(eat_parse(span_of("\x84\x40\xa0\x41\xa0\x40\x00", 7), &eat, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "at byte 6"));
}

static void every_wrapping_of_a_token_is_taken(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        {"\x84\x40\xa0\x41\xa0\x40", 6},
        {"\xd2\x84\x40\xa0\x41\xa0\x40", 7},
        {"\xd8\x3d\xd2\x84\x40\xa0\x41\xa0\x40", 9},
        {"\xd8\x3d\x84\x40\xa0\x41\xa0\x40", 8},
    };
    struct eat eat;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_ok(eat_parse(span_of(rows[i].bytes, rows[i].len), &eat, &err));
        assert_true(eat_detect(span_of(rows[i].bytes, rows[i].len)));
        assert_false(eat_is_ours(&eat));
    }
}

/* --- our own --------------------------------------------------------------------------------- */

static struct key *key;

static int make_key(void **state)
{
    struct err err;

    (void)state;
    return key_generate(KEY_ED25519, 0, &key, &err);
}

static int free_key(void **state)
{
    (void)state;
    key_free(key);
    return 0;
}

static void make_bundle(struct bundle *bundle)
{
    const struct transcript_logs logs = {.tcg = span_of_str("tcg"), .cel = span_of_str("cel")};
    struct transcript transcript = {.kind = TRANSCRIPT_BOOT};
    struct err err;

    transcript.has[TRANSCRIPT_NONCE] = true;
    bundle_init(bundle);
    assert_ok(bundle_set_transcript(bundle, &transcript, &err));
    assert_ok(bundle_set_logs(bundle, &logs, &err));
    assert_ok(bundle_add(bundle, BUNDLE_SNP, span_of_str("report"), &err));
    assert_ok(bundle_add(bundle, BUNDLE_DICE, span_of_str("chain"), &err));
    assert_ok(bundle_set_endorsement(bundle, span_of_str("ek"), span_of_str("certificate"), &err));
    assert_ok(bundle_set_svsm(bundle, span_of_str("manifest"), &err));
}

static void a_bundle_goes_through_a_token_unchanged(void **state)
{
    OWNED_BUF token = BUF_OF(64 * KIB), before = BUF_OF(64 * KIB), after = BUF_OF(64 * KIB);
    OWNED_BUNDLE bundle, read = {0};
    OWNED_KEY *signer = NULL;
    OWNED_JSON *claims = NULL;
    struct eat eat;
    struct err err;

    (void)state;
    make_bundle(&bundle);
    assert_ok(eat_write(&bundle, key, 1700000000, &token, &err));
    assert_ok(eat_parse(buf_span(&token), &eat, &err));
    assert_true(eat_is_ours(&eat));
    assert_ok(eat_read_key(&eat, &signer, &err));
    assert_true(key_equal(key, signer));
    assert_ok(cose_sign1_verify(&eat.message, signer, NULL, &err));
    assert_ok(eat_read_bundle(&eat, &read, &err));
    assert_ok(bundle_write(&bundle, &before, &err));
    assert_ok(bundle_write(&read, &after, &err));
    assert_string_equal(buf_str(&before), buf_str(&after));
    claims = eat_claims(&eat);
    assert_int_equal(json_get_int(claims, "iat"), 1700000000);
    assert_string_equal(json_get_str(claims, "eat_profile"), EAT_PROFILE);
}

/* Claims as an attacker writes them, which he can sign as well as we. */
static int read_claims(const char *hex, struct bundle *ret, struct err *err)
{
    OWNED_BUF payload = BUF_OF(32 * KIB), token = BUF_OF(32 * KIB);
    struct cose_content content = {0};
    struct eat eat;

    assert_int_equal(text_decode_hex(span_of_str(hex), &payload, err), 0);
    content.payload = buf_span(&payload);
    assert_int_equal(cose_sign1_sign(key, &content, &token, err), 0);
    assert_int_equal(eat_parse(buf_span(&token), &eat, err), 0);
    return eat_read_bundle(&eat, ret, err);
}

#define Z32   "0000000000000000000000000000000000000000000000000000000000000000"
#define NONCE "0a5820" Z32
#define TRANSCRIPT                                                                                 \
    "3a000128e0"                                                                                   \
    "5850"                                                                                         \
    "0000000c636f636f732f626f6f742f31"                                                             \
    "00000020" Z32 "00000000"                                                                      \
    "00000000"                                                                                     \
    "00000000"                                                                                     \
    "00000000"                                                                                     \
    "00000000"                                                                                     \
    "00000000"                                                                                     \
    "00000000"
#define SNP_MEDIA                                                                                  \
    "7820"                                                                                         \
    "6170706c69636174696f6e2f766e642e636f636f732e736e702d7265706f7274"
#define ITEMS                                                                                      \
    "3a000128e1"                                                                                   \
    "81"                                                                                           \
    "83"                                                                                           \
    "63736e70" SNP_MEDIA "4101"
#define LOGS                                                                                       \
    "3a000128e2"                                                                                   \
    "83404040"
#define ENDORSEMENT "3a000128e3"

static void an_endorsement_is_as_long_as_one_at_most(void **state)
{
    OWNED_BUF hex = BUF_OF(64 * KIB);
    struct bundle bundle;
    struct err err;

    (void)state;
    buf_add_str(&hex, "a5" NONCE TRANSCRIPT ITEMS LOGS ENDORSEMENT "834040");
    buf_add_str(&hex, "594001"); /* BUNDLE_KEY_SIZE_MAX and one more */
    for (size_t i = 0; i < BUNDLE_KEY_SIZE_MAX + 1; i++)
        buf_add_str(&hex, "00");
    assert_fails(read_claims(buf_str(&hex), &bundle, &err), ERR_INPUT);
}

static void what_is_no_bundle_in_a_token_is_refused(void **state)
{
    static const char *const rows[] = {
        "a0",
        "a3" NONCE TRANSCRIPT ITEMS, /* no logs */
        "a4" NONCE TRANSCRIPT "3a000128e1"
        "80" LOGS,                  /* no item */
        "a3" TRANSCRIPT ITEMS LOGS, /* no nonce */
        "a4"
        "0a5820"
        "11"
        "00000000000000000000000000000000000000000000000000000000000000" TRANSCRIPT ITEMS
            LOGS, /* another nonce */
        "a4" NONCE TRANSCRIPT ITEMS "3a000128e2"
        "824040", /* a log too few */
        "a4" NONCE TRANSCRIPT ITEMS "3a000128e2"
        "834040f6", /* a log that is none */
        "a4" NONCE TRANSCRIPT "3a000128e1"
        "81"
        "82"
        "63736e70"
        "4101" LOGS,
        "a4" NONCE TRANSCRIPT "3a000128e1"
        "81"
        "83"
        "637a6e70" SNP_MEDIA "4101" LOGS,
        "a4" NONCE TRANSCRIPT "3a000128e1"
        "81"
        "83"
        "63746478" SNP_MEDIA "4101" LOGS,
        "a4" NONCE TRANSCRIPT "3a000128e1"
        "82"
        "83"
        "63736e70" SNP_MEDIA "4101"
        "83"
        "63736e70" SNP_MEDIA "4101" LOGS, /* a type twice */
        "a4" NONCE "3a000128e0"
        "4100" ITEMS LOGS,
        "a5" NONCE TRANSCRIPT ITEMS LOGS ENDORSEMENT "83404040", /* one of nothing */
        "a5" NONCE TRANSCRIPT ITEMS LOGS ENDORSEMENT "8241014101",
        "a5" NONCE TRANSCRIPT ITEMS LOGS ENDORSEMENT "844101404040",
        "a5" NONCE TRANSCRIPT ITEMS LOGS ENDORSEMENT "834101f640",
        "a5" NONCE TRANSCRIPT ITEMS LOGS ENDORSEMENT "4101",
        "a5" NONCE TRANSCRIPT ITEMS LOGS ENDORSEMENT "f6",
    };
    OWNED_BUNDLE whole = {0}, endorsed = {0};
    struct bundle bundle;
    struct err err;

    (void)state;
    assert_ok(read_claims("a4" NONCE TRANSCRIPT ITEMS LOGS, &whole, &err));
    assert_ok(
        read_claims("a5" NONCE TRANSCRIPT ITEMS LOGS ENDORSEMENT "8340404101", &endorsed, &err));
    assert_int_equal(endorsed.endorsement.svsm_manifest.len, 1);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (read_claims(rows[i], &bundle, &err) == 0)
            fail_msg("row %zu was taken", i);
}

/* --- others' --------------------------------------------------------------------------------- */

static void claims_are_told_within_bounds(void **state)
{
    OWNED_BUF payload = BUF_OF(256 * KIB), token = BUF_OF(256 * KIB);
    struct cose_content content = {0};
    OWNED_JSON *claims = NULL;
    struct eat eat;
    struct err err;

    (void)state;
    cbor_add_map(&payload, 4);
    cbor_add_int(&payload, EAT_DBGSTAT);
    cbor_add_int(&payload, 2);
    cbor_add_int(&payload, 9999);
    cbor_add_array(&payload, 5000);
    for (int i = 0; i < 5000; i++)
        cbor_add_null(&payload);
    cbor_add_int(&payload, -70000);
    cbor_add_bytes(&payload, span_of(payload.data, 1000));
    cbor_add_text(&payload, "text");
    cbor_add_text(&payload, "value");
    content.payload = buf_span(&payload);
    assert_ok(cose_sign1_sign(key, &content, &token, &err));
    assert_ok(eat_parse(buf_span(&token), &eat, &err));
    claims = eat_claims(&eat);
    assert_int_equal(json_get_int(claims, "dbgstat"), 2);
    assert_true(json_count(json_get(claims, "9999")) <= 1024);
}

/* RFC 8392, appendix A.3. */
static void a_published_web_token_is_read(void **state)
{
    OWNED_BUF bytes = BUF_OF(4 * KIB);
    OWNED_JSON *example = NULL, *claims = NULL;
    struct eat eat;
    struct err err;

    (void)state;
    (void)need_vectors();
    example = vector_read_json("cose/CWT/A_3.json");
    vector_hex(json_get_str(json_get(example, "output"), "cbor"), &bytes);
    assert_ok(eat_parse(buf_span(&bytes), &eat, &err));
    claims = eat_claims(&eat);
    assert_string_equal(json_get_str(claims, "iss"), "coap://as.example.com");
    assert_int_equal(json_get_int(claims, "exp"), 1444064944);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_token_is_refused),
        cmocka_unit_test(an_offset_is_named),
        cmocka_unit_test(every_wrapping_of_a_token_is_taken),
        cmocka_unit_test(a_bundle_goes_through_a_token_unchanged),
        cmocka_unit_test(what_is_no_bundle_in_a_token_is_refused),
        cmocka_unit_test(an_endorsement_is_as_long_as_one_at_most),
        cmocka_unit_test(claims_are_told_within_bounds),
        cmocka_unit_test(a_published_web_token_is_read),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
