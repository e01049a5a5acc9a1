/* igvm show: what an IGVM file holds, and what of it is measured. */
#include "cli/commands.h"

#include "cli/input.h"
#include "cli/print.h"
#include "lib/attest/reference/igvm_policy.h"
#include "lib/base/reader.h"

#include <inttypes.h>

/* Types of headers by their names in the specification, igvm_defs. */
static const struct {
    uint32_t type;
    const char *name;
} type_names[] = {
    {IGVM_SUPPORTED_PLATFORM, "supported platform"},
    {IGVM_GUEST_POLICY, "guest policy"},
    {IGVM_RELOCATABLE_REGION, "relocatable region"},
    {IGVM_PAGE_TABLE_RELOCATION, "page table relocation"},
    {IGVM_PARAMETER_AREA, "parameter area"},
    {IGVM_PAGE_DATA, "page data"},
    {IGVM_PARAMETER_INSERT, "parameter insert"},
    {IGVM_VP_CONTEXT, "VP context"},
    {IGVM_REQUIRED_MEMORY, "required memory"},
    {IGVM_VP_COUNT, "VP count parameter"},
    {IGVM_SRAT, "SRAT parameter"},
    {IGVM_MADT, "MADT parameter"},
    {IGVM_MMIO_RANGES, "MMIO ranges parameter"},
    {IGVM_SNP_ID_BLOCK, "SNP ID block"},
    {IGVM_MEMORY_MAP, "memory map parameter"},
    {IGVM_ERROR_RANGE, "error range"},
    {IGVM_COMMAND_LINE, "command line parameter"},
    {IGVM_SLIT, "SLIT parameter"},
    {IGVM_PPTT, "PPTT parameter"},
    {IGVM_VBS_MEASUREMENT, "VBS measurement"},
    {IGVM_DEVICE_TREE, "device tree parameter"},
    {IGVM_ENVIRONMENT, "environment parameter"},
};

static struct json *count_headers(const struct igvm *igvm)
{
    struct json *counts = json_new_object();
    size_t found[COUNT_OF(type_names)] = {0};
    struct igvm_header header;
    size_t at = 0;

    while (igvm_next(igvm, &at, &header))
        for (size_t i = 0; i < COUNT_OF(type_names); i++)
            found[i] += type_names[i].type == header.type;
    for (size_t i = 0; i < COUNT_OF(type_names); i++)
        if (found[i] > 0)
            json_set_int(counts, type_names[i].name, (int64_t)found[i]);
    return counts;
}

/* What a platform makes of the file: its digest, or why there is none. */
static struct json *describe_platform(const struct igvm *igvm, enum igvm_platform platform)
{
    struct json *json = json_new_object();
    struct igvm_measurement measured;
    struct err err;

    json_set_str(json, "name", igvm_platform_names[platform]);
    json_set_int(json, "mask", igvm->masks[platform]);
    if (igvm_measure(igvm, platform, 0, &measured, &err) < 0 &&
        igvm_measure(igvm, platform, IGVM_NATIVE_ZERO, &measured, &err) < 0) {
        json_set_str(json, "why_not", err.text);
        return json;
    }
    json_set_hex(json, "measurement", span_of(measured.digest, measured.len));
    json_set_int(json, "vp_contexts", measured.vp_count);
    json_set_int(json, "unmeasured_pages", measured.unmeasured);
    if (igvm_check_measured(igvm, platform, &err) < 0)
        json_set_str(json, "no_reference_because", err.text);
    return json;
}

static struct json *describe(const struct igvm *igvm)
{
    struct json *json = json_new_object();
    struct json *platforms = json_new_array();
    char policy[2 + 16 + 1];

    for (int i = 0; i < IGVM_PLATFORM_COUNT; i++)
        if (igvm->masks[i] != 0)
            json_add(platforms, describe_platform(igvm, (enum igvm_platform)i));
    snprintf(policy, sizeof(policy), "0x%" PRIx64, igvm->snp_policy);
    json_set_int(json, "version", igvm->version);
    json_set_int(json, "bytes", (int64_t)igvm->file.len);
    json_set(json, "platforms", platforms);
    if (igvm->has_snp_policy)
        json_set_str(json, "snp_policy", policy);
    if (igvm->has_id_block)
        json_set_hex(json, "id_block_measurement", SPAN_OF_ARRAY(igvm->id_block_digest));
    json_set(json, "headers", count_headers(igvm));
    return json;
}

static void show_platforms(const struct json *platforms)
{
    static const struct column columns[] = {
        {"measurement", "measurement", COLUMN_TEXT},
        {"not measured for", "why_not", COLUMN_TEXT},
        {"VP contexts", "vp_contexts", COLUMN_TEXT},
        {"pages the host fills", "unmeasured_pages", COLUMN_TEXT},
        {"no reference", "no_reference_because", COLUMN_TEXT},
    };

    for (size_t i = 0; i < json_count(platforms); i++) {
        print_line("platform %s", json_get_str(json_at(platforms, i), "name"));
        print_object(json_at(platforms, i), columns, COUNT_OF(columns));
    }
}

static void show(const struct json *json)
{
    static const struct column columns[] = {
        {"version", "version", COLUMN_TEXT},
        {"size", "bytes", COLUMN_BYTES},
        {"SNP guest policy", "snp_policy", COLUMN_TEXT},
        {"ID block for", "id_block_measurement", COLUMN_TEXT},
    };
    const struct json *headers = json_get(json, "headers"), *count;
    const char *name = NULL;

    print_object(json, columns, COUNT_OF(columns));
    show_platforms(json_get(json, "platforms"));
    print_line("headers");
    while ((count = json_next(headers, &name)) != NULL)
        print_line("  %6" PRId64 " %s", json_int(count), name);
}

static int run_igvm_show(const struct cli *cli, const void *options, struct err *err)
{
    OWNED_BUF file = BUF_OF(IGVM_SIZE_MAX);
    OWNED_JSON *json = NULL;
    struct igvm igvm;

    (void)options;
    if (input_read(cli_arg(cli, 0), &file, err) < 0)
        return -1;
    if (igvm_parse(buf_span(&file), &igvm, err) < 0) {
        err->kind = ERR_UNTRUSTED;
        return err_wrap(err, "'%s'", cli_arg(cli, 0));
    }
    json = describe(&igvm);
    if (cli->options->json)
        print_json(json);
    else
        show(json);
    return 0;
}

const struct command igvm_commands[] = {
    {
        .path = "igvm show",
        .args = "FILE",
        .args_min = 1,
        .args_max = 1,
        .options_size = sizeof(struct common_options),
        .run = run_igvm_show,
        .summary = "Shows what an IGVM file holds, for which platforms, and what is measured",
        .help = "A file that has contents which nothing measures is no reference for them, and the "
                "output says so: the host may put others in their place.",
        .example = "cocos-cli igvm show coconut-qemu.igvm",
    },
    {NULL},
};
