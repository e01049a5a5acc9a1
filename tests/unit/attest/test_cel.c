#include "tests/unit/unit.h"

#include "lib/attest/evidence/cel.h"

#define HEX32 "1111111111111111111111111111111111111111111111111111111111111111"
#define HEX20 "2222222222222222222222222222222222222222"

#define RECORD(number)                                                                             \
    "{\"recnum\":" #number ",\"pcr\":15,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"" HEX32  \
    "\"}],\"content_type\":\"cocos\",\"content\":{\"event\":\"x\"}}"

static size_t count_records(struct span text, struct err *err)
{
    struct cel_record record;
    OWNED_CEL_LOG log = {0};

    if (cel_log_open(text, &log, err) < 0)
        return SIZE_MAX;
    while (cel_log_next(&log, &record))
        ;
    return cel_log_check(&log, err) < 0 ? SIZE_MAX : log.count;
}

static void assert_refused(struct span log, const char *why)
{
    struct err err = {0};

    assert_int_equal(count_records(log, &err), SIZE_MAX);
    if (strstr(err.text, why) == NULL)
        fail_msg("%s (expected: %s)", err.text, why);
}

static void assert_json_refused(const char *text, const char *why)
{
    assert_refused(span_of_str(text), why);
}

/* --- TLV ------------------------------------------------------------------------------------- */

static void add_tlv(struct buf *out, uint8_t type, const void *value, size_t len)
{
    buf_add_u8(out, type);
    buf_add_be32(out, (uint32_t)len);
    buf_add(out, value, len);
}

static void add_tlv_record(struct buf *log, uint8_t number, uint8_t pcr)
{
    const uint8_t recnum[8] = {0, 0, 0, 0, 0, 0, 0, number};
    OWNED_BUF digests = BUF_OF(4096);
    uint8_t digest[SHA256_SIZE];

    memset(digest, 0x11, sizeof(digest));
    add_tlv(&digests, TPM_ALG_SHA256, digest, 32);
    add_tlv(&digests, TPM_ALG_SHA1, digest, 20);
    add_tlv(log, 0, recnum, 8);
    add_tlv(log, 1, &pcr, 1);
    add_tlv(log, 3, digests.data, digests.len);
    add_tlv(log, 80, "content", 7);
}

static void a_tlv_log_cut_anywhere_is_refused_or_shorter(void **state)
{
    OWNED_BUF log = BUF_OF(4096);
    struct err err;
    size_t whole = 0;

    (void)state;
    add_tlv_record(&log, 0, 13);
    add_tlv_record(&log, 1, 13);
    for (size_t len = 1; len < log.len; len++) {
        uint8_t *cut = (uint8_t *)mem_copy(log.data, len);

        if (count_records(span_of(cut, len), &err) != SIZE_MAX)
            whole++;
        free(cut);
    }
    assert_int_equal(whole, 1);
    assert_int_equal(count_records(buf_span(&log), &err), 2);
}

static void tlvs_out_of_order_or_range_are_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
        const char *why;
    } rows[] = {
        {0, 1, "instead of number"},  {13, 0, "instead of number"},    {18, 24, "register 24"},
        {19, 4, "instead of number"}, {24, 0x12, "algorithm"},         {1, 0xff, "ends inside"},
        {24, 0x77, "0x0077"},         {28, 31, "algorithm"},           {28, 0xff, "too early"},
        {61, 0x0b, "algorithm"},      {86, 3, "instead of a content"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        OWNED_BUF log = BUF_OF(4096);
        struct err err;

        add_tlv_record(&log, 0, 13);
        log.data[rows[i].at] = rows[i].byte;
        if (rows[i].byte == 0x12) /* SM3 has the same size, and is known: no fault */
            assert_int_equal(count_records(buf_span(&log), &err), 1);
        else
            assert_refused(buf_span(&log), rows[i].why);
    }
}

/* A number of more bytes than it has room for would lose its first ones. */
static void tlv_numbers_have_one_to_as_many_bytes_as_fit(void **state)
{
    static const uint8_t zeros[9];

    (void)state;
    for (size_t len = 0; len <= sizeof(zeros); len++) {
        OWNED_BUF rest = BUF_OF(4096), log = BUF_OF(4096);
        struct err err;

        add_tlv_record(&rest, 0, 13);
        add_tlv(&log, 0, zeros, len);
        buf_add_span(&log, span_part(buf_span(&rest), 13, rest.len));
        if (len >= 1 && len <= 8)
            assert_int_equal(count_records(buf_span(&log), &err), 1);
        else
            assert_refused(buf_span(&log), "a number of");
    }
}

static void a_tlv_record_is_read(void **state)
{
    OWNED_BUF bytes = BUF_OF(4096);
    struct cel_record record;
    OWNED_CEL_LOG log = {0};
    struct span digest;
    struct err err;

    (void)state;
    add_tlv_record(&bytes, 7, 13);
    assert_ok(cel_log_open(buf_span(&bytes), &log, &err));
    assert_true(cel_log_next(&log, &record));
    assert_int_equal(record.recnum, 7);
    assert_int_equal(record.index, 13);
    assert_string_equal(record.content_type, "cos");
    assert_true(span_equal(record.content_bytes, span_of_str("content")));
    assert_true(cel_record_find_digest(&record, DIGEST_SHA1, &digest));
    assert_int_equal(digest.len, 20);
    assert_false(cel_record_find_digest(&record, DIGEST_SHA384, &digest));
}

/* --- JSON ------------------------------------------------------------------------------------ */

static void odd_json_is_refused(void **state)
{
    (void)state;
    assert_json_refused("{}", "digests");
    assert_json_refused("[1]", "record");
    assert_json_refused("[{}", "cel");
    assert_json_refused("{\"pcr\":1,\"digests\":[]}", "digests");
    assert_json_refused(RECORD(0) "\n" RECORD(2), "number 2 instead of 1");
    assert_json_refused(RECORD(5) "\n" RECORD(5), "number 5 instead of 6");
    assert_json_refused(RECORD(0) RECORD(1), "record 0");
    assert_json_refused("[" RECORD(0) "] x", "cel");
    assert_json_refused("{\"pcr\":24,\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":\"" HEX20
                        "\"}]}",
                        "register 24");
    assert_json_refused("{\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":\"" HEX20 "\"}]}",
                        "either pcr or nv_index");
    assert_json_refused("{\"pcr\":1,\"nv_index\":1,\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":"
                        "\"" HEX20 "\"}]}",
                        "either pcr or nv_index");
    assert_json_refused("{\"pcr\":1,\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":\"" HEX32 "\"}]}",
                        "no digest");
    assert_json_refused("{\"pcr\":1,\"digests\":[{\"hashAlg\":\"md5\",\"digest\":\"" HEX20 "\"}]}",
                        "'md5' is not known");
    assert_json_refused("{\"pcr\":1,\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":\"" HEX20
                        "\"},{\"hashAlg\":\"sha1\",\"digest\":\"" HEX20 "\"}]}",
                        "two digests");
    assert_json_refused("{\"pcr\":1,\"digests\":[{\"hashAlg\":\"sha1\",\"digest\":\"zz\"}]}",
                        "cel");
}

static void every_form_of_json_is_read(void **state)
{
    static const char *const forms[] = {
        RECORD(0) "\n" RECORD(1) "\n",
        RECORD(0) "\n" RECORD(1),
        "\x1e" RECORD(0) "\n\x1e" RECORD(1) "\n",
        "[" RECORD(0) "," RECORD(1) "]",
        " [\n" RECORD(4) ",\n" RECORD(5) "\n]\n",
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(forms); i++)
        assert_int_equal(count_records(span_of_str(forms[i]), &err), 2);
    assert_int_equal(count_records(span_of_str("[]"), &err), 0);
    assert_int_equal(count_records(span_of(NULL, 0), &err), 0);
}

/* As systemd writes them: no record number, and a content of its own. */
static void a_record_of_systemd_is_read(void **state)
{
    static const char text[] =
        "\x1e{\"pcr\":11,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"" HEX32
        "\"}],\"content_type\":\"systemd\",\"content\":{\"string\":\"enter-initrd\"}}\n";
    struct cel_record record;
    OWNED_CEL_LOG log = {0};
    struct err err;

    (void)state;
    assert_ok(cel_log_open(span_of_str(text), &log, &err));
    assert_true(cel_log_next(&log, &record));
    assert_false(record.has_recnum);
    assert_string_equal(record.content_type, "systemd");
    assert_string_equal(json_get_str(record.content, "string"), "enter-initrd");
    assert_false(cel_log_next(&log, &record));
    assert_ok(cel_log_check(&log, &err));
}

/* --- replay ---------------------------------------------------------------------------------- */

static void both_encodings_replay_alike(void **state)
{
    static const char json[] =
        "{\"pcr\":13,\"digests\":[{\"hashAlg\":\"sha256\",\"digest\":\"" HEX32
        "\"}]}\n{\"nv_index\":13,\"digests\":[{\"hashAlg\":\"sha1\","
        "\"digest\":\"" HEX20 "\"}]}";
    struct pcr_bank from_tlv, from_json;
    OWNED_BUF tlv = BUF_OF(4096);
    struct err err;

    (void)state;
    add_tlv_record(&tlv, 0, 13);
    assert_ok(cel_log_replay(buf_span(&tlv), DIGEST_SHA256, &from_tlv, &err));
    assert_ok(cel_log_replay(span_of_str(json), DIGEST_SHA256, &from_json, &err));
    assert_memory_equal(&from_tlv, &from_json, sizeof(from_tlv));
    assert_int_equal(from_tlv.set, 1u << 13);
    assert_fails(cel_log_replay(buf_span(&tlv), DIGEST_SHA512, &from_tlv, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tlv_log_cut_anywhere_is_refused_or_shorter),
        cmocka_unit_test(tlvs_out_of_order_or_range_are_refused),
        cmocka_unit_test(tlv_numbers_have_one_to_as_many_bytes_as_fit),
        cmocka_unit_test(a_tlv_record_is_read),
        cmocka_unit_test(odd_json_is_refused),
        cmocka_unit_test(every_form_of_json_is_read),
        cmocka_unit_test(a_record_of_systemd_is_read),
        cmocka_unit_test(both_encodings_replay_alike),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
