#include "lib/api/image.h"

#include "lib/base/text.h"
#include "lib/crypto/digest.h"
#include "lib/json/pointer.h"

#define FILE_BYTES_MAX  (1 * GIB)
#define MEMORY_MIB_MAX  (1024 * 1024)
#define RECORD_NAME_MAX 63
#define CPUS_MAX        1024
#define SHAPES_MAX      4096
#define REGISTERS       24
#define VALUES_MAX      16
#define REASON_MAX      1000
#define VALUE_DIGITS    (2 * SHA384_SIZE)
#define VARIABLE_MAX    (64 * KIB)
#define IMAGE_ID_BLOCK  96   /* SEV-SNP ABI, table 79 */
#define IMAGE_ID_AUTH   4096 /* and 80 */

static const struct json_field image_file_fields[] = {
    JSON_FIELD_STR(image_file, file, 1, IMAGE_FILE_NAME_MAX, JSON_REQUIRED),
    JSON_FIELD_HEX(image_file, sha256, SHA256_SIZE, JSON_REQUIRED),
    JSON_FIELD_U64(image_file, bytes, 1, FILE_BYTES_MAX, JSON_REQUIRED),
};
static const struct json_table image_file_table = JSON_TABLE("file", image_file, image_file_fields);

static const struct json_field image_cmdline_fields[] = {
    JSON_FIELD_STR(image_cmdline, text, 0, IMAGE_CMDLINE_MAX, JSON_REQUIRED),
    JSON_FIELD_HEX(image_cmdline, sha256, SHA256_SIZE, JSON_REQUIRED),
};
static const struct json_table image_cmdline_table =
    JSON_TABLE("command line", image_cmdline, image_cmdline_fields);

static const struct json_field image_protection_fields[] = {
    JSON_FIELD_OBJECT(image_protection, firmware, &image_file_table, 0),
    JSON_FIELD_OBJECT(image_protection, igvm, &image_file_table, 0),
    JSON_FIELD_STR(image_protection, cpu_model, 1, RECORD_NAME_MAX, 0),
    JSON_FIELD_U64(image_protection, policy, 1, JSON_INTEGER_MAX, 0),
    JSON_FIELD_BASE64(image_protection, id_block, IMAGE_ID_BLOCK, IMAGE_ID_BLOCK, 0),
    JSON_FIELD_BASE64(image_protection, id_auth, IMAGE_ID_AUTH, IMAGE_ID_AUTH, 0),
    JSON_FIELD_BOOL(image_protection, author_key, 0),
    JSON_FIELD_STR(image_protection, missing, 1, REASON_MAX, 0),
    JSON_FIELD_HEX(image_protection, mrowner, SHA384_SIZE, 0),
    JSON_FIELD_HEX(image_protection, mrownerconfig, SHA384_SIZE, 0),
};
static const struct json_table image_protection_table =
    JSON_TABLE("protection", image_protection, image_protection_fields);

static const struct json_field image_launch_fields[] = {
    JSON_FIELD_OBJECT(image_launch, snp, &image_protection_table, 0),
    JSON_FIELD_OBJECT(image_launch, tdx, &image_protection_table, 0),
};
static const struct json_table image_launch_table =
    JSON_TABLE("launch", image_launch, image_launch_fields);

static const struct json_field image_shape_fields[] = {
    JSON_FIELD_U32(image_shape, memory_mib, 1, MEMORY_MIB_MAX, JSON_REQUIRED),
    JSON_FIELD_U32(image_shape, memory_mib_max, 1, MEMORY_MIB_MAX, 0),
    JSON_FIELD_U32(image_shape, cpus, 1, CPUS_MAX, JSON_REQUIRED),
    JSON_FIELD_ANY(image_shape, pcrs, JSON_REQUIRED),
};
static const struct json_table image_shape_table =
    JSON_TABLE("shape", image_shape, image_shape_fields);

static const struct json_field image_values_fields[] = {
    JSON_FIELD_STR(image_values, refused, 1, REASON_MAX, 0),
    JSON_FIELD_STR(image_values, unknown, 1, REASON_MAX, 0),
    JSON_FIELD_STR_LIST(image_values, by_cpus, CPUS_MAX, VALUE_DIGITS, 0),
    JSON_FIELD_STR_LIST(image_values, measurement, VALUES_MAX, VALUE_DIGITS, 0),
    JSON_FIELD_STR_LIST(image_values, mrtd, VALUES_MAX, VALUE_DIGITS, 0),
    JSON_FIELD_STR_LIST(image_values, rtmr1, VALUES_MAX, VALUE_DIGITS, 0),
    JSON_FIELD_STR_LIST(image_values, rtmr2, VALUES_MAX, VALUE_DIGITS, 0),
};
static const struct json_table image_values_table =
    JSON_TABLE("launch values", image_values, image_values_fields);

static const struct json_field image_launch_values_fields[] = {
    JSON_FIELD_OBJECT(image_launch_values, snp, &image_values_table, 0),
    JSON_FIELD_OBJECT(image_launch_values, tdx, &image_values_table, 0),
};
static const struct json_table image_launch_values_table =
    JSON_TABLE("launch values", image_launch_values, image_launch_values_fields);

static const struct json_field image_reference_fields[] = {
    JSON_FIELD_ANY(image_reference, pcrs, JSON_REQUIRED),
    JSON_FIELD_LIST(image_reference, shapes, &image_shape_table, 1, SHAPES_MAX, JSON_REQUIRED),
    JSON_FIELD_OBJECT(image_reference, launch, &image_launch_values_table, 0),
};
static const struct json_table image_reference_table =
    JSON_TABLE("reference values", image_reference, image_reference_fields);

static const struct json_field image_secure_boot_fields[] = {
    JSON_FIELD_OBJECT(image_secure_boot, firmware, &image_file_table, JSON_REQUIRED),
    JSON_FIELD_OBJECT(image_secure_boot, variables, &image_file_table, JSON_REQUIRED),
    JSON_FIELD_OBJECT(image_secure_boot, disk, &image_file_table, JSON_REQUIRED),
    JSON_FIELD_U64(image_secure_boot, program_at, 0, FILE_BYTES_MAX, JSON_REQUIRED),
    JSON_FIELD_U64(image_secure_boot, program_bytes, 1, FILE_BYTES_MAX, JSON_REQUIRED),
    JSON_FIELD_HEX(image_secure_boot, certificate_sha256, SHA256_SIZE, JSON_REQUIRED),
    JSON_FIELD_BASE64(image_secure_boot, pk, 1, VARIABLE_MAX, JSON_REQUIRED),
    JSON_FIELD_BASE64(image_secure_boot, kek, 1, VARIABLE_MAX, JSON_REQUIRED),
    JSON_FIELD_BASE64(image_secure_boot, db, 1, VARIABLE_MAX, JSON_REQUIRED),
    JSON_FIELD_BASE64(image_secure_boot, dbx, 0, VARIABLE_MAX, JSON_REQUIRED),
    JSON_FIELD_OBJECT(image_secure_boot, reference, &image_reference_table, 0),
};
static const struct json_table image_secure_boot_table =
    JSON_TABLE("secure boot", image_secure_boot, image_secure_boot_fields);

static const struct json_field image_record_fields[] = {
    JSON_FIELD_U32(image_record, version, 0, UINT32_MAX, JSON_REQUIRED),
    JSON_FIELD_STR(image_record, name, 1, RECORD_NAME_MAX, JSON_REQUIRED),
    JSON_FIELD_STR(image_record, eos_version, 1, RECORD_NAME_MAX, JSON_REQUIRED),
    JSON_FIELD_BOOL(image_record, debug, JSON_REQUIRED),
    JSON_FIELD_BOOL(image_record, python, 0),
    JSON_FIELD_BOOL(image_record, grpc, 0),
    JSON_FIELD_OBJECT(image_record, kernel, &image_file_table, JSON_REQUIRED),
    JSON_FIELD_OBJECT(image_record, initrd, &image_file_table, JSON_REQUIRED),
    JSON_FIELD_OBJECT(image_record, firmware, &image_file_table, JSON_REQUIRED),
    JSON_FIELD_OBJECT(image_record, cmdline, &image_cmdline_table, JSON_REQUIRED),
    JSON_FIELD_U32(image_record, min_memory_mib, 1, MEMORY_MIB_MAX, JSON_REQUIRED),
    JSON_FIELD_U32(image_record, default_memory_mib, 1, MEMORY_MIB_MAX, JSON_REQUIRED),
    JSON_FIELD_OBJECT(image_record, launch, &image_launch_table, 0),
    JSON_FIELD_OBJECT(image_record, secure_boot, &image_secure_boot_table, 0),
    JSON_FIELD_OBJECT(image_record, reference, &image_reference_table, 0),
};
static const struct json_table image_record_table =
    JSON_TABLE("release record", image_record, image_record_fields);

static int check_value(const struct json *value, struct err *err)
{
    uint8_t digest[SHA256_SIZE];

    if (json_str(value) == NULL)
        return err_set(err, ERR_INPUT, "expected a digest");
    return text_parse_hex(json_str(value), digest, SHA256_SIZE, err);
}

/* Registers of the SHA-256 bank, each with a digest or with several. */
static int check_registers(const struct json *pcrs, struct err *err)
{
    const struct json *value;
    const char *key = NULL;
    uint64_t index;

    if (json_kind_of(pcrs) != JSON_KIND_OBJECT)
        return err_set(err, ERR_INPUT, "expected an object of registers");
    while ((value = json_next(pcrs, &key)) != NULL) {
        bool list = json_kind_of(value) == JSON_KIND_ARRAY;

        if (text_parse_u64(key, REGISTERS - 1, &index, err) < 0)
            return json_wrap_key(err, key);
        for (size_t i = 0; i < (list ? json_count(value) : 1); i++)
            if (check_value(list ? json_at(value, i) : value, err) < 0)
                return json_wrap_key(err, key);
    }
    return 0;
}

static int check_digests(const struct json_strings *values, const char *key, struct err *err)
{
    uint8_t digest[SHA384_SIZE];

    for (size_t i = 0; i < values->count; i++)
        if (text_parse_hex(values->items[i], digest, SHA384_SIZE, err) < 0) {
            json_wrap_index(err, i);
            return json_wrap_key(err, key);
        }
    return 0;
}

static int check_values(const struct image_values *values, struct err *err)
{
    const struct {
        const struct json_strings *values;
        const char *key;
    } lists[] = {
        {&values->by_cpus, "by_cpus"}, {&values->measurement, "measurement"},
        {&values->mrtd, "mrtd"},       {&values->rtmr1, "rtmr1"},
        {&values->rtmr2, "rtmr2"},
    };

    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        if (check_digests(lists[i].values, lists[i].key, err) < 0)
            return -1;
        if (values->refused != NULL && lists[i].values->count > 0)
            return err_set(err, ERR_INPUT, "%s: values that are refused", lists[i].key);
    }
    return 0;
}

static int check_launch_values(const struct image_launch_values *launch, struct err *err)
{
    if (check_values(&launch->snp, err) < 0)
        return json_wrap_key(err, "snp");
    if (check_values(&launch->tdx, err) < 0)
        return json_wrap_key(err, "tdx");
    return 0;
}

static int check_reference(const struct image_reference *reference, struct err *err)
{
    const struct image_shape *shapes = reference->shapes.items;

    if (reference->shapes.count == 0)
        return 0;
    if (check_launch_values(&reference->launch, err) < 0)
        return json_wrap_key(err, "launch");
    if (check_registers(reference->pcrs, err) < 0)
        return json_wrap_key(err, "pcrs");
    for (size_t i = 0; i < reference->shapes.count; i++)
        if (check_registers(shapes[i].pcrs, err) < 0) {
            json_wrap_key(err, "pcrs");
            json_wrap_index(err, i);
            return json_wrap_key(err, "shapes");
        }
    return 0;
}

bool image_has_protection(const struct image_protection *protection)
{
    return protection->firmware.file != NULL || protection->igvm.file != NULL;
}

bool image_has_secure_boot(const struct image_record *record)
{
    return record->secure_boot.disk.file != NULL;
}

static int check_secure_boot(const struct image_secure_boot *boot, struct err *err)
{
    const struct {
        const struct image_file *file;
        const char *pointer;
    } files[] = {{&boot->firmware, "/firmware/file"},
                 {&boot->variables, "/variables/file"},
                 {&boot->disk, "/disk/file"}};

    if (boot->disk.file == NULL)
        return 0;
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (!text_is_name(files[i].file->file, IMAGE_FILE_NAME_MAX))
            return err_set_at(err, ERR_INPUT, files[i].pointer, "'%s' is no plain file name",
                              files[i].file->file);
    if (boot->program_at + boot->program_bytes > boot->disk.bytes)
        return err_set_at(err, ERR_INPUT, "/program_bytes",
                          "program_bytes: the disk ends before the program does");
    if (check_reference(&boot->reference, err) < 0)
        return json_wrap_key(err, "reference");
    return 0;
}

/* debug: the bit of the policy that lets the host read the guest. */
static int check_protection(const struct image_protection *protection, uint64_t debug,
                            struct err *err)
{
    const struct image_file *const files[] = {&protection->firmware, &protection->igvm};

    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (files[i]->file != NULL && !text_is_name(files[i]->file, IMAGE_FILE_NAME_MAX))
            return err_set(err, ERR_INPUT, "'%s' is no plain file name", files[i]->file);
    if ((protection->policy & debug) != 0)
        return err_set_at(err, ERR_INPUT, "/policy",
                          "policy: lets the host look into the guest (bit %#llx)",
                          (unsigned long long)debug);
    if ((protection->id_block.data == NULL) != (protection->id_auth.data == NULL))
        return err_set(err, ERR_INPUT, "id_block and id_auth come together");
    if (protection->mrownerconfig.present && !protection->mrowner.present)
        return err_set(err, ERR_INPUT, "mrownerconfig is that of an owner: say mrowner");
    return 0;
}

static int check_launch(const struct image_launch *launch, struct err *err)
{
    static const uint64_t snp_debug = 1U << 19; /* SEV-SNP ABI, guest policy */
    static const uint64_t tdx_debug = 1;        /* TDX module ABI, TD attributes */

    if (check_protection(&launch->snp, snp_debug, err) < 0)
        return json_wrap_key(err, "snp");
    if (check_protection(&launch->tdx, tdx_debug, err) < 0)
        return json_wrap_key(err, "tdx");
    if (launch->snp.mrowner.present) {
        err_set_at(err, ERR_INPUT, "/mrowner", "mrowner: is TDX's; an SNP guest has an id_block");
        return json_wrap_key(err, "snp");
    }
    return 0;
}

static int check_record(const struct image_record *record, struct err *err)
{
    const struct {
        const struct image_file *file;
        const char *pointer;
    } files[] = {{&record->kernel, "/kernel/file"},
                 {&record->initrd, "/initrd/file"},
                 {&record->firmware, "/firmware/file"}};
    uint8_t digest[SHA256_SIZE];

    if (record->version != IMAGE_RECORD_VERSION)
        return err_set_at(err, ERR_UNSUPPORTED, "/version",
                          "release record: version %u; this program reads version %u",
                          record->version, IMAGE_RECORD_VERSION);
    if (!text_is_name(record->name, RECORD_NAME_MAX))
        return err_set_at(err, ERR_INPUT, "/name", "release record: '%s' is no name", record->name);
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (!text_is_name(files[i].file->file, IMAGE_FILE_NAME_MAX))
            return err_set_at(err, ERR_INPUT, files[i].pointer,
                              "release record: '%s' is no plain file name", files[i].file->file);
    if (check_launch(&record->launch, err) < 0)
        return json_wrap_key(err, "launch");
    if (check_secure_boot(&record->secure_boot, err) < 0)
        return json_wrap_key(err, "secure_boot");
    if (check_reference(&record->reference, err) < 0)
        return json_wrap_key(err, "reference");
    digest_of(DIGEST_SHA256, span_of_str(record->cmdline.text), digest);
    if (!span_equal(SPAN_OF_ARRAY(digest), span_of(record->cmdline.sha256.data, SHA256_SIZE)))
        return err_set_at(err, ERR_INPUT, "/cmdline/sha256",
                          "release record: is not the digest of the command line");
    return 0;
}

int image_record_decode(const struct json *document, struct image_record *ret, struct err *err)
{
    OWNED_JSON *known = NULL;
    OWNED_IMAGE_RECORD record = {0};

    if (json_kind_of(document) != JSON_KIND_OBJECT)
        return err_set(err, ERR_INPUT, "release record: is no object");
    known = json_pick(document, &image_record_table);
    if (json_decode(known, &image_record_table, &record, err) < 0 || check_record(&record, err) < 0)
        return -1;
    *ret = record;
    record = (struct image_record){0};
    return 0;
}

void image_record_release(struct image_record *record)
{
    json_release(&image_record_table, record);
}
