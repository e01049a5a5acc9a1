/* Launch digests of the same files, for machines of SEV and TDX; the part of boot_values.h that
 * they have to themselves. */
#include "cli/boot_values.h"

#include "lib/attest/reference/sev_measure.h"
#include "lib/attest/reference/vcpu.h"

static const enum sev_mode modes[] = {SEV_MODE_SNP, SEV_MODE_ES, SEV_MODE_SEV};

/* {"digest": hex}, or {"refused": why}. */
static struct json *outcome(struct span digest, const struct err *err)
{
    struct json *json = json_new_object();

    if (digest.len > 0)
        json_set_hex(json, "digest", digest);
    else
        json_set_str(json, "refused", err->text);
    return json;
}

struct sev_files boot_values_sev_files(const struct boot_bytes *bytes)
{
    return (struct sev_files){.ovmf = buf_span(&bytes->firmware),
                              .has_kernel = true,
                              .kernel = bytes->input.kernel,
                              .initrd = buf_span(&bytes->initrd),
                              .append = bytes->input.cmdline};
}

static int measure_sev(const struct boot_bytes *bytes, enum sev_mode mode, uint32_t signature,
                       uint8_t digest[static SHA384_SIZE], size_t *ret_len, struct err *err)
{
    const struct sev_files files = boot_values_sev_files(bytes);
    const struct sev_vcpus vcpus = {bytes->shape.cpus, signature, VMSA_SNP_ACTIVE};
    struct sev_measurement measurement;

    if (sev_measure_begin(mode, VMSA_QEMU, &files, &measurement, err) < 0)
        return -1;
    return sev_measure_finish(&measurement, &vcpus, digest, ret_len, err);
}

static struct json *tell_sev(const struct boot_bytes *bytes, enum sev_mode mode, uint32_t signature)
{
    uint8_t digest[SHA384_SIZE];
    size_t len = 0;
    struct err err;

    if (measure_sev(bytes, mode, signature, digest, &len, &err) < 0)
        len = 0;
    return outcome(span_of(digest, len), &err);
}

static struct json *measure_td(const struct boot_bytes *bytes)
{
    uint8_t mrtd[SHA384_SIZE];
    struct ovmf ovmf;
    struct err err;
    bool good = ovmf_parse(buf_span(&bytes->firmware), &ovmf, &err) == 0 &&
                tdvf_measure(&ovmf, TDVF_PAGE_BY_PAGE, mrtd, &err) == 0;

    return outcome(span_of(mrtd, good ? SHA384_SIZE : 0), &err);
}

static int find_signature(const char *vcpu_type, uint32_t *ret, struct err *err)
{
    if (vcpu_find_signature(vcpu_type, ret, err) == 0)
        return 0;
    err->kind = ERR_USAGE;
    return -1;
}

int boot_values_of_launch(const struct boot_bytes *bytes, const char *vcpu_type, struct json **ret,
                          struct err *err)
{
    uint32_t signature;
    struct json *launch;

    if (find_signature(vcpu_type, &signature, err) < 0)
        return -1;
    launch = json_new_object();
    for (size_t i = 0; i < COUNT_OF(modes); i++)
        json_set(launch, sev_mode_names[modes[i]], tell_sev(bytes, modes[i], signature));
    json_set(launch, "tdx", measure_td(bytes));
    *ret = launch;
    return 0;
}

int boot_values_of_snp(const struct boot_bytes *bytes, const char *vcpu_type, struct json **ret,
                       struct err *err)
{
    uint8_t digest[SHA384_SIZE];
    uint32_t signature;
    size_t len;

    if (find_signature(vcpu_type, &signature, err) < 0 ||
        measure_sev(bytes, SEV_MODE_SNP, signature, digest, &len, err) < 0)
        return -1;
    *ret = json_new_object();
    json_set_hex(*ret, "measurement", span_of(digest, len));
    return 0;
}
