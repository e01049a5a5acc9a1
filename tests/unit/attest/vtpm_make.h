/* A machine with a TPM, for tests: it boots, runs, and is quoted; tests change one thing of it. */
#ifndef COCOS_TESTS_ATTEST_VTPM_MAKE_H
#define COCOS_TESTS_ATTEST_VTPM_MAKE_H

#include "tests/unit/unit.h"

#include "lib/attest/attest.h"
#include "lib/attest/evidence/run_log.h"
#include "lib/attest/evidence/tpm_pb.h"
#include "tests/unit/attest/ima_make.h"
#include "tests/unit/attest/tcg_make.h"
#include "tests/unit/attest/tpm_make.h"

#define ALL_REGISTERS 0x00ffffffu

struct machine {
    struct key *ak;
    uint32_t attributes, quoted;
    uint64_t firmware_version; /* 0: as make_quote() has it */
    struct buf tcg, ima, cel, extra, public, statement, signature, message;
    struct pcr_bank bank;
};

static inline void machine_done(struct machine *m)
{
    struct buf *bufs[] = {&m->tcg,    &m->ima,       &m->cel,       &m->extra,
                          &m->public, &m->statement, &m->signature, &m->message};

    key_free(m->ak);
    for (size_t i = 0; i < COUNT_OF(bufs); i++)
        buf_done(bufs[i]);
}
#define OWNED_MACHINE __attribute__((cleanup(machine_done))) struct machine

static inline void machine_extend(struct machine *m, unsigned index, struct span measured)
{
    uint8_t digest[SHA256_SIZE];
    struct err err;

    digest_of(DIGEST_SHA256, measured, digest);
    assert_int_equal(pcr_bank_extend(&m->bank, index, SPAN_OF_ARRAY(digest), &err), 0);
}

/* An event of the firmware, in the log and in the TPM. */
static inline void machine_measure(struct machine *m, uint32_t index, uint32_t type,
                                   struct span measured, struct span data)
{
    static const enum digest_alg sha256[] = {DIGEST_SHA256};

    make_event_of(&m->tcg, sha256, 1, index, type, measured, data);
    machine_extend(m, index, measured);
}

static inline void machine_boot(struct machine *m, const char *kernel)
{
    static const enum digest_alg sha256[] = {DIGEST_SHA256};
    static const uint8_t zeros[4] = {0};

    pcr_bank_init(&m->bank, DIGEST_SHA256);
    make_spec_id(&m->tcg, sha256, 1);
    machine_measure(m, 0, EV_S_CRTM_VERSION, span_of_str("v1"), span_of_str("v1"));
    machine_measure(m, 0, EV_EFI_PLATFORM_FIRMWARE_BLOB, span_of_str("PEI"), span_of_str("blob"));
    machine_measure(m, 0, EV_EFI_PLATFORM_FIRMWARE_BLOB, span_of_str("DXE"), span_of_str("blob"));
    machine_measure(m, 4, EV_EFI_BOOT_SERVICES_APPLICATION, span_of_str(kernel),
                    span_of_str("path"));
    for (uint32_t i = 0; i < 8; i++)
        machine_measure(m, i, EV_SEPARATOR, SPAN_OF_ARRAY(zeros), SPAN_OF_ARRAY(zeros));
}

static inline void machine_list(struct machine *m, struct span data)
{
    make_entry(&m->ima, DIGEST_SHA1, IMA_PCR, "ima-ng", data, false);
    machine_extend(m, IMA_PCR, data);
}

/* The boot aggregate over PCR 0 to 9, and a file. */
static inline void machine_run_files(struct machine *m)
{
    const struct pcr_selection all = {TPM_ALG_SHA256, 0x3ff};
    uint8_t digest[8 + SHA256_SIZE] = "sha256:";
    OWNED_BUF aggregate = BUF_OF(4096), file = BUF_OF(4096);
    struct pcr_bank copy = m->bank;
    struct err err;

    copy.set = ALL_REGISTERS;
    assert_int_equal(pcr_selection_digest(&all, 1, &copy, 1, DIGEST_SHA256, digest + 8, &err), 0);
    make_field(&aggregate, digest, sizeof(digest));
    make_field(&aggregate, "boot_aggregate", 15);
    machine_list(m, buf_span(&aggregate));
    make_ng_fields(&file, "/bin/agent");
    machine_list(m, buf_span(&file));
}

/* text: the configuration or manifest; of an end the manifest that it is about. */
static inline void machine_run(struct machine *m, enum run_event event, const char *text)
{
    uint8_t digest[SHA256_SIZE];
    uint64_t number = 0;
    struct err err;

    for (size_t i = 0; i < m->cel.len; i++)
        number += m->cel.data[i] == '\n';
    digest_of(DIGEST_SHA256, span_of_str(text), digest);
    if (event == RUN_END)
        run_end_digest(digest, digest);
    run_log_add(&m->cel, number, event, digest);
    assert_int_equal(pcr_bank_extend(&m->bank, RUN_PCR, SPAN_OF_ARRAY(digest), &err), 0);
}

/* A booted machine that runs manifest "manifest" under configuration "{}". */
static inline void machine_make_with(struct machine *m, const char *kernel)
{
    struct err err;

    *m = (struct machine){.attributes = TPM_AK_ATTRIBUTES,
                          .quoted = ALL_REGISTERS,
                          .tcg = BUF_OF(64 * KIB),
                          .ima = BUF_OF(64 * KIB),
                          .cel = BUF_OF(64 * KIB),
                          .extra = BUF_OF(64),
                          .public = BUF_OF(4 * KIB),
                          .statement = BUF_OF(4 * KIB),
                          .signature = BUF_OF(4 * KIB),
                          .message = BUF_OF(256 * KIB)};
    assert_int_equal(key_generate(KEY_P256, 0, &m->ak, &err), 0);
    machine_boot(m, kernel);
    machine_run_files(m);
    machine_run(m, RUN_CONFIG, "{}");
    machine_run(m, RUN_MANIFEST, "manifest");
    buf_add_str(&m->extra, "our challenge");
}

static inline void machine_make(struct machine *m)
{
    machine_make_with(m, "kernel");
}

/* Quotes the machine as it is now; signs with `with`, or the machine's own key when NULL. */
static inline void machine_quote(struct machine *m, const struct key *with)
{
    buf_reset(&m->public);
    buf_reset(&m->statement);
    buf_reset(&m->signature);
    m->bank.set = ALL_REGISTERS;
    make_public(&m->public, m->ak, m->attributes);
    make_quote(&m->statement, buf_span(&m->extra), &m->bank, m->quoted, DIGEST_SHA256);
    if (m->firmware_version != 0) {
        size_t at = 6 + 2 + 6 + 2 + m->extra.len + 17;

        for (size_t i = 0; i < 8; i++)
            m->statement.data[at + i] = (uint8_t)(m->firmware_version >> (56 - 8 * i));
    }
    make_signature(&m->signature, with != NULL ? with : m->ak, TPM_ALG_ECDSA, DIGEST_SHA256,
                   buf_span(&m->statement));
}

/* The message of go-tpm-tools about the last quote. */
static inline struct span machine_message(struct machine *m)
{
    struct tpm_pb pb = {.ak_public = buf_span(&m->public),
                        .quote_count = 1,
                        .event_log = buf_span(&m->tcg),
                        .canonical_log = buf_span(&m->cel)};

    pb.quotes[0].quote = buf_span(&m->statement);
    pb.quotes[0].signature = buf_span(&m->signature);
    pb.quotes[0].bank = m->bank;
    buf_reset(&m->message);
    tpm_pb_write(&pb, &m->message);
    return buf_span(&m->message);
}

/* "sha256 of text" as hex. */
static inline const char *hex_of_text(const char *text, char out[static 65])
{
    uint8_t digest[SHA256_SIZE];

    digest_of(DIGEST_SHA256, span_of_str(text), digest);
    text_hex(digest, sizeof(digest), out);
    return out;
}

static inline const char *hex_of_register(const struct machine *m, unsigned index,
                                          char out[static 65])
{
    text_hex(m->bank.value[index], SHA256_SIZE, out);
    return out;
}

static inline const char *hex_of_ak(const struct machine *m, char out[static 65])
{
    uint8_t digest[SHA256_SIZE];

    digest_of(DIGEST_SHA256, buf_span(&m->public), digest);
    text_hex(digest, sizeof(digest), out);
    return out;
}

#endif
