#include "lib/attest/reference/secure_boot.h"

#include "lib/base/reader.h"

#define GUID_SIZE 16u

/* GUIDs as they lie in memory. */
static const uint8_t guid_global[GUID_SIZE] = {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
                                               0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};
static const uint8_t guid_security[GUID_SIZE] = {0xcb, 0xb2, 0x19, 0xd7, 0x3a, 0x3d, 0x96, 0x45,
                                                 0xa3, 0xbc, 0xda, 0xd0, 0x0e, 0x67, 0x65, 0x6f};

static void add_le(struct digest *digest, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));

        digest_add(digest, span_of(&byte, 1));
    }
}

static void digest_variable(const uint8_t *guid, const char *name, struct span content,
                            enum digest_alg alg, uint8_t *out)
{
    OWNED_DIGEST *digest = digest_new(alg);

    digest_add(digest, span_of(guid, GUID_SIZE));
    add_le(digest, strlen(name), 8);
    add_le(digest, content.len, 8);
    for (const char *p = name; *p != '\0'; p++)
        add_le(digest, (uint8_t)*p, 2);
    digest_add(digest, content);
    digest_finish(digest, out);
}

void secure_boot_digest(const struct secure_boot_vars *vars, size_t index, enum digest_alg alg,
                        uint8_t *out)
{
    const uint8_t enabled = vars->enabled ? 1 : 0;
    const struct {
        const uint8_t *guid;
        const char *name;
        struct span content;
    } variables[SECURE_BOOT_VARIABLES] = {
        {guid_global, "SecureBoot", span_of(&enabled, vars->absent ? 0 : 1)},
        {guid_global, "PK", vars->pk},
        {guid_global, "KEK", vars->kek},
        {guid_security, "db", vars->db},
        {guid_security, "dbx", vars->dbx},
    };

    digest_variable(variables[index].guid, variables[index].name, variables[index].content, alg,
                    out);
}

int secure_boot_first_entry(struct span list, struct span *ret, struct err *err)
{
    struct reader r = reader_of(list);
    uint32_t whole, header, entry;

    read_skip(&r, GUID_SIZE); /* the kind of all its entries */
    whole = read_le32(&r);
    header = read_le32(&r);
    entry = read_le32(&r);
    read_skip(&r, header);
    *ret = read_span(&r, entry);
    if (r.short_read || whole > list.len || entry <= GUID_SIZE)
        return err_set(err, ERR_INPUT, "signature list: %zu bytes hold no entry", list.len);
    return 0;
}

void secure_boot_authority_digest(struct span entry, enum digest_alg alg, uint8_t *out)
{
    digest_variable(guid_security, "db", entry, alg, out);
}
