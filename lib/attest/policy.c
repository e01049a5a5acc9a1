#include "lib/attest/policy.h"

#include "lib/attest/policy_vtpm.h"
#include "lib/base/text.h"
#include "lib/json/pointer.h"

#include <inttypes.h>
#include <stdlib.h>

const char *const waiver_names[] = {
    [WAIVE_FRESHNESS] = "freshness",
    [WAIVE_MEASUREMENT] = "measurement",
    [WAIVE_MIN_TCB] = "min_tcb",
    [WAIVE_PEI] = "pei",
    [WAIVE_CRL] = "crl",
    [WAIVE_COLLATERAL] = "collateral",
    [WAIVER_COUNT] = NULL,
};

const char *const attest_kind_names[] = {
    [KIND_SNP] = "snp",   [KIND_TDX] = "tdx", [KIND_SGX] = "sgx",  [KIND_VTPM] = "vtpm",
    [KIND_DICE] = "dice", [KIND_SIM] = "sim", [KIND_COUNT] = NULL,
};

/* Lists of digests, and the lengths in bytes that an item may have. */
static const struct {
    const char *part;
    const char *key;
    size_t offset;
    size_t lengths[3];
} hex_lists[] = {
#define HEX_LIST(part, key, ...)                                                                   \
    {                                                                                              \
#part, #key, offsetof(struct policy, part.key),                                            \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
    HEX_LIST(snp, measurement, 48),    HEX_LIST(snp, host_data, 32),
    HEX_LIST(snp, chip_id, 64, 8),     HEX_LIST(snp, id_key_digest, 48),
    HEX_LIST(tdx, mrtd, 48),           HEX_LIST(snp, author_key_digest, 48),
    HEX_LIST(tdx, rtmr0, 48),          HEX_LIST(tdx, rtmr1, 48),
    HEX_LIST(tdx, rtmr2, 48),          HEX_LIST(tdx, rtmr3, 48),
    HEX_LIST(tdx, mrconfigid, 48),     HEX_LIST(tdx, mrowner, 48),
    HEX_LIST(tdx, mrownerconfig, 48),  HEX_LIST(tdx, mrseam, 48),
    HEX_LIST(sgx, mrenclave, 32),      HEX_LIST(sgx, mrsigner, 32),
    HEX_LIST(vtpm, ak_sha256, 32),     HEX_LIST(vtpm, pei_digests, 20, 32, 48),
    HEX_LIST(vtpm, initrd_sha256, 32),
#undef HEX_LIST
};

void policy_free(struct policy *policy)
{
    if (policy == NULL)
        return;
    policy_vtpm_done(&policy->vtpm);
    json_release(&policy_table, policy);
    free(policy);
}

static const struct json_field *find_field(const struct json_table *table, const char *key)
{
    for (size_t i = 0; i < table->count; i++)
        if (strcmp(table->fields[i].key, key) == 0)
            return &table->fields[i];
    return NULL;
}

/* A copy in which every value that stands for a list of one is that list. */
static struct json *wrap_values(const struct json *json, const struct json_table *table)
{
    struct json *copy = json_new_object();
    const struct json *value;
    const char *key = NULL;

    while ((value = json_next(json, &key)) != NULL) {
        const struct json_field *field = find_field(table, key);
        struct json *list = NULL;

        if (field != NULL && field->type == JSON_TYPE_OBJECT &&
            json_kind_of(value) == JSON_KIND_OBJECT) {
            json_set(copy, key, wrap_values(value, field->table));
        } else if (field != NULL && field->type == JSON_TYPE_STR_LIST &&
                   json_kind_of(value) == JSON_KIND_STRING) {
            list = json_new_array();
            json_add(list, json_new_copy(value));
            json_set(copy, key, list);
        } else {
            json_set(copy, key, json_new_copy(value));
        }
    }
    return copy;
}

static int find_name(const char *const names[], const char *name)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static int check_names(const struct json_strings *strings, const char *const names[], bool seen[],
                       struct err *err)
{
    for (size_t i = 0; i < strings->count; i++) {
        int index = find_name(names, strings->items[i]);

        if (index < 0) {
            err_set(err, ERR_INPUT, "'%s' is not known here", strings->items[i]);
            return json_wrap_index(err, i);
        }
        if (seen != NULL)
            seen[index] = true;
    }
    return 0;
}

static int check_hex_item(const char *text, const size_t lengths[3], struct err *err)
{
    for (int i = 1; i < 3; i++)
        if (lengths[i] != 0 && strlen(text) == 2 * lengths[i])
            return policy_check_hex(text, lengths[i], err);
    return policy_check_hex(text, lengths[0], err);
}

static int check_hex_lists(const struct policy *policy, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(hex_lists); i++) {
        const struct json_strings *list =
            (const void *)((const char *)policy + hex_lists[i].offset);

        for (size_t j = 0; j < list->count; j++) {
            if (check_hex_item(list->items[j], hex_lists[i].lengths, err) == 0)
                continue;
            json_wrap_index(err, j);
            json_wrap_key(err, hex_lists[i].key);
            return json_wrap_key(err, hex_lists[i].part);
        }
    }
    return 0;
}

/* A mask is a number or, since masks are thought of in hex, a text "0x3". */
int policy_read_mask(const struct json *json, uint64_t *ret, struct err *err)
{
    const char *text = json_str(json);
    char digits[17] = "0000000000000000";
    uint8_t bytes[8];
    size_t len;

    *ret = 0;
    if (json_kind_of(json) == JSON_KIND_INTEGER && json_int(json) >= 0) {
        *ret = (uint64_t)json_int(json);
        return 0;
    }
    len = text != NULL && text_starts_with(text, "0x") ? strlen(text + 2) : 0;
    if (len >= 1 && len <= 16) {
        memcpy(digits + 16 - len, text + 2, len);
        if (text_parse_hex(digits, bytes, sizeof(bytes), err) == 0) {
            for (int i = 0; i < 8; i++)
                *ret = *ret << 8 | bytes[i];
            return 0;
        }
    }
    return err_set(err, ERR_INPUT, "expected a mask of 64 bits, a number or \"0x...\"");
}

static int read_mask(const struct json *json, const char *key, struct policy_mask *mask,
                     struct err *err)
{
    mask->present = json != NULL;
    if (json == NULL || policy_read_mask(json, &mask->bits, err) == 0)
        return 0;
    json_wrap_key(err, key);
    return json_wrap_key(err, "snp");
}

static void add_default(struct json_strings *strings, const char *text)
{
    if (strings->count > 0)
        return;
    free(strings->items);
    strings->items = mem_zeroed(1, sizeof(char *));
    strings->items[strings->count++] = mem_strdup(text);
}

static int finish(struct policy *policy, struct err *err)
{
    if (check_names(&policy->waive, waiver_names, policy->waives, err) < 0)
        return json_wrap_key(err, "waive");
    if (check_names(&policy->platforms, attest_kind_names, NULL, err) < 0)
        return json_wrap_key(err, "platforms");
    if (check_hex_lists(policy, err) < 0)
        return -1;
    if (read_mask(policy->snp.min_current_mit_vector, "min_current_mit_vector",
                  &policy->snp.current_mit, err) < 0 ||
        read_mask(policy->snp.min_launch_mit_vector, "min_launch_mit_vector",
                  &policy->snp.launch_mit, err) < 0)
        return -1;
    if (policy_vtpm_read(&policy->vtpm, err) < 0)
        return json_wrap_key(err, "vtpm");
    policy->tdx.tcb_status_given = policy->tdx.tcb_status.count > 0;
    policy->sgx.tcb_status_given = policy->sgx.tcb_status.count > 0;
    add_default(&policy->tdx.tcb_status, "UpToDate");
    add_default(&policy->sgx.tcb_status, "UpToDate");
    return 0;
}

static struct policy *new_policy(void)
{
    static const struct policy_tcb unset = {POLICY_UNSET, POLICY_UNSET, POLICY_UNSET, POLICY_UNSET,
                                            POLICY_UNSET};
    struct policy *policy = mem_new(struct policy);

    policy->max_manifests = 1;
    policy->snp.min_tcb = unset;
    policy->snp.min_committed_tcb = unset;
    policy->snp.min_launch_tcb = unset;
    policy->tdx.min_tcb_evaluation_number = POLICY_UNSET;
    return policy;
}

int policy_decode(const struct json *written, struct policy **ret, struct err *err)
{
    OWNED_POLICY *policy = new_policy();
    OWNED_JSON *wrapped = NULL;

    if (json_kind_of(written) != JSON_KIND_OBJECT)
        return err_set(err, ERR_INPUT, "a policy: expected an object");
    wrapped = wrap_values(written, &policy_table);
    if (json_decode(wrapped, &policy_table, policy, err) < 0)
        return -1;
    if (finish(policy, err) < 0)
        return err_wrap(err, "a policy: %s", err->pointer);
    for (int i = 0; i < KIND_COUNT; i++)
        policy->named[i] =
            json_kind_of(json_get(wrapped, attest_kind_names[i])) == JSON_KIND_OBJECT;
    *ret = GIVE(policy);
    return 0;
}

int policy_load(struct span text, struct policy **ret, struct err *err)
{
    OWNED_JSON *written = NULL;

    if (json_parse(text, &written, err) < 0)
        return err_wrap(err, "%s", policy_table.what);
    return policy_decode(written, ret, err);
}

bool policy_allows_text(const struct json_strings *values, struct span text)
{
    for (size_t i = 0; i < values->count; i++)
        if (span_equal(span_of_str(values->items[i]), text))
            return true;
    return false;
}

bool policy_allows_hex(const struct json_strings *values, struct span bytes)
{
    char hex[2 * JSON_BYTES_MAX + 1];

    if (bytes.len > JSON_BYTES_MAX)
        return false;
    text_hex(bytes.data, bytes.len, hex);
    return policy_allows_text(values, span_of_str(hex));
}

bool policy_accepts_kind(const struct policy *policy, enum attest_kind kind)
{
    bool any = false;

    for (int i = 0; i < KIND_COUNT; i++)
        any = any || policy->named[i];
    return policy->named[kind] || !any;
}

bool policy_accepts_platform(const struct policy *policy, enum attest_kind platform)
{
    return policy->platforms.count == 0 ||
           policy_allows_text(&policy->platforms, span_of_str(attest_kind_names[platform]));
}

bool policy_tcb_named(const struct policy_tcb *tcb)
{
    return tcb->fmc != POLICY_UNSET || tcb->bl != POLICY_UNSET || tcb->tee != POLICY_UNSET ||
           tcb->snp != POLICY_UNSET || tcb->ucode != POLICY_UNSET;
}

void policy_write_values(const struct json_strings *values, struct buf *out)
{
    const size_t shown = values->count < 4 ? values->count : 4;

    for (size_t i = 0; i < shown; i++)
        buf_printf(out, "%s%s",
                   i == 0                  ? ""
                   : i + 1 < values->count ? ", "
                                           : " or ",
                   values->items[i]);
    if (shown < values->count)
        buf_printf(out, " or %zu more", values->count - shown);
}
