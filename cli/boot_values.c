#include "cli/boot_values.h"

#include "cli/input.h"
#include "lib/api/vm.h"
#include "lib/attest/evidence/run_log.h"
#include "lib/attest/reference/pei.h"
#include "lib/computation/manifest.h"

#include <stdio.h>

#define MANIFESTS_MAX 64

/* Registers that another number of vCPUs changes, and those that another size of memory does. */
#define OF_SHAPE ((1u << 0) | (1u << 4) | (1u << 10))
#define ALL      UINT32_MAX

static struct json *registers_of(const struct pcr_bank *bank, uint32_t mask)
{
    struct json *registers = json_new_object();

    for (unsigned index = 0; index < PCR_COUNT; index++) {
        char key[16];

        if ((mask & 1u << index) == 0 || !pcr_bank_has(bank, index))
            continue;
        snprintf(key, sizeof(key), "%u", index);
        json_set_hex(registers, key, span_of(pcr_bank_get(bank, index).data, SHA256_SIZE));
    }
    return registers;
}

/* Which registers an object names. */
static uint32_t mask_of(const struct json *registers)
{
    uint32_t mask = 0;

    for (unsigned index = 0; index < PCR_COUNT; index++) {
        char key[16];

        snprintf(key, sizeof(key), "%u", index);
        mask |= json_get(registers, key) != NULL ? 1u << index : 0;
    }
    return mask;
}

static struct json *banks_of(const struct boot_prediction *prediction, const struct pcr_run *run)
{
    struct json *banks = json_new_object();
    struct json *registers = registers_of(&prediction->pcrs, ALL);

    if (run != NULL)
        json_set_hex(registers, "15", SPAN_OF_ARRAY(run->pcr));
    json_set(banks, "sha256", registers);
    return banks;
}

struct json *boot_values_json(const struct boot_reference *reference,
                              const struct boot_prediction *prediction, const struct pcr_run *run)
{
    struct json *json = json_new_object(), *firmware = json_new_object();

    json_set_hex(firmware, "version_sha256", SPAN_OF_ARRAY(reference->version));
    if (prediction->pei_known)
        json_set_hex(firmware, "pei_sha256", SPAN_OF_ARRAY(prediction->pei));
    else
        json_set_str(firmware, "unknown", prediction->reason);
    json_set_hex(firmware, "dxe_sha256", SPAN_OF_ARRAY(reference->dxe));
    json_set(json, "firmware", firmware);
    json_set(json, "pcrs", banks_of(prediction, run));
    return json;
}

struct json *boot_values_policy(const struct json *told, const uint8_t *initrd_sha256)
{
    struct json *policy = json_new_object(), *vtpm = json_new_object();
    struct json *platforms = json_new_array();

    json_add(platforms, json_new_str("vtpm"));
    json_set(vtpm, "pcrs", json_new_copy(json_get(told, "pcrs")));
    if (initrd_sha256 != NULL)
        json_set_hex(vtpm, "initrd_sha256", span_of(initrd_sha256, SHA256_SIZE));
    json_set_bool(vtpm, "emulated", true);
    json_set_int(policy, "version", 1);
    json_set(policy, "platforms", platforms);
    json_set(policy, "vtpm", vtpm);
    return policy;
}

/* --- the run --- */

int boot_values_of_run(const char *config_path, const struct flag_list *manifests, bool ended,
                       struct pcr_run *ret, struct err *err)
{
    uint8_t digests[MANIFESTS_MAX][SHA256_SIZE];
    struct pcr_run_story story = {.manifests = digests, .count = manifests->count, .ended = ended};
    OWNED_JSON *document = NULL;

    if (manifests->count > MANIFESTS_MAX)
        return err_set(err, ERR_USAGE, "at most %d manifests", MANIFESTS_MAX);
    if (input_read_json(config_path, MANIFEST_SIZE_MAX, &document, err) < 0)
        return -1;
    if (pcr_run_config_digest(document, story.config, err) < 0)
        return err_wrap(err, "'%s'", config_path);
    for (size_t i = 0; i < manifests->count; i++) {
        OWNED_JSON *manifest = NULL;
        OWNED_BUF text = BUF_OF(MANIFEST_SIZE_MAX);

        if (input_read_json(manifests->items[i], MANIFEST_SIZE_MAX, &manifest, err) < 0)
            return -1;
        if (json_canonical(manifest, &text, err) < 0)
            return err_wrap(err, "'%s'", manifests->items[i]);
        digest_of(DIGEST_SHA256, buf_span(&text), digests[i]);
    }
    pcr_run_predict(&story, ret);
    return 0;
}

/* --- the shapes of a release --- */

/* vCPUs: powers of two. Memory: the least and the usual of the image, each multiple of the step
 * between them and the size from which on all is the same, and that. */
#define MEMORY_STEP 256u
#define MEMORY_LARGE                                                                               \
    2816u /* 2.75 GiB: from here on all kernels and initrds lie in the same place */

struct grid {
    const struct pcr_boot_input *input;
    const struct boot_reference *reference;
    struct json *shapes;
    struct json *common; /* registers of every shape; made with the first */
};

static int add_memory(struct grid *grid, uint32_t memory_mib, uint32_t memory_mib_max,
                      struct err *err)
{
    struct pcr_boot_input input = *grid->input;
    struct boot_prediction base;

    input.ram_bytes = memory_mib * MIB;
    if (boot_reference_predict(&input, &base, err) < 0)
        return -1;
    for (uint32_t cpus = 1; cpus <= VM_CPUS_MAX; cpus *= 2) {
        const struct vm_shape vm = {input.ram_bytes, cpus};
        struct boot_prediction prediction = base;
        struct json *shape;

        if (boot_reference_add_firmware(grid->reference, &vm, NULL, &prediction, err) < 0)
            return -1;
        if (grid->common == NULL)
            grid->common = registers_of(&prediction.pcrs, ALL & ~OF_SHAPE);
        shape = json_new_object();
        json_set_int(shape, "memory_mib", memory_mib);
        if (memory_mib_max > memory_mib)
            json_set_int(shape, "memory_mib_max", memory_mib_max);
        json_set_int(shape, "cpus", cpus);
        json_set(shape, "pcrs", registers_of(&prediction.pcrs, OF_SHAPE));
        json_add(grid->shapes, shape);
    }
    return 0;
}

/* The next size after one; MEMORY_LARGE ends. */
static uint32_t next_memory(const struct image_record *record, uint32_t after)
{
    uint32_t next = (after / MEMORY_STEP + 1) * MEMORY_STEP;

    if (record->default_memory_mib > after && record->default_memory_mib < next)
        next = record->default_memory_mib;
    return next < MEMORY_LARGE ? next : MEMORY_LARGE;
}

int boot_values_of_shapes(const struct image_record *record, const struct pcr_boot_input *input,
                          const struct boot_reference *reference, struct json **ret,
                          struct err *err)
{
    OWNED_JSON *shapes = json_new_array(), *common = NULL;
    struct grid grid = {input, reference, shapes, NULL};
    uint32_t memory_mib = record->min_memory_mib;
    int result = 0;

    for (; result == 0 && memory_mib < MEMORY_LARGE; memory_mib = next_memory(record, memory_mib))
        result = add_memory(&grid, memory_mib, memory_mib, err);
    if (result == 0)
        result = add_memory(&grid, memory_mib, PEI_RAM_MAX / MIB, err);
    common = grid.common;
    if (result < 0)
        return -1;
    *ret = json_new_object();
    json_set(*ret, "pcrs", GIVE(common));
    json_set(*ret, "shapes", GIVE(shapes));
    return 0;
}

/* --- recorded values --- */

static bool has_value(const struct json *values, const char *value)
{
    for (size_t i = 0; i < json_count(values); i++)
        if (json_str(json_at(values, i)) != NULL &&
            strcmp(json_str(json_at(values, i)), value) == 0)
            return true;
    return json_str(values) != NULL && strcmp(json_str(values), value) == 0;
}

/* known and fresh together: each register with all its values. */
static struct json *join_values(const struct json *known, const struct json *fresh)
{
    struct json *joined = json_new_object();
    const struct json *value;
    const char *key = NULL;

    while ((value = json_next(fresh, &key)) != NULL) {
        const struct json *before = json_get(known, key);
        struct json *values = json_new_array();

        if (before == NULL || has_value(before, json_str(value))) {
            json_free(values);
            json_set(joined, key, json_new_copy(before ? before : value));
            continue;
        }
        for (size_t i = 0; i < json_count(before); i++)
            json_add(values, json_new_copy(json_at(before, i)));
        if (json_kind_of(before) == JSON_KIND_STRING)
            json_add(values, json_new_copy(before));
        json_add(values, json_new_copy(value));
        json_set(joined, key, values);
    }
    return joined;
}

/* mask: the registers that a shape has for itself. */
static struct json *shape_of(const struct json *known, const struct vm_shape *shape,
                             const struct boot_prediction *prediction, uint32_t mask)
{
    OWNED_JSON *fresh = registers_of(&prediction->pcrs, mask);
    struct json *made = json_new_object();

    json_set_int(made, "memory_mib", (int64_t)(shape->ram_bytes / MIB));
    json_set_int(made, "cpus", shape->cpus);
    json_set(made, "pcrs", join_values(known ? json_get(known, "pcrs") : NULL, fresh));
    return made;
}

/* document: what has a member "reference". */
static struct json *add_reference(const struct json *document, const struct vm_shape *shape,
                                  const struct boot_prediction *prediction)
{
    const struct json *reference = json_get(document, "reference");
    const struct json *shapes = json_get(reference, "shapes"), *known = NULL;
    struct json *record = json_new_copy(document);
    struct json *joined = reference ? json_new_copy(reference) : json_new_object();
    struct json *list = json_new_array();
    uint32_t common = reference ? mask_of(json_get(reference, "pcrs")) : ALL & ~OF_SHAPE;

    /* First the shape itself, so that it is found before a range that holds it too. */
    for (size_t i = 0; i < json_count(shapes); i++) {
        const struct json *entry = json_at(shapes, i);

        if (json_get_int(entry, "memory_mib") == (int64_t)(shape->ram_bytes / MIB) &&
            json_get_int(entry, "cpus") == shape->cpus && json_get(entry, "memory_mib_max") == NULL)
            known = entry;
    }
    json_add(list, shape_of(known, shape, prediction, ALL & ~common));
    for (size_t i = 0; i < json_count(shapes); i++)
        if (json_at(shapes, i) != known)
            json_add(list, json_new_copy(json_at(shapes, i)));
    if (reference == NULL)
        json_set(joined, "pcrs", registers_of(&prediction->pcrs, common));
    json_set(joined, "shapes", list);
    json_set(record, "reference", joined);
    return record;
}

struct json *boot_values_add(const struct json *document, bool secure_boot,
                             const struct vm_shape *shape, const struct boot_prediction *prediction)
{
    struct json *record;

    if (!secure_boot)
        return add_reference(document, shape, prediction);
    record = json_new_copy(document);
    json_set(record, "secure_boot",
             add_reference(json_get(document, "secure_boot"), shape, prediction));
    return record;
}
