#include "lib/attest/evidence/svsm.h"

#define GUID_SIZE   16
#define ENTRY_SIZE  24
#define ENTRIES_MAX 64

/* Mixed-endian, as they stand in memory. */
/* 63849ebb-3d92-4670-a1ff-58f9c94b87bb */
static const uint8_t services_guid[GUID_SIZE] = {0xbb, 0x9e, 0x84, 0x63, 0x92, 0x3d, 0x70, 0x46,
                                                 0xa1, 0xff, 0x58, 0xf9, 0xc9, 0x4b, 0x87, 0xbb};
/* c476f1eb-0123-45a5-9641-b4e7dde5bfe3 */
static const uint8_t vtpm_guid[GUID_SIZE] = {0xeb, 0xf1, 0x76, 0xc4, 0x23, 0x01, 0xa5, 0x45,
                                             0x96, 0x41, 0xb4, 0xe7, 0xdd, 0xe5, 0xbf, 0xe3};

static int take_entry(struct reader *r, struct span manifest, struct span *found, struct err *err)
{
    struct span guid = read_span(r, GUID_SIZE);
    uint64_t offset, len;

    offset = read_le32(r);
    len = read_le32(r);
    if (r->short_read || offset > manifest.len || len > manifest.len - offset)
        return err_set(err, ERR_INPUT, "a service at byte %llu ends beyond it",
                       (unsigned long long)offset);
    if (!span_equal(guid, SPAN_OF_ARRAY(vtpm_guid)))
        return 0;
    if (found->data != NULL)
        return err_set(err, ERR_INPUT, "two vTPM services");
    *found = span_part(manifest, (size_t)offset, (size_t)len);
    return 0;
}

/* {GUID, u32 size, u32 count, count entries {GUID, u32 offset, u32 length}, data}. */
static int find_service(struct span manifest, struct span *ret, struct err *err)
{
    struct reader r = reader_of(manifest);
    struct span found = {0};
    uint32_t size, count;

    read_skip(&r, GUID_SIZE);
    size = read_le32(&r);
    count = read_le32(&r);
    if (r.short_read || size != manifest.len || count > ENTRIES_MAX)
        return err_set(err, ERR_INPUT, "a table of %u bytes and %u services, in %zu bytes", size,
                       count, manifest.len);
    for (uint32_t i = 0; i < count; i++)
        if (take_entry(&r, manifest, &found, err) < 0)
            return -1;
    if (found.data == NULL)
        return err_set(err, ERR_INPUT, "no vTPM service");
    *ret = found;
    return 0;
}

int svsm_find_ek(struct span manifest, struct tpm_public *ret, struct err *err)
{
    struct span service = manifest;

    if (span_equal(span_part(manifest, 0, GUID_SIZE), SPAN_OF_ARRAY(services_guid)) &&
        find_service(manifest, &service, err) < 0)
        return err_wrap(err, "svsm manifest");
    if (tpm_public_parse(service, ret, err) < 0)
        return err_wrap(err, "svsm manifest");
    return 0;
}

void svsm_report_data(struct span challenge, struct span manifest, uint8_t out[static SHA512_SIZE])
{
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA512);

    digest_add(digest, challenge);
    digest_add(digest, manifest);
    digest_finish(digest, out);
}
