/* The older JSON as the message that orders it. */
#include "tests/unit/unit.h"

#include "services/grpc-gateway/cvms/order.h"
#include "services/grpc-gateway/cvms/order_json.h"
#include "services/grpc-gateway/proto/unpack.h"

#include "lib/base/text.h"

#define HASH                                                                                       \
    "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,255]"
#define WHOLE                                                                                      \
    "{\"id\":\"1\",\"name\":\"n\",\"description\":\"d\",\"datasets\":[{\"hash\":" HASH             \
    ",\"user_key\":\"AQID\",\"filename\":\"iris.csv\",\"source\":{\"url\":\"s3://"                 \
    "a\",\"encrypted\""                                                                            \
    ":true},\"decompress\":true}],\"algorithm\":{\"hash\":" HASH                                   \
    ",\"user_key\":\"BAUG\",\"algo_type\":\"python\",\"algo_args\":[\"--a\",\"1\"],\"kbs\":{"      \
    "\"url\":\"u\",\"enabled\":true}},\"result_consumers\":[{\"user_key\":\"BwgJ\"}]}"

static void members_that_are_wrong_are_refused(void **state)
{
    static const char *const texts[] = {
        "{\"id\": 7}",
        "{\"datasets\": [7]}",
        "{\"algorithm\": {}}",
        "{\"result_consumers\": [{\"user_key\": \"***\"}]}",
        "{\"result_consumers\": {}}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        OWNED_BUF out = BUF_OF(64 * KIB);
        OWNED_JSON *json = NULL;
        struct err err;

        assert_ok(json_parse(span_of_str(texts[i]), &json, &err));
        assert_fails(order_from_json(json, &out, &err), ERR_INPUT);
    }
}

static void nothing_is_lost_on_the_way(void **state)
{
    OWNED_BUF out = BUF_OF(64 * KIB);
    OWNED_JSON *json = NULL;
    OWNED_PROTO *owner = NULL;
    const Cvms__ComputationRunReq *order;
    char hex[2 * ORDER_DIGEST_SIZE + 1], wanted[2 * ORDER_DIGEST_SIZE + 1];
    uint8_t digest[ORDER_DIGEST_SIZE];
    struct err err;

    (void)state;
    assert_ok(json_parse(span_of_str(WHOLE), &json, &err));
    assert_ok(order_from_json(json, &out, &err));
    assert_ok(proto_unpack(&cvms__computation_run_req__descriptor, buf_span(&out), 1 * MIB, &owner,
                           &err));
    order = (const Cvms__ComputationRunReq *)owner;
    assert_int_equal(order->algorithm->n_algo_args, 2);
    assert_string_equal(order->datasets[0]->filename, "iris.csv");
    /* What comes out has the digest of what went in: the text is canonical. */
    assert_ok(order_digest(order, digest, &err));
    text_hex(digest, sizeof(digest), hex);
    digest_of(DIGEST_SHA3_256, span_of_str(WHOLE), digest);
    text_hex(digest, sizeof(digest), wanted);
    assert_string_equal(hex, wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_that_are_wrong_are_refused),
        cmocka_unit_test(nothing_is_lost_on_the_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
