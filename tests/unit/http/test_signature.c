#include "tests/unit/unit.h"

#include "lib/http/signature.h"

#define NOW 1700000000

static struct key *keys[KEY_TYPE_COUNT];

static const struct signature_message put = {
    .method = "PUT",
    .path = "/v1/datasets/iris.csv",
    .query = "a=b",
    .content_digest = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
    .computation = "aa11",
    .channel = "bb22",
};

static const struct signature_params fresh = {
    .created = NOW, .expires = NOW + 120, .nonce = "nonce-1"};

static int make_keys(void **state)
{
    struct err err;

    (void)state;
    for (int type = 0; type < KEY_TYPE_COUNT; type++)
        assert_ok(key_generate((enum key_type)type, type == KEY_RSA ? 2048 : 0, &keys[type], &err));
    return 0;
}

static int free_keys(void **state)
{
    (void)state;
    for (int type = 0; type < KEY_TYPE_COUNT; type++)
        key_free(keys[type]);
    return 0;
}

/* The two headers of `put`, signed by key. */
struct signed_headers {
    struct buf input, signature;
};

static struct signed_headers sign(const struct signature_message *message, const struct key *key)
{
    struct signed_headers headers = {BUF_OF(SIGNATURE_HEADER_MAX), BUF_OF(SIGNATURE_HEADER_MAX)};
    struct err err;

    assert_ok(signature_make(message, key, &fresh, &headers.input, &headers.signature, &err));
    return headers;
}

static void headers_done(struct signed_headers *headers)
{
    buf_done(&headers->input);
    buf_done(&headers->signature);
}
#define OWNED_HEADERS __attribute__((cleanup(headers_done))) struct signed_headers

static int check(const struct signature_message *message, const char *input, const char *signature,
                 const struct key *key, struct err *err)
{
    const struct signature_fields fields = {input, signature, message->content_digest != NULL};
    OWNED_BUF bytes = BUF_OF(SIGNATURE_HEADER_MAX);
    struct signature_params params;

    if (signature_parse(&fields, NOW, &params, &bytes, err) < 0)
        return -1;
    return signature_verify(message, input, buf_span(&bytes), key, err);
}

/* Replaces the first occurrence of from in text. */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    if (at == NULL)
        fail_msg("no '%s' in '%s'", from, text);
    return mem_printf("%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
}

/* --- refusals --- */

static void each_covered_part_is_protected(void **state)
{
    OWNED_HEADERS headers = sign(&put, keys[KEY_P256]);
    struct signature_message changed[] = {put, put, put, put, put, put, put};
    struct err err;

    (void)state;
    changed[0].method = "POST";
    changed[1].path = "/v1/datasets/iris2.csv";
    changed[2].query = "a=c";
    changed[3].content_digest = "sha-256=:AAAAQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:";
    changed[4].computation = "aa12";
    changed[5].channel = "bb23";
    changed[6].query = NULL;
    for (size_t i = 0; i < COUNT_OF(changed); i++)
        assert_fails(check(&changed[i], buf_str(&headers.input), buf_str(&headers.signature),
                           keys[KEY_P256], &err),
                     ERR_UNAUTHENTICATED);
    assert_ok(
        check(&put, buf_str(&headers.input), buf_str(&headers.signature), keys[KEY_P256], &err));
}

static void each_parameter_is_protected(void **state)
{
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"created=1700000000", "created=1700000001"},
        {"expires=1700000120", "expires=1700000119"},
        {"nonce=\"nonce-1\"", "nonce=\"nonce-2\""},
        {"\"@method\" \"@path\"", "\"@path\" \"@method\""},
        {"alg=\"ed25519\";tag=\"cocos\"", "tag=\"cocos\";alg=\"ed25519\""},
    };
    OWNED_HEADERS headers = sign(&put, keys[KEY_ED25519]);
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        OWNED(free_str)
        char *input = replaced(buf_str(&headers.input), changes[i].from, changes[i].to);

        assert_fails(check(&put, input, buf_str(&headers.signature), keys[KEY_ED25519], &err),
                     ERR_UNAUTHENTICATED);
        assert_non_null(strstr(err.text, "signature"));
    }
}

static void other_keys_and_algorithms_are_refused(void **state)
{
    OWNED_HEADERS headers = sign(&put, keys[KEY_P256]);
    OWNED_KEY *other = NULL;
    struct err err;
    char identity[KEY_IDENTITY_TEXT_SIZE], mine[KEY_IDENTITY_TEXT_SIZE];

    (void)state;
    assert_ok(key_generate(KEY_P256, 0, &other, &err));
    assert_fails(check(&put, buf_str(&headers.input), buf_str(&headers.signature), other, &err),
                 ERR_UNAUTHENTICATED);

    key_identity_text(keys[KEY_P256], mine);
    key_identity_text(other, identity);
    OWNED(free_str) char *renamed = replaced(buf_str(&headers.input), mine, identity);
    assert_fails(check(&put, renamed, buf_str(&headers.signature), other, &err),
                 ERR_UNAUTHENTICATED);

    OWNED(free_str)
    char *alg = replaced(buf_str(&headers.input), "ecdsa-p256-sha256", "ecdsa-p384-sha384");
    assert_fails(check(&put, alg, buf_str(&headers.signature), keys[KEY_P256], &err),
                 ERR_UNAUTHENTICATED);
}

static void what_must_be_covered_must_be_covered(void **state)
{
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"\"@method\" ", ""},
        {"\"@path\" ", ""},
        {"\"@query\" ", ""},
        {"\"content-digest\" ", ""},
        {"\"cocos-computation\" ", ""},
        {" \"cocos-channel\"", ""},
        {"\"@method\"", "\"@method\" \"@method\""},
        {"\"@method\"", "\"@authority\""},
        {"\"@method\"", "\"@method\";req"},
    };
    OWNED_HEADERS headers = sign(&put, keys[KEY_P256]);
    struct signature_message bare = put;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        OWNED(free_str)
        char *input = replaced(buf_str(&headers.input), changes[i].from, changes[i].to);

        assert_fails(check(&put, input, buf_str(&headers.signature), keys[KEY_P256], &err),
                     ERR_UNAUTHENTICATED);
    }

    /* A digest without a body, and a body without a digest. */
    bare.content_digest = NULL;
    assert_fails(
        check(&bare, buf_str(&headers.input), buf_str(&headers.signature), keys[KEY_P256], &err),
        ERR_UNAUTHENTICATED);
    OWNED_HEADERS without = sign(&bare, keys[KEY_P256]);
    assert_fails(
        check(&put, buf_str(&without.input), buf_str(&without.signature), keys[KEY_P256], &err),
        ERR_UNAUTHENTICATED);
}

static void only_the_canonical_form_is_read(void **state)
{
    static const struct {
        const char *from, *to;
    } changes[] = {
        {"cocos=", "sig1="},
        {"cocos=", "cocos= "},
        {"cocos=", " cocos="},
        {"cocos=(", "cocos=( "},
        {"\" \"@path", "\"  \"@path"},
        {"\" \"@path", "\"\t\"@path"},
        {";created", "; created"},
        {";created", ";created=1;created"},
        {"created=", "created=0"},
        {"created=1700000000", "created=\"1700000000\""},
        {"created=1700000000", "created=1700000000.0"},
        {"created=1700000000", "created=-1"},
        {"created=1700000000", "created=99999999999999999999"},
        {"created=1700000000;", ""},
        {"nonce=\"nonce-1\"", "nonce=nonce-1"},
        {"nonce=\"nonce-1\"", "nonce=\"\""},
        {"nonce=\"nonce-1\"", "nonce=\"a\\\"b\""},
        {"nonce-1", "0123456789012345678901234567890123456789012345678901234567890123456789"},
        {"alg=\"ecdsa-p256-sha256\"", "alg=\"hmac-sha256\""},
        {"tag=\"cocos\"", "tag=\"other\""},
        {";tag=\"cocos\"", ""},
        {"tag=\"cocos\"", "tag=\"cocos\", other=()"},
        {"tag=\"cocos\"", "tag=\"cocos\";x=1"},
        {"tag=\"cocos\"", "tag=\"cocos\";"},
        {"keyid=\"", "keyid=\"A"},
    };
    OWNED_HEADERS headers = sign(&put, keys[KEY_P256]);
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        OWNED(free_str)
        char *input = replaced(buf_str(&headers.input), changes[i].from, changes[i].to);

        if (check(&put, input, buf_str(&headers.signature), keys[KEY_P256], &err) == 0)
            fail_msg("accepted: %s", input);
        assert_int_equal(err.kind, ERR_UNAUTHENTICATED);
    }
}

static void signature_header_is_strict(void **state)
{
    static const char *const values[] = {
        "",           "cocos=",        "cocos=:",        "cocos=::x",
        "sig=:AAAA:", "cocos=:A:",     "cocos=:!:",      "cocos=:AAAA:, b",
        "cocos=AAAA", "cocos=:AAAA: ", "cocos=:AAAA:;a",
    };
    OWNED_HEADERS headers = sign(&put, keys[KEY_P256]);
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(values); i++)
        assert_fails(check(&put, buf_str(&headers.input), values[i], keys[KEY_P256], &err),
                     ERR_UNAUTHENTICATED);
    assert_fails(check(&put, NULL, buf_str(&headers.signature), keys[KEY_P256], &err),
                 ERR_UNAUTHENTICATED);
    assert_fails(check(&put, buf_str(&headers.input), NULL, keys[KEY_P256], &err),
                 ERR_UNAUTHENTICATED);
}

static int parse_at(const struct signed_headers *headers, int64_t now, struct err *err)
{
    const struct signature_fields fields = {buf_str(&headers->input), buf_str(&headers->signature),
                                            true};
    OWNED_BUF bytes = BUF_OF(SIGNATURE_HEADER_MAX);
    struct signature_params params;

    return signature_parse(&fields, now, &params, &bytes, err);
}

static void times_are_checked(void **state)
{
    OWNED_HEADERS headers = sign(&put, keys[KEY_P256]);
    struct signature_params bad = fresh;
    struct err err;

    (void)state;
    assert_ok(parse_at(&headers, NOW - SIGNATURE_SKEW_S, &err));
    assert_fails(parse_at(&headers, NOW - SIGNATURE_SKEW_S - 1, &err), ERR_UNAUTHENTICATED);
    assert_ok(parse_at(&headers, NOW + 120 + SIGNATURE_SKEW_S, &err));
    assert_fails(parse_at(&headers, NOW + 121 + SIGNATURE_SKEW_S, &err), ERR_UNAUTHENTICATED);

    for (int i = 0; i < 3; i++) {
        static const int lifetimes[] = {SIGNATURE_LIFETIME_MAX_S + 1, 0, -5};
        OWNED_HEADERS odd = {BUF_OF(4096), BUF_OF(4096)};

        bad.expires = NOW + lifetimes[i];
        assert_ok(signature_make(&put, keys[KEY_P256], &bad, &odd.input, &odd.signature, &err));
        assert_fails(parse_at(&odd, NOW, &err), ERR_UNAUTHENTICATED);
    }
}

static void what_is_missing_cannot_be_signed(void **state)
{
    struct signature_message lacking = put;
    OWNED_HEADERS headers = {BUF_OF(4096), BUF_OF(4096)};
    struct err err;

    (void)state;
    lacking.channel = NULL;
    assert_fails(
        signature_make(&lacking, keys[KEY_P256], &fresh, &headers.input, &headers.signature, &err),
        ERR_INPUT);
    lacking.channel = "a\nb";
    assert_fails(
        signature_make(&lacking, keys[KEY_P256], &fresh, &headers.input, &headers.signature, &err),
        ERR_INPUT);
}

/* --- what works --- */

static void every_key_type_signs_and_verifies(void **state)
{
    struct signature_message bare = put;
    struct err err;

    (void)state;
    bare.content_digest = NULL;
    bare.query = NULL;
    for (int type = 0; type < KEY_TYPE_COUNT; type++) {
        OWNED_HEADERS with = sign(&put, keys[type]);
        OWNED_HEADERS without = sign(&bare, keys[type]);

        assert_ok(check(&put, buf_str(&with.input), buf_str(&with.signature), keys[type], &err));
        assert_ok(
            check(&bare, buf_str(&without.input), buf_str(&without.signature), keys[type], &err));
    }
}

/* RFC 9421 section 2.5, spelled out by hand: what is signed is exactly this text. */
static void signature_base_is_that_of_the_rfc(void **state)
{
    OWNED_HEADERS headers = sign(&put, keys[KEY_ED25519]);
    OWNED_BUF bytes = BUF_OF(4096);
    struct signature_fields fields;
    struct signature_params params;
    char id[KEY_IDENTITY_TEXT_SIZE];
    struct err err;

    (void)state;
    key_identity_text(keys[KEY_ED25519], id);
    OWNED(free_str)
    char *list = mem_printf(
        "(\"@method\" \"@path\" \"@query\" \"content-digest\" \"cocos-computation\" "
        "\"cocos-channel\");created=1700000000;expires=1700000120;nonce=\"nonce-1\";keyid=\"%s\";"
        "alg=\"ed25519\";tag=\"cocos\"",
        id);
    OWNED(free_str) char *input = mem_printf("cocos=%s", list);
    OWNED(free_str)
    char *base = mem_printf(
        "\"@method\": PUT\n\"@path\": /v1/datasets/iris.csv\n\"@query\": ?a=b\n"
        "\"content-digest\": sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:\n"
        "\"cocos-computation\": aa11\n\"cocos-channel\": bb22\n\"@signature-params\": %s",
        list);

    assert_string_equal(buf_str(&headers.input), input);
    fields = (struct signature_fields){input, buf_str(&headers.signature), true};
    assert_ok(signature_parse(&fields, NOW, &params, &bytes, &err));
    assert_ok(sign_verify(keys[KEY_ED25519], span_of_str(base), buf_span(&bytes), &err));
    assert_string_equal(params.nonce, "nonce-1");
    assert_string_equal(params.key_id, id);
    assert_int_equal(params.alg, SIGN_ED25519);
    assert_int_equal(params.expires, NOW + 120);
}

/* Another order than ours, signed by a client of its own making. */
static void any_order_is_good(void **state)
{
    OWNED_BUF bytes = BUF_OF(4096), text = BUF_OF(4096);
    char id[KEY_IDENTITY_TEXT_SIZE];
    struct err err;

    (void)state;
    key_identity_text(keys[KEY_P384], id);
    OWNED(free_str)
    char *list = mem_printf(
        "(\"cocos-channel\" \"@query\" \"@path\" \"@method\" \"cocos-computation\");tag=\"cocos\";"
        "keyid=\"%s\";alg=\"ecdsa-p384-sha384\";nonce=\"n\";expires=1700000009;created=1700000000",
        id);
    OWNED(free_str) char *input = mem_printf("cocos=%s", list);
    OWNED(free_str)
    char *base =
        mem_printf("\"cocos-channel\": bb22\n\"@query\": ?\n\"@path\": /v1/run\n\"@method\": POST\n"
                   "\"cocos-computation\": aa11\n\"@signature-params\": %s",
                   list);
    const struct signature_message message = {
        .method = "POST", .path = "/v1/run", .computation = " aa11 ", .channel = "bb22\t"};

    assert_ok(sign_message(keys[KEY_P384], span_of_str(base), &bytes, &err));
    buf_add_str(&text, "cocos=:");
    text_encode_base64(buf_span(&bytes), &text);
    buf_add_str(&text, ":");
    assert_ok(check(&message, input, buf_str(&text), keys[KEY_P384], &err));
}

/* Signed well, in the name of another key. */
static void a_key_signs_in_its_own_name_only(void **state)
{
    OWNED_BUF bytes = BUF_OF(4096);
    char id[KEY_IDENTITY_TEXT_SIZE];
    struct err err;

    (void)state;
    key_identity_text(keys[KEY_P256], id);
    OWNED(free_str)
    char *list =
        mem_printf("(\"@method\" \"@path\" \"@query\" \"cocos-computation\" \"cocos-channel\");"
                   "created=1700000000;expires=1700000009;nonce=\"n\";keyid=\"%s\";alg=\"ed25519\";"
                   "tag=\"cocos\"",
                   id);
    OWNED(free_str) char *input = mem_printf("cocos=%s", list);
    OWNED(free_str)
    char *base = mem_printf(
        "\"@method\": POST\n\"@path\": /v1/run\n\"@query\": ?\n\"cocos-computation\": aa11\n"
        "\"cocos-channel\": bb22\n\"@signature-params\": %s",
        list);
    const struct signature_message message = {
        .method = "POST", .path = "/v1/run", .computation = "aa11", .channel = "bb22"};

    assert_ok(sign_message(keys[KEY_ED25519], span_of_str(base), &bytes, &err));
    assert_fails(signature_verify(&message, input, buf_span(&bytes), keys[KEY_ED25519], &err),
                 ERR_UNAUTHENTICATED);
    assert_non_null(strstr(err.text, "another key"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_covered_part_is_protected),
        cmocka_unit_test(each_parameter_is_protected),
        cmocka_unit_test(other_keys_and_algorithms_are_refused),
        cmocka_unit_test(what_must_be_covered_must_be_covered),
        cmocka_unit_test(only_the_canonical_form_is_read),
        cmocka_unit_test(signature_header_is_strict),
        cmocka_unit_test(times_are_checked),
        cmocka_unit_test(what_is_missing_cannot_be_signed),
        cmocka_unit_test(every_key_type_signs_and_verifies),
        cmocka_unit_test(signature_base_is_that_of_the_rfc),
        cmocka_unit_test(a_key_signs_in_its_own_name_only),
        cmocka_unit_test(any_order_is_good),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
