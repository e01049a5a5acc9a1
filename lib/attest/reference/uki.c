#include "lib/attest/reference/uki.h"

#include "lib/attest/reference/pe.h"

#define ZEROS_MAX (1 * MIB) /* that may follow the data of a section in memory */

const char *const uki_phases[] = {"enter-initrd", "leave-initrd", "sysinit", "ready", NULL};

/* In the order in which they are measured. */
static const char *const sections[] = {".linux",  ".osrel", ".cmdline", ".initrd", ".ucode",
                                       ".splash", ".dtb",   ".uname",   ".sbat",   ".pcrpkey"};

/* value = H(value | H(measured)); the digest of what was added so far is taken from measured. */
static void extend(enum digest_alg alg, struct digest *measured, uint8_t *value)
{
    uint8_t both[2 * DIGEST_SIZE_MAX];
    size_t size = digest_size(alg);

    memcpy(both, value, size);
    digest_finish(measured, both + size);
    digest_of(alg, span_of(both, 2 * size), value);
}

static int measure_section(struct span file, const char *name, enum digest_alg alg, uint8_t *value,
                           struct err *err)
{
    OWNED_DIGEST *digest = digest_new(alg);
    struct pe_section section;
    uint64_t zeros = 0;

    if (pe_find_section(file, name, &section, err) < 0)
        return -1;
    if (section.memory_size > section.data.len)
        zeros = section.memory_size - section.data.len;
    if (zeros > ZEROS_MAX)
        return err_set(err, ERR_INPUT,
                       "uki: section '%s' is %u bytes in memory, but %zu in the file", name,
                       section.memory_size, section.data.len);

    digest_add(digest, span_of(name, strlen(name) + 1));
    extend(alg, digest, value);
    digest_add(digest, span_part(section.data, 0, section.memory_size));
    for (; zeros > 0; zeros--)
        digest_add(digest, span_of("", 1));
    extend(alg, digest, value);
    return 0;
}

int uki_measure(struct span file, enum digest_alg alg, uint8_t *out, struct err *err)
{
    memset(out, 0, digest_size(alg));
    for (size_t i = 0; i < COUNT_OF(sections); i++) {
        if (measure_section(file, sections[i], alg, out, err) == 0)
            continue;
        if (err->kind != ERR_NOT_FOUND)
            return -1;
        if (i == 0)
            return err_set(err, ERR_INPUT, "uki: no section '%s': there is no kernel in it",
                           sections[i]);
    }
    return 0;
}

void uki_enter_phase(const char *phase, enum digest_alg alg, uint8_t *value)
{
    OWNED_DIGEST *digest = digest_new(alg);

    digest_add(digest, span_of_str(phase));
    extend(alg, digest, value);
}
