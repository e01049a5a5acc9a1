#include "lib/attest/reference/sev_hashes.h"

#include "lib/crypto/digest.h"

#define GUID_SIZE   16u
#define HEADER_SIZE (GUID_SIZE + 2u)
#define ENTRY_SIZE  (GUID_SIZE + 2u + SHA256_SIZE)
#define TABLE_SIZE  (HEADER_SIZE + 3u * ENTRY_SIZE)

static const uint8_t guid_table[GUID_SIZE] = {0x06, 0xd6, 0x38, 0x94, 0x22, 0x4f, 0xc9, 0x4c,
                                              0xb4, 0x79, 0xa7, 0x93, 0xd4, 0x11, 0xfd, 0x21};
static const uint8_t guid_cmdline[GUID_SIZE] = {0xd8, 0x2d, 0xd0, 0x97, 0x20, 0xbd, 0x94, 0x4c,
                                                0xaa, 0x78, 0xe7, 0x71, 0x4d, 0x36, 0xab, 0x2a};
static const uint8_t guid_initrd[GUID_SIZE] = {0x31, 0xf7, 0xba, 0x44, 0x2f, 0x3a, 0xd7, 0x4b,
                                               0x9a, 0xf1, 0x41, 0xe2, 0x91, 0x69, 0x78, 0x1d};
static const uint8_t guid_kernel[GUID_SIZE] = {0x37, 0x94, 0xe7, 0x4d, 0xd2, 0xab, 0x7f, 0x42,
                                               0xb8, 0x35, 0xd5, 0xb1, 0x72, 0xd2, 0x04, 0x5b};

static void put_entry(uint8_t *at, const uint8_t *guid, struct span content)
{
    memcpy(at, guid, GUID_SIZE);
    at[GUID_SIZE] = ENTRY_SIZE;
    digest_of(DIGEST_SHA256, content, at + GUID_SIZE + 2);
}

void sev_hashes_make(struct span kernel, struct span initrd, const char *append,
                     uint8_t out[static SEV_HASHES_SIZE])
{
    const char *cmdline = append ? append : "";

    memset(out, 0, SEV_HASHES_SIZE);
    memcpy(out, guid_table, GUID_SIZE);
    out[GUID_SIZE] = TABLE_SIZE;
    put_entry(out + HEADER_SIZE, guid_cmdline, span_of(cmdline, strlen(cmdline) + 1));
    put_entry(out + HEADER_SIZE + ENTRY_SIZE, guid_initrd, initrd);
    put_entry(out + HEADER_SIZE + 2 * ENTRY_SIZE, guid_kernel, kernel);
}
