#include "cli/corim_output.h"

#include "cli/input.h"
#include "cli/print.h"
#include "lib/attest/reference/corim_policy.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#define SIGNER_NAME_MAX 256

#define AT(member) offsetof(struct corim_output, member)
#define REST                                                                                       \
    {"signer",                                                                                     \
     0,                                                                                            \
     FLAG_TEXT,                                                                                    \
     "NAME",                                                                                       \
     NULL,                                                                                         \
     AT(name),                                                                                     \
     "what the signer is called in it (default: his key's identity)"},                             \
        {"valid-for",                                                                              \
         0,                                                                                        \
         FLAG_DURATION,                                                                            \
         "DURATION",                                                                               \
         NULL,                                                                                     \
         AT(valid_for_ms),                                                                         \
         "how long it may be relied on (default: for ever)",                                       \
         .min = 1000,                                                                              \
         .max = 36500ULL * 86400 * 1000},                                                          \
        {"output", 'o', FLAG_TEXT, "FILE", NULL, AT(path), "where to (default: standard output)"}, \
    {                                                                                              \
        NULL                                                                                       \
    }

const struct flag corim_output_flags[] = {
    {"signing-key", 0, FLAG_TEXT, "FILE", NULL, AT(key),
     "private key, P-256 or P-384, that signs it (default: unsigned)"},
    REST,
};
const struct flag corim_sign_flags[] = {
    {"key", 'k', FLAG_TEXT, "FILE", NULL, AT(key), "private key that signs it, P-256 or P-384"},
    REST,
};

/* --- the file --- */

static int write_bytes(const struct cli *cli, const struct corim_output *output, struct span bytes,
                       struct err *err)
{
    OWNED_JSON *json = json_new_object();

    if (output->path != NULL && file_replace(output->path, bytes, 0644, err) < 0)
        return err_wrap(err, "'%s'", output->path);
    if (!cli->options->json) {
        if (output->path == NULL)
            print_foreign(bytes);
        return 0;
    }
    json_set_bool(json, "signed", output->key != NULL);
    json_set_int(json, "bytes", (int64_t)bytes.len);
    if (output->path != NULL)
        json_set_str(json, "output", output->path);
    else
        json_set_base64(json, "corim", bytes);
    print_json(json);
    return 0;
}

/* --- the signature --- */

static struct corim_period validity_of(const struct corim_output *output)
{
    struct corim_period period = {INT64_MIN, INT64_MAX};

    if (output->valid_for_ms > 0) {
        period.from = clock_now();
        period.until = period.from + (int64_t)(output->valid_for_ms / 1000);
    }
    return period;
}

static int sign(const struct corim_output *output, struct span document, struct buf *out,
                struct err *err)
{
    char identity[KEY_IDENTITY_TEXT_SIZE];
    struct corim_signer signer = {.name = output->name, .validity = validity_of(output)};
    OWNED_KEY *key = NULL;

    if (output->name != NULL &&
        (output->name[0] == '\0' || strlen(output->name) > SIGNER_NAME_MAX ||
         !text_is_utf8(span_of_str(output->name))))
        return err_set(err, ERR_USAGE, "--signer: a text of 1 to %d bytes", SIGNER_NAME_MAX);
    if (input_read_private_key(output->key, &key, err) < 0)
        return -1;
    key_identity_text(key, identity);
    if (signer.name == NULL)
        signer.name = identity;
    if (corim_sign(document, key, &signer, out, err) == 0)
        return 0;
    if (err->kind == ERR_INPUT)
        err->kind = ERR_USAGE;
    return -1;
}

int corim_output_signed(const struct cli *cli, const struct corim_output *output,
                        struct span document, struct err *err)
{
    OWNED_BUF bytes = BUF_OF(2 * CORIM_MAX);

    if (sign(output, document, &bytes, err) < 0)
        return -1;
    return write_bytes(cli, output, buf_span(&bytes), err);
}

int corim_output_policy(const struct cli *cli, const struct corim_output *output,
                        const struct json *document, struct err *err)
{
    OWNED_BUF bytes = BUF_OF(CORIM_MAX);

    if (corim_from_policy(document, validity_of(output), &bytes, err) < 0) {
        if (err->kind == ERR_INPUT)
            err->kind = ERR_USAGE;
        return -1;
    }
    if (output->key != NULL)
        return corim_output_signed(cli, output, buf_span(&bytes), err);
    return write_bytes(cli, output, buf_span(&bytes), err);
}
