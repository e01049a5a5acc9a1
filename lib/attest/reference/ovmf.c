#include "lib/attest/reference/ovmf.h"

#include "lib/base/reader.h"

#include <inttypes.h>

#define PAGE_SIZE     4096u
#define TABLE_TO_END  32u /* the table ends this far before the end of the file */
#define GUID_SIZE     16u
#define ENTRY_TRAILER (2u + GUID_SIZE) /* u16 size and GUID stand behind the data */

/* GUIDs as they lie in memory: the first three groups are little-endian. */
static const uint8_t guid_footer[GUID_SIZE] = {0xde, 0x82, 0xb5, 0x96, 0xb2, 0x1f, 0xf7, 0x45,
                                               0xba, 0xea, 0xa3, 0x66, 0xc5, 0x5a, 0x08, 0x2d};
static const uint8_t guid_hash_table[GUID_SIZE] = {0x1f, 0x37, 0x55, 0x72, 0x3b, 0x3a, 0x04, 0x4b,
                                                   0x92, 0x7b, 0x1d, 0xa6, 0xef, 0xa8, 0xd4, 0x54};
static const uint8_t guid_reset_block[GUID_SIZE] = {0xde, 0x71, 0xf7, 0x00, 0x7e, 0x1a, 0xcb, 0x4f,
                                                    0x89, 0x0e, 0x68, 0xc7, 0x7e, 0x2f, 0xb4, 0x4e};
static const uint8_t guid_sev_metadata[GUID_SIZE] = {
    0x66, 0x65, 0x88, 0xdc, 0x4a, 0x98, 0x98, 0x47, 0xa7, 0x5e, 0x55, 0x85, 0xa7, 0xbf, 0x67, 0xcc};
static const uint8_t guid_svsm_info[GUID_SIZE] = {0x12, 0xa6, 0x89, 0xa7, 0x97, 0x05, 0x4b, 0x4c,
                                                  0xa4, 0x9f, 0xcb, 0xb1, 0xfe, 0x9d, 0x1d, 0xdd};
static const uint8_t guid_tdx_metadata[GUID_SIZE] = {
    0x35, 0x65, 0x7a, 0xe4, 0x4a, 0x98, 0x98, 0x47, 0x86, 0x5e, 0x46, 0x85, 0xa7, 0xbf, 0x8e, 0xc2};

/* The bytes that start at an offset counted from the end of the file. */
static int from_end(const struct ovmf *ovmf, uint32_t offset, const char *what, struct span *ret,
                    struct err *err)
{
    if (offset > ovmf->image.len)
        return err_set(err, ERR_INPUT, "ovmf: %s lies %" PRIu32 " bytes before the end of %zu",
                       what, offset, ovmf->image.len);
    *ret = span_part(ovmf->image, ovmf->image.len - offset, ovmf->image.len);
    return 0;
}

static int read_hash_table(struct ovmf *ovmf, struct reader *entry, struct err *err)
{
    (void)err;
    ovmf->hash_table_gpa = read_le32(entry);
    ovmf->hash_table_size = read_le32(entry);
    ovmf->has_hash_table = ovmf->hash_table_gpa != 0; /* builds without the table name address 0 */
    return 0;
}

static int read_reset_block(struct ovmf *ovmf, struct reader *entry, struct err *err)
{
    (void)err;
    ovmf->ap_eip = read_le32(entry);
    ovmf->has_reset_block = true;
    return 0;
}

static int read_svsm_info(struct ovmf *ovmf, struct reader *entry, struct err *err)
{
    (void)err;
    ovmf->svsm_launch_offset = read_le32(entry);
    ovmf->has_svsm_info = true;
    return 0;
}

static int read_sev_sections(struct ovmf *ovmf, struct reader *in, uint32_t count, struct err *err)
{
    if (count > OVMF_SECTIONS_MAX)
        return err_set(err, ERR_INPUT, "ovmf: SEV metadata has %" PRIu32 " sections, at most %d",
                       count, OVMF_SECTIONS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct ovmf_section *section = &ovmf->sections[i];

        section->gpa = read_le32(in);
        section->size = read_le32(in);
        section->type = read_le32(in);
        if (section->gpa % PAGE_SIZE != 0 || section->size % PAGE_SIZE != 0)
            return err_set(err, ERR_INPUT, "ovmf: SEV section %" PRIu32 " is not made of pages", i);
    }
    ovmf->section_count = count;
    return 0;
}

static int read_sev_metadata(struct ovmf *ovmf, struct reader *entry, struct err *err)
{
    uint32_t offset = read_le32(entry), size, version, count;
    struct span data, magic;
    struct reader in;

    if (from_end(ovmf, offset, "SEV metadata", &data, err) < 0)
        return -1;
    in = reader_of(data);
    magic = read_span(&in, 4);
    size = read_le32(&in);
    version = read_le32(&in);
    count = read_le32(&in);
    if (in.short_read || !span_equal(magic, span_of_str("ASEV")) || version != 1 || size > data.len)
        return err_set(err, ERR_INPUT,
                       "ovmf: SEV metadata at %" PRIu32 " from the end is not of version 1",
                       offset);
    if (read_sev_sections(ovmf, &in, count, err) < 0)
        return -1;
    if (in.short_read || in.at > size)
        return err_set(err, ERR_INPUT, "ovmf: SEV metadata ends after %" PRIu32 " bytes", size);
    return 0;
}

static int read_tdvf_sections(struct ovmf *ovmf, struct reader *in, uint32_t count, struct err *err)
{
    if (count > OVMF_SECTIONS_MAX)
        return err_set(err, ERR_INPUT, "ovmf: TDX metadata has %" PRIu32 " sections, at most %d",
                       count, OVMF_SECTIONS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        struct tdvf_section *section = &ovmf->tdvf[i];

        section->data_offset = read_le32(in);
        section->raw_size = read_le32(in);
        section->address = read_le64(in);
        section->memory_size = read_le64(in);
        section->type = read_le32(in);
        section->attributes = read_le32(in);
    }
    ovmf->tdvf_count = count;
    return 0;
}

static int read_tdx_metadata(struct ovmf *ovmf, struct reader *entry, struct err *err)
{
    uint32_t offset = read_le32(entry), version, count;
    struct span data, magic;
    struct reader in;

    if (from_end(ovmf, offset, "TDX metadata", &data, err) < 0)
        return -1;
    in = reader_of(data);
    magic = read_span(&in, 4);
    read_skip(&in, 4); /* the length, which the count says again */
    version = read_le32(&in);
    count = read_le32(&in);
    if (in.short_read || !span_equal(magic, span_of_str("TDVF")) || version != 1)
        return err_set(err, ERR_INPUT,
                       "ovmf: TDX metadata at %" PRIu32 " from the end is not of version 1",
                       offset);
    if (read_tdvf_sections(ovmf, &in, count, err) < 0)
        return -1;
    if (in.short_read)
        return err_set(err, ERR_INPUT, "ovmf: TDX metadata runs over the end of the file");
    return 0;
}

static const struct {
    const uint8_t *guid;
    const char *what;
    int (*read)(struct ovmf *ovmf, struct reader *entry, struct err *err);
} entries[] = {
    {guid_hash_table, "hash table", read_hash_table},
    {guid_reset_block, "reset block", read_reset_block},
    {guid_sev_metadata, "SEV metadata", read_sev_metadata},
    {guid_svsm_info, "SVSM info", read_svsm_info},
    {guid_tdx_metadata, "TDX metadata", read_tdx_metadata},
};

/* seen: the entries that were read, since of two of a kind we cannot know which one counts. */
static int read_entry(struct ovmf *ovmf, const uint8_t *guid, struct span data, uint32_t *seen,
                      struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(entries); i++) {
        struct reader entry = reader_of(data);

        if (!span_equal(span_of(entries[i].guid, GUID_SIZE), span_of(guid, GUID_SIZE)))
            continue;
        if ((*seen >> i & 1) != 0)
            return err_set(err, ERR_INPUT, "ovmf: entry '%s' stands twice in the table",
                           entries[i].what);
        *seen |= 1u << i;
        if (entries[i].read(ovmf, &entry, err) < 0)
            return -1;
        if (entry.short_read)
            return err_set(err, ERR_INPUT, "ovmf: entry '%s' has only %zu bytes", entries[i].what,
                           data.len);
        return 0;
    }
    return 0; /* other entries are of no interest here */
}

/* The table is read backwards: {data, u16 size of data and trailer, GUID}. */
static int read_table(struct ovmf *ovmf, struct span table, struct err *err)
{
    size_t end = table.len;
    uint32_t seen = 0;

    while (end >= ENTRY_TRAILER) {
        struct reader trailer = reader_of(span_part(table, end - ENTRY_TRAILER, ENTRY_TRAILER));
        uint16_t size = read_le16(&trailer);
        struct span guid = read_span(&trailer, GUID_SIZE);

        if (size < ENTRY_TRAILER || size > end)
            return err_set(err, ERR_INPUT, "ovmf: table entry of %u bytes at %zu of the table",
                           size, end);
        if (read_entry(ovmf, guid.data, span_part(table, end - size, size - ENTRY_TRAILER), &seen,
                       err) < 0)
            return -1;
        end -= size;
    }
    return 0;
}

int ovmf_parse(struct span image, struct ovmf *ret, struct err *err)
{
    size_t footer = image.len - TABLE_TO_END - ENTRY_TRAILER;
    struct ovmf ovmf = {.image = image};
    struct reader in;
    struct span guid;
    uint16_t size;

    if (image.len < PAGE_SIZE || image.len % PAGE_SIZE != 0 || image.len > OVMF_SIZE_MAX)
        return err_set(err, ERR_INPUT,
                       "ovmf: %zu bytes are no firmware image (whole pages of 4 KiB"
                       " up to 64 MiB)",
                       image.len);
    in = reader_of(span_part(image, footer, ENTRY_TRAILER));
    size = read_le16(&in);
    guid = read_span(&in, GUID_SIZE);
    if (!span_equal(guid, span_of(guid_footer, GUID_SIZE)))
        return err_set(err, ERR_INPUT, "ovmf: no table of GUIDs at offset %zu: not an OVMF image",
                       footer);
    if (size < ENTRY_TRAILER || size - ENTRY_TRAILER > footer)
        return err_set(err, ERR_INPUT, "ovmf: table of %u bytes does not fit in the image", size);

    size -= ENTRY_TRAILER;
    if (read_table(&ovmf, span_part(image, footer - size, size), err) < 0)
        return -1;
    *ret = ovmf;
    return 0;
}

const struct ovmf_section *ovmf_find_section(const struct ovmf *ovmf, uint32_t type)
{
    for (size_t i = 0; i < ovmf->section_count; i++)
        if (ovmf->sections[i].type == type)
            return &ovmf->sections[i];
    return NULL;
}

uint64_t ovmf_gpa(const struct ovmf *ovmf)
{
    return 4 * GIB - ovmf->image.len;
}
