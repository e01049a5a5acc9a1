#include "tests/unit/unit.h"

#include "lib/json/json.h"
#include "services/grpc-gateway/attested/authenticator.h"

/* The client's side, as RFC 9261 has it, is in tests/api/attested.py, on real connections; here is
 * what cannot happen there. */

static EVP_PKEY *key;

static int make_key(void **state)
{
    (void)state;
    key = EVP_EC_gen("P-256");
    return key != NULL ? 0 : -1;
}

static int free_key(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

struct world {
    struct attested_secrets secrets;
    struct attested_server server;
    struct attested_request request;
    struct buf certificate, evidence;
};

static void world_make(struct world *w, size_t certificate, size_t evidence)
{
    *w = (struct world){.certificate = BUF_OF(256 * KIB), .evidence = BUF_OF(256 * KIB)};
    memset(buf_grow(&w->certificate, certificate), 'c', certificate);
    memset(buf_grow(&w->evidence, evidence), 'e', evidence);
    w->secrets.hash = DIGEST_SHA256;
    w->server = (struct attested_server){.key = key, .count = 1, .spki = span_of_str("spki")};
    w->server.certificates[0] = buf_span(&w->certificate);
    w->request = (struct attested_request){.message = span_of_str("request"),
                                           .context = span_of_str("context")};
}

static void world_done(struct world *w)
{
    buf_done(&w->certificate);
    buf_done(&w->evidence);
}
#define OWNED_WORLD __attribute__((cleanup(world_done))) struct world

static int answer(const struct world *w, struct buf *out, struct err *err)
{
    return attested_answer_write(&(struct attested_answer){.secrets = &w->secrets,
                                                           .server = &w->server,
                                                           .request = &w->request,
                                                           .evidence = buf_span(&w->evidence)},
                                 out, err);
}

static void evidence_that_the_form_has_no_room_for_is_refused(void **state)
{
    OWNED_BUF out = BUF_OF(256 * KIB);
    OWNED_WORLD w;
    struct err err;

    (void)state;
    world_make(&w, 1000, 50000);
    assert_fails(answer(&w, &out, &err), ERR_TOO_LARGE);
    assert_int_equal(out.len, 0);
}

static void so_are_certificates(void **state)
{
    OWNED_BUF out = BUF_OF(256 * KIB);
    OWNED_WORLD w;
    struct err err;

    (void)state;
    world_make(&w, 130000, 1000);
    assert_fails(answer(&w, &out, &err), ERR_TOO_LARGE);
}

static void the_largest_that_fits_has_lengths_that_fit(void **state)
{
    OWNED_BUF out = BUF_OF(256 * KIB);
    struct reader r;
    OWNED_WORLD w;
    struct err err;
    uint32_t length, extension;

    (void)state;
    world_make(&w, 1000, 48900);
    assert_ok(answer(&w, &out, &err));
    r = reader_of(buf_span(&out));
    assert_int_equal(read_u8(&r), ATTESTED_AUTHENTICATOR);
    assert_int_equal(read_be32(&r), out.len - 5);
    assert_int_equal(read_u8(&r), 11);
    read_be24(&r);
    read_skip(&r, 1 + strlen("context"));
    length = read_be24(&r);
    assert_int_equal(read_be24(&r), 1000);
    read_skip(&r, 1000);
    extension = read_be16(&r);
    assert_int_equal(length, 3 + 1000 + 2 + extension);
    assert_int_equal(read_be16(&r), ATTESTED_EXT_EVIDENCE);
    assert_int_equal(read_be16(&r), extension - 4);
    assert_int_equal(read_be16(&r), extension - 6);
}

static void what_is_asked_for_follows_from_key_and_connection(void **state)
{
    struct legacy_demand one, other;
    OWNED_WORLD w;

    (void)state;
    world_make(&w, 1000, 1000);
    attested_demand(&w.secrets, &w.server, &one);
    w.server.spki = span_of_str("spkj");
    attested_demand(&w.secrets, &w.server, &other);
    assert_memory_not_equal(one.report_data, other.report_data, sizeof(one.report_data));
    assert_memory_equal(one.nonce, other.nonce, sizeof(one.nonce));
    w.server.spki = span_of_str("spki");
    w.secrets.exported[0] ^= 1;
    attested_demand(&w.secrets, &w.server, &other);
    assert_memory_not_equal(one.report_data, other.report_data, sizeof(one.report_data));
    assert_memory_not_equal(one.nonce, other.nonce, sizeof(one.nonce));
    w.secrets.exported[0] ^= 1;
    w.secrets.hash = DIGEST_SHA384;
    attested_demand(&w.secrets, &w.server, &other);
    assert_memory_not_equal(one.report_data, other.report_data, sizeof(one.report_data));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(evidence_that_the_form_has_no_room_for_is_refused),
        cmocka_unit_test(so_are_certificates),
        cmocka_unit_test(the_largest_that_fits_has_lengths_that_fit),
        cmocka_unit_test(what_is_asked_for_follows_from_key_and_connection),
    };

    return cmocka_run_group_tests(tests, make_key, free_key);
}
