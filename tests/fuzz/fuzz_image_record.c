/* image.json: comes with an image from elsewhere. */
#include "lib/api/image.h"
#include "lib/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OWNED_JSON *document = NULL;
    OWNED_IMAGE_RECORD record = {0};
    struct err err;

    if (json_parse(span_of(data, size), &document, &err) < 0 ||
        image_record_decode(document, &record, &err) < 0)
        return 0;
    /* These become paths below the image's directory. */
    if (!text_is_name(record.kernel.file, IMAGE_FILE_NAME_MAX) ||
        !text_is_name(record.initrd.file, IMAGE_FILE_NAME_MAX) ||
        !text_is_name(record.firmware.file, IMAGE_FILE_NAME_MAX))
        abort();
    for (int platform = API_PLATFORM_VM; platform <= API_PLATFORM_TDX; platform++) {
        const struct image_vm vm = {(enum api_platform)platform, 512, 1, {0}, false, false};
        OWNED_JSON *policy = NULL;

        (void)!image_make_policy(&record, &vm, &policy, &err);
    }
    return 0;
}
