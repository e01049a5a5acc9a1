#include "lib/attest/evidence/vtpm.h"

#include "lib/attest/evidence/cel.h"
#include "lib/attest/evidence/ima_log.h"
#include "lib/attest/evidence/tcg_log.h"

void vtpm_done(struct vtpm *vtpm)
{
    key_free(vtpm->ak);
    vtpm->ak = NULL;
}

/* Takes the size off that TPM2B structures have in front, where it is that. */
static struct span strip_size(struct span in)
{
    struct reader r = reader_of(in);
    uint16_t size = read_be16(&r);

    return !r.short_read && size == in.len - 2 ? reader_rest(&r) : in;
}

/* --- the key --------------------------------------------------------------------------------- */

static int read_public(struct span bytes, struct vtpm *vtpm, struct err *err)
{
    if (tpm_public_parse(strip_size(bytes), &vtpm->ak_public, err) < 0 ||
        tpm_public_key(&vtpm->ak_public, &vtpm->ak, err) < 0)
        return -1;
    vtpm->has_public = true;
    digest_of(DIGEST_SHA256, vtpm->ak_public.raw, vtpm->ak_tpmt);
    return 0;
}

static bool looks_like_public(struct span bytes)
{
    struct reader r = reader_of(strip_size(bytes));
    uint16_t type = read_be16(&r);

    return type == TPM_ALG_RSA || type == TPM_ALG_ECC;
}

int vtpm_read_key(struct span bytes, struct vtpm *vtpm, struct err *err)
{
    struct err first;

    key_free(GIVE(vtpm->ak));
    vtpm->has_public = false;
    if (bytes.len == 0)
        return err_set(err, ERR_INPUT, "attestation key: there is none");
    if (looks_like_public(bytes)) {
        if (read_public(bytes, vtpm, err) < 0)
            return err_wrap(err, "attestation key");
    } else if (key_load_public_pem(bytes, &vtpm->ak, &first) < 0 &&
               key_load_public_der(bytes, &vtpm->ak, &first) < 0 &&
               key_load_certificate(bytes, &vtpm->ak, err) < 0) {
        return err_wrap(err, "attestation key: neither TPMT_PUBLIC nor public key (%s)",
                        first.text);
    }
    key_identity(vtpm->ak, vtpm->ak_spki);
    return 0;
}

/* --- the two forms --------------------------------------------------------------------------- */

static int take_pb_quote(const struct tpm_pb_quote *in, struct vtpm *vtpm, struct err *err)
{
    struct vtpm_quote *quote = &vtpm->quotes[vtpm->quote_count];

    if (tpm_quote_parse(in->quote, &quote->quote, err) < 0 ||
        tpm_signature_parse(in->signature, &quote->signature, err) < 0)
        return err_wrap(err, "quote %zu", vtpm->quote_count);
    quote->has_bank = true;
    quote->bank = in->bank;
    vtpm->quote_count++;
    return 0;
}

static int take_pb(const struct tpm_pb *pb, struct vtpm *vtpm, struct err *err)
{
    if (vtpm_read_key(pb->ak_public, vtpm, err) < 0)
        return -1;
    if (pb->quote_count == 0)
        return err_set(err, ERR_INPUT, "tpm attestation: it holds no quote");
    for (size_t i = 0; i < pb->quote_count; i++)
        if (take_pb_quote(&pb->quotes[i], vtpm, err) < 0)
            return -1;
    vtpm->logs.tcg = pb->event_log;
    vtpm->logs.cel = pb->canonical_log;
    vtpm->snp = pb->snp;
    vtpm->tdx = pb->tdx;
    return 0;
}

int vtpm_read_pb(struct span in, struct vtpm *ret, struct err *err)
{
    OWNED_VTPM vtpm = {0};
    struct tpm_pb *pb = mem_new(struct tpm_pb); /* large for a stack */
    int rc = tpm_pb_parse(in, pb, err);

    if (rc == 0)
        rc = take_pb(pb, &vtpm, err);
    free(pb);
    if (rc < 0)
        return -1;
    *ret = vtpm;
    vtpm.ak = NULL;
    return 0;
}

/* A signature of unknown form that is exactly as long as the key's numbers is a bare one. */
static int read_signature(struct span bytes, const struct vtpm *vtpm, struct tpm_signature *ret,
                          struct err *err)
{
    if (tpm_signature_parse(bytes, ret, err) == 0)
        return 0;
    if (key_type_of(vtpm->ak) == KEY_RSA && bytes.len >= 256 && bytes.len % 64 == 0) {
        *ret = tpm_signature_bare(bytes);
        return 0;
    }
    return -1;
}

int vtpm_read_raw(const struct vtpm_raw *raw, struct vtpm *ret, struct err *err)
{
    OWNED_VTPM vtpm = {.quote_count = 1};
    struct vtpm_quote *quote = &vtpm.quotes[0];
    struct span bytes = raw->quote, rest;
    struct reader r = reader_of(raw->quote);
    uint16_t size = read_be16(&r);

    /* TPM2B_ATTEST: a size before the magic, which is no size of a statement itself. */
    if (read_be32(&r) == TPM_GENERATED && size <= TPM_QUOTE_SIZE_MAX)
        bytes = span_part(raw->quote, 2, raw->quote.len);
    if (vtpm_read_key(raw->key, &vtpm, err) < 0 ||
        tpm_quote_split(bytes, &quote->quote, &rest, err) < 0)
        return -1;
    if (rest.len > 0 && raw->signature.len > 0)
        return err_set(err, ERR_INPUT, "tpm quote: %zu bytes after its end, and a signature apart",
                       rest.len);
    if (read_signature(rest.len > 0 ? rest : raw->signature, &vtpm, &quote->signature, err) < 0)
        return -1;
    *ret = vtpm;
    vtpm.ak = NULL;
    return 0;
}

/* --- registers from logs --------------------------------------------------------------------- */

static int replay_tcg(struct span in, struct pcr_bank *bank, struct err *err)
{
    enum digest_alg alg = bank->alg;
    struct tcg_log log;

    if (tcg_log_parse(in, &log, err) < 0)
        return -1;
    return tcg_log_has_bank(&log, alg) ? tcg_log_replay(&log, alg, bank, err) : 0;
}

static bool is_quoted(const struct vtpm_quote *quote, const struct pcr_bank *bank)
{
    struct err unused;

    return tpm_quote_check_registers(&quote->quote, &quote->signature, bank, 1, &unused) == 0;
}

/* Goes through the list entry by entry until the digest is right. */
static int replay_ima(const struct vtpm_quote *quote, struct span in, struct pcr_bank *bank,
                      struct err *err)
{
    uint8_t digest[DIGEST_SIZE_MAX];
    struct ima_entry entry;
    OWNED_IMA_LOG log = {0};
    bool found = is_quoted(quote, bank);

    if (ima_log_open(in, &log, err) < 0)
        return -1;
    while (ima_log_next(&log, &entry)) {
        if (found)
            continue;
        ima_entry_digest(&entry, bank->alg, digest);
        if (pcr_bank_extend(bank, entry.pcr, span_of(digest, digest_size(bank->alg)), err) < 0)
            return -1;
        found = is_quoted(quote, bank);
    }
    return ima_log_check(&log, err);
}

int vtpm_rebuild(const struct vtpm_quote *quote, const struct vtpm_logs *logs, struct pcr_bank *ret,
                 struct err *err)
{
    struct pcr_bank bank;
    enum digest_alg alg;

    if (quote->quote.selection_count != 1 ||
        !pcr_alg_of_tpm(quote->quote.selections[0].alg_id, &alg))
        return err_set(err, ERR_INPUT,
                       "tpm quote: registers of several banks, or an unknown one, "
                       "cannot be rebuilt from logs");
    pcr_bank_init(&bank, alg);
    if (logs->tcg.len > 0 && replay_tcg(logs->tcg, &bank, err) < 0)
        return -1;
    if (logs->cel.len > 0 && cel_log_extend(logs->cel, &bank, err) < 0)
        return -1;
    bank.set = (1u << PCR_COUNT) - 1;
    if (logs->ima.len > 0 && replay_ima(quote, logs->ima, &bank, err) < 0)
        return -1;
    if (!is_quoted(quote, &bank))
        return err_set(err, ERR_UNTRUSTED,
                       "tpm quote: the logs do not lead to the registers it was made over");
    *ret = bank;
    return 0;
}

/* --- software TPMs --------------------------------------------------------------------------- */

bool vtpm_is_emulated(const struct vtpm *vtpm)
{
    static const uint64_t versions[] = {0x2017061900163636, 0x2019102300163636, 0x2024012500120000};

    for (size_t i = 0; i < vtpm->quote_count; i++)
        for (size_t n = 0; n < COUNT_OF(versions); n++)
            if (vtpm->quotes[i].quote.firmware_version == versions[n])
                return true;
    return false;
}
