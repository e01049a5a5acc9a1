#include "cli/show.h"

#include "cli/input.h"
#include "cli/print.h"
#include "lib/attest/attest.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

#include <inttypes.h>

#define INDENT     2
#define VALUES_MAX (4 * MIB)
#define KEY_MAX    256

const struct flag show_flags[] = {
    {"format", 0, FLAG_CHOICE, "WHAT", NULL, offsetof(struct show_options, format),
     "what the file is (default auto):", .choices = attest_format_names},
    {NULL},
};

/* --- claims as an outline ------------------------------------------------------------------------
 */

static void write_scalar(const struct json *value, struct buf *out)
{
    switch (json_kind_of(value)) {
    case JSON_KIND_NULL: buf_add_str(out, "none"); break;
    case JSON_KIND_BOOL: buf_add_str(out, json_bool(value) ? "yes" : "no"); break;
    case JSON_KIND_INTEGER: buf_printf(out, "%" PRId64, json_int(value)); break;
    case JSON_KIND_STRING: text_add_printable(out, span_of_str(json_str(value)), VALUES_MAX); break;
    default: json_write(value, out);
    }
}

static bool is_scalar(const struct json *value)
{
    enum json_kind kind = json_kind_of(value);

    return kind != JSON_KIND_ARRAY && kind != JSON_KIND_OBJECT;
}

static void write_key(unsigned depth, const char *key, struct buf *out)
{
    buf_printf(out, "%*s", (int)(INDENT * depth), "");
    text_add_printable(out, span_of_str(key), KEY_MAX);
    buf_add_str(out, ":");
}

static void write_outline(const struct json *value, unsigned depth, struct buf *out);

static void write_member(const char *key, const struct json *value, unsigned depth, struct buf *out)
{
    write_key(depth, key, out);
    if (is_scalar(value)) {
        buf_add_str(out, " ");
        write_scalar(value, out);
    } else if (json_count(value) == 0) {
        buf_add_str(out, " none");
    }
    buf_add_str(out, "\n");
    write_outline(value, depth + 1, out);
}

/* The depth is that of a parsed document, or of our own claims. */
static void write_outline(const struct json *value, unsigned depth, struct buf *out)
{
    const struct json *member;
    const char *key = NULL;

    if (json_kind_of(value) == JSON_KIND_OBJECT)
        while ((member = json_next(value, &key)) != NULL)
            write_member(key, member, depth, out);
    if (json_kind_of(value) != JSON_KIND_ARRAY)
        return;
    for (size_t i = 0; i < json_count(value); i++) {
        const struct json *item = json_at(value, i);

        if (!is_scalar(item)) {
            char number[24];

            snprintf(number, sizeof(number), "%zu", i + 1);
            write_member(number, item, depth, out);
            continue;
        }
        buf_printf(out, "%*s", (int)(INDENT * depth), "");
        write_scalar(item, out);
        buf_add_str(out, "\n");
    }
}

/* --- the command ---------------------------------------------------------------------------------
 */

/* Of all that a verdict finds, only that bytes are not what they should be is no judgement. */
static struct json *find_malformed(const struct verdict *verdict)
{
    struct json *list = json_new_array();

    for (size_t i = 0; i < verdict->count; i++) {
        const struct finding *finding = &verdict->findings[i];
        const char *id = finding_row(finding->id)->id;
        OWNED_BUF what = BUF_OF(4 * KIB);
        struct json *entry;

        if (!text_ends_with(id, ".form") && finding->id != FINDING_FORMAT_UNKNOWN)
            continue;
        finding_write_what(finding, &what);
        entry = json_new_object();
        json_set_str(entry, "id", id);
        json_set_str(entry, "what", buf_str(&what));
        json_set_str(entry, "got", finding->got);
        json_add(list, entry);
    }
    return list;
}

static void print_shown(const struct cli *cli, const struct json *shown)
{
    OWNED_BUF text = BUF_OF(VALUES_MAX);

    if (cli->options->json) {
        print_json(shown);
        return;
    }
    write_outline(shown, 0, &text);
    print_span(buf_span(&text));
}

static enum attest_format format_of(const char *name, struct span evidence)
{
    for (int i = 0; name != NULL && i < ATTEST_FORMAT_COUNT; i++)
        if (i != ATTEST_AUTO && strcmp(attest_format_names[i], name) == 0)
            return (enum attest_format)i;
    return attest_detect(evidence);
}

int show_run(const struct cli *cli, const void *ptr, struct err *err)
{
    const struct show_options *options = ptr;
    OWNED_BUF evidence = BUF_OF(ATTEST_EVIDENCE_MAX);
    OWNED_VERDICT verdict = {.count = 0};
    OWNED_JSON *shown = json_new_object();
    struct attest_input in = {.now = clock_now()};
    struct json *malformed;

    if (input_read(cli_arg(cli, 0), &evidence, err) < 0)
        return -1;
    in.evidence = buf_span(&evidence);
    in.format = format_of(options->format, in.evidence);
    if (attest_validate(&in, &verdict, err) < 0)
        return err_wrap(err, "'%s'", cli_arg(cli, 0));
    malformed = find_malformed(&verdict);
    json_set_str(shown, "format", in.format != ATTEST_AUTO ? attest_format_names[in.format] : NULL);
    json_set_int(shown, "bytes", (int64_t)evidence.len);
    json_set(shown, "claims", json_new_copy(verdict.claims));
    json_set(shown, "malformed", malformed);
    print_shown(cli, shown);
    if (json_count(malformed) > 0)
        return err_set(err, ERR_UNTRUSTED, "'%s' is malformed: %s", cli_arg(cli, 0),
                       json_get_str(json_at(malformed, 0), "got"));
    return 0;
}
