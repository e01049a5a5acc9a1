/* policy create-corim: reference values from flags and files, as a CoRIM. */
#include "cli/commands.h"

#include "cli/corim_cloud.h"
#include "cli/corim_make.h"
#include "cli/corim_vtpm.h"
#include "cli/tcb_text.h"
#include "lib/base/text.h"

#include <stdio.h>

/* Bits of a guest policy: AMD 56860, table 10. */
#define GUEST_SMT               (1ull << 16)
#define GUEST_MIGRATION         (1ull << 18)
#define GUEST_DEBUG             (1ull << 19)
#define GUEST_CIPHERTEXT_HIDING (1ull << 24)

/* --- snp --- */

struct snp_options {
    struct common_options common;
    struct corim_output output;
    struct flag_list measurements, chips, providers, id_keys, author_keys, waive;
    const char *product, *host_data, *guest_policy, *igvm;
    const char *min_tcb, *committed_tcb, *launch_tcb;
    uint64_t svn, vmpl;
};

#define SNP(member) offsetof(struct snp_options, member)
static const struct flag snp_flags[] = {
    {"measurement", 0, FLAG_LIST, "HEX", NULL, SNP(measurements),
     "launch measurement that is acceptable; once for each"},
    {"igvm", 0, FLAG_TEXT, "FILE", NULL, SNP(igvm), "the same, computed from an IGVM file"},
    {"product", 0, FLAG_CHOICE, "NAME", NULL, SNP(product),
     "generation, whose layout a TCB given as a number has (default Milan):",
     .choices = tcb_products},
    {"min-tcb", 0, FLAG_TEXT, "TCB", NULL, SNP(min_tcb),
     "minimum of the reported TCB: bl=4,snp=24,ucode=219 or a number"},
    {"committed-tcb", 0, FLAG_TEXT, "TCB", NULL, SNP(committed_tcb), "of the committed TCB"},
    {"launch-tcb", 0, FLAG_TEXT, "TCB", NULL, SNP(launch_tcb), "of the TCB at launch"},
    {"host-data", 0, FLAG_TEXT, "HEX", NULL, SNP(host_data), "HOST_DATA, 32 bytes"},
    {"policy", 0, FLAG_TEXT, "BITS", NULL, SNP(guest_policy),
     "guest policy, 0x30000: what it excludes is demanded"},
    {"svn", 0, FLAG_U64, "N", NULL, SNP(svn), "guest SVN; only 0, a policy has no such member",
     .max = UINT32_MAX},
    {"vmpl", 0, FLAG_U64, "N", NULL, SNP(vmpl), "privilege level of the report (default 0)",
     .max = 3},
    {"id-key-digest", 0, FLAG_LIST, "HEX", NULL, SNP(id_keys), "key that may sign the ID block"},
    {"author-key-digest", 0, FLAG_LIST, "HEX", NULL, SNP(author_keys),
     "key that may certify the ID key"},
    {"chip-id", 0, FLAG_LIST, "HEX", NULL, SNP(chips), "chip that may run it"},
    {"csp-id", 0, FLAG_LIST, "TEXT", NULL, SNP(providers), "cloud provider whose VLEK may sign"},
    {"waive", 0, FLAG_LIST, "NAME", NULL, SNP(waive), "absence that is excused (docs/policy.md)"},
    {NULL},
};

static int add_tcb(struct json *snp, const char *key, const char *text, const char *product,
                   struct err *err)
{
    struct json *tcb = NULL;

    if (text == NULL || strcmp(text, "0") == 0)
        return 0;
    if (tcb_text_parse(text, product, &tcb, err) < 0)
        return err_wrap(err, "%s", key);
    json_set(snp, key, tcb);
    return 0;
}

/* A guest policy that forbids something is one that the verifier can demand; what it allows is
 * never demanded, and debugging and migration are never accepted. */
static int add_guest_policy(struct json *snp, const char *text, struct err *err)
{
    uint64_t bits;

    if (text == NULL || strcmp(text, "0") == 0)
        return 0;
    if (tcb_text_number(text, &bits, err) < 0)
        return err_wrap(err, "--policy");
    if (bits & (GUEST_DEBUG | GUEST_MIGRATION))
        return err_set(err, ERR_USAGE,
                       "--policy %s allows %s, which is accepted by no policy: clear bit %d", text,
                       bits & GUEST_DEBUG ? "debugging" : "a migration agent",
                       bits & GUEST_DEBUG ? 19 : 18);
    if ((bits & GUEST_SMT) == 0)
        json_set_bool(snp, "require_no_smt", true);
    if (bits & GUEST_CIPHERTEXT_HIDING)
        json_set_bool(snp, "require_ciphertext_hiding", true);
    return 0;
}

static int run_snp(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct snp_options *options = ptr;
    OWNED_JSON *document = corim_make_document("snp");
    struct json *snp = json_edit(document, "snp");

    if (options->measurements.count == 0 && options->igvm == NULL)
        return err_set(err, ERR_USAGE,
                       "which launch measurement? --measurement HEX or --igvm FILE");
    if (options->svn != 0)
        return err_set(err, ERR_UNSUPPORTED,
                       "--svn %llu: not available, a policy has no guest SVN; --id-key-digest pins "
                       "who may set it",
                       (unsigned long long)options->svn);
    if (corim_make_igvm(snp, "snp", "measurement", options->igvm, err) < 0 ||
        add_tcb(snp, "min_tcb", options->min_tcb, options->product, err) < 0 ||
        add_tcb(snp, "min_committed_tcb", options->committed_tcb, options->product, err) < 0 ||
        add_tcb(snp, "min_launch_tcb", options->launch_tcb, options->product, err) < 0 ||
        add_guest_policy(snp, options->guest_policy, err) < 0)
        return -1;
    corim_make_texts(snp, "measurement", &options->measurements);
    corim_make_text(snp, "host_data", options->host_data);
    corim_make_texts(snp, "id_key_digest", &options->id_keys);
    corim_make_texts(snp, "author_key_digest", &options->author_keys);
    corim_make_texts(snp, "chip_id", &options->chips);
    corim_make_texts(snp, "csp_id", &options->providers);
    corim_make_texts(document, "waive", &options->waive);
    if (options->vmpl != 0)
        json_set_int(snp, "vmpl", (int64_t)options->vmpl);
    return corim_output_policy(cli, &options->output, document, err);
}

/* --- tdx --- */

struct tdx_options {
    struct common_options common;
    struct corim_output output;
    struct flag_list measurements, modules, statuses, waive;
    const char *rtmrs, *svn, *igvm;
};

#define TDX(member) offsetof(struct tdx_options, member)
static const struct flag tdx_flags[] = {
    {"measurement", 0, FLAG_LIST, "HEX", NULL, TDX(measurements),
     "MRTD that is acceptable; once for each"},
    {"igvm", 0, FLAG_TEXT, "FILE", NULL, TDX(igvm), "the same, computed from an IGVM file"},
    {"rtmrs", 0, FLAG_TEXT, "HEX,HEX,…", NULL, TDX(rtmrs),
     "RTMR 0 to 3, separated by commas; an empty one is not compared"},
    {"mr-seam", 0, FLAG_LIST, "HEX", NULL, TDX(modules), "TDX module that is acceptable"},
    {"svn", 0, FLAG_TEXT, "HEX", NULL, TDX(svn), "minimum of TEE_TCB_SVN, 16 bytes"},
    {"tcb-status", 0, FLAG_LIST, "NAME", NULL, TDX(statuses),
     "TCB status that is acceptable (default UpToDate)"},
    {"waive", 0, FLAG_LIST, "NAME", NULL, TDX(waive), "absence that is excused (docs/policy.md)"},
    {NULL},
};

static int add_rtmrs(struct json *tdx, const char *text, struct err *err)
{
    for (unsigned i = 0; text != NULL; i++) {
        size_t length = strcspn(text, ",");
        OWNED(free_str) char *value = mem_copy(text, length);
        char key[8];

        if (i == 4)
            return err_set(err, ERR_USAGE, "--rtmrs: there are RTMR 0 to 3 only");
        snprintf(key, sizeof(key), "rtmr%u", i);
        corim_make_text(tdx, key, value);
        text = text[length] == ',' ? text + length + 1 : NULL;
    }
    return 0;
}

static int run_tdx(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct tdx_options *options = ptr;
    OWNED_JSON *document = corim_make_document("tdx");
    struct json *tdx = json_edit(document, "tdx");

    if (options->measurements.count == 0 && options->igvm == NULL)
        return err_set(err, ERR_USAGE, "which MRTD? --measurement HEX or --igvm FILE");
    if (corim_make_igvm(tdx, "tdx", "mrtd", options->igvm, err) < 0 ||
        add_rtmrs(tdx, options->rtmrs, err) < 0)
        return -1;
    corim_make_texts(tdx, "mrtd", &options->measurements);
    corim_make_texts(tdx, "mrseam", &options->modules);
    corim_make_texts(tdx, "tcb_status", &options->statuses);
    if (options->svn != NULL && strcmp(options->svn, "0") != 0)
        corim_make_text(tdx, "min_tee_tcb_svn", options->svn);
    corim_make_texts(document, "waive", &options->waive);
    return corim_output_policy(cli, &options->output, document, err);
}

const struct command corim_commands[] = {
    {
        .path = "policy create-corim snp",
        .args = "",
        .options_size = sizeof(struct snp_options),
        .flags = {{snp_flags, 0}, {corim_output_flags, SNP(output)}},
        .run = run_snp,
        .summary = "Makes a policy for AMD SEV-SNP, as a CoRIM",
        .help =
            "'attestation validate --policy' takes it as it is; 'policy show' makes JSON of it.",
        .example = "cocos-cli policy create-corim snp --igvm coconut-qemu.igvm --min-tcb "
                   "bl=4,snp=24,ucode=219 \\\n    --signing-key owner-private.pem -o snp.corim",
    },
    {
        .path = "policy create-corim tdx",
        .args = "",
        .options_size = sizeof(struct tdx_options),
        .flags = {{tdx_flags, 0}, {corim_output_flags, TDX(output)}},
        .run = run_tdx,
        .summary = "Makes a policy for Intel TDX, as a CoRIM",
    },
    {
        .path = "policy create-corim vtpm",
        .args = "",
        .options_size = sizeof(struct corim_vtpm_options),
        .flags = {{corim_vtpm_flags, 0},
                  {corim_output_flags, offsetof(struct corim_vtpm_options, output)}},
        .run = corim_vtpm_run,
        .summary = "Makes a policy for a virtual TPM's registers, as a CoRIM",
        .example = "cocos-cli eventlog replay binary_bios_measurements --json > pcrs.json\n"
                   "cocos-cli policy create-corim vtpm --pcrs pcrs.json -o vtpm.corim",
    },
    {
        .path = "policy create-corim azure",
        .args = "",
        .options_size = sizeof(struct corim_cloud_options),
        .flags = {{corim_azure_flags, 0},
                  {corim_output_flags, offsetof(struct corim_cloud_options, output)}},
        .run = corim_azure_run,
        .summary = "Makes a policy from a token of Azure's attestation service",
        .help = "The token must be signed by the key that is given; nothing is fetched. Its "
                "measurement, host data, keys and TCB become what is demanded.",
    },
    {
        .path = "policy create-corim gcp",
        .args = "",
        .options_size = sizeof(struct corim_cloud_options),
        .flags = {{corim_gcp_flags, 0},
                  {corim_output_flags, offsetof(struct corim_cloud_options, output)}},
        .run = corim_gcp_run,
        .summary = "Makes a policy from a launch endorsement of Google's firmware",
        .help = "The endorsement must be signed by the key that is given; nothing is fetched.",
        .example = "cocos-cli policy create-corim gcp --endorsement fw.binarypb --key google.pem "
                   "--vcpu 4 -o gcp.corim",
    },
    {NULL},
};
