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
    *ret = (struct boot_prediction){.secure_boot = input->secure_boot.enabled};
    pcr_bank_init(&ret->pcrs, DIGEST_SHA256);
    return pcr_boot_predict(input, &ret->pcrs, err);
}

static void set_register(struct pcr_bank *bank, unsigned index, const struct pcr_bank *from)
{
    bank->set &= ~(1u << index);
    if (from == NULL || !pcr_bank_has(from, index))
        return;
    bank->set |= 1u << index;
    memcpy(bank->value[index], from->value[index], SHA256_SIZE);
}

/* 0 from the early volume's digest, and 10, which begins with the sum of the first ten. */
static int add_sums(const struct boot_reference *reference, struct boot_prediction *prediction,
                    struct err *err)
{
    uint8_t value[SHA256_SIZE];

    pcr_boot_firmware(reference->version, prediction->pei, reference->dxe, value);
    if (pcr_bank_give(&prediction->pcrs, 0, SPAN_OF_ARRAY(value), err) < 0)
        return -1;
    for (unsigned index = 0; index < 10; index++)
        if (!pcr_bank_has(&prediction->pcrs, index))
            return 0;
    pcr_boot_aggregate(&prediction->pcrs, value);
    return pcr_bank_give(&prediction->pcrs, 10, SPAN_OF_ARRAY(value), err);
}

int boot_reference_add_firmware(const struct boot_reference *reference,
                                const struct vm_shape *shape, const struct boot_record *recorded,
                                struct boot_prediction *prediction, struct err *err)
{
    struct err unknown;

    if (!pei_is_known(reference->volumes.pei)) {
        const struct pcr_bank *from = recorded != NULL ? &recorded->pcrs : NULL;

        set_register(&prediction->pcrs, 1, from); /* newer builds measure ACPI tables into it */
        if (!prediction->secure_boot) /* off is a variable with a zero, or none at all */
            set_register(&prediction->pcrs, 7, from);
    }
    if (recorded != NULL) {
        memcpy(prediction->pei, recorded->pei, SHA256_SIZE);
    } else if (pei_predict(reference->volumes.pei, shape, prediction->pei, &unknown) < 0) {
        memcpy(prediction->reason, unknown.text, sizeof(prediction->reason));
        return 0;
    }
    prediction->pei_known = true;
    return add_sums(reference, prediction, err);
}

/* The events of PCR 0 in their order, the separator aside. */
enum firmware_event { EVENT_VERSION, EVENT_PEI, EVENT_DXE, EVENT_COUNT };

int boot_reference_record(const struct boot_reference *reference, struct span log,
                          struct boot_record *ret, struct err *err)
{
    const uint8_t *const wanted[EVENT_COUNT] = {
        [EVENT_VERSION] = reference->version, [EVENT_DXE] = reference->dxe};
    static const char *const names[EVENT_COUNT] = {"version (firmware-version)", "PEIFV", "DXEFV"};
    struct tcg_log parsed;
    struct tcg_cursor cursor;
    struct tcg_event event;
    uint8_t value[SHA256_SIZE];
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
            memcpy(ret->pei, digest.data, SHA256_SIZE);
    }
    if (at != EVENT_COUNT)
        return err_set(err, ERR_UNTRUSTED, "the log has %zu of the firmware's 3 events", at);
    if (tcg_log_replay(&parsed, DIGEST_SHA256, &ret->pcrs, err) < 0)
        return -1;
    pcr_boot_firmware(reference->version, ret->pei, reference->dxe, value);
    if (!span_equal(pcr_bank_get(&ret->pcrs, 0), SPAN_OF_ARRAY(value)))
        return err_set(err, ERR_UNTRUSTED, "the log ends register 0 with no separator, or another");
    return 0;
}
