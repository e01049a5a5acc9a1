#include "lib/attest/dcap_claims.h"

static struct json *qe_json(const struct sgx_report *qe)
{
    struct json *json = json_new_object();

    json_set_hex(json, "mrenclave", SPAN_OF_ARRAY(qe->mr_enclave));
    json_set_hex(json, "mrsigner", SPAN_OF_ARRAY(qe->mr_signer));
    json_set_int(json, "isv_prod_id", qe->isv_prod_id);
    json_set_int(json, "isv_svn", qe->isv_svn);
    json_set_hex(json, "cpu_svn", SPAN_OF_ARRAY(qe->cpu_svn));
    return json;
}

static struct json *components_json(const uint8_t components[static PCK_COMPONENTS])
{
    struct json *json = json_new_array();

    for (size_t i = 0; i < PCK_COMPONENTS; i++)
        json_add(json, json_new_int(components[i]));
    return json;
}

static struct json *platform_json(const struct dcap_chain *chain)
{
    const struct pck_cert *pck = &chain->facts;
    struct json *json = json_new_object();

    json_set_hex(json, "fmspc", SPAN_OF_ARRAY(pck->fmspc));
    json_set_hex(json, "pce_id", SPAN_OF_ARRAY(pck->pce_id));
    json_set_int(json, "pce_svn", pck->pce_svn);
    json_set(json, "tcb_components", components_json(pck->components));
    json_set_hex(json, "cpu_svn", SPAN_OF_ARRAY(pck->cpu_svn));
    json_set_hex(json, "ppid", SPAN_OF_ARRAY(pck->ppid));
    json_set_str(json, "type", pck_platform_names[pck->platform]);
    if (pck->has_instance_id)
        json_set_hex(json, "instance_id", SPAN_OF_ARRAY(pck->instance_id));
    if (pck->has_configuration) {
        json_set_bool(json, "dynamic_platform", pck->dynamic_platform);
        json_set_bool(json, "cached_keys", pck->cached_keys);
        json_set_bool(json, "smt", pck->smt_enabled);
    }
    json_set_str(json, "issuer", x509_common_name(chain->ca));
    json_set_time(json, "not_after", x509_not_after(chain->pck));
    return json;
}

static struct json *level_json(const struct tcb_level *level)
{
    struct json *json = json_new_object();

    json_set_str(json, "status", tcb_status_name(level->status));
    if (level->date != 0)
        json_set_time(json, "date", level->date);
    return json;
}

static struct json *tcb_json(const struct dcap_quote *quote, const struct dcap_proof *proof)
{
    const struct tcb_standing *standing = &proof->standing;
    struct json *json = json_new_object();
    struct json *advisories = json_new_array();

    json_set_str(json, "status", tcb_status_name(standing->status));
    for (size_t i = 0; i < standing->advisory_count; i++)
        json_add(advisories, json_new_str(standing->advisories[i]));
    json_set(json, "advisories", advisories);
    json_set(json, "platform", level_json(&proof->platform_level));
    json_set(json, "qe", level_json(&proof->qe_level));
    if (quote->tee == DCAP_TDX)
        json_set(json, "module", level_json(&proof->module_level));
    json_set_int(json, "evaluation_number", proof->tcb_info->evaluation);
    json_set_int(json, "qe_evaluation_number", proof->qe_identity->evaluation);
    json_set_time(json, "tcb_info_issued", proof->tcb_info->issued);
    json_set_time(json, "tcb_info_expires", proof->tcb_info->expires);
    json_set_time(json, "qe_identity_issued", proof->qe_identity->issued);
    json_set_time(json, "qe_identity_expires", proof->qe_identity->expires);
    return json;
}

void dcap_claims_add(struct json *claims, const struct dcap_quote *quote,
                     const struct dcap_proof *proof)
{
    json_set_int(claims, "quote_version", quote->version);
    json_set_hex(claims, "user_data", SPAN_OF_ARRAY(quote->user_data));
    json_set(claims, "qe", qe_json(&proof->qe));
    if (proof->chain.facts.key != NULL)
        json_set(claims, "platform", platform_json(&proof->chain));
    if (proof->has_standing)
        json_set(claims, "tcb", tcb_json(quote, proof));
}
