#include "cli/trust.h"

#include "cli/input.h"
#include "cli/policy_file.h"
#include "cli/print.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

#define FILES_MAX       16
#define CERTIFICATE_MAX (1 * MIB)
#define EXPLANATION_MAX (256 * KIB)

struct file_list {
    struct buf bufs[FILES_MAX];
    struct span spans[FILES_MAX];
    size_t count;
};

struct trust {
    struct policy *policy;
    struct file_list chain, crls, roots;
    struct httpc_terms terms;
};

static void list_done(struct file_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        buf_done(&list->bufs[i]);
}

void trust_free(struct trust *trust)
{
    if (trust == NULL)
        return;
    policy_free(trust->policy);
    list_done(&trust->chain);
    list_done(&trust->crls);
    list_done(&trust->roots);
    free(trust);
}

const struct httpc_terms *trust_terms(const struct trust *trust)
{
    return &trust->terms;
}

void trust_pin_manifest(struct trust *trust, const uint8_t sha256[static SHA256_SIZE])
{
    trust->policy->manifest_sha256 = (struct json_bytes){.present = true, .len = SHA256_SIZE};
    memcpy(trust->policy->manifest_sha256.data, sha256, SHA256_SIZE);
}

bool trust_is_named(const struct evidence_options *options)
{
    return options->policy != NULL || options->policy_sha256 != NULL;
}

/* --- the policy ------------------------------------------------------------------------------ */

static int check_digest(const struct json *policy, const char *wanted, struct err *err)
{
    char hex[POLICY_DIGEST_SIZE];

    if (wanted == NULL)
        return 0;
    if (policy_file_digest(policy, hex, err) < 0)
        return -1;
    if (strcmp(hex, wanted) == 0)
        return 0;
    return err_set(err, ERR_UNTRUSTED,
                   "nothing was sent: the policy has the digest %s, not %s as --policy-sha256 says",
                   hex, wanted);
}

static int ask_manager(const struct agent_access *access, struct json **ret, struct err *err)
{
    OWNED_HTTPC *manager = NULL;

    if (access->agent->vm == NULL)
        return err_set(
            err, ERR_USAGE,
            "--policy-sha256 alone asks the manager for the policy of a VM: say --vm ID, "
            "or --policy FILE");
    if (session_open_manager(access->manager, &manager, err) < 0)
        return -1;
    return policy_file_fetch(manager, access->agent->vm, ret, err);
}

static int load_policy(const struct agent_access *access, struct policy **ret, struct err *err)
{
    const struct evidence_options *options = access->evidence;
    const struct policy_trust signer = {.key = options->policy_key, .now = clock_now()};
    const char *from = options->policy != NULL ? options->policy : "of the manager";
    OWNED_JSON *json = NULL;
    int result = options->policy != NULL ? policy_file_read(options->policy, &signer, &json, err)
                                         : ask_manager(access, &json, err);

    if (result < 0 || check_digest(json, options->policy_sha256, err) < 0)
        return -1;
    if (policy_decode(json, ret, err) == 0)
        return 0;
    err->kind = ERR_USAGE;
    return err_wrap(err, "policy '%s'", from);
}

/* What this party agreed to is demanded like the policy's own values. */
static int demand_manifest(struct trust *trust, const char *manifest, struct err *err)
{
    struct json_bytes *own = &trust->policy->manifest_sha256;
    OWNED_BUF sha256 = BUF_OF(SHA256_SIZE);

    if (manifest[0] == '\0')
        return 0;
    if (text_decode_hex(span_of_str(manifest), &sha256, err) < 0)
        return -1;
    if (own->present && !span_equal(span_of(own->data, own->len), buf_span(&sha256)))
        return err_set(err, ERR_USAGE, "the policy names another manifest than --manifest");
    trust_pin_manifest(trust, sha256.data);
    return 0;
}

/* --- who vouches ----------------------------------------------------------------------------- */

static int read_list(const struct flag_list *paths, struct file_list *list,
                     struct attest_spans *ret, struct err *err)
{
    if (paths->count > FILES_MAX)
        return err_set(err, ERR_USAGE, "at most %d files of a kind", FILES_MAX);
    for (; list->count < paths->count; list->count++) {
        struct buf *buf = &list->bufs[list->count];

        *buf = BUF_OF(CERTIFICATE_MAX);
        if (input_read(paths->items[list->count], buf, err) < 0)
            return -1;
        list->spans[list->count] = buf_span(buf);
    }
    *ret = (struct attest_spans){list->spans, list->count};
    return 0;
}

int trust_load(const struct agent_access *access, const char *manifest, struct trust **ret,
               struct err *err)
{
    const struct evidence_options *options = access->evidence;
    OWNED_TRUST *trust = mem_new(struct trust);
    struct attest_input *given = &trust->terms.given;

    if (load_policy(access, &trust->policy, err) < 0 || demand_manifest(trust, manifest, err) < 0 ||
        read_list(&options->chain, &trust->chain, &given->chain, err) < 0 ||
        read_list(&options->crls, &trust->crls, &given->crls, err) < 0 ||
        read_list(&options->roots, &trust->roots, &given->trust_roots, err) < 0)
        return -1;
    given->policy = trust->policy;
    *ret = GIVE(trust);
    return 0;
}

void trust_explain(const struct verdict *verdict)
{
    OWNED_BUF text = BUF_OF(EXPLANATION_MAX);

    attest_explain(verdict, &text);
    for (const char *line = buf_str(&text); *line != '\0';) {
        size_t len = strcspn(line, "\n");

        say("%.*s", (int)len, line);
        line += len + (line[len] == '\n');
    }
}
