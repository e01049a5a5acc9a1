#include "tests/unit/unit.h"

#include "lib/crypto/seal.h"

#include <inttypes.h>

#define HEADER_SIZE (16 + SEAL_STANZA_SIZE)
#define STEP        (SEAL_CHUNK + 16)

static struct key *key, *other;

static int make_keys(void **state)
{
    struct err err;

    (void)state;
    return key_generate(KEY_P256, 0, &key, &err) < 0 || key_generate(KEY_P256, 0, &other, &err) < 0;
}

static int free_keys(void **state)
{
    (void)state;
    key_free(key);
    key_free(other);
    return 0;
}

static int add(void *to, struct span bytes, struct err *err)
{
    buf_add_span(to, bytes);
    return buf_check(to, "test", err);
}

static void fill(struct buf *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        buf_add_u8(out, (uint8_t)(i * 7 + (i >> 8)));
}

static const struct key *const both[] = {NULL, NULL};

static struct seal_terms terms_of(const struct key *const *recipients, size_t count)
{
    return (struct seal_terms){recipients, count, span_of_str("test")};
}

/* Seals in pieces of this size. */
static void seal(const struct seal_terms *terms, struct span plain, size_t piece, struct buf *out)
{
    OWNED_OF(sealer) *sealer = NULL;
    struct err err;

    assert_ok(sealer_new(terms, add, out, &sealer, &err));
    for (size_t at = 0; at < plain.len; at += piece)
        assert_ok(sealer_write(sealer, span_part(plain, at, piece), &err));
    assert_ok(sealer_finish(sealer, &err));
}

static int open_with(const struct key *own, const char *context, struct span sealed, size_t piece,
                     struct buf *out, struct err *err)
{
    const struct seal_terms terms = {&own, 1, span_of_str(context)};
    OWNED_OF(opener) *opener = NULL;

    assert_int_equal(opener_new(&terms, add, out, &opener, err), 0);
    for (size_t at = 0; at < sealed.len; at += piece)
        if (opener_write(opener, span_part(sealed, at, piece), err) < 0)
            return -1;
    return opener_finish(opener, err);
}

static int open_all(struct span sealed, struct err *err)
{
    OWNED_BUF opened = BUF_OF(4 * MIB);

    return open_with(key, "test", sealed, sealed.len, &opened, err);
}

/* --- what is refused ------------------------------------------------------------------------- */

/* Three chunks and a bit of a fourth. */
static void make_sealed(struct buf *out)
{
    const struct key *const recipients[] = {key};
    const struct seal_terms terms = terms_of(recipients, 1);
    OWNED_BUF plain = BUF_OF(4 * MIB);

    fill(&plain, 3 * SEAL_CHUNK + 100);
    seal(&terms, buf_span(&plain), plain.len, out);
}

static void every_truncation_is_refused(void **state)
{
    OWNED_BUF sealed = BUF_OF(4 * MIB);
    struct err err;

    (void)state;
    make_sealed(&sealed);
    assert_ok(open_all(buf_span(&sealed), &err));
    for (size_t len = 1; len < HEADER_SIZE + 40; len++)
        assert_fails(open_all(span_part(buf_span(&sealed), 0, len), &err), ERR_UNTRUSTED);
    for (size_t len = HEADER_SIZE; len < sealed.len; len += 16411)
        assert_fails(open_all(span_part(buf_span(&sealed), 0, len), &err), ERR_UNTRUSTED);
    for (size_t i = 0; i <= 3; i++) /* where a chunk ends */
        assert_fails(open_all(span_part(buf_span(&sealed), 0, HEADER_SIZE + i * STEP), &err),
                     ERR_UNTRUSTED);
}

/* Chunks of the file in this order; the last one is 3. */
static int open_in_order(const char *order, struct err *err)
{
    OWNED_BUF sealed = BUF_OF(4 * MIB), moved = BUF_OF(4 * MIB);

    make_sealed(&sealed);
    buf_add(&moved, sealed.data, HEADER_SIZE);
    for (; *order != '\0'; order++)
        buf_add_span(&moved, span_part(buf_span(&sealed),
                                       HEADER_SIZE + (size_t)(*order - '0') * STEP, STEP));
    return open_all(buf_span(&moved), err);
}

static void chunks_moved_doubled_left_out_or_added_are_refused(void **state)
{
    static const char *const orders[] = {"1023", "0123123", "00123", "0223",  "023",
                                         "3",    "012",     "",      "01233", "0132"};
    struct err err;

    (void)state;
    assert_ok(open_in_order("0123", &err));
    for (size_t i = 0; i < COUNT_OF(orders); i++)
        if (open_in_order(orders[i], &err) == 0 || err.kind != ERR_UNTRUSTED)
            fail_msg("order '%s'", orders[i]);
}

static void no_bit_can_be_changed(void **state)
{
    const struct key *const recipients[] = {key};
    const struct seal_terms terms = terms_of(recipients, 1);
    OWNED_BUF sealed = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    seal(&terms, span_of_str("some bytes"), 3, &sealed);
    for (size_t bit = 0; bit < 8 * sealed.len; bit++) {
        sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (open_all(buf_span(&sealed), &err) == 0)
            fail_msg("bit %zu may be changed", bit);
        sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(open_all(buf_span(&sealed), &err));
}

static void another_key_and_another_context_do_not_open_it(void **state)
{
    const struct key *const recipients[] = {key};
    const struct seal_terms terms = terms_of(recipients, 1);
    OWNED_BUF sealed = BUF_OF(64 * KIB), opened = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    seal(&terms, span_of_str("some bytes"), 100, &sealed);
    assert_fails(open_with(other, "test", buf_span(&sealed), 7, &opened, &err), ERR_UNTRUSTED);
    assert_fails(open_with(key, "Test", buf_span(&sealed), 7, &opened, &err), ERR_UNTRUSTED);
    assert_int_equal(opened.len, 0);
}

static void what_is_not_sealed_says_so(void **state)
{
    struct err err;

    (void)state;
    assert_fails(open_all(span_of_str("PK\003\004 some archive of somebody"), &err), ERR_INPUT);
    assert_fails(open_all(span_of_str("cocoseal\002\001\0\0\0\001\0\0"), &err), ERR_UNTRUSTED);
    assert_fails(open_all(span_of("cocoseal\002\001\0\0\0\001\0\0", 16), &err), ERR_INPUT);
    assert_fails(open_all(span_of("cocoseal\001\0\0\0\0\001\0\0", 16), &err), ERR_INPUT);
    assert_fails(open_all(span_of("cocoseal\001\001\0\0\xff\001\0\0", 16), &err), ERR_INPUT);
}

static void keys_of_another_kind_seal_and_open_nothing(void **state)
{
    OWNED_BUF out = BUF_OF(64 * KIB);
    OWNED_KEY *rsa = NULL;
    OWNED_OF(sealer) *sealer = NULL;
    OWNED_OF(opener) *opener = NULL;
    struct seal_terms terms;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_RSA, 2048, &rsa, &err));
    terms = terms_of((const struct key *const[]){rsa}, 1);
    assert_fails(sealer_new(&terms, add, &out, &sealer, &err), ERR_INPUT);
    assert_fails(opener_new(&terms, add, &out, &opener, &err), ERR_INPUT);
    terms = terms_of(both, 0);
    assert_fails(sealer_new(&terms, add, &out, &sealer, &err), ERR_INPUT);
    assert_fails(opener_new(&terms, add, &out, &opener, &err), ERR_INPUT);
}

/* --- what holds ------------------------------------------------------------------------------ */

static void what_is_sealed_is_opened_in_any_pieces(void **state)
{
    static const size_t sizes[] = {
        0, 1, SEAL_CHUNK - 1, SEAL_CHUNK, SEAL_CHUNK + 1, 2 * SEAL_CHUNK, 3 * SEAL_CHUNK + 100};
    static const size_t pieces[] = {10007, SEAL_CHUNK, SEAL_CHUNK + 16, 300000};
    const struct key *const recipients[] = {key};
    const struct seal_terms terms = terms_of(recipients, 1);

    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes) * COUNT_OF(pieces); i++) {
        size_t piece = pieces[i / COUNT_OF(sizes)];
        OWNED_BUF plain = BUF_OF(4 * MIB), sealed = BUF_OF(4 * MIB), opened = BUF_OF(4 * MIB);
        struct err err;

        fill(&plain, sizes[i % COUNT_OF(sizes)]);
        seal(&terms, buf_span(&plain), piece, &sealed);
        assert_int_equal(sealed.len, seal_size(plain.len, 1));
        assert_ok(open_with(key, "test", buf_span(&sealed), 300001 - piece, &opened, &err));
        assert_true(span_equal(buf_span(&plain), buf_span(&opened)));
    }
}

static void byte_by_byte_is_the_same(void **state)
{
    const struct key *const recipients[] = {key};
    const struct seal_terms terms = terms_of(recipients, 1);
    OWNED_BUF plain = BUF_OF(4 * MIB), sealed = BUF_OF(4 * MIB), opened = BUF_OF(4 * MIB);
    struct err err;

    (void)state;
    fill(&plain, SEAL_CHUNK + 10);
    seal(&terms, buf_span(&plain), 1, &sealed);
    assert_ok(open_with(key, "test", buf_span(&sealed), 1, &opened, &err));
    assert_true(span_equal(buf_span(&plain), buf_span(&opened)));
}

static void each_recipient_opens_it(void **state)
{
    const struct key *const recipients[] = {other, key};
    const struct seal_terms terms = terms_of(recipients, 2);
    OWNED_BUF sealed = BUF_OF(64 * KIB), first = BUF_OF(64 * KIB), second = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    seal(&terms, span_of_str("for both"), 100, &sealed);
    assert_int_equal(sealed.len, seal_size(8, 2));
    assert_ok(open_with(key, "test", buf_span(&sealed), 50, &first, &err));
    assert_ok(open_with(other, "test", buf_span(&sealed), 50, &second, &err));
    assert_string_equal(buf_str(&first), "for both");
    assert_string_equal(buf_str(&second), "for both");
}

static void the_same_bytes_are_sealed_differently_each_time(void **state)
{
    const struct key *const recipients[] = {key};
    const struct seal_terms terms = terms_of(recipients, 1);
    OWNED_BUF first = BUF_OF(64 * KIB), second = BUF_OF(64 * KIB);

    (void)state;
    seal(&terms, span_of_str("bytes"), 100, &first);
    seal(&terms, span_of_str("bytes"), 100, &second);
    assert_memory_not_equal(first.data + HEADER_SIZE, second.data + HEADER_SIZE, 21);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(chunks_moved_doubled_left_out_or_added_are_refused),
        cmocka_unit_test(no_bit_can_be_changed),
        cmocka_unit_test(another_key_and_another_context_do_not_open_it),
        cmocka_unit_test(what_is_not_sealed_says_so),
        cmocka_unit_test(keys_of_another_kind_seal_and_open_nothing),
        cmocka_unit_test(what_is_sealed_is_opened_in_any_pieces),
        cmocka_unit_test(byte_by_byte_is_the_same),
        cmocka_unit_test(each_recipient_opens_it),
        cmocka_unit_test(the_same_bytes_are_sealed_differently_each_time),
    };

    return cmocka_run_group_tests(tests, make_keys, free_keys);
}
