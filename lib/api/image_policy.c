#include "lib/api/image.h"

#include <stdio.h>

#define SHAPES_TOLD_MAX 1024
#define REGISTERS       24

static const struct image_reference *reference_of(const struct image_record *record,
                                                  const struct image_vm *vm)
{
    return vm->secure_boot ? &record->secure_boot.reference : &record->reference;
}

const struct image_shape *image_find_shape(const struct image_record *record,
                                           const struct image_vm *vm)
{
    const struct image_reference *reference = reference_of(record, vm);
    const struct image_shape *shapes = reference->shapes.items;

    for (size_t i = 0; i < reference->shapes.count; i++) {
        uint32_t most = shapes[i].memory_mib_max ? shapes[i].memory_mib_max : shapes[i].memory_mib;

        if (vm->cpus == shapes[i].cpus && vm->memory_mib >= shapes[i].memory_mib &&
            vm->memory_mib <= most)
            return &shapes[i];
    }
    return NULL;
}

/* "192, 512, 2816 to 30720": the sizes of memory that the first number of vCPUs has, which are the
 * same for all; and "1, 2, 4": the numbers of vCPUs of the first size. */
static void tell_shapes(const struct image_reference *reference, struct buf *memory,
                        struct buf *cpus)
{
    const struct image_shape *shapes = reference->shapes.items;
    size_t told = 0;

    for (size_t i = 0; i < reference->shapes.count && told < SHAPES_TOLD_MAX; i++) {
        const struct image_shape *shape = &shapes[i];

        if (shape->cpus == shapes[0].cpus) {
            told++;
            buf_printf(memory, "%s%u", memory->len > 0 ? ", " : "", shape->memory_mib);
            if (shape->memory_mib_max > shape->memory_mib)
                buf_printf(memory, " to %u", shape->memory_mib_max);
        }
        if (shape->memory_mib == shapes[0].memory_mib)
            buf_printf(cpus, "%s%u", cpus->len > 0 ? ", " : "", shape->cpus);
    }
}

/* The most memory that any shape has: beyond it the firmware lays out addresses otherwise. */
static uint32_t most_memory(const struct image_reference *reference)
{
    const struct image_shape *shapes = reference->shapes.items;
    uint32_t most = 0;

    for (size_t i = 0; i < reference->shapes.count; i++) {
        most = shapes[i].memory_mib > most ? shapes[i].memory_mib : most;
        most = shapes[i].memory_mib_max > most ? shapes[i].memory_mib_max : most;
    }
    return most;
}

static int refuse_shape(const struct image_record *record, const struct image_vm *vm,
                        struct err *err)
{
    const struct image_reference *reference = reference_of(record, vm);
    const char *how = vm->secure_boot ? " with Secure Boot" : "";
    OWNED_BUF memories = BUF_OF(512), counts = BUF_OF(512);

    if (reference->shapes.count == 0)
        return err_set(err, ERR_STATE,
                       "the release record of image '%s' has no reference values%s; build it anew",
                       record->name, how);
    tell_shapes(reference, &memories, &counts);
    return err_set(
        err, ERR_STATE,
        "the release record of image '%s' has no reference values for %u MiB with %u "
        "vCPUs%s; it has %s MiB, each with %s vCPUs. Measure this shape: cocos-cli measure --image "
        "image.json --memory %u --cpus %u%s",
        record->name, vm->memory_mib, vm->cpus, how, buf_str(&memories), buf_str(&counts),
        vm->memory_mib, vm->cpus,
        vm->memory_mib > most_memory(reference)
            ? " --record EVENT-LOG, with the log of a VM of this shape, since nobody can compute it"
            : "");
}

/* By ascending register. */
static struct json *join_registers(const struct json *common, const struct json *own)
{
    struct json *registers = json_new_object();

    for (unsigned index = 0; index < REGISTERS; index++) {
        const struct json *value;
        char key[16];

        snprintf(key, sizeof(key), "%u", index);
        value = json_get(own, key) != NULL ? json_get(own, key) : json_get(common, key);
        if (value != NULL)
            json_set(registers, key, json_new_copy(value));
    }
    return registers;
}

int image_make_policy(const struct image_record *record, const struct image_vm *vm,
                      struct json **ret, struct err *err)
{
    const struct image_shape *shape = image_find_shape(record, vm);
    struct json *policy, *platforms, *vtpm, *pcrs;

    if (vm->platform != API_PLATFORM_VM)
        return image_make_launch_policy(record, vm, ret, err);
    if (vm->foreign)
        return err_set(err, ERR_STATE,
                       "devices of the host have firmware of their own, which is measured with the "
                       "VM's; no release record knows it");
    if (shape == NULL)
        return refuse_shape(record, vm, err);
    pcrs = json_new_object();
    json_set(pcrs, "sha256", join_registers(reference_of(record, vm)->pcrs, shape->pcrs));
    vtpm = json_new_object();
    json_set(vtpm, "pcrs", pcrs);
    if (!vm->secure_boot) /* there the stub in the signed program hands the initrd over */
        json_set_hex(vtpm, "initrd_sha256",
                     span_of(record->initrd.sha256.data, record->initrd.sha256.len));
    json_set_bool(vtpm, "emulated", true);
    platforms = json_new_array();
    json_add(platforms, json_new_str("vtpm"));
    policy = json_new_object();
    json_set_int(policy, "version", 1);
    json_set(policy, "platforms", platforms);
    json_set(policy, "vtpm", vtpm);
    *ret = policy;
    return 0;
}
