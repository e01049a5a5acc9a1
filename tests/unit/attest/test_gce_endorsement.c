#include "tests/unit/unit.h"

#include "tests/unit/attest/pb_make.h"
#include "tests/unit/crypto/foreign.h"

#include "lib/attest/evidence/gce_endorsement.h"

/* --- making them --- */

static void add_snp_entry(struct buf *snp, uint64_t vcpus, uint8_t fill, size_t len)
{
    OWNED_BUF entry = BUF_OF(256);
    uint8_t measurement[64];

    memset(measurement, fill, sizeof(measurement));
    pb_number(&entry, 1, vcpus);
    pb_bytes(&entry, 2, span_of(measurement, len));
    pb_bytes(snp, 2, buf_span(&entry));
}

static void add_tdx_entry(struct buf *tdx, uint64_t ram_gib, uint8_t fill)
{
    OWNED_BUF entry = BUF_OF(256);
    uint8_t mrtd[SHA384_SIZE];

    memset(mrtd, fill, sizeof(mrtd));
    pb_number(&entry, 1, ram_gib);
    pb_number(&entry, 2, 1);
    pb_bytes(&entry, 3, SPAN_OF_ARRAY(mrtd));
    pb_bytes(tdx, 2, buf_span(&entry));
}

static void make_golden(struct buf *golden)
{
    OWNED_BUF snp = BUF_OF(1024), tdx = BUF_OF(1024);

    pb_number(&snp, 1, 3); /* svn */
    add_snp_entry(&snp, 1, 0x11, SHA384_SIZE);
    add_snp_entry(&snp, 4, 0x44, SHA384_SIZE);
    pb_number(&snp, 5, 0x30000);
    add_tdx_entry(&tdx, 16, 0x77);
    pb_number(golden, 2, 12345);
    pb_bytes(golden, 5, buf_span(&snp)); /* some digest */
    pb_bytes(golden, 7, buf_span(&snp));
    pb_bytes(golden, 8, buf_span(&tdx));
}

static void make_file(const struct key *key, enum foreign_padding padding, struct buf *file)
{
    OWNED_BUF golden = BUF_OF(4096), signature = BUF_OF(1024);

    make_golden(&golden);
    foreign_sign(key, DIGEST_SHA256, padding, buf_span(&golden), &signature);
    pb_bytes(file, 1, buf_span(&golden));
    pb_bytes(file, 2, buf_span(&signature));
}

/* --- what is said of them --- */

static void only_the_signers_key_and_scheme_open_it(void **state)
{
    OWNED_BUF file = BUF_OF(8192), other_scheme = BUF_OF(8192);
    OWNED_KEY *key = NULL, *other = NULL, *ec = NULL;
    struct span golden;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_RSA, 2048, &key, &err));
    assert_ok(key_generate(KEY_RSA, 2048, &other, &err));
    assert_ok(key_generate(KEY_P256, 0, &ec, &err));
    make_file(key, FOREIGN_PSS, &file);
    make_file(key, FOREIGN_PKCS1, &other_scheme);
    assert_ok(gce_endorsement_open(buf_span(&file), key, &golden, &err));
    assert_true(golden.len > 200);
    assert_fails(gce_endorsement_open(buf_span(&file), other, &golden, &err), ERR_UNTRUSTED);
    assert_fails(gce_endorsement_open(buf_span(&file), ec, &golden, &err), ERR_UNTRUSTED);
    assert_fails(gce_endorsement_open(buf_span(&other_scheme), key, &golden, &err), ERR_UNTRUSTED);
    for (size_t i = 0; i < file.len; i++) {
        file.data[i] ^= 0x10;
        assert_int_equal(gce_endorsement_open(buf_span(&file), key, &golden, &err), -1);
        file.data[i] ^= 0x10;
    }
    for (size_t len = 0; len < file.len; len += 7)
        assert_int_equal(gce_endorsement_open(span_of(file.data, len), key, &golden, &err), -1);
    pb_bytes(&file, 1, span_of_str("another"));
    assert_fails(gce_endorsement_open(buf_span(&file), key, &golden, &err), ERR_INPUT);
}

static const char *first(const struct json *policy, const char *part, const char *member)
{
    return json_str(json_at(json_get(json_get(policy, part), member), 0));
}

static void its_values_become_a_policy(void **state)
{
    OWNED_BUF golden = BUF_OF(4096);
    OWNED_JSON *all = NULL, *four = NULL, *three = NULL;
    struct err err;

    (void)state;
    make_golden(&golden);
    assert_ok(gce_endorsement_policy(buf_span(&golden), 0, &all, &err));
    assert_int_equal(json_count(json_get(json_get(all, "snp"), "measurement")), 2);
    assert_int_equal(json_count(json_get(json_get(all, "tdx"), "mrtd")), 1);
    assert_memory_equal(first(all, "tdx", "mrtd"), "7777", 4);
    assert_ok(gce_endorsement_policy(buf_span(&golden), 4, &four, &err));
    assert_int_equal(json_count(json_get(json_get(four, "snp"), "measurement")), 1);
    assert_memory_equal(first(four, "snp", "measurement"), "4444", 4);
    assert_ok(gce_endorsement_policy(buf_span(&golden), 3, &three, &err));
    assert_null(json_get(three, "snp"));
}

static void odd_values_are_refused(void **state)
{
    OWNED_BUF snp = BUF_OF(1024), golden = BUF_OF(2048), empty = BUF_OF(64), tdx = BUF_OF(64);
    OWNED_JSON *policy = NULL;
    struct err err;

    (void)state;
    add_snp_entry(&snp, 1, 0x11, 47);
    pb_bytes(&golden, 7, buf_span(&snp));
    assert_fails(gce_endorsement_policy(buf_span(&golden), 0, &policy, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "47 bytes"));
    buf_reset(&golden);
    pb_bytes(&golden, 7, span_of_str("\x12\x7f"));
    assert_fails(gce_endorsement_policy(buf_span(&golden), 0, &policy, &err), ERR_INPUT);
    buf_reset(&golden);
    pb_bytes(&golden, 7, span_of_str("\x12\x02\x08"));
    assert_fails(gce_endorsement_policy(buf_span(&golden), 0, &policy, &err), ERR_INPUT);
    buf_reset(&golden);
    pb_number(&empty, 1, 16);
    pb_bytes(&tdx, 2, buf_span(&empty));
    pb_bytes(&golden, 8, buf_span(&tdx));
    assert_fails(gce_endorsement_policy(buf_span(&golden), 0, &policy, &err), ERR_INPUT);
    assert_non_null(strstr(err.text, "field 3 is missing"));
    assert_fails(gce_endorsement_policy(span_of(NULL, 0), 0, &policy, &err), ERR_INPUT);
    assert_fails(gce_endorsement_policy(span_of_str("\xff"), 0, &policy, &err), ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_signers_key_and_scheme_open_it),
        cmocka_unit_test(odd_values_are_refused),
        cmocka_unit_test(its_values_become_a_policy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
