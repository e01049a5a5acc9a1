#include "tests/unit/unit.h"

#include "lib/attest/evidence/dice_layer.h"
#include "tests/fakes/fake_pki.h"

#define OPEN_DICE "1.3.6.1.4.1.11129.2.1.24"

static struct key *key;

static int make_key(void **state)
{
    struct err err;

    (void)state;
    return key_generate(KEY_P256, 0, &key, &err);
}

static int free_key(void **state)
{
    (void)state;
    key_free(key);
    return 0;
}

/* A certificate with one extension; oid NULL for none. */
static int parse_with(const char *oid, bool critical, struct span content, struct dice_layer *ret,
                      struct err *err)
{
    const struct fake_extension extension = {oid, critical, content};
    const struct fake_cert cert = {.subject = "layer",
                                   .issuer = "layer",
                                   .serial = 1,
                                   .not_before = 1000000000,
                                   .not_after = 2000000000,
                                   .ca = true,
                                   .path_len = -1,
                                   .usage = 0x0004, /* keyCertSign */
                                   .extensions = &extension,
                                   .extension_count = oid != NULL ? 1 : 0};
    OWNED_BUF der = BUF_OF(8 * KIB);

    fake_cert_make(&cert, key, key, &der);
    return dice_layer_parse_x509(buf_span(&der), ret, err);
}

/* codeHash "c", configurationDescriptor "d", authorityHash "a", mode 1, profileName "p". */
static const uint8_t whole[] = {0x30, 30,  0xa0, 3, 0x04, 1, 'c', 0xa3, 3, 0x04,
                                1,    'd', 0xa4, 3, 0x04, 1, 'a', 0xa6, 3, 0x0a,
                                1,    1,   0xa7, 3, 0x0c, 1, 'p', 0};

static struct span whole_input(uint8_t out[static sizeof(whole)])
{
    memcpy(out, whole, sizeof(whole));
    out[1] = sizeof(whole) - 3; /* the last byte is none of it */
    return span_of(out, sizeof(whole) - 1);
}

static void an_input_that_is_not_whole_is_refused(void **state)
{
    uint8_t bytes[sizeof(whole)];
    struct span input = whole_input(bytes);
    struct dice_layer layer;
    struct err err;

    (void)state;
    for (size_t cut = 1; cut <= 5; cut++) {
        static const size_t keep[] = {0, 20, 15, 10, 5, 0};

        bytes[1] = (uint8_t)keep[cut];
        if (keep[cut] == 20) /* only the profile's name is optional */
            continue;
        assert_fails(parse_with(OPEN_DICE, true, span_of(bytes, keep[cut] + 2), &layer, &err),
                     ERR_INPUT);
    }
    input = whole_input(bytes);
    bytes[20] = 2; /* a mode of two bytes */
    assert_fails(parse_with(OPEN_DICE, true, input, &layer, &err), ERR_INPUT);
}

static void an_input_is_read(void **state)
{
    uint8_t bytes[sizeof(whole)];
    OWNED_DICE_LAYER layer = {0};
    struct err err;

    (void)state;
    assert_ok(parse_with(OPEN_DICE, true, whole_input(bytes), &layer, &err));
    assert_true(layer.measured && layer.issues);
    assert_int_equal(layer.mode, DICE_NORMAL);
    assert_true(span_equal(layer.value[DICE_AUTHORITY_HASH], span_of_str("a")));
    assert_true(span_equal(layer.profile, span_of_str("p")));
    assert_int_equal(layer.not_after, 2000000000);
    assert_ok(dice_layer_check_signature(&layer, key, &err));
}

static void an_unknown_critical_extension_is_refused(void **state)
{
    struct dice_layer layer;
    struct err err;

    (void)state;
    assert_fails(parse_with("1.2.3.4", true, span_of("\x05\x00", 2), &layer, &err), ERR_INPUT);
}

static void tcb_info_is_read_and_must_be_well_formed(void **state)
{
    OWNED_DICE_LAYER layer = {0};
    struct dice_layer none;
    struct err err;

    (void)state;
    assert_ok(parse_with(OID_TCB_INFO, true, span_of("\x30\x03\x83\x01\x05", 5), &layer, &err));
    assert_int_equal(layer.tcb.count, 1);
    assert_int_equal(layer.tcb.items[0].svn, 5);
    assert_false(layer.measured);
    assert_fails(parse_with(OID_TCB_INFO, true, span_of("\x30\x03\x83\x01", 4), &none, &err),
                 ERR_INPUT);
    assert_fails(parse_with(OID_MULTI_TCB_INFO, false, span_of("\x30\x00", 2), &none, &err),
                 ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_input_that_is_not_whole_is_refused),
        cmocka_unit_test(an_input_is_read),
        cmocka_unit_test(an_unknown_critical_extension_is_refused),
        cmocka_unit_test(tcb_info_is_read_and_must_be_well_formed),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
