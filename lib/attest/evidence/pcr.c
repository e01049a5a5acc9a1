#include "lib/attest/evidence/pcr.h"

#include <string.h>

struct alg_row {
    uint16_t id;
    uint8_t size;
    bool computed;
    enum digest_alg alg;
};

static const struct alg_row alg_rows[] = {
    {TPM_ALG_SHA1, 20, true, DIGEST_SHA1},         {TPM_ALG_SHA256, 32, true, DIGEST_SHA256},
    {TPM_ALG_SHA384, 48, true, DIGEST_SHA384},     {TPM_ALG_SHA512, 64, true, DIGEST_SHA512},
    {TPM_ALG_SHA3_256, 32, true, DIGEST_SHA3_256}, {TPM_ALG_SHA3_384, 48, true, DIGEST_SHA3_384},
    {TPM_ALG_SHA3_512, 64, true, DIGEST_SHA3_512}, {TPM_ALG_SM3_256, 32, false, DIGEST_SHA256},
};

static const struct alg_row *find_row(uint16_t id)
{
    for (size_t i = 0; i < COUNT_OF(alg_rows); i++)
        if (alg_rows[i].id == id)
            return &alg_rows[i];
    return NULL;
}

bool pcr_alg_of_tpm(uint16_t alg_id, enum digest_alg *ret)
{
    const struct alg_row *row = find_row(alg_id);

    if (row == NULL || !row->computed)
        return false;
    *ret = row->alg;
    return true;
}

uint16_t pcr_alg_to_tpm(enum digest_alg alg)
{
    for (size_t i = 0; i < COUNT_OF(alg_rows); i++)
        if (alg_rows[i].computed && alg_rows[i].alg == alg)
            return alg_rows[i].id;
    return 0;
}

bool pcr_alg_of_name(const char *name, enum digest_alg *ret)
{
    for (size_t i = 0; i < COUNT_OF(alg_rows); i++) {
        if (alg_rows[i].computed && strcmp(digest_name(alg_rows[i].alg), name) == 0) {
            *ret = alg_rows[i].alg;
            return true;
        }
    }
    return false;
}

size_t pcr_alg_size(uint16_t alg_id)
{
    const struct alg_row *row = find_row(alg_id);

    return row != NULL ? row->size : 0;
}

void pcr_bank_init(struct pcr_bank *bank, enum digest_alg alg)
{
    *bank = (struct pcr_bank){.alg = alg};
    for (unsigned i = 17; i <= 22; i++)
        memset(bank->value[i], 0xff, sizeof(bank->value[i]));
}

void pcr_bank_init_rtmr(struct pcr_bank *bank)
{
    *bank = (struct pcr_bank){.alg = DIGEST_SHA384};
}

void pcr_bank_set_locality(struct pcr_bank *bank, uint8_t locality)
{
    bank->value[0][digest_size(bank->alg) - 1] = locality;
}

static int check_register(const struct pcr_bank *bank, unsigned index, struct span digest,
                          struct err *err)
{
    if (index >= PCR_COUNT)
        return err_set(err, ERR_INPUT, "there is no register %u", index);
    if (digest.len != digest_size(bank->alg))
        return err_set(err, ERR_INPUT, "register %u: %zu bytes are no %s digest", index, digest.len,
                       digest_name(bank->alg));
    return 0;
}

int pcr_bank_extend(struct pcr_bank *bank, unsigned index, struct span digest, struct err *err)
{
    uint8_t both[2 * DIGEST_SIZE_MAX];

    if (check_register(bank, index, digest, err) < 0)
        return -1;
    memcpy(both, bank->value[index], digest.len);
    memcpy(both + digest.len, digest.data, digest.len);
    digest_of(bank->alg, span_of(both, 2 * digest.len), bank->value[index]);
    bank->set |= 1u << index;
    return 0;
}

int pcr_bank_give(struct pcr_bank *bank, unsigned index, struct span value, struct err *err)
{
    if (check_register(bank, index, value, err) < 0)
        return -1;
    if (pcr_bank_has(bank, index))
        return err_set(err, ERR_INPUT, "register %u is given twice", index);
    memcpy(bank->value[index], value.data, value.len);
    bank->set |= 1u << index;
    return 0;
}

struct span pcr_bank_get(const struct pcr_bank *bank, unsigned index)
{
    return span_of(bank->value[index], digest_size(bank->alg));
}

bool pcr_bank_has(const struct pcr_bank *bank, unsigned index)
{
    return index < PCR_COUNT && (bank->set >> index & 1) != 0;
}

static const struct pcr_bank *find_bank(const struct pcr_bank *banks, size_t count, uint16_t id)
{
    for (size_t i = 0; i < count; i++)
        if (pcr_alg_to_tpm(banks[i].alg) == id)
            return &banks[i];
    return NULL;
}

static int add_selected(struct digest *digest, const struct pcr_bank *bank, uint32_t mask,
                        struct err *err)
{
    for (unsigned i = 0; i < 32; i++) {
        if ((mask >> i & 1) == 0)
            continue;
        if (!pcr_bank_has(bank, i))
            return err_set(err, ERR_NOT_FOUND, "the value of %s register %u is not there",
                           digest_name(bank->alg), i);
        digest_add(digest, pcr_bank_get(bank, i));
    }
    return 0;
}

int pcr_selection_digest(const struct pcr_selection *selections, size_t selection_count,
                         const struct pcr_bank *banks, size_t bank_count, enum digest_alg hash,
                         uint8_t *out, struct err *err)
{
    OWNED_DIGEST *digest = digest_new(hash);

    for (size_t i = 0; i < selection_count; i++) {
        const struct pcr_bank *bank = find_bank(banks, bank_count, selections[i].alg_id);

        if (selections[i].mask == 0)
            continue;
        if (bank == NULL)
            return err_set(err, ERR_NOT_FOUND, "the values of bank 0x%04x are not there",
                           selections[i].alg_id);
        if (add_selected(digest, bank, selections[i].mask, err) < 0)
            return -1;
    }
    digest_finish(digest, out);
    return 0;
}
