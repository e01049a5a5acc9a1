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

static const struct json_field image_shape_fields[] = {
    JSON_FIELD_U32(image_shape, memory_mib, 1, MEMORY_MIB_MAX, JSON_REQUIRED),
    JSON_FIELD_U32(image_shape, memory_mib_max, 1, MEMORY_MIB_MAX, 0),
    JSON_FIELD_U32(image_shape, cpus, 1, CPUS_MAX, JSON_REQUIRED),
    JSON_FIELD_ANY(image_shape, pcrs, JSON_REQUIRED),
};
static const struct json_table image_shape_table =
    JSON_TABLE("shape", image_shape, image_shape_fields);

static const struct json_field image_reference_fields[] = {
    JSON_FIELD_ANY(image_reference, pcrs, JSON_REQUIRED),
    JSON_FIELD_LIST(image_reference, shapes, &image_shape_table, 1, SHAPES_MAX, JSON_REQUIRED),
};
static const struct json_table image_reference_table =
    JSON_TABLE("reference values", image_reference, image_reference_fields);

static const struct json_field image_record_fields[] = {
    JSON_FIELD_U32(image_record, version, 0, UINT32_MAX, JSON_REQUIRED),
    JSON_FIELD_STR(image_record, name, 1, RECORD_NAME_MAX, JSON_REQUIRED),
    JSON_FIELD_STR(image_record, eos_version, 1, RECORD_NAME_MAX, JSON_REQUIRED),
    JSON_FIELD_BOOL(image_record, debug, JSON_REQUIRED),
    JSON_FIELD_BOOL(image_record, python, 0),
    JSON_FIELD_OBJECT(image_record, kernel, &image_file_table, JSON_REQUIRED),
    JSON_FIELD_OBJECT(image_record, initrd, &image_file_table, JSON_REQUIRED),
    JSON_FIELD_OBJECT(image_record, firmware, &image_file_table, JSON_REQUIRED),
    JSON_FIELD_OBJECT(image_record, cmdline, &image_cmdline_table, JSON_REQUIRED),
    JSON_FIELD_U32(image_record, min_memory_mib, 1, MEMORY_MIB_MAX, JSON_REQUIRED),
    JSON_FIELD_U32(image_record, default_memory_mib, 1, MEMORY_MIB_MAX, JSON_REQUIRED),
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

static int check_reference(const struct image_reference *reference, struct err *err)
{
    const struct image_shape *shapes = reference->shapes.items;

    if (reference->shapes.count == 0)
        return 0;
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
