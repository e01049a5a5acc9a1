#include "lib/attest/reference/pe.h"

#include "lib/base/reader.h"

#include <inttypes.h>

#define DOS_PE_OFFSET     0x3c
#define COFF_SIZE         24u /* signature and file header */
#define MAGIC_PE32        0x10b
#define MAGIC_PE32_PLUS   0x20b
#define OPT_HEADERS_SIZE  60u /* offsets in the optional header, the same for both kinds */
#define OPT_CHECKSUM      64u
#define SECTION_SIZE      40u
#define CERTIFICATE_ENTRY 4u /* index of the certificate table in the data directories */

#define SECTION_NAME 8u

struct section {
    char name[SECTION_NAME + 1];
    uint32_t memory_size, offset, size;
};

/* What the digest needs to know. */
struct layout {
    uint64_t checksum;          /* offset */
    uint64_t certificate_entry; /* offset, 0 when there are fewer directories */
    uint32_t certificates_size;
    uint32_t headers_size;
    size_t section_count;
    struct section sections[PE_SECTIONS_MAX];
};

/* len bytes at an offset, of the head where that replaces them. Headers lie in one or the other. */
static struct reader reader_at(const struct pe_image *image, uint64_t offset)
{
    struct span from = offset < image->head.len ? image->head : image->file;

    return reader_of(span_part(from, offset < SIZE_MAX ? (size_t)offset : SIZE_MAX, from.len));
}

static int read_directories(const struct pe_image *image, uint64_t optional, uint16_t magic,
                            struct layout *layout, struct err *err)
{
    uint64_t count_at = optional + (magic == MAGIC_PE32 ? 92 : 108);
    struct reader r = reader_at(image, count_at);
    uint32_t count = read_le32(&r);

    if (!r.short_read && count > CERTIFICATE_ENTRY) {
        layout->certificate_entry = count_at + 4 + CERTIFICATE_ENTRY * 8;
        r = reader_at(image, layout->certificate_entry + 4);
        layout->certificates_size = read_le32(&r);
    }
    if (r.short_read)
        return err_set(err, ERR_INPUT, "pe: the data directories at offset %" PRIu64 " are cut",
                       count_at);
    return 0;
}

/* Reads the section table, sorted by offset; sections without data are left out. */
static int read_sections(const struct pe_image *image, uint64_t at, uint16_t count,
                         struct layout *layout, struct err *err)
{
    if (count > PE_SECTIONS_MAX)
        return err_set(err, ERR_INPUT, "pe: %u sections, at most %d", count, PE_SECTIONS_MAX);
    for (uint16_t i = 0; i < count; i++, at += SECTION_SIZE) {
        struct reader r = reader_at(image, at);
        struct section section = {.name = ""};
        size_t slot;

        read_bytes(&r, section.name, SECTION_NAME);
        section.memory_size = read_le32(&r);
        read_skip(&r, 4); /* its address */
        section.size = read_le32(&r);
        section.offset = read_le32(&r);
        if (r.short_read)
            return err_set(err, ERR_INPUT, "pe: the section table at offset %" PRIu64 " is cut",
                           at);
        if (section.size == 0)
            continue;
        if ((uint64_t)section.offset + section.size > image->file.len)
            return err_set(err, ERR_INPUT, "pe: section %u runs over the end of the file", i);
        slot = layout->section_count++;
        for (; slot > 0 && layout->sections[slot - 1].offset > section.offset; slot--)
            layout->sections[slot] = layout->sections[slot - 1];
        layout->sections[slot] = section;
    }
    return 0;
}

static int read_layout(const struct pe_image *image, struct layout *layout, struct err *err)
{
    struct reader r = reader_at(image, DOS_PE_OFFSET);
    uint64_t pe = read_le32(&r), optional = pe + COFF_SIZE;
    uint16_t section_count, optional_size, magic;

    if (!span_equal(span_part(image->file, 0, 2), span_of_str("MZ")) || r.short_read)
        return err_set(err, ERR_INPUT, "pe: the file does not begin with 'MZ'");
    r = reader_at(image, pe);
    if (read_be32(&r) != 0x50450000)
        return err_set(err, ERR_INPUT, "pe: no PE header at offset %" PRIu64, pe);
    read_skip(&r, 2);
    section_count = read_le16(&r);
    read_skip(&r, 12);
    optional_size = read_le16(&r);
    read_skip(&r, 2);
    magic = read_le16(&r);
    if (r.short_read || (magic != MAGIC_PE32 && magic != MAGIC_PE32_PLUS))
        return err_set(err, ERR_INPUT, "pe: no optional header at offset %" PRIu64, optional);

    r = reader_at(image, optional + OPT_HEADERS_SIZE);
    layout->headers_size = read_le32(&r);
    layout->checksum = optional + OPT_CHECKSUM;
    if (read_directories(image, optional, magic, layout, err) < 0 ||
        read_sections(image, optional + optional_size, section_count, layout, err) < 0)
        return -1;
    if (layout->headers_size > image->file.len || image->head.len > layout->headers_size ||
        layout->checksum + 4 > layout->headers_size ||
        (layout->certificate_entry != 0 && layout->certificate_entry + 8 > layout->headers_size))
        return err_set(err, ERR_INPUT, "pe: headers of %" PRIu32 " bytes do not hold themselves",
                       layout->headers_size);
    return 0;
}

/* Adds [from, to), the head's bytes where it has them. */
static void add_range(struct digest *digest, const struct pe_image *image, uint64_t from,
                      uint64_t to)
{
    if (from < image->head.len) {
        uint64_t end = to < image->head.len ? to : image->head.len;

        digest_add(digest, span_part(image->head, (size_t)from, (size_t)(end - from)));
        from = end;
    }
    if (from < to)
        digest_add(digest, span_part(image->file, (size_t)from, (size_t)(to - from)));
}

int pe_authenticode(const struct pe_image *image, enum digest_alg alg, uint8_t *out,
                    struct err *err)
{
    OWNED_DIGEST *digest = digest_new(alg);
    struct layout layout = {0};
    uint64_t at, hashed;

    if (read_layout(image, &layout, err) < 0)
        return -1;

    add_range(digest, image, 0, layout.checksum);
    at = layout.checksum + 4;
    if (layout.certificate_entry != 0) {
        add_range(digest, image, at, layout.certificate_entry);
        at = layout.certificate_entry + 8;
    }
    add_range(digest, image, at, layout.headers_size);

    hashed = layout.headers_size;
    for (size_t i = 0; i < layout.section_count; i++) {
        const struct section *section = &layout.sections[i];

        add_range(digest, image, section->offset, (uint64_t)section->offset + section->size);
        hashed += section->size;
    }
    if (hashed + layout.certificates_size < image->file.len)
        add_range(digest, image, hashed, image->file.len - layout.certificates_size);
    digest_finish(digest, out);
    return 0;
}

int pe_find_section(struct span file, const char *name, struct pe_section *ret, struct err *err)
{
    const struct pe_image image = {.file = file};
    struct layout layout = {0};
    bool found = false;

    if (read_layout(&image, &layout, err) < 0)
        return -1;
    for (size_t i = 0; i < layout.section_count; i++) {
        const struct section *section = &layout.sections[i];

        if (strcmp(section->name, name) != 0)
            continue;
        if (found)
            return err_set(err, ERR_INPUT, "pe: two sections are called '%s'", name);
        found = true;
        ret->memory_size = section->memory_size;
        ret->data = span_part(file, section->offset, section->size);
    }
    return found ? 0 : err_set(err, ERR_NOT_FOUND, "pe: there is no section '%s'", name);
}
