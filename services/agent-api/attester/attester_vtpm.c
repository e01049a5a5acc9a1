/* A TPM: a quote over the registers 0 to 15, as the message of go-tpm-tools. */
#include "services/agent-api/attester/attester.h"

#include "lib/attest/evidence/tpm_pb.h"
#include "lib/attest/evidence/tpm_quote.h"
#include "lib/attest/evidence/transcript.h"

#define ATTEMPTS 5

struct quoted {
    struct buf quote, signature;
    struct pcr_bank bank;
};

static void quoted_done(struct quoted *quoted)
{
    buf_done(&quoted->quote);
    buf_done(&quoted->signature);
}
#define OWNED_QUOTED __attribute__((cleanup(quoted_done))) struct quoted

static int probe(const struct attester_places *places, struct err *err)
{
    if (places->tpm == NULL)
        return err_set(err, ERR_NOT_FOUND, "no TPM here");
    return 0;
}

/* NOT_FOUND when a register moved between the quote and the reading. */
static int check(const struct quoted *quoted, struct err *err)
{
    struct tpm_signature signature;
    struct tpm_quote quote;

    if (tpm_quote_parse(buf_span(&quoted->quote), &quote, err) < 0 ||
        tpm_signature_parse(buf_span(&quoted->signature), &signature, err) < 0)
        return err_wrap(err, "what the TPM signed");
    return tpm_quote_check_registers(&quote, &signature, &quoted->bank, 1, err);
}

static int quote_once(struct tpm_device *tpm, const uint8_t extra[static SHA256_SIZE],
                      struct quoted *quoted, struct err *err)
{
    buf_reset(&quoted->quote);
    buf_reset(&quoted->signature);
    if (tpm_device_quote(tpm, TPM_QUOTED_PCRS, extra, &quoted->quote, &quoted->signature, err) <
            0 ||
        tpm_device_read(tpm, TPM_QUOTED_PCRS, &quoted->bank, err) < 0)
        return -1;
    return check(quoted, err);
}

static int quote(struct tpm_device *tpm, const uint8_t report_data[static SHA512_SIZE],
                 struct quoted *quoted, struct err *err)
{
    uint8_t extra[SHA256_SIZE];

    transcript_extra_data(report_data, extra);
    for (int i = 0; i < ATTEMPTS; i++) {
        if (quote_once(tpm, extra, quoted, err) == 0)
            return 0;
        if (err->kind != ERR_UNTRUSTED)
            return -1;
    }
    return err_set(err, ERR_SYSTEM, "the registers do not stand still");
}

static int ask(const struct attester_places *places, const uint8_t report_data[static SHA512_SIZE],
               struct attester_answer *ret, struct err *err)
{
    OWNED_QUOTED quoted = {.quote = BUF_OF(4 * KIB), .signature = BUF_OF(4 * KIB)};
    struct tpm_pb pb = {.ak_public = tpm_device_ak(places->tpm), .quote_count = 1};

    if (quote(places->tpm, report_data, &quoted, err) < 0)
        return err_wrap(err, "TPM");
    pb.quotes[0] = (struct tpm_pb_quote){
        .quote = buf_span(&quoted.quote),
        .signature = buf_span(&quoted.signature),
        .bank = quoted.bank,
    };
    tpm_pb_write(&pb, &ret->item);
    return 0;
}

/* Not 10, the kernel's list of what ran since the boot; and not 15, which is ours. */
#define SECRET_REGISTERS 0x7bffu

static int secret(const struct attester_places *places, uint8_t out[static ATTESTER_SECRET_SIZE],
                  struct err *err)
{
    return tpm_device_secret(places->tpm, SECRET_REGISTERS, out, err);
}

const struct attester attester_vtpm = {BUNDLE_VTPM, probe, ask, secret};
