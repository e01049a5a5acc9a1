#include "lib/attest/log_claims.h"

#include "lib/base/text.h"

static struct json *digests_json(const struct boot_digests *digests)
{
    struct json *json = json_new_array();

    for (size_t i = 0; i < digests->count; i++)
        json_add(json, json_new_hex(digests->items[i]));
    return json;
}

struct json *boot_claims(const struct boot_facts *boot)
{
    struct json *json = json_new_object();
    OWNED_BUF line = BUF_OF(64 * KIB);

    json_set_str(json, "secure_boot", boot_secure_names[boot->secure_boot]);
    json_set(json, "firmware", digests_json(&boot->firmware));
    json_set(json, "applications", digests_json(&boot->applications));
    if (boot->command_line.len > 0) {
        text_add_printable(&line, boot->command_line, 8 * KIB);
        json_set_str(json, "command_line", buf_str(&line));
    }
    if (boot->load_options.len > 0)
        json_set_hex(json, "load_options", boot->load_options);
    if (boot->initrd.len > 0)
        json_set_hex(json, "initrd", boot->initrd);
    return json;
}

struct json *run_claims(const struct run_log *run)
{
    struct json *json = json_new_object();

    json_set_hex(json, "config_sha256", SPAN_OF_ARRAY(run->config));
    json_set_int(json, "manifests", (int64_t)run->manifests);
    if (run_log_manifest(run).len > 0)
        json_set_hex(json, "manifest_sha256", run_log_manifest(run));
    if (run->ended)
        json_set_hex(json, "ended_sha256", SPAN_OF_ARRAY(run->manifest));
    return json;
}
