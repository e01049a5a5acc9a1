/* sevsnpmeasure id-block, sevsnpmeasure check-id-block: the block that the owner of a guest signs,
 * and the digests of his keys as reports show them. */
#include "cli/commands.h"

#include "cli/input.h"
#include "cli/print.h"
#include "cli/tcb_text.h"
#include "lib/attest/reference/snp_id_block.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <inttypes.h>

struct id_options {
    struct common_options common;
    const char *measurement, *family, *image, *policy;
    const char *id_key, *author_key;
    const char *block, *auth;
    uint64_t svn;
};

#define AT(member) offsetof(struct id_options, member)
static const struct flag id_flags[] = {
    {"measurement", 0, FLAG_TEXT, "HEX", NULL, AT(measurement),
     "launch measurement that the guest must have"},
    {"id-key", 0, FLAG_TEXT, "FILE", NULL, AT(id_key), "private key that signs it, P-384"},
    {"author-key", 0, FLAG_TEXT, "FILE", NULL, AT(author_key),
     "private key that signs the ID key, P-384"},
    {"family-id", 0, FLAG_TEXT, "HEX", NULL, AT(family), "FAMILY_ID, 16 bytes (default zeros)"},
    {"image-id", 0, FLAG_TEXT, "HEX", NULL, AT(image), "IMAGE_ID, 16 bytes (default zeros)"},
    {"guest-svn", 0, FLAG_U64, "N", NULL, AT(svn), "GUEST_SVN (default 0)", .max = UINT32_MAX},
    {"policy", 0, FLAG_TEXT, "BITS", NULL, AT(policy), "guest policy (default 0x30000)"},
    {"block-file", 0, FLAG_TEXT, "FILE", NULL, AT(block), "also write the block, 96 bytes"},
    {"auth-file", 0, FLAG_TEXT, "FILE", NULL, AT(auth), "also write what proves it, 4096 bytes"},
    {NULL},
};

static int read_hex(const char *flag, const char *text, uint8_t *out, size_t len, struct err *err)
{
    if (text == NULL || text_parse_hex(text, out, len, err) == 0)
        return 0;
    err->kind = ERR_USAGE;
    return err_wrap(err, "%s", flag);
}

static int read_block(const struct id_options *options, struct snp_id_block *block, struct err *err)
{
    *block =
        (struct snp_id_block){.guest_svn = (uint32_t)options->svn, .policy = SNP_GUEST_POLICY_BASE};
    if (options->measurement == NULL || options->id_key == NULL)
        return err_set(err, ERR_USAGE, "--measurement and --id-key must be given");
    if (read_hex("--measurement", options->measurement, block->launch_digest, SHA384_SIZE, err) <
            0 ||
        read_hex("--family-id", options->family, block->family_id, SNP_ID_SIZE, err) < 0 ||
        read_hex("--image-id", options->image, block->image_id, SNP_ID_SIZE, err) < 0)
        return -1;
    if (options->policy != NULL && tcb_text_number(options->policy, &block->policy, err) < 0)
        return err_wrap(err, "--policy");
    return 0;
}

static int make_auth(const struct id_options *options, struct span block,
                     uint8_t auth[static SNP_ID_AUTH_SIZE], struct err *err)
{
    OWNED_KEY *id_key = NULL, *author_key = NULL;

    if (input_read_private_key(options->id_key, &id_key, err) < 0 ||
        (options->author_key != NULL &&
         input_read_private_key(options->author_key, &author_key, err) < 0))
        return -1;
    if (snp_id_auth_make(block, id_key, author_key, auth, err) == 0)
        return 0;
    if (err->kind == ERR_INPUT)
        err->kind = ERR_USAGE;
    return -1;
}

static int write_file(const char *path, struct span bytes, struct err *err)
{
    if (path == NULL || file_replace(path, bytes, 0644, err) == 0)
        return 0;
    return err_wrap(err, "'%s'", path);
}

static void set_digests(struct json *json, const struct snp_id_digests *digests)
{
    json_set_hex(json, "id_key_digest", SPAN_OF_ARRAY(digests->id_key));
    if (digests->has_author)
        json_set_hex(json, "author_key_digest", SPAN_OF_ARRAY(digests->author_key));
}

static void show(const struct cli *cli, const struct json *json)
{
    static const struct column columns[] = {
        {"measurement", "measurement", COLUMN_TEXT},
        {"family id", "family_id", COLUMN_TEXT},
        {"image id", "image_id", COLUMN_TEXT},
        {"guest SVN", "guest_svn", COLUMN_TEXT},
        {"guest policy", "policy", COLUMN_TEXT},
        {"id_key_digest", "id_key_digest", COLUMN_TEXT},
        {"author_key_digest", "author_key_digest", COLUMN_TEXT},
    };

    if (cli->options->json)
        print_json(json);
    else
        print_object(json, columns, COUNT_OF(columns));
}

static int run_id_block(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct id_options *options = ptr;
    uint8_t bytes[SNP_ID_BLOCK_SIZE], auth[SNP_ID_AUTH_SIZE];
    OWNED_JSON *json = json_new_object();
    OWNED_BUF text = BUF_OF(16 * KIB);
    struct snp_id_digests digests;
    struct snp_id_block block;

    if (read_block(options, &block, err) < 0)
        return -1;
    snp_id_block_encode(&block, bytes);
    if (make_auth(options, SPAN_OF_ARRAY(bytes), auth, err) < 0 ||
        snp_id_auth_check(SPAN_OF_ARRAY(bytes), SPAN_OF_ARRAY(auth), &digests, err) < 0 ||
        write_file(options->block, SPAN_OF_ARRAY(bytes), err) < 0 ||
        write_file(options->auth, SPAN_OF_ARRAY(auth), err) < 0)
        return -1;
    json_set_base64(json, "id_block", SPAN_OF_ARRAY(bytes));
    json_set_base64(json, "id_auth", SPAN_OF_ARRAY(auth));
    set_digests(json, &digests);
    if (!cli->options->json) {
        buf_printf(&text, "id-block=%s,id-auth=%s", json_get_str(json, "id_block"),
                   json_get_str(json, "id_auth"));
        if (digests.has_author)
            buf_add_str(&text, ",author-key-enabled=on");
        print_line("%s", buf_str(&text));
        say("ID key %s", json_get_str(json, "id_key_digest"));
        if (digests.has_author)
            say("author key %s", json_get_str(json, "author_key_digest"));
        return 0;
    }
    print_json(json);
    return 0;
}

static int run_check(const struct cli *cli, const void *options, struct err *err)
{
    OWNED_BUF block_bytes = BUF_OF(4 * KIB), auth = BUF_OF(8 * KIB);
    OWNED_JSON *json = json_new_object();
    OWNED(free_str) char *policy = NULL;
    struct snp_id_digests digests;
    struct snp_id_block block;

    (void)options;
    if (input_read(cli_arg(cli, 0), &block_bytes, err) < 0 ||
        input_read(cli_arg(cli, 1), &auth, err) < 0)
        return -1;
    if (snp_id_block_decode(buf_span(&block_bytes), &block, err) < 0 ||
        snp_id_auth_check(buf_span(&block_bytes), buf_span(&auth), &digests, err) < 0) {
        err->kind = ERR_UNTRUSTED;
        return -1;
    }
    policy = mem_printf("0x%" PRIx64, block.policy);
    json_set_hex(json, "measurement", SPAN_OF_ARRAY(block.launch_digest));
    json_set_hex(json, "family_id", SPAN_OF_ARRAY(block.family_id));
    json_set_hex(json, "image_id", SPAN_OF_ARRAY(block.image_id));
    json_set_int(json, "guest_svn", block.guest_svn);
    json_set_str(json, "policy", policy);
    set_digests(json, &digests);
    show(cli, json);
    return 0;
}

const struct command id_block_commands[] = {
    {
        .path = "sevsnpmeasure id-block",
        .args = "",
        .options_size = sizeof(struct id_options),
        .flags = {{id_flags, 0}},
        .run = run_id_block,
        .summary = "Signs an ID block: the guest launches with this measurement only",
        .help = "Prints what QEMU's sev-snp-guest object takes. A report then shows ID_KEY_DIGEST "
                "and AUTHOR_KEY_DIGEST, which a policy can demand.",
        .example =
            "cocos-cli sevsnpmeasure id-block --measurement HEX --id-key id.pem --author-key "
            "author.pem",
    },
    {
        .path = "sevsnpmeasure check-id-block",
        .args = "BLOCK AUTH",
        .args_min = 2,
        .args_max = 2,
        .options_size = sizeof(struct common_options),
        .run = run_check,
        .summary = "Checks an ID block as the firmware does, and shows it",
    },
    {NULL},
};
