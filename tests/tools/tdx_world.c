/* Writes the files of an Intel of our own (tests/fakes/fake_tdx.h) into a folder, for tests that
 * are no C programs:
 *
 *     tdx_world FOLDER tdx|sgx
 *
 * root.der, quote.bin, and collateral.json with all that Intel's service would serve, good at
 * 2027-01-15. */
#include "lib/base/file.h"
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

int main(int argc, char **argv)
{
    OWNED_FAKE_TDX world;

    if (argc != 3)
        return fprintf(stderr, "usage: tdx_world FOLDER tdx|sgx\n"), 2;
    fake_tdx_start(&world, strcmp(argv[2], "sgx") == 0 ? FAKE_SGX3 : FAKE_TD4);
    fake_tdx_make(&world);
    write_file(argv[1], "root.der", buf_span(&world.root_der));
    write_file(argv[1], "quote.bin", buf_span(&world.quote));
    write_file(argv[1], "collateral.json", buf_span(&world.collateral));
    fake_tdx_forget_keys();
    return 0;
}
