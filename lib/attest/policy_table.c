/* The schema of a policy. docs/policy.md says the same in words; a test holds them together. */
#include "lib/attest/policy.h"

#define VALUES_MAX 4096 /* reference values in one list */

#define LIST(type, member, item_max)                                                               \
    JSON_FIELD_STR_LIST(type, member, VALUES_MAX, item_max, JSON_NULLABLE)
#define HEX_LIST(type, member, bytes) LIST(type, member, 2 * (bytes))
#define FLAG(type, member)            JSON_FIELD_BOOL(type, member, JSON_NULLABLE)

#define TCB_PART(member) JSON_FIELD_U32(policy_tcb, member, 0, 255, JSON_NULLABLE)
static const struct json_field tcb_fields[] = {
    TCB_PART(fmc), TCB_PART(bl), TCB_PART(tee), TCB_PART(snp), TCB_PART(ucode),
};
static const struct json_table tcb_table = JSON_TABLE("a TCB", policy_tcb, tcb_fields);

static const struct json_field snp_fields[] = {
    HEX_LIST(policy_snp, measurement, 48),
    JSON_FIELD_HEX(policy_snp, report_data, 64, JSON_NULLABLE),
    HEX_LIST(policy_snp, host_data, 32),
    JSON_FIELD_U32(policy_snp, vmpl, 0, 3, JSON_NULLABLE),
    JSON_FIELD_OBJECT(policy_snp, min_tcb, &tcb_table, JSON_NULLABLE),
    JSON_FIELD_OBJECT(policy_snp, min_committed_tcb, &tcb_table, JSON_NULLABLE),
    JSON_FIELD_OBJECT(policy_snp, min_launch_tcb, &tcb_table, JSON_NULLABLE),
    HEX_LIST(policy_snp, chip_id, 64),
    LIST(policy_snp, csp_id, 256),
    HEX_LIST(policy_snp, id_key_digest, 48),
    HEX_LIST(policy_snp, author_key_digest, 48),
    FLAG(policy_snp, require_no_smt),
    FLAG(policy_snp, require_alias_check),
    FLAG(policy_snp, require_ciphertext_hiding),
    JSON_FIELD_ANY(policy_snp, min_current_mit_vector, JSON_NULLABLE),
    JSON_FIELD_ANY(policy_snp, min_launch_mit_vector, JSON_NULLABLE),
};
static const struct json_table snp_table = JSON_TABLE("the snp part", policy_snp, snp_fields);

static const struct json_field tdx_fields[] = {
    HEX_LIST(policy_tdx, mrtd, 48),
    HEX_LIST(policy_tdx, rtmr0, 48),
    HEX_LIST(policy_tdx, rtmr1, 48),
    HEX_LIST(policy_tdx, rtmr2, 48),
    HEX_LIST(policy_tdx, rtmr3, 48),
    HEX_LIST(policy_tdx, mrconfigid, 48),
    HEX_LIST(policy_tdx, mrowner, 48),
    HEX_LIST(policy_tdx, mrownerconfig, 48),
    HEX_LIST(policy_tdx, mrseam, 48),
    JSON_FIELD_HEX(policy_tdx, min_tee_tcb_svn, 16, JSON_NULLABLE),
    LIST(policy_tdx, tcb_status, 64),
    JSON_FIELD_U32(policy_tdx, min_tcb_evaluation_number, 0, UINT32_MAX - 1, JSON_NULLABLE),
    LIST(policy_tdx, allow_advisories, 64),
};
static const struct json_table tdx_table = JSON_TABLE("the tdx part", policy_tdx, tdx_fields);

static const struct json_field sgx_fields[] = {
    HEX_LIST(policy_sgx, mrenclave, 32),
    HEX_LIST(policy_sgx, mrsigner, 32),
    LIST(policy_sgx, tcb_status, 64),
};
static const struct json_table sgx_table = JSON_TABLE("the sgx part", policy_sgx, sgx_fields);

static const struct json_field vtpm_fields[] = {
    JSON_FIELD_ANY(policy_vtpm, pcrs, JSON_NULLABLE),
    HEX_LIST(policy_vtpm, pei_digests, 64),
    HEX_LIST(policy_vtpm, initrd_sha256, 32),
    HEX_LIST(policy_vtpm, ak_sha256, 32),
    JSON_FIELD_ANY(policy_vtpm, ek_roots, JSON_NULLABLE),
    FLAG(policy_vtpm, emulated),
};
static const struct json_table vtpm_table = JSON_TABLE("the vtpm part", policy_vtpm, vtpm_fields);

static const struct json_field dice_fields[] = {FLAG(policy_dice, required)};
static const struct json_table dice_table = JSON_TABLE("the dice part", policy_dice, dice_fields);

static const struct json_field sim_fields[] = {
    JSON_FIELD_TEXT(policy_sim, root, 1, 4096, JSON_NULLABLE),
};
static const struct json_table sim_table = JSON_TABLE("the sim part", policy_sim, sim_fields);

static const struct json_field policy_fields[] = {
    JSON_FIELD_U32(policy, version, 1, 1, JSON_REQUIRED),
    JSON_FIELD_STR_LIST(policy, waive, WAIVER_COUNT, 32, JSON_NULLABLE),
    JSON_FIELD_STR_LIST(policy, platforms, KIND_COUNT, 16, JSON_NULLABLE),
    JSON_FIELD_HEX(policy, manifest_sha256, 32, JSON_NULLABLE),
    JSON_FIELD_U32(policy, max_manifests, 1, 1000000, JSON_NULLABLE),
    JSON_FIELD_HEX(policy, config_sha256, 32, JSON_NULLABLE),
    JSON_FIELD_OBJECT(policy, snp, &snp_table, JSON_NULLABLE),
    JSON_FIELD_OBJECT(policy, tdx, &tdx_table, JSON_NULLABLE),
    JSON_FIELD_OBJECT(policy, sgx, &sgx_table, JSON_NULLABLE),
    JSON_FIELD_OBJECT(policy, vtpm, &vtpm_table, JSON_NULLABLE),
    JSON_FIELD_OBJECT(policy, dice, &dice_table, JSON_NULLABLE),
    JSON_FIELD_OBJECT(policy, sim, &sim_table, JSON_NULLABLE),
};
const struct json_table policy_table = JSON_TABLE("a policy", policy, policy_fields);
