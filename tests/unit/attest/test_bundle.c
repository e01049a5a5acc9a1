#include "tests/unit/unit.h"

#include "lib/attest/evidence/bundle.h"

#define SNP_TYPE "application/vnd.cocos.snp-report"

static void assert_refused(const char *text, const char *pointer)
{
    OWNED_BUNDLE bundle = {0};
    struct err err;

    if (bundle_parse(span_of_str(text), &bundle, &err) == 0)
        fail_msg("accepted: %s", text);
    assert_string_equal(err.pointer, pointer);
}

#define ITEM  "{\"type\":\"snp\",\"media_type\":\"" SNP_TYPE "\",\"data\":\"AAAA\"}"
#define START "{\"version\":1,\"transcript\":\"AAAA\","
#define LOGS  "\"logs\":{\"tcg\":null,\"ima\":\"\",\"cel\":\"AAAA\"}}"

static void what_is_missing_odd_or_twice_is_refused_by_its_place(void **state)
{
    (void)state;
    assert_refused("{\"version\":2,\"transcript\":\"AAAA\",\"items\":[" ITEM "]," LOGS, "/version");
    assert_refused("{\"version\":1,\"items\":[" ITEM "]," LOGS, "/transcript");
    assert_refused(START LOGS, "/items");
    assert_refused(START "\"items\":[]," LOGS, "/items");
    assert_refused(START "\"items\":[" ITEM "]}", "/logs");
    assert_refused(START "\"items\":[" ITEM "],\"more\":1," LOGS, "/more");
    assert_refused(START "\"items\":[" ITEM "],\"version\":1," LOGS, "/version");
    assert_refused(START "\"items\":[" ITEM "," ITEM "]," LOGS, "/items/1/type");
    assert_refused(START
                   "\"items\":[{\"type\":\"none\",\"media_type\":\"x\",\"data\":\"AAAA\"}]," LOGS,
                   "/items/0/type");
    assert_refused(START "\"items\":[{\"type\":\"tdx\",\"media_type\":\"" SNP_TYPE
                         "\",\"data\":\"AAAA\"}]," LOGS,
                   "/items/0/media_type");
    assert_refused(START "\"items\":[{\"type\":\"snp\",\"media_type\":\"" SNP_TYPE
                         "\",\"data\":\"\"}]," LOGS,
                   "/items/0/data");
    assert_refused(START "\"items\":[{\"type\":\"snp\",\"media_type\":\"" SNP_TYPE
                         "\",\"data\":\"AAA\"}]," LOGS,
                   "/items/0/data");
}

static void a_transcript_over_its_ceiling_is_refused(void **state)
{
    OWNED_BUF text = BUF_OF(8 * KIB);

    (void)state;
    buf_add_str(&text, "{\"version\":1,\"transcript\":\"");
    for (size_t i = 0; i < TRANSCRIPT_SIZE_MAX + 4; i++)
        buf_add_str(&text, "AAAA");
    buf_add_str(&text, "\",\"items\":[" ITEM "]," LOGS);
    assert_refused(buf_str(&text), "/transcript");
}

static void make_whole(struct bundle *bundle)
{
    const struct transcript_logs logs = {.tcg = span_of_str("tcg"), .cel = span_of_str("cel")};
    struct transcript transcript = {.kind = TRANSCRIPT_BOOT};
    struct err err;

    transcript.has[TRANSCRIPT_NONCE] = true;
    bundle_init(bundle);
    assert_ok(bundle_set_transcript(bundle, &transcript, &err));
    assert_ok(bundle_set_logs(bundle, &logs, &err));
    assert_ok(bundle_add(bundle, BUNDLE_VTPM, span_of_str("quote"), &err));
    assert_ok(bundle_add(bundle, BUNDLE_SNP, span_of_str("report"), &err));
}

static void a_type_cannot_be_added_twice(void **state)
{
    OWNED_BUNDLE bundle;
    struct err err;

    (void)state;
    make_whole(&bundle);
    assert_fails(bundle_add(&bundle, BUNDLE_SNP, span_of_str("again"), &err), ERR_INPUT);
    assert_int_equal(bundle_count(&bundle), 2);
}

static void an_incomplete_transcript_makes_no_bundle(void **state)
{
    struct transcript transcript = {.kind = TRANSCRIPT_CHANNEL};
    OWNED_BUNDLE bundle;
    struct err err;

    (void)state;
    bundle_init(&bundle);
    assert_fails(bundle_set_transcript(&bundle, &transcript, &err), ERR_INPUT);
}

static void what_is_written_is_read_back(void **state)
{
    OWNED_BUF text = BUF_OF(8 * KIB), again = BUF_OF(8 * KIB);
    OWNED_BUNDLE bundle, read = {0};
    struct transcript_logs logs;
    struct err err;

    (void)state;
    make_whole(&bundle);
    assert_ok(bundle_write(&bundle, &text, &err));
    assert_true(bundle_detect(buf_span(&text)));
    assert_ok(bundle_parse(buf_span(&text), &read, &err));
    assert_int_equal(bundle_count(&read), 2);
    assert_int_equal(bundle_at(&read, 0)->type, BUNDLE_VTPM);
    assert_string_equal(bundle_at(&read, 1)->media_type, bundle_media_type(BUNDLE_SNP));
    assert_true(span_equal(bundle_span(&bundle_at(&read, 1)->data), span_of_str("report")));
    logs = bundle_get_logs(&read);
    assert_true(span_equal(logs.tcg, span_of_str("tcg")));
    assert_int_equal(logs.ima.len, 0);
    assert_ok(bundle_write(&read, &again, &err));
    assert_string_equal(buf_str(&text), buf_str(&again));
}

static void an_endorsement_key_is_there_only_when_it_was_set(void **state)
{
    OWNED_BUF bare = BUF_OF(8 * KIB), text = BUF_OF(8 * KIB);
    OWNED_BUNDLE bundle = {0}, read = {0};
    struct err err;

    (void)state;
    make_whole(&bundle);
    assert_ok(bundle_write(&bundle, &bare, &err));
    assert_null(strstr(buf_str(&bare), "endorsement"));
    assert_ok(
        bundle_set_endorsement(&bundle, span_of_str("key"), span_of_str("certificate"), &err));
    assert_ok(bundle_write(&bundle, &text, &err));
    assert_ok(bundle_parse(buf_span(&text), &read, &err));
    assert_true(span_equal(bundle_span(&read.endorsement.ek), span_of_str("key")));
    assert_true(
        span_equal(bundle_span(&read.endorsement.ek_certificate), span_of_str("certificate")));
    assert_refused(START "\"items\":[" ITEM "],\"endorsement\":{\"ak\":\"AAAA\"}," LOGS,
                   "/endorsement/ak");
}

static void other_documents_do_not_look_like_one(void **state)
{
    (void)state;
    assert_false(bundle_detect(span_of(NULL, 0)));
    assert_false(bundle_detect(span_of_str("  ")));
    assert_false(bundle_detect(span_of_str("[\"transcript\",\"items\"]")));
    assert_false(bundle_detect(span_of_str("{\"transcript\":1}")));
    assert_true(bundle_detect(span_of_str("\n {\"items\":1,\"transcript\":1}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_missing_odd_or_twice_is_refused_by_its_place),
        cmocka_unit_test(a_transcript_over_its_ceiling_is_refused),
        cmocka_unit_test(a_type_cannot_be_added_twice),
        cmocka_unit_test(an_incomplete_transcript_makes_no_bundle),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(an_endorsement_key_is_there_only_when_it_was_set),
        cmocka_unit_test(other_documents_do_not_look_like_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
