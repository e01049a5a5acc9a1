#include "lib/attest/policy_vtpm.h"

#include "lib/base/text.h"
#include "lib/json/pointer.h"

#include <stdlib.h>

static const struct {
    const char *name;
    enum digest_alg alg;
} banks[] = {
    {"sha1", DIGEST_SHA1},
    {"sha256", DIGEST_SHA256},
    {"sha384", DIGEST_SHA384},
    {"sha512", DIGEST_SHA512},
};

void policy_strings_done(struct json_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        free(strings->items[i]);
    free(strings->items);
    *strings = (struct json_strings){0};
}

int policy_read_texts(const struct json *json, size_t max, size_t item_max,
                      struct json_strings *strings, struct err *err)
{
    bool list = json_kind_of(json) == JSON_KIND_ARRAY;
    size_t count = list ? json_count(json) : 1;

    if (count > max)
        return err_set(err, ERR_INPUT, "%zu values, at most %zu", count, max);
    strings->items = mem_zeroed(count, sizeof(char *));
    for (size_t i = 0; i < count; i++) {
        const char *text = json_str(list ? json_at(json, i) : json);

        if (text == NULL || text[0] == '\0' || strlen(text) > item_max) {
            err_set(err, ERR_INPUT, "expected a text of 1 to %zu bytes", item_max);
            return list ? json_wrap_index(err, i) : -1;
        }
        strings->items[strings->count++] = mem_strdup(text);
    }
    return 0;
}

int policy_check_hex(const char *text, size_t len, struct err *err)
{
    uint8_t bytes[JSON_BYTES_MAX];

    if (strpbrk(text, "ABCDEF") != NULL)
        return err_set(err, ERR_INPUT, "hex digits are lower-case here");
    return text_parse_hex(text, bytes, len, err);
}

static int read_pcr(const char *index, const struct json *values, enum digest_alg bank,
                    struct policy_pcr *pcr, struct err *err)
{
    uint64_t number;

    if (text_parse_u64(index, 23, &number, err) < 0)
        return err_wrap(err, "the index of a PCR");
    pcr->bank = bank;
    pcr->index = (unsigned)number;
    if (policy_read_texts(values, POLICY_PCR_VALUES, 2 * digest_size(bank), &pcr->digests, err) < 0)
        return -1;
    for (size_t i = 0; i < pcr->digests.count; i++)
        if (policy_check_hex(pcr->digests.items[i], digest_size(bank), err) < 0)
            return json_kind_of(values) == JSON_KIND_ARRAY ? json_wrap_index(err, i) : -1;
    return 0;
}

static int read_bank(const struct json *registers, enum digest_alg bank, struct policy_vtpm *vtpm,
                     struct err *err)
{
    const struct json *values;
    const char *index = NULL;

    if (json_kind_of(registers) != JSON_KIND_OBJECT)
        return err_set(err, ERR_INPUT, "expected an object of PCR indices");
    while ((values = json_next(registers, &index)) != NULL) {
        struct policy_pcr *pcr = &vtpm->pcr[vtpm->pcr_count];

        /* As everywhere in a policy, null and [] are absence. */
        if (json_kind_of(values) == JSON_KIND_NULL ||
            (json_kind_of(values) == JSON_KIND_ARRAY && json_count(values) == 0))
            continue;
        /* Indices are unique and canonical ("04" is refused), so 24 a bank is what fits. */
        vtpm->pcr_count++;
        if (read_pcr(index, values, bank, pcr, err) < 0)
            return json_wrap_key(err, index);
    }
    return 0;
}

static int read_pcrs(struct policy_vtpm *vtpm, struct err *err)
{
    const struct json *registers;
    const char *name = NULL;

    if (json_kind_of(vtpm->pcrs) != JSON_KIND_OBJECT)
        return err_set(err, ERR_INPUT, "expected an object of PCR banks");
    vtpm->pcr = mem_zeroed(POLICY_PCRS_MAX + 1, sizeof(struct policy_pcr));
    while ((registers = json_next(vtpm->pcrs, &name)) != NULL) {
        size_t i = 0;

        while (i < COUNT_OF(banks) && strcmp(banks[i].name, name) != 0)
            i++;
        if (i == COUNT_OF(banks))
            err_set(err, ERR_INPUT, "is not a bank: sha1, sha256, sha384 or sha512");
        if (i == COUNT_OF(banks) || read_bank(registers, banks[i].alg, vtpm, err) < 0)
            return json_wrap_key(err, name);
    }
    return 0;
}

int policy_vtpm_read(struct policy_vtpm *vtpm, struct err *err)
{
    if (vtpm->pcrs != NULL && read_pcrs(vtpm, err) < 0)
        return json_wrap_key(err, "pcrs");
    if (vtpm->ek_roots != NULL &&
        policy_read_texts(vtpm->ek_roots, POLICY_EK_ROOTS_MAX, 16 * KIB, &vtpm->ek_root, err) < 0)
        return json_wrap_key(err, "ek_roots");
    return 0;
}

void policy_vtpm_done(struct policy_vtpm *vtpm)
{
    for (size_t i = 0; vtpm->pcr != NULL && i < vtpm->pcr_count; i++)
        policy_strings_done(&vtpm->pcr[i].digests);
    free(vtpm->pcr);
    vtpm->pcr = NULL;
    policy_strings_done(&vtpm->ek_root);
}
