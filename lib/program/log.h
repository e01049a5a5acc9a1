/* JSON lines on standard error: {"time","level","msg", ...}. One line is one write. For programs
 * and the kits they own; libraries of the domain never log. Secrets never enter a log. */
#ifndef COCOS_PROGRAM_LOG_H
#define COCOS_PROGRAM_LOG_H

#include "lib/base/err.h"
#include "lib/json/json.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

extern const char *const log_level_names[]; /* "debug" ..., NULL-terminated */

/* Once, before threads start. */
void log_start(const char *program, enum log_level least);

/* printf-style message. */
void log_write(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);
/* A message with members; takes ownership of fields. */
void log_with(enum log_level level, const char *message, struct json *fields);

#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)
#define log_info(...)  log_write(LOG_INFO, __VA_ARGS__)
#define log_warn(...)  log_write(LOG_WARN, __VA_ARGS__)
#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)

/* The request id that every line of this thread carries from now on; NULL ends it. Copied. */
void log_set_request(const char *request_id);

#endif
