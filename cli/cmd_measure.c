/* igvmmeasure, sevsnpmeasure: the launch measurement that a machine must show, from files alone.
 * What cannot be measured is refused with exit code 5, like evidence that is not accepted. */
#include "cli/commands.h"

#include "cli/input.h"
#include "cli/print.h"
#include "lib/attest/reference/igvm.h"
#include "lib/attest/reference/sev_measure.h"
#include "lib/attest/reference/vcpu.h"
#include "lib/base/file.h"
#include "lib/base/text.h"

#include <inttypes.h>

#define KERNEL_MAX (1 * GIB)

/* A file that was read is evidence: what is wrong with it is its own fault, not the caller's. */
static int reject(const char *path, struct err *err)
{
    if (err->kind == ERR_INPUT)
        err->kind = ERR_UNTRUSTED;
    return err_wrap(err, "'%s'", path);
}

static int index_of(const char *const names[], const char *name)
{
    for (int i = 0; names[i] != NULL; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

static int print_digest(const struct cli *cli, const uint8_t *digest, size_t len)
{
    OWNED_JSON *json = json_new_object();
    char hex[2 * DIGEST_SIZE_MAX + 1];

    text_hex(digest, len, hex);
    json_set_str(json, "measurement", hex);
    if (cli->options->json)
        print_json(json);
    else
        print_line("%s", hex);
    return 0;
}

/* --- igvmmeasure --- */

struct igvm_options {
    struct common_options common;
    const char *platform;
    bool native_zero;
    bool check_kvm;
    bool ignore_idblock;
};

static const char *const igvm_platforms[] = {"snp", "sev", "seves", "tdx", NULL};

static const struct flag igvm_flags[] = {
    {"platform", 0, FLAG_CHOICE, "WHAT", NULL, offsetof(struct igvm_options, platform),
     "platform to measure for (default snp):", .choices = igvm_platforms},
    {"native-zero", 0, FLAG_BOOL, NULL, NULL, offsetof(struct igvm_options, native_zero),
     "pages without data are the processor's zero pages, not pages full of zeros"},
    {"check-kvm", 0, FLAG_BOOL, NULL, NULL, offsetof(struct igvm_options, check_kvm),
     "refuse files that KVM starts or measures in another way, as igvmmeasure does; what that lets "
     "pass is told"},
    {"ignore-idblock", 0, FLAG_BOOL, NULL, NULL, offsetof(struct igvm_options, ignore_idblock),
     "do not compare with the digest in the file's ID block"},
    {NULL},
};

static int run_igvmmeasure(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct igvm_options *options = ptr;
    const char *path = cli_arg(cli, 0);
    const char *name = options->platform ? options->platform : "snp";
    unsigned flags = (options->native_zero ? IGVM_NATIVE_ZERO : 0u) |
                     (options->check_kvm ? IGVM_CHECK_KVM : 0u) |
                     (options->ignore_idblock ? IGVM_IGNORE_IDBLOCK : 0u);
    OWNED_BUF file = BUF_OF(IGVM_SIZE_MAX);
    struct igvm_measurement measured;
    struct igvm igvm;

    if (input_read(path, &file, err) < 0)
        return -1;
    if (igvm_parse(buf_span(&file), &igvm, err) < 0 ||
        igvm_measure(&igvm, (enum igvm_platform)index_of(igvm_platform_names, name), flags,
                     &measured, err) < 0)
        return reject(path, err);
    if (measured.unmeasured > 0)
        say("%" PRIu32 " pages are not measured: the host fills them as it likes",
            measured.unmeasured);
    if (options->check_kvm && measured.after_vp > 0)
        say("%" PRIu32
            " pages stand after the VP context, which KVM measures last: a guest that KVM "
            "starts has another measurement",
            measured.after_vp);
    return print_digest(cli, measured.digest, measured.len);
}

/* --- sevsnpmeasure --- */

struct sev_options {
    struct common_options common;
    const char *mode, *ovmf, *kernel, *initrd, *append;
    const char *vcpu_type, *vmm, *features, *ovmf_hash, *svsm, *vars_file;
    uint64_t vcpus, signature, family, model, stepping, vars_size;
    bool dump_vmsa;
};

#define AT(member) offsetof(struct sev_options, member)
static const struct flag sev_flags[] = {
    {"mode", 'm', FLAG_CHOICE, "MODE", NULL, AT(mode),
     "what kind of VM:", .choices = sev_mode_names},
    {"ovmf", 'o', FLAG_TEXT, "FILE", NULL, AT(ovmf), "its firmware"},
    {"kernel", 'k', FLAG_TEXT, "FILE", NULL, AT(kernel), "kernel that is booted directly"},
    {"initrd", 'i', FLAG_TEXT, "FILE", NULL, AT(initrd), "initrd of that kernel"},
    {"append", 'a', FLAG_TEXT, "TEXT", NULL, AT(append), "command line of that kernel"},
    {"vcpus", 0, FLAG_U64, "N", NULL, AT(vcpus), "how many vCPUs", .min = 1, .max = SEV_VCPUS_MAX},
    {"vcpu-type", 't', FLAG_TEXT, "NAME", NULL, AT(vcpu_type), "model as QEMU names it"},
    {"vcpu-sig", 's', FLAG_U64, "N", NULL, AT(signature), "CPUID signature instead of a model",
     .max = UINT32_MAX},
    {"vcpu-family", 'f', FLAG_U64, "N", NULL, AT(family), "family, with model and stepping",
     .max = 300},
    {"vcpu-model", 'l', FLAG_U64, "N", NULL, AT(model), "model of that family", .max = 255},
    {"vcpu-stepping", 'p', FLAG_U64, "N", NULL, AT(stepping), "stepping of that model", .max = 15},
    {"vmm-type", 0, FLAG_CHOICE, "WHO", NULL, AT(vmm),
     "hypervisor whose habits count (default QEMU):", .choices = vmsa_vmm_names},
    {"guest-features", 0, FLAG_TEXT, "HEX", NULL, AT(features), "SEV_FEATURES (default 0x1)"},
    {"snp-ovmf-hash", 0, FLAG_TEXT, "HEX", NULL, AT(ovmf_hash),
     "digest of the firmware's pages, as mode snp:ovmf-hash prints it"},
    {"svsm", 0, FLAG_TEXT, "FILE", NULL, AT(svsm), "SVSM image of mode snp:svsm"},
    {"vars-file", 0, FLAG_TEXT, "FILE", NULL, AT(vars_file), "variable store; its size counts"},
    {"vars-size", 0, FLAG_U64, "BYTES", NULL, AT(vars_size), "the same, said", .max = UINT32_MAX},
    {"dump-vmsa", 0, FLAG_BOOL, NULL, NULL, AT(dump_vmsa),
     "write vmsa0.bin and vmsa1.bin, the pages of the first and of the other vCPUs"},
    {NULL},
};

/* The bytes of every file that a measurement needs. */
struct sev_bytes {
    struct buf ovmf, kernel, initrd, svsm;
    uint8_t ovmf_hash[SHA384_SIZE];
};

static void sev_bytes_done(struct sev_bytes *bytes)
{
    buf_done(&bytes->ovmf);
    buf_done(&bytes->kernel);
    buf_done(&bytes->initrd);
    buf_done(&bytes->svsm);
}

static int read_optional(const char *path, struct buf *out, struct err *err)
{
    return path == NULL ? 0 : input_read(path, out, err);
}

static int read_files(const struct sev_options *options, struct sev_bytes *bytes,
                      struct sev_files *ret, struct err *err)
{
    OWNED_BUF vars = BUF_OF(OVMF_SIZE_MAX);

    if (input_read(options->ovmf, &bytes->ovmf, err) < 0 ||
        read_optional(options->kernel, &bytes->kernel, err) < 0 ||
        read_optional(options->initrd, &bytes->initrd, err) < 0 ||
        read_optional(options->svsm, &bytes->svsm, err) < 0 ||
        read_optional(options->vars_file, &vars, err) < 0)
        return -1;
    *ret = (struct sev_files){
        .ovmf = buf_span(&bytes->ovmf),
        .has_kernel = options->kernel != NULL,
        .kernel = buf_span(&bytes->kernel),
        .initrd = buf_span(&bytes->initrd),
        .append = options->append,
        .svsm = buf_span(&bytes->svsm),
        .vars_size = options->vars_file != NULL ? vars.len : options->vars_size,
    };
    if (options->ovmf_hash == NULL)
        return 0;
    if (text_parse_hex(options->ovmf_hash, bytes->ovmf_hash, SHA384_SIZE, err) < 0) {
        err->kind = ERR_USAGE;
        return err_wrap(err, "--snp-ovmf-hash");
    }
    ret->snp_ovmf_hash = bytes->ovmf_hash;
    return 0;
}

/* The shape of the processors. Only a model that is looked at must be named. */
static int read_vcpus(const struct sev_options *options, enum sev_mode mode, enum vmsa_vmm vmm,
                      struct sev_vcpus *ret, struct err *err)
{
    const char *features = options->features ? options->features : "0x1";
    bool needed = vmm == VMSA_QEMU && (mode == SEV_MODE_SNP || mode == SEV_MODE_ES);
    char *end = NULL;

    ret->count = options->vcpus > 0 ? (uint32_t)options->vcpus : 1;
    ret->features = strtoull(features, &end, 16);
    ret->signature = (uint32_t)options->signature;
    if (features[0] == '\0' || *end != '\0')
        return err_set(err, ERR_USAGE, "--guest-features: '%.40s' is no hex number", features);
    if (options->family > 0)
        ret->signature = vcpu_make_signature((uint32_t)options->family, (uint32_t)options->model,
                                             (uint32_t)options->stepping);
    if (options->vcpu_type != NULL &&
        vcpu_find_signature(options->vcpu_type, &ret->signature, err) < 0) {
        err->kind = ERR_USAGE;
        return -1;
    }
    if (needed && ret->signature == 0)
        return err_set(err, ERR_USAGE,
                       "which vCPU? say --vcpu-type NAME, --vcpu-sig N, or "
                       "--vcpu-family, --vcpu-model and --vcpu-stepping");
    return 0;
}

static int dump_vmsas(const struct sev_measurement *measurement, const struct sev_vcpus *vcpus,
                      struct err *err)
{
    uint8_t bsp[VMSA_SIZE], ap[VMSA_SIZE];

    if (sev_measure_vmsas(measurement, vcpus, bsp, ap, err) < 0 ||
        file_replace("vmsa0.bin", SPAN_OF_ARRAY(bsp), 0644, err) < 0)
        return -1;
    return vcpus->count > 1 ? file_replace("vmsa1.bin", SPAN_OF_ARRAY(ap), 0644, err) : 0;
}

static int run_sevsnpmeasure(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct sev_options *options = ptr;
    int mode = options->mode != NULL ? index_of(sev_mode_names, options->mode) : -1;
    int vmm = options->vmm != NULL ? index_of(vmsa_vmm_names, options->vmm) : VMSA_QEMU;
    __attribute__((cleanup(sev_bytes_done))) struct sev_bytes bytes = {
        .ovmf = BUF_OF(OVMF_SIZE_MAX),
        .kernel = BUF_OF(KERNEL_MAX),
        .initrd = BUF_OF(KERNEL_MAX),
        .svsm = BUF_OF(OVMF_SIZE_MAX)};
    struct sev_measurement measurement;
    struct sev_files files;
    struct sev_vcpus vcpus;
    uint8_t digest[SHA384_SIZE];
    size_t len;

    if (mode < 0 || options->ovmf == NULL)
        return err_set(err, ERR_USAGE, "--mode and --ovmf must be given");
    if (read_files(options, &bytes, &files, err) < 0 ||
        read_vcpus(options, (enum sev_mode)mode, (enum vmsa_vmm)vmm, &vcpus, err) < 0)
        return -1;
    if (sev_measure_begin((enum sev_mode)mode, (enum vmsa_vmm)vmm, &files, &measurement, err) < 0 ||
        sev_measure_finish(&measurement, &vcpus, digest, &len, err) < 0)
        return reject(options->ovmf, err);
    if (options->dump_vmsa && dump_vmsas(&measurement, &vcpus, err) < 0)
        return -1;
    return print_digest(cli, digest, len);
}

/* --- sevsnpmeasure parse-metadata --- */

static const char *section_name(uint32_t type)
{
    switch (type) {
    case OVMF_SEC_MEM: return "SNP_SEC_MEM";
    case OVMF_SECRETS: return "SNP_SECRETS";
    case OVMF_CPUID: return "CPUID";
    case OVMF_SVSM_CAA: return "SVSM_CAA";
    case OVMF_KERNEL_HASHES: return "SNP_KERNEL_HASHES";
    default: return "unknown";
    }
}

static int run_parse_metadata(const struct cli *cli, const void *options, struct err *err)
{
    const char *path = cli_arg(cli, 0);
    OWNED_BUF file = BUF_OF(OVMF_SIZE_MAX);
    OWNED_JSON *sections = json_new_array();
    struct ovmf ovmf;

    (void)options;
    if (input_read(path, &file, err) < 0)
        return -1;
    if (ovmf_parse(buf_span(&file), &ovmf, err) < 0)
        return reject(path, err);
    for (size_t i = 0; i < ovmf.section_count; i++) {
        struct json *section = json_new_object();

        json_set_str(section, "type", section_name(ovmf.sections[i].type));
        json_set_int(section, "gpa", ovmf.sections[i].gpa);
        json_set_int(section, "size", ovmf.sections[i].size);
        json_add(sections, section);
        if (!cli->options->json)
            print_line("%-18s gpa 0x%08" PRIx32 " size 0x%" PRIx32,
                       section_name(ovmf.sections[i].type), ovmf.sections[i].gpa,
                       ovmf.sections[i].size);
    }
    if (cli->options->json)
        print_json(sections);
    return 0;
}

const struct command measure_commands[] = {
    {
        .path = "igvmmeasure",
        .args = "FILE",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct igvm_options),
        .flags = {{igvm_flags, 0}},
        .run = run_igvmmeasure,
        .summary = "Prints the launch measurement that an IGVM file yields",
        .help = "Nothing but the file is needed. A file that is malformed, does not support the "
                "platform, or names another digest in its ID block ends with exit code 5.",
        .example = "cocos-cli igvmmeasure coconut-qemu.igvm --check-kvm",
    },
    {
        .path = "sevsnpmeasure",
        .args = "",
        .options_size = sizeof(struct sev_options),
        .flags = {{sev_flags, 0}},
        .run = run_sevsnpmeasure,
        .summary = "Prints the launch measurement of a VM of the SEV family, from its files",
        .help = "Firmware, and for a kernel that is booted directly the kernel, initrd and command "
                "line, and the shape of the vCPUs. A kernel given with firmware that has no place "
                "for its hash is refused: it would not be measured.",
        .example = "cocos-cli sevsnpmeasure --mode snp --ovmf OVMF.fd --vcpus 4 --vcpu-type "
                   "EPYC-Milan",
    },
    {
        .path = "sevsnpmeasure parse-metadata",
        .args = "FILE",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct common_options),
        .run = run_parse_metadata,
        .summary = "Shows the SEV metadata of a firmware file",
    },
    {NULL},
};
