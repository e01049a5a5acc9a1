#include "cli/expect.h"

#include "cli/input.h"
#include "cli/policy_file.h"
#include "lib/api/image.h"
#include "lib/attest/policy_narrow.h"
#include "lib/attest/reference/igvm_policy.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"
#include "lib/computation/manifest.h"

#define AT(member) offsetof(struct expect_options, member)
const struct flag expect_flags[] = {
    {"policy", 0, FLAG_TEXT, "FILE", "COCOS_POLICY", AT(policy),
     "what is acceptable, JSON or CoRIM; without one nothing is"},
    {"policy-key", 0, FLAG_TEXT, "FILE", "COCOS_POLICY_KEY", AT(policy_key),
     "public key that must have signed the policy, a CoRIM"},
    {"igvm", 0, FLAG_TEXT, "FILE", NULL, AT(igvm),
     "IGVM file that the VM must have been made from: its launch measurement is demanded"},
    {"image", 0, FLAG_TEXT, "FILE", NULL, AT(image),
     "release record, image.json: what it has for the VM's shape is demanded"},
    {"platform", 0, FLAG_CHOICE, "WHAT", NULL, AT(shape.platform),
     "what protects that VM: vm (default, a TPM that its host emulates), snp or tdx",
     .choices = api_platform_names + 1},
    {"memory", 'm', FLAG_U64, "MIB", NULL, AT(shape.memory_mib),
     "memory of that shape (default: what the record says)", .min = 1, .max = 16 * MIB},
    {"cpus", 0, FLAG_U64, "N", NULL, AT(shape.cpus), "vCPUs of that shape (default 1)", .min = 1,
     .max = 4096},
    {"secure-boot", 0, FLAG_BOOL, NULL, NULL, AT(shape.secure_boot),
     "the registers of a VM that was made with Secure Boot"},
    {"manifest", 0, FLAG_TEXT, "FILE", NULL, AT(manifest), "manifest that the evidence must show"},
    {NULL},
};

/* --- what each of them says, as the document of a policy --- */

/* A file of the caller's that says nothing, as a policy that says nothing. */
static int used_wrongly(struct err *err)
{
    err->kind = ERR_USAGE;
    return -1;
}

static int read_igvm(const struct expect_options *options, struct json **ret, struct err *err)
{
    OWNED_BUF file = BUF_OF(IGVM_SIZE_MAX);

    if (input_read(options->igvm, &file, err) < 0)
        return -1;
    if (igvm_make_policy(buf_span(&file), ret, err) == 0)
        return 0;
    if (err->kind == ERR_INPUT)
        err->kind = ERR_UNTRUSTED;
    return err_wrap(err, "'%s'", options->igvm);
}

int expect_image(const char *path, const struct expect_shape *shape, struct json **ret,
                 struct err *err)
{
    const char *platform = shape->platform ? shape->platform : api_platform_names[API_PLATFORM_VM];
    struct image_vm vm = {API_PLATFORM_VM,       (uint32_t)shape->memory_mib,
                          (uint32_t)shape->cpus, {0},
                          shape->secure_boot,    false};
    OWNED_JSON *json = NULL;
    OWNED_IMAGE_RECORD record = {0};

    while (strcmp(api_platform_names[vm.platform], platform) != 0)
        vm.platform++; /* the flag's choices are among them */
    if (input_read_json(path, IMAGE_RECORD_MAX, &json, err) < 0)
        return used_wrongly(err);
    if (image_record_decode(json, &record, err) == 0) {
        vm.memory_mib = vm.memory_mib > 0 ? vm.memory_mib : record.default_memory_mib;
        vm.cpus = vm.cpus > 0 ? vm.cpus : 1;
        if (image_make_policy(&record, &vm, ret, err) == 0)
            return 0;
    }
    err->kind = ERR_USAGE;
    return err_wrap(err, "'%s'", path);
}

static int read_image(const struct expect_options *options, struct json **ret, struct err *err)
{
    return expect_image(options->image, &options->shape, ret, err);
}

static int read_manifest(const struct expect_options *options, struct json **ret, struct err *err)
{
    OWNED_JSON *manifest = NULL;
    char hash[MANIFEST_HASH_SIZE];

    if (input_read_json(options->manifest, MANIFEST_SIZE_MAX, &manifest, err) < 0)
        return used_wrongly(err);
    if (manifest_hash(manifest, hash, err) < 0) {
        err->kind = ERR_USAGE;
        return err_wrap(err, "'%s'", options->manifest);
    }
    *ret = json_new_object();
    json_set_int(*ret, "version", 1);
    json_set_str(*ret, "manifest_sha256", hash);
    return 0;
}

/* --- together --- */

/* Takes what more has and whole has not, part by part; what both have is narrowed. */
static int join(struct json *whole, const struct json *more, const char *whose, struct err *err)
{
    const struct json *value;
    const char *key = NULL;

    while ((value = json_next(more, &key)) != NULL)
        if (json_get(whole, key) == NULL)
            json_set(whole, key, json_new_copy(value));
    return policy_narrow(whole, more, whose, err);
}

static const struct source {
    size_t path;
    int (*read)(const struct expect_options *options, struct json **ret, struct err *err);
} sources[] = {
    {AT(igvm), read_igvm},
    {AT(image), read_image},
    {AT(manifest), read_manifest},
};

/* Adds what the other files say: to a policy of the user's as further demands, else as the policy.
 */
static int add_sources(const struct expect_options *options, bool has_policy,
                       struct json **document, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(sources); i++) {
        const char *path = *(const char *const *)((const char *)options + sources[i].path);
        OWNED(free_str) char *whose = mem_printf("'%s'", path);
        OWNED_JSON *more = NULL;

        if (path == NULL)
            continue;
        if (sources[i].read(options, &more, err) < 0)
            return -1;
        if (*document == NULL)
            *document = GIVE(more);
        else if ((has_policy ? policy_narrow(*document, more, whose, err)
                             : join(*document, more, whose, err)) < 0)
            return -1;
    }
    return 0;
}

int expect_policy(const struct expect_options *options, int64_t now, struct policy **ret,
                  struct err *err)
{
    const struct policy_trust trust = {.key = options->policy_key, .now = now};
    OWNED_JSON *document = NULL;

    if (options->policy != NULL && policy_file_read(options->policy, &trust, &document, err) < 0)
        return -1;
    if (add_sources(options, options->policy != NULL, &document, err) < 0)
        return -1;
    if (document == NULL || policy_decode(document, ret, err) == 0)
        return 0;
    err->kind = ERR_USAGE;
    return -1;
}

int expect_time(const char *text, int64_t *ret, struct err *err)
{
    *ret = clock_now();
    if (text == NULL || text_parse_time(text, ret, err) == 0)
        return 0;
    err->kind = ERR_USAGE;
    return err_wrap(err, "--time");
}
