#include "lib/attest/evidence/tpm_quote.h"

#include "lib/crypto/verify.h"

#include <string.h>

#define SELECT_SIZE_MAX 4 /* bytes of a register bitmap */
#define COORDINATE_MAX  48

static struct span read_sized(struct reader *r)
{
    uint16_t len = read_be16(r);

    return read_span(r, len);
}

/* --- the statement --------------------------------------------------------------------------- */

static void read_clock(struct reader *r, struct tpm_quote *quote)
{
    quote->clock = read_be64(r);
    quote->reset_count = read_be32(r);
    quote->restart_count = read_be32(r);
    quote->clock_safe = read_u8(r) == 1;
    quote->firmware_version = read_be64(r);
}

static int read_selection(struct reader *r, struct tpm_quote *quote, struct err *err)
{
    struct pcr_selection *selection = &quote->selections[quote->selection_count];
    struct span bitmap;

    selection->alg_id = read_be16(r);
    bitmap = read_span(r, read_u8(r));
    selection->mask = 0;
    if (bitmap.len > SELECT_SIZE_MAX)
        return err_set(err, ERR_INPUT, "a bitmap of %zu bytes", bitmap.len);
    for (size_t i = 0; i < bitmap.len; i++)
        selection->mask |= (uint32_t)bitmap.data[i] << (8 * i);
    if (selection->mask >> PCR_COUNT != 0)
        return err_set(err, ERR_INPUT, "registers over %d are selected", PCR_COUNT - 1);
    for (size_t i = 0; i < quote->selection_count; i++)
        if (quote->selections[i].alg_id == selection->alg_id)
            return err_set(err, ERR_INPUT, "bank 0x%04x is selected twice", selection->alg_id);
    quote->selection_count++;
    return 0;
}

static int read_selections(struct reader *r, struct tpm_quote *quote, struct err *err)
{
    uint32_t count = read_be32(r);

    if (!r->short_read && count > PCR_SELECTIONS_MAX)
        return err_set(err, ERR_INPUT, "%u banks are selected", count);
    for (uint32_t i = 0; i < count && !r->short_read; i++)
        if (read_selection(r, quote, err) < 0)
            return -1;
    return 0;
}

/* The statement at the reader, which stands behind it afterwards. */
static int read_statement(struct reader *r, struct tpm_quote *quote, struct err *err)
{
    size_t start = r->at;
    uint32_t magic = read_be32(r);
    uint16_t type = read_be16(r);

    if (!r->short_read && magic != TPM_GENERATED)
        return err_set(err, ERR_INPUT, "tpm quote: begins with %08x, so no TPM made it", magic);
    if (!r->short_read && type != TPM_ST_ATTEST_QUOTE)
        return err_set(err, ERR_INPUT, "tpm quote: type 0x%04x at byte 4 is no quote", type);
    quote->qualified_signer = read_sized(r);
    quote->extra_data = read_sized(r);
    read_clock(r, quote);
    if (read_selections(r, quote, err) < 0)
        return err_wrap(err, "tpm quote: before byte %zu", r->at);
    quote->pcr_digest = read_sized(r);
    if (r->short_read)
        return err_set(err, ERR_INPUT, "tpm quote: ends inside the field at byte %zu", r->at);
    quote->raw = span_part(r->in, start, r->at - start);
    if (quote->raw.len > TPM_QUOTE_SIZE_MAX)
        return err_set(err, ERR_INPUT, "tpm quote: over %d bytes", TPM_QUOTE_SIZE_MAX);
    return 0;
}

int tpm_quote_parse(struct span in, struct tpm_quote *ret, struct err *err)
{
    struct span rest;

    if (tpm_quote_split(in, ret, &rest, err) < 0)
        return -1;
    if (rest.len > 0)
        return err_set(err, ERR_INPUT, "tpm quote: %zu bytes after its end at byte %zu", rest.len,
                       in.len - rest.len);
    return 0;
}

int tpm_quote_split(struct span in, struct tpm_quote *ret, struct span *ret_rest, struct err *err)
{
    struct reader r = reader_of(in);
    struct tpm_quote quote = {0};

    if (read_statement(&r, &quote, err) < 0)
        return -1;
    *ret = quote;
    *ret_rest = reader_rest(&r);
    return 0;
}

uint32_t tpm_quote_covers(const struct tpm_quote *quote, enum digest_alg bank)
{
    for (size_t i = 0; i < quote->selection_count; i++)
        if (quote->selections[i].alg_id == pcr_alg_to_tpm(bank))
            return quote->selections[i].mask;
    return 0;
}

/* --- the signature --------------------------------------------------------------------------- */

int tpm_signature_parse(struct span in, struct tpm_signature *ret, struct err *err)
{
    struct reader r = reader_of(in);
    struct tpm_signature signature = {0};

    signature.scheme = read_be16(&r);
    signature.hash_id = read_be16(&r);
    switch (signature.scheme) {
    case TPM_ALG_RSASSA:
    case TPM_ALG_RSAPSS: signature.rsa = read_sized(&r); break;
    case TPM_ALG_ECDSA:
        signature.r = read_sized(&r);
        signature.s = read_sized(&r);
        break;
    default:
        return err_set(err, ERR_INPUT, "tpm signature: scheme 0x%04x at byte 0 is not known",
                       signature.scheme);
    }
    if (r.short_read)
        return err_set(err, ERR_INPUT, "tpm signature: ends inside the field at byte %zu", r.at);
    if (!reader_at_end(&r))
        return err_set(err, ERR_INPUT, "tpm signature: %zu bytes after its end at byte %zu",
                       reader_rest(&r).len, r.at);
    *ret = signature;
    return 0;
}

struct tpm_signature tpm_signature_bare(struct span rsa)
{
    return (struct tpm_signature){.scheme = TPM_ALG_RSASSA, .hash_id = TPM_ALG_SHA256, .rsa = rsa};
}

/* TPMs leave leading zeros of a coordinate away, or not. */
static bool put_coordinate(uint8_t *to, size_t size, struct span number)
{
    while (number.len > 0 && number.data[0] == 0)
        number = span_part(number, 1, number.len);
    if (number.len > size)
        return false;
    memset(to, 0, size);
    if (number.len > 0)
        memcpy(to + size - number.len, number.data, number.len);
    return true;
}

static int check_ecdsa(const struct tpm_quote *quote, const struct tpm_signature *signature,
                       enum digest_alg hash, const struct key *ak, struct err *err)
{
    size_t half = key_type_of(ak) == KEY_P384 ? 48 : 32;
    uint8_t pair[2 * COORDINATE_MAX];

    if (!put_coordinate(pair, half, signature->r) ||
        !put_coordinate(pair + half, half, signature->s))
        return err_set(err, ERR_UNTRUSTED, "r or s is longer than %zu bytes", half);
    return verify_signature(ak, VERIFY_ECDSA, hash, quote->raw, span_of(pair, 2 * half), err);
}

int tpm_quote_check_signature(const struct tpm_quote *quote, const struct tpm_signature *signature,
                              const struct key *ak, struct err *err)
{
    enum digest_alg hash;
    int rc;

    if (!pcr_alg_of_tpm(signature->hash_id, &hash) || hash == DIGEST_SHA1)
        return err_set(err, ERR_UNTRUSTED, "tpm quote: signed with hash algorithm 0x%04x",
                       signature->hash_id);
    if (signature->scheme == TPM_ALG_ECDSA)
        rc = check_ecdsa(quote, signature, hash, ak, err);
    else
        rc = verify_signature(
            ak, signature->scheme == TPM_ALG_RSAPSS ? VERIFY_RSA_PSS_SALT : VERIFY_RSA_PKCS1, hash,
            quote->raw, signature->rsa, err);
    return rc < 0 ? err_wrap(err, "tpm quote") : 0;
}

int tpm_quote_check_registers(const struct tpm_quote *quote, const struct tpm_signature *signature,
                              const struct pcr_bank *banks, size_t bank_count, struct err *err)
{
    uint8_t digest[DIGEST_SIZE_MAX];
    enum digest_alg hash;

    if (!pcr_alg_of_tpm(signature->hash_id, &hash))
        return err_set(err, ERR_UNTRUSTED, "tpm quote: hash algorithm 0x%04x is not known",
                       signature->hash_id);
    if (pcr_selection_digest(quote->selections, quote->selection_count, banks, bank_count, hash,
                             digest, err) < 0)
        return err_wrap(err, "tpm quote");
    if (!span_equal(quote->pcr_digest, span_of(digest, digest_size(hash))))
        return err_set(err, ERR_UNTRUSTED,
                       "tpm quote: the registers given are not the ones it was made over");
    return 0;
}
