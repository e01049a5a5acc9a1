#include "lib/attest/evidence/sgx_claims.h"

#include "lib/attest/evidence/claim_bits.h"

static const struct claim_bit flag_bits[] = {
    {SGX_FLAG_INIT, "init"},
    {SGX_FLAG_DEBUG, "debug"},
    {SGX_FLAG_MODE64BIT, "mode64bit"},
    {SGX_FLAG_PROVISION_KEY, "provision_key"},
    {SGX_FLAG_EINITTOKEN, "einittoken_key"},
    {SGX_FLAG_CET, "cet"},
    {SGX_FLAG_KSS, "kss"},
    {SGX_FLAG_AEX_NOTIFY, "aex_notify"},
};

struct json *sgx_claims(const struct sgx_report *report)
{
    struct json *json = json_new_object();

    json_set_hex(json, "mrenclave", SPAN_OF_ARRAY(report->mr_enclave));
    json_set_hex(json, "mrsigner", SPAN_OF_ARRAY(report->mr_signer));
    json_set_int(json, "isv_prod_id", report->isv_prod_id);
    json_set_int(json, "isv_svn", report->isv_svn);
    json_set_hex(json, "report_data", SPAN_OF_ARRAY(report->report_data));
    json_set(json, "attributes", claim_bits(report->flags, flag_bits, COUNT_OF(flag_bits)));
    claim_set_word(json, "xfrm", report->xfrm);
    claim_set_word(json, "misc_select", report->misc_select);
    json_set_hex(json, "cpu_svn", SPAN_OF_ARRAY(report->cpu_svn));
    json_set_hex(json, "config_id", SPAN_OF_ARRAY(report->config_id));
    json_set_int(json, "config_svn", report->config_svn);
    json_set_hex(json, "isv_ext_prod_id", SPAN_OF_ARRAY(report->isv_ext_prod_id));
    json_set_hex(json, "isv_family_id", SPAN_OF_ARRAY(report->isv_family_id));
    return json;
}
