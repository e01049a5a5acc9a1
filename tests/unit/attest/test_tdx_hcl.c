/* An Azure VM on TDX of our own: a TD quote over the runtime data that names the key of its TPM,
 * and a quote of that TPM. */
#include "tests/unit/attest/tdx_world.h"

#include "tests/unit/attest/hcl_make.h"
#include "tests/unit/attest/tpm_make.h"

#define OFFSET_REPORT_DATA 520

static const char policy_text[] =
    "{\"version\":1,\"waive\":[\"measurement\",\"pei\"],\"tdx\":{},\"vtpm\":{}}";

struct vm {
    struct fake_tdx world;
    struct key *ak;
    struct buf runtime, blob, statement, signature, text;
    struct pcr_bank registers;
    struct policy *policy;
    struct attest_input in;
};

static void vm_done(struct vm *vm)
{
    struct buf *const bufs[] = {&vm->runtime, &vm->blob, &vm->statement, &vm->signature, &vm->text};

    for (size_t i = 0; i < COUNT_OF(bufs); i++)
        buf_done(bufs[i]);
    fake_tdx_done(&vm->world);
    key_free(vm->ak);
    policy_free(vm->policy);
}
#define OWNED_VM OWNED(vm_done) struct vm

static void vm_make(struct vm *vm)
{
    const struct buf room = BUF_OF(64 * KIB);
    OWNED_BUF spki = BUF_OF(4 * KIB);
    struct err err;

    *vm = (struct vm){.runtime = room,
                      .blob = room,
                      .statement = room,
                      .signature = room,
                      .text = BUF_OF(256 * KIB)};
    fake_tdx_start(&vm->world, FAKE_TD4);
    assert_ok(key_generate(KEY_RSA, 2048, &vm->ak, &err));
    key_write_spki(vm->ak, &spki);
    make_runtime(&vm->runtime, span_of(spki.data + spki.len - 5 - 256, 256));
    memset(vm->world.body + OFFSET_REPORT_DATA, 0, 64);
    digest_of(DIGEST_SHA256, buf_span(&vm->runtime), vm->world.body + OFFSET_REPORT_DATA);
    pcr_bank_init(&vm->registers, DIGEST_SHA256);
    vm->registers.set = 0xffffff;
    assert_ok(policy_load(span_of_str(policy_text), &vm->policy, &err));
}

/* What the TPM says, as its TPM2_Quote answers. */
static void vm_quote(struct vm *vm, const struct key *by)
{
    buf_reset(&vm->statement);
    buf_reset(&vm->signature);
    make_quote(&vm->statement, span_of_str("challenge"), &vm->registers, 0xffffff, DIGEST_SHA256);
    make_signature(&vm->signature, by, TPM_ALG_RSASSA, DIGEST_SHA256, buf_span(&vm->statement));
    buf_drop_front(&vm->signature, 6); /* scheme, hash and length */
}

static void add_base64url(struct buf *out, const char *key, struct span bytes)
{
    buf_printf(out, "\"%s\":\"", key);
    text_encode_base64url(bytes, out);
    buf_add_str(out, "\",");
}

static void add_hex(struct buf *out, struct span bytes)
{
    buf_add_str(out, "\"");
    for (size_t i = 0; i < bytes.len; i++)
        buf_printf(out, "%02x", bytes.data[i]);
    buf_add_str(out, "\"");
}

static void vm_write(struct vm *vm)
{
    struct buf *out = &vm->text;

    fake_tdx_make(&vm->world);
    buf_reset(&vm->blob);
    make_blob(&vm->blob, 4, buf_str(&vm->runtime), NULL);
    buf_reset(out);
    buf_add_str(out, "{\"version\":1,");
    add_base64url(out, "hcl_report", buf_span(&vm->blob));
    add_base64url(out, "td_quote", buf_span(&vm->world.quote));
    buf_add_str(out, "\"tpm_quote\":{\"message\":");
    add_hex(out, buf_span(&vm->statement));
    buf_add_str(out, ",\"signature\":");
    add_hex(out, buf_span(&vm->signature));
    buf_add_str(out, ",\"pcrs\":[");
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        buf_add_str(out, i > 0 ? "," : "");
        add_hex(out, pcr_bank_get(&vm->registers, i));
    }
    buf_add_str(out, "]}}");
}

static void vm_expect(struct vm *vm, const char *refusal)
{
    vm_write(vm);
    fake_tdx_input(&vm->world, &vm->in);
    vm->in.format = ATTEST_AUTO;
    vm->in.evidence = buf_span(&vm->text);
    vm->in.nonce = span_of_str("challenge");
    vm->in.policy = vm->policy;
    check_accepted(&vm->in, refusal, NULL);
}

static void a_td_quote_vouches_for_the_tpm(void **state)
{
    OWNED_VM vm;

    (void)state;
    vm_make(&vm);
    vm_quote(&vm, vm.ak);
    vm_expect(&vm, NULL);
}

static void a_quote_over_other_runtime_data_vouches_for_nothing(void **state)
{
    OWNED_VM vm;

    (void)state;
    vm_make(&vm);
    vm_quote(&vm, vm.ak);
    vm.world.body[OFFSET_REPORT_DATA] ^= 1;
    vm_expect(&vm, "tdx.report_data");
    vm.world.body[OFFSET_REPORT_DATA] ^= 1;
    vm.world.body[OFFSET_REPORT_DATA + 63] = 1; /* after the hash */
    vm_expect(&vm, "tdx.report_data");
}

static void another_tpm_is_refused(void **state)
{
    OWNED_KEY *other = NULL;
    OWNED_VM vm;
    struct err err;

    (void)state;
    vm_make(&vm);
    assert_ok(key_generate(KEY_RSA, 2048, &other, &err));
    vm_quote(&vm, other);
    vm_expect(&vm, "tpm.signature");
}

static void a_td_that_is_refused_vouches_for_nothing(void **state)
{
    OWNED_VM vm;

    (void)state;
    vm_make(&vm);
    vm_quote(&vm, vm.ak);
    vm.world.body[120] = 1; /* DEBUG */
    vm_expect(&vm, "tdx.debug");
    vm.world.body[120] = 0;
    vm.world.pck_crl.next_update = FAKE_TDX_NOW - 1;
    vm_expect(&vm, "dcap.crl.time");
}

/* The logs that come along are the TPM's: they are not held against the registers of the TD. */
static void logs_are_the_tpms(void **state)
{
    static const uint8_t no_log[] = {1, 2, 3};
    OWNED_VERDICT verdict = {0};
    OWNED_VM vm;
    struct err err;

    (void)state;
    vm_make(&vm);
    vm_quote(&vm, vm.ak);
    vm_expect(&vm, NULL);
    vm.in.tcg_log = SPAN_OF_ARRAY(no_log);
    assert_ok(attest_validate(&vm.in, &verdict, &err));
    assert_true(has_finding(&verdict, "tpm.log.form"));
    assert_false(has_finding(&verdict, "tdx.log.form"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_td_quote_vouches_for_the_tpm),
        cmocka_unit_test(a_quote_over_other_runtime_data_vouches_for_nothing),
        cmocka_unit_test(another_tpm_is_refused),
        cmocka_unit_test(a_td_that_is_refused_vouches_for_nothing),
        cmocka_unit_test(logs_are_the_tpms),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
