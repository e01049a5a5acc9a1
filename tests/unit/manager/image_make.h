/* Makes a guest image of a few bytes: files and a release record that fits them. */
#ifndef COCOS_TESTS_MANAGER_IMAGE_MAKE_H
#define COCOS_TESTS_MANAGER_IMAGE_MAKE_H

#include "tests/unit/manager/scratch.h"

#include "lib/crypto/digest.h"
#include "lib/json/json.h"

static inline struct json *image_file_of(const struct scratch *dir, const char *image,
                                         const char *name, const char *text)
{
    struct json *json = json_new_object();
    uint8_t digest[SHA256_SIZE];
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", image, name);
    put(dir, path, text);
    digest_of(DIGEST_SHA256, span_of_str(text), digest);
    json_set_str(json, "file", name);
    json_set_hex(json, "sha256", SPAN_OF_ARRAY(digest));
    json_set_int(json, "bytes", (int64_t)strlen(text));
    json_set_str(json, "grown_later", "ignored");
    return json;
}

static inline struct json *image_record_of(const struct scratch *dir, const char *name, bool debug)
{
    struct json *record = json_new_object(), *cmdline = json_new_object();
    uint8_t digest[SHA256_SIZE];

    json_set_int(record, "version", 1);
    json_set_str(record, "name", name);
    json_set_str(record, "eos_version", "0.1");
    json_set_bool(record, "debug", debug);
    json_set_bool(record, "python", true);
    json_set(record, "kernel", image_file_of(dir, name, "vmlinuz", "a kernel"));
    json_set(record, "initrd", image_file_of(dir, name, "initrd", "an initrd"));
    json_set(record, "firmware", image_file_of(dir, name, "firmware.fd", "a firmware"));
    digest_of(DIGEST_SHA256, span_of_str("quiet"), digest);
    json_set_str(cmdline, "text", "quiet");
    json_set_hex(cmdline, "sha256", SPAN_OF_ARRAY(digest));
    json_set(record, "cmdline", cmdline);
    json_set_int(record, "min_memory_mib", 256);
    json_set_int(record, "default_memory_mib", 512);
    json_set(record, "packages", json_new_array());
    return record;
}

static inline void image_write(const struct scratch *dir, const char *name,
                               const struct json *record)
{
    OWNED_BUF text = BUF_OF(1 * MIB);
    char path[128];

    json_write(record, &text);
    snprintf(path, sizeof(path), "%s/image.json", name);
    put(dir, path, buf_str(&text));
}

/* The same image, with a gateway. */
static inline void image_make_grpc(const struct scratch *dir, const char *name)
{
    OWNED_JSON *record = image_record_of(dir, name, false);

    json_set_bool(record, "grpc", true);
    image_write(dir, name, record);
}

/* The launch measurement of an SNP guest of image_make_snp(), with one vCPU. */
#define IMAGE_SNP_MEASUREMENT                                                                      \
    "5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a" \
    "5a5a"

/* The same image, which can be started as an SNP guest too. */
static inline void image_make_snp(const struct scratch *dir, const char *name)
{
    static const char reference[] = "{\"pcrs\":{},\"shapes\":[{\"memory_mib\":512,\"cpus\":1,"
                                    "\"pcrs\":{}}],\"launch\":{\"snp\":{\"by_cpus\":"
                                    "[\"" IMAGE_SNP_MEASUREMENT "\"]}}}";
    OWNED_JSON *record = image_record_of(dir, name, false);
    struct json *launch = json_new_object(), *snp = json_new_object(), *values = NULL;
    struct err err;

    assert_ok(json_parse(span_of_str(reference), &values, &err));
    json_set(record, "reference", values);

    json_set(snp, "firmware", image_file_of(dir, name, "OVMF.amdsev.fd", "protected"));
    json_set(launch, "snp", snp);
    json_set(record, "launch", launch);
    image_write(dir, name, record);
}

/* The same image, which can be started with Secure Boot. */
static inline void image_make_signed(const struct scratch *dir, const char *name, bool debug)
{
    OWNED_JSON *record = image_record_of(dir, name, debug);
    struct json *boot = json_new_object();
    uint8_t digest[SHA256_SIZE] = {0};

    json_set(boot, "firmware", image_file_of(dir, name, "OVMF_CODE.secboot.fd", "strict"));
    json_set(boot, "variables", image_file_of(dir, name, "secboot.vars.fd", "keys"));
    json_set(boot, "disk", image_file_of(dir, name, "secboot.img", "a signed program"));
    json_set_int(boot, "program_at", 2);
    json_set_int(boot, "program_bytes", 14);
    json_set_hex(boot, "certificate_sha256", SPAN_OF_ARRAY(digest));
    for (size_t i = 0; i < 4; i++)
        json_set_str(boot, ((const char *const[]){"pk", "kek", "db", "dbx"})[i], "a2V5");
    json_set(record, "secure_boot", boot);
    image_write(dir, name, record);
}

/* A whole image named name in the directory. */
static inline void image_make(const struct scratch *dir, const char *name, bool debug)
{
    OWNED_JSON *record = NULL;
    struct err err;

    assert_ok(file_make_dirs(in(dir, name), 0755, &err));
    record = image_record_of(dir, name, debug);
    image_write(dir, name, record);
}

#endif
