#include "lib/attest/reference/igvm_policy.h"

#include "lib/base/reader.h"

#define PAGE_UNMEASURED 2u

/* --- what the file holds and nothing measures --- */

static int check_page(const struct igvm_header *header, uint32_t mask, struct err *err)
{
    struct reader r = reader_of(header->data);
    uint32_t pages, offset, flags;

    read_skip(&r, 8); /* GPA */
    pages = read_le32(&r);
    offset = read_le32(&r);
    flags = read_le32(&r);
    if ((pages & mask) == 0 || offset == 0 || (flags & PAGE_UNMEASURED) == 0)
        return 0;
    return err_set(err, ERR_INPUT,
                   "igvm: the page at offset %zu has contents that are not measured: the host may "
                   "put others in their place, so the file is no reference for them",
                   header->offset);
}

static int check_area(const struct igvm_header *header, uint32_t mask, struct err *err)
{
    struct reader r = reader_of(header->data);
    uint32_t offset;

    (void)mask;           /* areas belong to all platforms */
    read_skip(&r, 8 + 4); /* size, index */
    offset = read_le32(&r);
    if (offset == 0)
        return 0;
    return err_set(err, ERR_INPUT,
                   "igvm: the parameter area at offset %zu has contents in the file, and parameter "
                   "pages are not measured: the file is no reference for them",
                   header->offset);
}

int igvm_check_measured(const struct igvm *igvm, enum igvm_platform platform, struct err *err)
{
    const uint32_t mask = igvm->masks[platform];
    struct igvm_header header;
    size_t at = 0;

    while (igvm_next(igvm, &at, &header)) {
        if (header.type == IGVM_PAGE_DATA && check_page(&header, mask, err) < 0)
            return -1;
        if (header.type == IGVM_PARAMETER_AREA && check_area(&header, mask, err) < 0)
            return -1;
    }
    return 0;
}

/* --- its digests as a policy --- */

static const struct {
    enum igvm_platform platform;
    const char *part, *member;
} rows[] = {
    {IGVM_SNP, "snp", "measurement"},
    {IGVM_TDX, "tdx", "mrtd"},
};

/* Both ways to load zeros; one that does not fit the ID block would not launch and is left out. */
static int list_digests(const struct igvm *igvm, enum igvm_platform platform, struct json **ret,
                        struct err *err)
{
    OWNED_JSON *digests = json_new_array();
    struct igvm_measurement plain, native;
    int result = igvm_measure(igvm, platform, 0, &plain, err);

    if (result == 0)
        json_add(digests, json_new_hex(span_of(plain.digest, plain.len)));
    if (igvm_measure(igvm, platform, IGVM_NATIVE_ZERO, &native, err) == 0 &&
        (result < 0 || !span_equal(SPAN_OF_ARRAY(plain.digest), SPAN_OF_ARRAY(native.digest))))
        json_add(digests, json_new_hex(span_of(native.digest, native.len)));
    if (json_count(digests) == 0)
        return -1;
    *ret = GIVE(digests);
    return 0;
}

int igvm_make_policy(struct span file, struct json **ret, struct err *err)
{
    OWNED_JSON *document = json_new_object();
    bool any = false;
    struct igvm igvm;

    if (igvm_parse(file, &igvm, err) < 0)
        return -1;
    json_set_int(document, "version", 1);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct json *part, *digests = NULL;

        if (igvm.masks[rows[i].platform] == 0)
            continue;
        if (igvm_check_measured(&igvm, rows[i].platform, err) < 0 ||
            list_digests(&igvm, rows[i].platform, &digests, err) < 0)
            return -1;
        part = json_new_object();
        json_set(part, rows[i].member, digests);
        json_set(document, rows[i].part, part);
        any = true;
    }
    if (!any)
        return err_set(err, ERR_INPUT, "igvm: the file supports neither snp nor tdx");
    *ret = GIVE(document);
    return 0;
}
