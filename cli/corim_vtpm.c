#include "cli/corim_vtpm.h"

#include "cli/corim_make.h"
#include "cli/input.h"
#include "lib/crypto/digest.h"

#define VTPM(member) offsetof(struct corim_vtpm_options, member)
const struct flag corim_vtpm_flags[] = {
    {"pcrs", 0, FLAG_TEXT, "FILE", NULL, VTPM(pcr_file),
     "registers as 'eventlog replay --json' or a policy has them"},
    {"pcr", 0, FLAG_LIST, "N=HEX", NULL, VTPM(pcrs), "one register; its length tells the bank"},
    {"image", 0, FLAG_TEXT, "FILE", NULL, VTPM(image),
     "release record, image.json: its registers for a VM of this shape"},
    {"memory", 'm', FLAG_U64, "MIB", NULL, VTPM(shape.memory_mib),
     "memory of that shape (default: what the record says)", .min = 1, .max = 16 * MIB},
    {"secure-boot", 0, FLAG_BOOL, NULL, NULL, VTPM(shape.secure_boot),
     "the registers with Secure Boot"},
    {"cpus", 0, FLAG_U64, "N", NULL, VTPM(shape.cpus), "vCPUs of that shape (default 1)", .min = 1,
     .max = 4096},
    {"ak-sha256", 0, FLAG_LIST, "HEX", NULL, VTPM(keys),
     "attestation key that is trusted by itself"},
    {"ek-root", 0, FLAG_LIST, "FILE", NULL, VTPM(roots), "certificate of a maker of TPMs"},
    {"emulated", 0, FLAG_BOOL, NULL, NULL, VTPM(emulated),
     "a TPM that its host emulates is acceptable"},
    {"waive", 0, FLAG_LIST, "NAME", NULL, VTPM(waive), "absence that is excused (docs/policy.md)"},
    {NULL},
};

static const char *bank_of(size_t digits)
{
    switch (digits) {
    case 2 * SHA256_SIZE: return "sha256";
    case 2 * SHA384_SIZE: return "sha384";
    case 2 * SHA512_SIZE: return "sha512";
    default: return NULL;
    }
}

static struct json *object_in(struct json *parent, const char *key)
{
    if (json_kind_of(json_get(parent, key)) != JSON_KIND_OBJECT)
        json_set(parent, key, json_new_object());
    return json_edit(parent, key);
}

/* Once more is an alternative. */
static int add_pcr(struct json *pcrs, const char *index, const char *hex, struct err *err)
{
    const char *bank = bank_of(strlen(hex));
    struct json *registers;

    if (bank == NULL)
        return err_set(err, ERR_USAGE,
                       "PCR %s: %zu hex digits are of no bank that a CoRIM can name", index,
                       strlen(hex));
    registers = object_in(pcrs, bank);
    if (json_get(registers, index) == NULL)
        json_set(registers, index, json_new_array());
    json_add(json_edit(registers, index), json_new_str(hex));
    return 0;
}

static int add_pcr_flags(struct json *pcrs, const struct flag_list *list, struct err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        const char *equals = strchr(list->items[i], '=');
        OWNED(free_str)
        char *index =
            equals != NULL ? mem_copy(list->items[i], (size_t)(equals - list->items[i])) : NULL;

        if (equals == NULL)
            return err_set(err, ERR_USAGE, "--pcr: expected N=HEX, got '%.40s'", list->items[i]);
        if (add_pcr(pcrs, index, equals + 1, err) < 0)
            return -1;
    }
    return 0;
}

/* One value, or a list of alternatives. */
static int add_pcr_values(struct json *pcrs, const char *index, const struct json *values,
                          struct err *err)
{
    const bool list = json_kind_of(values) == JSON_KIND_ARRAY;

    for (size_t i = 0; i < (list ? json_count(values) : 1); i++) {
        const char *hex = json_str(list ? json_at(values, i) : values);

        if (hex == NULL)
            return err_set(err, ERR_USAGE, "PCR %s is no text", index);
        if (add_pcr(pcrs, index, hex, err) < 0)
            return -1;
    }
    return 0;
}

/* {"pcrs": {"4": hex}}, or {"vtpm": {"pcrs": {"sha256": {"4": digests}}}} of a policy. */
static int add_pcr_file(struct json *vtpm, const char *path, struct err *err)
{
    OWNED_JSON *json = NULL;
    const struct json *registers, *value;
    const char *index = NULL;

    if (path == NULL)
        return 0;
    if (input_read_json(path, POLICY_MAX, &json, err) < 0)
        return -1;
    if (json_get(json_get(json, "vtpm"), "pcrs") != NULL) {
        json_set(vtpm, "pcrs", json_new_copy(json_get(json_get(json, "vtpm"), "pcrs")));
        return 0;
    }
    registers = json_get(json, "pcrs");
    if (json_kind_of(registers) != JSON_KIND_OBJECT)
        return err_set(err, ERR_USAGE, "'%s' has no registers in a member pcrs", path);
    while ((value = json_next(registers, &index)) != NULL)
        if (add_pcr_values(object_in(vtpm, "pcrs"), index, value, err) < 0)
            return err_wrap(err, "'%s'", path);
    return 0;
}

static int add_roots(struct json *vtpm, const struct flag_list *paths, struct err *err)
{
    for (size_t i = 0; i < paths->count; i++) {
        OWNED_BUF pem = BUF_OF(16 * KIB);

        if (input_read(paths->items[i], &pem, err) < 0)
            return -1;
        if (json_get(vtpm, "ek_roots") == NULL)
            json_set(vtpm, "ek_roots", json_new_array());
        json_add(json_edit(vtpm, "ek_roots"), json_new_str(buf_str(&pem)));
    }
    return 0;
}

int corim_vtpm_run(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct corim_vtpm_options *options = ptr;
    OWNED_JSON *document = NULL;
    struct json *vtpm;

    if (options->pcr_file == NULL && options->pcrs.count == 0 && options->image == NULL)
        return err_set(err, ERR_USAGE, "which registers? --image FILE, --pcrs FILE or --pcr N=HEX");
    if (options->image == NULL)
        document = corim_make_document("vtpm");
    else if (expect_image(options->image, &options->shape, &document, err) < 0)
        return -1;
    vtpm = json_edit(document, "vtpm");
    if (add_pcr_file(vtpm, options->pcr_file, err) < 0 ||
        add_pcr_flags(object_in(vtpm, "pcrs"), &options->pcrs, err) < 0 ||
        add_roots(vtpm, &options->roots, err) < 0)
        return -1;
    corim_make_texts(vtpm, "ak_sha256", &options->keys);
    corim_make_texts(document, "waive", &options->waive);
    if (options->emulated)
        json_set_bool(vtpm, "emulated", true);
    return corim_output_policy(cli, &options->output, document, err);
}
