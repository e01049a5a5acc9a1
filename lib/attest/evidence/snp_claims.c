#include "lib/attest/evidence/snp_claims.h"

#include "lib/attest/evidence/claim_bits.h"

#include <stdio.h>

static const struct claim_bit policy_bits[] = {
    {SNP_POLICY_SMT, "smt_allowed"},
    {SNP_POLICY_MIGRATE_MA, "migration_agent_allowed"},
    {SNP_POLICY_DEBUG, "debug_allowed"},
    {SNP_POLICY_SINGLE_SOCKET, "single_socket"},
    {SNP_POLICY_CXL_ALLOW, "cxl_allowed"},
    {SNP_POLICY_MEM_AES_256_XTS, "aes_256_xts_required"},
    {SNP_POLICY_RAPL_DIS, "rapl_must_be_off"},
    {SNP_POLICY_CIPHERTEXT_HIDING, "ciphertext_hiding_required"},
    {SNP_POLICY_PAGE_SWAP_DISABLE, "page_swap_disabled"},
};

static const struct claim_bit platform_bits[] = {
    {SNP_PLATFORM_SMT_EN, "smt"},
    {SNP_PLATFORM_TSME_EN, "tsme"},
    {SNP_PLATFORM_ECC_EN, "ecc"},
    {SNP_PLATFORM_RAPL_DIS, "rapl_off"},
    {SNP_PLATFORM_CIPHERTEXT_HIDING_EN, "ciphertext_hiding"},
    {SNP_PLATFORM_ALIAS_CHECK_COMPLETE, "alias_check_complete"},
    {SNP_PLATFORM_TIO_EN, "tio"},
};

static const char *const signing_key_names[] = {
    [SNP_SIGNED_BY_VCEK] = "vcek",
    [SNP_SIGNED_BY_VLEK] = "vlek",
    [SNP_SIGNED_BY_NONE] = "none",
};

static struct json *tcb_claims(uint64_t raw, enum snp_product product)
{
    struct snp_tcb tcb = snp_tcb_of(raw, product);
    struct json *json = json_new_object();

    for (int i = 0; i < SNP_TCB_PARTS; i++)
        if (tcb.has[i])
            json_set_int(json, snp_tcb_part_names[i], tcb.svn[i]);
    claim_set_word(json, "raw", raw);
    return json;
}

static struct json *firmware_claims(struct snp_firmware firmware)
{
    char text[16];

    snprintf(text, sizeof(text), "%u.%u.%u", firmware.major, firmware.minor, firmware.build);
    return json_new_str(text);
}

static void add_tcbs(struct json *json, const struct snp_report *report, enum snp_product product)
{
    json_set(json, "current_tcb", tcb_claims(report->current_tcb, product));
    json_set(json, "reported_tcb", tcb_claims(report->reported_tcb, product));
    json_set(json, "committed_tcb", tcb_claims(report->committed_tcb, product));
    json_set(json, "launch_tcb", tcb_claims(report->launch_tcb, product));
    json_set(json, "current_firmware", firmware_claims(report->current_firmware));
    json_set(json, "committed_firmware", firmware_claims(report->committed_firmware));
}

static void add_machine(struct json *json, const struct snp_report *report)
{
    struct json *cpu = json_new_object();

    json_set_hex(json, "chip_id", SPAN_OF_ARRAY(report->chip_id));
    json_set_bool(json, "chip_key_masked", report->chip_key_masked);
    json_set(json, "platform_info",
             claim_bits(report->platform_info, platform_bits, COUNT_OF(platform_bits)));
    if (report->has_mitigations) {
        claim_set_word(json, "launch_mit_vector", report->launch_mitigations);
        claim_set_word(json, "current_mit_vector", report->current_mitigations);
    }
    if (report->has_cpuid) {
        json_set_int(cpu, "family", report->family);
        json_set_int(cpu, "model", report->model);
        json_set_int(cpu, "stepping", report->stepping);
        json_set(json, "cpu", cpu);
    } else {
        json_free(cpu);
    }
}

struct json *snp_claims(const struct snp_report *report, enum snp_product product)
{
    struct json *json = json_new_object();

    json_set_int(json, "version", report->version);
    json_set_str(json, "product", snp_product_name(product));
    json_set_hex(json, "measurement", SPAN_OF_ARRAY(report->measurement));
    json_set_hex(json, "report_data", SPAN_OF_ARRAY(report->report_data));
    json_set_hex(json, "host_data", SPAN_OF_ARRAY(report->host_data));
    json_set_int(json, "vmpl", report->vmpl);
    json_set_int(json, "guest_svn", report->guest_svn);
    json_set(json, "policy", claim_bits(report->policy, policy_bits, COUNT_OF(policy_bits)));
    json_set_hex(json, "family_id", SPAN_OF_ARRAY(report->family_id));
    json_set_hex(json, "image_id", SPAN_OF_ARRAY(report->image_id));
    json_set_hex(json, "id_key_digest", SPAN_OF_ARRAY(report->id_key_digest));
    json_set_hex(json, "author_key_digest", SPAN_OF_ARRAY(report->author_key_digest));
    json_set_bool(json, "author_key_enabled", report->author_key_enabled);
    json_set_hex(json, "report_id", SPAN_OF_ARRAY(report->report_id));
    json_set_hex(json, "report_id_ma", SPAN_OF_ARRAY(report->report_id_ma));
    json_set_str(json, "signing_key", signing_key_names[report->signing_key]);
    add_tcbs(json, report, product);
    add_machine(json, report);
    return json;
}
