#include "cli/boot_input.h"

#include "cli/input.h"
#include "lib/api/vm.h"
#include "lib/base/text.h"

#define FILE_MAX     (1 * GIB)
#define VARIABLE_MAX (1 * MIB)

#define AT(member) offsetof(struct boot_options, member)
const struct flag boot_flags[] = {
    {"image", 0, FLAG_TEXT, "FILE", NULL, AT(image),
     "release record (image.json), which names all files"},
    {"secure-boot", 0, FLAG_BOOL, NULL, NULL, AT(secure_boot),
     "as a VM of that record boots with Secure Boot: its signed program and enrolled keys"},
    {"firmware", 'o', FLAG_TEXT, "FILE", NULL, AT(firmware), "OVMF, without a record"},
    {"kernel", 'k', FLAG_TEXT, "FILE", NULL, AT(kernel), "kernel that is booted directly"},
    {"initrd", 'i', FLAG_TEXT, "FILE", NULL, AT(initrd), "initrd of that kernel"},
    {"append", 'a', FLAG_TEXT, "TEXT", NULL, AT(append), "command line of that kernel"},
    {"memory", 'm', FLAG_U64, "MIB", NULL, AT(memory_mib),
     "memory of the VM (default: what the record says, or 512)", .min = 1,
     .max = VM_MEMORY_MIB_MAX},
    {"cpus", 0, FLAG_U64, "N", NULL, AT(cpus), "vCPUs of the VM (default 1)", .min = 1,
     .max = VM_CPUS_MAX},
    {"platform", 0, FLAG_CHOICE, "WHAT", NULL, AT(platform),
     "what protects the VM: vm (default, a TPM), snp or tdx", .choices = api_platform_names + 1},
    {"vcpu-type", 0, FLAG_TEXT, "MODEL", NULL, AT(vcpu_type),
     "model of the vCPUs, which SNP measures (default: what the record says)"},
    {"as-is", 0, FLAG_BOOL, NULL, NULL, AT(as_is),
     "the kernel is handed over unchanged, as newer QEMU can and as with SEV"},
    {"firmware-version", 0, FLAG_TEXT, "TEXT", NULL, AT(firmware_version),
     "what the build measures as its version (default: nothing)"},
    {"pk", 0, FLAG_TEXT, "FILE", NULL, AT(pk), "enrolled platform key: the variable's content"},
    {"kek", 0, FLAG_TEXT, "FILE", NULL, AT(kek), "enrolled key exchange keys"},
    {"db", 0, FLAG_TEXT, "FILE", NULL, AT(db), "enrolled signers"},
    {"dbx", 0, FLAG_TEXT, "FILE", NULL, AT(dbx), "what is revoked"},
    {"authority", 0, FLAG_TEXT, "FILE", NULL, AT(authority),
     "entry of db that the kernel passed by"},
    {"config", 0, FLAG_TEXT, "FILE", NULL, AT(config),
     "config.json that the agent is given: adds PCR 15, or RTMR3 of a TD"},
    {"manifest", 0, FLAG_LIST, "FILE", NULL, AT(manifests),
     "manifest set after it, once for each, in order; of an SNP guest the one that its launch was "
     "bound to"},
    {"ended", 0, FLAG_BOOL, NULL, NULL, AT(ended),
     "the computation of the last manifest is over, and the VM waits for another"},
    {"launch", 0, FLAG_TEXT, "MODEL", NULL, AT(launch),
     "add what SEV and TDX would measure at launch, with vCPUs of that model (EPYC-v4)"},
    {"ccel", 0, FLAG_TEXT, "LOG", NULL, AT(ccel),
     "event log of a TD of this shape: adds RTMR0, and platform is tdx"},
    {"uki", 0, FLAG_TEXT, "FILE", NULL, AT(uki),
     "PCR 11 alone, of a unified kernel image, and as systemd's milestones change it"},
    {"two-passes", 0, FLAG_BOOL, NULL, NULL, AT(two_passes),
     "MRTD as older KVM built TDs: pages added first, then measured"},
    {"policy", 0, FLAG_BOOL, NULL, NULL, AT(policy), "print a policy that demands these values"},
    {"shapes", 0, FLAG_BOOL, NULL, NULL, AT(shapes),
     "print the values for every shape that a release record holds"},
    {"record", 0, FLAG_TEXT, "LOG", NULL, AT(record),
     "event log of a VM of this shape: what the firmware alone decides is taken from it"},
    {NULL},
};

void boot_input_done(struct boot_bytes *bytes)
{
    struct buf *const bufs[] = {&bytes->firmware, &bytes->kernel,   &bytes->initrd,
                                &bytes->pk,       &bytes->kek,      &bytes->db,
                                &bytes->dbx,      &bytes->authority};

    for (size_t i = 0; i < COUNT_OF(bufs); i++)
        buf_done(bufs[i]);
    image_record_release(&bytes->record);
    json_free(GIVE(bytes->document));
}

int boot_input_read_recorded(const char *record_path, const struct image_file *file,
                             struct buf *out, struct err *err)
{
    const char *slash = strrchr(record_path, '/');
    OWNED(free_str)
    char *path =
        mem_printf("%.*s%s", slash ? (int)(slash - record_path + 1) : 0, record_path, file->file);
    uint8_t digest[SHA256_SIZE];

    if (input_read(path, out, err) < 0)
        return -1;
    digest_of(DIGEST_SHA256, buf_span(out), digest);
    if (span_equal(SPAN_OF_ARRAY(digest), span_of(file->sha256.data, SHA256_SIZE)))
        return 0;
    return err_set(err, ERR_UNTRUSTED, "'%s': is not the file of the release record", path);
}

bool boot_input_is_for(const struct boot_options *options, const char *platform)
{
    const char *asked = options->platform       ? options->platform
                        : options->ccel != NULL ? "tdx"
                                                : "vm";

    return strcmp(asked, platform) == 0;
}

/* The firmware that a VM of that platform starts with. */
static int find_firmware(const struct boot_options *options, const struct image_record *record,
                         const struct image_file **ret, struct err *err)
{
    const struct image_protection *protection =
        boot_input_is_for(options, "snp")   ? &record->launch.snp
        : boot_input_is_for(options, "tdx") ? &record->launch.tdx
                                            : NULL;

    *ret = protection != NULL ? &protection->firmware : &record->firmware;
    if ((*ret)->file != NULL)
        return 0;
    if (protection->igvm.file != NULL)
        return err_set(err, ERR_USAGE, "'%s': such a VM starts from '%s'; measure it: igvmmeasure",
                       options->image, protection->igvm.file);
    return err_set(err, ERR_USAGE, "'%s': has no firmware for platform '%s'%s%s", options->image,
                   options->platform ? options->platform : "tdx", protection->missing ? ": " : "",
                   protection->missing ? protection->missing : "");
}

/* The one program on the disk stands for kernel, initrd and command line, whose keys are enrolled.
 */
static int read_secure_boot(const struct boot_options *options, struct boot_bytes *bytes,
                            struct err *err)
{
    const struct image_secure_boot *boot = &bytes->record.secure_boot;
    struct pcr_boot_input *input = &bytes->input;

    if (!image_has_secure_boot(&bytes->record))
        return err_set(err, ERR_USAGE,
                       "'%s': cannot be started with Secure Boot: it has no member /secure_boot",
                       options->image);
    if (boot_input_read_recorded(options->image, &boot->firmware, &bytes->firmware, err) < 0 ||
        boot_input_read_recorded(options->image, &boot->disk, &bytes->kernel, err) < 0 ||
        secure_boot_first_entry(span_of(boot->db.data, boot->db.len), &input->secure_boot_authority,
                                err) < 0)
        return -1;
    input->unified = true;
    input->secure_boot = (struct secure_boot_vars){.enabled = true,
                                                   .pk = span_of(boot->pk.data, boot->pk.len),
                                                   .kek = span_of(boot->kek.data, boot->kek.len),
                                                   .db = span_of(boot->db.data, boot->db.len),
                                                   .dbx = span_of(boot->dbx.data, boot->dbx.len)};
    return 0;
}

static int read_image(const struct boot_options *options, struct boot_bytes *bytes, struct err *err)
{
    const struct image_file *firmware;

    if (options->kernel || options->initrd || options->append || options->firmware)
        return err_set(err, ERR_USAGE, "--image names kernel, initrd, command line and firmware");
    if (input_read_json(options->image, IMAGE_RECORD_MAX, &bytes->document, err) < 0)
        return -1;
    if (image_record_decode(bytes->document, &bytes->record, err) < 0)
        return err_wrap(err, "'%s'", options->image);
    if (options->secure_boot)
        return read_secure_boot(options, bytes, err);
    if (find_firmware(options, &bytes->record, &firmware, err) < 0 ||
        boot_input_read_recorded(options->image, firmware, &bytes->firmware, err) < 0 ||
        boot_input_read_recorded(options->image, &bytes->record.kernel, &bytes->kernel, err) < 0 ||
        boot_input_read_recorded(options->image, &bytes->record.initrd, &bytes->initrd, err) < 0)
        return -1;
    bytes->input.cmdline = bytes->record.cmdline.text;
    bytes->input.initrd_sha256 = bytes->initrd_sha256;
    return 0;
}

static int read_files(const struct boot_options *options, struct boot_bytes *bytes, struct err *err)
{
    if (options->secure_boot)
        return err_set(err, ERR_USAGE, "--secure-boot is of a release record: say --image");
    if (options->kernel == NULL || options->firmware == NULL)
        return err_set(err, ERR_USAGE, "say --image, or --firmware and --kernel");
    if (input_read(options->firmware, &bytes->firmware, err) < 0 ||
        input_read(options->kernel, &bytes->kernel, err) < 0 ||
        (options->initrd != NULL && input_read(options->initrd, &bytes->initrd, err) < 0))
        return -1;
    bytes->input.cmdline = options->append ? options->append : "";
    bytes->input.initrd_sha256 = options->initrd ? bytes->initrd_sha256 : NULL;
    return 0;
}

static int read_variables(const struct boot_options *options, struct boot_bytes *bytes,
                          struct err *err)
{
    struct secure_boot_vars *vars = &bytes->input.secure_boot;
    const struct {
        const char *path;
        struct buf *to;
        struct span *as;
    } variables[] = {
        {options->pk, &bytes->pk, &vars->pk},
        {options->kek, &bytes->kek, &vars->kek},
        {options->db, &bytes->db, &vars->db},
        {options->dbx, &bytes->dbx, &vars->dbx},
        {options->authority, &bytes->authority, &bytes->input.secure_boot_authority},
    };

    for (size_t i = 0; i < COUNT_OF(variables); i++) {
        if (variables[i].path == NULL)
            continue;
        if (options->pk == NULL)
            return err_set(err, ERR_USAGE, "keys are enrolled under a platform key: say --pk");
        *variables[i].to = BUF_OF(VARIABLE_MAX);
        if (input_read(variables[i].path, variables[i].to, err) < 0)
            return -1;
        *variables[i].as = buf_span(variables[i].to);
    }
    if (options->pk != NULL)
        vars->enabled = true; /* a platform key ends setup mode */
    return 0;
}

static void read_shape(const struct boot_options *options, struct boot_bytes *bytes)
{
    uint64_t memory_mib = options->memory_mib;

    if (memory_mib == 0)
        memory_mib = options->image ? bytes->record.default_memory_mib : 512;
    bytes->shape = (struct vm_shape){memory_mib * MIB, options->cpus ? (uint32_t)options->cpus : 1};
}

int boot_input_read(const struct boot_options *options, struct boot_bytes *ret, struct err *err)
{
    struct boot_bytes bytes = {.firmware = BUF_OF(64 * MIB),
                               .kernel = BUF_OF(FILE_MAX),
                               .initrd = BUF_OF(FILE_MAX),
                               .input = {.qemu_patches = !options->as_is}};

    *ret = bytes;
    if ((options->image ? read_image(options, ret, err) : read_files(options, ret, err)) < 0 ||
        read_variables(options, ret, err) < 0)
        return -1;
    read_shape(options, ret);
    ret->input.kernel = buf_span(&ret->kernel);
    if (ret->input.unified)
        ret->input.kernel = span_part(ret->input.kernel, ret->record.secure_boot.program_at,
                                      ret->record.secure_boot.program_bytes);
    ret->input.initrd_size = ret->initrd.len;
    ret->input.ram_bytes = ret->shape.ram_bytes;
    digest_of(DIGEST_SHA256, buf_span(&ret->initrd), ret->initrd_sha256);
    return 0;
}
