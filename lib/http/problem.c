#include "lib/http/problem.h"

#include "lib/base/text.h"

#include <stdio.h>

#define TYPE_PREFIX "urn:cocos:problem:"
#define QUOTED_MAX  200

struct json *problem_of_err(const struct err *err, const char *request_id)
{
    const struct err_row *row = err_row(err->kind);
    struct json *problem = json_new_object();
    char type[80];

    snprintf(type, sizeof(type), TYPE_PREFIX "%s", row->slug);
    json_set_str(problem, "type", type);
    json_set_str(problem, "title", row->title);
    json_set_int(problem, "status", row->http_status);
    json_set_str(problem, "detail", err->text);
    if (request_id != NULL)
        json_set_str(problem, "instance", request_id);
    if (err->pointer[0] != '\0') {
        struct json *errors = json_new_array(), *entry = json_new_object();

        json_set_str(entry, "pointer", err->pointer);
        json_set_str(entry, "detail", err->text);
        json_add(errors, entry);
        json_set(problem, "errors", errors);
    }
    return problem;
}

static enum err_kind kind_of_status(int http_status)
{
    for (int kind = ERR_NONE + 1; kind < ERR_KIND_COUNT; kind++)
        if (err_row((enum err_kind)kind)->http_status == http_status)
            return (enum err_kind)kind;
    return http_status >= 500 ? ERR_INTERNAL : ERR_INPUT;
}

/* The slug is more exact than the status, but only when it is one of ours and says the same. */
static enum err_kind kind_of(const char *type, int http_status)
{
    if (type != NULL && text_starts_with(type, TYPE_PREFIX)) {
        enum err_kind kind = err_kind_of_slug(type + strlen(TYPE_PREFIX));

        if (err_row(kind)->http_status == http_status)
            return kind;
    }
    return kind_of_status(http_status);
}

/* What a server says goes to a terminal: only printable text gets through. */
int problem_to_err(int http_status, struct span text, struct err *err)
{
    OWNED_BUF detail = BUF_OF(ERR_TEXT_MAX), pointer = BUF_OF(ERR_POINTER_MAX);
    OWNED_JSON *problem = NULL;
    const struct json *first;
    struct err unread;

    if (json_parse(text, &problem, &unread) < 0 || json_get_str(problem, "detail") == NULL) {
        if (text.len == 0)
            return err_set(err, kind_of_status(http_status), "the server answered %d", http_status);
        text_add_printable(&detail, text, QUOTED_MAX);
        return err_set(err, kind_of_status(http_status), "the server answered %d: '%s'",
                       http_status, buf_str(&detail));
    }

    text_add_printable(&detail, span_of_str(json_get_str(problem, "detail")), ERR_TEXT_MAX - 4);
    first = json_at(json_get(problem, "errors"), 0);
    text_add_printable(&pointer, span_of_str(json_get_str(first, "pointer")), ERR_POINTER_MAX - 4);
    return err_set_at(err, kind_of(json_get_str(problem, "type"), http_status), buf_str(&pointer),
                      "%s", buf_str(&detail));
}
