/* keys, checksum */
#include "cli/commands.h"

#include "lib/computation/go_manifest.h"
#include "cli/input.h"
#include "cli/print.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "lib/computation/manifest.h"

#include <unistd.h>

#define PATH_TEXT_MAX 4096

/* --- keys --- */

struct keys_options {
    struct common_options common;
    const char *type;
    const char *name;
    const char *directory;
};

static const char *const key_words[] = {"rsa", "ecdsa", "ecdsa-p384", "ed25519", NULL};
static const enum key_type key_types[] = {KEY_RSA, KEY_P256, KEY_P384, KEY_ED25519};

static const struct flag keys_flags[] = {
    {"key-type", 'k', FLAG_CHOICE, "TYPE", NULL, offsetof(struct keys_options, type),
     "rsa (default, 3072 bits), ecdsa (P-256), ecdsa-p384 or ed25519", .choices = key_words},
    {"name", 'n', FLAG_TEXT, "NAME", NULL, offsetof(struct keys_options, name),
     "write NAME-private.pem and NAME-public.pem"},
    {"output-dir", 'o', FLAG_TEXT, "DIR", NULL, offsetof(struct keys_options, directory),
     "where to write them; made if missing (default: here)"},
    {NULL},
};

static enum key_type key_type_of_word(const char *word)
{
    for (size_t i = 0; word != NULL && key_words[i] != NULL; i++)
        if (strcmp(key_words[i], word) == 0)
            return key_types[i];
    return KEY_RSA;
}

/* "DIR/NAME-private.pem" */
static char *key_path(const struct keys_options *options, const char *part)
{
    return mem_printf("%s%s%s%s%s.pem", options->directory ? options->directory : "",
                      options->directory ? "/" : "", options->name ? options->name : "",
                      options->name ? "-" : "", part);
}

/* A file in the way is no state of a computation, so it gets the exit code of any failure. */
static int create_file(const char *path, struct span bytes, mode_t mode, struct err *err)
{
    if (file_create(path, bytes, mode, err) == 0)
        return 0;
    if (err->kind == ERR_STATE)
        err->kind = ERR_INPUT;
    return -1;
}

/* Both files or none, and neither over one that is there. */
static int write_pair(const struct key *key, const char *private_path, const char *public_path,
                      struct err *err)
{
    OWNED_BUF private_pem = BUF_OF(64 * KIB);
    OWNED_BUF public_pem = BUF_OF(64 * KIB);

    private_pem.secret = true;
    if (key_write_private_pem(key, &private_pem, err) < 0)
        return -1;
    key_write_public_pem(key, &public_pem);
    if (create_file(private_path, buf_span(&private_pem), 0600, err) < 0)
        return -1;
    if (create_file(public_path, buf_span(&public_pem), 0644, err) < 0) {
        unlink(private_path);
        return -1;
    }
    return 0;
}

static int run_keys(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct keys_options *options = ptr;
    OWNED(free_str) char *private_path = key_path(options, "private");
    OWNED(free_str) char *public_path = key_path(options, "public");
    OWNED_KEY *key = NULL;
    OWNED_JSON *json = json_new_object();
    char identity[KEY_IDENTITY_TEXT_SIZE];

    if (options->name != NULL && !text_is_name(options->name, 64))
        return err_set(err, ERR_USAGE, "--name: '%.64s' cannot be part of a file name",
                       options->name);
    if (access(private_path, F_OK) == 0) /* before a long search for primes */
        return err_set(err, ERR_INPUT, "'%s' exists already and is not overwritten", private_path);
    if (options->directory != NULL && file_make_dirs(options->directory, 0755, err) < 0)
        return -1;
    if (key_generate(key_type_of_word(options->type), 0, &key, err) < 0 ||
        write_pair(key, private_path, public_path, err) < 0)
        return -1;

    key_identity_text(key, identity);
    if (cli->options->json) {
        json_set_str(json, "type", key_type_names[key_type_of(key)]);
        json_set_str(json, "identity", identity);
        json_set_str(json, "private", private_path);
        json_set_str(json, "public", public_path);
        print_json(json);
        return 0;
    }
    print_line("%s", private_path);
    print_line("%s", public_path);
    say("identity %s", identity);
    return 0;
}

/* --- checksum --- */

struct checksum_options {
    struct common_options common;
    bool manifest;
    bool base64;
};

static const struct flag checksum_flags[] = {
    {"manifest", 'm', FLAG_BOOL, NULL, NULL, offsetof(struct checksum_options, manifest),
     "the file is a manifest: take its canonical form, whatever its spelling"},
    {"base64", 'b', FLAG_BOOL, NULL, NULL, offsetof(struct checksum_options, base64),
     "print base64 in place of hex"},
    {NULL},
};

/* SHA3-256 of the RFC 8785 form, or of the older form when the document is of the older kind. */
static int digest_manifest(const char *path, uint8_t out[static SHA3_SIZE], struct err *err)
{
    OWNED_JSON *json = NULL;
    OWNED_BUF text = BUF_OF(2 * MANIFEST_SIZE_MAX);

    if (input_read_json(path, MANIFEST_SIZE_MAX, &json, err) < 0)
        return -1;
    if (go_manifest_is(json)) {
        if (go_manifest_write(json, &text, err) < 0)
            return err_wrap(err, "'%s'", path);
    } else if (json_canonical(json, &text, err) < 0) {
        return err_wrap(err, "'%s'", path);
    }
    digest_of(DIGEST_SHA3_256, buf_span(&text), out);
    return 0;
}

static int digest_path(const char *path, uint8_t out[static SHA3_SIZE], struct err *err)
{
    OWNED_INPUT input = INPUT_NONE;

    if (input_open(path, &input, err) < 0)
        return -1;
    return input_digest(&input, DIGEST_SHA3_256, out, err);
}

static int run_checksum(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct checksum_options *options = ptr;
    const char *path = cli_arg(cli, 0);
    uint8_t digest[SHA3_SIZE];
    char hex[2 * SHA3_SIZE + 1];
    OWNED_BUF base64 = BUF_OF(64);
    OWNED_JSON *json = json_new_object();

    if (options->manifest ? digest_manifest(path, digest, err) < 0
                          : digest_path(path, digest, err) < 0)
        return -1;
    text_hex(digest, sizeof(digest), hex);
    text_encode_base64(SPAN_OF_ARRAY(digest), &base64);
    if (cli->options->json) {
        json_set_str(json, "path", path);
        json_set_str(json, "sha3_256", hex);
        json_set_str(json, "base64", buf_str(&base64));
        print_json(json);
        return 0;
    }
    print_line("%s", options->base64 ? buf_str(&base64) : hex);
    return 0;
}

const struct command key_commands[] = {
    {
        .path = "keys",
        .args = "",
        .options_size = sizeof(struct keys_options),
        .flags = {{keys_flags, 0}},
        .run = run_keys,
        .summary = "Makes a key pair: who owns it is a party",
        .help = "Writes private.pem (PKCS#8, mode 0600) and public.pem (SubjectPublicKeyInfo) and "
                "prints their paths. A file that exists is never overwritten. The public key is "
                "what a manifest names; the private key never leaves this machine.",
        .example = "cocos-cli keys -k ed25519 --name alice",
    },
    {
        .path = "checksum",
        .args = "PATH",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct checksum_options),
        .flags = {{checksum_flags, 0}},
        .run = run_checksum,
        .summary = "Prints the SHA3-256 of a file or directory, as manifests pin it",
        .help = "A directory stands for the deterministic zip of its files, which is also what "
                "'data' uploads. With -m the digest is taken over the canonical form of a "
                "manifest; the digest that --manifest wants is another one, see 'manifest hash'.",
        .example = "cocos-cli checksum iris.csv",
    },
    {NULL},
};
