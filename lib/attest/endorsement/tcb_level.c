#include "lib/attest/endorsement/tcb_level.h"

#include "lib/base/text.h"

static const struct {
    const char *name;
    unsigned status;
} names[] = {
    {"UpToDate", 0},
    {"SWHardeningNeeded", TCB_HARDENING},
    {"ConfigurationNeeded", TCB_CONFIGURATION},
    {"ConfigurationAndSWHardeningNeeded", TCB_CONFIGURATION | TCB_HARDENING},
    {"OutOfDate", TCB_OUT_OF_DATE},
    {"OutOfDateConfigurationNeeded", TCB_OUT_OF_DATE | TCB_CONFIGURATION},
    {"Revoked", TCB_REVOKED},
};

/* The graver word leaves the lesser ones out. */
static unsigned canonical(unsigned status)
{
    if ((status & TCB_REVOKED) != 0)
        return TCB_REVOKED;
    return (status & TCB_OUT_OF_DATE) != 0 ? status & ~TCB_HARDENING : status;
}

const char *tcb_status_name(unsigned status)
{
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (names[i].status == canonical(status))
            return names[i].name;
    return names[COUNT_OF(names) - 1].name;
}

int tcb_status_find(const char *name, unsigned *ret)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(names[i].name, name) != 0)
            continue;
        *ret = names[i].status;
        return 0;
    }
    return -1;
}

int tcb_level_read(const struct json *json, struct tcb_level *ret, struct err *err)
{
    const char *status = json_get_str(json, "tcbStatus");
    const char *date = json_get_str(json, "tcbDate");

    *ret = (struct tcb_level){.advisories = json_get(json, "advisoryIDs")};
    if (date != NULL && text_parse_time(date, &ret->date, err) < 0)
        return err_wrap(err, "tcbDate");
    if (status != NULL && tcb_status_find(status, &ret->status) == 0)
        return 0;
    return err_set(err, ERR_INPUT, "tcbStatus is '%.40s', unknown here", status ? status : "");
}

int tcb_level_find(const struct json *levels, uint32_t svn, struct tcb_level *ret, struct err *err)
{
    size_t count = json_count(levels);

    if (json_kind_of(levels) != JSON_KIND_ARRAY || count > TCB_LEVELS_MAX)
        return err_set(err, ERR_INPUT, "tcbLevels is no list of at most %d levels", TCB_LEVELS_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct json *level = json_at(levels, i);
        const struct json *wanted = json_get(json_get(level, "tcb"), "isvsvn");

        if (json_kind_of(wanted) != JSON_KIND_INTEGER || json_int(wanted) < 0 ||
            json_int(wanted) > UINT16_MAX)
            return err_set(err, ERR_INPUT, "level %zu has no isvsvn", i);
        if (json_int(wanted) > svn)
            continue;
        if (tcb_level_read(level, ret, err) < 0)
            return err_wrap(err, "level %zu", i);
        return 0;
    }
    return err_set(err, ERR_UNTRUSTED, "no level goes down to isvsvn %u", svn);
}

static bool has_advisory(const struct tcb_standing *standing, const char *name)
{
    for (size_t i = 0; i < standing->advisory_count; i++)
        if (strcmp(standing->advisories[i], name) == 0)
            return true;
    return false;
}

int tcb_standing_add(struct tcb_standing *standing, const struct tcb_level *level, struct err *err)
{
    if (level->advisories != NULL && json_kind_of(level->advisories) != JSON_KIND_ARRAY)
        return err_set(err, ERR_INPUT, "advisoryIDs is no list");
    for (size_t i = 0; i < json_count(level->advisories); i++) {
        const char *name = json_str(json_at(level->advisories, i));

        if (name == NULL)
            return err_set(err, ERR_INPUT, "advisory %zu is no text", i);
        if (has_advisory(standing, name))
            continue;
        if (standing->advisory_count == TCB_ADVISORIES_MAX)
            return err_set(err, ERR_INPUT, "more than %d advisories", TCB_ADVISORIES_MAX);
        standing->advisories[standing->advisory_count++] = name;
    }
    standing->status = canonical(standing->status | level->status);
    return 0;
}
