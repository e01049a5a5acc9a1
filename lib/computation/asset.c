#include "lib/computation/asset.h"

#include "lib/base/text.h"

const char *const asset_kind_names[] = {"algorithm", "requirements", "dataset", NULL};

static void add(struct asset_list *list, enum asset_kind kind, const char *name,
                const struct json_bytes *pin)
{
    list->items[list->count++] = (struct asset){.kind = kind, .name = name, .pin = pin->data};
}

struct asset_list *asset_list_new(const struct manifest *manifest)
{
    const struct manifest_algorithm *algorithm = &manifest->algorithm;
    struct asset_list *list = mem_new(struct asset_list);

    list->items = mem_zeroed(2 + manifest->datasets.count, sizeof(struct asset));
    add(list, ASSET_ALGORITHM, asset_kind_names[ASSET_ALGORITHM], &algorithm->sha3_256);
    if (algorithm->requirements_sha3_256.present)
        add(list, ASSET_REQUIREMENTS, asset_kind_names[ASSET_REQUIREMENTS],
            &algorithm->requirements_sha3_256);
    for (size_t i = 0; i < manifest->datasets.count; i++) {
        const struct manifest_dataset *dataset = manifest_dataset(manifest, i);

        add(list, ASSET_DATASET, dataset->filename, &dataset->sha3_256);
        list->items[list->count - 1].decompress = dataset->decompress;
    }
    return list;
}

void asset_list_free(struct asset_list *list)
{
    if (list == NULL)
        return;
    free(list->items);
    free(list);
}

int asset_find(struct asset_list *list, enum asset_kind kind, const char *name, struct asset **ret,
               struct err *err)
{
    for (size_t i = 0; i < list->count; i++) {
        struct asset *asset = &list->items[i];

        if (asset->kind == kind && (kind != ASSET_DATASET || strcmp(asset->name, name) == 0)) {
            *ret = asset;
            return 0;
        }
    }
    if (kind == ASSET_DATASET)
        return err_set(err, ERR_NOT_FOUND, "the manifest declares no dataset '%s'", name);
    return err_set(err, ERR_NOT_FOUND, "the manifest declares no %s", asset_kind_names[kind]);
}

int asset_check(const struct asset_list *list, const struct asset *asset, struct err *err)
{
    if (asset->status == ASSET_PRESENT)
        return err_set(err, ERR_STATE, "'%s' is there already", asset->name);
    if (asset->status == ASSET_ARRIVING)
        return err_set(err, ERR_STATE, "'%s' is being sent by another request", asset->name);
    if (asset->kind == ASSET_ALGORITHM && !asset_list_complete(list, ASSET_REQUIREMENTS))
        return err_set(err, ERR_STATE, "the algorithm's requirements come before it");
    return 0;
}

int asset_check_pin(const struct asset *asset, const uint8_t digest[static ASSET_PIN_SIZE],
                    struct err *err)
{
    char expected[2 * ASSET_PIN_SIZE + 1], got[2 * ASSET_PIN_SIZE + 1];

    if (span_equal(span_of(asset->pin, ASSET_PIN_SIZE), span_of(digest, ASSET_PIN_SIZE)))
        return 0;
    text_hex(asset->pin, ASSET_PIN_SIZE, expected);
    text_hex(digest, ASSET_PIN_SIZE, got);
    return err_set(err, ERR_INPUT,
                   "'%s' is not what the manifest pins: expected sha3-256 %s, got %s", asset->name,
                   expected, got);
}

bool asset_list_complete(const struct asset_list *list, enum asset_kind kind)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct asset *asset = &list->items[i];

        if (asset->status != ASSET_PRESENT && (kind == ASSET_KIND_COUNT || asset->kind == kind))
            return false;
    }
    return true;
}
