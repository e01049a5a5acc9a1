#include "lib/attest/reference/boot_reference.h"

#include "lib/attest/evidence/tcg_log.h"
#include "lib/attest/reference/pei.h"

int boot_reference_begin(struct span firmware, const char *version, struct boot_reference *ret,
                         struct err *err)
{
    if (volumes_unpack(firmware, &ret->volumes, err) < 0)
        return -1;
    pei_version_digest(version, ret->version);
    digest_of(DIGEST_SHA256, ret->volumes.dxe, ret->dxe);
    return 0;
}

void boot_reference_done(struct boot_reference *reference)
{
    volumes_done(&reference->volumes);
}

int boot_reference_predict(const struct pcr_boot_input *input, struct boot_prediction *ret,
                           struct err *err)
{
    *ret = (struct boot_prediction){0};
    pcr_bank_init(&ret->pcrs, DIGEST_SHA256);
    return pcr_boot_predict(input, &ret->pcrs, err);
}

int boot_reference_add_firmware(const struct boot_reference *reference,
                                const struct vm_shape *shape, const uint8_t *recorded_pei,
                                struct boot_prediction *prediction, struct err *err)
{
    uint8_t value[SHA256_SIZE];
    struct err unknown;

    if (recorded_pei != NULL) {
        memcpy(prediction->pei, recorded_pei, SHA256_SIZE);
    } else if (pei_predict(reference->volumes.pei, shape, prediction->pei, &unknown) < 0) {
        memcpy(prediction->pei_reason, unknown.text, sizeof(prediction->pei_reason));
        return 0;
    }
    prediction->pei_known = true;
    pcr_boot_firmware(reference->version, prediction->pei, reference->dxe, value);
    if (pcr_bank_give(&prediction->pcrs, 0, SPAN_OF_ARRAY(value), err) < 0)
        return -1;
    /* Register 10 begins with the sum of the first ten. */
    pcr_boot_aggregate(&prediction->pcrs, value);
    return pcr_bank_give(&prediction->pcrs, 10, SPAN_OF_ARRAY(value), err);
}

/* The events of PCR 0 in their order, the separator aside. */
enum firmware_event { EVENT_VERSION, EVENT_PEI, EVENT_DXE, EVENT_COUNT };

int boot_reference_record(const struct boot_reference *reference, struct span log,
                          uint8_t pei[static SHA256_SIZE], struct err *err)
{
    const uint8_t *const wanted[EVENT_COUNT] = {
        [EVENT_VERSION] = reference->version, [EVENT_DXE] = reference->dxe};
    static const char *const names[EVENT_COUNT] = {"version", "PEIFV", "DXEFV"};
    struct tcg_log parsed;
    struct tcg_cursor cursor;
    struct tcg_event event;
    struct span digest;
    size_t at = 0;

    if (tcg_log_parse(log, &parsed, err) < 0)
        return -1;
    for (cursor = tcg_log_begin(&parsed); tcg_log_next(&cursor, &event);) {
        if (event.index != 0 || !tcg_event_is_extended(&event) || event.type == EV_SEPARATOR)
            continue;
        if (!tcg_event_find_digest(&event, DIGEST_SHA256, &digest))
            return err_set(err, ERR_INPUT, "the log has no SHA-256 bank");
        if (at == EVENT_COUNT ||
            (wanted[at] != NULL && !span_equal(digest, span_of(wanted[at], SHA256_SIZE))))
            return err_set(err, ERR_UNTRUSTED,
                           "event %zu of the log is not the %s of this firmware file", event.number,
                           at < EVENT_COUNT ? names[at] : "separator");
        if (at++ == EVENT_PEI)
            memcpy(pei, digest.data, SHA256_SIZE);
    }
    if (at != EVENT_COUNT)
        return err_set(err, ERR_UNTRUSTED, "the log has %zu of the firmware's 3 events", at);
    return 0;
}
