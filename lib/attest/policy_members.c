#include "lib/attest/policy_members.h"

#include <stdio.h>

#define MEMBER_NAME_MAX 64

/* clang-format off */
#define ONE(part, name, form, sense, words) {part, name, FORM_##form, SENSE_##sense, false, 0, NULL, words}
#define MANY(part, name, form, sense, words) {part, name, FORM_##form, SENSE_##sense, true, 0, NULL, words}
#define RTMR(n) {"tdx", "rtmr" #n, FORM_REGISTER, SENSE_ALTERNATIVES, true, n, NULL, "RTMR " #n}
#define TCB(which, words)                                                                          \
    ONE("snp", which ".fmc", LEAST, LEAST, words "'s FMC"),                                        \
    ONE("snp", which ".bl", LEAST, LEAST, words "'s boot loader"),                                 \
    ONE("snp", which ".tee", LEAST, LEAST, words "'s TEE"),                                        \
    ONE("snp", which ".snp", LEAST, LEAST, words "'s SNP firmware"),                               \
    ONE("snp", which ".ucode", LEAST, LEAST, words "'s microcode")

const struct policy_member policy_members[] = {
    MANY("", "waive", TEXT, PERMISSIONS, "waived"),
    MANY("", "platforms", TEXT, ALTERNATIVES, "the platform"),
    ONE("", "manifest_sha256", DIGEST, ALTERNATIVES, "the manifest"),
    {"", "max_manifests", FORM_NUMBER, SENSE_MOST, false, 0, "1", "manifests since boot"},
    ONE("", "config_sha256", DIGEST, ALTERNATIVES, "the configuration"),

    MANY("snp", "measurement", DIGEST, REFERENCE, "the launch measurement"),
    ONE("snp", "report_data", BYTES, ALTERNATIVES, "REPORT_DATA"),
    MANY("snp", "host_data", BYTES, ALTERNATIVES, "HOST_DATA"),
    {"snp", "vmpl", FORM_NUMBER, SENSE_ALTERNATIVES, false, 0, "0", "the VMPL"},
    TCB("min_tcb", "the reported TCB"),
    TCB("min_committed_tcb", "the committed TCB"),
    TCB("min_launch_tcb", "the TCB at launch"),
    MANY("snp", "chip_id", BYTES, ALTERNATIVES, "the chip"),
    MANY("snp", "csp_id", TEXT, ALTERNATIVES, "the cloud provider"),
    MANY("snp", "id_key_digest", DIGEST, ALTERNATIVES, "the ID key"),
    MANY("snp", "author_key_digest", DIGEST, ALTERNATIVES, "the author key"),
    ONE("snp", "require_no_smt", FLAG, DEMAND, "SMT is excluded"),
    ONE("snp", "require_alias_check", FLAG, DEMAND, "memory was checked for aliases"),
    ONE("snp", "require_ciphertext_hiding", FLAG, DEMAND, "ciphertext is hidden from the host"),
    ONE("snp", "min_current_mit_vector", MASK, BITS, "the current mitigations"),
    ONE("snp", "min_launch_mit_vector", MASK, BITS, "the mitigations at launch"),

    MANY("tdx", "mrtd", DIGEST, ALTERNATIVES, "MRTD"),
    RTMR(0), RTMR(1), RTMR(2), RTMR(3),
    MANY("tdx", "mrconfigid", BYTES, ALTERNATIVES, "MRCONFIGID"),
    MANY("tdx", "mrowner", BYTES, ALTERNATIVES, "MROWNER"),
    MANY("tdx", "mrownerconfig", BYTES, ALTERNATIVES, "MROWNERCONFIG"),
    MANY("tdx", "mrseam", DIGEST, ALTERNATIVES, "the TDX module"),
    ONE("tdx", "min_tee_tcb_svn", BYTES, LEAST, "TEE_TCB_SVN"),
    {"tdx", "tcb_status", FORM_TEXT, SENSE_PERMISSIONS, true, 0, "UpToDate", "TCB status"},
    ONE("tdx", "min_tcb_evaluation_number", LEAST, LEAST, "the TCB evaluation number"),
    MANY("tdx", "allow_advisories", TEXT, PERMISSIONS, "advisory"),

    MANY("sgx", "mrenclave", DIGEST, ALTERNATIVES, "MRENCLAVE"),
    MANY("sgx", "mrsigner", DIGEST, ALTERNATIVES, "MRSIGNER"),
    {"sgx", "tcb_status", FORM_TEXT, SENSE_PERMISSIONS, true, 0, "UpToDate", "TCB status"},

    ONE("vtpm", "pcrs", PCRS, ALTERNATIVES, "PCR"),
    MANY("vtpm", "pei_digests", DIGEST, ALTERNATIVES, "the PEI firmware"),
    MANY("vtpm", "initrd_sha256", DIGEST, ALTERNATIVES, "the initrd"),
    MANY("vtpm", "ak_sha256", DIGEST, PERMISSIONS, "attestation key"),
    MANY("vtpm", "ek_roots", CERT, PERMISSIONS, "root of TPM makers"),
    ONE("vtpm", "emulated", FLAG, PERMIT, "an emulated TPM"),

    ONE("dice", "required", FLAG, DEMAND, "there is a DICE chain"),
    ONE("sim", "root", KEY, PERMISSIONS, "signer of simulated evidence"),
    {NULL},
};
/* clang-format on */

/* "min_tcb.bl" is member bl of object min_tcb. What is before the dot, "" when there is none;
 * *ret_last is what is after it. */
static void split(const char *name, char outer[static MEMBER_NAME_MAX], const char **ret_last)
{
    const char *dot = strchr(name, '.');

    snprintf(outer, MEMBER_NAME_MAX, "%.*s", dot != NULL ? (int)(dot - name) : 0, name);
    *ret_last = dot != NULL ? dot + 1 : name;
}

static bool is_absent(const struct json *value)
{
    enum json_kind kind = json_kind_of(value);

    return value == NULL || kind == JSON_KIND_NULL ||
           ((kind == JSON_KIND_ARRAY || kind == JSON_KIND_OBJECT) && json_count(value) == 0);
}

const struct json *policy_member_get(const struct json *document,
                                     const struct policy_member *member)
{
    const struct json *value =
        member->part[0] != '\0' ? json_get(document, member->part) : document;
    char outer[MEMBER_NAME_MAX];
    const char *last;

    split(member->name, outer, &last);
    if (outer[0] != '\0')
        value = json_get(value, outer);
    value = json_get(value, last);
    return is_absent(value) ? NULL : value;
}

struct json *policy_member_default(const struct policy_member *member)
{
    if (member->absent == NULL)
        return NULL;
    return member->form == FORM_NUMBER ? json_new_int(strtoll(member->absent, NULL, 10))
                                       : json_new_str(member->absent);
}

static struct json *object_of(struct json *parent, const char *key)
{
    if (json_kind_of(json_get(parent, key)) != JSON_KIND_OBJECT)
        json_set(parent, key, json_new_object());
    return json_edit(parent, key);
}

static struct json *list_of(struct json *parent, const char *key)
{
    const struct json *old = json_get(parent, key);
    struct json *list;

    if (json_kind_of(old) != JSON_KIND_ARRAY) {
        list = json_new_array();
        if (!is_absent(old))
            json_add(list, json_new_copy(old));
        json_set(parent, key, list);
    }
    return json_edit(parent, key);
}

/* The object that holds a member, made when it is missing. */
static struct json *holder_of(struct json *document, const struct policy_member *member,
                              const char **ret_last)
{
    struct json *object = member->part[0] != '\0' ? object_of(document, member->part) : document;
    char outer[MEMBER_NAME_MAX];

    split(member->name, outer, ret_last);
    return outer[0] != '\0' ? object_of(object, outer) : object;
}

bool policy_member_add(struct json *document, const struct policy_member *member,
                       struct json *value)
{
    const char *last;
    struct json *object = holder_of(document, member, &last);

    if (!member->many && !is_absent(json_get(object, last))) {
        json_free(value);
        return false;
    }
    if (member->many)
        json_add(list_of(object, last), value);
    else
        json_set(object, last, value);
    return true;
}

void policy_member_set(struct json *document, const struct policy_member *member,
                       struct json *value)
{
    const char *last;
    struct json *object = holder_of(document, member, &last);

    json_set(object, last, value);
}

size_t policy_values_count(const struct json *value)
{
    return json_kind_of(value) == JSON_KIND_ARRAY ? json_count(value) : !is_absent(value);
}

const struct json *policy_values_at(const struct json *value, size_t index)
{
    return json_kind_of(value) == JSON_KIND_ARRAY ? json_at(value, index) : value;
}

static bool same_value(const struct json *a, const struct json *b)
{
    const char *left = json_str(a), *right = json_str(b);

    if (left != NULL && right != NULL)
        return strcmp(left, right) == 0;
    return left == NULL && right == NULL && json_int(a) == json_int(b);
}

bool policy_values_have(const struct json *values, const struct json *value)
{
    for (size_t i = 0; i < policy_values_count(values); i++)
        if (same_value(policy_values_at(values, i), value))
            return true;
    return false;
}

const struct json *policy_pcr_values(const struct json *pcrs, const char *bank, const char *index)
{
    const struct json *values = json_get(json_get(pcrs, bank), index);

    return is_absent(values) ? NULL : values;
}

bool policy_names_part(const struct json *document, const char *part)
{
    bool any = false;

    for (int i = 0; i < KIND_COUNT; i++)
        any = any || json_kind_of(json_get(document, attest_kind_names[i])) == JSON_KIND_OBJECT;
    return part[0] == '\0' || !any || json_kind_of(json_get(document, part)) == JSON_KIND_OBJECT;
}
