#include "tests/unit/unit.h"

#include "lib/crypto/ecdsa.h"
#include "lib/crypto/sign.h"

/* n of P-384 and P-256. */
static const char *const orders[] = {
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
    "581a0db248b0a77aecec196accc52973",
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
};
static const enum key_type types[] = {KEY_P384, KEY_P256};
static const size_t sizes[] = {48, 32};

struct world {
    struct key *key;
    struct buf halves;
    uint8_t zero[48], order[48], above[48];
    size_t size;
};

static const struct span message = {(const uint8_t *)"message", 7};

static void make(struct world *w, size_t i)
{
    struct err err;

    *w = (struct world){.halves = BUF_OF(128), .size = sizes[i]};
    assert_ok(key_generate(types[i], 0, &w->key, &err));
    assert_ok(sign_message(w->key, message, &w->halves, &err));
    assert_ok(text_parse_hex(orders[i], w->order, w->size, &err));
    memset(w->above, 0xff, sizeof(w->above));
}

static void done(struct world *w)
{
    key_free(w->key);
    buf_done(&w->halves);
}

static void genuine_signatures_pass_and_others_do_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct world w;
        struct span r, s;
        struct err err;

        make(&w, i);
        r = span_part(buf_span(&w.halves), 0, w.size);
        s = span_part(buf_span(&w.halves), w.size, w.size);
        assert_ok(ecdsa_verify(w.key, message, r, s, &err));
        assert_fails(ecdsa_verify(w.key, message, s, r, &err), ERR_UNTRUSTED);
        assert_fails(ecdsa_verify(w.key, span_part(message, 0, 6), r, s, &err), ERR_UNTRUSTED);
        done(&w);
    }
}

static void scalars_out_of_range_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        struct world w;
        struct span r, s;
        struct err err;

        make(&w, i);
        r = span_part(buf_span(&w.halves), 0, w.size);
        s = span_part(buf_span(&w.halves), w.size, w.size);
        assert_fails(ecdsa_verify(w.key, message, span_of(w.zero, w.size), s, &err), ERR_UNTRUSTED);
        assert_string_equal(err.text, "r of the signature is zero");
        assert_fails(ecdsa_verify(w.key, message, r, span_of(w.zero, w.size), &err), ERR_UNTRUSTED);
        assert_string_equal(err.text, "s of the signature is zero");
        assert_fails(ecdsa_verify(w.key, message, span_of(w.order, w.size), s, &err),
                     ERR_UNTRUSTED);
        assert_string_equal(err.text, "r of the signature is not below the curve's order");
        assert_fails(ecdsa_verify(w.key, message, r, span_of(w.above, w.size), &err),
                     ERR_UNTRUSTED);
        assert_string_equal(err.text, "s of the signature is not below the curve's order");
        done(&w);
    }
}

static void lengths_and_keys_of_another_kind_are_refused(void **state)
{
    OWNED_KEY *other = NULL;
    struct world w;
    struct span r, s;
    struct err err;

    (void)state;
    make(&w, 0);
    r = span_part(buf_span(&w.halves), 0, w.size);
    s = span_part(buf_span(&w.halves), w.size, w.size);
    assert_fails(ecdsa_verify(w.key, message, span_part(r, 1, 47), s, &err), ERR_INPUT);
    assert_fails(ecdsa_verify(w.key, message, r, span_part(s, 0, 47), &err), ERR_INPUT);
    assert_ok(key_generate(KEY_ED25519, 0, &other, &err));
    assert_fails(ecdsa_verify(other, message, r, s, &err), ERR_INPUT);
    done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(genuine_signatures_pass_and_others_do_not),
        cmocka_unit_test(scalars_out_of_range_are_refused_by_name),
        cmocka_unit_test(lengths_and_keys_of_another_kind_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
