#include "lib/attest/vtpm_claims.h"

#include "lib/attest/log_claims.h"

#include <stdio.h>

static struct json *key_json(const struct vtpm *vtpm, enum ak_binding binding)
{
    struct json *json = json_new_object();

    json_set_str(json, "type", key_type_names[key_type_of(vtpm->ak)]);
    json_set_hex(json, "spki_sha256", SPAN_OF_ARRAY(vtpm->ak_spki));
    if (vtpm->has_public)
        json_set_hex(json, "sha256", SPAN_OF_ARRAY(vtpm->ak_tpmt));
    json_set_str(json, "bound_by", ak_binding_names[binding]);
    return json;
}

static struct json *clock_json(const struct tpm_quote *quote)
{
    struct json *json = json_new_object();

    /* A counter of milliseconds that JSON cannot hold is no honest one; it is shown as it fits. */
    json_set_int(json, "ms", (int64_t)(quote->clock <= (1ull << 53) ? quote->clock : 1ull << 53));
    json_set_int(json, "resets", quote->reset_count);
    json_set_int(json, "restarts", quote->restart_count);
    json_set_bool(json, "safe", quote->clock_safe);
    return json;
}

static struct json *registers_json(const struct vtpm_proof *proof, enum digest_alg bank)
{
    struct json *json = json_new_object();
    struct span value;
    char index[8];

    for (unsigned i = 0; i < PCR_COUNT; i++) {
        if (!vtpm_proof_find(proof, bank, i, NULL, &value))
            continue;
        snprintf(index, sizeof(index), "%u", i);
        json_set_hex(json, index, value);
    }
    return json;
}

static struct json *banks_json(const struct vtpm_proof *proof)
{
    struct json *json = json_new_object();

    for (size_t i = 0; i < proof->bank_count; i++) {
        enum digest_alg bank = proof->banks[i].alg;

        if (json_get(json, digest_name(bank)) == NULL)
            json_set(json, digest_name(bank), registers_json(proof, bank));
    }
    return json;
}

static struct json *ima_json(const struct ima_replay *ima)
{
    struct json *json = json_new_object();

    json_set_int(json, "entries", (int64_t)ima->entries);
    json_set_int(json, "violations", (int64_t)ima->violations);
    if (ima->has_aggregate)
        json_set_hex(json, "boot_aggregate", span_of(ima->aggregate, ima->aggregate_len));
    return json;
}

struct json *vtpm_claims(const struct vtpm *vtpm, const struct vtpm_proof *proof,
                         enum ak_binding binding)
{
    const struct tpm_quote *quote = &vtpm->quotes[0].quote;
    struct json *json = json_new_object();
    char firmware[17];

    snprintf(firmware, sizeof(firmware), "%016llx", (unsigned long long)quote->firmware_version);
    json_set(json, "ak", key_json(vtpm, binding));
    json_set_str(json, "firmware_version", firmware);
    json_set_bool(json, "emulated", vtpm_is_emulated(vtpm));
    json_set(json, "clock", clock_json(quote));
    json_set_hex(json, "extra_data", quote->extra_data);
    json_set(json, "pcrs", banks_json(proof));
    if (proof->has_boot)
        json_set(json, "boot", boot_claims(&proof->boot));
    if (proof->has_ima)
        json_set(json, "ima", ima_json(&proof->ima));
    if (proof->has_run)
        json_set(json, "run", run_claims(&proof->run));
    return json;
}
