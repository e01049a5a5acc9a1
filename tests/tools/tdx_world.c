/* Writes the files of an Intel of our own (tests/fakes/fake_tdx.h) into a folder, for tests that
 * are no C programs:
 *
 *     tdx_world FOLDER tdx|sgx [MRTD RTMR0 RTMR1 RTMR2]
 *
 * root.der, quote.bin, and collateral.json with all that Intel's service would serve, good at
 * 2027-01-15. With values the quote is over the bytes 0 to 31 as a challenge. */
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "tests/fakes/fake_tdx.h"

#include <stdio.h>

static void write_file(const char *folder, const char *name, struct span bytes)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", folder, name);
    struct err err;

    if (file_replace(path, bytes, 0644, &err) < 0) {
        fprintf(stderr, "%s: %s\n", path, err.text);
        exit(1);
    }
}

#define MRTD_OFFSET 136
#define DATA_OFFSET 520

/* Where the TD's report has what the arguments say, in their order. */
static const size_t registers[] = {MRTD_OFFSET, 328, 376, 424};

static void measure(struct fake_tdx *world, char **values)
{
    struct err err;

    for (uint8_t i = 0; i < 64; i++)
        world->body[DATA_OFFSET + i] = i < 32 ? i : 0;
    for (size_t i = 0; i < COUNT_OF(registers); i++)
        if (text_parse_hex(values[i], world->body + registers[i], SHA384_SIZE, &err) < 0) {
            fprintf(stderr, "%s\n", err.text);
            exit(2);
        }
}

int main(int argc, char **argv)
{
    bool measured = argc == 3 + (int)COUNT_OF(registers);
    OWNED_FAKE_TDX world;

    if (argc != 3 && !measured)
        return fprintf(stderr, "usage: tdx_world FOLDER tdx|sgx [MRTD RTMR0 RTMR1 RTMR2]\n"), 2;
    fake_tdx_start(&world, strcmp(argv[2], "sgx") == 0 ? FAKE_SGX3 : FAKE_TD4);
    if (measured)
        measure(&world, argv + 3);
    fake_tdx_make(&world);
    write_file(argv[1], "root.der", buf_span(&world.root_der));
    write_file(argv[1], "quote.bin", buf_span(&world.quote));
    write_file(argv[1], "collateral.json", buf_span(&world.collateral));
    fake_tdx_forget_keys();
    return 0;
}
