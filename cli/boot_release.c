/* Launch values of a release; the part of boot_values.h that is about what its record can be
 * started as besides a plain VM. */
#include "cli/boot_values.h"

#include "lib/api/vm.h"
#include "lib/attest/reference/igvm_policy.h"
#include "lib/attest/reference/vcpu.h"
#include "lib/base/text.h"

#define RTMR0_UNKNOWN                                                                              \
    "RTMR0 holds the TD HOB and the ACPI tables, which follow from RAM, vCPUs and devices of the " \
    "host's making; take it from the event log of a TD of the same shape (measure --ccel)"

#define RTMR1_UNKNOWN                                                                              \
    RTMR0_UNKNOWN "; RTMR1 holds the kernel with what QEMU writes into it, which depends on RAM, " \
                  "since this firmware does not take it as it is in the file"

static struct json *refuse(const struct err *err)
{
    struct json *values = json_new_object();

    json_set_str(values, "refused", err->text);
    return values;
}

/* --- SNP --- */

static void add_digest(void *to, uint32_t count, const uint8_t digest[static SHA384_SIZE])
{
    char hex[2 * SHA384_SIZE + 1];

    (void)count;
    text_hex(digest, SHA384_SIZE, hex);
    json_add(to, json_new_str(hex));
}

static int measure_counts(const struct boot_bytes *bytes, const char *model, struct json *digests,
                          struct err *err)
{
    const struct sev_files files = boot_values_sev_files(bytes);
    struct sev_vcpus vcpus = {VM_CPUS_MAX, 0, VMSA_SNP_ACTIVE};
    struct sev_measurement measurement;

    if (model == NULL)
        return err_set(err, ERR_INPUT,
                       "the record names no cpu_model, and the model of the vCPUs is measured");
    if (vcpu_find_signature(model, &vcpus.signature, err) < 0 ||
        sev_measure_begin(SEV_MODE_SNP, VMSA_QEMU, &files, &measurement, err) < 0)
        return -1;
    return sev_measure_each(&measurement, &vcpus, add_digest, digests, err);
}

static struct json *values_of_snp(const struct boot_bytes *bytes,
                                  const struct image_protection *protection)
{
    OWNED_JSON *digests = json_new_array();
    struct json *values;
    struct err err;

    if (measure_counts(bytes, protection->cpu_model, digests, &err) < 0)
        return refuse(&err);
    values = json_new_object();
    json_set(values, "by_cpus", GIVE(digests));
    return values;
}

/* --- TDX --- */

/* MRTD as QEMU and KVM that are merged build TDs. */
static struct json *values_of_tdx(const struct boot_bytes *bytes,
                                  const struct image_protection *protection)
{
    static const char *const members[] = {"mrtd", "rtmr1", "rtmr2"};
    OWNED_JSON *told = NULL;
    struct json *values;
    struct td_prediction td;
    struct err err;

    (void)protection;
    if (boot_values_of_td(bytes, NULL, TDVF_PAGE_BY_PAGE, &td, &err) < 0)
        return refuse(&err);
    told = boot_values_td_json(&td);
    values = json_new_object();
    json_set_str(values, "unknown", td.of_ram ? RTMR1_UNKNOWN : RTMR0_UNKNOWN);
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        struct json *list;

        if (td.of_ram && strcmp(members[i], "rtmr1") == 0)
            continue;
        list = json_new_array();
        json_add(list, json_new_copy(json_get(told, members[i])));
        json_set(values, members[i], list);
    }
    return values;
}

/* --- both --- */

static const struct {
    const char *name; /* of the policy's part */
    const char *digest;
    size_t protection; /* in struct image_launch */
    struct json *(*values)(const struct boot_bytes *bytes,
                           const struct image_protection *protection);
} kinds[] = {
    {"snp", "measurement", offsetof(struct image_launch, snp), values_of_snp},
    {"tdx", "mrtd", offsetof(struct image_launch, tdx), values_of_tdx},
};

/* An IGVM file is measured whole, and alike with any number of vCPUs. */
static struct json *values_of_igvm(struct span file, const char *part, const char *digest)
{
    OWNED_JSON *policy = NULL;
    struct json *values;
    struct err err;

    if (igvm_make_policy(file, &policy, &err) < 0)
        return refuse(&err);
    if (json_get(json_get(policy, part), digest) == NULL) {
        (void)err_set(&err, ERR_INPUT, "the IGVM file is made for no %s machine", part);
        return refuse(&err);
    }
    values = json_new_object();
    json_set(values, digest, json_new_copy(json_get(json_get(policy, part), digest)));
    return values;
}

int boot_values_of_protections(const char *path, const struct boot_bytes *bytes, struct json **ret,
                               struct err *err)
{
    OWNED_JSON *launch = json_new_object();

    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const struct image_protection *protection =
            (const void *)((const char *)&bytes->record.launch + kinds[i].protection);
        bool igvm = protection->igvm.file != NULL;
        OWNED_BUF file = BUF_OF(igvm ? IGVM_SIZE_MAX : OVMF_SIZE_MAX);
        struct boot_bytes protected = *bytes;

        if (!image_has_protection(protection))
            continue;
        if (boot_input_read_recorded(path, igvm ? &protection->igvm : &protection->firmware, &file,
                                     err) < 0)
            return -1;
        protected.firmware = file; /* borrowed, as all the rest */
        json_set(launch, kinds[i].name,
                 igvm ? values_of_igvm(buf_span(&file), kinds[i].name, kinds[i].digest)
                      : kinds[i].values(&protected, protection));
    }
    *ret = GIVE(launch);
    return 0;
}
