#include "tests/unit/unit.h"

#include "lib/attest/evidence/tcb_info.h"

/* Builds DER from the inside out. */
static void wrap(struct buf *out, uint8_t tag, struct span content)
{
    buf_add_u8(out, tag);
    if (content.len >= 0x80) {
        buf_add_u8(out, 0x81);
        assert_true(content.len < 0x100);
    }
    buf_add_u8(out, (uint8_t)content.len);
    buf_add_span(out, content);
}

#define SHA256_OID "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"

/* vendor, model, version, svn 300, layer 2, a digest, the flags, a type. */
static void make_info(struct buf *out, uint8_t unused_bits, uint8_t flags)
{
    OWNED_BUF fields = BUF_OF(256), fwids = BUF_OF(256), fwid = BUF_OF(256);
    const uint8_t bits[] = {unused_bits, flags};

    wrap(&fields, 0x80, span_of_str("Acme"));
    wrap(&fields, 0x81, span_of_str("Roadrunner"));
    wrap(&fields, 0x82, span_of_str("1.2"));
    wrap(&fields, 0x83, span_of("\x01\x2c", 2));
    wrap(&fields, 0x84, span_of("\x02", 1));
    buf_add(&fwid, SHA256_OID, sizeof(SHA256_OID) - 1);
    wrap(&fwid, 0x04, span_of("0123456789abcdef0123456789abcdef", 32));
    wrap(&fwids, 0x30, buf_span(&fwid));
    wrap(&fields, 0xa6, buf_span(&fwids));
    wrap(&fields, 0x87, SPAN_OF_ARRAY(bits));
    wrap(&fields, 0x89, span_of_str("type"));
    wrap(out, 0x30, buf_span(&fields));
}

static void every_truncation_and_addition_is_refused(void **state)
{
    OWNED_BUF info = BUF_OF(512);
    struct err err;

    (void)state;
    make_info(&info, 4, 0);
    for (size_t len = 0; len < info.len; len++) {
        struct tcb_infos infos = {0};

        assert_fails(tcb_info_parse(span_of(info.data, len), false, &infos, &err), ERR_INPUT);
    }
    buf_add_u8(&info, 0);
    assert_fails(tcb_info_parse(buf_span(&info), false, &(struct tcb_infos){0}, &err), ERR_INPUT);
}

static void malformed_fields_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        {"\x30\x04\x83\x02\x00\x01", 6},                  /* a number with a zero too many */
        {"\x30\x03\x83\x01\xff", 5},                      /* a negative one */
        {"\x30\x02\x83\x00", 4},                          /* none */
        {"\x30\x03\x80\x01\xff", 5},                      /* a vendor that is no text */
        {"\x30\x04\x87\x02\x08\x00", 6},                  /* eight unused bits */
        {"\x30\x03\x87\x01\x01", 5},                      /* unused bits of nothing */
        {"\x30\x08\x87\x06\x00\x00\x00\x00\x00\x00", 10}, /* more flags than there are */
        {"\x30\x02\xa6\x00", 4},                          /* an empty list of digests */
        {"\x30\x04\x81\x00\x80\x00", 6},                  /* out of order */
        {"\x30\x02\x8f\x00", 4},                          /* an unknown field */
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct tcb_infos infos = {0};

        if (tcb_info_parse(span_of(rows[i].bytes, rows[i].len), false, &infos, &err) == 0)
            fail_msg("row %zu was accepted", i);
    }
}

static void fields_are_read(void **state)
{
    OWNED_BUF info = BUF_OF(512), flags = BUF_OF(256);
    struct tcb_infos infos = {0};
    OWNED_JSON *claims = NULL;
    struct err err;

    (void)state;
    make_info(&info, 4, 0x50); /* not secure, debug */
    assert_ok(tcb_info_parse(buf_span(&info), false, &infos, &err));
    assert_int_equal(infos.count, 1);
    assert_true(span_equal(infos.items[0].model, span_of_str("Roadrunner")));
    assert_int_equal(infos.items[0].svn, 300);
    assert_int_equal(infos.items[0].fwid_count, 1);
    assert_int_equal(infos.items[0].flags, TCB_NOT_SECURE | TCB_DEBUG);
    tcb_info_write_flags(infos.items[0].flags, &flags);
    assert_string_equal(buf_str(&flags), "not secure, debug");
    claims = tcb_info_claims(&infos.items[0]);
    assert_string_equal(json_get_str(claims, "vendor"), "Acme");
    assert_string_equal(json_get_str(json_at(json_get(claims, "fwids"), 0), "algorithm"),
                        "2.16.840.1.101.3.4.2.1");
}

/* {name, number, digests}, of which the last byte is `last`, and `after` it. */
static void make_registers(struct buf *out, uint8_t last, struct span after)
{
    OWNED_BUF fields = BUF_OF(256), list = BUF_OF(256), item = BUF_OF(256);
    OWNED_BUF fwids = BUF_OF(256), fwid = BUF_OF(256);

    buf_add(&fwid, SHA256_OID, sizeof(SHA256_OID) - 1);
    wrap(&fwid, 0x04, span_of("0123456789abcdef0123456789abcdef", 32));
    wrap(&fwids, 0x30, buf_span(&fwid));
    wrap(&item, 0x80, span_of_str("PCR"));
    wrap(&item, 0x81, span_of("\x04", 1));
    wrap(&item, 0xa2, buf_span(&fwids));
    buf_add_span(&item, after);
    wrap(&list, last, buf_span(&item));
    wrap(&fields, 0x80, span_of_str("Acme"));
    wrap(&fields, 0xab, buf_span(&list));
    wrap(out, 0x30, buf_span(&fields));
}

static void registers_have_their_form(void **state)
{
    static const struct {
        uint8_t tag;
        const char *after;
        size_t len;
        bool good;
    } rows[] = {
        {0x30, "", 0, true},          /* as the TCG writes it */
        {0x30, "\x05\x00", 2, false}, /* one field more */
        {0x31, "", 0, false},         /* no sequence */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF info = BUF_OF(512);
        struct tcb_infos infos = {0};
        struct err err;

        make_registers(&info, rows[i].tag, span_of(rows[i].after, rows[i].len));
        if ((tcb_info_parse(buf_span(&info), false, &infos, &err) == 0) != rows[i].good)
            fail_msg("row %zu", i);
    }
}

static void several_may_stand_in_one_certificate(void **state)
{
    OWNED_BUF one = BUF_OF(512), two = BUF_OF(512), multi = BUF_OF(512);
    struct tcb_infos infos = {0};
    struct err err;

    (void)state;
    make_info(&one, 4, 0);
    buf_add_span(&two, buf_span(&one));
    buf_add_span(&two, buf_span(&one));
    assert_fails(tcb_info_parse(buf_span(&two), false, &infos, &err), ERR_INPUT);
    infos.count = 0;
    wrap(&multi, 0x30, buf_span(&two));
    assert_ok(tcb_info_parse(buf_span(&multi), true, &infos, &err));
    assert_int_equal(infos.count, 2);
    assert_fails(tcb_info_parse(span_of("\x30\x00", 2), true, &infos, &err), ERR_INPUT);
    infos.count = TCB_INFO_MAX;
    assert_fails(tcb_info_parse(buf_span(&one), false, &infos, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_truncation_and_addition_is_refused),
        cmocka_unit_test(malformed_fields_are_refused),
        cmocka_unit_test(fields_are_read),
        cmocka_unit_test(registers_have_their_form),
        cmocka_unit_test(several_may_stand_in_one_certificate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
