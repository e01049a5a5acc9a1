/* measure: what a VM with OVMF and a TPM shows when it booted these files and nothing else. */
#include "cli/commands.h"

#include "cli/boot_input.h"
#include "cli/boot_values.h"
#include "cli/input.h"
#include "cli/print.h"
#include "cli/session.h"
#include "lib/attest/evidence/tcg_log.h"
#include "lib/attest/reference/pei.h"
#include "lib/attest/reference/uki.h"
#include "lib/base/text.h"

/* What the files cannot give is their own fault: exit code 5, as for evidence. */
static int reject(struct err *err)
{
    if (err->kind == ERR_INPUT)
        err->kind = ERR_UNTRUSTED;
    return -1;
}

/* The registers that boot_values_json() tells, one a line. */
static void print_registers(const struct json *told)
{
    const struct json *registers = json_get(json_get(told, "pcrs"), "sha256"), *value;
    const char *key = NULL;

    while ((value = json_next(registers, &key)) != NULL)
        print_line("PCR %-2s  %s", key, json_str(value));
    key = NULL;
    while ((value = json_next(json_get(told, "launch"), &key)) != NULL) {
        const char *digest = json_get_str(value, "digest");

        print_line("%-6s  %s%s", key,
                   digest ? "" : "none: ", digest ? digest : json_get_str(value, "refused"));
    }
}

/* "name  digest" lines of an object. */
static void print_digests(const struct json *object)
{
    const struct json *value;
    const char *key = NULL;

    while ((value = json_next(object, &key)) != NULL)
        if (json_str(value) != NULL)
            print_line("%-12s  %s", key, json_str(value));
}

/* What the agent adds, when a configuration was named. */
static int predict_run(const struct boot_options *options, struct pcr_run *run, bool *ret,
                       struct err *err)
{
    *ret = options->config != NULL;
    if (options->ended && options->manifests.count == 0)
        return err_set(err, ERR_USAGE, "--ended: which computation? say --manifest");
    if (options->config != NULL)
        return boot_values_of_run(options->config, &options->manifests, options->ended, run, err);
    if (options->manifests.count > 0)
        return err_set(err, ERR_USAGE, "a manifest follows a configuration: say --config");
    return 0;
}

/* Whether this program could have computed what a reference boot showed; for a build that it does
 * not know, where it would have to look. */
static void tell_record(const struct boot_bytes *bytes, const struct boot_reference *reference,
                        const struct boot_record *record, struct json *json)
{
    uint8_t computed[SHA256_SIZE];
    struct err unknown;
    size_t place;

    if (pei_predict(reference->volumes.pei, &bytes->shape, computed, &unknown) == 0)
        json_set_bool(json, "as_computed",
                      span_equal(SPAN_OF_ARRAY(record->pei), SPAN_OF_ARRAY(computed)));
    else if (pei_find_place(reference->volumes.pei, &bytes->shape, record->pei, &place, &unknown) ==
             0)
        json_set_int(json, "place", (int64_t)place);
}

static int read_record(const struct boot_options *options, const struct boot_reference *reference,
                       struct boot_record *ret, struct err *err)
{
    OWNED_BUF log = BUF_OF(TCG_LOG_SIZE_MAX);

    if (input_read(options->record, &log, err) < 0)
        return -1;
    if (boot_reference_record(reference, buf_span(&log), ret, err) == 0)
        return 0;
    err_wrap(err, "'%s'", options->record);
    return reject(err);
}

/* A release record with the values among its own, a policy, JSON, or lines. */
static void print_prediction(const struct cli *cli, const struct boot_options *options,
                             const struct boot_bytes *bytes,
                             const struct boot_prediction *prediction, struct json *told)
{
    OWNED_JSON *json = told;

    if (options->record != NULL && options->image != NULL) {
        json_free(json);
        json = boot_values_add(bytes->document, options->secure_boot, &bytes->shape, prediction);
        print_json(json);
    } else if (options->policy) {
        /* With Secure Boot the signed program hands the initrd over. */
        OWNED_JSON *policy =
            boot_values_policy(json, options->secure_boot ? NULL : bytes->input.initrd_sha256);

        print_json(policy);
    } else if (cli->options->json) {
        print_json(json);
    } else {
        print_registers(json);
    }
    if (prediction->reason[0] != '\0')
        say_warning("not all registers are known: %s", prediction->reason);
}

static int print_one(const struct cli *cli, const struct boot_options *options,
                     const struct boot_bytes *bytes, const struct boot_reference *reference,
                     struct err *err)
{
    struct boot_prediction prediction;
    struct boot_record record;
    struct pcr_run run;
    struct json *told, *launch = NULL;
    bool has_run;

    if (predict_run(options, &run, &has_run, err) < 0 ||
        (options->record != NULL && read_record(options, reference, &record, err) < 0))
        return -1;
    if (boot_reference_predict(&bytes->input, &prediction, err) < 0 ||
        boot_reference_add_firmware(reference, &bytes->shape, options->record ? &record : NULL,
                                    &prediction, err) < 0)
        return reject(err);
    if (options->launch != NULL && boot_values_of_launch(bytes, options->launch, &launch, err) < 0)
        return -1;
    told = boot_values_json(reference, &prediction, has_run ? &run : NULL);
    if (launch != NULL)
        json_set(told, "launch", launch);
    if (options->record != NULL)
        tell_record(bytes, reference, &record, told);
    print_prediction(cli, options, bytes, &prediction, told);
    return 0;
}

static int print_shapes(const struct boot_options *options, const struct boot_bytes *bytes,
                        const struct boot_reference *reference, struct err *err)
{
    OWNED_JSON *json = NULL;
    struct json *launch = NULL;

    if (options->image == NULL)
        return err_set(err, ERR_USAGE, "the shapes are those of a release record: say --image");
    if (boot_values_of_shapes(&bytes->record, &bytes->input, reference, &json, err) < 0)
        return reject(err);
    if (!options->secure_boot) {
        if (boot_values_of_protections(options->image, bytes, &launch, err) < 0)
            return -1;
        json_set(json, "launch", launch);
    }
    if (json_get(json_get(json_at(json_get(json, "shapes"), 0), "pcrs"), "0") == NULL)
        say_warning(
            "what this build of the firmware measures about itself is not known, so policies "
            "will lack PCR 0 and others; 'measure --record' takes them from a VM");
    print_json(json);
    return 0;
}

/* Each value as a list of one, as the manager's policies have them: the same text, the same digest.
 */
static struct json *listed(struct json *part)
{
    struct json *lists = json_new_object();
    const struct json *value;
    const char *key = NULL;

    while ((value = json_next(part, &key)) != NULL) {
        struct json *list = json_new_array();

        json_add(list, json_new_copy(value));
        json_set(lists, key, list);
    }
    json_free(part);
    return lists;
}

/* What a protected guest shows: lines, JSON, or a policy that demands it. binding: of its launch,
 * in hex, or NULL. */
static void print_part(const struct cli *cli, const struct boot_options *options,
                       enum api_platform platform, struct json *part, const char *binding)
{
    OWNED_JSON *json = NULL;

    if (options->policy)
        part = listed(part);
    if (binding != NULL)
        json_set_str(part, "host_data", binding);
    json = options->policy ? image_policy_of_part(platform, part) : part;

    if (options->policy || cli->options->json)
        print_json(json);
    else
        print_digests(json);
}

/* A TD: nothing of a TPM, and of RTMR0 nothing that its template does not show. */
static int print_td(const struct cli *cli, const struct boot_options *options,
                    const struct boot_bytes *bytes, struct err *err)
{
    struct td_prediction td;
    struct pcr_run run;
    bool has_run;

    if (predict_run(options, &run, &has_run, err) < 0)
        return -1;
    if (boot_values_of_td(bytes, options->ccel,
                          options->two_passes ? TDVF_TWO_PASSES : TDVF_PAGE_BY_PAGE, &td, err) < 0)
        return reject(err);
    if (has_run)
        boot_values_add_run(&td, &run);
    print_part(cli, options, API_PLATFORM_TDX, boot_values_td_json(&td), NULL);
    if (options->ccel == NULL)
        say("RTMR0 is not known without the event log of a TD of this shape (--ccel)");
    for (unsigned index = 0; index < RTMR_COUNT; index++)
        if (td.taken[index] > 0)
            say("RTMR%u: %zu events are the template's word", index, td.taken[index]);
    return 0;
}

static int print_snp(const struct cli *cli, const struct boot_options *options,
                     const struct boot_bytes *bytes, struct err *err)
{
    const char *model =
        options->vcpu_type ? options->vcpu_type : bytes->record.launch.snp.cpu_model;
    char manifest[MANIFEST_HASH_SIZE] = "";
    struct json *part = NULL;

    if (options->manifests.count > 1)
        return err_set(err, ERR_USAGE, "a launch is bound to one manifest");
    if (options->manifests.count == 1 &&
        session_manifest_digest(options->manifests.items[0], manifest, err) < 0)
        return -1;
    if (model == NULL)
        return err_set(err, ERR_USAGE, "which model have the vCPUs? say --vcpu-type");
    if (options->config != NULL || options->ended)
        return err_set(
            err, ERR_USAGE,
            "--config, --ended: an SNP guest without a TPM measures no run; its reports name it");
    if (boot_values_of_snp(bytes, model, &part, err) < 0)
        return reject(err);
    print_part(cli, options, API_PLATFORM_SNP, part, manifest[0] != '\0' ? manifest : NULL);
    return 0;
}

/* {"pcr11": hex, "enter-initrd": hex, ...}: at the start, and after each milestone. */
static int print_uki(const struct cli *cli, const struct boot_options *options, struct err *err)
{
    OWNED_JSON *json = json_new_object();
    OWNED_BUF file = BUF_OF(1 * GIB);
    uint8_t value[SHA256_SIZE];

    if (input_read(options->uki, &file, err) < 0)
        return -1;
    if (uki_measure(buf_span(&file), DIGEST_SHA256, value, err) < 0) {
        err_wrap(err, "'%s'", options->uki);
        return reject(err);
    }
    json_set_hex(json, "pcr11", SPAN_OF_ARRAY(value));
    for (size_t i = 0; uki_phases[i] != NULL; i++) {
        uki_enter_phase(uki_phases[i], DIGEST_SHA256, value);
        json_set_hex(json, uki_phases[i], SPAN_OF_ARRAY(value));
    }
    if (cli->options->json)
        print_json(json);
    else
        print_digests(json);
    return 0;
}

static int run_measure(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct boot_options *options = ptr;
    OWNED_BOOT_BYTES bytes = {0};
    OWNED_BOOT_REFERENCE reference = {0};
    const char *version = options->firmware_version ? options->firmware_version : "";

    if (options->uki != NULL)
        return print_uki(cli, options, err);
    if (boot_input_read(options, &bytes, err) < 0)
        return -1;
    if (boot_input_is_for(options, "snp"))
        return print_snp(cli, options, &bytes, err);
    if (boot_input_is_for(options, "tdx"))
        return print_td(cli, options, &bytes, err);
    if (boot_reference_begin(buf_span(&bytes.firmware), version, &reference, err) < 0)
        return reject(err);
    if (options->shapes)
        return print_shapes(options, &bytes, &reference, err);
    return print_one(cli, options, &bytes, &reference, err);
}

const struct command boot_commands[] = {
    {
        .path = "measure",
        .args = "",
        .options_size = sizeof(struct boot_options),
        .flags = {{boot_flags, 0}},
        .run = run_measure,
        .summary = "Prints the registers that a VM shows after booting these files",
        .help =
            "Firmware, kernel, initrd and command line, and the shape of the VM, give the "
            "SHA-256 bank of its TPM: PCR 0 to 14, and PCR 15 when the agent's configuration "
            "is named. With --policy the same as a policy for attestation validate.\n\n"
            "PCR 0 holds the early firmware as it lies in memory. For builds that are not "
            "known, or another processor than QEMU's qemu64, boot one VM of the shape, fetch its "
            "event log, and say --record: what the firmware alone decides is taken from there, if "
            "the log is of this firmware. With --image the release record is printed with the "
            "values of that VM among its own.\n\n"
            "With --platform tdx it is a TD: MRTD from the firmware file, RTMR1 and RTMR2 from the "
            "files, RTMR3 from --config and --manifest. RTMR0 holds what the host alone knows: "
            "--ccel takes it from the log of a TD of the same shape, with the keys that are "
            "enrolled. With --platform snp it is the launch measurement of an SEV-SNP guest.",
        .example = "cocos-cli measure --image build/eos/eos/image.json --memory 1024 --cpus 2",
    },
    {NULL},
};
