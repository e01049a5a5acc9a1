#include "lib/attest/evidence/ccel.h"

unsigned ccel_register_of(const struct tcg_event *event)
{
    return event->index - 1;
}

int ccel_parse(struct span in, struct tcg_log *ret, struct err *err)
{
    struct tcg_cursor cursor;
    struct tcg_event event;
    struct tcg_log log;

    if (tcg_log_parse(in, &log, err) < 0)
        return -1;
    if (!log.agile)
        return err_set(err, ERR_INPUT, "ccel: it does not begin with a spec id event");

    cursor = tcg_log_begin(&log);
    while (tcg_log_next(&cursor, &event))
        if (tcg_event_is_extended(&event) && (event.index < 1 || event.index > RTMR_COUNT))
            return err_set(err, ERR_INPUT,
                           "ccel: event %zu at byte %zu: register %u is no runtime register",
                           event.number, event.offset, event.index);
    *ret = log;
    return 0;
}

int ccel_replay(const struct tcg_log *log, struct pcr_bank *ret, struct err *err)
{
    struct tcg_cursor cursor = tcg_log_begin(log);
    struct tcg_event event;
    struct span digest;

    if (!tcg_log_has_bank(log, DIGEST_SHA384))
        return err_set(err, ERR_NOT_FOUND, "ccel: it has no sha384 bank");
    pcr_bank_init_rtmr(ret);

    while (tcg_log_next(&cursor, &event)) {
        if (!tcg_event_is_extended(&event))
            continue;
        if (!tcg_event_find_digest(&event, DIGEST_SHA384, &digest))
            return err_set(err, ERR_INPUT, "ccel: event %zu at byte %zu has no sha384 digest",
                           event.number, event.offset);
        if (pcr_bank_extend(ret, ccel_register_of(&event), digest, err) < 0)
            return err_wrap(err, "ccel: event %zu at byte %zu", event.number, event.offset);
    }
    return 0;
}
