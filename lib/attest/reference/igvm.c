#include "lib/attest/reference/igvm.h"

#include "lib/base/crc32.h"
#include "lib/base/reader.h"

#include <inttypes.h>

#define FIXED_SIZE_V1 24u
#define FIXED_SIZE_V2 32u
#define CRC_OFFSET    20u
#define HEADER_SIZE   8u
#define OPTIONAL_BIT  0x80000000u
#define PAGE_MASK     4095u
#define PAGE_SIZE     4096u

const char *const igvm_platform_names[] = {"native", "vsm",   "snp", "tdx",
                                           "sev",    "seves", "cca", NULL};

/* The sections of the variable headers, in the order in which they must come. */
static const struct {
    uint32_t first, last;
    const char *name;
} sections[] = {
    {0x001, 0x100, "platform"}, {0x101, 0x200, "initialization"}, {0x301, 0x400, "directive"}};

static int read_platform(struct igvm *igvm, const struct igvm_header *header, struct err *err);
static int read_policy(struct igvm *igvm, const struct igvm_header *header, struct err *err);
static int read_page(struct igvm *igvm, const struct igvm_header *header, struct err *err);
static int read_insert(struct igvm *igvm, const struct igvm_header *header, struct err *err);
static int read_vp_context(struct igvm *igvm, const struct igvm_header *header, struct err *err);
static int read_id_block(struct igvm *igvm, const struct igvm_header *header, struct err *err);

/* Every type that is known: the least length of its data, and what to check beyond. */
static const struct {
    uint32_t type;
    uint32_t size;
    int (*read)(struct igvm *igvm, const struct igvm_header *header, struct err *err);
} types[] = {
    {IGVM_SUPPORTED_PLATFORM, 16, read_platform},
    {IGVM_GUEST_POLICY, 16, read_policy},
    {IGVM_RELOCATABLE_REGION, 8, NULL},
    {IGVM_PAGE_TABLE_RELOCATION, 8, NULL},
    {IGVM_PARAMETER_AREA, 16, NULL},
    {IGVM_PAGE_DATA, 24, read_page},
    {IGVM_PARAMETER_INSERT, 16, read_insert},
    {IGVM_VP_CONTEXT, 20, read_vp_context},
    {IGVM_REQUIRED_MEMORY, 24, NULL},
    {IGVM_VP_COUNT, 8, NULL},
    {IGVM_SRAT, 8, NULL},
    {IGVM_MADT, 8, NULL},
    {IGVM_MMIO_RANGES, 8, NULL},
    {IGVM_SNP_ID_BLOCK, 112, read_id_block},
    {IGVM_MEMORY_MAP, 8, NULL},
    {IGVM_ERROR_RANGE, 16, NULL},
    {IGVM_COMMAND_LINE, 8, NULL},
    {IGVM_SLIT, 8, NULL},
    {IGVM_PPTT, 8, NULL},
    {IGVM_VBS_MEASUREMENT, 8, NULL},
    {IGVM_DEVICE_TREE, 8, NULL},
    {IGVM_ENVIRONMENT, 8, NULL},
};

static int fail_at(const struct igvm_header *header, const char *what, struct err *err)
{
    return err_set(err, ERR_INPUT, "igvm: header of type 0x%" PRIx32 " at offset %zu: %s",
                   header->type, header->offset, what);
}

static int read_platform(struct igvm *igvm, const struct igvm_header *header, struct err *err)
{
    struct reader r = reader_of(header->data);
    uint32_t mask = read_le32(&r);
    uint8_t platform;

    read_skip(&r, 1); /* the highest VTL */
    platform = read_u8(&r);
    if (platform >= IGVM_PLATFORM_COUNT)
        return fail_at(header, "unknown platform", err);
    if (mask == 0 || (mask & (mask - 1)) != 0)
        return fail_at(header, "a compatibility mask has exactly one bit", err);
    for (int i = 0; i < IGVM_PLATFORM_COUNT; i++)
        if (igvm->masks[i] == mask)
            return fail_at(header, "two platforms share a compatibility mask", err);
    if (igvm->masks[platform] == 0)
        igvm->masks[platform] = mask;
    return 0;
}

static int read_policy(struct igvm *igvm, const struct igvm_header *header, struct err *err)
{
    struct reader r = reader_of(header->data);
    uint64_t policy = read_le64(&r);

    (void)err;
    if ((read_le32(&r) & igvm->masks[IGVM_SNP]) != 0) {
        igvm->snp_policy = policy;
        igvm->has_snp_policy = true;
    }
    return 0;
}

/* Whole pages of data must lie behind the variable headers and inside the file. */
static int check_data(const struct igvm *igvm, const struct igvm_header *header, uint32_t offset,
                      struct err *err)
{
    if (offset < (uint64_t)igvm->variable_offset + igvm->variable_size ||
        (uint64_t)offset + PAGE_SIZE > igvm->file.len)
        return fail_at(header, "its data lie outside of the file's data", err);
    return 0;
}

static int read_page(struct igvm *igvm, const struct igvm_header *header, struct err *err)
{
    struct reader r = reader_of(header->data);
    uint64_t gpa = read_le64(&r);
    uint32_t offset;

    read_skip(&r, 4);
    offset = read_le32(&r);
    if ((gpa & PAGE_MASK) != 0)
        return fail_at(header, "the page's address is not a multiple of 4096", err);
    return offset == 0 ? 0 : check_data(igvm, header, offset, err);
}

static int read_insert(struct igvm *igvm, const struct igvm_header *header, struct err *err)
{
    struct reader r = reader_of(header->data);

    (void)igvm;
    if ((read_le64(&r) & PAGE_MASK) != 0)
        return fail_at(header, "the area's address is not a multiple of 4096", err);
    return 0;
}

static int read_vp_context(struct igvm *igvm, const struct igvm_header *header, struct err *err)
{
    struct reader r = reader_of(header->data);
    uint64_t gpa = read_le64(&r);

    read_skip(&r, 4);
    if ((gpa & PAGE_MASK) != 0)
        return fail_at(header, "the context's address is not a multiple of 4096", err);
    return check_data(igvm, header, read_le32(&r), err);
}

static int read_id_block(struct igvm *igvm, const struct igvm_header *header, struct err *err)
{
    if (igvm->has_id_block)
        return fail_at(header, "a second ID block", err);
    memcpy(igvm->id_block_digest, header->data.data + 8, SHA384_SIZE);
    igvm->has_id_block = true;
    return 0;
}

bool igvm_next(const struct igvm *igvm, size_t *at, struct igvm_header *ret)
{
    struct span area = span_part(igvm->file, igvm->variable_offset, igvm->variable_size);
    struct reader r = reader_of(area);
    uint32_t type, length;

    read_skip(&r, *at);
    type = read_le32(&r);
    length = read_le32(&r);
    ret->offset = igvm->variable_offset + *at;
    ret->type = type & ~OPTIONAL_BIT;
    ret->optional = (type & OPTIONAL_BIT) != 0;
    ret->data = read_span(&r, length);
    read_skip(&r, -length & (HEADER_SIZE - 1)); /* padding */
    *at = r.at;
    return !r.short_read;
}

static int check_order(const struct igvm_header *header, size_t *section, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(sections); i++) {
        if (header->type < sections[i].first || header->type > sections[i].last)
            continue;
        if (i < *section)
            return fail_at(header, "stands behind a later section", err);
        *section = i;
        return 0;
    }
    return fail_at(header, "of no known section", err);
}

static int read_header(struct igvm *igvm, const struct igvm_header *header, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (types[i].type != header->type)
            continue;
        if (header->data.len < types[i].size)
            return fail_at(header, "shorter than its type needs", err);
        return types[i].read ? types[i].read(igvm, header, err) : 0;
    }
    return header->optional ? 0 : fail_at(header, "unknown, and not marked as optional", err);
}

static int read_headers(struct igvm *igvm, struct err *err)
{
    struct igvm_header header;
    size_t at = 0, section = 0;

    while (at < igvm->variable_size) {
        size_t start = at;

        if (!igvm_next(igvm, &at, &header))
            return err_set(err, ERR_INPUT,
                           "igvm: the header at offset %zu runs over the end of the headers",
                           igvm->variable_offset + start);
        if (++igvm->header_count > IGVM_HEADERS_MAX)
            return err_set(err, ERR_INPUT, "igvm: more than %d headers", IGVM_HEADERS_MAX);
        if (check_order(&header, &section, err) < 0 || read_header(igvm, &header, err) < 0)
            return -1;
    }
    return 0;
}

static uint32_t headers_crc(const struct igvm *igvm)
{
    static const uint8_t no_crc[4];
    uint32_t crc = crc32_add(0, span_part(igvm->file, 0, CRC_OFFSET));

    crc = crc32_add(crc, SPAN_OF_ARRAY(no_crc));
    crc = crc32_add(crc,
                    span_part(igvm->file, CRC_OFFSET + 4, igvm->variable_offset - CRC_OFFSET - 4));
    return crc32_add(crc, span_part(igvm->file, igvm->variable_offset, igvm->variable_size));
}

static int read_fixed(struct igvm *igvm, struct err *err)
{
    struct reader r = reader_of(igvm->file);
    struct span magic = read_span(&r, 4);
    uint32_t size, crc, fixed;

    igvm->version = read_le32(&r);
    igvm->variable_offset = read_le32(&r);
    igvm->variable_size = read_le32(&r);
    size = read_le32(&r);
    crc = read_le32(&r);
    if (r.short_read || !span_equal(magic, span_of_str("IGVM")))
        return err_set(err, ERR_INPUT, "igvm: the file does not begin with 'IGVM'");
    if (igvm->version != 1 && igvm->version != 2)
        return err_set(err, ERR_INPUT, "igvm: format version %" PRIu32 ", expected 1 or 2",
                       igvm->version);
    if (size != igvm->file.len)
        return err_set(err, ERR_INPUT, "igvm: the header says %" PRIu32 " bytes, the file has %zu",
                       size, igvm->file.len);
    fixed = igvm->version == 1 ? FIXED_SIZE_V1 : FIXED_SIZE_V2;
    if (igvm->variable_offset < fixed || igvm->variable_offset % 8 != 0 ||
        (uint64_t)igvm->variable_offset + igvm->variable_size >= size)
        return err_set(err, ERR_INPUT,
                       "igvm: variable headers at %" PRIu32 " of %" PRIu32 " bytes do not fit, "
                       "or no data follows them",
                       igvm->variable_offset, igvm->variable_size);
    if (headers_crc(igvm) != crc)
        return err_set(err, ERR_INPUT,
                       "igvm: CRC of the headers is %08" PRIx32 ", expected %08" PRIx32,
                       headers_crc(igvm), crc);
    return 0;
}

int igvm_parse(struct span file, struct igvm *ret, struct err *err)
{
    struct igvm igvm = {.file = file};

    if (file.len > IGVM_SIZE_MAX)
        return err_set(err, ERR_INPUT, "igvm: %zu bytes, at most 1 GiB", file.len);
    if (read_fixed(&igvm, err) < 0 || read_headers(&igvm, err) < 0)
        return -1;
    *ret = igvm;
    return 0;
}
