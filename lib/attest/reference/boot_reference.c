#include "lib/attest/reference/boot_reference.h"

#include "lib/attest/evidence/tcg_log.h"
#include "lib/attest/reference/pei.h"

/* Bytes of a version's text in UTF-16, with its end. */
#define VERSION_MIN 8
#define VERSION_MAX 256

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

/* 0 from the early volume's digest, and 10, which begins with the sum of the first ten. With Secure
 * Boot the kernel goes on and measures each module that it loads there. */
static int add_sums(const struct boot_reference *reference, const uint8_t *version,
                    struct boot_prediction *prediction, struct err *err)
{
    uint8_t value[SHA256_SIZE];

    pcr_boot_firmware(version, prediction->pei, reference->dxe, value);
    if (pcr_bank_give(&prediction->pcrs, 0, SPAN_OF_ARRAY(value), err) < 0)
        return -1;
    if (prediction->secure_boot)
        return 0;
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
    return add_sums(reference, recorded ? recorded->version : reference->version, prediction, err);
}

/* The events of PCR 0 in their order, the separator aside. */
enum firmware_event { EVENT_VERSION, EVENT_PEI, EVENT_DXE, EVENT_COUNT };

static const char *const event_names[EVENT_COUNT] = {"version", "PEIFV", "DXEFV"};

/* True when the event measured a text that stands in the firmware's volumes. */
static bool is_text_of(const struct boot_reference *reference, const struct tcg_event *event)
{
    struct span unpacked = buf_span(&reference->volumes.unpacked);

    return event->data.len >= VERSION_MIN && event->data.len <= VERSION_MAX &&
           tcg_event_measures(event, DIGEST_SHA256, event->data) &&
           memmem(unpacked.data, unpacked.len, event->data.data, event->data.len) != NULL;
}

static int take_event(const struct boot_reference *reference, const struct tcg_event *event,
                      enum firmware_event which, struct boot_record *ret, struct err *err)
{
    struct span digest;
    bool good = false;

    if (!tcg_event_find_digest(event, DIGEST_SHA256, &digest))
        return err_set(err, ERR_INPUT, "the log has no SHA-256 bank");
    switch (which) {
    case EVENT_VERSION:
        good =
            span_equal(digest, SPAN_OF_ARRAY(reference->version)) || is_text_of(reference, event);
        memcpy(ret->version, digest.data, SHA256_SIZE);
        break;
    case EVENT_PEI:
        good = true;
        memcpy(ret->pei, digest.data, SHA256_SIZE);
        break;
    case EVENT_DXE: good = span_equal(digest, SPAN_OF_ARRAY(reference->dxe)); break;
    case EVENT_COUNT: break;
    }
    return good ? 0
                : err_set(err, ERR_UNTRUSTED,
                          "event %zu of the log is not the %s of this firmware file", event->number,
                          which < EVENT_COUNT ? event_names[which] : "separator");
}

int boot_reference_record(const struct boot_reference *reference, struct span log,
                          struct boot_record *ret, struct err *err)
{
    enum firmware_event at = EVENT_VERSION;
    struct tcg_log parsed;
    struct tcg_cursor cursor;
    struct tcg_event event;
    uint8_t value[SHA256_SIZE];

    if (tcg_log_parse(log, &parsed, err) < 0)
        return -1;
    for (cursor = tcg_log_begin(&parsed); tcg_log_next(&cursor, &event);) {
        if (event.index != 0 || !tcg_event_is_extended(&event) || event.type == EV_SEPARATOR)
            continue;
        if (take_event(reference, &event, at, ret, err) < 0)
            return -1;
        at++;
    }
    if (at != EVENT_COUNT)
        return err_set(err, ERR_UNTRUSTED, "the log has %d of the firmware's 3 events", (int)at);
    if (tcg_log_replay(&parsed, DIGEST_SHA256, &ret->pcrs, err) < 0)
        return -1;
    pcr_boot_firmware(ret->version, ret->pei, reference->dxe, value);
    if (!span_equal(pcr_bank_get(&ret->pcrs, 0), SPAN_OF_ARRAY(value)))
        return err_set(err, ERR_UNTRUSTED, "the log ends register 0 with no separator, or another");
    return 0;
}
