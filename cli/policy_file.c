#include "cli/policy_file.h"

#include "cli/input.h"
#include "cli/print.h"
#include "cli/session.h"
#include "lib/attest/reference/corim_policy.h"
#include "lib/base/text.h"

/* A file of the user's own making that cannot be understood is a mistake in the call. */
static int misused(const char *path, struct err *err)
{
    if (err->kind == ERR_INPUT || err->kind == ERR_MALFORMED)
        err->kind = ERR_USAGE;
    return err_wrap(err, "policy '%s'", path);
}

static int check_signature(const char *path, const struct corim *corim,
                           const struct policy_trust *trust, struct err *err)
{
    OWNED_BUF signer = BUF_OF(256);
    OWNED_KEY *key = NULL;

    text_add_printable(&signer, corim->signer, 128);
    if (trust->key != NULL)
        return input_read_public_key(trust->key, &key, err) < 0 ? -1
                                                                : corim_verify(corim, key, err);
    if (!corim->is_signed)
        return 0;
    if (!trust->only_a_look)
        return err_set(err, ERR_UNTRUSTED,
                       "it is signed, by who calls himself '%s', and no key was given to check it: "
                       "say --policy-key FILE",
                       buf_str(&signer));
    say_warning("'%s' is signed by who calls himself '%s'; without a key nobody checked it", path,
                buf_str(&signer));
    return 0;
}

int policy_file_check(const char *path, const struct corim *corim, const struct policy_trust *trust,
                      struct err *err)
{
    if (check_signature(path, corim, trust, err) < 0)
        return err_wrap(err, "policy '%s'", path);
    if (corim_check_time(corim, trust->now, err) == 0)
        return 0;
    if (!trust->only_a_look || trust->key != NULL)
        return err_wrap(err, "policy '%s'", path);
    say_warning("'%s': %s", path, err->text);
    return 0;
}

static int read_corim(const char *path, struct span bytes, const struct policy_trust *trust,
                      struct json **ret, struct err *err)
{
    struct corim corim;

    if (corim_parse(bytes, &corim, err) < 0)
        return misused(path, err);
    if (policy_file_check(path, &corim, trust, err) < 0)
        return -1;
    if (corim_to_policy(&corim, ret, err) < 0)
        return misused(path, err);
    return 0;
}

static int read_json(const char *path, struct span bytes, const struct policy_trust *trust,
                     struct json **ret, struct err *err)
{
    OWNED_POLICY *checked = NULL;
    OWNED_JSON *document = NULL;

    if (trust->key != NULL)
        return err_set(err, ERR_UNTRUSTED,
                       "policy '%s': a key was given and JSON is not signed; 'policy sign' makes a "
                       "signed CoRIM of it",
                       path);
    if (bytes.len > POLICY_MAX)
        return err_set(err, ERR_USAGE, "policy '%s': larger than %llu bytes", path, POLICY_MAX);
    if (json_parse(bytes, &document, err) < 0 || policy_decode(document, &checked, err) < 0)
        return misused(path, err);
    *ret = GIVE(document);
    return 0;
}

int policy_file_read(const char *path, const struct policy_trust *trust, struct json **ret,
                     struct err *err)
{
    OWNED_BUF bytes = BUF_OF(CORIM_MAX);

    if (input_read(path, &bytes, err) < 0)
        return -1;
    return corim_is_likely(buf_span(&bytes)) ? read_corim(path, buf_span(&bytes), trust, ret, err)
                                             : read_json(path, buf_span(&bytes), trust, ret, err);
}

int policy_file_fetch(struct httpc *manager, const char *vm, struct json **ret, struct err *err)
{
    struct httpc_call call = {.op = &manager_ops[MANAGER_OP_get_vm_policy]};
    OWNED_HTTPC_REPLY reply = {0};
    OWNED_JSON *found = NULL;

    if (session_find_vm(manager, vm, &found, err) < 0)
        return -1;
    call.params[0] = json_get_str(found, "id");
    if (httpc_perform(manager, &call, &reply, err) < 0)
        return err_wrap(err, "the VM's policy");
    if (reply.json == NULL)
        return err_set(err, ERR_UNREACHABLE, "the manager's policy is not JSON");
    *ret = GIVE(reply.json);
    return 0;
}

int policy_file_digest(const struct json *document, char out[static POLICY_DIGEST_SIZE],
                       struct err *err)
{
    OWNED_BUF text = BUF_OF(2 * POLICY_MAX);
    uint8_t digest[SHA256_SIZE];

    if (json_canonical(document, &text, err) < 0 || buf_check(&text, "the policy", err) < 0)
        return -1;
    digest_of(DIGEST_SHA256, buf_span(&text), digest);
    text_hex(digest, SHA256_SIZE, out);
    return 0;
}
