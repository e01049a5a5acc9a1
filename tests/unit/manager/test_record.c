#include "tests/unit/manager/scratch.h"

#include "services/manager-api/vm/record.h"

static struct vm_record full_record(void)
{
    struct vm_record record = {
        .id = "0f9d5c9e-1a70-4f0e-9f0a-5d0f5f6c7a11",
        .manager = "11111111-2222-4333-8444-555555555555",
        .name = "iris-1",
        .owner = "alice",
        .image = "eos",
        .platform = VM_PLATFORM_VM,
        .phase = VM_PHASE_FAILED,
        .cpus = 2,
        .memory_mib = 512,
        .port = 20017,
        .grpc_port = 20018,
        .cvms = "cvms.example:7001",
        .debug = true,
        .secure_boot = true,
        .gpus = "0000:41:00.0",
        .created_at = 1700000000,
        .expires_at = 1700003600,
        .ended_at = 1700000100,
        .boot_id = "99999999-2222-4333-8444-555555555555",
        .deadline_ms = 123456789,
        .failure_kind = "share",
        .failure_detail = "a <b> & \"c\" 'd' ]]> \xc3\xa9",
        .idempotency_key = "key-1<&>",
        .body_sha256 = "00",
    };

    for (size_t i = 0; i < sizeof(record.nonce); i++)
        record.nonce[i] = (uint8_t)i;
    return record;
}

static void what_is_written_is_read_back(void **state)
{
    struct vm_record before = full_record(), after;
    OWNED_BUF xml = BUF_OF(VM_RECORD_MAX);
    struct err err;

    (void)state;
    assert_ok(vm_record_encode(&before, &xml, &err));
    assert_null(strstr(buf_str(&xml), "<b>"));
    assert_ok(vm_record_decode(buf_span(&xml), &after, &err));
    assert_memory_equal(&before, &after, sizeof(before));
}

static void texts_that_xml_cannot_carry_are_refused(void **state)
{
    static const char *const bad[] = {"a\x01z", "a\xffz", "a\x1bz", "\xef\xbf\xbf"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct vm_record record = full_record();
        OWNED_BUF xml = BUF_OF(VM_RECORD_MAX);

        set_text(record.name, bad[i]);
        assert_fails(vm_record_encode(&record, &xml, &err), ERR_INPUT);
        assert_non_null(strstr(err.text, "name"));
    }
}

/* The encoded record with one piece of text replaced. */
static void check_refused(const char *piece, const char *by, const char *words)
{
    struct vm_record record = full_record(), ret;
    OWNED_BUF xml = BUF_OF(VM_RECORD_MAX);
    OWNED_BUF bad = BUF_OF(VM_RECORD_MAX * 2);
    const char *at = NULL;
    struct err err;

    assert_ok(vm_record_encode(&record, &xml, &err));
    at = strstr(buf_str(&xml), piece);
    assert_non_null(at);
    buf_add(&bad, xml.data, (size_t)(at - buf_str(&xml)));
    buf_add_str(&bad, by);
    buf_add_str(&bad, at + strlen(piece));
    assert_fails(vm_record_decode(buf_span(&bad), &ret, &err), ERR_INPUT);
    if (strstr(err.text, words) == NULL)
        fail_msg("'%s' does not say '%s'", err.text, words);
}

static void a_record_that_is_not_whole_is_no_record(void **state)
{
    (void)state;
    check_refused("<port>20017</port>", "", "port: is missing");
    check_refused("<port>20017</port>", "<port>1</port><port>2</port>", "twice");
    check_refused("<port>20017</port>", "<port>65536</port>", "port");
    check_refused("<port>20017</port>", "<port>-1</port>", "port");
    check_refused("<port>20017</port>", "<port><b/></port>", "more than text");
    check_refused("<port>20017</port>", "<port>1</port><extra/>", "'extra' is not known");
    check_refused("<phase>failed</phase>", "<phase>happy</phase>", "'happy' is not known");
    check_refused("<debug>1</debug>", "<debug>2</debug>", "debug");
    check_refused("000102", "0g0102", "nonce");
    check_refused("<nonce>00", "<nonce>", "nonce");
    check_refused("<name>iris-1</name>", "<name>iris-1</name>text", "more than elements");
    check_refused("<vm>", "<vm", "plain XML");
}

static void a_record_of_an_earlier_manager_has_no_gateway(void **state)
{
    static const char late[] = "<grpc_port>20018</grpc_port><secure_boot>1</secure_boot>"
                               "<gpus>0000:41:00.0</gpus><cvms>cvms.example:7001</cvms>";
    struct vm_record record = full_record(), ret;
    OWNED_BUF xml = BUF_OF(VM_RECORD_MAX), earlier = BUF_OF(VM_RECORD_MAX);
    const char *at;
    struct err err;

    (void)state;
    assert_ok(vm_record_encode(&record, &xml, &err));
    at = strstr(buf_str(&xml), late);
    assert_non_null(at);
    buf_add(&earlier, xml.data, (size_t)(at - buf_str(&xml)));
    buf_add_str(&earlier, at + strlen(late));
    assert_ok(vm_record_decode(buf_span(&earlier), &ret, &err));
    assert_int_equal(ret.grpc_port, 0);
    assert_string_equal(ret.cvms, "");
    assert_int_equal(ret.port, record.port);
}

static void names_longer_than_their_place_are_refused(void **state)
{
    char element[256];

    (void)state;
    snprintf(element, sizeof(element), "<name>%0*d</name>", VM_NAME_SIZE, 1);
    check_refused("<name>iris-1</name>", element, "longer than 63");
}

static void what_is_no_record_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "text",
        "<other/>",
        "<vm/>",
        "<!DOCTYPE vm [<!ENTITY a 'aaaaaaaaaa'>]><vm><name>&a;</name></vm>",
        "<vm><![CDATA[x]]></vm>",
    };
    struct vm_record ret;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_fails(vm_record_decode(span_of_str(bad[i]), &ret, &err), ERR_INPUT);
}

static void a_record_of_any_size_is_bounded(void **state)
{
    OWNED_BUF big = BUF_OF(1 * MIB);
    struct vm_record ret;
    struct err err;

    (void)state;
    while (big.len <= VM_RECORD_MAX)
        buf_add_str(&big, "<vm><name>x</name></vm>");
    assert_fails(vm_record_decode(buf_span(&big), &ret, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(texts_that_xml_cannot_carry_are_refused),
        cmocka_unit_test(a_record_that_is_not_whole_is_no_record),
        cmocka_unit_test(a_record_of_an_earlier_manager_has_no_gateway),
        cmocka_unit_test(names_longer_than_their_place_are_refused),
        cmocka_unit_test(what_is_no_record_is_refused),
        cmocka_unit_test(a_record_of_any_size_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
