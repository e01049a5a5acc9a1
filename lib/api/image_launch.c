/* Policies for guests that their processor protects; the part of image.h that they have to
 * themselves. */
#include "lib/api/image.h"

#include "lib/crypto/digest.h"

static struct json *copy_strings(const struct json_strings *values)
{
    struct json *list = json_new_array();

    for (size_t i = 0; i < values->count; i++)
        json_add(list, json_new_str(values->items[i]));
    return list;
}

static void set_strings(struct json *part, const char *key, const struct json_strings *values)
{
    if (values->count > 0)
        json_set(part, key, copy_strings(values));
}

/* What the launch was bound to, and zeros up to the size that the platform has for it. */
static void set_binding(struct json *part, const char *key, struct span binding, size_t size)
{
    uint8_t whole[SHA384_SIZE] = {0};

    if (binding.len == 0)
        return;
    memcpy(whole, binding.data, binding.len < size ? binding.len : size);
    json_set_hex(part, key, span_of(whole, size));
}

static int make_snp(const struct image_values *values, const struct image_vm *vm, struct json *part,
                    struct err *err)
{
    struct json *measurement = copy_strings(&values->measurement);

    json_set(part, "measurement", measurement);
    set_binding(part, "host_data", vm->binding, SHA256_SIZE);
    if (values->measurement.count > 0)
        return 0;
    if (vm->cpus < 1 || vm->cpus > values->by_cpus.count)
        return err_set(err, ERR_STATE,
                       "has launch measurements for 1 to %zu vCPUs, and none for %u; measure this "
                       "shape: cocos-cli measure --platform snp",
                       values->by_cpus.count, vm->cpus);
    json_add(measurement, json_new_str(values->by_cpus.items[vm->cpus - 1]));
    return 0;
}

static int make_tdx(const struct image_values *values, const struct image_vm *vm, struct json *part,
                    struct err *err)
{
    (void)err;
    set_strings(part, "mrtd", &values->mrtd);
    set_strings(part, "rtmr1", &values->rtmr1);
    set_strings(part, "rtmr2", &values->rtmr2);
    set_binding(part, "mrconfigid", vm->binding, SHA384_SIZE);
    return 0;
}

/* The members of image_launch_values and image_launch, and what makes a part of a policy of them.
 */
static const struct kind {
    enum api_platform platform;
    size_t values, protection;
    const char *waive; /* NULL: nothing */
    int (*make)(const struct image_values *values, const struct image_vm *vm, struct json *part,
                struct err *err);
} kinds[] = {
    {API_PLATFORM_SNP, offsetof(struct image_launch_values, snp),
     offsetof(struct image_launch, snp), "min_tcb", make_snp},
    {API_PLATFORM_TDX, offsetof(struct image_launch_values, tdx),
     offsetof(struct image_launch, tdx), NULL, make_tdx},
};

static const struct kind *find_kind(enum api_platform platform)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (kinds[i].platform == platform)
            return &kinds[i];
    return NULL;
}

/* Why the record has nothing to compare with. */
static int refuse(const struct image_record *record, const struct kind *kind, struct err *err)
{
    const struct image_values *values =
        (const void *)((const char *)&record->reference.launch + kind->values);
    const struct image_protection *protection =
        (const void *)((const char *)&record->launch + kind->protection);

    if (values->refused != NULL)
        return err_set(err, ERR_STATE, "refuses to name a measurement: %s", values->refused);
    if (protection->missing != NULL)
        return err_set(err, ERR_STATE, "has no firmware for it: %s", protection->missing);
    return err_set(err, ERR_STATE, "has no launch values for it; build the image anew");
}

static struct json *list_of(const char *text)
{
    struct json *list = json_new_array();

    json_add(list, json_new_str(text));
    return list;
}

struct json *image_policy_of_part(enum api_platform platform, struct json *part)
{
    const struct kind *kind = find_kind(platform);
    struct json *policy = json_new_object();

    json_set_int(policy, "version", 1);
    if (kind != NULL && kind->waive != NULL)
        json_set(policy, "waive", list_of(kind->waive));
    json_set(policy, "platforms", list_of(api_platform_names[platform]));
    json_set(policy, api_platform_names[platform], part);
    return policy;
}

int image_make_launch_policy(const struct image_record *record, const struct image_vm *vm,
                             struct json **ret, struct err *err)
{
    const struct kind *kind = find_kind(vm->platform);
    const char *name = api_platform_names[vm->platform];
    OWNED_JSON *part = json_new_object();
    const struct image_values *values;
    bool known;

    if (kind == NULL)
        return err_set(err, ERR_STATE, "platform '%s' has no evidence", name);
    values = (const void *)((const char *)&record->reference.launch + kind->values);
    known = values->by_cpus.count + values->measurement.count + values->mrtd.count > 0;
    if ((known ? kind->make(values, vm, part, err) : refuse(record, kind, err)) < 0)
        return err_wrap(err, "the release record of image '%s', platform '%s'", record->name, name);
    *ret = image_policy_of_part(vm->platform, GIVE(part));
    return 0;
}
