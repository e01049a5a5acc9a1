#include "lib/attest/finding.h"

#include "lib/base/text.h"

#include <stdarg.h>
#include <stdio.h>

static const struct finding_row rows[] = {
#define FINDING(name, id, aspect, severity, what, hint, spec)                                      \
    [FINDING_##name] = {id, ASPECT_##aspect, SEVERITY_##severity, what, hint, spec},
#include "lib/attest/finding_ids.h"
#undef FINDING
};

static const char *const severity_names[] = {
    [SEVERITY_ERROR] = "error",
    [SEVERITY_WARNING] = "warning",
    [SEVERITY_INFO] = "info",
};

const struct finding_row *finding_row(enum finding_id id)
{
    return &rows[id];
}

enum finding_id finding_of_text(const char *id)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(rows[i].id, id) == 0)
            return (enum finding_id)i;
    return FINDING_COUNT;
}

const char *finding_severity_name(enum finding_severity severity)
{
    return severity_names[severity];
}

/* Texts are quoted from hostile bytes, so they are made printable here, once, for every reader. */
static void set_text(char **slot, const char *format, va_list args) PRINTF_LIKE(2, 0);
static void set_text(char **slot, const char *format, va_list args)
{
    OWNED_BUF out = BUF_OF(4 * FINDING_TEXT_MAX + 8);
    char raw[FINDING_TEXT_MAX];

    vsnprintf(raw, sizeof(raw), format, args);
    text_add_printable(&out, span_of_str(raw), FINDING_TEXT_MAX);
    mem_set_str(slot, buf_str(&out));
}

void finding_subject(struct finding *finding, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_text(&finding->subject, format, args);
    va_end(args);
}

void finding_expect(struct finding *finding, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_text(&finding->expected, format, args);
    va_end(args);
}

void finding_got(struct finding *finding, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    set_text(&finding->got, format, args);
    va_end(args);
}

static void set_hex(char **slot, struct span bytes)
{
    char hex[2 * 256 + 1];

    bytes = span_part(bytes, 0, 256);
    text_hex(bytes.data, bytes.len, hex);
    mem_set_str(slot, hex);
}

void finding_expect_hex(struct finding *finding, struct span bytes)
{
    set_hex(&finding->expected, bytes);
}

void finding_got_hex(struct finding *finding, struct span bytes)
{
    set_hex(&finding->got, bytes);
}

static void expand(const struct finding *finding, const char *text, struct buf *out)
{
    const struct {
        const char *name;
        const char *value;
    } places[] = {
        {"{subject}", finding->subject},
        {"{expected}", finding->expected},
        {"{got}", finding->got},
    };

    while (*text != '\0') {
        size_t skip = 0;

        for (size_t i = 0; i < COUNT_OF(places) && skip == 0; i++) {
            if (!text_starts_with(text, places[i].name))
                continue;
            buf_add_str(out, places[i].value ? places[i].value : "?");
            skip = strlen(places[i].name);
        }
        if (skip == 0) {
            buf_add_u8(out, (uint8_t)*text);
            skip = 1;
        }
        text += skip;
    }
}

void finding_write_what(const struct finding *finding, struct buf *out)
{
    expand(finding, rows[finding->id].what, out);
}

void finding_write_hint(const struct finding *finding, struct buf *out)
{
    expand(finding, rows[finding->id].hint, out);
}

void finding_done(struct finding *finding)
{
    free(finding->subject);
    free(finding->expected);
    free(finding->got);
    *finding = (struct finding){0};
}
