/* Genuine quotes: Google's, Azure's, and those of a Windows machine. */
#include "tests/unit/attest/vectors.h"

#include "lib/attest/evidence/tcg_log.h"
#include "lib/attest/evidence/tpm_pb.h"
#include "lib/attest/evidence/tpm_quote.h"
#include "lib/base/reader.h"
#include "lib/crypto/key_parts.h"

static size_t flips, flipped_quotes;

/* Accepts, and then refuses with every single bit of the statement flipped. */
static void accept_and_refuse_flips(struct span statement, const struct tpm_signature *signature,
                                    const struct key *ak, const struct pcr_bank *bank)
{
    OWNED_BUF copy = BUF_OF(TPM_QUOTE_SIZE_MAX);
    struct tpm_quote quote;
    struct err err;

    assert_ok(tpm_quote_parse(statement, &quote, &err));
    assert_ok(tpm_quote_check_signature(&quote, signature, ak, &err));
    assert_ok(tpm_quote_check_registers(&quote, signature, bank, 1, &err));
    buf_add_span(&copy, statement);
    for (size_t bit = 0; bit < 8 * copy.len; bit++) {
        copy.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        if (tpm_quote_parse(buf_span(&copy), &quote, &err) == 0 &&
            tpm_quote_check_signature(&quote, signature, ak, &err) == 0)
            fail_msg("bit %zu", bit);
        copy.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    flips += 8 * copy.len;
    flipped_quotes++;
}

/* --- go-tpm-tools ---------------------------------------------------------------------------- */

static void the_attestation_of_a_google_machine_is_accepted(void **state)
{
    OWNED_BUF bytes = BUF_OF(1 * MIB);
    struct tpm_signature signature;
    struct tpm_public ak_public;
    struct tcg_log log;
    OWNED_KEY *ak = NULL;
    struct tpm_pb pb;
    struct err err;

    (void)state;
    need_vectors();
    vector_read("vtpm/go-tpm-tools-attestations/gce-cos-85-no-nonce.pb", &bytes);
    assert_ok(tpm_pb_parse(buf_span(&bytes), &pb, &err));
    assert_ok(tpm_public_parse(pb.ak_public, &ak_public, &err));
    assert_ok(tpm_public_check_attester(&ak_public, &err));
    assert_ok(tpm_public_key(&ak_public, &ak, &err));
    assert_ok(tcg_log_parse(pb.event_log, &log, &err));
    assert_int_equal(pb.quote_count, 3);
    for (size_t i = 0; i < pb.quote_count; i++) {
        struct pcr_bank replayed;
        struct tpm_quote quote;

        assert_ok(tpm_signature_parse(pb.quotes[i].signature, &signature, &err));
        accept_and_refuse_flips(pb.quotes[i].quote, &signature, ak, &pb.quotes[i].bank);
        assert_ok(tpm_quote_parse(pb.quotes[i].quote, &quote, &err));
        assert_int_equal(quote.extra_data.len, 0);
        assert_ok(tcg_log_replay(&log, pb.quotes[i].bank.alg, &replayed, &err));
        for (unsigned n = 0; n < 10; n++)
            if (pcr_bank_has(&replayed, n))
                assert_true(
                    span_equal(pcr_bank_get(&replayed, n), pcr_bank_get(&pb.quotes[i].bank, n)));
    }
}

/* --- Azure ----------------------------------------------------------------------------------- */

/* Bytes written as a JSON list of numbers, as hex, or as base64 (url or not). */
static void read_bytes_of(const struct json *value, struct buf *out)
{
    OWNED_BUF url = BUF_OF(1 * MIB);
    const char *text = json_str(value);
    struct err err;

    buf_reset(out);
    if (json_kind_of(value) == JSON_KIND_ARRAY) {
        for (size_t i = 0; i < json_count(value); i++)
            buf_add_u8(out, (uint8_t)json_int(json_at(value, i)));
        return;
    }
    assert_non_null(text);
    if (text_decode_hex(span_of_str(text), out, &err) == 0)
        return;
    buf_reset(out);
    buf_add_str(&url, text);
    while (url.len > 0 && url.data[url.len - 1] == '=')
        url.len--;
    for (size_t i = 0; i < url.len; i++)
        url.data[i] = url.data[i] == '+' ? '-' : url.data[i] == '/' ? '_' : url.data[i];
    assert_ok(text_decode_base64url(buf_span(&url), out, &err));
}

static void read_bank(const struct json *values, struct pcr_bank *ret)
{
    struct err err;

    *ret = (struct pcr_bank){.alg = DIGEST_SHA256};
    for (size_t i = 0; i < json_count(values); i++) {
        OWNED_BUF value = BUF_OF(DIGEST_SIZE_MAX);

        read_bytes_of(json_at(values, i), &value);
        assert_ok(pcr_bank_give(ret, (unsigned)i, buf_span(&value), &err));
    }
}

/* The key HCLAkPub of the runtime data, which begins at byte 1236 of the blob. */
static void read_hcl_key(struct span blob, struct key **ret)
{
    struct span text = span_part(blob, 1236, blob.len);
    OWNED_BUF modulus = BUF_OF(1024), exponent = BUF_OF(16);
    OWNED_JSON *runtime = NULL;
    const struct json *first;
    struct err err;

    while (text.len > 0 && text.data[text.len - 1] == '\0')
        text.len--;
    assert_ok(json_parse(text, &runtime, &err));
    first = json_at(json_get(runtime, "keys"), 0);
    assert_string_equal(json_get_str(first, "kid"), "HCLAkPub");
    assert_ok(text_decode_base64url(span_of_str(json_get_str(first, "n")), &modulus, &err));
    assert_ok(text_decode_base64url(span_of_str(json_get_str(first, "e")), &exponent, &err));
    assert_ok(key_from_rsa(buf_span(&modulus), buf_span(&exponent), ret, &err));
}

static void check_azure(const char *file, const char *quote_key, const char *report_key,
                        size_t challenge_len)
{
    OWNED_JSON *evidence = vector_read_json(file);
    const struct json *part = json_get(evidence, quote_key);
    OWNED_BUF statement = BUF_OF(4096), signature = BUF_OF(4096), blob = BUF_OF(8192);
    struct tpm_signature parsed;
    struct pcr_bank bank;
    struct tpm_quote quote;
    OWNED_KEY *ak = NULL;
    struct err err;

    read_bytes_of(json_get(part, "message"), &statement);
    read_bytes_of(json_get(part, "signature"), &signature);
    read_bytes_of(json_get(evidence, report_key), &blob);
    read_bank(json_get(part, "pcrs"), &bank);
    read_hcl_key(buf_span(&blob), &ak);
    parsed = tpm_signature_bare(buf_span(&signature));
    accept_and_refuse_flips(buf_span(&statement), &parsed, ak, &bank);
    assert_ok(tpm_quote_parse(buf_span(&statement), &quote, &err));
    assert_int_equal(quote.extra_data.len, challenge_len);
    if (challenge_len == 9)
        assert_true(span_equal(quote.extra_data, span_of_str("challenge")));

    signature.data[100] ^= 1;
    assert_fails(tpm_quote_check_signature(&quote, &parsed, ak, &err), ERR_UNTRUSTED);
    signature.data[100] ^= 1;
    bank.value[3][0] ^= 1;
    assert_fails(tpm_quote_check_registers(&quote, &parsed, &bank, 1, &err), ERR_UNTRUSTED);
}

static void the_quotes_of_azure_machines_are_accepted(void **state)
{
    (void)state;
    need_vectors();
    check_azure("azure/trustee-az-snp-vtpm/evidence-v0.json", "quote", "report", 9);
    check_azure("azure/trustee-az-snp-vtpm/evidence-v1.json", "tpm_quote", "hcl_report", 9);
    check_azure("azure/trustee-az-snp-vtpm/evidence-v2.json", "tpm_quote", "hcl_report", 48);
    check_azure("azure/trustee-az-snp-vtpm/evidence-genoa.json", "quote", "report", 48);
    check_azure("azure/trustee-az-tdx-vtpm/evidence-v0.json", "tpm_quote", "hcl_report", 9);
    check_azure("azure/trustee-az-tdx-vtpm/evidence-v1.json", "tpm_quote", "hcl_report", 9);
}

/* The same quotes in the other forms in which they are kept: a JSON of hex, and the binary of the
 * machine's own tool (lengths of 8 bytes, then 24 registers). */
static void check_raw(const char *dir, struct span statement, struct span signature,
                      const struct json *values)
{
    OWNED(free_str) char *blob_name = mem_printf("azure/%s/hcl-report.bin", dir);
    struct tpm_signature parsed = tpm_signature_bare(signature);
    OWNED_BUF blob = BUF_OF(8192);
    struct pcr_bank bank;
    struct tpm_quote quote;
    OWNED_KEY *ak = NULL;
    struct err err;

    vector_read(blob_name, &blob);
    read_hcl_key(buf_span(&blob), &ak);
    if (values != NULL) {
        read_bank(values, &bank);
        accept_and_refuse_flips(statement, &parsed, ak, &bank);
        return;
    }
    assert_ok(tpm_quote_parse(statement, &quote, &err));
    assert_ok(tpm_quote_check_signature(&quote, &parsed, ak, &err));
}

static void check_json_quote(const char *dir)
{
    OWNED(free_str) char *name = mem_printf("azure/%s/tpm-quote-v1.json", dir);
    OWNED_JSON *quote = vector_read_json(name);
    OWNED_BUF statement = BUF_OF(4096), signature = BUF_OF(4096);

    read_bytes_of(json_get(quote, "message"), &statement);
    read_bytes_of(json_get(quote, "signature"), &signature);
    check_raw(dir, buf_span(&statement), buf_span(&signature), json_get(quote, "pcrs"));
}

static void check_binary_quote(const char *dir)
{
    OWNED(free_str) char *name = mem_printf("azure/%s/quote.bin", dir);
    OWNED_BUF bytes = BUF_OF(8192);
    struct span parts[2];
    struct reader r;

    vector_read(name, &bytes);
    r = reader_of(buf_span(&bytes));
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        uint64_t len = read_le64(&r);

        parts[i] = read_span(&r, (size_t)len);
    }
    assert_false(r.short_read);
    check_raw(dir, parts[1], parts[0], NULL);
}

static void the_other_forms_of_these_quotes_say_the_same(void **state)
{
    (void)state;
    need_vectors();
    check_json_quote("trustee-az-snp-vtpm");
    check_json_quote("trustee-az-tdx-vtpm");
    check_binary_quote("trustee-az-snp-vtpm");
    check_binary_quote("trustee-az-tdx-vtpm");
}

/* A quote that lies beside them as two files is of no key that lies there. */
static void a_quote_of_another_machine_is_refused(void **state)
{
    OWNED_BUF statement = BUF_OF(4096), signature = BUF_OF(4096), blob = BUF_OF(8192);
    struct tpm_signature parsed;
    struct tpm_quote quote;
    OWNED_KEY *ak = NULL;
    struct err err;

    (void)state;
    need_vectors();
    vector_read("azure/trustee-az-snp-vtpm/hcl-report.bin", &blob);
    vector_read("azure/trustee-az-snp-vtpm/tpm-quote.msg", &statement);
    vector_read("azure/trustee-az-snp-vtpm/tpm-quote.sig", &signature);
    read_hcl_key(buf_span(&blob), &ak);
    parsed = tpm_signature_bare(buf_span(&signature));
    assert_ok(tpm_quote_parse(buf_span(&statement), &quote, &err));
    assert_true(span_equal(quote.extra_data, span_of_str("challenge")));
    assert_fails(tpm_quote_check_signature(&quote, &parsed, ak, &err), ERR_UNTRUSTED);
}

/* --- others ---------------------------------------------------------------------------------- */

static void the_quote_of_trustee_is_accepted(void **state)
{
    OWNED_JSON *evidence =
        (need_vectors(), vector_read_json("vtpm/trustee-tpm-evidence/tpm_evidence.json"));
    const struct json *part = json_get(evidence, "tpm_quote");
    OWNED_BUF statement = BUF_OF(4096), signature_bytes = BUF_OF(4096), spki = BUF_OF(4096);
    struct tpm_signature signature;
    struct pcr_bank bank;
    OWNED_KEY *ak = NULL;
    struct err err;

    (void)state;
    read_bytes_of(json_get(part, "message"), &statement);
    read_bytes_of(json_get(part, "signature"), &signature_bytes);
    read_bytes_of(json_get(evidence, "ak_public"), &spki);
    read_bank(json_get(part, "pcrs"), &bank);
    assert_ok(key_load_public_der(buf_span(&spki), &ak, &err));
    assert_ok(tpm_signature_parse(buf_span(&signature_bytes), &signature, &err));
    accept_and_refuse_flips(buf_span(&statement), &signature, ak, &bank);
}

/* Its signature is over SHA-1, which we do not accept. */
static void the_sha1_quote_of_a_windows_machine_is_refused(void **state)
{
    OWNED_JSON *dump = (need_vectors(),
                        vector_read_json("tcglog/go-eventlog-legacy/windows_gcp_shielded_vm.json"));
    OWNED_BUF ak_bytes = BUF_OF(4096), statement = BUF_OF(4096), signature_bytes = BUF_OF(4096);
    struct tpm_signature signature;
    struct tpm_public ak_public;
    struct tpm_quote quote;
    OWNED_KEY *ak = NULL;
    struct err err;

    (void)state;
    read_bytes_of(json_get(json_get(dump, "AK"), "Public"), &ak_bytes);
    read_bytes_of(json_get(json_get(dump, "Quote"), "Quote"), &statement);
    read_bytes_of(json_get(json_get(dump, "Quote"), "Signature"), &signature_bytes);
    assert_ok(tpm_public_parse(buf_span(&ak_bytes), &ak_public, &err));
    assert_ok(tpm_public_key(&ak_public, &ak, &err));
    assert_ok(tpm_quote_parse(buf_span(&statement), &quote, &err));
    assert_ok(tpm_signature_parse(buf_span(&signature_bytes), &signature, &err));
    assert_int_equal(tpm_quote_covers(&quote, DIGEST_SHA1), 0xffffff);
    assert_fails(tpm_quote_check_signature(&quote, &signature, ak, &err), ERR_UNTRUSTED);
}

static void every_flipped_bit_of_a_quote_was_seen(void **state)
{
    (void)state;
    need_vectors();
    printf("flips: %zu in %zu genuine quotes, all refused\n", flips, flipped_quotes);
    assert_true(flipped_quotes >= 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_attestation_of_a_google_machine_is_accepted),
        cmocka_unit_test(the_quotes_of_azure_machines_are_accepted),
        cmocka_unit_test(the_other_forms_of_these_quotes_say_the_same),
        cmocka_unit_test(a_quote_of_another_machine_is_refused),
        cmocka_unit_test(the_quote_of_trustee_is_accepted),
        cmocka_unit_test(the_sha1_quote_of_a_windows_machine_is_refused),
        cmocka_unit_test(every_flipped_bit_of_a_quote_was_seen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
