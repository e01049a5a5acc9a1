#include "lib/program/log.h"

#include "lib/base/clock.h"
#include "lib/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LOG_LINE_MAX (16 * KIB)

const char *const log_level_names[] = {"debug", "info", "warn", "error", NULL};

static const char *program_name = "cocos";
static enum log_level least_level = LOG_INFO;
static _Thread_local char request[80];

void log_start(const char *program, enum log_level least)
{
    program_name = program;
    least_level = least;
}

void log_set_request(const char *request_id)
{
    snprintf(request, sizeof(request), "%s", request_id ? request_id : "");
}

/* One line, one write: lines of several threads do not mix. A line that cannot be written is lost;
 * there is nowhere left to complain. */
static void emit(enum log_level level, const char *message, const struct json *fields)
{
    OWNED_JSON *line = json_new_object();
    OWNED_BUF text = BUF_OF(LOG_LINE_MAX);
    char time[TEXT_TIME_SIZE];
    const char *key;

    text_format_time(clock_now(), time);
    json_set_str(line, "time", time);
    json_set_str(line, "level", log_level_names[level]);
    json_set_str(line, "program", program_name);
    if (request[0] != '\0')
        json_set_str(line, "request", request);
    json_set_str(line, "msg", message);
    for (size_t i = 0; fields != NULL && i < json_count(fields); i++) {
        const struct json *value = json_member(fields, i, &key);

        json_set(line, key, json_new_copy(value));
    }

    json_write(line, &text);
    if (text.overflow)
        return;
    text.max++;
    buf_add_u8(&text, '\n');
    (void)!write(STDERR_FILENO, text.data, text.len);
}

void log_write(enum log_level level, const char *format, ...)
{
    char message[2048];
    va_list args;

    if (level < least_level)
        return;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    emit(level, message, NULL);
}

void log_with(enum log_level level, const char *message, struct json *fields)
{
    OWNED_JSON *owned = fields;

    if (level >= least_level)
        emit(level, message, owned);
}
