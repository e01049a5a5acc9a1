/* Writes the files of an AMD of our own (tests/fakes/fake_snp.h) into a folder, for tests that are
 * no C programs:
 *
 *     snp_world FOLDER PRODUCT vcek|vlek [MEASUREMENT]
 *
 * ark.der, ask.der, vek.der and crl.der are valid today; report.bin answers the challenge of the
 * bytes 00 01 02 ... 1f. */
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/text.h"
#include "tests/fakes/fake_snp.h"

#include <stdio.h>

#define DAY 86400

static void write_file(const char *folder, const char *name, struct span bytes)
{
    OWNED(free_str) char *path = mem_printf("%s/%s", folder, name);
    struct err err;

    if (file_replace(path, bytes, 0644, &err) < 0) {
        fprintf(stderr, "%s: %s\n", path, err.text);
        exit(1);
    }
}

static void live_now(struct fake_snp *world)
{
    struct fake_cert *const certs[] = {&world->ark, &world->ask, &world->vek};
    int64_t now = clock_now();

    for (size_t i = 0; i < COUNT_OF(certs); i++) {
        certs[i]->not_before = now - DAY;
        certs[i]->not_after = now + DAY;
    }
    world->crl.this_update = now - DAY;
    world->crl.next_update = now + DAY;
}

int main(int argc, char **argv)
{
    OWNED_FAKE_SNP world;
    struct err err;

    if (argc < 4 || argc > 5 || snp_product_of_name(argv[2]) == SNP_PRODUCT_UNKNOWN)
        return fprintf(stderr, "usage: snp_world FOLDER PRODUCT vcek|vlek [MEASUREMENT]\n"), 2;
    fake_snp_start(&world, snp_product_of_name(argv[2]), strcmp(argv[3], "vlek") == 0);
    for (uint8_t i = 0; i < 64; i++)
        world.report[0x50 + i] = i < 32 ? i : 0;
    if (argc == 5 &&
        text_parse_hex(argv[4], world.report + 0x90, SHA384_SIZE, &err) < 0) /* MEASUREMENT */
        return fprintf(stderr, "%s\n", err.text), 2;
    live_now(&world);
    fake_snp_make(&world);
    write_file(argv[1], "ark.der", buf_span(&world.ark_der));
    write_file(argv[1], "ask.der", buf_span(&world.ask_der));
    write_file(argv[1], "vek.der", buf_span(&world.vek_der));
    write_file(argv[1], "crl.der", buf_span(&world.crl_der));
    write_file(argv[1], "report.bin", SPAN_OF_ARRAY(world.report));
    fake_snp_forget_keys();
    return 0;
}
