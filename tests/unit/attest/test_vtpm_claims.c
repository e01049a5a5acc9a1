#include "tests/unit/attest/vtpm_bench.h"

#include "lib/attest/vtpm_claims.h"

static struct json *claims_of(struct bench *b)
{
    bench_quote(b);
    bench_prove(b);
    return vtpm_claims(&b->vtpm, &b->proof, AK_PINNED);
}

static void everything_proven_is_told(void **state)
{
    OWNED_JSON *claims = NULL;
    char hex[65];
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    claims = claims_of(&b);
    assert_string_equal(json_get_str(json_get(claims, "ak"), "type"), "p256");
    assert_string_equal(json_get_str(json_get(claims, "ak"), "sha256"), hex_of_ak(&b.machine, hex));
    assert_string_equal(json_get_str(json_get(claims, "ak"), "bound_by"), "policy");
    assert_string_equal(json_get_str(claims, "firmware_version"), "2020031200120003");
    assert_int_equal(json_get_int(json_get(claims, "clock"), "ms"), 123456789);
    assert_string_equal(json_get_str(json_get(json_get(claims, "pcrs"), "sha256"), "15"),
                        hex_of_register(&b.machine, 15, hex));
    assert_string_equal(json_get_str(json_get(claims, "run"), "manifest_sha256"),
                        hex_of_text("manifest", hex));
    assert_string_equal(json_get_str(json_get(claims, "boot"), "secure_boot"), "unknown");
}

static void what_is_not_proven_is_not_told(void **state)
{
    OWNED_JSON *claims = NULL;
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    bench_quote(&b);
    b.vtpm.quotes[0].bank.value[4][0] ^= 1;
    bench_prove(&b);
    claims = vtpm_claims(&b.vtpm, &b.proof, AK_UNBOUND);
    assert_int_equal(json_count(json_get(claims, "pcrs")), 0);
    assert_null(json_get(claims, "boot"));
    assert_null(json_get(claims, "ima"));
    assert_null(json_get(claims, "run"));
    assert_string_equal(json_get_str(json_get(claims, "ak"), "bound_by"), "none");
}

/* A log may hold any bytes; a terminal must not. */
static void texts_of_a_log_are_made_printable(void **state)
{
    static const char line[] = "kernel_cmdline: quiet \x1b[2Jinit=/x";
    OWNED_JSON *claims = NULL;
    const char *told;
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    machine_measure(&b.machine, 8, EV_IPL, span_of(line + 16, sizeof(line) - 17),
                    span_of(line, sizeof(line)));
    claims = claims_of(&b);
    told = json_get_str(json_get(claims, "boot"), "command_line");
    assert_string_equal(told, "quiet \\x1b[2Jinit=/x");
}

static void a_clock_beyond_json_is_cut(void **state)
{
    OWNED_JSON *claims = NULL;
    OWNED_BENCH b;

    (void)state;
    bench_make(&b);
    bench_quote(&b);
    bench_prove(&b);
    b.vtpm.quotes[0].quote.clock = UINT64_MAX;
    claims = vtpm_claims(&b.vtpm, &b.proof, AK_PINNED);
    assert_true(json_get_int(json_get(claims, "clock"), "ms") == 1ll << 53);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_proven_is_told),
        cmocka_unit_test(what_is_not_proven_is_not_told),
        cmocka_unit_test(texts_of_a_log_are_made_printable),
        cmocka_unit_test(a_clock_beyond_json_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
