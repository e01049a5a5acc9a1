#include "lib/computation/failure.h"

#include <stdarg.h>
#include <stdio.h>

const char *const failure_kind_names[] = {
    "none",         "exit",   "signal", "timeout",  "memory", "disk",  "processes", "start",
    "requirements", "result", "config", "manifest", "launch", "crash", NULL,
};

void failure_set(struct failure *failure, enum failure_kind kind, const char *limit,
                 const char *detail, ...)
{
    va_list args;

    *failure = (struct failure){.kind = kind, .exit_code = -1};
    snprintf(failure->limit, sizeof(failure->limit), "%s", limit);
    va_start(args, detail);
    vsnprintf(failure->detail, sizeof(failure->detail), detail, args);
    va_end(args);
}

struct json *failure_encode(const struct failure *failure)
{
    struct json *json = json_new_object();

    json_set_str(json, "kind", failure_kind_names[failure->kind]);
    json_set(json, "exit_code", failure->exit_code >= 0 ? json_new_int(failure->exit_code) : NULL);
    json_set(json, "signal", failure->signal > 0 ? json_new_int(failure->signal) : NULL);
    json_set_str(json, "limit", failure->limit[0] != '\0' ? failure->limit : NULL);
    json_set_str(json, "detail", failure->detail);
    return json;
}
